"""What people send about reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from governance.people.models import Role, Team, User
from governance.people.queries import standing
from governance.reports.models import Attached, Cadence, Schedule, organisation_time_zone, require_time_zone
from governance.reports.periods import PeriodKind, last_ended, period_of

PORTFOLIO = ""


def scopes(user: User, *, roles: Sequence[Role] | None = None) -> list[tuple[str, str]]:
    """The scopes that a person may choose: those seen, or where roles are given those in which one is held."""
    held = standing(user)
    where = (None if held.sees_all else held.team_ids) if roles is None else held.teams_with(*roles)
    teams = Team.objects.order_by("name", "pk")
    listed = [(team.slug, team.name) for team in (teams if where is None else teams.filter(pk__in=where))]
    return [(PORTFOLIO, _t("the portfolio")), *listed] if where is None else listed


class ScopedForm(forms.Form):
    """A form about a scope; ``team`` is the team chosen, or None for the portfolio."""

    scope = forms.ChoiceField(label=_("Scope"), required=False)

    def __init__(self, *args: Any, offered: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scope"].choices = list(offered)  # type: ignore[attr-defined]  # a choice field

    def clean_scope(self) -> Team | None:
        slug = self.cleaned_data["scope"]
        offered = dict(self.fields["scope"].choices)  # type: ignore[attr-defined]  # a choice field
        if slug not in offered:
            raise forms.ValidationError(_("Choose one of the scopes."), code="invalid_choice")
        return Team.objects.get(slug=slug) if slug != PORTFOLIO else None


class BuildForm(ScopedForm):
    """Which report to build."""

    period = forms.CharField(
        label=_("Period"),
        max_length=24,
        help_text=_("2026-11 for a month, 2026-Q4 for a quarter, 2026-11-01..2026-11-15 for days."),
    )
    field_order = ("period", "scope")

    @classmethod
    def suggested(cls, at: dt.datetime) -> list[str]:
        """The month and quarter that ended last, and the month under way."""
        zone = organisation_time_zone()
        month = last_ended(PeriodKind.MONTH, at=at, time_zone=zone)
        quarter = last_ended(PeriodKind.QUARTER, at=at, time_zone=zone)
        return [month.label, quarter.label, period_of(PeriodKind.MONTH, month.following().first_day, zone).label]


class WhenForm(forms.Form):
    """When a schedule has its edition built, and whether it is in use."""

    days = forms.IntegerField(label=_("Days after the end"), min_value=0, max_value=28, initial=1)
    hour = forms.IntegerField(label=_("Hour of the day"), min_value=0, max_value=23, initial=6)
    is_on = forms.BooleanField(label=_("in use"), required=False)

    @classmethod
    def of(cls, schedule: Schedule, data: Any = None) -> WhenForm:
        """The form of one schedule among several on a page."""
        told = {"days": schedule.days, "hour": schedule.hour, "is_on": schedule.is_on}
        return cls(data, prefix=f"s{schedule.pk}", initial=told)


class ScheduleForm(ScopedForm):
    """A new schedule."""

    cadence = forms.ChoiceField(label=_("How often"), choices=Cadence.choices)
    days = forms.IntegerField(label=_("Days after the end"), min_value=0, max_value=28, initial=1)
    hour = forms.IntegerField(label=_("Hour of the day"), min_value=0, max_value=23, initial=6)
    field_order = ("scope", "cadence", "days", "hour")


class TimeZoneForm(forms.Form):
    """The organisation's time zone."""

    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        validators=[require_time_zone],
        help_text=_("In it days, months and quarters begin; as Europe/Berlin or UTC. Editions that are there stay."),
    )


class SubscriptionForm(ScopedForm):
    """What to be sent by mail, and what comes along."""

    attached = forms.ChoiceField(label=_("Attached"), choices=Attached.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # another form about a scope stands on the same page
        super().__init__(*args, auto_id="mailed_%s", **kwargs)
