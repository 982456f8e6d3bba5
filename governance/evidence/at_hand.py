"""What is there for audits to be run on, read for many versions in use cases at once.

Every part is read when it is first asked for, for all that may ask for it, in a number of queries that is the same for
one and for a hundred. It is what was there at that moment: whoever changes something reads anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q

from audits.models import Blob
from governance.catalog.models import AuditPlan, FetchRequest, FetchState, File, HubScan, SubjectKind, UseCase, Version
from governance.evidence.models import Attachment, StressCase
from governance.licensing.closure import graph_above
from governance.licensing.inputs import Reader

MOST_KEPT_CASES = 500
MOST_FILES = 5_000
MOST_UPLOADS = 200


@dataclass(frozen=True)
class Asked:
    """A version in a use case, and the audits that are asked about. Its entry and card are best read with it."""

    version: Version
    use_case: UseCase
    kinds: frozenset[str]


@dataclass(frozen=True)
class Attached:
    """An upload as an attachment names it."""

    filename: str
    sha256: str
    media_type: str


class AtHand:
    """What there is of several versions in use cases."""

    def __init__(self, asked: Sequence[Asked]) -> None:
        self._asked = asked

    def attached(self, version: Version, use_case: UseCase, role: str) -> Sequence[Attached]:
        """What was attached in a role, what counts first."""
        return self._attached.get((version.pk, use_case.pk, role), ())

    def plan(self, use_case: UseCase) -> AuditPlan | None:
        """The audit plan that is in force."""
        return self._plans.get(use_case.pk)

    def manifest(self, version: Version) -> Sequence[dict[str, Any]]:
        """The rows of a version's manifest by path, and one more where there are more than ``MOST_FILES``."""
        return self._manifests.get(version.pk, ())

    def is_stored(self, sha256: str | None) -> bool:
        """Whether the bytes of a file in one of the manifests are in the store."""
        return sha256 in self._stored

    def is_fetched(self, version: Version) -> bool:
        """Whether a fetch of the version's files has ended well."""
        return version.pk in self._fetched

    def hub_scan(self, version: Version) -> HubScan | None:
        """What the Hub's scanners said last."""
        return self._hub_scans.get(version.pk)

    def kept_cases(self, entry: int, use_case: UseCase) -> list[dict[str, Any]]:
        """The permanent tests of an entry that audits in a use case ask, oldest first."""
        here = (one for one in self._cases.get(entry, ()) if one["use_case_id"] in (None, use_case.pk))
        asked = [{"id": str(one["pk"]), "input": one["input"], "expected": one["expected"]} for one in here]
        return asked[:MOST_KEPT_CASES]

    def licences(self, version: Version, use_case: UseCase) -> dict[str, Any]:
        """The inputs of the licence audit."""
        return self._licences.inputs(version.pk, use_case=use_case)

    # --- one part each -------------------------------------------------------------------------------------------

    @cached_property
    def _attached(self) -> Mapping[tuple[int, int, str], list[Attached]]:
        """One query."""
        rows = Attachment.objects.filter(
            version__in={one.version.pk for one in self._asked}, use_case__in={one.use_case.pk for one in self._asked}
        )
        named = ("upload__filename", "upload__blob__sha256", "upload__blob__media_type")
        found: dict[tuple[int, int, str], list[Attached]] = {}
        for version, use_case, role, *upload in rows.order_by("-attached_at", "-pk").values_list(
            "version_id", "use_case_id", "role", *named
        ):
            found.setdefault((version, use_case, role), []).append(Attached(*upload))
        return found

    @cached_property
    def _plans(self) -> Mapping[int, AuditPlan]:
        """One query."""
        plans = AuditPlan.objects.filter(use_case__in={one.use_case.pk for one in self._asked})
        return {one.use_case_id: one for one in plans.order_by("use_case", "-number").distinct("use_case")}

    @cached_property
    def _manifests(self) -> Mapping[int, list[dict[str, Any]]]:
        """One query."""
        # a data audit reads what a data set says of its own files
        described = {
            one.version.pk
            for one in self._asked
            if "data" in one.kinds and one.version.entry.kind == SubjectKind.DATASET
        }
        rows = File.objects.filter(version__in={*self._asking("files", "stress"), *described})
        found: dict[int, list[dict[str, Any]]] = {}
        names = ("path", "size", "sha256", "git_oid")
        for version, *row in rows.order_by("version", "path").values_list("version_id", *names).iterator():
            listed = found.setdefault(version, [])
            if len(listed) <= MOST_FILES:
                listed.append(dict(zip(names, row, strict=True)))
        return found

    @cached_property
    def _stored(self) -> frozenset[str]:
        """One query."""
        digests = {one["sha256"] for rows in self._manifests.values() for one in rows if one["sha256"]}
        if not digests:
            return frozenset()
        return frozenset(Blob.objects.filter(sha256__in=digests, erased_at=None).values_list("sha256", flat=True))

    @cached_property
    def _fetched(self) -> frozenset[int]:
        """One query."""
        done = FetchRequest.objects.filter(version__in=self._asking("files"), state=FetchState.DONE)
        return frozenset(done.values_list("version_id", flat=True))

    @cached_property
    def _hub_scans(self) -> Mapping[int, HubScan]:
        """One query."""
        scans = HubScan.objects.filter(version__in=self._asking("files"))
        return {one.version_id: one for one in scans.order_by("version", "-asked_at", "-pk").distinct("version")}

    @cached_property
    def _cases(self) -> Mapping[int, list[dict[str, Any]]]:
        """One query."""
        entries = {one.version.entry_id for one in self._asked if "stress" in one.kinds}
        here = Q(use_case__in={one.use_case.pk for one in self._asked}) | Q(use_case=None)
        rows = StressCase.objects.filter(here, entry__in=entries, dropped_at=None).order_by("pk")
        found: dict[int, list[dict[str, Any]]] = {}
        for row in rows.values("pk", "entry_id", "use_case_id", "input", "expected"):
            found.setdefault(row["entry_id"], []).append({**row})
        return found

    @cached_property
    def _licences(self) -> Reader:
        """At most nine queries."""
        versions = self._asking("license")
        return Reader(graph_above(versions), versions=versions)

    def _asking(self, *kinds: str) -> list[int]:
        """The versions of which one of the audits is asked about."""
        return sorted({one.version.pk for one in self._asked if not one.kinds.isdisjoint(kinds)})
