"""Overrides by two administrators as they are read: by facts, by pages, by the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet

from governance.catalog.models import UseCase, Version
from governance.people.models import User
from governance.policies.answered import EXPIRED
from governance.policies.models import AdminOverride, OverrideState
from governance.policies.moments import utc
from governance.policies.overriding import PEOPLE, VOTE
from governance.policies.uses import Use, among

STATES = (*OverrideState.values, EXPIRED)
# What is said of overrides, by number: by whom, until when, why, and of what.
TOLD = """
    SELECT override.id, jsonb_build_object(
        'id', override.id, 'proposed_by', coalesce(nullif(proposer.name, ''), proposer.email),
        'confirmed_by', coalesce(nullif(confirmer.name, ''), confirmer.email), 'reason', override.reason,
        'expires_at', override.expires_at, 'targets', override.items
    ) AS said
    FROM policies_adminoverride override
    JOIN people_user proposer ON proposer.id = override.proposed_by_id
    LEFT JOIN people_user confirmer ON confirmer.id = override.decided_by_id
    WHERE override.id = ANY(%(overrides)s)
"""


def in_facts_of(uses: Sequence[Use], *, at: dt.datetime) -> list[list[dict[str, Any]]]:
    """For each use the overrides in force at ``at`` in exactly its scope, as the facts document has them. One query.

    What was confirmed for one tier is not confirmed for another.
    """
    found: dict[tuple[int, int, str, str], list[dict[str, Any]]] = {}
    for one in AdminOverride.objects.in_force(at=at).filter(**among(uses)).order_by("pk"):
        told = {"id": one.pk, "until": utc(one.expires_at), "items": one.items, "reason": one.reason}
        found.setdefault((one.version_id, one.use_case_id, one.stage, one.tier), []).append(told)
    return [list(found.get((*one.key, one.use_case.tier), ())) for one in uses]


def told(said: dict[str, Any]) -> dict[str, Any]:
    """What is said of an override wherever it opens a gate, from what ``TOLD`` gives."""
    until = utc(dt.datetime.fromisoformat(said["expires_at"]))
    return {**said, "expires_at": until, "targets": targets(said["targets"])}


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
