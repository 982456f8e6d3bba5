from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import assume, given
from hypothesis import strategies as st

from governance.policies import documents
from governance.policies.documents import LANES, LaneRule, PolicyDocument, Requirement
from governance.policies.evaluation import AppliedPolicy, Evaluation, Step, VoteFact, evaluate
from governance.policies.judging import RequirementResult
from tests.governance.policies.documents import KINDS, applied, document, requirement

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
NO_VOTES: dict[str, Any] = {"votes": None, "distinctVoters": None}


def audit(kind: str = "bias", verdict: str = "pass", *, days: float = 1, run: int = 7, **more: Any) -> dict[str, Any]:
    """A succeeded run in the facts, finished so many days before noon."""
    finished = (NOON - dt.timedelta(days=days)).isoformat()
    return {
        "kind": kind,
        "state": "succeeded",
        "verdict": verdict,
        "origin": "declared",
        "run": run,
        "inputs_digest": "0" * 64,
        "finished_at": finished,
        "age_days": days,
    } | more


def facts(
    *audits: dict[str, Any], tier: str = "high", stage: str = "production", kind: str = "model"
) -> dict[str, Any]:
    return {
        "subject": {"kind": kind, "id": "acme/credit", "digest": "d" * 64},
        "use_case": {"slug": "home-loans", "tier": tier, "purpose": "decide on loans"},
        "stage": stage,
        "audits": list(audits),
        "metrics": {},
        "waivers": [],
        "asked_at": NOON.isoformat(),
    }


def agree(lane: str, voter: str, value: int = 1, round_: int = 1, number: int = 0) -> VoteFact:
    return VoteFact(lane=lane, value=value, voter=voter, round=round_, number=number)


def judged(*audits: dict[str, Any], at: dt.datetime = NOON, **changes: Any) -> Evaluation:
    """A policy with one bias requirement and no votes, held against the audits."""
    return evaluate(policies=[applied(**(NO_VOTES | changes))], facts=facts(*audits), votes=[], at=at)


def counted(*votes: VoteFact, current_round: int | None = None, **changes: Any) -> Evaluation:
    """A policy whose one requirement holds and which asks for votes, held against the votes."""
    return evaluate(
        policies=[applied(**changes)], facts=facts(audit()), votes=votes, at=NOON, current_round=current_round
    )


def canonical(evaluation: Evaluation) -> bytes:
    return rfc8785.dumps(evaluation.as_json())


# A requirement and its run


def test_an_accepted_fresh_run_satisfies_until_it_goes_stale():
    evaluation = judged(audit(days=10))

    [result] = evaluation.requirements
    assert evaluation.verdict == "allow"
    assert (result.status, result.code, result.run, result.policy) == ("satisfied", "accepted", 7, "high-production")
    assert result.holds_until == NOON + dt.timedelta(days=20)
    assert evaluation.next_boundary == result.holds_until
    assert evaluation.reason_codes == ()
    assert evaluation.next_steps == ()
    assert evaluation.valid_days == 90


