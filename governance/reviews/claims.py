"""Who is at work on which lane of a submission. A claim keeps nobody from voting; it saves doing the same twice."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from django.db import transaction

from governance.ledger.refusals import remembered
from governance.people.models import User
from governance.reviews.errors import NotAllowed, ReviewRefused
from governance.reviews.models import CLAIM_STANDS_FOR, Claim, Submission, SubmissionState
from governance.reviews.rules import locked, record, require_reviewer, require_state


class Step(Protocol):
    """Taking a lane, or giving it back."""

    def __call__(self, *, submission_id: int, lane: str, by: User, at: dt.datetime) -> Claim: ...


@remembered("claim.take")
@transaction.atomic
def take(*, submission_id: int, lane: str, by: User, at: dt.datetime) -> Claim:
    """Say that one is at work on a lane. Saying it again counts three days anew.

    Raises:
        NotAllowed: not a reviewer of the lane, or somebody who submitted or made what is judged.
        ReviewRefused: somebody else is on it, or the submission is not in review.
    """
    submission = locked(submission_id)
    require_reviewer(by, submission, lane)
    require_state(submission, SubmissionState.IN_REVIEW)
    standing = Claim.objects.standing(at=at).filter(submission=submission, lane=lane).select_related("holder").first()
    if standing is not None and standing.holder_id != by.pk and _may_still_vote(standing, submission):
        raise ReviewRefused(
            "lane_claimed", f"{standing.holder} is on {lane} already; they can give it back, or wait until it lapses"
        )
    for held in Claim.objects.filter(submission=submission, lane=lane, released_at=None):
        _release(held, _why_over(held, by=by, at=at), at=min(at, held.claimed_at + CLAIM_STANDS_FOR))
    claim = Claim.objects.create(submission=submission, round=submission.round, lane=lane, holder=by, claimed_at=at)
    record(submission, verb="claim.taken", by=by, at=at, lane=lane)
    return claim


@remembered("claim.release")
@transaction.atomic
def release(*, submission_id: int, lane: str, by: User, at: dt.datetime) -> Claim:
    """Give a lane back.

    Raises:
        ReviewRefused: the person does not hold it.
    """
    submission = locked(submission_id)
    held = Claim.objects.standing(at=at).filter(submission=submission, lane=lane[:8], holder=by).first()
    if held is None:
        raise ReviewRefused("not_claimed", "you are not on this lane; there is nothing to give back")
    _release(held, Claim.Release.BY_HAND, at=at)
    record(submission, verb="claim.released", by=by, at=at, lane=lane)
    return held


def voted(submission: Submission, *, lane: str, voter: User, at: dt.datetime) -> None:
    """A vote ends its voter's claim. The caller holds the submission."""
    for held in Claim.objects.filter(submission=submission, lane=lane, holder=voter, released_at=None):
        _release(held, Claim.Release.VOTED, at=at)


def end_round(submission: Submission, *, at: dt.datetime) -> None:
    """A decision ends every claim of its round. The caller holds the submission."""
    for held in Claim.objects.filter(submission=submission, released_at=None).order_by("pk"):
        _release(held, Claim.Release.ROUND_ENDED, at=at)


def recount(submission: Submission, *, at: dt.datetime) -> None:
    """Release the claims of people who may no longer vote in the lane. The caller holds the submission."""
    for held in Claim.objects.filter(submission=submission, released_at=None).select_related("holder"):
        if not _may_still_vote(held, submission):
            _release(held, Claim.Release.NOT_A_REVIEWER, at=at)


def _may_still_vote(claim: Claim, submission: Submission) -> bool:
    try:
        require_reviewer(claim.holder, submission, claim.lane)
    except NotAllowed:
        return False
    return True


def _why_over(claim: Claim, *, by: User, at: dt.datetime) -> Claim.Release:
    """Why a claim that nobody released is over when the lane is taken again by ``by``."""
    if at >= claim.claimed_at + CLAIM_STANDS_FOR:
        return Claim.Release.LAPSED
    if claim.round != claim.submission.round:
        return Claim.Release.ROUND_ENDED
    return Claim.Release.BY_HAND if claim.holder_id == by.pk else Claim.Release.NOT_A_REVIEWER


def _release(claim: Claim, why: Claim.Release, *, at: dt.datetime) -> None:
    claim.released_at, claim.released_why = at, why
    claim.save(update_fields=["released_at", "released_why"])
