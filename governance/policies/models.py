"""Policies: what a version needs before it may run. Text in, published as it is, never changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Policy(models.Model):
    """A policy by name. Its newest version that is effective applies until the policy is retired."""

    name = models.SlugField(max_length=80, unique=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """One published text of a policy. Immutable in the database.

    ``sha256`` is the digest of the normalised document (RFC 8785), which decisions quote. ``effective_at`` is the
    moment from which it is used; without one that is its publication.
    """

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField()
    document = models.JSONField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    effective_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "number"], name="policy_version_number_once")]

    def __str__(self) -> str:
        return f"{self.policy} {self.number}"


class BackTestState(models.TextChoices):
    QUEUED = "queued", _("Waiting for a worker")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class BackTest(models.Model):
    """What a text would do to the portfolio if it were published: asked for by a person, done by a worker.

    ``counts`` are how many approvals in force and open submissions were looked at and how many of them would flip. A
    worker holds it until ``lease_until``; one that is lost is taken over by the next that is told.
    """

    policy_name = models.SlugField(max_length=80)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=BackTestState, default=BackTestState.QUEUED)
    counts = models.JSONField(default=dict)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["sha256", "state", "-finished_at"], name="back_test_by_document")]

    def __str__(self) -> str:
        return f"{self.policy_name}: {self.state}"


class Flip(models.Model):
    """One approval or submission that a back-test found to come out otherwise, and why."""

    class What(models.TextChoices):
        APPROVAL = "approval", _("Approval")
        SUBMISSION = "submission", _("Submission")

    back_test = models.ForeignKey(BackTest, on_delete=models.CASCADE, related_name="flips")
    what = models.CharField(max_length=10, choices=What)
    number = models.BigIntegerField()
    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="+")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=12)
    before = models.CharField(max_length=8)
    after = models.CharField(max_length=8)
    reason_codes = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["back_test", "what", "number"], name="flip_once"),
            models.CheckConstraint(condition=~Q(before=models.F("after")), name="flip_comes_out_otherwise"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.number}: {self.before} to {self.after}"
