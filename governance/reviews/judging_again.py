"""Submissions in review after the policies that they were judged under have changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Least

from audits.locks import hold_subjects
from governance.policies.models import Rejudging
from governance.policies.rejudging import Scope
from governance.reviews.deciding import bring_up_to_date
from governance.reviews.models import Submission, SubmissionState
from governance.reviews.rules import locked


class OfSubmissions:
    """Submissions as what has to be judged again."""

    def outdate(self, scopes: Sequence[Scope], *, since: dt.datetime) -> int:
        """Three statements, whatever their number. Returned ones are meant too: they may be on their way back."""
        spoken_of = Q(pk__in=[])
        for scope in scopes:
            spoken_of |= Q(version__entry__kind__in=scope.kinds, use_case__tier__in=scope.tiers, stage__in=scope.stages)
        found = Submission.objects.open().filter(spoken_of)
        # Before any row, as everywhere: who is judging one of them now ends first, and the next sees what this writes.
        hold_subjects(found.order_by().values_list("version__digest", flat=True).distinct())
        numbers = list(found.order_by("pk").values_list("pk", flat=True))
        Submission.objects.filter(pk__in=numbers).update(stale_from=Least("stale_from", since))
        return len(numbers)

    def to_judge(self, rejudging: Rejudging) -> list[int]:
        """All that are stale: what another change has closed is opened no later than what this has."""
        if rejudging.policy_id is None:
            return []
        return list(Submission.objects.stale().order_by("due_at", "pk").values_list("pk", flat=True))

    @transaction.atomic
    def judge(self, number: int, *, rejudging: Rejudging, at: dt.datetime) -> None:
        """Start what is asked for now, and judge anew."""
        submission = locked(number)
        if submission.state == SubmissionState.IN_REVIEW and submission.is_stale(at=at):
            bring_up_to_date(submission, at=at)
