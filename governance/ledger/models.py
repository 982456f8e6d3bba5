from __future__ import annotations

from django.db import models


class Event(models.Model):
    """One line of the append-only ledger.

    It names things by digest and people by a salted digest, so that a person can be erased and the ledger
    stays whole. The database refuses to change or remove a row.
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
