"""Open submissions as policies are held against them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from governance.people.models import User
from governance.policies.models import Flip
from governance.policies.portfolio import Item
from governance.reviews.evaluation import counting_votes
from governance.reviews.models import Submission, SubmissionState

READ_AT_ONCE = 500
_PARTS = ("version__entry", "version__card", "use_case")


class Submissions:
    """The submissions in review, for back-tests, and any of them for a dry run."""

    def items(self, *, at: dt.datetime) -> Iterator[Item]:
        waiting = Submission.objects.filter(state=SubmissionState.IN_REVIEW).select_related(*_PARTS).order_by("pk")
        for submission in waiting.iterator(chunk_size=READ_AT_ONCE):
            yield item_of(submission)

    def one(self, *, number: int, user: User) -> Item | None:
        found = Submission.objects.visible_to(user).select_related(*_PARTS).filter(pk=number).first()
        return None if found is None else item_of(found)


def item_of(submission: Submission) -> Item:
    """A submission with the votes that count now."""
    return Item(
        what=Flip.What.SUBMISSION,
        number=submission.pk,
        version=submission.version,
        use_case=submission.use_case,
        stage=submission.stage,
        verdict=submission.verdict,
        votes=counting_votes(submission),
        round=submission.round,
    )
