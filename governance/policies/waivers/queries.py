"""Waivers as they are read: by facts, by pages, by the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce, JSONObject, NullIf

from audits.models import Finding, Severity
from governance.catalog.models import UseCase, Version
from governance.people.models import User
from governance.policies.models import EXPIRED, Waiver, WaiverState
from governance.policies.moments import utc

# Findings that keep an audit from passing; the others are remarks.
FAILING = (Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
# Beyond so many findings no waiver that names them can name all: it may name fewer.
MOST_FAILING = 500
STATES = (*WaiverState.values, EXPIRED)


def in_facts(*, version: Version, use_case: UseCase, stage: str, at: dt.datetime) -> list[dict[str, Any]]:
    """The waivers in force at ``at`` in exactly this scope, as the facts document has them. One query.

    What was accepted for one tier is not accepted for another.
    """
    rows = (
        Waiver.objects.in_force(at=at)
        .filter(version=version, use_case=use_case, stage=stage, tier=use_case.tier)
        .select_related("policy")
        .order_by("pk")
    )
    return [
        {
            "id": waiver.pk,
            "requirement": waiver.requirement,
            "policy": waiver.policy.name,
            "findings": sorted(waiver.findings),
            "until": utc(waiver.expires_at),
            "compensating_control": waiver.compensating_control,
        }
        for waiver in rows
    ]


def failing_findings(runs: Iterable[int]) -> Mapping[int, list[str]]:
    """The fingerprints of what keeps each run from passing, each once and in order. One query."""
    found: dict[int, list[str]] = {}
    rows = Finding.objects.filter(run__in=list(runs), severity__in=FAILING).order_by("run", "fingerprint")
    for run, fingerprint in rows.values_list("run_id", "fingerprint").distinct():
        listed = found.setdefault(run, [])
        if len(listed) < MOST_FAILING:
            listed.append(fingerprint)
    return found


def told(numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What is said of waivers beside their requirements, by number: by whom, until when, what instead. One query."""
    return {row["id"]: row for row in Waiver.objects.filter(pk__in=list(numbers)).values_list(_SAID, flat=True)}


_SAID = JSONObject(
    id=F("pk"),
    by=Coalesce(NullIf(F("decided_by__name"), Value("")), F("decided_by__email")),
    expires_at=F("expires_at"),
    compensating_control=F("compensating_control"),
)


def listed(user: User) -> QuerySet[Waiver]:
    """The waivers that a person sees, each with its standing at this moment and what a row of a list shows."""
    return (
        Waiver.objects.visible_to(user)
        .with_standing()
        .select_related("version__entry", "use_case__owner_team", "policy", "requested_by", "decided_by", "revoked_by")
    )


def standing_at(waivers: QuerySet[Waiver], state: str) -> QuerySet[Waiver]:
    """Those of ``listed`` waivers that stand at ``state``, ``expired`` among them, at this moment."""
    return waivers.filter(**{"standing": state})


def of_scope(user: User, *, version: Version, use_case: UseCase, stage: str) -> list[Waiver]:
    """Every waiver of a version in a use case at a stage, newest first. One query."""
    found = listed(user).filter(version=version, use_case=use_case, stage=stage)
    return list(found.order_by("-requested_at", "-pk")[:50])


def of_version(user: User, *, version: Version) -> list[Waiver]:
    """Every waiver of a version, newest first. One query."""
    return list(listed(user).filter(version=version).order_by("-requested_at", "-pk")[:50])
