"""What stands behind a version in a use case: uploads and what they are attached to."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from governance.people.models import User
from governance.people.queries import teams_seen_by


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, user: User) -> UploadQuerySet:
        """One's own uploads, and those attached to a use case of a team that one sees."""
        seen = teams_seen_by(user)
        if seen is None:
            return self
        return self.filter(models.Q(uploaded_by=user) | models.Q(attachments__use_case__owner_team__in=seen)).distinct()


class Upload(models.Model):
    """A file that a person sent: who, when, under which name. The bytes are a blob."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    blob = models.ForeignKey("audits.Blob", on_delete=models.PROTECT, related_name="uploads")
    filename = models.CharField(max_length=255)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()

    objects = UploadQuerySet.as_manager()

    def __str__(self) -> str:
        return self.filename


class Attachment(models.Model):
    """An upload as evidence for one version in one use case. The newest of a role is the one that counts."""

    class Role(models.TextChoices):
        PREDICTIONS = "predictions", _("Predictions")
        DATA = "data", _("Data")
        REFERENCE = "reference", _("Data to compare with")
        TEXTS = "texts", _("Counterfactual texts with answers")
        SUITE = "suite", _("Functional suite with answers")
        CARD = "card", _("Card")
        LICENCE = "licence", _("Licence")
        MANUAL = "manual", _("Other document")

    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="attachments")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="attachments")
    role = models.CharField(max_length=12, choices=Role)
    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, related_name="attachments")
    attached_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    attached_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["version", "use_case", "role", "-attached_at", "-id"])]

    def __str__(self) -> str:
        return f"{self.role} for {self.version} in {self.use_case}"
