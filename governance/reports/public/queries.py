"""Which summaries can be published, which are, and until when."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from audits.measures.ll144.plan import last_day
from audits.models import Run, RunState
from governance.catalog.models import Stage, UseCase, Version
from governance.gates.models import Approval
from governance.reports.public import keeping
from governance.reports.public.models import PublicSummary

IN_USE = (Stage.PILOT, Stage.PRODUCTION)
MOST_RUNS = 200


@dataclass(frozen=True)
class Shown:
    """The newest summary at an address, and until when it is kept (None while the tool is in use)."""

    summary: PublicSummary
    kept_until: dt.datetime | None
    over: bool


def uses(use_case_id: int, versions: Collection[int]) -> dict[int, list[keeping.Use]]:
    """When versions were approved for a use case, at pilot or production, by version. One query."""
    found: dict[int, list[keeping.Use]] = {version: [] for version in versions}
    approvals = Approval.objects.filter(version__in=versions, use_case=use_case_id, stage__in=IN_USE)
    for version, granted, expires, ended in approvals.values_list("version", "granted_at", "expires_at", "ended_at"):
        found[version].append((granted, min(expires, ended) if ended else expires))
    return found


def shown_at(public_id: uuid.UUID, *, at: dt.datetime) -> Shown | None:
    """What stands at a public address; None where nothing ever did. Two queries."""
    summary = _newest(PublicSummary.objects.filter(page__public_id=public_id)).first()
    if summary is None:
        return None
    page = summary.page
    return _shown(summary, uses(page.use_case_id, [page.version_id])[page.version_id], at=at)


def _newest(summaries: QuerySet[PublicSummary]) -> QuerySet[PublicSummary]:
    """The newest summary of each page."""
    return summaries.select_related("page", "published_by").order_by("page", "-number", "-pk").distinct("page")


def _shown(summary: PublicSummary, used: Iterable[keeping.Use], *, at: dt.datetime) -> Shown:
    until = keeping.kept_until(used, published_at=summary.published_at, at=at)
    return Shown(summary, until, until is not None and until <= at)


@dataclass(frozen=True)
class Candidate:
    """A version of a use case that was audited: its newest run, and what is published of it."""

    version: Version
    run: Run
    audited_on: dt.date
    last_day: dt.date
    published: Shown | None

    @property
    def is_published(self) -> bool:
        """Whether the newest run is what the address shows."""
        return self.published is not None and self.published.summary.run_id == self.run.pk


def candidates(use_case: UseCase, *, at: dt.datetime) -> list[Candidate]:
    """The versions that were audited for a use case, newest audit first. Four queries."""
    runs = Run.objects.filter(kind="ll144", state=RunState.SUCCEEDED, use_case=use_case.slug)
    newest_of: dict[str, Run] = {}
    for run in runs.order_by("-finished_at", "-pk")[:MOST_RUNS]:
        newest_of.setdefault(run.subject_digest, run)
    found = Version.objects.filter(digest__in=newest_of).select_related("entry")
    versions = {version.digest: version for version in found}
    summaries = {one.page.version_id: one for one in _newest(PublicSummary.objects.filter(page__use_case=use_case))}
    used = uses(use_case.pk, list(summaries))
    made = []
    for digest, run in newest_of.items():
        version = versions.get(digest)
        if version is None or run.finished_at is None:
            continue
        summary = summaries.get(version.pk)
        published = _shown(summary, used[version.pk], at=at) if summary is not None else None
        day = (
            published.summary.audited_on if published and published.summary.run_id == run.pk else run.finished_at.date()
        )
        made.append(Candidate(version, run, day, dt.date.fromisoformat(last_day(day.isoformat())), published))
    return made


def document(shown: Shown, *, version: Version, use_case: UseCase, address: str) -> dict[str, Any]:
    """A published summary as REST tells of it."""
    summary = shown.summary
    return {
        "subject": {"kind": version.entry.kind, "id": version.entry.repo_id, "revision": version.revision},
        "use_case": use_case.slug,
        "number": summary.number,
        "run": summary.run_id,
        "audited_on": summary.audited_on,
        "published_at": summary.published_at,
        "kept_until": shown.kept_until,
        "address": address,
    }
