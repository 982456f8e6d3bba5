"""People's wishes to have something of the Hub brought in: a repository imported, a version's files fetched."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audits.work import Due, Told, Work, lease_while_running
from governance.catalog.models.entries import SubjectKind
from governance.catalog.models.versions import Version
from governance.people.models import Team, User
from governance.people.queries import teams_seen_by


class FetchState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")


class FetchRequest(Work, Due, Told):
    """Somebody's wish to have a version's files fetched from the Hub, and what came of it.

    A worker may go on only while ``attempt`` is its own and ``lease_until`` lies ahead. ``left_out`` counts files that
    were over the budget or not what is listed: they stay unread, which blocks whatever needs them.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="fetches")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=FetchState, default=FetchState.QUEUED)
    bytes_done = models.PositiveBigIntegerField(default=0)
    bytes_known = models.PositiveBigIntegerField(default=0)
    fetched = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    code = models.CharField(max_length=60, blank=True)
    message = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=Q(state__in=["queued", "running"]), name="fetch_one_open"
            ),
            lease_while_running("fetch_lease_while_running"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=["queued", "running"]), name="fetch_open"),
            models.Index(fields=["version", "-requested_at", "-id"], name="fetch_newest"),
        ]

    def __str__(self) -> str:
        return f"files of {self.version}"


class ImportState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")


class ImportRequestQuerySet(models.QuerySet["ImportRequest"]):
    def visible_to(self, user: User) -> ImportRequestQuerySet:
        """One's own requests, and those for teams that one sees."""
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(Q(requested_by=user) | Q(team__in=seen))


class ImportRequest(Work, Due, Told):
    """Somebody's wish to have a repository of the Hub imported, and what came of it.

    A worker may end it only while ``attempt`` is its own. ``due_at`` lies in the future while the Hub is given time
    to recover; ``told_at`` is when a message last told the workers.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=8, choices=SubjectKind)
    repo_id = models.CharField(max_length=256)
    revision = models.CharField(max_length=40, blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=ImportState, default=ImportState.QUEUED)
    code = models.CharField(max_length=60, blank=True)
    message = models.TextField(blank=True)
    change = models.CharField(max_length=9, blank=True)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = ImportRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            lease_while_running("import_lease_while_running"),
            models.CheckConstraint(
                condition=Q(state="done", version__isnull=False) | (~Q(state="done") & Q(version=None)),
                name="import_version_when_done",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=["queued", "running"]), name="import_open"),
            models.Index(fields=["-requested_at", "-id"], name="import_newest"),
        ]

    def __str__(self) -> str:
        return f"import of {self.kind} {self.repo_id}"
