"""Pages: having an edition built, and how that goes."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from governance.reports import asking, forms, showing
from governance.reports.errors import ReportRefused
from governance.reports.models import Build
from governance.reports.views.editions import show_list
from governance.web.requests import PageRequest


@login_required
@require_POST
def ask(request: PageRequest) -> HttpResponse:
    """Ask for an edition; a worker builds it."""
    sent = forms.BuildForm(request.POST, offered=forms.scopes(request.user, roles=asking.BUILDERS))
    if not sent.is_valid():
        return show_list(request, status=422, form=sent)
    try:
        period = asking.period_named(sent.cleaned_data["period"])
        made = asking.request(period=period, team=sent.cleaned_data["scope"], by=request.user, at=timezone.now())
    except ReportRefused as refused:
        sent.add_error("period" if refused.code.startswith("period") else None, showing.refusal(refused))
        return show_list(request, status=refused.status, form=sent)
    return redirect("reports:build", public_id=made.public_id)


@login_required
@require_safe
def build(request: PageRequest, public_id: uuid.UUID) -> HttpResponse:
    """How the building goes; once it is done, the edition."""
    builds = Build.objects.visible_to(request.user).select_related("team", "edition")
    shown = get_object_or_404(builds, public_id=public_id)
    if shown.edition_id is not None and not request.htmx:
        return redirect("reports:edition", pk=shown.edition_id)
    context = {"room": "reports", "error": showing.in_words(shown.code, shown.error)}
    return render(request, "reports/build.html", {**context, "build": shown})
