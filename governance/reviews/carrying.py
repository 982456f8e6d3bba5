"""Votes on the version before that still say something of this one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from governance.ledger import services as ledger
from governance.policies.evaluation import AppliedPolicy
from governance.policies.shapes import LaneRule
from governance.reviews import changes
from governance.reviews.evaluation import counting_votes
from governance.reviews.models import Submission, SubmissionState, Vote

CARD_TEXT_ONLY = "card_text_only"


def before(submission: Submission) -> Submission | None:
    """The newest earlier submission of another version of the entry for the same use case and stage."""
    earlier = Submission.objects.filter(
        version__entry=submission.version.entry_id, use_case=submission.use_case_id, stage=submission.stage
    ).exclude(state__in=[SubmissionState.DRAFT, SubmissionState.WITHDRAWN])
    earlier = earlier.exclude(version=submission.version_id).submitted_before(submission)
    return earlier.select_related("version__card", "use_case").order_by("-submitted_at", "-pk").first()


def carry_votes(submission: Submission, *, policies: Iterable[AppliedPolicy], at: dt.datetime) -> list[Vote]:
    """Take over the votes of lanes that the change does not touch; each names the vote that it was copied from.

    Agreements come from a submission that was approved, in its last round; an objection from any. A policy may keep a
    lane from it with ``copyIf: never``, or let it through only where nothing but the card's text has changed.
    """
    source = before(submission)
    if source is None:
        return []
    kinds = changes.between(source.version, submission.version)
    reopened = changes.lanes_reopened(kinds)
    rules = [rule for policy in policies for rule in policy.document.votes]
    counting = {vote.number for vote in counting_votes(source)}
    newest = {(vote.voter_id, vote.lane): vote for vote in source.votes.order_by("cast_at", "pk")}
    carried = []
    for vote in sorted(newest.values(), key=lambda vote: vote.pk):
        agrees = vote.value > 0
        if vote.pk not in counting or vote.value == 0 or not _is_carried(vote.lane, rules, kinds, reopened):
            continue
        if agrees and (source.state != SubmissionState.APPROVED or vote.round != source.round):
            continue
        carried.append(_copied(vote, submission, at=at))
    return carried


def _is_carried(lane: str, rules: Iterable[LaneRule], kinds: frozenset[str], reopened: frozenset[str]) -> bool:
    """Every rule of the lane has to let it; without one of its own a lane follows the table."""
    of_lane = [getattr(rule, "copy_if", None) for rule in rules if rule.lane == lane]
    return all(_lets(copy_if, lane, kinds, reopened) for copy_if in of_lane or [None])


def _lets(copy_if: str | None, lane: str, kinds: frozenset[str], reopened: frozenset[str]) -> bool:
    if copy_if is None:
        return lane not in reopened
    return copy_if == CARD_TEXT_ONLY and kinds <= {"card_text"}


def _copied(vote: Vote, submission: Submission, *, at: dt.datetime) -> Vote:
    copied = Vote.objects.create(
        submission=submission,
        round=submission.round,
        lane=vote.lane,
        value=vote.value,
        voter_id=vote.voter_id,
        comment=vote.comment,
        facts_sha256=vote.facts_sha256,
        cast_at=at,
        copied_from=vote,
    )
    ledger.record(
        verb="vote.copied",
        object_kind="submission",
        object_ref=str(submission.pk),
        subject_digest=submission.version.digest,
        actor=None,
        at=at,
        detail={"lane": vote.lane, "value": vote.value, "from": vote.submission_id},
    )
    return copied