@pytest.mark.parametrize(
    ("audits", "status", "code", "verdict", "action"),
    [
        ([], "unsatisfied", "missing", "deny", "run"),
        ([audit("card")], "unsatisfied", "missing", "deny", "run"),
        ([{"kind": "bias", "state": "missing"}], "unsatisfied", "missing", "deny", "run"),
        ([{"kind": "bias", "state": "outdated", "run": 3}], "unsatisfied", "outdated", "deny", "run"),
        ([audit(state="queued", verdict="", finished_at=None)], "pending", "queued", "pending", "wait"),
        ([audit(state="running", verdict="", finished_at=None)], "pending", "running", "pending", "wait"),
        ([audit(state="errored", verdict="")], "error", "errored", "error", "retry"),
        ([audit(state="timed_out", verdict="")], "error", "timed_out", "error", "retry"),
        ([audit(state="cancelled", verdict="")], "error", "cancelled", "error", "retry"),
        ([audit(state="errored", verdict="pass")], "error", "errored", "error", "retry"),
        ([audit(state="done")], "error", "state_unknown", "error", "retry"),
        ([audit(state=None)], "error", "state_unknown", "error", "retry"),
        ([audit(verdict="warn")], "unsatisfied", "verdict_not_accepted", "deny", "repair"),
        ([audit(verdict="fail")], "unsatisfied", "verdict_not_accepted", "deny", "repair"),
        ([audit(verdict="insufficient_data")], "unsatisfied", "verdict_not_accepted", "deny", "repair"),
        ([audit(verdict="no_information")], "unsatisfied", "verdict_not_accepted", "deny", "repair"),
        ([audit(verdict="passed")], "error", "verdict_unknown", "error", "retry"),
        ([audit(verdict="")], "error", "verdict_unknown", "error", "retry"),
        ([audit() | {"verdict": None}], "error", "verdict_unknown", "error", "retry"),
        ([audit() | {"verdict": ["pass"]}], "error", "verdict_unknown", "error", "retry"),
        ([audit() | {"verdict": True}], "error", "verdict_unknown", "error", "retry"),
        ([audit(days=30)], "unsatisfied", "stale", "deny", "run"),
        ([audit(days=400)], "unsatisfied", "stale", "deny", "run"),
        ([audit(days=-1)], "error", "finished_in_future", "error", "retry"),
        ([audit(finished_at="yesterday")], "error", "age_unknown", "error", "retry"),
        ([audit(finished_at="2026-11-22T12:00:00")], "error", "age_unknown", "error", "retry"),
        ([audit(finished_at=None, age_days=None)], "error", "age_unknown", "error", "retry"),
        ([audit(finished_at=None, age_days=-1)], "error", "age_unknown", "error", "retry"),
        ([audit(finished_at=None, age_days=True)], "error", "age_unknown", "error", "retry"),
        ([audit(finished_at="0001-01-01T00:00:00+00:00")], "unsatisfied", "stale", "deny", "run"),
        ([audit() | {"run": None}], "error", "run_unreadable", "error", "retry"),
        ([audit() | {"run": True}], "error", "run_unreadable", "error", "retry"),
        ([audit(), audit(verdict="fail")], "error", "run_ambiguous", "error", "retry"),
    ],
)
def test_whatever_is_not_an_accepted_fresh_run_closes_the_gate(
    audits: list[dict[str, Any]], status: str, code: str, verdict: str, action: str
):
    evaluation = judged(*audits)

    [result] = evaluation.requirements
    assert (result.status, result.code) == (status, code)
    assert evaluation.verdict == verdict
    assert not evaluation.opens
    assert evaluation.reason_codes == (f"bias.pass:{status}",)
    assert [(step.action, step.target, step.requirements) for step in evaluation.next_steps] == [
        (action, "bias", ("bias.pass",))
    ]
    assert result.holds_until is None


def test_a_run_is_fresh_until_the_end_of_its_last_day_and_not_at_it():
    finished = audit(finished_at="2026-11-01T12:00:00+00:00")
    end = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)

    before, at_the_end = judged(finished, at=end - dt.timedelta(microseconds=1)), judged(finished, at=end)

    assert (before.verdict, before.next_boundary) == ("allow", end)
    assert (at_the_end.verdict, at_the_end.requirements[0].code) == ("deny", "stale")


def test_without_a_finishing_time_the_age_on_the_day_of_the_facts_counts():
    aged = audit(finished_at=None, age_days=29.5)

    assert judged(aged).requirements[0].holds_until == NOON + dt.timedelta(hours=12)
    assert judged(aged, at=NOON + dt.timedelta(hours=12)).verdict == "deny"


def test_where_no_age_is_asked_for_an_old_run_holds_for_ever():
    evaluation = judged(audit(days=5000), requirements=[requirement(maxAgeDays=None)])

    assert (evaluation.verdict, evaluation.next_boundary) == ("allow", None)


def test_the_newest_run_counts_even_where_an_older_one_was_better():
    passed, failed = audit(run=7), audit(verdict="fail", run=8)

    assert judged(passed, failed).requirements[0].run == 8
    assert judged(failed, passed).verdict == "deny"
    assert judged(audit(verdict="fail", run=7), audit(run=8)).verdict == "allow"
    assert judged(passed, audit(state="queued", run=8)).verdict == "pending"
    assert judged(passed, audit(state="errored", run=8)).verdict == "error"


def test_a_run_that_lacks_its_inputs_says_who_brings_them():
    plan = judged({"kind": "bias", "state": "missing", "lacking": "audit_plan_missing"})
    table = judged({"kind": "bias", "state": "missing", "lacking": "predictions_missing"})

    assert plan.next_steps == (Step("write_audit_plan", "bias", "risk_officer", requirements=("bias.pass",)),)
    assert table.next_steps == (Step("attach_predictions", "bias", "submitter", requirements=("bias.pass",)),)
    assert plan.requirements[0].params["lacking"] == "audit_plan_missing"


