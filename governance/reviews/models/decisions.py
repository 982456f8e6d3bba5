"""Votes on submissions, and what was decided."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.people.models import Lane
from governance.reviews.models.submissions import Submission


class Vote(models.Model):
    """One person's opinion in one lane, on the facts they saw. Never changes; a later one counts instead.

    ``copied_from`` is the person's vote on the version before, where the change between the two leaves the lane alone.
    """

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="votes")
    round = models.PositiveSmallIntegerField()
    lane = models.CharField(max_length=8, choices=Lane)
    value = models.SmallIntegerField(validators=[MinValueValidator(-2), MaxValueValidator(2)])
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="votes")
    comment = models.TextField(blank=True)
    facts_sha256 = models.CharField(max_length=64)
    cast_at = models.DateTimeField()
    copied_from = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="copies")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(value__gte=-2, value__lte=2), name="vote_from_minus_2_to_2"),
        ]
        indexes = [models.Index(fields=["submission", "cast_at", "id"])]

    def __str__(self) -> str:
        return f"{self.voter}: {self.value:+d} in {self.lane}"


class Outcome(models.TextChoices):
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    SUPERSEDED = "superseded", _("Superseded")


class Decision(models.Model):
    """How a round of a submission ended, with all it was decided on. Immutable in the database."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=20, choices=Outcome)
    verdict = models.CharField(max_length=8)
    facts = models.JSONField()
    facts_sha256 = models.CharField(max_length=64)
    evaluation = models.JSONField()
    votes = models.JSONField(default=list)
    digests = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    automatic = models.BooleanField(default=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField()
    approval = models.OneToOneField(
        "gates.Approval", on_delete=models.PROTECT, null=True, blank=True, related_name="decision"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "round"], name="decision_one_per_round"),
            models.CheckConstraint(
                condition=Q(automatic=True, decided_by=None) | Q(automatic=False, decided_by__isnull=False),
                name="decision_by_a_person_or_automatic",
            ),
            models.CheckConstraint(
                condition=Q(outcome="approved", approval__isnull=False) | (~Q(outcome="approved") & Q(approval=None)),
                name="decision_approval_when_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.submission}"
