"""What people say about licences beside the shipped table, and what has to be judged again when that changes."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Self, TypeVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from audits.work import Told, Work, lease_while_running
from governance.people.models import User
from governance.people.queries import teams_seen_by

LONGEST_OVERRIDE = dt.timedelta(days=366)
_Said = TypeVar("_Said", bound="Said")


class SaidQuerySet(models.QuerySet[_Said]):
    """Statements of people, which are ended and never edited."""

    def in_force(self, *, at: dt.datetime | None = None) -> Self:
        """Statements that hold at ``at``; without it now, by the database's clock."""
        moment: Any = Now() if at is None else at
        return self.filter(Q(ended_at=None) | Q(ended_at__gt=moment), made_at__lte=moment)


class Said(models.Model):
    """Something that a person said on a day. Only its end is ever added; a change is a new row."""

    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_reason = models.TextField(blank=True)

    class Meta:
        abstract = True


class CorrectionQuerySet(SaidQuerySet["Correction"]):
    pass


class Correction(Said):
    """A lawyer's value for one cell of the licence table, laid over the shipped one."""

    licence = models.CharField(max_length=80)
    column = models.CharField(max_length=40)
    value = models.CharField(max_length=500, blank=True)
    source_ref = models.CharField(max_length=500)
    reason = models.TextField()

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["licence", "column"], condition=Q(ended_at=None), name="correction_one_open_per_cell"
            ),
        ]
        indexes = [models.Index(fields=["licence", "-made_at", "-id"], name="correction_of_licence")]

    def __str__(self) -> str:
        return f"{self.licence} {self.column} = {self.value}"

    def as_overlay(self) -> dict[str, str]:
        """The correction as ``licenses`` takes it."""
        return {"licence": self.licence, "column": self.column, "value": self.value, "source_ref": self.source_ref}


class AnnotationQuerySet(SaidQuerySet["Annotation"]):
    pass


class Annotation(Said):
    """A legal note on a clause of a licence, or without a column on the whole of it. It applies to every model."""

    licence = models.CharField(max_length=80)
    column = models.CharField(max_length=40, blank=True)
    text = models.TextField()

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["licence", "column", "-made_at", "-id"], name="annotation_of_clause")]

    def __str__(self) -> str:
        return f"note on {self.licence} {self.column}".rstrip()


class OverrideQuerySet(SaidQuerySet["Override"]):
    def in_force(self, *, at: dt.datetime | None = None) -> Self:
        """Overrides that hold at ``at``: neither ended nor past their date. Without it now, by the database's clock."""
        return super().in_force(at=at).filter(until__gt=Now() if at is None else at)

    def visible_to(self, user: User) -> Self:
        """Overrides on entries that a person sees; those for a team's use case within that team only."""
        seen = teams_seen_by(user)
        if seen is None:
            return self
        return self.filter(
            Q(entry__team=None) | Q(entry__team__in=seen), Q(use_case=None) | Q(use_case__owner_team__in=seen)
        )


class Override(Said):
    """A reviewer's word that one finding on an entry does not stand in the way, until a date.

    It covers every version of the entry on which the same finding (code and chain) turns up; without a use case, in
    every use case.
    """

    entry = models.ForeignKey("catalog.Entry", on_delete=models.PROTECT, related_name="licence_overrides")
    use_case = models.ForeignKey(
        "catalog.UseCase", on_delete=models.PROTECT, null=True, blank=True, related_name="licence_overrides"
    )
    code = models.CharField(max_length=40)
    chain = models.JSONField()
    reason = models.TextField()
    until = models.DateTimeField()

    objects = OverrideQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("made_at")), name="override_ends_after_start"),
            models.CheckConstraint(
                condition=Q(until__lte=F("made_at") + LONGEST_OVERRIDE), name="override_within_a_year"
            ),
        ]
        indexes = [models.Index(fields=["entry", "until"], name="override_of_entry")]

    def __str__(self) -> str:
        return f"{self.code} on {self.entry} until {self.until:%Y-%m-%d}"


class TextReviewQuerySet(SaidQuerySet["TextReview"]):
    def visible_to(self, user: User) -> Self:
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(Q(entry__team=None) | Q(entry__team__in=seen))


class TextReview(Said):
    """A reviewer has read the licence text of an entry that names a licence of its own.

    It speaks for every version that holds a licence file of the same bytes (``sha256``, or where the Hub tells only
    that, the same ``git_oid``), and for no other.
    """

    entry = models.ForeignKey("catalog.Entry", on_delete=models.PROTECT, related_name="licence_text_reviews")
    path = models.CharField(max_length=1000)
    sha256 = models.CharField(max_length=64)
    git_oid = models.CharField(max_length=64, blank=True)
    note = models.TextField(blank=True)

    objects = TextReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="text_review_names_a_sha256"),
        ]
        indexes = [models.Index(fields=["entry", "-made_at", "-id"], name="text_review_of_entry")]

    def __str__(self) -> str:
        return f"{self.path} of {self.entry} read"


class MetDutyQuerySet(SaidQuerySet["MetDuty"]):
    def visible_to(self, user: User) -> Self:
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(use_case__owner_team__in=seen)


class MetDuty(Said):
    """A person attests that an obligation of a version is met in a use case, and how."""

    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="met_duties")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="met_duties")
    code = models.CharField(max_length=40)
    note = models.TextField()

    objects = MetDutyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "use_case", "code"], condition=Q(ended_at=None), name="met_duty_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} met by {self.version} in {self.use_case}"


class Standing(models.Model):
    """How the newest version of an entry stands under the organisation's default profile, for lists and the licence
    page. It decides nothing: what is decided on is a run for a use case.
    """

    entry = models.OneToOneField("catalog.Entry", on_delete=models.CASCADE, related_name="licence_standing")
    version = models.ForeignKey("catalog.Version", on_delete=models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=12)
    codes = ArrayField(models.CharField(max_length=40), default=list)
    inputs_digest = models.CharField(max_length=64)
    evaluated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["verdict", "entry"], name="standing_by_verdict")]

    def __str__(self) -> str:
        return f"{self.entry}: {self.verdict}"


class Cause(models.TextChoices):
    IMPORT = "import", _("a version was imported")
    CORRECTION = "correction", _("the licence table was corrected")
    OVERRIDE = "override", _("an override began or ended")
    TEXT_REVIEW = "text_review", _("a licence text was read")
    DUTY = "duty", _("an obligation was attested")
    TABLE = "table", _("the licence table was replaced")


class ReassessmentState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Reassessment(Work, Told):
    """That licences have to be judged again, and what came of it.

    ``entries`` are judged again with everything that was made from them, ``alone`` without. A worker may end it only
    while ``attempt`` is its own.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cause = models.CharField(max_length=12, choices=Cause)
    cause_ref = models.CharField(max_length=200, blank=True)
    entries = ArrayField(models.BigIntegerField(), default=list)
    alone = ArrayField(models.BigIntegerField(), default=list)
    state = models.CharField(max_length=8, choices=ReassessmentState, default=ReassessmentState.QUEUED)
    judged = models.PositiveIntegerField(default=0)
    stored_runs = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            lease_while_running("reassessment_lease_while_running"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state__in=["queued", "running"]), name="reassessment_open"),
            models.Index(fields=["cause_ref"], condition=Q(cause="table"), name="reassessment_of_table"),
        ]

    def __str__(self) -> str:
        return f"reassessment {self.pk} ({self.cause})"
