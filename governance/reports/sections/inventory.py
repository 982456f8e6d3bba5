"""Section 2: every version that the scope sees, with licence, lineage, owner, stages and newest audits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from audits.models import Run
from governance.catalog.models import Edge, Suspension, Version
from governance.gates.models import Approval
from governance.reports.sections.asked import (
    READ_AT_ONCE,
    Progress,
    ReportScope,
    moment,
    silent,
    some,
    subject_of,
    title_of,
)
from governance.reports.shapes import AuditRow, InventoryItem, LineageRow, StageRow
from governance.reviews.models import Outcome, Submission, SubmissionState

IN_ORDER = ("entry__key", "entry__kind", "entry__source", "imported_at", "digest")
# How a round ends without ending what was submitted.
GOES_ON = (Outcome.CHANGES_REQUESTED,)


def in_force(asked: ReportScope) -> Any:
    """The approvals of the scope that were in force, each with the ``tier`` that it was decided for."""
    tier = KeyTextTransform("tier", KeyTransform("use_case", "decision__facts"))
    rows = Approval.objects.in_force(at=asked.as_of).filter(granted_at__lt=asked.as_of).annotate(decided_tier=tier)
    return asked.in_scope(rows).select_related("use_case")


def open_submissions(asked: ReportScope) -> Any:
    """What had been submitted and was not ended by a decision."""
    ended = Q(decisions__decided_at__lt=asked.as_of) & ~Q(decisions__outcome__in=GOES_ON)
    submitted = Submission.objects.exclude(state=SubmissionState.DRAFT).filter(submitted_at__lt=asked.as_of)
    return asked.in_scope(submitted.exclude(pk__in=Submission.objects.filter(ended).values("pk")))


def newest_audits(asked: ReportScope, digests: Collection[str]) -> dict[str, list[Run]]:
    """The newest audit of every kind and use case that had ended, by the digest of what it is about. One query."""
    rows = (
        asked.runs()
        .filter(subject_digest__in=digests)
        .order_by("subject_digest", "kind", "use_case", "-finished_at", "-pk")
        .distinct("subject_digest", "kind", "use_case")
        .defer("inputs", "packages", "summary", "error")
    )
    found: dict[str, list[Run]] = defaultdict(list)
    for run in rows:
        found[run.subject_digest].append(run)
    return found


def items(asked: ReportScope, *, progress: Progress = silent) -> Iterator[tuple[str, InventoryItem]]:
    """Every version with its title, by name. Five queries for every few hundred."""
    total, done = asked.versions().count(), 0
    rows = asked.versions().select_related("entry__team").order_by(*IN_ORDER).iterator(chunk_size=READ_AT_ONCE)
    for versions in some(rows):
        yield from _read(asked, versions)
        done += len(versions)
        progress(done, total)


def _read(asked: ReportScope, versions: Sequence[Version]) -> Iterator[tuple[str, InventoryItem]]:
    keys = [version.pk for version in versions]
    lineage, stages, reviews = _lineage(asked, keys), _stages(asked, keys), _reviews(asked, keys)
    audits, suspended = newest_audits(asked, [version.digest for version in versions]), _suspended(asked, versions)
    for version in versions:
        subject = subject_of(version)
        yield (
            title_of(subject),
            {
                "key": version.digest,
                "subject": subject,
                "manifest_digest": version.manifest_digest,
                "assurance": version.assurance,
                "licences": list(version.licenses),
                "lineage": lineage.get(version.pk, []),
                "owner": version.entry.team.slug if version.entry.team is not None else None,
                "imported_at": moment(version.imported_at) or "",
                "files": version.file_count,
                "bytes": version.byte_count,
                "library": version.library or None,
                "task": version.task or None,
                "stages": stages.get(version.pk, []),
                "audits": [audit_row(run) for run in audits.get(version.digest, ())],
                "open_reviews": reviews.get(version.pk, []),
                "suspended": version.pk in suspended,
            },
        )


def audit_row(run: Run) -> AuditRow:
    return {
        "run": run.pk,
        "kind": run.kind,
        "use_case": run.use_case or None,
        "state": run.state,
        "verdict": run.verdict or None,
        "origin": run.origin,
        "finished_at": moment(run.finished_at) or "",
        "inputs_digest": run.inputs_digest,
        "result_sha256": run.result_sha256 or None,
        "error_code": run.error_code or None,
    }


def _lineage(asked: ReportScope, keys: Collection[int]) -> dict[int, list[LineageRow]]:
    found: dict[int, list[LineageRow]] = defaultdict(list)
    rows = Edge.objects.filter(version__in=keys).order_by("relation", "to_entry__kind", "to_entry__key", "pk")
    if asked.team is not None:
        # an entry that another team has taken for its own since
        rows = rows.filter(Q(to_entry__team=None) | Q(to_entry__team=asked.team))
    for version, relation, kind, name, revision, origin in rows.values_list(
        "version_id", "relation", "to_entry__kind", "to_entry__repo_id", "to_revision", "origin"
    ):
        row: LineageRow = {"relation": relation, "kind": kind, "id": name, "revision": revision, "origin": origin}
        found[version].append(row)
    return found


def _stages(asked: ReportScope, keys: Collection[int]) -> dict[int, list[StageRow]]:
    found: dict[int, list[StageRow]] = defaultdict(list)
    for approval in in_force(asked).filter(version__in=keys).order_by("use_case__slug", "stage", "pk"):
        found[approval.version_id].append(
            {
                "use_case": approval.use_case.slug,
                "tier": approval.decided_tier or approval.use_case.tier,
                "stage": approval.stage,
                "verdict": approval.verdict,
                "granted_at": moment(approval.granted_at) or "",
                "expires_at": moment(approval.expires_at) or "",
            }
        )
    return found


def _reviews(asked: ReportScope, keys: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = open_submissions(asked).filter(version__in=keys).order_by("use_case__slug", "stage", "pk")
    for version, slug, stage, submitted_at, due_at in rows.values_list(
        "version_id", "use_case__slug", "stage", "submitted_at", "due_at"
    ):
        is_late = due_at is not None and due_at < asked.as_of
        row = {"use_case": slug, "stage": stage, "submitted_at": moment(submitted_at), "due_at": moment(due_at)}
        found[version].append({**row, "overdue": is_late})
    return found


def standing_suspensions(asked: ReportScope) -> Any:
    """The suspensions that stood on entries which the scope sees."""
    rows = Suspension.objects.filter(Q(lifted_at=None) | Q(lifted_at__gt=asked.as_of), made_at__lt=asked.as_of)
    return seen_suspensions(asked, rows)


def seen_suspensions(asked: ReportScope, rows: Any) -> Any:
    if asked.team is None:
        return rows
    return rows.filter(Q(team=None) | Q(team=asked.team), Q(entry__team=None) | Q(entry__team=asked.team))


def _suspended(asked: ReportScope, versions: Sequence[Version]) -> set[int]:
    """Those that are suspended themselves, by name or with their whole entry."""
    entries = {version.entry_id for version in versions}
    rows = set(standing_suspensions(asked).filter(entry__in=entries).values_list("entry", "version"))
    return {one.pk for one in versions if (one.entry_id, None) in rows or (one.entry_id, one.pk) in rows}
