"""How much risk waivers in force come to, as a sum that anybody can do again.

A waiver counts ``SEVERITY_WEIGHTS[severity] * TIER_WEIGHTS[tier]`` points while it is in force, and none before and
after. The weights are a convention of this product and no measurement: they order teams by how much they have asked
others to overlook, and say nothing of how likely harm is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, F, IntegerField, Min, Sum, Value, When
from django.db.models.functions import Now

from governance.people.models import User
from governance.policies.models import Waiver, WaiverState

SEVERITY_WEIGHTS: Mapping[str, int] = {"fail": 3, "warn": 1}
TIER_WEIGHTS: Mapping[str, int] = {"minimal": 1, "limited": 2, "high": 4, "critical": 8}


@dataclass(frozen=True)
class TeamPoints:
    """What the waivers in force in the use cases of one team come to, and when the first of them ends."""

    team: str
    waivers: int
    points: int
    first_end: datetime


def points(*, severity: str, tier: str) -> int:
    """The points of one waiver while it is in force.

    Args:
        severity: of the requirement, ``fail`` or ``warn``.
        tier: of the use case when it was asked for, ``minimal`` to ``critical``.

    Returns:
        A whole number from 1 to 24.

    Raises:
        KeyError: a severity or tier that has no weight.
    """
    return SEVERITY_WEIGHTS[severity] * TIER_WEIGHTS[tier]


def by_team(user: User) -> list[TeamPoints]:
    """The sums of every team whose waivers the person sees, most points first; by the database's clock. One query."""
    weights = [
        When(severity=severity, tier=tier, then=Value(points(severity=severity, tier=tier)))
        for severity in SEVERITY_WEIGHTS
        for tier in TIER_WEIGHTS
    ]
    rows = (
        Waiver.objects.visible_to(user)
        .filter(state=WaiverState.ACTIVE, expires_at__gt=Now())
        .values(team=F("use_case__owner_team__name"), team_id=F("use_case__owner_team"))
        .annotate(
            waivers=Count("pk"),
            points=Sum(Case(*weights, output_field=IntegerField())),
            first_end=Min("expires_at"),
        )
        .order_by("-points", "team", "team_id")
    )
    return [TeamPoints(row["team"], row["waivers"], row["points"], row["first_end"]) for row in rows]
