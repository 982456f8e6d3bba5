"""What is approved of the datasets and bases that a version was made from: facts, and who asks for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from governance.catalog.models import Edge, Relation, SubjectKind, Version
from governance.policies.evaluation import AppliedPolicy
from governance.policies.expressions import UPSTREAM
from governance.policies.models import PolicyVersion
from governance.policies.uses import Use

BASES = (Relation.FINETUNE, Relation.ADAPTER, Relation.MERGE, Relation.QUANTIZED)


def facts_of(uses: Sequence[Use], *, at: dt.datetime) -> list[dict[str, Any]]:
    """For each use how many datasets and bases its version names, how many of them are approved for the same use case
    and stage, and until when.

    Of what is named without a revision the newest version counts. Two queries, however many.
    """
    named: dict[int, dict[str, dict[int, _Named]]] = {}
    edges = Edge.objects.filter(version__in={one.version.pk for one in uses}).select_related("to_entry")
    for edge in edges.order_by("pk"):
        entry = edge.to_entry
        if entry.kind == SubjectKind.DATASET:
            group = "datasets"
        elif entry.kind == SubjectKind.MODEL and edge.relation in BASES:
            group = "bases"
        else:
            continue
        pinned = _Named(edge.to_revision, entry.latest_id)
        named.setdefault(edge.version_id, {}).setdefault(group, {})[entry.pk] = pinned
    held = _held(uses, {entry for groups in named.values() for group in groups.values() for entry in group}, at=at)
    return [_told(named.get(one.version.pk, {}), held.get((one.use_case.pk, one.stage), {})) for one in uses]


@dataclass(frozen=True)
class _Named:
    """A work as a version names it: by a revision, or by what is its newest version."""

    revision: str | None
    latest: int | None

    def means(self, version: int, revision: str) -> bool:
        return revision == self.revision if self.revision else version == self.latest


# The approved versions of an entry, each with its revision and the end of its approval.
_Approved = list[tuple[int, str, dt.datetime]]


def _held(
    uses: Sequence[Use], entries: Collection[int], *, at: dt.datetime
) -> dict[tuple[int, str], dict[int, _Approved]]:
    """What is approved of entries by use case and stage. One query."""
    if not entries:
        return {}
    # Approvals are kept in a room above, which versions know by its name.
    approved = Version.objects.filter(
        entry__in=entries,
        approvals__use_case__in={one.use_case.pk for one in uses},
        approvals__stage__in={one.stage for one in uses},
        approvals__ended_at=None,
        approvals__granted_at__lte=at,
        approvals__next_boundary__gt=at,
    )
    found: dict[tuple[int, str], dict[int, _Approved]] = {}
    for use_case, stage, entry, version, revision, end in approved.order_by("pk").values_list(
        "approvals__use_case", "approvals__stage", "entry", "pk", "revision", "approvals__next_boundary"
    ):
        found.setdefault((use_case, stage), {}).setdefault(entry, []).append((version, revision, end))
    return found


def _told(named: Mapping[str, Mapping[int, _Named]], held: Mapping[int, _Approved]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name in ("datasets", "bases"):
        entries = named.get(name, {})
        meant = {
            entry: [end for version, revision, end in held.get(entry, ()) if said.means(version, revision)]
            for entry, said in entries.items()
        }
        approved = sorted(max(ends).isoformat() for ends in meant.values() if ends)
        told |= {name: len(entries), f"{name}_approved": len(approved)}
        if approved:
            told[f"{name}_until"] = approved
    return told


def asked_for() -> dict[str, frozenset[str]]:
    """The requirements that ask for what a version was made from, by the digest of the policy. One query."""
    written = Cast("document", TextField())
    quoting = Q(pk__in=[])
    for name in UPSTREAM:
        quoting |= Q(written__contains=name)
    found = PolicyVersion.objects.annotate(written=written).filter(quoting).values_list("sha256", "document")
    return {sha256: ids for sha256, document in found if (ids := requirements_asking(document))}


def ask_for_it(policies: Iterable[AppliedPolicy]) -> bool:
    """Whether one of the policies asks for what a version was made from."""
    texts = (text for policy in policies for text in policy.document.expressions)
    return any(name in text for text in texts for name in UPSTREAM)


def requirements_asking(document: Mapping[str, Any]) -> frozenset[str]:
    """The requirements of a policy's document whose condition asks for what a version was made from."""
    return frozenset(
        str(one["id"])
        for one in document["requirements"]
        if any(name in str(one.get("satisfiedIf") or "") for name in UPSTREAM)
    )
