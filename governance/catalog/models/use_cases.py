"""What models are used for: use cases, their tier and what their audits look at."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.people.models import Team, User
from governance.people.queries import teams_seen_by


class Stage(models.TextChoices):
    """How far a version may travel."""

    PROTOTYPE = "prototype", _("Prototype")
    PILOT = "pilot", _("Pilot")
    PRODUCTION = "production", _("Production")


class Tier(models.TextChoices):
    """How much harm a wrong answer of the use case can do."""

    MINIMAL = "minimal", _("Minimal")
    LIMITED = "limited", _("Limited")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")

    def is_below(self, other: str) -> bool:
        """Whether this tier asks for less than another."""
        return Tier.values.index(self) < Tier.values.index(other)


class UseCaseQuerySet(models.QuerySet["UseCase"]):
    def visible_to(self, user: User) -> UseCaseQuerySet:
        seen = teams_seen_by(user)
        return self if seen is None else self.filter(owner_team__in=seen)


class UseCase(models.Model):
    """What a model is used for, by whom and with which risk: what an approval is granted for.

    ``licence_profile`` is what licences are judged by: purpose, mode, territory, users, revenue, field;
    what is not given is null, which clears no limit.
    """

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    purpose = models.TextField(_("purpose"))
    people_affected = models.TextField(_("people affected"), blank=True)
    owner_team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="use_cases", verbose_name=_("owner"))
    tier = models.CharField(_("risk tier"), max_length=8, choices=Tier)
    licence_profile = models.JSONField(default=dict)
    # An automated employment decision tool in the words of New York City's Local Law 144: its audits are published.
    employment_decision_tool = models.BooleanField(_("employment decision tool"), default=False, db_default=False)
    edition = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = UseCaseQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class TierProposal(models.Model):
    """A wish to let a use case count as less risky, which a second person accepts or refuses. Decided once."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")

    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="tier_proposals")
    tier_before = models.CharField(max_length=8, choices=Tier)
    tier = models.CharField(max_length=8, choices=Tier)
    reason = models.TextField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.PROPOSED)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["use_case"], condition=Q(state="proposed"), name="tier_proposal_one_open"),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by=None, decided_at=None)
                | Q(state__in=["accepted", "refused"], decided_by__isnull=False, decided_at__isnull=False),
                name="tier_proposal_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | ~Q(decided_by=models.F("proposed_by")),
                name="tier_proposal_accepted_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.use_case}: {self.tier_before} to {self.tier}"


class AuditPlan(models.Model):
    """What the audits of a use case look at. A change is a new number; older evidence is then stale."""

    use_case = models.ForeignKey(UseCase, on_delete=models.PROTECT, related_name="audit_plans")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["use_case", "number"], name="audit_plan_number_once")]

    def __str__(self) -> str:
        return f"{self.use_case} plan {self.number}"
