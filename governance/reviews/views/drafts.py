"""Pages: a submission while it is prepared."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from governance.catalog.models import UseCase
from governance.people.models import Role
from governance.people.queries import standing
from governance.reviews import drafting, forms, queries, services, showing
from governance.reviews.errors import ReviewRefused, Stale
from governance.reviews.models import Submission
from governance.reviews.refusals import told
from governance.web.finding import one_or_404
from governance.web.requests import PageRequest


def found(request: PageRequest, pk: int) -> Submission:
    """The draft, if the person prepares it with others.

    Raises:
        Http404: it is not there, is no draft any more, or is another team's.
    """
    return one_or_404(queries.drafts_of(request.user).select_related("version__card"), pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: PageRequest, pk: int) -> HttpResponse:
    """One draft: what would be asked for, what is there already, and the form. Saves it, or saves and submits it."""
    shown = found(request, pk)
    if request.method != "POST":
        return show(request, shown)
    sent = forms.DraftForm(request.POST, use_cases=_use_cases(request))
    if not _may_edit(request, shown):
        return show(request, shown, refused=_("Only a submitter of the team changes it."), status=403)
    if not sent.is_valid():
        return show(request, shown, form=sent, status=422)
    changes = dict(sent.cleaned_data)
    edition, now = changes.pop("edition"), timezone.now()
    try:
        saved = drafting.change(submission_id=pk, changes=changes, edition=edition, by=request.user, at=now)
        if "draft" not in request.POST:
            services.submit_draft(submission_id=pk, edition=saved.edition, by=request.user, at=now)
    except ReviewRefused as refusal:
        again = found(request, pk)
        if not isinstance(refusal, Stale):
            # What was saved before it was refused to be submitted is what the form shows.
            sent.data = {**request.POST.dict(), "edition": again.edition}
        sent.add_error(None, told(refusal))
        return show(request, again, form=sent, status=refusal.page_status)
    if "draft" in request.POST:
        messages.success(request, _("Saved. Only your team sees it until it is submitted."))
        return redirect("reviews:draft", pk=pk)
    messages.success(request, _("Submitted. The audits that its policies ask for have started."))
    return redirect("reviews:submission", pk=pk)


@login_required
@require_POST
def discard(request: PageRequest, pk: int) -> HttpResponse:
    """Throw a draft away."""
    shown = found(request, pk)
    sent = forms.EditionForm(request.POST)
    if not sent.is_valid():
        return show(request, shown, refused=_("The form is not complete; load the page again."), status=422)
    edition = sent.cleaned_data["edition"]
    try:
        drafting.discard(submission_id=pk, edition=edition, by=request.user, at=timezone.now())
    except ReviewRefused as refusal:
        status = refusal.page_status
        return show(request, shown, refused=told(refusal), status=status)
    messages.success(request, _("The draft is discarded."))
    return redirect("reviews:submissions")


def show(
    request: PageRequest, shown: Submission, *, form: forms.DraftForm | None = None, status: int = 200, **kept: Any
) -> HttpResponse:
    """The page of a draft; ``form`` and ``kept`` hold what was refused and is to be sent again."""
    shown.evaluation = drafting.preview(shown, at=timezone.now())
    voters = showing.voters(shown, ())
    runs = queries.runs_of(request.user, submission=shown)
    edits = _may_edit(request, shown)
    filled = {"use_case": shown.use_case.slug, "stage": shown.stage, "note": shown.note, "edition": shown.edition}
    context = {
        "room": "submissions",
        "draft": shown,
        "version": shown.version,
        "entry": shown.version.entry,
        "requirements": showing.requirements(shown, runs=runs, voters=voters),
        "steps": showing.steps(shown, voters=voters, user=request.user),
        "form": (form or forms.DraftForm(initial=filled, use_cases=_use_cases(request))) if edits else None,
    }
    return render(request, "reviews/draft.html", {**context, **kept}, status=status)


def _may_edit(request: PageRequest, shown: Submission) -> bool:
    return standing(request.user).has(Role.SUBMITTER, team_id=shown.use_case.owner_team_id)


def _use_cases(request: PageRequest) -> Any:
    """The use cases that the person submits for."""
    teams = standing(request.user).teams_with(Role.SUBMITTER)
    offered = UseCase.objects.visible_to(request.user).order_by("name", "pk")
    return offered if teams is None else offered.filter(owner_team__in=teams)
