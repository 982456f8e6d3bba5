"""No policy, broken facts, and several policies that hold together."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from governance.policies.evaluation import evaluate
from tests.governance.policies.documents import applied, document, requirement
from tests.governance.policies.evaluated import NO_VOTES, NOON, audit, canonical, facts, judged


def test_fault_v25_where_no_policy_applies_the_verdict_is_error():
    for elsewhere in (facts(audit(), tier="low"), facts(audit(), stage="pilot"), facts(audit(), kind="space")):
        evaluation = evaluate(policies=[applied(**NO_VOTES)], facts=elsewhere, votes=[], at=NOON)

        assert (evaluation.verdict, evaluation.reason_codes) == ("error", ("no_policy",))
        assert [step.action for step in evaluation.next_steps] == ["publish_policy"]
        assert (evaluation.valid_days, evaluation.auto_decide, evaluation.opens) == (0, False, False)
    assert evaluate(policies=[], facts=facts(), votes=[], at=NOON).reason_codes == ("no_policy",)


def test_fault_v25_requirements_that_decide_nothing_are_none():
    for_information = applied(**NO_VOTES, requirements=[requirement(severity="info")])
    empty = dataclasses.replace(for_information, document=dataclasses.replace(document(), requirements=()))

    for policy in (for_information, empty):
        evaluation = evaluate(policies=[policy], facts=facts(audit()), votes=[], at=NOON)

        assert (evaluation.verdict, evaluation.reason_codes) == ("error", ("no_requirements",))


@pytest.mark.parametrize(
    ("spoilt", "path"),
    [
        ({"stage": None}, "stage"),
        ({"use_case": {}}, "use_case.tier"),
        ({"use_case": "home-loans"}, "use_case.tier"),
        ({"subject": {"kind": 1}}, "subject.kind"),
        ({"audits": {"bias": "pass"}}, "audits"),
        ({"audits": ["bias"]}, "audits[0].kind"),
        ({"audits": [audit(), {"verdict": "fail"}]}, "audits[1].kind"),
        ({"metrics": {"ratio": float("nan")}}, "facts"),
        ({"metrics": {"ratio": float("inf")}}, "facts"),
        ({"metrics": {"rows": 2**60}}, "facts"),
        ({"metrics": {"moment": NOON}}, "facts"),
        ({"subject": {"kind": "model", "id": "\ud800"}}, "facts"),
        ({"subject": {"kind": "model", "id": "x" * 300_000}}, "facts"),
    ],
)
def test_facts_that_cannot_be_read_give_an_error_and_no_crash(spoilt: dict[str, Any], path: str):
    evaluation = evaluate(policies=[applied(**NO_VOTES)], facts=facts(audit()) | spoilt, votes=[], at=NOON)

    assert (evaluation.verdict, evaluation.reason_codes) == ("error", (f"facts_malformed:{path}",))
    canonical(evaluation)


def test_a_moment_without_a_time_zone_is_a_programming_error():
    with pytest.raises(ValueError, match="time zone"):
        judged(audit(), at=NOON.replace(tzinfo=None))


def test_all_policies_that_apply_hold_together():
    strict = applied(
        metadata={"name": "a-strict"},
        votes=[{"lane": "ethics", "min": 2, "veto": -1}, {"lane": "legal", "min": 1}],
        distinctVoters=2,
        validDays=30,
    )
    other = applied(
        metadata={"name": "b-other"},
        requirements=[requirement(), requirement(id="card.ok", kind="card")],
        votes=[{"lane": "ethics", "min": 1, "veto": -2}, {"lane": "domain", "min": 3}],
        distinctVoters=4,
        validDays=60,
    )
    elsewhere = applied(metadata={"name": "pilot"}, appliesTo={"stages": ["pilot"], "tiers": ["high"]}, validDays=1)

    evaluation = evaluate(policies=[other, elsewhere, strict], facts=facts(audit()), votes=[], at=NOON)

    assert [(result.policy, result.id) for result in evaluation.requirements] == [
        ("a-strict", "bias.pass"),
        ("b-other", "bias.pass"),
        ("b-other", "card.ok"),
    ]
    assert [(lane.lane, lane.min, lane.veto) for lane in evaluation.votes] == [
        ("domain", 3, -2),
        ("ethics", 2, -1),
        ("legal", 1, -2),
    ]
    assert (evaluation.distinct_needed, evaluation.valid_days) == (4, 30)
    assert [policy.name for policy in evaluation.policies] == ["a-strict", "b-other"]


def test_a_policy_that_is_given_twice_applies_once():
    once, twice = applied(**NO_VOTES), applied(**NO_VOTES)

    evaluation = evaluate(policies=[once, twice], facts=facts(audit()), votes=[], at=NOON)

    assert len(evaluation.policies) == len(evaluation.requirements) == 1


def test_a_machine_decides_alone_only_if_every_policy_says_so():
    low = {"stages": ["prototype"], "tiers": ["high"]}
    alone = applied(**NO_VOTES, appliesTo=low, autoDecide=True)
    asking = applied(**NO_VOTES, appliesTo=low, metadata={"name": "asking"})
    known = facts(audit(), stage="prototype")

    assert evaluate(policies=[alone], facts=known, votes=[], at=NOON).auto_decide
    assert not evaluate(policies=[alone, asking], facts=known, votes=[], at=NOON).auto_decide
