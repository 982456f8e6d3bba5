"""Which summaries can be published, which are, and until when."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from audits.measures.ll144.plan import last_day
from audits.models import Run, RunState
from governance.catalog.models import Stage, UseCase, Version
from governance.gates.models import Approval
from governance.reports.public import keeping
from governance.reports.public.models import PublicPage, PublicSummary

IN_USE = (Stage.PILOT, Stage.PRODUCTION)
MOST_RUNS = 200


@dataclass(frozen=True)
class Shown:
    """The newest summary at an address, and until when it is kept (None while the tool is in use)."""

    summary: PublicSummary
    kept_until: dt.datetime | None
    over: bool


def uses(page: PublicPage) -> list[keeping.Use]:
    """When the version was approved for the use case, at pilot or production. One query."""
    approvals = Approval.objects.filter(version=page.version_id, use_case=page.use_case_id, stage__in=IN_USE)
    rows = approvals.values_list("granted_at", "expires_at", "ended_at")
    return [(granted, min(expires, ended) if ended else expires) for granted, expires, ended in rows]


def shown_at(public_id: uuid.UUID, *, at: dt.datetime) -> Shown | None:
    """What stands at a public address; None where nothing ever did. Two queries."""
    summary = newest(PublicSummary.objects.filter(page__public_id=public_id))
    return None if summary is None else _shown(summary, at=at)


def newest(summaries: QuerySet[PublicSummary]) -> PublicSummary | None:
    return summaries.select_related("page", "published_by").order_by("-number", "-pk").first()


def _shown(summary: PublicSummary, *, at: dt.datetime) -> Shown:
    until = keeping.kept_until(uses(summary.page), published_at=summary.published_at, at=at)
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
    """The versions that were audited for a use case, newest audit first. Three queries, and two for each page."""
    runs = Run.objects.filter(kind="ll144", state=RunState.SUCCEEDED, use_case=use_case.slug)
    newest_of: dict[str, Run] = {}
    for run in runs.order_by("-finished_at", "-pk")[:MOST_RUNS]:
        newest_of.setdefault(run.subject_digest, run)
    found = Version.objects.filter(digest__in=newest_of).select_related("entry")
    versions = {version.digest: version for version in found}
    pages = {page.version_id: page for page in PublicPage.objects.filter(use_case=use_case)}
    made = []
    for digest, run in newest_of.items():
        version = versions.get(digest)
        if version is None or run.finished_at is None:
            continue
        page = pages.get(version.pk)
        summary = newest(page.summaries.all()) if page is not None else None
        published = _shown(summary, at=at) if summary is not None else None
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
