"""Open submissions as policies are held against them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Prefetch

from governance.evidence.services import contributors_of
from governance.people.models import User
from governance.policies.evaluation import VoteFact
from governance.policies.models import Flip
from governance.policies.portfolio import Item
from governance.reviews.evaluation import counting_votes, lane_holders, those_that_count
from governance.reviews.models import Submission, SubmissionState, Vote

READ_AT_ONCE = 500
_PARTS = ("version__entry", "version__card", "use_case")


class Submissions:
    """The submissions in review, for back-tests, and any of them for a dry run."""

    def items(self, *, at: dt.datetime) -> Iterator[Item]:
        """Five queries, and three for each five hundred submissions."""
        waiting = Submission.objects.filter(state=SubmissionState.IN_REVIEW).select_related(*_PARTS).order_by("pk")
        votes = Vote.objects.order_by("cast_at", "pk")
        holders = lane_holders()
        rows = waiting.prefetch_related(Prefetch("votes", queryset=votes)).iterator(chunk_size=READ_AT_ONCE)
        for piece in batched(rows, READ_AT_ONCE):
            makers = contributors_of(one.version_id for one in piece)
            for submission in piece:
                made_it = set(makers.get((submission.version_id, submission.use_case_id), ()))
                if submission.version.imported_by_id is not None:
                    made_it.add(submission.version.imported_by_id)
                counting = those_that_count(submission, submission.votes.all(), holders=holders, made_it=made_it)
                stale = submission.is_stale(at=at)
                yield _item(submission, counting, facts=None if stale else submission.facts)

    def one(self, *, number: int, user: User) -> Item | None:
        found = Submission.objects.visible_to(user).select_related(*_PARTS).filter(pk=number).first()
        return None if found is None else _item(found, counting_votes(found), facts=None)


def batched(rows: Iterable[Submission], size: int) -> Iterator[list[Submission]]:
    """Rows in lists of a size, the last one shorter."""
    piece: list[Submission] = []
    for row in rows:
        piece.append(row)
        if len(piece) == size:
            yield piece
            piece = []
    if piece:
        yield piece


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
