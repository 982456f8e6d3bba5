"""Entries: models, datasets and Spaces by their repository ids."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.people.models import Team, User
from governance.people.queries import teams_seen_by


class SubjectKind(models.TextChoices):
    MODEL = "model", _("Model")
    DATASET = "dataset", _("Dataset")
    SPACE = "space", _("Space")


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
