"""Votes: lanes, people, vetoes and rounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance.policies.evaluation import Evaluation, Step, VoteFact, evaluate
from tests.governance.policies.documents import applied
from tests.governance.policies.evaluated import NOON, agree, audit, canonical, facts


def counted(*votes: VoteFact, current_round: int | None = None, **changes: Any) -> Evaluation:
    """A policy whose one requirement holds and which asks for votes, held against the votes."""
    return evaluate(
        policies=[applied(**changes)], facts=facts(audit()), votes=votes, at=NOON, current_round=current_round
    )


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
