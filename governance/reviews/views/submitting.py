"""Pages: asking for a version to be let through."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance.catalog.models import Stage, UseCase, Version
from governance.people.models import Role
from governance.people.queries import standing
from governance.reviews import drafting, forms, services, showing
from governance.reviews.errors import ReviewRefused
from governance.reviews.models import SubmissionState
from governance.reviews.refusals import told
from governance.web.requests import PageRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: PageRequest, digest: str) -> HttpResponse:
    """Ask for a version to be let through for a use case and a stage."""
    version = get_object_or_404(Version.objects.visible_to(request.user).select_related("entry", "card"), digest=digest)
    teams = standing(request.user).teams_with(Role.SUBMITTER)
    use_cases = UseCase.objects.visible_to(request.user).order_by("name", "pk")
    if teams is not None:
        use_cases = use_cases.filter(owner_team__in=teams)
    offered = list(use_cases.values_list("slug", "tier"))
    only = offered[0][0] if len(offered) == 1 else None
    sent = forms.SubmitForm(
        request.POST or None, use_cases=use_cases, initial={"use_case": request.GET.get("use_case") or only}
    )
    status = 200
    if request.method == "POST":
        status = 422
        if sent.is_valid():
            try:
                return _taken(request, version, sent)
            except ReviewRefused as refusal:
                sent.add_error(None, told(refusal))
                status = refusal.status
    context = {
        "room": "catalogue",
        "version": version,
        "entry": version.entry,
        "form": sent,
        "has_use_cases": bool(offered),
        "asked": showing.asked_for(kind=version.entry.kind, tiers={tier for _slug, tier in offered}),
        "stages": Stage.values,
    }
    return render(request, "reviews/submit.html", context, status=status)


def _taken(request: PageRequest, version: Version, sent: forms.SubmitForm) -> HttpResponse:
    """Save what was sent as a draft, or submit it.

    Raises:
        ReviewRefused: it breaks a rule.
    """
    step = drafting.save if "draft" in request.POST else services.submit
    made = step(version=version, **sent.cleaned_data, by=request.user, at=timezone.now())
    if made.state == SubmissionState.DRAFT:
        messages.success(request, _("Saved. Only your team sees it until it is submitted."))
        return redirect("reviews:draft", pk=made.pk)
    messages.success(request, _("Submitted. The audits that its policies ask for have started."))
    return redirect("reviews:submission", pk=made.pk)
