"""Public pages of bias audits: an address that stays, and the summaries that were published there."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from governance.people.models import User
from governance.people.queries import teams_seen_by


class PublicPageQuerySet(models.QuerySet["PublicPage"]):
    def visible_to(self, user: User) -> PublicPageQuerySet:
        """Those of the use cases of a person's teams, for managing them: to read one, nobody has to be known."""
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(use_case__owner_team__in=seen)


class PublicPage(models.Model):
    """The permanent address of the summaries of one version in one use case."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.ForeignKey("catalog.Version", on_delete=models.PROTECT, related_name="public_pages")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="public_pages")

    objects = PublicPageQuerySet.as_manager()

    class Meta:
        app_label = "reports"
        constraints = [models.UniqueConstraint(fields=["version", "use_case"], name="public_page_one")]

    def __str__(self) -> str:
        return str(self.public_id)


class PublicSummary(models.Model):
    """A summary of results as it was published: whole pages, with the digest of the figures. Never changes.

    The newest of a page is what its address shows.
    """

    page = models.ForeignKey(PublicPage, on_delete=models.PROTECT, related_name="summaries")
    number = models.PositiveIntegerField()
    run = models.ForeignKey("audits.Run", on_delete=models.PROTECT, related_name="+")
    audited_on = models.DateField()
    html_en = models.TextField()
    html_ru = models.TextField()
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        app_label = "reports"
        constraints = [
            models.UniqueConstraint(fields=["page", "number"], name="public_summary_numbered"),
            models.UniqueConstraint(fields=["page", "run"], name="public_summary_once_per_run"),
        ]

    def __str__(self) -> str:
        return f"summary {self.number} of {self.page_id}"
