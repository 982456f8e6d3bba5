"""Submissions: drafts, what is in review, and how reviews ended."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Now
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from governance.catalog.models import Stage
from governance.people.models import Role, User
from governance.people.queries import standing, teams_seen_by


class SubmissionState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    SUPERSEDED = "superseded", _("Superseded")


LONGEST_NOTE = 5000
OPEN_STATES = (SubmissionState.IN_REVIEW, SubmissionState.CHANGES_REQUESTED)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: User) -> SubmissionQuerySet:
        """What was submitted. A draft is not: those who prepare it find it among ``drafts_of``."""
        seen = teams_seen_by(user)
        submitted = self.exclude(state=SubmissionState.DRAFT)
        return submitted if seen is None else submitted.filter(use_case__owner_team__in=seen)

    def drafts_of(self, user: User) -> SubmissionQuerySet:
        """Drafts that a person sees: one's own, those of one's teams, and all for who submits everywhere.

        To see the whole organisation is not enough: nothing has been submitted to it yet.
        """
        held = standing(user)
        drafts = self.filter(state=SubmissionState.DRAFT)
        if held.teams_with(Role.SUBMITTER) is None:
            return drafts
        return drafts.filter(Q(submitted_by=user) | Q(use_case__owner_team__in=held.team_ids))

    def open(self) -> SubmissionQuerySet:
        return self.filter(state__in=OPEN_STATES)

    def submitted_before(self, other: Submission) -> SubmissionQuerySet:
        """Those before another; by when, not by number: one that began as a draft bears an older number."""
        return self.filter(Q(submitted_at__lt=other.submitted_at) | Q(submitted_at=other.submitted_at, pk__lt=other.pk))

    def stale(self) -> SubmissionQuerySet:
        """Those in review that have to be judged again first, by the database's clock."""
        return self.filter(state=SubmissionState.IN_REVIEW, stale_from__lte=Now())

    def judged(self) -> SubmissionQuerySet:
        """Those that were judged under the policies of now, by the database's clock."""
        return self.filter(Q(stale_from=None) | Q(stale_from__gt=Now()))


class Submission(models.Model):
    """A request to let one version run for one use case at one stage.

    ``edition`` counts changes; whoever acts names the edition they saw (If-Match). ``evaluation`` is the newest
    verdict with its requirements, computed from ``facts``; a decision freezes both. ``due_at`` is the day by which the
    round is to be decided; it closes and opens nothing. From ``stale_from`` on other policies apply than those that it
    was judged under: it is closed until it has been judged again.

    A draft is being prepared by the submitters of the use case's team; nobody else sees it and nothing judges it.
    ``submitted_at`` is then when it was last saved, ``prepared_by`` are those who wrote it, who do not judge it later.
    """

    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="submissions")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="submissions")
    stage = models.CharField(max_length=12, choices=Stage)
    state = models.CharField(max_length=20, choices=SubmissionState, default=SubmissionState.IN_REVIEW)
    round = models.PositiveSmallIntegerField(default=1)
    edition = models.PositiveIntegerField(default=1)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    prepared_by = ArrayField(models.BigIntegerField(), default=list, blank=True)
    verdict = models.CharField(max_length=8, blank=True)
    evaluation = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    facts_sha256 = models.CharField(max_length=64, blank=True)
    evaluated_at = models.DateTimeField(null=True, blank=True)
    stale_from = models.DateTimeField(null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "use_case", "stage"],
                condition=Q(state__in=["in_review", "changes_requested"]),
                name="submission_one_open",
            ),
            models.UniqueConstraint(
                fields=["version", "use_case", "stage"], condition=Q(state="draft"), name="submission_one_draft"
            ),
            models.CheckConstraint(
                condition=~Q(state="draft")
                | Q(verdict="", facts_sha256="", evaluated_at=None, due_at=None, round=1, evaluation={}, facts={}),
                name="submission_draft_is_not_judged",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("note"), LONGEST_NOTE), name="submission_note_length"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-submitted_at", "-id"]),
            models.Index(fields=["stale_from"], condition=Q(state="in_review"), name="submission_stale"),
        ]

    def __str__(self) -> str:
        return f"{self.version} for {self.stage} in {self.use_case}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    def is_stale(self, *, at: dt.datetime) -> bool:
        """Whether other policies apply at ``at`` than those that it was judged under."""
        return self.stale_from is not None and self.stale_from <= at
