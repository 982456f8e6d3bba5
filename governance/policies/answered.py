"""What one person asks for and a second one answers: waivers, and overrides by administrators."""

from __future__ import annotations

import datetime as dt
from typing import Any, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from governance.catalog.models import Stage, Tier
from governance.people.models import User
from governance.people.queries import teams_seen_by

PROPOSED, ACTIVE, REJECTED, REVOKED = "proposed", "active", "rejected", "revoked"
# What is over by its end alone; no row is written for that.
EXPIRED = "expired"


class Answered(models.Model):
    """Something for one version, stage and use case of a tier, until a date. It is proposed; a second person puts it in
    force or rejects it; what is in force can be revoked. ``edition`` grows with every step.
    """

    stage = models.CharField(max_length=12, choices=Stage)
    tier = models.CharField(max_length=8, choices=Tier)
    reason = models.TextField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=12, default=PROPOSED)
    edition = models.PositiveIntegerField(default=1)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.TextField(blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.TextField(blank=True)

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=Answered)


class AnsweredQuerySet(models.QuerySet[Row]):
    def in_force(self, *, at: dt.datetime) -> Self:
        """Those that hold at ``at``: accepted, not revoked, not over.

        When it was accepted is not asked: a run that ended a moment before may be judged a moment after.
        """
        return self.filter(Q(state=ACTIVE, expires_at__gt=at))

    def with_standing(self) -> Self:
        """Each with ``standing``: its state at this moment by the database's clock, ``expired`` among them."""
        over = When(Q(state__in=[PROPOSED, ACTIVE], expires_at__lte=Now()), then=Value(EXPIRED))
        return self.annotate(standing=Case(over, default=F("state"), output_field=models.CharField()))

    def visible_to(self, user: User) -> Self:
        """Those of the teams that the person sees."""
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(Q(use_case__owner_team__in=seen))


def state_is_told(name: str, **of_revoked: Any) -> models.CheckConstraint:
    """That a row says who took each of its steps and when, and of no other.

    Args:
        of_revoked: what else holds of one that was revoked.
    """
    decided = {"decided_at__isnull": False, "decided_by__isnull": False}
    revoked = {"revoked_at__isnull": False, "revoked_by__isnull": False}
    standing: dict[str, Any] = {"revoked_at": None, "revoked_by": None}
    return models.CheckConstraint(
        condition=Q(state=PROPOSED, decided_at=None, decided_by=None, **standing)
        | Q(state__in=[ACTIVE, REJECTED], **decided, **standing)
        | Q(state=REVOKED, **decided, **revoked, **of_revoked),
        name=name,
    )
