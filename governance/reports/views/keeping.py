"""Pages: schedules, the organisation's time zone, and one's own subscriptions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from governance.people.models import Role
from governance.people.queries import standing
from governance.reports import asking, forms, showing
from governance.reports.building import next_due
from governance.reports.errors import ReportRefused
from governance.reports.models import Attached, Cadence, Schedule, Subscription, organisation_time_zone
from governance.reports.views.editions import show_list
from governance.web.requests import PageRequest


@login_required
@require_safe
def schedules(request: PageRequest) -> HttpResponse:
    """The schedules that the person sees, and for who keeps them the forms. Seven queries at most."""
    return _show(request)


def _show(request: PageRequest, *, status: int = 200, **kept: Any) -> HttpResponse:
    zone, held = organisation_time_zone(), standing(request.user)
    kept_in = held.teams_with(*asking.KEEPERS)
    found = Schedule.objects.visible_to(request.user).select_related("team").order_by("team__name", "cadence", "pk")
    rows = [
        {
            "schedule": one,
            "next": next_due(one, time_zone=zone) if one.is_on else None,
            "form": forms.WhenForm.of(one) if kept_in is None or one.team_id in kept_in else None,
        }
        for one in found[:200]
    ]
    offered = forms.scopes(request.user, roles=asking.KEEPERS)
    context = {
        "room": "reports",
        "rows": rows,
        "time_zone": zone,
        "form": forms.ScheduleForm(offered=offered) if offered else None,
        "zone_form": forms.TimeZoneForm(initial={"time_zone": zone}) if held.has(Role.ADMIN, team_id=None) else None,
    }
    return render(request, "reports/schedules.html", {**context, **kept}, status=status)


@login_required
@require_POST
def add_schedule(request: PageRequest) -> HttpResponse:
    sent = forms.ScheduleForm(request.POST, offered=forms.scopes(request.user, roles=asking.KEEPERS))
    if not sent.is_valid():
        return _show(request, status=422, form=sent)
    said = sent.cleaned_data
    try:
        asking.add_schedule(
            team=said["scope"],
            cadence=Cadence(said["cadence"]),
            days=said["days"],
            hour=said["hour"],
            by=request.user,
            at=timezone.now(),
        )
    except ReportRefused as refused:
        sent.add_error(None, showing.refusal(refused))
        return _show(request, status=refused.status, form=sent)
    messages.success(request, _("Laid down. The first edition is of the period that is under way."))
    return redirect("reports:schedules")


@login_required
@require_POST
def change_schedule(request: PageRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(Schedule.objects.visible_to(request.user), pk=pk if pk < 2**63 else 0)
    sent = forms.WhenForm.of(shown, request.POST)
    if not sent.is_valid():
        messages.error(request, _("Not changed: days are 0 to 28, the hour is 0 to 23."))
        return redirect("reports:schedules")
    said = {name: sent.cleaned_data[name] for name in ("days", "hour", "is_on")}
    try:
        asking.change_schedule(schedule_id=shown.pk, **said, by=request.user, at=timezone.now())
    except ReportRefused as refused:
        raise PermissionDenied from refused
    messages.success(request, _("Changed."))
    return redirect("reports:schedules")


@login_required
@require_POST
def set_time_zone(request: PageRequest) -> HttpResponse:
    sent = forms.TimeZoneForm(request.POST)
    if not sent.is_valid():
        return _show(request, status=422, zone_form=sent)
    try:
        asking.set_time_zone(name=sent.cleaned_data["time_zone"], by=request.user, at=timezone.now())
    except ReportRefused as refused:
        raise PermissionDenied from refused
    messages.success(request, _("Changed. It holds for editions from now on."))
    return redirect("reports:schedules")


@login_required
@require_POST
def subscribe(request: PageRequest) -> HttpResponse:
    """Be sent a scope's editions."""
    sent = forms.SubscriptionForm(request.POST, offered=forms.scopes(request.user))
    if not sent.is_valid():
        return show_list(request, status=422, subscribing=sent)
    try:
        asking.subscribe(
            user=request.user,
            team=sent.cleaned_data["scope"],
            attached=Attached(sent.cleaned_data["attached"]),
            at=timezone.now(),
        )
    except ReportRefused as refused:
        sent.add_error(None, showing.refusal(refused))
        return show_list(request, status=refused.status, subscribing=sent)
    messages.success(request, _("You are sent every new edition of this scope by mail."))
    return redirect("reports:editions")


@login_required
@require_POST
def end_subscription(request: PageRequest, pk: int) -> HttpResponse:
    """Be sent the editions of a scope no longer; also of one that the person no longer sees."""
    shown = get_object_or_404(Subscription, user=request.user, pk=pk if pk < 2**63 else 0)
    asking.unsubscribe(user=request.user, team=shown.team)
    messages.success(request, _("Ended. No more editions of this scope are sent to you."))
    return redirect("reports:editions")
