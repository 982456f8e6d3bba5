"""Submissions in review after policies, or approvals of what they were made from, have changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Least

from audits.locks import hold_subjects
from governance.catalog.models import Edge
from governance.policies.models import Rejudging
from governance.policies.rejudging import Change
from governance.reviews.deciding import bring_all_up_to_date
from governance.reviews.models import Submission, SubmissionState
from governance.reviews.rules import locked, locked_if_free


class OfSubmissions:
    """Submissions as what has to be judged again."""

    def outdate(self, change: Change, *, at: dt.datetime) -> int:
        """Three statements, whatever their number. Returned ones are meant too: they may be on their way back."""
        spoken_of = Q(pk__in=[])
        for scope in change.scopes:
            spoken_of |= Q(version__entry__kind__in=scope.kinds, use_case__tier__in=scope.tiers, stage__in=scope.stages)
        found = Submission.objects.open().filter(spoken_of)
        # Before any row, as everywhere: who is judging one of them now ends first, and the next sees what this writes.
        hold_subjects(found.order_by().values_list("version__digest", flat=True).distinct())
        numbers = list(found.order_by("pk").values_list("pk", flat=True))
        Submission.objects.filter(pk__in=numbers).update(stale_from=Least("stale_from", change.since))
        return len(numbers)

    def to_judge(self, rejudging: Rejudging) -> list[int]:
        """All that are stale: what another change has closed is opened no later than what this has. Or those that were
        made from what is approved now, or no longer.
        """
        if rejudging.entry_id is not None:
            in_review = Submission.objects.filter(
                state=SubmissionState.IN_REVIEW, use_case=rejudging.use_case_id, stage=rejudging.stage
            )
            made_from_it = Edge.objects.filter(to_entry=rejudging.entry_id).values("version")
            return list(in_review.filter(version__in=made_from_it).order_by("pk").values_list("pk", flat=True))
        return list(Submission.objects.stale().order_by("due_at", "pk").values_list("pk", flat=True))

    @transaction.atomic
    def judge(self, number: int, *, rejudging: Rejudging, at: dt.datetime) -> None:
        """Start what is asked for now, and judge anew."""
        self._judge([locked(number)], rejudging, at=at)

    @transaction.atomic
    def judge_together(self, numbers: Sequence[int], *, rejudging: Rejudging, at: dt.datetime) -> list[int]:
        """The same for those of several whose subjects nobody else holds."""
        held = locked_if_free(numbers)
        self._judge(held, rejudging, at=at)
        return [one.pk for one in held]

    @staticmethod
    def _judge(held: Sequence[Submission], rejudging: Rejudging, *, at: dt.datetime) -> None:
        in_review = [one for one in held if one.state == SubmissionState.IN_REVIEW]
        concerned = [one for one in in_review if rejudging.entry_id is not None or one.is_stale(at=at)]
        bring_all_up_to_date(concerned, at=at)
