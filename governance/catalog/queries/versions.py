"""One entry and one version with what was found of them; and how two versions differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Value, When

from audits.models import Finding, Run, Severity
from governance.catalog.models import Entry, File, Version
from governance.catalog.queries.ancestry import DOWN, UP, Lineage, lineage
from governance.catalog.queries.searching import card_audits
from governance.people.models import User

VERSIONS_SHOWN = 50
FILES_SHOWN = 500
CHANGES_SHOWN = 1000
_GRAVEST_FIRST = Case(*(When(severity=s, then=Value(-n)) for n, s in enumerate(Severity.values)), default=Value(0))


@dataclass(frozen=True)
class CardAudit:
    """The newest audit of a version's card. ``score`` is a share in [0, 1]; None where no audit has run."""

    run: Run | None
    findings: Sequence[Finding]

    @property
    def score(self) -> float | None:
        return self.run.summary.get("card_score") if self.run is not None else None

    @property
    def verdict(self) -> str:
        return self.run.verdict if self.run is not None else ""


@dataclass(frozen=True)
class VersionPage:
    """What a page on a version shows. ``files`` are the first ``FILES_SHOWN`` by path; the version counts them all."""

    entry: Entry
    version: Version
    card: CardAudit
    versions: Sequence[Version]
    files: Sequence[File]
    up: Lineage
    down: Lineage


def card_audit(version: Version) -> CardAudit:
    """The newest audit of the version's card, findings gravest first. Two queries."""
    run = card_audits([version.digest]).get(version.digest)
    if run is None:
        return CardAudit(None, [])
    return CardAudit(run, list(Finding.objects.filter(run=run).order_by(_GRAVEST_FIRST, "line", "pk")))


def version_page(*, user: User | None, version: Version) -> VersionPage:
    """A version that ``resolve`` found, with all around it. Six queries, however long its history and lineage."""
    return VersionPage(
        entry=version.entry,
        version=version,
        card=card_audit(version),
        versions=list(
            Version.objects.filter(entry=version.entry_id)
            .select_related("imported_by")
            .order_by("-imported_at", "-pk")[:VERSIONS_SHOWN]
        ),
        files=list(version.files.order_by("path", "pk")[:FILES_SHOWN]),
        up=lineage(user=user, version=version, direction=UP),
        down=lineage(user=user, entry=version.entry, direction=DOWN, depth=1),
    )


def import_document(version: Version) -> dict[str, Any]:
    """A version as ``import_card`` prints it. Three queries."""
    audit = card_audit(version)
    hops = lineage(user=None, version=version, direction=UP, depth=1).hops
    return {
        "entry": version.entry.repo_id,
        "kind": version.entry.kind,
        "source": version.entry.source,
        "revision": version.revision,
        "digest": version.digest,
        "assurance": version.assurance,
        "card": {
            "score": audit.score,
            "verdict": audit.verdict,
            "findings": [finding_document(finding) for finding in audit.findings],
        },
        "lineage": [
            {
                "relation": hop.relation,
                "kind": hop.target.kind,
                "id": hop.target.repo_id,
                "field": hop.field,
                "declared": hop.declared,
                "known": hop.target.known,
            }
            for hop in hops
        ],
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """A finding for programs: its code and parameters, not its words."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "field": finding.field,
        "line": finding.line,
        "locus": finding.locus,
        "params": finding.params,
    }


# --- two versions ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """Something that is other in the second version: ``added``, ``removed`` or ``changed``; the values as JSON."""

    name: str
    change: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class Difference:
    """How a version differs from an earlier one.

    ``roles`` are the roles of files (weights, tokenizer, …) whose digest is another: they say which lanes a review
    reopens. ``files`` and ``metadata`` hold at most ``CHANGES_SHOWN`` rows; ``truncated`` says that there are more.
    """

    before: Version
    after: Version
    roles: Sequence[Change]
    files: Sequence[Change]
    metadata: Sequence[Change]
    card_changed: bool
    truncated: bool


def diff(*, before: Version, after: Version) -> Difference:
    """What changed between two versions of an entry. Two queries for the files, up to two for the cards' metadata."""
    files = _changes(_files(before), _files(after))
    metadata = _changes(_metadata(before), _metadata(after))
    return Difference(
        before=before,
        after=after,
        roles=_changes(before.role_digests, after.role_digests),
        files=files[:CHANGES_SHOWN],
        metadata=metadata[:CHANGES_SHOWN],
        card_changed=before.card_id != after.card_id,
        truncated=max(len(files), len(metadata)) > CHANGES_SHOWN,
    )


def _files(version: Version) -> dict[str, dict[str, Any]]:
    rows = version.files.values_list("path", "size", "sha256", "git_oid", "role")
    return {
        path: {"size": size, "sha256": sha256, "git_oid": git_oid, "role": role}
        for path, size, sha256, git_oid, role in rows
    }


def _metadata(version: Version) -> dict[str, Any]:
    return dict(version.card.metadata) if version.card is not None else {}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    found = []
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            found.append(Change(name, "removed", before=before[name]))
        elif name not in before:
            found.append(Change(name, "added", after=after[name]))
        elif before[name] != after[name]:
            found.append(Change(name, "changed", before[name], after[name]))
    return found
