"""Submissions, votes and decisions."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from governance.catalog.models import Stage
from governance.people.models import Lane, User
from governance.people.queries import teams_seen_by


class SubmissionState(models.TextChoices):
    IN_REVIEW = "in_review", _("In review")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    SUPERSEDED = "superseded", _("Superseded")


OPEN_STATES = (SubmissionState.IN_REVIEW, SubmissionState.CHANGES_REQUESTED)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: User) -> SubmissionQuerySet:
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(use_case__owner_team__in=seen)

    def open(self) -> SubmissionQuerySet:
        return self.filter(state__in=OPEN_STATES)


class Submission(models.Model):
    """A request to let one version run for one use case at one stage.

    ``edition`` counts changes; whoever acts names the edition they saw (If-Match). ``evaluation`` is the newest
    verdict with its requirements, computed from ``facts``; a decision freezes both.
    """

    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="submissions")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="submissions")
    stage = models.CharField(max_length=12, choices=Stage)
    state = models.CharField(max_length=20, choices=SubmissionState, default=SubmissionState.IN_REVIEW)
    round = models.PositiveSmallIntegerField(default=1)
    edition = models.PositiveIntegerField(default=1)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()
    verdict = models.CharField(max_length=8, blank=True)
    evaluation = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    facts_sha256 = models.CharField(max_length=64, blank=True)
    evaluated_at = models.DateTimeField(null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "use_case", "stage"],
                condition=Q(state__in=["in_review", "changes_requested"]),
                name="submission_one_open",
            ),
        ]
        indexes = [models.Index(fields=["state", "-submitted_at", "-id"])]

    def __str__(self) -> str:
        return f"{self.version} for {self.stage} in {self.use_case}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


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
