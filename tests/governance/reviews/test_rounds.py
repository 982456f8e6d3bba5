"""Rounds of a review: votes and vetoes, what is returned and comes back, and what a step needs."""

from __future__ import annotations

import pytest

from governance.reviews import services
from governance.reviews.errors import NotAcceptable, NotAllowed, ReviewRefused, Stale
from governance.reviews.models import Decision
from tests.governance.world import World

WHY = "the card says nothing of its limits"


def test_a_veto_closes_until_its_voter_lifts_it(world: World) -> None:
    submission = world.voted()
    world.vote(submission, world.ethics, "ethics", -2, comment="it harms people who cannot answer")

    with pytest.raises(services.RequirementsOpen, match="vote.ethics:unsatisfied"):
        world.approve(submission)

    world.vote(submission, world.ethics, "ethics", 1)
    assert world.approve(submission).outcome == "approved"


def test_fault_v09_a_veto_lasts_into_the_next_round(world: World) -> None:
    submission = world.voted()
    world.vote(submission, world.ethics, "ethics", -2, comment="it harms people who cannot answer")
    services.return_for_changes(submission_id=submission.pk, by=world.approver, reason=WHY, at=world.at)
    services.resubmit(submission_id=submission.pk, by=world.submitter, at=world.at)

    submission.refresh_from_db()

    assert (submission.round, submission.verdict) == (2, "deny")
    assert "vote.ethics:unsatisfied" in submission.evaluation["reason_codes"]


def test_a_returned_submission_comes_back_as_a_round_that_needs_its_own_votes(world: World) -> None:
    submission = world.voted()
    services.return_for_changes(submission_id=submission.pk, by=world.domain, reason=WHY, at=world.at)
    submission.refresh_from_db()
    assert submission.state == "changes_requested"
    with pytest.raises(ReviewRefused, match="is changes requested, not in review"):
        world.vote(submission, world.domain, "domain")

    services.resubmit(submission_id=submission.pk, by=world.submitter, at=world.at)

    submission.refresh_from_db()
    assert (submission.state, submission.round, submission.verdict) == ("in_review", 2, "pending")
    with pytest.raises(services.RequirementsOpen, match="vote.domain:pending"):
        world.approve(submission)
    world.vote(submission, world.domain, "domain")
    world.vote(submission, world.ethics, "ethics")
    assert world.approve(submission).round == 2
    assert list(Decision.objects.order_by("round").values_list("outcome", flat=True)) == [
        "changes_requested",
        "approved",
    ]


def test_only_who_submitted_brings_a_submission_back_or_withdraws_it(world: World) -> None:
    from tests.factories import member

    submission = world.submit()
    colleague = member(world.team, "submitter")
    with pytest.raises(NotAllowed, match="only who submitted"):
        services.withdraw(submission_id=submission.pk, by=colleague, at=world.at)
    services.return_for_changes(submission_id=submission.pk, by=world.domain, reason=WHY, at=world.at)

    with pytest.raises(NotAllowed, match="only who submitted"):
        services.resubmit(submission_id=submission.pk, by=colleague, at=world.at)

    services.withdraw(submission_id=submission.pk, by=world.submitter, at=world.at)
    submission.refresh_from_db()
    assert (submission.state, submission.round) == ("withdrawn", 2)


@pytest.mark.parametrize("reason", ["", "   ", "too short"])
def test_a_no_needs_its_reason(world: World, reason: str) -> None:
    submission = world.submit()

    for step in (services.reject, services.return_for_changes):
        with pytest.raises(NotAcceptable, match="say why"):
            step(submission_id=submission.pk, by=world.approver, reason=reason, at=world.at)
    with pytest.raises(NotAcceptable, match="say why"):
        world.vote(submission, world.domain, "domain", -1, comment=reason)

    submission.refresh_from_db()
    assert submission.state == "in_review"


@pytest.mark.parametrize(("lane", "value"), [("domain", 3), ("domain", -3), ("kitchen", 1), ("", 1)])
def test_a_vote_outside_its_bounds_is_refused(world: World, lane: str, value: int) -> None:
    submission = world.submit()

    with pytest.raises(NotAcceptable):
        world.vote(submission, world.domain, lane, value, comment="a reason that is long enough")

    assert not submission.votes.exists()


def test_fault_v04_a_step_on_an_edition_that_is_no_more_is_stale(world: World) -> None:
    submission = world.voted()
    seen = submission.edition
    world.vote(submission, world.domain, "domain", 2)

    with pytest.raises(Stale) as stale:
        services.approve(submission_id=submission.pk, approver=world.approver, edition=seen, at=world.at)

    assert stale.value.status == 412
    submission.refresh_from_db()
    assert submission.state == "in_review"