def test_a_result_carries_what_its_sentence_needs():
    params = judged(audit(verdict="fail", days=2)).requirements[0].params

    assert params == {
        "kind": "bias",
        "accepted": ["pass"],
        "state": "succeeded",
        "verdict": "fail",
        "origin": "declared",
        "waivable": {"max_days": 90, "by": "risk_officer"},
    }
    assert judged(audit(days=31.5)).requirements[0].params == params | {
        "verdict": "pass",
        "max_age_days": 30,
        "age_days": 31,
    }


# Severity


@pytest.mark.parametrize(
    ("bad", "fail", "warn"),
    [
        (audit(verdict="fail"), "deny", "warn"),
        (audit(days=99), "deny", "warn"),
        ({"kind": "bias", "state": "missing"}, "deny", "warn"),
        (audit(state="errored"), "error", "warn"),
        (audit(state="running"), "pending", "pending"),
    ],
)
def test_severity_says_what_an_unsatisfied_requirement_means(bad: dict[str, Any], fail: str, warn: str):
    card = requirement(id="card.ok", kind="card", verdicts=["pass"])

    for severity, verdict in (("fail", fail), ("warn", warn), ("info", "allow")):
        evaluation = judged(bad, audit("card"), requirements=[card, requirement(severity=severity)])

        assert evaluation.verdict == verdict
        assert bool(evaluation.reason_codes) == bool(evaluation.next_steps) == (severity != "info")


def test_the_gravest_state_gives_the_verdict_and_leads_the_reasons():
    asked = [
        requirement(id="a.warn", kind="card", severity="warn"),
        requirement(id="b.pending", kind="license", verdicts=["pass"]),
        requirement(id="c.fail"),
    ]
    waiting, failed, warned = audit("license", state="queued"), audit(verdict="fail"), audit("card", verdict="warn")

    assert judged(waiting, audit(state="errored"), warned, requirements=asked).verdict == "error"
    assert judged(waiting, failed, warned, requirements=asked).verdict == "deny"
    assert judged(waiting, audit(), warned, requirements=asked).verdict == "pending"
    assert judged(audit("license"), audit(), warned, requirements=asked).verdict == "warn"
    assert judged(waiting, failed, warned, requirements=asked).reason_codes == (
        "c.fail:unsatisfied",
        "b.pending:pending",
        "a.warn:unsatisfied",
    )


def test_one_run_answers_all_requirements_of_its_kind_and_is_asked_for_once():
    asked = [
        requirement(id="license.known", kind="license", verdicts=["pass", "conflict"], maxAgeDays=30),
        requirement(id="license.compatible", kind="license", verdicts=["pass"], maxAgeDays=None),
    ]

    evaluation = judged(audit("license", verdict="conflict", days=40), requirements=asked)

    assert [result.code for result in evaluation.requirements] == ["stale", "verdict_not_accepted"]
    assert evaluation.next_steps == (
        Step("repair", "license", "submitter", requirements=("license.compatible", "license.known")),
    )


def test_what_is_told_for_information_only_sets_no_date():
    asked = [requirement(id="told", severity="info"), requirement(id="card.ok", kind="card", maxAgeDays=90)]

    evaluation = judged(audit(days=29), audit("card", days=1), requirements=asked)

    assert evaluation.requirements[0].holds_until == NOON + dt.timedelta(days=1)
    assert evaluation.next_boundary == NOON + dt.timedelta(days=89)


# Nothing to decide on


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


# Several policies


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


# Votes


ETHICS_AND_DOMAIN: dict[str, Any] = {
    "votes": [{"lane": "ethics", "min": 1}, {"lane": "domain", "min": 1}],
    "distinctVoters": 2,
}


def test_outstanding_votes_are_pending_and_not_a_refusal():
    evaluation = counted(agree("ethics", "vera"), **ETHICS_AND_DOMAIN)

    assert evaluation.verdict == "pending"
    assert evaluation.reason_codes == ("vote.domain:pending", "vote.distinct:pending")
    assert [(lane.lane, lane.min, lane.agreeing, lane.vetoes, lane.status) for lane in evaluation.votes] == [
        ("domain", 1, 0, 0, "pending"),
        ("ethics", 1, 1, 0, "satisfied"),
    ]
    assert evaluation.next_steps == (Step("vote", "domain", "reviewer:domain"),)


