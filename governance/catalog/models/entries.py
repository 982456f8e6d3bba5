"""Entries, their immutable versions, cards and lineage; how they come in, and what of them must not run for now."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audits.work import Due, Told, Work, lease_while_running
from governance.people.models import Team, User
from governance.people.queries import teams_seen_by


class SubjectKind(models.TextChoices):
    MODEL = "model", _("Model")
    DATASET = "dataset", _("Dataset")
    SPACE = "space", _("Space")


class Assurance(models.TextChoices):
    """How well we know a version's bytes."""

    HASHED = "hashed", _("hashed: we read every byte")
    LISTED = "listed", _("listed: the Hub's own hashes")
    CARD_ONLY = "card-only", _("card only: no file was listed with its hash")


class Relation(models.TextChoices):
    """How a version came from, or is used with, another entry."""

    FINETUNE = "finetune", _("fine-tuned from")
    ADAPTER = "adapter", _("adapter of")
    MERGE = "merge", _("merged from")
    QUANTIZED = "quantized", _("quantized from")
    TRAIN_ON = "train_on", _("trained on")
    INCLUDES = "includes", _("includes")
    SERVED_IN = "served_in", _("serves")


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, user: User) -> EntryQuerySet:
        """Entries that nobody owns, and those of teams that ``user`` sees."""
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(Q(team=None) | Q(team__in=seen))

    def catalogued(self) -> EntryQuerySet:
        """Entries with at least one version; the others are names that somebody's card mentions."""
        return self.filter(latest__isnull=False)


class Entry(models.Model):
    """A model, dataset or Space, by its repository id.

    ``key`` is the id after NFKC and case folding: two spellings of one name are one entry. An entry without
    a version is a placeholder: a card names it, nobody has imported it.
    """

    kind = models.CharField(max_length=8, choices=SubjectKind)
    source = models.CharField(max_length=120)
    repo_id = models.CharField(max_length=256)
    key = models.CharField(max_length=256)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="entries")
    latest = models.ForeignKey("Version", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = EntryQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "kind", "key"], name="entry_once_per_source")]
        indexes = [
            GinIndex(fields=["key"], opclasses=["gin_trgm_ops"], name="entry_key_trigrams"),
            models.Index(fields=["kind", "key", "id"]),
            models.Index(fields=["key", "id"], name="entry_by_name"),
        ]

    def __str__(self) -> str:
        return self.repo_id

    @property
    def namespace(self) -> str:
        """The namespace as it stands in routes: ``_`` for a repository without one."""
        return self.repo_id.split("/", 1)[0] if "/" in self.repo_id else "_"

    @property
    def name(self) -> str:
        return self.repo_id.rsplit("/", 1)[-1]


class Alias(models.Model):
    """Another id under which the Hub answers with this entry (a renamed repository)."""

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="aliases")
    source = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=SubjectKind)
    key = models.CharField(max_length=256)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "kind", "key"], name="alias_once_per_source")]

    def __str__(self) -> str:
        return f"{self.key} is {self.entry}"


class Card(models.Model):
    """A README.md exactly as found, and what it says. Never changes.

    ``shows`` is what stands in it of what licences ask for (``licenses.evidence.read_card``); null: nobody looked.
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


class Edge(models.Model):
    """What a version says it was made from or is used with."""

    class Origin(models.TextChoices):
        CARD = "card", _("card")
        FILE = "file", _("file")
        PERSON = "person", _("person")

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="edges")
    to_entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="edges_in")
    to_revision = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001 (null: not said)
    relation = models.CharField(max_length=10, choices=Relation)
    origin = models.CharField(max_length=6, choices=Origin, default=Origin.CARD)
    field = models.CharField(max_length=80, blank=True)
    declared = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "to_entry", "relation"], name="edge_once_per_relation")
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.relation} {self.to_entry}"


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


class SuspensionQuerySet(models.QuerySet["Suspension"]):
    def standing(self) -> SuspensionQuerySet:
        return self.filter(lifted_at=None)

    def visible_to(self, user: User) -> SuspensionQuerySet:
        """Those of the whole organisation on entries that the person sees, and those of their teams."""
        seen = teams_seen_by(user)
        if seen is None:
            return self
        return self.filter(Q(team=None) | Q(team__in=seen), Q(entry__team=None) | Q(entry__team__in=seen))


class Suspension(models.Model):
    """A person's word that an entry, or one version of it, must not run for now. Only its end is ever added.

    ``version`` is null where every version is meant, those to come included. ``descendants`` reaches all that was made
    from it. With a ``team`` it holds for that team's use cases alone.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="suspensions")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, blank=True, related_name="suspensions")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    descendants = models.BooleanField()
    reason = models.TextField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_reason = models.TextField(blank=True)

    objects = SuspensionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "version", "team", "descendants"],
                condition=Q(lifted_at=None),
                nulls_distinct=False,
                name="suspension_one_standing",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None, lifted_reason="")
                | Q(lifted_at__isnull=False, lifted_by__isnull=False, lifted_reason__gt=""),
                name="suspension_lifted_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(lifted_by=None) | ~Q(lifted_by=models.F("made_by")), name="suspension_lifted_by_another"
            ),
        ]
        indexes = [models.Index(fields=["-made_at", "-id"], name="suspension_newest")]

    def __str__(self) -> str:
        return f"{self.entry} is suspended" if self.lifted_at is None else f"{self.entry} was suspended"
