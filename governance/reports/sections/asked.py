"""What a report is of, and what that lets it read."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from audits.models import Run
from governance.catalog.models import UseCase, Version
from governance.ledger.services import actor_ref
from governance.people.models import Team
from governance.reports.periods import Period
from governance.reports.shapes import ScopeShape, Subject

READ_AT_ONCE = 500
Row = TypeVar("Row", bound=Model)
Thing = TypeVar("Thing")
Progress = Callable[[int, int | None], None]


def silent(done: int, total: int | None) -> None:
    """Progress that nobody waits for."""


@dataclass(frozen=True)
class ReportScope:
    """A period and a scope, and the moment ``as_of`` which everything is told.

    A team sees entries that nobody owns and its own, and of reviews what is for its own use cases: as its people do.
    """

    period: Period
    team: Team | None
    as_of: dt.datetime

    def versions(self) -> QuerySet[Version]:
        """The versions that had been imported."""
        rows = Version.objects.filter(imported_at__lt=self.as_of)
        return rows if self.team is None else rows.filter(Q(entry__team=None) | Q(entry__team=self.team))

    def use_cases(self) -> QuerySet[UseCase]:
        return UseCase.objects.all() if self.team is None else UseCase.objects.filter(owner_team=self.team)

    def in_scope(self, rows: QuerySet[Row], *, by: str = "use_case") -> QuerySet[Row]:
        """Those of rows that are for a use case in scope."""
        return rows if self.team is None else rows.filter(**{f"{by}__owner_team": self.team})

    def runs(self) -> QuerySet[Run]:
        """The audits of the scope that had ended, whatever they are about."""
        ended = Run.objects.filter(finished_at__lt=self.as_of)
        if self.team is None:
            return ended
        return ended.filter(Q(use_case="") | Q(use_case__in=self.use_cases().values("slug")))

    def within(self, name: str) -> dict[str, Any]:
        """The filter of what happened in the period, until ``as_of``, by the name of a moment."""
        return {f"{name}__gte": self.period.begins_at, f"{name}__lt": self.as_of}

    def scope(self) -> ScopeShape:
        if self.team is None:
            return {"kind": "portfolio", "slug": None, "name": None}
        return {"kind": "team", "slug": self.team.slug, "name": self.team.name}


def subject_of(version: Version) -> Subject:
    entry = version.entry
    return {"kind": entry.kind, "id": entry.repo_id, "revision": version.revision, "digest": version.digest}


def title_of(subject: Subject) -> str:
    """A version as lists name it."""
    return f"{subject['id']}@{subject['revision'][:8]}"


def ref(user_id: int | None) -> str | None:
    """A person as the ledger names them; None for nobody."""
    return None if user_id is None else actor_ref(user_id)


def moment(at: dt.datetime | None) -> str | None:
    return None if at is None else at.astimezone(dt.UTC).isoformat()


def some(things: Iterable[Thing]) -> Iterator[list[Thing]]:
    """A few hundred at a time."""
    waiting = iter(things)
    while taken := list(itertools.islice(waiting, READ_AT_ONCE)):
        yield taken
