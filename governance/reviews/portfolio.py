"""Open submissions as policies are held against them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from governance.people.models import User
from governance.policies.evaluation import VoteFact
from governance.policies.models import Flip
from governance.policies.portfolio import READ_AT_ONCE, Item, batched
from governance.reviews.evaluation import CountingVotes, counting_votes
from governance.reviews.models import Submission, SubmissionState

_PARTS = ("version__entry", "version__card", "use_case")


class Submissions:
    """The submissions in review, for back-tests, and any of them for a dry run."""

    def items(self, *, at: dt.datetime) -> Iterator[Item]:
        """One query, and four for each five hundred submissions."""
        waiting = Submission.objects.filter(state=SubmissionState.IN_REVIEW).select_related(*_PARTS).order_by("pk")
        for piece in batched(waiting.iterator(chunk_size=READ_AT_ONCE), READ_AT_ONCE):
            votes = CountingVotes(piece)
            for submission in piece:
                stale = submission.is_stale(at=at)
                yield _item(submission, votes.of(submission), facts=None if stale else submission.facts)

    def one(self, *, number: int, user: User) -> Item | None:
        found = Submission.objects.visible_to(user).select_related(*_PARTS).filter(pk=number).first()
        return None if found is None else _item(found, counting_votes(found), facts=None)


def _item(submission: Submission, votes: list[VoteFact], *, facts: dict[str, Any] | None) -> Item:
    """A submission with the votes that count now, and the facts that its last evaluation kept.

    Whatever changes a fact evaluates again in the same transaction, so they are those of today.
    """
    return Item(
        what=Flip.What.SUBMISSION,
        number=submission.pk,
        version=submission.version,
        use_case=submission.use_case,
        stage=submission.stage,
        verdict=submission.verdict,
        votes=votes,
        round=submission.round,
        facts=facts or None,
    )
