"""Approvals: which exact version may run, for which use case, at which stage, until when."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.catalog.models import Stage
from governance.people.models import User
from governance.people.queries import teams_seen_by


class EndedReason(models.TextChoices):
    REPLACED = "replaced", _("replaced by a newer approval")
    EVIDENCE_FAILED = "evidence_failed", _("a later audit failed")
    REVOKED = "revoked", _("revoked")
    SUSPENDED = "suspended", _("suspended")
    TIER_CHANGED = "tier_changed", _("the use case has another risk tier")


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def in_force(self, *, at: dt.datetime) -> ApprovalQuerySet:
        """Approvals that hold at ``at``: granted, not expired, not ended early."""
        still_open = Q(ended_at__isnull=True) | Q(ended_at__gt=at)
        return self.filter(still_open, granted_at__lte=at, expires_at__gt=at)

    def visible_to(self, user: User) -> ApprovalQuerySet:
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(use_case__owner_team__in=seen)


class Approval(models.Model):
    """Permission for one exact version to run for one use case at one stage, until a date.

    A row is never revived: ending sets ``ended_at`` once, and a new grant is a new row, so the table is its
    own history. ``conditions`` are the requirements that go stale, each with its ``holds_until``;
    ``next_boundary`` is the first moment at which the answer may change by time alone.
    """

    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="approvals")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="approvals")
    stage = models.CharField(max_length=12, choices=Stage)
    verdict = models.CharField(max_length=8)
    policies = models.JSONField(default=list)
    requirements = models.JSONField(default=list)
    conditions = models.JSONField(default=list)
    facts_sha256 = models.CharField(max_length=64)
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    next_boundary = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=20, choices=EndedReason, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("granted_at")), name="approval_ends_after_start"),
            models.CheckConstraint(condition=Q(verdict__in=["allow", "warn"]), name="approval_verdict_opens"),
            models.CheckConstraint(condition=Q(next_boundary__lte=F("expires_at")), name="approval_boundary_in_time"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_reason="") | Q(ended_at__isnull=False, ended_reason__gt=""),
                name="approval_end_has_reason",
            ),
            models.UniqueConstraint(
                fields=["version", "use_case", "stage"], condition=Q(ended_at=None), name="approval_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} for {self.stage} until {self.expires_at:%Y-%m-%d}"


class Closure(models.Model):
    """An approval that a suspension has ended: the list of what it closed. Never changes."""

    suspension = models.ForeignKey("catalog.Suspension", on_delete=models.PROTECT, related_name="closures")
    approval = models.OneToOneField(Approval, on_delete=models.PROTECT, related_name="closure")

    def __str__(self) -> str:
        return f"{self.approval}: closed by suspension {self.suspension_id}"


class ReviewStanding(models.Model):
    """Where the newest review of a version stands, for answering a pipeline that asks before there is an approval.

    The room ``reviews`` writes it with every evaluation and decision; it opens nothing.
    """

    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="review_standings")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="review_standings")
    stage = models.CharField(max_length=12, choices=Stage)
    submission = models.BigIntegerField()
    state = models.CharField(max_length=20)
    verdict = models.CharField(max_length=8)
    evaluation = models.JSONField(default=dict)
    facts_sha256 = models.CharField(max_length=64, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "use_case", "stage"], name="review_standing_one"),
        ]

    def __str__(self) -> str:
        return f"{self.version} for {self.stage}: {self.state}"
