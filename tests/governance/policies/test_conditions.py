"""Requirements with conditions, from the file to the verdict."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any

import pytest

from governance.policies import shapes
from governance.policies.evaluation import AppliedPolicy, Evaluation, evaluate
from governance.policies.judging import Status
from governance.policies.lapsing import as_of
from tests.governance.policies.documents import RATIO, applied, need
from tests.governance.policies.evaluated import NOON, audit, facts

ALONE: dict[str, Any] = {"votes": None, "distinctVoters": None}


def judged(*requirements: dict[str, Any], known: dict[str, Any] | None = None, **changes: Any) -> Evaluation:
    """A policy of these requirements, without votes, held against facts."""
    policies = [applied(requirements=list(requirements), **(ALONE | changes))]
    return evaluate(policies=policies, facts=facts() | (known or {}), votes=[], at=NOON)


def status(evaluation: Evaluation) -> tuple[str, str]:
    [result] = evaluation.requirements
    return result.status.value, evaluation.verdict


# Judging


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"bias_min_ratio": 0.8}, ("satisfied", "allow")),
        ({"bias_min_ratio": 0.79}, ("unsatisfied", "deny")),
        ({}, ("unsatisfied", "deny")),
        ({"bias_min_ratio": None}, ("unsatisfied", "deny")),
        ({"bias_min_ratio": "0.9"}, ("error", "error")),
    ],
)
def test_a_condition_satisfies_or_closes(metrics: dict[str, Any], expected: tuple[str, str]):
    assert status(judged(need(), known={"metrics": metrics})) == expected


def test_fault_v19_a_missing_fact_is_the_verdict_error_and_nobody_is_let_through():
    evaluation = judged(need("metrics.x >= 0.8"))

    assert status(evaluation) == ("error", "error")
    assert evaluation.reason_codes == ("bias.ratio:error",)
    assert not evaluation.opens
    assert evaluation.requirements[0].code == "condition_error"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_fault_v20_figures_that_are_none_are_no_facts_at_all(value: float):
    evaluation = judged(need("metrics.x >= 0.8"), known={"metrics": {"x": value}})

    assert evaluation.verdict == "error"
    assert evaluation.reason_codes == ("facts_malformed:facts",)


@pytest.mark.parametrize("value", [None, -0.0, "0.9", True])
def test_fault_v20_what_is_no_figure_closes(value: Any):
    for text in ("metrics.x >= 0.8", "has(metrics.x) && metrics.x >= 0.8"):
        assert not judged(need(text), known={"metrics": {"x": value}}).opens


def test_a_warning_that_cannot_be_answered_warns_and_does_not_pass():
    evaluation = judged(need("metrics.x >= 0.8", severity="warn"))

    assert evaluation.verdict == "warn"
    assert evaluation.reason_codes == ("bias.ratio:error",)


def test_where_it_is_not_applicable_it_is_not_asked_and_where_nobody_can_tell_it_closes():
    only_text = need(applicableIf='subject.task == "text-classification"')
    other = need(id="card.scored", satisfiedIf="card.score >= 0.5")
    card = {"card": {"score": 0.9}}

    tabular = judged(only_text, other, known=card | {"subject": {"kind": "model", "task": "tabular-regression"}})
    untold = judged(only_text, other, known=card)

    assert [result.status for result in tabular.requirements] == [Status.NOT_APPLICABLE, Status.SATISFIED]
    assert (tabular.verdict, tabular.reason_codes) == ("allow", ())
    assert [result.status for result in untold.requirements] == [Status.ERROR, Status.SATISFIED]
    assert untold.verdict == "error"


def test_fault_v25_requirements_that_are_all_not_applicable_are_none():
    evaluation = judged(need(applicableIf='stage == "prototype"'), known={"metrics": {"bias_min_ratio": 1}})

    assert (evaluation.verdict, evaluation.reason_codes) == ("error", ("no_requirements",))


def test_fault_v25_a_typo_in_applies_when_leaves_no_requirement_and_that_is_an_error():
    meant = judged(need(), appliesWhen='stage == "production"', known={"metrics": {"bias_min_ratio": 1}})
    typo = judged(need(), appliesWhen='stage == "prodution"', known={"metrics": {"bias_min_ratio": 1}})

    assert meant.verdict == "allow"
    assert (typo.verdict, typo.reason_codes) == ("error", ("no_requirements",))
    assert typo.next_steps[0].action == "publish_policy"


def test_fault_v25_a_policy_of_which_nobody_can_tell_whether_it_applies_closes():
    evaluation = judged(need(), appliesWhen="metrics.unheard > 0.5", known={"metrics": {"bias_min_ratio": 1}})

    assert evaluation.verdict == "error"
    assert evaluation.reason_codes == ("applies-when:error",)


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ({"verdict": "unknown", "expression": "", "unknown_count": 1, "conflicts": []}, "deny"),
        ({"verdict": "unknown", "expression": "other", "unknown_count": 1, "conflicts": []}, "deny"),
        ({"verdict": "unknown", "expression": "unknown", "unknown_count": 1, "conflicts": []}, "deny"),
        ({"verdict": "conflict", "expression": "MIT", "unknown_count": 0, "conflicts": [{"code": "C"}]}, "deny"),
        ({"verdict": "pass", "expression": "MIT", "unknown_count": 0, "conflicts": []}, "allow"),
        ({}, "error"),
        (None, "error"),
    ],
)
def test_fault_v28_a_licence_that_is_missing_or_not_listed_is_not_allowed(licence: Any, expected: str):
    text = 'license.unknown_count == 0 && license.expression != "" && license.conflicts.size() == 0'

    evaluation = judged(need(text, id="license.known"), known={"license": licence, "audits": [audit("license")]})

    assert evaluation.verdict == expected


def test_an_audit_that_a_condition_speaks_of_is_waited_for():
    text = 'audits.exists(a, a.kind == "bias" && a.verdict == "pass")'
    under_way = audit(state="running", verdict="", finished_at=None)

    waiting = judged(need(text), known={"audits": [under_way]})
    missing = judged(
        need(text), known={"audits": [{"kind": "bias", "state": "missing", "lacking": "predictions_missing"}]}
    )

    assert status(waiting) == ("pending", "pending")
    assert [step.action for step in waiting.next_steps] == ["wait"]
    assert status(missing) == ("unsatisfied", "deny")
    assert [(step.action, step.target) for step in missing.next_steps] == [("attach_predictions", "bias")]


def test_what_only_the_condition_lacks_is_told_with_the_condition():
    evaluation = judged(need(), known={"metrics": {"bias_min_ratio": 0.5}})

    [step] = evaluation.next_steps
    assert (step.action, step.target, step.detail) == ("meet_condition", "bias.ratio", RATIO)


def test_a_kind_and_a_condition_have_to_hold_together_and_the_earlier_end_counts():
    both = need(kind="bias", verdicts=["pass"], maxAgeDays=30)
    aged = need(
        'audits.exists(a, a.kind == "bias" && a.age_days < 10.0)', kind="bias", verdicts=["pass"], maxAgeDays=30
    )
    fine = {"audits": [audit(days=1)], "metrics": {"bias_min_ratio": 0.9}}

    held = judged(both, known=fine)
    low = judged(both, known=fine | {"metrics": {"bias_min_ratio": 0.1}})
    failing = judged(both, known=fine | {"audits": [audit(verdict="fail")]})

    assert held.requirements[0].holds_until == NOON + dt.timedelta(days=29)
    assert judged(aged, known=fine).next_boundary == NOON + dt.timedelta(days=9)
    assert (low.requirements[0].code, low.requirements[0].run) == ("condition_fails", 7)
    assert failing.requirements[0].code == "verdict_not_accepted"
    assert not low.opens
    assert not failing.opens


@pytest.mark.parametrize("alone", [True, False])
def test_a_condition_ends_with_the_override_that_an_audit_of_it_rests_on(alone: bool):
    """Kept or evaluated anew: the same code, of the same audit, with the same step."""
    text = 'audits.exists(a, a.kind == "license" && a.verdict == "pass")'
    more = {} if alone else {"kind": "bias", "verdicts": ["pass"], "maxAgeDays": 30}
    end = NOON + dt.timedelta(days=5)
    rows = [audit(run=7), audit("license", run=8, holds_until=end.isoformat())]
    policies = [applied(requirements=[need(text, **more)], **ALONE)]

    def anew(at: dt.datetime) -> Evaluation:
        return evaluate(policies=policies, facts=facts(*rows), votes=[], at=at)

    before, instant = anew(NOON), dt.timedelta(microseconds=1)
    assert (status(before), before.next_boundary) == (("satisfied", "allow"), end)
    assert as_of(before.as_json(), at=end - instant)["verdict"] == anew(end - instant).verdict == "allow"

    after, kept = anew(end), as_of(before.as_json(), at=end)
    assert (status(after), after.requirements[0].holds_until) == (("unsatisfied", "deny"), None)
    # That it may be waived is told by a new evaluation alone: what holds does not say so.
    steps = [
        {name: said for name, said in step.as_json().items() if name != "alternative"} for step in after.next_steps
    ]
    assert (kept["verdict"], kept["next_steps"]) == ("deny", steps)
    [step] = after.next_steps
    assert (step.action, step.target, step.detail) == ("meet_condition", "bias.ratio" if alone else "bias", text)
    for row in (after.requirements[0].as_json(), kept["requirements"][0]):
        assert (row["code"], row["params"]["kind"]) == ("override_ended", "license")


def test_an_override_of_which_nobody_can_tell_the_end_closes_a_condition():
    rows = [audit("license", holds_until="some day")]

    closed = judged(need('audits.exists(a, a.kind == "license")'), known={"audits": rows})

    assert (status(closed), closed.requirements[0].code) == (("error", "error"), "age_unknown")


def test_an_evaluation_with_conditions_is_the_same_bytes_at_every_replay():
    policies = [applied(requirements=[need(), need(id="x", satisfiedIf="card.score > 0.5")], **ALONE)]
    known = facts() | {"metrics": {"bias_min_ratio": 0.9}, "card": {"score": 0.7}}

    first = evaluate(policies=policies, facts=known, votes=[], at=NOON).as_json()
    stored = shapes.from_json(json.loads(json.dumps(policies[0].document.as_json())))
    again = evaluate(
        policies=[AppliedPolicy(stored.name, 1, stored.sha256, stored)],
        facts=json.loads(json.dumps(known)),
        votes=[],
        at=NOON,
    )

    assert first == again.as_json()


# The file


# The tests inside the file


def test_what_a_condition_found_can_be_waived_and_what_nobody_can_tell_cannot():
    waiver = {
        "id": 3,
        "policy": "high-production",
        "requirement": "bias.ratio",
        "findings": [],
        "until": "2026-12-01T00:00:00Z",
    }
    low = {"metrics": {"bias_min_ratio": 0.5}, "waivers": [waiver]}

    held = judged(need(), known=low)
    never = judged(need(waivable=False), known=low)
    untold = judged(need("metrics.x > 0.5"), known=low)

    assert (status(held)[0], held.verdict) == ("waived", "warn")
    assert held.next_boundary == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    assert status(never) == ("unsatisfied", "deny")
    assert status(untold) == ("error", "error")
