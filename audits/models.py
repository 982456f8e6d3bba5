"""What was measured: runs, their findings, and the files they read and wrote."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Blob(models.Model):
    """A file in the content-addressed store. Its bytes may be erased; that it existed stays known."""

    sha256 = models.CharField(max_length=64, unique=True)
    bytes = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.bytes} bytes)"


class RunState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    ERRORED = "errored", _("Errored")
    TIMED_OUT = "timed_out", _("Timed out")
    CANCELLED = "cancelled", _("Cancelled")


OPEN_STATES = (RunState.QUEUED, RunState.RUNNING)


class Severity(models.TextChoices):
    INFO = "info", _("Info")
    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")


class Origin(models.TextChoices):
    """Where the evidence of a run comes from."""

    OBSERVED = "observed", _("observed: our worker read these bytes")
    DECLARED = "declared", _("declared: a person uploaded it")
    ENDPOINT = "endpoint", _("endpoint: a service answered; what stands behind it was not seen")


class RunQuerySet(models.QuerySet["Run"]):
    def for_subject(self, digest: str) -> RunQuerySet:
        return self.filter(subject_digest=digest)

    def unfinished(self) -> RunQuerySet:
        return self.filter(state__in=OPEN_STATES)

    def newest_first(self) -> RunQuerySet:
        return self.order_by("-requested_at", "-pk")


class Run(models.Model):
    """One audit of one subject digest, and what came of it.

    A worker may write only while it holds the lease with the newest ``fencing_token``. ``attempt`` counts the
    workers that have taken the run up.
    """

    kind = models.CharField(max_length=40)
    kind_version = models.PositiveSmallIntegerField()
    subject_name = models.CharField(max_length=255)
    subject_digest = models.CharField(max_length=64)
    # The use case whose plan, uploads or profile the run reads; empty when it reads the subject alone.
    use_case = models.CharField(max_length=60, blank=True, default="", db_default="")
    inputs = models.JSONField()
    inputs_digest = models.CharField(max_length=64)
    seed = models.BigIntegerField(default=0)
    packages = models.JSONField(default=dict)
    origin = models.CharField(max_length=8, choices=Origin)
    queue = models.CharField(max_length=10, default="scheduled")

    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    fencing_token = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    time_limit_s = models.PositiveIntegerField()
    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(null=True, blank=True)
    cancel_asked = models.BooleanField(default=False)
    # When a message last told the workers of this run; null asks the sweep to send one.
    woken_at = models.DateTimeField(null=True, blank=True)

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    duration_ms = models.PositiveBigIntegerField(null=True, blank=True)

    verdict = models.CharField(max_length=20, blank=True)
    summary = models.JSONField(default=dict)
    result_sha256 = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.TextField(blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            # Equal inputs are not run twice: whoever asks again gets the run that is there.
            models.UniqueConstraint(
                fields=["inputs_digest"],
                condition=Q(state__in=["queued", "running", "succeeded"]),
                name="run_once_per_inputs",
            ),
            models.CheckConstraint(
                condition=Q(state="succeeded", verdict__gt="") | (~Q(state="succeeded") & Q(verdict="")),
                name="run_verdict_with_success_only",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at=None)
                | (~Q(state__in=["queued", "running"]) & Q(finished_at__isnull=False)),
                name="run_finished_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state="running", lease_until__isnull=False) | (~Q(state="running") & Q(lease_until=None)),
                name="run_lease_while_running",
            ),
            models.CheckConstraint(
                condition=Q(progress_total=None) | Q(progress_done__lte=F("progress_total")),
                name="run_progress_within_total",
            ),
        ]
        indexes = [
            models.Index(fields=["subject_digest", "kind", "-requested_at"]),
            models.Index(
                fields=["state", "lease_until"], condition=Q(state__in=["queued", "running"]), name="run_open"
            ),
            models.Index(fields=["-requested_at", "-id"], name="run_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} run {self.pk} on {self.subject_name}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def duration(self) -> dt.timedelta | None:
        return None if self.duration_ms is None else dt.timedelta(milliseconds=self.duration_ms)


class Finding(models.Model):
    """One statement that a run makes about its subject: a code with its parameters, worded when shown.

    ``fingerprint`` = sha256(kind, code, entry, locus): the same trouble in the next version has the same one.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="findings")
    code = models.CharField(max_length=80)
    severity = models.CharField(max_length=8, choices=Severity)
    locus = models.CharField(max_length=500, blank=True)
    field = models.CharField(max_length=200, blank=True)
    line = models.PositiveIntegerField(null=True, blank=True)
    params = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["code"])]

    def __str__(self) -> str:
        return f"{self.code} ({self.severity})"
