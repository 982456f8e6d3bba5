"""Pages: votes on a submission, and the steps that decide it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.reviews import forms, services
from governance.reviews.errors import ReviewRefused
from governance.reviews.models import Submission
from governance.reviews.refusals import told
from governance.reviews.views.submissions import context_of, found, show
from governance.web.requests import PageRequest
from governance.web.sentences import LONGEST_REASON


@login_required
@require_POST
def vote(request: PageRequest, pk: int) -> HttpResponse:
    """Record a vote. A refusal brings the form back with what was written: 409, or 422 for what is missing."""
    shown = found(request, pk)
    sent = forms.VoteForm(request.POST)
    values = {name: request.POST.get(name, "")[:LONGEST_REASON] for name in ("lane", "vote", "reason")}
    if not sent.is_valid():
        errors = {name: str(faults[0]) for name, faults in sent.errors.items()}
        refused = _("The form is not complete; load the page again.") if errors.pop("edition", "") else ""
        return _vote_refused(request, shown, values=values, refused=refused, errors=errors, status=422)
    try:
        services.vote(
            submission_id=shown.pk,
            voter=request.user,
            lane=sent.cleaned_data["lane"],
            value=sent.cleaned_data["vote"],
            comment=sent.cleaned_data["reason"],
            edition=sent.cleaned_data["edition"],
            at=timezone.now(),
        )
    except ReviewRefused as refusal:
        shown = found(request, pk)
        errors = {"reason": told(refusal)} if refusal.code == "reason_required" else {}
        refused = "" if errors else told(refusal)
        status = 422 if refusal.status == 422 else 403 if refusal.status == 403 else 409
        return _vote_refused(request, shown, values=values, refused=refused, errors=errors, status=status)
    messages.success(request, _("Your vote is recorded."))
    return _back(request, reverse("reviews:submission", args=[pk]))


def _vote_refused(
    request: PageRequest,
    shown: Submission,
    *,
    values: dict[str, str],
    refused: str,
    errors: dict[str, str],
    status: int,
) -> HttpResponse:
    kept = {"vote_values": values, "vote_refused": refused, "vote_errors": errors}
    if request.htmx:
        # 403 would go to the place of errors; the form is what has to say why.
        context = {**context_of(request, shown), **kept}
        return render(request, "reviews/partials/vote.html", context, status=409 if status == 403 else status)
    return show(request, shown, status=status, **kept)


def _back(request: PageRequest, url: str) -> HttpResponse:
    """To a page, by a redirect that htmx follows as well."""
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


@login_required
@require_POST
def decide(request: PageRequest, pk: int, step: str) -> HttpResponse:
    """Approve, return, reject, withdraw or bring back. What is refused keeps the reason that was written."""
    shown = found(request, pk)
    sent = forms.ReasonForm(request.POST)
    reason = request.POST.get("reason", "")[:LONGEST_REASON]
    if not sent.is_valid():
        faults = "; ".join(str(fault) for field in sent.errors.values() for fault in field)
        return show(request, shown, status=422, decision_refused=faults, decision_reason=reason)
    edition, written = sent.cleaned_data["edition"], sent.cleaned_data["reason"]
    try:
        _STEPS[step](shown.pk, request, edition, written)
    except ReviewRefused as refusal:
        status = refusal.page_status
        again = found(request, pk)
        return show(request, again, status=status, decision_refused=told(refusal), decision_reason=reason)
    messages.success(request, _done(step))
    return redirect("reviews:submission", pk=pk)


Step = Callable[[int, PageRequest, int, str], object]
_STEPS: dict[str, Step] = {
    "approve": lambda pk, request, edition, reason: services.approve(
        submission_id=pk, approver=request.user, edition=edition, reason=reason, at=timezone.now()
    ),
    "return": lambda pk, request, edition, reason: services.return_for_changes(
        submission_id=pk, by=request.user, edition=edition, reason=reason, at=timezone.now()
    ),
    "reject": lambda pk, request, edition, reason: services.reject(
        submission_id=pk, by=request.user, edition=edition, reason=reason, at=timezone.now()
    ),
    "withdraw": lambda pk, request, edition, reason: services.withdraw(
        submission_id=pk, by=request.user, edition=edition, reason=reason, at=timezone.now()
    ),
    "resubmit": lambda pk, request, edition, _reason: services.resubmit(
        submission_id=pk, by=request.user, edition=edition, at=timezone.now()
    ),
}


def _done(step: str) -> str:
    return {
        "approve": _("Approved. The gate answers with it from now on."),
        "return": _("Returned to its submitter, with your reason."),
        "reject": _("Rejected. The gate says no."),
        "withdraw": _("Withdrawn."),
        "resubmit": _("In review again, as the next round. Votes of earlier rounds no longer count."),
    }[step]
