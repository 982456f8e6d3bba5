"""What joins rooms: an entry with its approvals, submissions and runs."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import BigIntegerField, Exists, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from audits.models import Run
from governance.catalog import queries as catalogue
from governance.catalog.models import Entry, Stage, UseCase, Version
from governance.evidence.queries import runs_visible_to
from governance.gates.models import Approval
from governance.notifications.models import Notice
from governance.people.models import User
from governance.reviews import queries as reviews
from governance.reviews.models import OPEN_STATES, Submission

NOTICES, RUNS, SUBMISSIONS = 12, 20, 20


@dataclass(frozen=True)
class Approved:
    """A stage that an approval in force opens; ``revision`` is empty where it is that of the newest version."""

    stage: str
    revision: str


def stages_in_force(user: User, entries: Sequence[Entry], *, at: dt.datetime) -> dict[int, list[Approved]]:
    """What each entry is approved for, by its number: the newest version first, then others by name. One query.

    An older version is named where it is approved: its approval says nothing of the version that a list shows.
    """
    approvals = Approval.objects.visible_to(user).in_force(at=at).filter(version__entry__in=[e.pk for e in entries])
    newest = {entry.pk: entry.latest_id for entry in entries}
    found: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for entry_id, version_id, revision, stage in approvals.values_list(
        "version__entry_id", "version_id", "version__revision", "stage"
    ):
        found[entry_id].add((stage, "" if newest[entry_id] == version_id else revision))
    return {
        entry_id: [
            Approved(stage, revision)
            for stage, revision in sorted(pairs, key=lambda pair: (pair[1] != "", Stage.values.index(pair[0]), pair[1]))
        ]
        for entry_id, pairs in found.items()
    }


def approved_entries(user: User, *, stage: str, at: dt.datetime) -> list[int]:
    """The numbers of entries with an approval in force at a stage. One query."""
    approvals = Approval.objects.visible_to(user).in_force(at=at).filter(stage=stage)
    return list(approvals.values_list("version__entry_id", flat=True).distinct())


MOST_NAMED = 12


@dataclass(frozen=True)
class Named:
    """What a commit or digest, or its beginning, is the name of."""

    versions: Sequence[Version]
    runs: Sequence[Run]


def named_by(user: User, text: str) -> Named:
    """The versions and runs whose commit or digest begins with a text; none unless it is six digits or more.

    A run is named by the digest of its inputs or of its result. Two queries at most.
    """
    digits = text.strip().lower()
    if not catalogue.BEGINNING.fullmatch(digits):
        return Named((), ())
    versions = Version.objects.visible_to(user).filter(Q(revision__startswith=digits) | Q(digest__startswith=digits))
    runs = runs_visible_to(user).filter(Q(inputs_digest__startswith=digits) | Q(result_sha256__startswith=digits))
    return Named(
        list(versions.select_related("entry").order_by("-imported_at", "-pk")[:MOST_NAMED]),
        list(runs.order_by("-requested_at", "-pk")[:MOST_NAMED]),
    )


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
    found = reviews.listed(user).filter(use_case=use_case)
    return list(found.order_by("-submitted_at", "-pk")[:SUBMISSIONS])


def submissions_of(user: User, *, version: Version) -> list[Submission]:
    """One query."""
    found = reviews.listed(user).filter(version=version)
    return list(found.order_by("-submitted_at", "-pk")[:SUBMISSIONS])


def runs_on(user: User, *, version: Version) -> list[Run]:
    """One query."""
    return list(runs_visible_to(user).filter(subject_digest=version.digest).order_by("-requested_at", "-pk")[:RUNS])


# Lines that ask for something: they are over as soon as the submission is.
ASKING = ("submission.submitted", "vote.cast")


def notices_of(user: User) -> list[Notice]:
    """The newest unread lines, without those that asked for something on what has been decided since. One query."""
    number = Cast(KeyTextTransform("submission", "message__payload"), BigIntegerField())
    is_open = Submission.objects.filter(pk=OuterRef("number"), state__in=OPEN_STATES)
    unread = Notice.objects.filter(user=user, read_at=None).select_related("message").annotate(number=number)
    open_or_news = unread.filter(~Q(message__topic__in=ASKING) | Exists(is_open))
    return list(open_or_news.order_by("-created_at", "-pk")[:NOTICES])
