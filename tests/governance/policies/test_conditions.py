"""Requirements with conditions, from the file to the verdict."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import pytest

from governance.policies import shapes
from governance.policies.documents import parse
from governance.policies.evaluation import AppliedPolicy, Evaluation, evaluate
from governance.policies.judging import Status
from governance.policies.lapsing import as_of
from governance.policies.problems import PolicyInvalid
from governance.policies.trying import failures
from tests.governance.policies.documents import KINDS, applied, document, policy
from tests.governance.policies.evaluated import NOON, audit, facts

ALONE: dict[str, Any] = {"votes": None, "distinctVoters": None}
RATIO = "has(metrics.bias_min_ratio) && metrics.bias_min_ratio >= 0.8"


def need(satisfied: str = RATIO, **more: Any) -> dict[str, Any]:
    return {"id": "bias.ratio", "satisfiedIf": satisfied, **more}


def judged(*requirements: dict[str, Any], known: dict[str, Any] | None = None, **changes: Any) -> Evaluation:
    """A policy of these requirements, without votes, held against facts."""
    policies = [applied(requirements=list(requirements), **(ALONE | changes))]
    return evaluate(policies=policies, facts=facts() | (known or {}), votes=[], at=NOON)


def status(evaluation: Evaluation) -> tuple[str, str]:
    [result] = evaluation.requirements
    return result.status.value, evaluation.verdict


def problems(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(PolicyInvalid) as refused:
        parse(json.dumps(policy(**changes)), known_kinds=KINDS)
    return [(problem.code, problem.path) for problem in refused.value.problems]


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


def test_the_keys_of_the_format_are_read_and_read_back():
    read = document(
        metadata={
            "name": "high-production",
            "version": 7,
            "effectiveFrom": "2026-12-01",
            "graceDays": 30,
            "description": "What the board decided.",
        },
        appliesWhen='subject.library == "onnx"',
        appliesTo=None,
        requirements=[need(needs=["bias"], maps=["NIST.MEASURE-2.11", "LL144.5-301"], applicableIf='stage == "pilot"')],
        votes=[
            {"lane": "ethics", "min": 1, "copyIf": "card_text_only"},
            {"lane": "domain", "min": 1, "copyIf": "never"},
        ],
        distinctVoters=2,
        tests=[
            {
                "name": "low",
                "facts": {"stage": "pilot", "metrics": {"bias_min_ratio": 0.5}},
                "expect": {"bias.ratio": "ERROR"},
            }
        ],
    )

    assert (read.version, read.grace_days, read.description) == (7, 30, "What the board decided.")
    assert read.effective_at == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    assert (read.stages, read.tiers, read.kinds) == (shapes.STAGES, shapes.TIERS, ("model",))
    assert read.requirements[0].maps == ("NIST.MEASURE-2.11", "LL144.5-301")
    assert read.requirements[0].reads == ("bias",)
    assert {rule.lane: rule.copy_if for rule in read.votes} == {"domain": "never", "ethics": "card_text_only"}
    assert shapes.from_json(json.loads(json.dumps(read.as_json()))) == read


def test_a_moment_is_kept_in_one_spelling_and_what_is_none_is_refused():
    def published(value: str) -> str:
        return document(metadata={"name": "x", "effectiveFrom": value}).effective_from

    assert published("2026-12-01T10:00:00+02:00") == published("2026-12-01T08:00:00Z") == "2026-12-01T08:00:00Z"
    for wrong in ("tomorrow", "2026-13-01", "2026-12-01T10:00:00", "9999-12-31T23:00:00-09:00"):
        assert problems(metadata={"name": "x", "effectiveFrom": wrong}) == [("not_a_date", "metadata.effectiveFrom")]


def test_the_audits_that_a_condition_names_are_made_and_may_be_listed_instead():
    text = 'audits.exists(a, a.kind == "bias") && license.unknown_count == 0'

    assert document(requirements=[need(text)]).requirements[0].reads == ("bias", "license")
    assert document(requirements=[need(text, needs=["card"])]).requirements[0].reads == ("card",)
    assert document(requirements=[need(text, needs=[])]).requirements[0].reads == ()
    assert problems(requirements=[need(text, needs=["stress"])]) == [("unknown_kind", "requirements[0].needs[0]")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"requirements": [need("metrics.a >= 'x'")]}, ("expression_invalid", "requirements[0].satisfiedIf")),
        (
            {"requirements": [need("true", applicableIf="1")]},
            ("expression_not_boolean", "requirements[0].applicableIf"),
        ),
        (
            {"requirements": [need("true", applicableIf="audits.exists(a, a.age_days < 3.0)")]},
            ("expression_timed", "requirements[0].applicableIf"),
        ),
        ({"appliesWhen": "waivers.size() == 0"}, ("expression_timed", "appliesWhen")),
        ({"requirements": [need("true", maps=["a\nb"])]}, ("bad_reference", "requirements[0].maps[0]")),
        ({"requirements": [{"id": "x"}]}, ("missing_key", "requirements[0]")),
        ({"requirements": [need("true", verdicts=["pass"])]}, ("missing_key", "requirements[0]")),
        ({"metadata": {"name": "x", "graceDays": 366}}, ("number_out_of_range", "metadata.graceDays")),
        ({"metadata": {"name": "x", "description": "d" * 2001}}, ("too_long", "metadata.description")),
        ({"tests": [{"name": "n", "facts": {}, "expect": {}}]}, ("empty_test", "tests[0].expect")),
        (
            {"tests": [{"name": "n", "facts": {}, "expect": {"no.such": "ERROR"}}]},
            ("unknown_key", "tests[0].expect.no.such"),
        ),
        (
            {"tests": [{"name": "n", "facts": {}, "expect": {"bias.pass": "GOOD"}}]},
            ("not_allowed", "tests[0].expect.bias.pass"),
        ),
        (
            {"tests": [{"name": "n", "facts": [], "expect": {"bias.pass": "ERROR"}}]},
            ("not_a_mapping", "tests[0].facts"),
        ),
    ],
)
def test_a_mistake_in_a_condition_or_test_is_refused_with_its_place(changes: dict[str, Any], expected: tuple[str, str]):
    assert expected in problems(**changes)


def test_fault_v21_the_place_is_that_in_the_file():
    text = "\n".join(
        [
            "apiVersion: assay/v1",
            "kind: Policy",
            "metadata: {name: typed}",
            "appliesTo: {stages: [pilot], tiers: [high]}",
            "requirements:",
            "  - id: quoted",
            """    satisfiedIf: 'stage == ''pilot'' && metrics.a >= "x"'""",
            "  - id: plain",
            "    satisfiedIf: metrics.a >= stage",
            "  - id: folded",
            "    satisfiedIf: >",
            "      metrics.a >= stage",
            "validDays: 30",
        ]
    )
    lines = text.splitlines()

    with pytest.raises(PolicyInvalid) as refused:
        parse(text, known_kinds=KINDS)

    assert [(one.line, one.column) for one in refused.value.problems] == [
        (7, lines[6].index(">=") + 1),
        (9, lines[8].index(">=") + 1),
        (11, lines[10].index(">") + 1),
    ]
    assert "at 1:11" in refused.value.problems[2].message


# The tests inside the file


def test_a_test_that_fails_is_told_with_its_line_and_what_came_out():
    text = json.dumps(policy(requirements=[need()], tests=[]), indent=1).replace(
        '"tests": []',
        '"tests": [\n{"name": "none denies", "facts": {}, "expect": {"bias.ratio": "UNSATISFIED"}},\n'
        '{"name": "low passes", "facts": {"metrics": {"bias_min_ratio": 0.5}},\n'
        '"expect": {"bias.ratio": "SATISFIED"}}]',
    )
    line = 1 + text[: text.index('"expect": {"bias.ratio": "SATISFIED"')].count("\n")

    [failed] = failures(parse(text, known_kinds=KINDS))

    assert (failed.code, failed.line) == ("test_failed", line)
    assert failed.message == ("the test low passes expects bias.ratio to be SATISFIED, but it came out as UNSATISFIED")


def test_what_a_test_leaves_out_is_filled_with_what_the_policy_applies_to():
    fresh = {"audits": [{"kind": "bias", "verdict": "pass"}]}
    cases = [
        {"name": "fresh", "facts": fresh, "expect": {"bias.pass": "SATISFIED", "verdict": "allow"}},
        {
            "name": "old",
            "facts": {"audits": [{"kind": "bias", "verdict": "pass", "age_days": 31}]},
            "expect": {"bias.pass": "UNSATISFIED"},
        },
        {
            "name": "under way",
            "facts": {"audits": [{"kind": "bias", "state": "queued"}]},
            "expect": {"verdict": "pending"},
        },
        {"name": "nothing", "facts": {}, "expect": {"bias.pass": "UNSATISFIED", "verdict": "deny"}},
        {"name": "spoilt", "facts": {"audits": "x"}, "expect": {"verdict": "error"}},
    ]

    assert failures(document(tests=cases)) == []
    assert [one.params["found"] for one in failures(document(tests=[cases[0] | {"expect": {"verdict": "deny"}}]))] == [
        "allow"
    ]


def test_a_failing_test_of_an_error_says_what_went_wrong():
    [failed] = failures(
        document(
            requirements=[need("metrics.x > 0.5")],
            tests=[{"name": "n", "facts": {}, "expect": {"bias.ratio": "SATISFIED"}}],
        )
    )

    assert failed.params["found"] == "ERROR"
    assert "x" in failed.params["why"]


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


def test_the_example_of_the_documentation_can_be_published_and_its_tests_pass():
    text = (Path(__file__).parents[3] / "docs" / "policies.md").read_text(encoding="utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]

    assert failures(parse(example, known_kinds=KINDS)) == []
