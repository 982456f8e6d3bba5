"""Editions of reports, what is asked to be built, when it is built by itself, and who is sent it."""

from __future__ import annotations

import uuid
import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audits.work import Due, Work, lease_while_running
from governance.people.models import Team, User
from governance.people.queries import teams_seen_by
from governance.reports.periods import Period, PeriodKind, read_period
from governance.reports.public.models import PublicPage, PublicSummary
from governance.reports.renditions.models import Form, Rendition, RenditionState

__all__ = [
    "Attached",
    "Build",
    "BuildQuerySet",
    "BuildState",
    "Cadence",
    "Calendar",
    "Edition",
    "EditionQuerySet",
    "Form",
    "Mailing",
    "PublicPage",
    "PublicSummary",
    "Rendition",
    "RenditionState",
    "Schedule",
    "Subscription",
    "organisation_time_zone",
    "scope_named",
]


# Names beside those of zones: what they mean is another thing on every machine, or nothing.
NO_ZONES = ("localtime", "Factory", "posixrules")


def require_time_zone(name: str) -> None:
    """Raises ValidationError for a name that no time zone has."""
    if name in NO_ZONES or name not in zoneinfo.available_timezones():
        raise ValidationError(_("There is no such time zone; write it as Europe/Berlin."), code="no_such_time_zone")


class Calendar(models.Model):
    """The time zone in which the organisation's days begin. One row; without it that is UTC."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[require_time_zone])

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="calendar_one_row")]

    def __str__(self) -> str:
        return self.time_zone


class EditionQuerySet(models.QuerySet["Edition"]):
    def visible_to(self, user: User) -> EditionQuerySet:
        """All for who sees the whole organisation, else those of one's teams."""
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(team__in=seen)

    def of(self, *, team: Team | None, period: str) -> EditionQuerySet:
        """The editions of one period and scope, the newest first."""
        return self.filter(team=team, period=period).order_by("-number")


class Edition(models.Model):
    """One frozen report. Immutable in the database.

    ``document`` is the SHA-256 of its bytes in the blob store, which the ledger holds as well; ``index_sha256`` names
    the blob that tells where each item lies in them. ``as_of`` is the moment it speaks of: the end of the period, or
    where that had not ended (``provisional``) the moment ``read_at``. Without a team it is of the whole portfolio.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="editions")
    kind = models.CharField(max_length=7, choices=PeriodKind)
    period = models.CharField(max_length=24)
    time_zone = models.CharField(max_length=64)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    number = models.PositiveIntegerField()
    provisional = models.BooleanField()
    as_of = models.DateTimeField()
    read_at = models.DateTimeField()
    document_sha256 = models.CharField(max_length=64, unique=True)
    content_sha256 = models.CharField(max_length=64, db_index=True)
    index_sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    previous = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    built_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    built_at = models.DateTimeField()

    objects = EditionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "period", "number"], nulls_distinct=False, name="edition_number_once"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="edition_period_ends_after_start"),
            models.CheckConstraint(
                condition=Q(provisional=False, as_of=F("ends_at"))
                | Q(provisional=True, as_of=F("read_at"), as_of__lt=F("ends_at")),
                name="edition_as_of_its_end_or_provisional",
            ),
            models.CheckConstraint(condition=Q(document_sha256__regex=r"^[0-9a-f]{64}$"), name="edition_has_digest"),
        ]
        indexes = [models.Index(fields=["-built_at", "-id"], name="edition_newest")]

    def __str__(self) -> str:
        return f"{self.period}, edition {self.number}"

    @property
    def as_period(self) -> Period:
        return read_period(self.period, time_zone=self.time_zone)


class BuildState(models.TextChoices):
    QUEUED = "queued", _("Waiting for a worker")
    RUNNING = "running", _("Being built")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class BuildQuerySet(models.QuerySet["Build"]):
    def visible_to(self, user: User) -> BuildQuerySet:
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(team__in=seen)

    def open(self) -> BuildQuerySet:
        return self.filter(state__in=[BuildState.QUEUED, BuildState.RUNNING])


class Build(Work, Due):
    """That an edition is to be built, and what came of it. Of a period and scope one at a time.

    A worker may end it only while ``attempt`` is its own; one that is lost is taken over when the lease has run out.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    period = models.CharField(max_length=24)
    time_zone = models.CharField(max_length=64)
    schedule = models.ForeignKey("Schedule", on_delete=models.SET_NULL, null=True, blank=True, related_name="builds")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=8, choices=BuildState, default=BuildState.QUEUED)
    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(null=True, blank=True)
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, null=True, blank=True, related_name="builds")
    code = models.CharField(max_length=60, blank=True)
    error = models.TextField(blank=True)

    objects = BuildQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "period"],
                condition=Q(state__in=["queued", "running"]),
                nulls_distinct=False,
                name="build_one_open",
            ),
            lease_while_running("build_lease_while_running"),
            models.CheckConstraint(
                condition=Q(state="done", edition__isnull=False) | (~Q(state="done") & Q(edition=None)),
                name="build_edition_when_done",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(state__in=["queued", "running"]), name="build_to_do")]

    def __str__(self) -> str:
        return f"build of {self.period} ({self.state})"

    @property
    def is_open(self) -> bool:
        return self.state in (BuildState.QUEUED, BuildState.RUNNING)

    @property
    def as_period(self) -> Period:
        return read_period(self.period, time_zone=self.time_zone)