def test_enough_votes_by_enough_people_allow():
    evaluation = counted(agree("ethics", "vera"), agree("domain", "ryo", value=2), **ETHICS_AND_DOMAIN)

    assert (evaluation.verdict, evaluation.distinct_have, evaluation.distinct_needed) == ("allow", 2, 2)


def test_fault_v17_one_person_with_two_hats_is_one_person():
    evaluation = counted(agree("ethics", "vera"), agree("domain", "vera"), **ETHICS_AND_DOMAIN)

    assert [lane.status for lane in evaluation.votes] == ["satisfied", "satisfied"]
    assert (evaluation.verdict, evaluation.distinct_have) == ("pending", 1)
    assert evaluation.reason_codes == ("vote.distinct:pending",)
    assert evaluation.next_steps == (Step("vote_by_another", "any", "reviewer"),)
    assert counted(agree("ethics", "vera"), agree("domain", "vera"), agree("domain", "ryo"), **ETHICS_AND_DOMAIN).opens


def test_two_votes_by_one_person_in_one_lane_are_one():
    asked: dict[str, Any] = {"votes": [{"lane": "ethics", "min": 2}], "distinctVoters": 1}

    evaluation = counted(agree("ethics", "vera", number=1), agree("ethics", "vera", number=2), **asked)

    assert (evaluation.votes[0].agreeing, evaluation.verdict) == (1, "pending")


def test_votes_that_neither_agree_nor_veto_count_for_nobody():
    evaluation = counted(agree("ethics", "vera", value=0), agree("domain", "ryo", value=-1), **ETHICS_AND_DOMAIN)

    assert evaluation.verdict == "pending"
    assert [lane.status for lane in evaluation.votes] == ["pending", "pending"]


def test_an_agreement_in_a_lane_that_nobody_asks_for_is_not_one_of_the_distinct_people():
    evaluation = counted(agree("ethics", "vera"), agree("domain", "vera"), agree("legal", "sam"), **ETHICS_AND_DOMAIN)

    assert (evaluation.distinct_have, evaluation.verdict) == (1, "pending")


def test_a_veto_in_a_lane_that_nobody_asks_for_brings_no_people_from_there():
    votes = [agree("ethics", "vera"), agree("domain", "vera"), agree("legal", "sam"), agree("legal", "omar", value=-2)]

    evaluation = counted(*votes, **ETHICS_AND_DOMAIN)

    assert (evaluation.distinct_have, evaluation.verdict) == (1, "deny")
    assert [step.action for step in evaluation.next_steps] == ["lift_veto", "vote_by_another"]


def test_a_veto_closes_the_gate_whatever_else_agrees():
    votes = [agree("ethics", "vera"), agree("domain", "ryo"), agree("ethics", "omar", value=-2)]

    evaluation = counted(*votes, **ETHICS_AND_DOMAIN)

    assert evaluation.verdict == "deny"
    assert evaluation.reason_codes == ("vote.ethics:unsatisfied",)
    assert evaluation.votes[1].vetoed_by == ("omar",)
    assert evaluation.next_steps == (Step("lift_veto", "ethics", "reviewer:ethics"),)


def test_the_lowest_vote_blocks_in_a_lane_that_no_policy_asks_for():
    votes = [agree("ethics", "vera"), agree("domain", "ryo"), agree("legal", "sam", value=-2)]

    evaluation = counted(*votes, **ETHICS_AND_DOMAIN)

    assert (evaluation.verdict, evaluation.reason_codes) == ("deny", ("vote.legal:unsatisfied",))
    assert [(lane.lane, lane.min) for lane in evaluation.votes] == [("domain", 1), ("ethics", 1), ("legal", 0)]


def test_a_policy_may_let_a_milder_no_block():
    asked: dict[str, Any] = {"votes": [{"lane": "ethics", "min": 1, "veto": -1}], "distinctVoters": 1}

    assert counted(agree("ethics", "vera"), agree("ethics", "omar", value=-1), **asked).verdict == "deny"


