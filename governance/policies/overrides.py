"""Overrides by two administrators as they are read: by facts, by pages, by the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from governance.catalog.models import UseCase, Version
from governance.people.models import User
from governance.policies.models import EXPIRED, AdminOverride, OverrideState
from governance.policies.moments import utc
from governance.policies.overriding import PEOPLE, VOTE

STATES = (*OverrideState.values, EXPIRED)
WAITING_OR_IN_FORCE = (OverrideState.PROPOSED, OverrideState.ACTIVE)


def in_facts(*, version: Version, use_case: UseCase, stage: str, at: dt.datetime) -> list[dict[str, Any]]:
    """The overrides in force at ``at`` in exactly this scope, as the facts document has them. One query.

    What was confirmed for one tier is not confirmed for another.
    """
    scope = {"version": version, "use_case": use_case, "stage": stage, "tier": use_case.tier}
    rows = AdminOverride.objects.in_force(at=at).filter(**scope).order_by("pk")
    return [{"id": one.pk, "until": utc(one.expires_at), "items": one.items, "reason": one.reason} for one in rows]


def told(numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What is said of overrides wherever they open a gate, by number: by whom, until when, why, and of what."""
    rows = AdminOverride.objects.filter(pk__in=list(numbers)).select_related("proposed_by", "decided_by")
    return {
        one.pk: {
            "id": one.pk,
            "proposed_by": str(one.proposed_by),
            "confirmed_by": str(one.decided_by),
            "reason": one.reason,
            "expires_at": utc(one.expires_at),
            "targets": targets(one.items),
        }
        for one in rows
    }


def targets(items: Iterable[dict[str, Any]]) -> list[str]:
    """What an override names, as reason codes name it, each once."""
    return list(dict.fromkeys(_target(one) for one in items))


def _target(item: dict[str, Any]) -> str:
    if item["what"] == "requirement":
        return str(item["requirement"])
    return f"{VOTE}{item['lane']}" if item["what"] == "lane" else PEOPLE


def listed(user: User) -> QuerySet[AdminOverride]:
    """The overrides that a person sees, each with its standing at this moment and what a row of a list shows."""
    return (
        AdminOverride.objects.visible_to(user)
        .with_standing()
        .select_related("version__entry", "use_case__owner_team", "proposed_by", "decided_by", "revoked_by")
    )


def of_version(user: User, *, version: Version) -> list[AdminOverride]:
    """Every override of a version, newest first. One query."""
    return list(listed(user).filter(version=version).order_by("-proposed_at", "-pk")[:50])


def of_scope(user: User, *, version: Version, use_case: UseCase, stage: str) -> list[AdminOverride]:
    """Every override of a version in a use case at a stage, newest first. One query."""
    found = listed(user).filter(version=version, use_case=use_case, stage=stage)
    return list(found.order_by("-proposed_at", "-pk")[:50])