class Cadence(models.TextChoices):
    MONTH = "month", _("Every month")
    QUARTER = "quarter", _("Every quarter")


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def visible_to(self, user: User) -> ScheduleQuerySet:
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(team__in=seen)


class Schedule(models.Model):
    """That an edition is built by itself: every month or quarter, some days after it has ended, at an hour of the day.

    ``seen_to`` is the last day of the newest period that was asked to be built: what was missed while nothing ran is
    what lies after it.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="report_schedules")
    cadence = models.CharField(max_length=7, choices=Cadence)
    days = models.PositiveSmallIntegerField(default=1, validators=[MaxValueValidator(28)])
    hour = models.PositiveSmallIntegerField(default=6, validators=[MaxValueValidator(23)])
    is_on = models.BooleanField(default=True)
    seen_to = models.DateField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = ScheduleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "cadence"], nulls_distinct=False, name="schedule_one_per_cadence"),
            models.CheckConstraint(condition=Q(days__lte=28, hour__lte=23), name="schedule_within_a_month"),
        ]

    def __str__(self) -> str:
        return f"{self.get_cadence_display()}: {self.team or 'portfolio'}"


class Attached(models.TextChoices):
    """What a mail brings along, beside the link."""

    NOTHING = "nothing", _("the link alone")
    PDF = "pdf", _("the PDF")
    JSON = "json", _("the document (JSON)")


class Subscription(models.Model):
    """A person's wish to be sent the editions of a scope."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="report_subscriptions")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    attached = models.CharField(max_length=7, choices=Attached, default=Attached.NOTHING)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team"], nulls_distinct=False, name="subscription_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.team or 'portfolio'}"


class Mailing(models.Model):
    """One edition to one person by mail: written with the edition, sent after it, again until the server takes it.

    ``ended_why`` is set where it is not to be sent any more: ``sent``, ``not_seen`` (the person no longer sees the
    edition) or ``given_up``.
    """

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="mailings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    attached = models.CharField(max_length=7, choices=Attached, default=Attached.NOTHING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=10, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edition", "user"], name="mailing_once"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_why="") | Q(ended_at__isnull=False, ended_why__gt=""),
                name="mailing_end_has_reason",
            ),
        ]
        indexes = [models.Index(fields=["due_at", "id"], condition=Q(ended_at=None), name="mailing_due")]

    def __str__(self) -> str:
        return f"{self.edition} to {self.user}"


def scope_named(team: Team | None) -> str:
    """A scope as the ledger and commands name it: ``portfolio`` or ``team:slug``."""
    return "portfolio" if team is None else f"team:{team.slug}"


def organisation_time_zone() -> str:
    """The time zone of the organisation's calendar. One query."""
    return Calendar.objects.values_list("time_zone", flat=True).filter(pk=Calendar.ONLY).first() or "UTC"