def test_fault_v09_a_veto_outlives_its_round_until_the_voter_votes_again():
    veto = agree("ethics", "omar", value=-2, round_=1)
    second = [agree("ethics", "vera", round_=2), agree("domain", "ryo", round_=2)]

    assert counted(veto, *second, current_round=2, **ETHICS_AND_DOMAIN).verdict == "deny"
    assert counted(veto, *second, current_round=3, **ETHICS_AND_DOMAIN).verdict == "deny"
    assert counted(veto, *second, agree("domain", "omar", round_=2), current_round=2, **ETHICS_AND_DOMAIN).verdict == (
        "deny"
    ), "a vote in another lane lifts nothing"
    assert counted(
        veto, *second, agree("ethics", "omar", value=0, round_=2), current_round=2, **ETHICS_AND_DOMAIN
    ).opens


def test_an_agreement_ends_with_its_round():
    first = [agree("ethics", "vera"), agree("domain", "ryo")]

    assert counted(*first, current_round=1, **ETHICS_AND_DOMAIN).verdict == "allow"
    assert counted(*first, current_round=2, **ETHICS_AND_DOMAIN).verdict == "pending"
    assert counted(*first, agree("legal", "sam", round_=2), **ETHICS_AND_DOMAIN).verdict == "pending"


def test_votes_of_a_later_round_do_not_change_an_earlier_decision():
    first = [agree("ethics", "vera"), agree("domain", "ryo")]
    later = [agree("ethics", "vera", value=-2, round_=2)]

    then = counted(*first, current_round=1, **ETHICS_AND_DOMAIN)
    again = counted(*first, *later, current_round=1, **ETHICS_AND_DOMAIN)

    assert canonical(then) == canonical(again)


def test_of_two_votes_in_one_round_the_later_counts_and_of_equals_the_lower():
    asked: dict[str, Any] = {"votes": [{"lane": "ethics", "min": 1}], "distinctVoters": 1}
    yes, no = agree("ethics", "vera", number=1), agree("ethics", "vera", value=-2, number=2)

    assert counted(no, yes, **asked).verdict == "deny"
    assert counted(no, agree("ethics", "vera", number=3), yes, **asked).verdict == "allow"
    assert counted(agree("ethics", "vera"), agree("ethics", "vera", value=-2), **asked).verdict == "deny"


@pytest.mark.parametrize(
    "wrong", [{"lane": "data"}, {"value": 3}, {"value": -3}, {"voter": ""}, {"round": 0}], ids=lambda wrong: str(wrong)
)
def test_a_vote_that_cannot_have_been_cast_is_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match=r"lane|vote"):
        VoteFact(**({"lane": "ethics", "value": 1, "voter": "vera", "round": 1} | wrong))


def test_who_voted_stays_out_of_the_stored_evaluation():
    stored = json.dumps(counted(agree("ethics", "vera"), agree("domain", "omar", value=-2)).as_json())

    assert "vera" not in stored
    assert "omar" not in stored


def test_the_way_to_yes_names_runs_before_people_and_nobody_twice():
    evaluation = evaluate(
        policies=[applied(votes=[{"lane": "ethics", "min": 2}, {"lane": "domain", "min": 1}], distinctVoters=3)],
        facts=facts(),
        votes=[agree("ethics", "vera"), agree("domain", "vera")],
        at=NOON,
    )

    assert [(step.action, step.target, step.count) for step in evaluation.next_steps] == [
        ("run", "bias", 1),
        ("vote", "ethics", 1),
        ("vote_by_another", "any", 1),
    ]


# Properties


STATES = ("succeeded", "succeeded", "succeeded", "queued", "running", "errored", "timed_out", "cancelled", "outdated")
OPENNESS = {"allow": 2, "warn": 1}


def openness(evaluation: Evaluation) -> int:
    """How far the gate is open: 2 for allow, 1 for warn, 0 for the rest."""
    return OPENNESS.get(evaluation.verdict, 0)


@st.composite
def rules(draw: st.DrawFn) -> Requirement:
    kind = draw(st.sampled_from(sorted(KINDS)))
    known = tuple(sorted(KINDS[kind]))
    verdicts = draw(st.sets(st.sampled_from(known), min_size=1).map(sorted)) + ["pass"]
    return Requirement(
        id=f"{kind}.{draw(st.sampled_from('ab'))}",
        title=kind,
        kind=kind,
        verdicts=tuple(sorted(set(verdicts))),
        known_verdicts=known,
        severity=draw(st.sampled_from(["fail", "fail", "warn", "info"])),
        max_age_days=draw(st.sampled_from([None, 30])),
    )


