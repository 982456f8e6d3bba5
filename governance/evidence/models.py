"""What stands behind a version in a use case: uploads and what they are attached to."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.people.models import User
from governance.people.queries import teams_seen_by


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, user: User) -> UploadQuerySet:
        """One's own uploads, and those attached to a use case of a team that one sees."""
        seen = teams_seen_by(user)
        if seen is None:
            return self
        return self.filter(models.Q(uploaded_by=user) | models.Q(attachments__use_case__owner_team__in=seen)).distinct()


class Upload(models.Model):
    """A file that a person sent: who, when, under which name. The bytes are a blob."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    blob = models.ForeignKey("audits.Blob", on_delete=models.PROTECT, related_name="uploads")
    filename = models.CharField(max_length=255)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()

    objects = UploadQuerySet.as_manager()

    def __str__(self) -> str:
        return self.filename


class Attachment(models.Model):
    """An upload as evidence for one version in one use case. The newest of a role is the one that counts."""

    class Role(models.TextChoices):
        PREDICTIONS = "predictions", _("Predictions")
        DATA = "data", _("Data")
        REFERENCE = "reference", _("Data to compare with")
        TEXTS = "texts", _("Counterfactual texts with answers")
        SUITE = "suite", _("Functional suite with answers")
        FILES = "files", _("Model files")
        STRESS = "stress", _("Inputs for a stress audit")
        CARD = "card", _("Card")
        LICENCE = "licence", _("Licence")
        MANUAL = "manual", _("Other document")

    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="attachments")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="attachments")
    role = models.CharField(max_length=12, choices=Role)
    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, related_name="attachments")
    attached_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    attached_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["version", "use_case", "role", "-attached_at", "-id"])]

    def __str__(self) -> str:
        return f"{self.role} for {self.version} in {self.use_case}"


class StressCase(models.Model):
    """An input that somebody kept as a permanent test of an entry: every later stress audit there asks it too.

    ``use_case`` is where it was found, and whose audits ask it; empty for audits of every use case. A case that is no
    longer asked keeps its row.
    """

    entry = models.ForeignKey("catalog.Entry", on_delete=models.PROTECT, related_name="stress_cases")
    use_case = models.ForeignKey(
        "catalog.UseCase", on_delete=models.PROTECT, related_name="stress_cases", null=True, blank=True
    )
    input = models.JSONField()
    expected = models.CharField(max_length=200)
    note = models.CharField(max_length=300, blank=True)
    found_in = models.ForeignKey("audits.Run", on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kept_at = models.DateTimeField()
    dropped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["entry", "use_case", "dropped_at"], name="stress_case_asked")]

    def __str__(self) -> str:
        return f"stress case {self.pk} of {self.entry}"


class PilotReport(models.Model):
    """What a pilot showed, as the use case's owner signs it: declared by a person, with a file that it rests on.

    ``drift`` and ``cost_per_1000`` are empty where nobody measured them: that is unknown and not 0.
    """

    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="pilot_reports")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="pilot_reports")
    started_on = models.DateField()
    ended_on = models.DateField()
    requests = models.PositiveBigIntegerField()
    complaints = models.PositiveBigIntegerField()
    drift = models.FloatField(null=True, blank=True)
    cost_per_1000 = models.FloatField(null=True, blank=True)
    rollback_drill_on = models.DateField(null=True, blank=True)
    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, related_name="+")
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_on__gte=models.F("started_on")), name="pilot_ends_after_start"
            ),
            models.CheckConstraint(
                condition=models.Q(complaints__lte=models.F("requests")), name="pilot_complaints_of_requests"
            ),
        ]
        indexes = [models.Index(fields=["version", "use_case", "-signed_at", "-id"], name="pilot_newest")]

    def __str__(self) -> str:
        return f"pilot of {self.version} in {self.use_case}, {self.started_on} to {self.ended_on}"

    @property
    def days(self) -> int:
        """How many days it ran, the first and the last included."""
        return (self.ended_on - self.started_on).days + 1


class DecisionRecord(models.Model):
    """How a use case makes its model: taken as it is, adapted or tuned, and the measured errors that this rests on."""

    class Approach(models.TextChoices):
        AS_IS = "as_is", _("Taken as it is")
        ADAPTER = "adapter", _("Adapter")
        FINE_TUNE = "fine_tune", _("Fine-tuned")

    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="decision_records")
    approach = models.CharField(max_length=10, choices=Approach)
    measured_errors = models.TextField()
    reason = models.TextField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["use_case", "-decided_at", "-id"], name="decision_record_newest")]

    def __str__(self) -> str:
        return f"{self.approach} for {self.use_case}"


class KeptTrialQuerySet(models.QuerySet["KeptTrial"]):
    def visible_to(self, user: User) -> KeptTrialQuerySet:
        """Those in use cases of teams that a person sees."""
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(use_case__owner_team__in=seen)


class KeptTrial(models.Model):
    """A trial that somebody keeps as evidence: what was typed and answered is the run's, which is not asked again.

    Who keeps one has looked and made nothing that is judged, so reviewers may.
    """

    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="kept_trials")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="kept_trials")
    run = models.OneToOneField("audits.Run", on_delete=models.PROTECT, related_name="kept_trial")
    note = models.CharField(max_length=500, blank=True)
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kept_at = models.DateTimeField()

    objects = KeptTrialQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["version", "use_case", "-kept_at", "-id"], name="kept_trial_newest")]

    def __str__(self) -> str:
        return f"trial {self.run_id} of {self.version} in {self.use_case}"
