from __future__ import annotations

from django.db import models


class Event(models.Model):
    """One line of the append-only ledger.

    It names things by digest and people by a salted digest, so that a person can be erased and the ledger
    stays whole. The database refuses to change or remove a row. Its place in the tree is a ``Leaf``, given afterwards.
    """

    verb = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40)
    object_ref = models.CharField(max_length=80)
    subject_digest = models.CharField(max_length=64, blank=True, db_index=True)
    actor = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["object_kind", "object_ref"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.verb} {self.object_kind} {self.object_ref}"


class Leaf(models.Model):
    """The place of an event in the tree, and its hash. Never changes."""

    index = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="leaf")
    hash = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"leaf {self.index}"


class Checkpoint(models.Model):
    """The root of the tree at a size. ``frontier`` are the roots of its full subtrees, largest first. Never changes."""

    size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    frontier = models.JSONField()
    newest_event = models.BigIntegerField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.size} {self.root[:12]}"