@st.composite
def published(draw: st.DrawFn) -> AppliedPolicy:
    lanes = draw(st.lists(st.sampled_from(LANES[:3]), unique=True, max_size=3))
    votes = tuple(LaneRule(lane, draw(st.integers(1, 2)), draw(st.integers(-2, -1))) for lane in sorted(lanes))
    asked = sum(rule.min for rule in votes)
    found = PolicyDocument(
        name=draw(st.sampled_from(["a", "b"])),
        title="",
        stages=draw(st.sampled_from([("production",), ("pilot", "production")])),
        tiers=("high",),
        kinds=("model",),
        requirements=tuple(draw(st.lists(rules(), min_size=1, max_size=3))),
        votes=votes,
        distinct_voters=draw(st.integers(1, asked)) if votes else 0,
        valid_days=draw(st.integers(1, 730)),
        auto_decide=not votes,
    )
    return AppliedPolicy(found.name, draw(st.integers(1, 2)), found.sha256, found)


@st.composite
def runs(draw: st.DrawFn, *, number: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    return audit(
        kind,
        draw(st.sampled_from([*KINDS[kind], "pass", "pass", "nonsense"])),
        days=draw(st.sampled_from([0, 1, 29, 30, 31])),
        run=number,
        state=draw(st.sampled_from(STATES)),
    )


@st.composite
def known_facts(draw: st.DrawFn, *, one_per_kind: bool = False) -> dict[str, Any]:
    audits = [draw(runs(number=number)) for number in range(1, 1 + draw(st.integers(0, 5)))]
    if one_per_kind:
        audits = list({row["kind"]: row for row in audits}.values())
    return facts(*audits)


votes_cast = st.lists(
    st.builds(
        VoteFact,
        lane=st.sampled_from(LANES[:4]),
        value=st.integers(-2, 2) | st.just(1),
        voter=st.sampled_from(["p1", "p2", "p3", "p4"]),
        round=st.integers(1, 2),
        number=st.integers(0, 9),
    ),
    max_size=8,
)
policies_published = st.lists(published(), min_size=1, max_size=3)


def by(policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact]) -> Evaluation:
    return evaluate(policies=policies, facts=known, votes=votes, at=NOON, current_round=2)


@given(policies=policies_published, known=known_facts(), votes=votes_cast, data=st.data())
def test_order_changes_nothing(policies: list[AppliedPolicy], known: Any, votes: list[VoteFact], data: st.DataObject):
    before = canonical(by(policies, known, votes))

    turned = known | {"audits": data.draw(st.permutations(known["audits"]))}
    after = by(data.draw(st.permutations(policies)), turned, data.draw(st.permutations(votes)))

    stored = json.loads(before)
    stored["facts_sha256"] = after.facts_sha256  # the order of a list is part of the facts' bytes, and of nothing else
    assert rfc8785.dumps(stored) == canonical(after)


@given(policies=policies_published, known=known_facts(), votes=votes_cast)
def test_a_replay_from_what_is_stored_gives_the_same_bytes(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact]
):
    stored_policies = json.loads(json.dumps([policy.document.as_json() for policy in policies]))
    stored_votes = json.loads(json.dumps([vote.as_json() for vote in votes]))
    stored_facts = json.loads(rfc8785.dumps(known))

    again = evaluate(
        policies=[
            dataclasses.replace(policy, document=documents.from_json(stored))
            for policy, stored in zip(policies, stored_policies, strict=True)
        ],
        facts=stored_facts,
        votes=[VoteFact(**(vote | {"voter": f"ref-{vote['voter']}"})) for vote in stored_votes],
        at=NOON.astimezone(dt.timezone(dt.timedelta(hours=5))),
        current_round=2,
    )

    assert canonical(again) == canonical(by(policies, known, votes)), "however people are named"


