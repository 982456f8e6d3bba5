"""What a version came from, or is used with."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.catalog.models.entries import Entry
from governance.catalog.models.versions import Version


class Relation(models.TextChoices):
    """How a version came from, or is used with, another entry."""

    FINETUNE = "finetune", _("fine-tuned from")
    ADAPTER = "adapter", _("adapter of")
    MERGE = "merge", _("merged from")
    QUANTIZED = "quantized", _("quantized from")
    TRAIN_ON = "train_on", _("trained on")
    INCLUDES = "includes", _("includes")
    SERVED_IN = "served_in", _("serves")


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
