"""What is approved of the datasets and bases that a version was made from: facts, and who asks for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db.models import Max, Q, TextField
from django.db.models.functions import Cast

from governance.catalog.models import Relation, SubjectKind, UseCase, Version
from governance.policies.expressions import UPSTREAM
from governance.policies.models import PolicyVersion

BASES = (Relation.FINETUNE, Relation.ADAPTER, Relation.MERGE, Relation.QUANTIZED)


def facts(*, version: Version, use_case: UseCase, stage: str, at: dt.datetime) -> dict[str, Any]:
    """How many datasets and bases a version names, how many are approved for the same use and stage, and until when.

    Of what is named without a revision the newest version counts. Two queries.
    """
    named: dict[str, dict[int, Q]] = {"datasets": {}, "bases": {}}
    for edge in version.edges.select_related("to_entry").order_by("pk"):
        entry = edge.to_entry
        pinned = Q(entry=entry.pk, revision=edge.to_revision) if edge.to_revision else Q(pk=entry.latest_id)
        if entry.kind == SubjectKind.DATASET:
            named["datasets"][entry.pk] = pinned
        elif entry.kind == SubjectKind.MODEL and edge.relation in BASES:
            named["bases"][entry.pk] = pinned
    wanted = Q(pk__in=[])
    for pinned in (one for group in named.values() for one in group.values()):
        wanted |= pinned
    ends: dict[int, dt.datetime] = {}
    if any(named.values()):
        # Approvals are kept in a room above, which versions know by its name.
        held = Version.objects.filter(
            wanted,
            approvals__use_case=use_case,
            approvals__stage=stage,
            approvals__ended_at=None,
            approvals__granted_at__lte=at,
            approvals__next_boundary__gt=at,
        )
        until = held.order_by().values("entry").annotate(until=Max("approvals__next_boundary"))
        ends = dict(until.values_list("entry", "until"))
    told: dict[str, Any] = {}
    for name, entries in named.items():
        approved = sorted(ends[entry].isoformat() for entry in entries if entry in ends)
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


def requirements_asking(document: Mapping[str, Any]) -> frozenset[str]:
    """The requirements of a policy's document whose condition asks for what a version was made from."""
    return frozenset(
        str(one["id"])
        for one in document["requirements"]
        if any(name in str(one.get("satisfiedIf") or "") for name in UPSTREAM)
    )
