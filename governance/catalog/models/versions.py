"""An entry's immutable versions: their files, cards, licence texts, and what the Hub's scanners said of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.catalog.models.entries import Entry, SubjectKind
from governance.people.models import User
from governance.people.queries import teams_seen_by


class Assurance(models.TextChoices):
    """How well we know a version's bytes."""

    HASHED = "hashed", _("hashed: we read every byte")
    LISTED = "listed", _("listed: the Hub's own hashes")
    CARD_ONLY = "card-only", _("card only: no file was listed with its hash")


class Card(models.Model):
    """A README.md exactly as found, and what it says. Never changes.

    ``shows`` is what stands in it of what licences ask for (``licenses.cards.read_card``); null: nobody looked.
    """

    sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, choices=SubjectKind)
    raw = models.BinaryField()
    size = models.PositiveIntegerField()
    body_offset = models.PositiveIntegerField()
    metadata = models.JSONField(default=dict)
    licenses = models.JSONField(default=list)
    score = models.FloatField()
    shows = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sha256", "kind"], name="card_once")]

    def __str__(self) -> str:
        return f"card {self.sha256[:12]}"


class VersionQuerySet(models.QuerySet["Version"]):
    def visible_to(self, user: User) -> VersionQuerySet:
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(Q(entry__team=None) | Q(entry__team__in=seen))


class Version(models.Model):
    """One immutable revision of an entry, as it was on import.

    ``digest`` is what runs and approvals bind to: SHA-256 of RFC 8785 JSON of the kind, source, repository id,
    revision and the sorted [path, size, oid] of its files. A changed card or a new commit is a new row.
    ``manifest_digest`` is the OpenSSF model-signing root, null until every file has a sha256.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="versions")
    revision = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    card = models.ForeignKey(Card, on_delete=models.PROTECT, null=True, blank=True, related_name="versions")
    manifest_digest = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 (null: not known yet)
    role_digests = models.JSONField(default=dict)
    assurance = models.CharField(max_length=9, choices=Assurance)
    file_count = models.PositiveIntegerField(default=0)
    byte_count = models.PositiveBigIntegerField(null=True, blank=True)
    library = models.CharField(max_length=80, blank=True)
    task = models.CharField(max_length=80, blank=True)
    tags = models.JSONField(default=list)
    licenses = models.JSONField(default=list)
    hub_modified_at = models.DateTimeField(null=True, blank=True)
    imported_at = models.DateTimeField()
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="version_digest_is_sha256"),
            models.CheckConstraint(
                condition=Q(revision__regex=r"^([0-9a-f]{40}|[0-9a-f]{64})$"), name="version_revision_is_sha"
            ),
        ]
        indexes = [models.Index(fields=["entry", "revision"]), models.Index(fields=["entry", "-imported_at", "-id"])]

    def __str__(self) -> str:
        return f"{self.entry}@{self.revision[:8]}"


class File(models.Model):
    """One row of a version's manifest."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="files")
    path = models.CharField(max_length=1000)
    size = models.PositiveBigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 (null: not known)
    git_oid = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 (null: not known)
    role = models.CharField(max_length=10)

    def __str__(self) -> str:
        return self.path


class HubScan(models.Model):
    """What the Hub's own scanners said of a version's files at one moment; evidence, and never a verdict.

    ``files`` has by path ``status`` and ``scanners``, a status by the name of each. A file that is not in it was not
    asked for, or the Hub has said nothing. A new word is a new row.
    """

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="hub_scans")
    asked_at = models.DateTimeField()
    files = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["version", "-asked_at", "-id"], name="hub_scan_newest")]

    def __str__(self) -> str:
        return f"the Hub on {self.version}"


class LicenceText(models.Model):
    """A licence file of a version, as it was read. A licence file without such a row was not looked at.

    ``fingerprint`` is of its words (``licenses.texts.fingerprint``), ``copyright`` its lines about copyright.
    """

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="licence_texts")
    path = models.CharField(max_length=1000)
    fingerprint = models.CharField(max_length=64)
    copyright = models.JSONField(default=list)
    raw = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "path"], name="licence_text_once")]
        indexes = [models.Index(fields=["fingerprint"], name="licence_text_by_words")]

    def __str__(self) -> str:
        return self.path
