"""Pages: overrides by two administrators: all of them, one, and proposing one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.policies import overrides as queries
from governance.policies.models import AdminOverride
from governance.reviews import forms, override_showing, overriding
from governance.reviews import queries as submissions
from governance.reviews.errors import ReviewRefused
from governance.reviews.models import Submission
from governance.reviews.refusals import told
from governance.reviews.views.submissions import found
from governance.web.cursors import page_of
from governance.web.finding import one_or_404
from governance.web.requests import PageRequest
from governance.web.sentences import LONGEST_REASON


@login_required
@require_safe
def overrides(request: PageRequest) -> HttpResponse:
    """Every override that the person sees, newest first, whatever became of it."""
    page = page_of(queries.listed(request.user), request, columns=("-proposed_at", "-pk"))
    context = {"room": "waivers", "overrides": override_showing.rows(page.rows), "page": page}
    return render(request, "reviews/overrides.html", context)


def found_or_404(request: PageRequest, pk: int) -> AdminOverride:
    """The override, if the person may see it.

    Raises:
        Http404: it is not there, or belongs to a team that the person does not see.
    """
    return one_or_404(queries.listed(request.user), pk)


@login_required
@require_safe
def override(request: PageRequest, pk: int) -> HttpResponse:
    """One override: what it sets aside, who answers for it, and what the person can do about it."""
    return show(request, found_or_404(request, pk))


def show(request: PageRequest, shown: AdminOverride, *, status: int = 200, **kept: Any) -> HttpResponse:
    """The page of an override; ``kept`` holds what was refused and is to be sent again."""
    submission = submissions.listed(request.user).filter(pk=shown.submission).first()
    context = {
        "room": "waivers",
        **override_showing.row(shown),
        "entry": shown.version.entry,
        "version": shown.version,
        "use_case": shown.use_case,
        "history": override_showing.history(shown),
        "may": override_showing.abilities(shown, submission, request.user),
    }
    return render(request, "reviews/override.html", {**context, **kept}, status=status)


@login_required
@require_POST
def answer(request: PageRequest, pk: int, step: str) -> HttpResponse:
    """Confirm, reject or revoke. What is refused keeps the reason that was written."""
    shown = found_or_404(request, pk)
    sent = forms.ReasonForm(request.POST)
    reason = request.POST.get("reason", "")[:LONGEST_REASON]
    if not sent.is_valid():
        return show(request, shown, status=422, refused=_("The form is not complete; load the page again."))
    act = {"confirm": overriding.confirm, "reject": overriding.reject, "revoke": overriding.revoke}[step]
    try:
        act(
            override_id=shown.pk,
            edition=sent.cleaned_data["edition"],
            reason=sent.cleaned_data["reason"],
            by=request.user,
            at=timezone.now(),
        )
    except ReviewRefused as refusal:
        status = refusal.page_status
        why = override_showing.told(refusal, otherwise=told(refusal))
        return show(request, found_or_404(request, pk), status=status, refused=why, answer_reason=reason)
    messages.success(request, _done(step))
    return redirect("reviews:override", pk=pk)


def _done(step: str) -> str:
    return {
        "confirm": _("Confirmed. What it names is set aside until its end, and is named everywhere."),
        "reject": _("The override is rejected; everything stays as it is."),
        "revoke": _("Revoked. What rested on it is closed from now on."),
    }[step]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: PageRequest, pk: int) -> HttpResponse:
    """Propose an override of what keeps a submission closed."""
    shown = found(request, pk)
    if not overriding.may_override(request.user, shown.use_case):
        why = override_showing.refusals()["not_an_admin"]
        return render(request, "reviews/override_propose.html", _context(shown, refused=why), status=403)
    offered = override_showing.choices(shown)
    sent = forms.OverrideForm(request.POST or None, offered=offered, initial={"edition": shown.edition})
    status = 200
    if request.method == "POST":
        status = 422
        if sent.is_valid():
            now = timezone.now()
            try:
                made = overriding.propose(
                    submission_id=shown.pk,
                    targets=sent.cleaned_data["targets"],
                    reason=sent.cleaned_data["reason"],
                    expires_at=now + dt.timedelta(hours=sent.cleaned_data["hours"]),
                    edition=sent.cleaned_data["edition"],
                    by=request.user,
                    at=now,
                )
            except ReviewRefused as refusal:
                status = refusal.page_status
                field = {"reason_required": "reason", "reason_too_long": "reason", "not_open": "targets"}
                why = override_showing.told(refusal, otherwise=told(refusal))
                sent.add_error(field.get(refusal.code), why)
            else:
                messages.success(request, _("Proposed. It does nothing until a second administrator confirms it."))
                return redirect("reviews:override", pk=made.pk)
    return render(request, "reviews/override_propose.html", _context(shown, form=sent), status=status)


def _context(shown: Submission, **more: Any) -> dict[str, Any]:
    return {"room": "submissions", "submission": shown, "version": shown.version, "entry": shown.version.entry, **more}
