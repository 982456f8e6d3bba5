"""What asks for another look at something that was approved."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from governance.people.models import User
from governance.people.queries import teams_seen_by


class TriggerQuerySet(models.QuerySet["Trigger"]):
    def visible_to(self, user: User) -> TriggerQuerySet:
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(use_case__owner_team__in=seen)

    def open(self) -> TriggerQuerySet:
        return self.filter(closed_at=None)


class Trigger(models.Model):
    """A reason to look again at what is approved: of one entry for one use case, one of a kind at a time.

    It opens and closes no gate; what has to close does so by itself. ``sightings`` names each cause that was seen, so
    that none counts twice; ``count`` is their number. ``detail`` is of the newest.
    """

    class Kind(models.TextChoices):
        NEW_VERSION = "new_version", _("Another version is there")
        CARD_TEXT = "card_text", _("The card's text has changed")
        LICENCE = "licence", _("What licences say has changed")
        SUSPENDED = "suspended", _("Something that it rests on is suspended")
        AUDIT_EXPIRY = "audit_expiry", _("An audit becomes too old")
        POLICY = "policy", _("Other policies apply")
        REVIEWER = "reviewer", _("Somebody who voted may no longer vote")
        USE_CASE = "use_case", _("The use case has changed")
        WAIVER = "waiver", _("A waiver ends")
        UPSTREAM = "upstream", _("Something that it was made from is approved no longer")

    class Closing(models.TextChoices):
        SUBMITTED = "submitted", _("a version was submitted")
        DECIDED = "decided", _("it was decided anew")
        RENEWED = "renewed", _("it holds again")
        BY_HAND = "by_hand", _("closed by hand")

    kind = models.CharField(max_length=12, choices=Kind)
    entry = models.ForeignKey("catalog.Entry", on_delete=models.PROTECT, related_name="triggers")
    use_case = models.ForeignKey("catalog.UseCase", on_delete=models.PROTECT, related_name="triggers")
    dedupe_key = models.CharField(max_length=64)
    sightings = ArrayField(models.CharField(max_length=80))
    count = models.PositiveIntegerField(default=1)
    detail = models.JSONField(default=dict)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_how = models.CharField(max_length=9, choices=Closing, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_reason = models.TextField(blank=True)

    objects = TriggerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dedupe_key"], condition=Q(closed_at=None), name="trigger_one_open"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_how="", closed_by=None, closed_reason="")
                | Q(closed_at__isnull=False, closed_how__in=["submitted", "decided", "renewed"])
                | Q(closed_at__isnull=False, closed_how="by_hand", closed_by__isnull=False, closed_reason__gt=""),
                name="trigger_closed_by_something",
            ),
            models.CheckConstraint(condition=Q(last_seen__gte=F("first_seen")), name="trigger_seen_in_order"),
        ]
        indexes = [
            models.Index(fields=["dedupe_key"], name="trigger_by_key"),
            models.Index(fields=["-last_seen", "-id"], condition=Q(closed_at=None), name="trigger_newest_open"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.entry} in {self.use_case}"
