"""Waivers as they are read: by facts, by pages, by the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from audits.models import Finding, Severity
from governance.catalog.models import UseCase, Version
from governance.people.models import User
from governance.policies.answered import EXPIRED
from governance.policies.models import Waiver, WaiverState
from governance.policies.moments import utc
from governance.policies.uses import Use, among

# Findings that keep an audit from passing; the others are remarks.
FAILING = (Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
# Beyond so many findings no waiver that names them can name all: it may name fewer.
MOST_FAILING = 500
STATES = (*WaiverState.values, EXPIRED)
# What is said of waivers beside their requirements: by whom, until when, what instead.
TOLD = """
    SELECT waiver.id, jsonb_build_object(
        'id', waiver.id, 'by', coalesce(nullif(person.name, ''), person.email), 'expires_at', waiver.expires_at,
        'compensating_control', waiver.compensating_control
    ) AS said
    FROM policies_waiver waiver LEFT JOIN people_user person ON person.id = waiver.decided_by_id
    WHERE waiver.id = ANY(%(waivers)s)
"""


def in_facts(*, version: Version, use_case: UseCase, stage: str, at: dt.datetime) -> list[dict[str, Any]]:
    """The waivers in force at ``at`` in exactly this scope, as the facts document has them. One query."""
    (found,) = in_facts_of([Use(version, use_case, stage)], at=at)
    return found


def in_facts_of(uses: Sequence[Use], *, at: dt.datetime) -> list[list[dict[str, Any]]]:
    """The same for each of several uses. One query, however many.

    What was accepted for one tier is not accepted for another.
    """
    found: dict[tuple[int, int, str, str], list[dict[str, Any]]] = {}
    rows = Waiver.objects.in_force(at=at).filter(**among(uses)).select_related("policy")
    for waiver in rows.order_by("pk"):
        key = (waiver.version_id, waiver.use_case_id, waiver.stage, waiver.tier)
        found.setdefault(key, []).append(
            {
                "id": waiver.pk,
                "requirement": waiver.requirement,
                "policy": waiver.policy.name,
                "findings": sorted(waiver.findings),
                "until": utc(waiver.expires_at),
                "compensating_control": waiver.compensating_control,
            }
        )
    return [list(found.get((*one.key, one.use_case.tier), ())) for one in uses]


def failing_findings(runs: Iterable[int]) -> Mapping[int, list[str]]:
    """The fingerprints of what keeps each run from passing, each once and in order. One query."""
    found: dict[int, list[str]] = {}
    rows = Finding.objects.filter(run__in=list(runs), severity__in=FAILING).order_by("run", "fingerprint")
    for run, fingerprint in rows.values_list("run_id", "fingerprint").distinct():
        listed = found.setdefault(run, [])
        if len(listed) < MOST_FAILING:
            listed.append(fingerprint)
    return found


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
