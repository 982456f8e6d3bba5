"""What joins rooms: an entry with its approvals, submissions and runs."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from audits.models import Run
from governance.catalog.models import Entry, UseCase, Version
from governance.evidence.queries import runs_visible_to
from governance.gates.models import Approval
from governance.notifications.models import Notice
from governance.people.models import User
from governance.reviews.models import Submission

NOTICES, RUNS, SUBMISSIONS = 12, 20, 20


def stages_in_force(user: User, entries: Sequence[Entry], *, at: dt.datetime) -> dict[int, list[str]]:
    """The stages for which some version of each entry is approved, by the entry's number. One query."""
    approvals = Approval.objects.visible_to(user).in_force(at=at).filter(version__entry__in=[e.pk for e in entries])
    found: dict[int, set[str]] = defaultdict(set)
    for entry_id, stage in approvals.values_list("version__entry_id", "stage"):
        found[entry_id].add(stage)
    order = ("prototype", "pilot", "production")
    return {entry_id: [stage for stage in order if stage in stages] for entry_id, stages in found.items()}


def approved_entries(user: User, *, stage: str, at: dt.datetime) -> list[int]:
    """The numbers of entries with an approval in force at a stage. One query."""
    approvals = Approval.objects.visible_to(user).in_force(at=at).filter(stage=stage)
    return list(approvals.values_list("version__entry_id", flat=True).distinct())


def approvals_of(user: User, *, version: Version) -> list[Approval]:
    """Every approval of a version that the person sees, newest first. One query."""
    found = Approval.objects.visible_to(user).filter(version=version).select_related("use_case")
    return list(found.order_by("-granted_at", "-pk")[:SUBMISSIONS])


def approvals_for(user: User, *, use_case: UseCase, at: dt.datetime) -> list[Approval]:
    """What may run for a use case at ``at``, by stage and name. One query."""
    found = Approval.objects.visible_to(user).in_force(at=at).filter(use_case=use_case)
    return list(found.select_related("version__entry").order_by("stage", "version__entry__repo_id", "pk")[:RUNS])


def submissions_for(user: User, *, use_case: UseCase) -> list[Submission]:
    """The newest submissions for a use case. One query."""
    found = Submission.objects.visible_to(user).filter(use_case=use_case)
    found = found.select_related("version__entry", "use_case", "submitted_by")
    return list(found.order_by("-submitted_at", "-pk")[:SUBMISSIONS])


def submissions_of(user: User, *, version: Version) -> list[Submission]:
    """One query."""
    found = Submission.objects.visible_to(user).filter(version=version)
    return list(found.select_related("use_case", "submitted_by").order_by("-submitted_at", "-pk")[:SUBMISSIONS])


def runs_on(user: User, *, version: Version) -> list[Run]:
    """One query."""
    return list(runs_visible_to(user).filter(subject_digest=version.digest).order_by("-requested_at", "-pk")[:RUNS])


def notices_of(user: User) -> list[Notice]:
    """The newest unread lines. One query."""
    unread = Notice.objects.filter(user=user, read_at=None).select_related("message")
    return list(unread.order_by("-created_at", "-pk")[:NOTICES])