@given(
    policies=policies_published,
    known=known_facts(),
    votes=votes_cast,
    kind=st.sampled_from(sorted(KINDS)),
    bad=st.sampled_from(
        [{"verdict": "fail"}, {"verdict": "unknown"}, {"verdict": "?"}, {"state": "errored"}, {"state": "queued"}]
    ),
)
def test_adding_a_failing_run_never_opens_the_gate_further(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact], kind: str, bad: dict[str, Any]
):
    before = by(policies, known, votes)
    # A warning that is waited for keeps the gate shut until it is known: to wait no longer is no improvement.
    assume(not any(result.kind == kind and result.status == "pending" for result in before.requirements))
    accepted = {v for p in policies for r in p.document.requirements if r.kind == kind for v in r.verdicts}
    assume(bad.get("verdict", "") not in accepted)

    after = by(policies, known | {"audits": [*known["audits"], audit(kind, run=99) | bad]}, votes)

    assert openness(after) <= openness(before)


@given(policies=policies_published, known=known_facts(), votes=votes_cast, lane=st.sampled_from(LANES))
def test_adding_a_veto_closes_the_gate(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact], lane: str
):
    after = by(policies, known, [*votes, VoteFact(lane, -2, "somebody", 2)])

    assert after.verdict in ("deny", "error")


@given(policies=policies_published, known=known_facts(one_per_kind=True), votes=votes_cast)
def test_no_gate_opens_without_a_run_that_a_requirement_needs(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact]
):
    needed = {r.kind for p in policies for r in p.document.requirements if r.severity == "fail"}

    for row in known["audits"]:
        fewer = known | {"audits": [other for other in known["audits"] if other is not row]}
        evaluation = by(policies, fewer, votes)
        if row["kind"] in needed:
            assert not evaluation.opens


@given(policies=policies_published, more=published(), known=known_facts(), votes=votes_cast)
def test_one_more_policy_never_opens_the_gate_further(
    policies: list[AppliedPolicy], more: AppliedPolicy, known: dict[str, Any], votes: list[VoteFact]
):
    before, after = by(policies, known, votes), by([*policies, more], known, votes)
    assume(before.reason_codes != ("no_requirements",))

    assert openness(after) <= openness(before)


def carried_out(
    steps: list[Step], evaluation: Evaluation, known: dict[str, Any], votes: list[VoteFact]
) -> tuple[dict[str, Any], list[VoteFact]]:
    """The world after the steps: runs that pass, vetoes lifted with an agreement, new people's votes."""
    audits, cast, people = list(known["audits"]), list(votes), 0
    vetoed = {lane.lane: list(lane.vetoed_by) for lane in evaluation.votes}
    any_lane = next((lane.lane for lane in evaluation.votes if lane.min), "")
    for step in steps:
        for _ in range(step.count):
            if step.action == "lift_veto":
                cast.append(VoteFact(step.target, 1, vetoed[step.target].pop(), 2, number=99))
            elif step.action in ("vote", "vote_by_another"):
                people += 1
                cast.append(VoteFact(any_lane if step.target == "any" else step.target, 1, f"new{people}", 2))
            else:
                audits.append(audit(step.target, "pass", days=0, run=1000))
    return known | {"audits": audits}, cast


@given(policies=policies_published, known=known_facts(), votes=votes_cast)
def test_the_way_to_yes_leads_there_and_no_step_of_it_is_idle(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact]
):
    before = by(policies, known, votes)
    assume(before.reason_codes != ("no_requirements",))
    steps = list(before.next_steps)
    assert (before.verdict == "allow") == (not steps)

    assert by(policies, *carried_out(steps, before, known, votes)).verdict == "allow"

    for number, step in enumerate(steps):
        rest = [*steps[:number], *steps[number + 1 :]]
        if step.count > 1:
            rest.append(dataclasses.replace(step, count=step.count - 1))
        assert by(policies, *carried_out(rest, before, known, votes)).verdict != "allow"


@given(policies=policies_published, known=known_facts(), votes=votes_cast)
def test_an_open_gate_has_every_failing_requirement_satisfied_and_enough_people(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact]
):
    evaluation = by(policies, known, votes)
    if not evaluation.opens:
        return

    def holds(result: RequirementResult) -> bool:
        return result.status == "satisfied"

    assert all(holds(result) for result in evaluation.requirements if result.severity == "fail")
    assert any(result.decides for result in evaluation.requirements)
    assert all(lane.agreeing >= lane.min and not lane.vetoes for lane in evaluation.votes)
    assert evaluation.distinct_have >= evaluation.distinct_needed
    assert evaluation.verdict == "warn" or all(holds(r) for r in evaluation.requirements if r.severity == "warn")
    assert evaluation.next_boundary is None or evaluation.next_boundary > NOON
