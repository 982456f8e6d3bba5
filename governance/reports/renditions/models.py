"""The forms of editions as they were drawn."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audits.work import Work


class RenditionState(models.TextChoices):
    QUEUED = "queued", _("Waiting for a worker")
    RUNNING = "running", _("Being drawn")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Form(models.TextChoices):
    HTML = "html", "HTML"
    PDF = "pdf", "PDF"
    CSV = "csv", "CSV"


class Rendition(Work):
    """One form of an edition in one language: a worker draws it once, pages only hand it out.

    The edition never changes, so neither does what is drawn from it; where drawing failed it is tried again when
    somebody asks. ``pages``, ``in_full`` and ``left_out`` are of a print: its pages, and how many versions that had a
    reason to be printed in full are in it or are left to the annex.
    """

    edition = models.ForeignKey("reports.Edition", on_delete=models.PROTECT, related_name="renditions")
    form = models.CharField(max_length=4, choices=Form)
    language = models.CharField(max_length=2)
    state = models.CharField(max_length=8, choices=RenditionState, default=RenditionState.QUEUED)
    sha256 = models.CharField(max_length=64, blank=True)
    bytes = models.PositiveBigIntegerField(null=True, blank=True)
    pages = models.PositiveIntegerField(null=True, blank=True)
    in_full = models.PositiveIntegerField(null=True, blank=True)
    left_out = models.PositiveIntegerField(null=True, blank=True)
    code = models.CharField(max_length=60, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        app_label = "reports"
        constraints = [
            models.UniqueConstraint(fields=["edition", "form", "language"], name="rendition_once"),
            models.CheckConstraint(
                condition=Q(state="done", sha256__gt="") | (~Q(state="done") & Q(sha256="")),
                name="rendition_bytes_when_done",
            ),
        ]
        indexes = [
            models.Index(
                fields=["requested_at", "id"], condition=Q(state__in=["queued", "running"]), name="rendition_to_do"
            )
        ]

    def __str__(self) -> str:
        return f"{self.form} of {self.edition_id} in {self.language}"

    @property
    def is_open(self) -> bool:
        return self.state in (RenditionState.QUEUED, RenditionState.RUNNING)
