"""What of the catalogue must not run for now."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from governance.catalog.models.entries import Entry
from governance.catalog.models.versions import Version
from governance.people.models import Team, User
from governance.people.queries import teams_seen_by


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
