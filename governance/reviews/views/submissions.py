"""Pages: submissions and the steps of a review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.catalog.models import Stage, UseCase, Version
from governance.evidence import licence_report
from governance.evidence import queries as evidence_queries
from governance.evidence import services as evidence
from governance.evidence.inputs import columns_wanted
from governance.evidence.wording import refusal_text
from governance.gates import modes as gate_modes
from governance.people.models import Role
from governance.people.queries import standing
from governance.policies import overrides as override_queries
from governance.policies.waivers import queries as waiver_queries
from governance.policies.waivers import showing as waiver_showing
from governance.reviews import (
    comparing,
    discussing,
    drafting,
    forms,
    override_showing,
    queries,
    saying,
    services,
    showing,
)
from governance.reviews.errors import NotAcceptable, ReviewRefused
from governance.reviews.models import Submission, SubmissionState
from governance.reviews.standing import evaluation_now, stands_at
from governance.web.cursors import page_of
from governance.web.finding import one_or_404
from governance.web.requests import PageRequest
from governance.web.sentences import LONGEST_REASON, as_sentence


@login_required
@require_safe
def submissions(request: PageRequest) -> HttpResponse:
    """Drafts and submissions as the person sees them, newest first. Two queries beside the session's."""
    found = queries.listed(request.user)
    state, stage = request.GET.get("state", ""), request.GET.get("stage", "")
    if state in SubmissionState.values:
        found = found.filter(state=state)
    if stage in Stage.values:
        found = found.filter(stage=stage)
    page = page_of(found, request, columns=("-submitted_at", "-pk"))
    rows = [{"submission": submission, "stands": stands_at(submission)} for submission in page.rows]
    context = {
        "room": "submissions",
        "drafts": list(queries.drafts_of(request.user)[:50]),
        "rows": rows,
        "page": page,
        "state": state,
        "stage": stage,
        "states": [one for one in SubmissionState.choices if one[0] != SubmissionState.DRAFT],
        "stages": Stage.choices,
        "is_filtered": state in SubmissionState.values or stage in Stage.values,
    }
    return render(request, "reviews/submissions.html", context)


def found(request: PageRequest, pk: int) -> Submission:
    """The submission, if the person may see it.

    Raises:
        Http404: it is not there, or belongs to a team that the person does not see.
    """
    return one_or_404(queries.listed(request.user).select_related("version__card"), pk)


@login_required
@require_safe
def submission(request: PageRequest, pk: int) -> HttpResponse:
    """One submission: what it stands at, why, and what the person can do about it. At most 30 queries."""
    return show(request, found(request, pk))


def show(request: PageRequest, shown: Submission, *, status: int = 200, **kept: Any) -> HttpResponse:
    """The page of a submission; ``kept`` holds what was refused and is to be sent again."""
    return render(request, "reviews/submission.html", {**context_of(request, shown), **kept}, status=status)


def context_of(request: PageRequest, shown: Submission) -> dict[str, Any]:
    user, now = request.user, timezone.now()
    # What was kept may have lapsed since, by time alone; the page says what is so now.
    shown.evaluation = evaluation_now(shown)
    shown.verdict = shown.evaluation.get("verdict", shown.verdict)
    waivers = waiver_queries.of_scope(user, version=shown.version, use_case=shown.use_case, stage=shown.stage)
    runs = queries.runs_of(user, submission=shown)
    votes = list(shown.votes.select_related("voter").order_by("cast_at", "pk"))
    voters = showing.voters(shown, votes) if shown.is_open else {}
    may_ask = waiver_showing.may_ask(user, team_id=shown.use_case.owner_team_id)
    rows = showing.requirements(shown, runs=runs, voters=voters, waivers=waivers, may_ask=may_ask)
    decisions = list(shown.decisions.select_related("approval", "decided_by").order_by("-round"))
    newest = decisions[0] if decisions and decisions[0].outcome == shown.state else None
    abilities = showing.abilities(shown, user)
    policies = shown.evaluation.get("policies", ())
    return {
        "room": "submissions",
        "submission": shown,
        "stands": stands_at(shown),
        "version": shown.version,
        "entry": shown.version.entry,
        "requirements": rows,
        "waivers": waiver_showing.rows(waivers),
        "verdict": showing.verdict(shown, rows, decision=newest),
        "lanes": showing.lanes(shown, votes, voters=voters),
        "steps": [] if showing.in_force(newest, at=now) else showing.steps(shown, voters=voters, user=user),
        "history": showing.history(shown, decisions),
        "changed": None if request.htmx else comparing.since_before(shown, votes),
        "decision": newest,
        "decision_said": saying.reason(newest) if newest else "",
        "decision_in_force": showing.in_force(newest, at=now),
        "decision_policy": next((p for p in policies), None),
        "policies": policies,
        "coming_policies": showing.coming_policies(shown, at=now) if shown.is_open else [],
        "policy_changes": showing.policy_changes(newest, at=now),
        "progress": showing.progress(runs.values()),
        "attachments": showing.attachments(shown),
        "overrides": override_showing.rows(
            override_queries.of_scope(user, version=shown.version, use_case=shown.use_case, stage=shown.stage)
        ),
        "may_override": override_showing.may_propose(shown, user),
        "gate_mode": gate_modes.at_stage(shown.use_case, shown.stage, at=now),
        "gate": showing.gate_question(shown, base=str(settings.PUBLIC_URL)),
        "may": abilities,
        "overdue": shown.state == SubmissionState.IN_REVIEW and shown.due_at is not None and shown.due_at <= now,
        "at_work": discussing.at_work(
            shown,
            user,
            lanes=[lane["value"] for lane in abilities["lanes"]],
            closed=bool(abilities["vote_closed"]),
            at=now,
        )
        if shown.state == SubmissionState.IN_REVIEW
        else [],
        **showing.own_vote(shown, votes, user, lanes=[lane["value"] for lane in abilities["lanes"]]),
        "edition": shown.edition,
        # What follows the audits by itself takes a part of the page in which these do not stand.
        **(
            {}
            if request.htmx
            else discussing.discussion(
                shown, user, runs=runs.values(), decisions=decisions, about=request.GET.get("about", "")[:80]
            )
        ),
        "report": licence_report.report(user, version=shown.version, use_case=shown.use_case)
        if shown.is_open and not request.htmx
        else None,
        "evidence_form": forms.EvidenceForm() if abilities["may_attach"] else None,
        "columns": columns_wanted(shown.use_case) if abilities["may_attach"] else [],
    }


# --- votes and decisions -------------------------------------------------------------------------------------------


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


def told(refusal: ReviewRefused) -> str:
    """A refusal in the reader's language; one that is not known in its own words."""
    known = {
        **override_showing.refusals(),
        "already_drafted": _("Your team prepares this already; look among the drafts."),
        "discarded": _("Somebody has discarded this draft meanwhile."),
        "note_too_long": _("The note is too long; attach what is longer as a file."),
        "stale": _(
            "Not saved: somebody changed this submission while you were writing. Your text is kept; look at what is"
            " new, then send it again."
        ),
        "reason_required": _("Say why in at least %(n)s characters: the submitter reads it.")
        % {"n": services.REASON_LENGTH},
        "self_review": _("You submitted this or brought its evidence; someone else has to decide."),
        "policies_changed": _(
            "Other policies apply since you saw this judged. It was judged again just now; look, then decide."
        ),
        "requirements_open": _(
            "Approval is closed until every requirement holds; it was looked at once more just now."
        ),
    }
    return known.get(refusal.code) or refusal_text(refusal.code, refusal.params) or as_sentence(str(refusal))


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


# --- evidence --------------------------------------------------------------------------------------------------------


@login_required
@require_POST
def attach(request: PageRequest, pk: int) -> HttpResponse:
    """Take an uploaded file as evidence; the audits that waited for it start."""
    shown = found(request, pk)
    if not standing(request.user).has(Role.SUBMITTER, team_id=shown.use_case.owner_team_id):
        return show(request, shown, status=403, evidence_refused=_("Only a submitter of the team can bring evidence."))
    sent = forms.EvidenceForm(request.POST, request.FILES)
    if not sent.is_valid():
        return show(request, shown, status=422, evidence_form=sent)
    file = sent.cleaned_data["file"]
    try:
        upload = evidence.upload(
            stream=file,
            filename=file.name or "upload",
            media_type=file.content_type or "application/octet-stream",
            by=request.user,
            at=timezone.now(),
        )
        services.attach_evidence(
            submission_id=shown.pk,
            role=sent.cleaned_data["role"],
            upload=upload,
            by=request.user,
            at=timezone.now(),
        )
    except evidence.EvidenceRefused as refusal:
        sent.add_error("file", refusal_text(refusal.code, refusal.params) or as_sentence(str(refusal)))
        return show(request, shown, status=422, evidence_form=sent)
    except NotAcceptable as refusal:
        sent.add_error("file", told(refusal))
        return show(request, found(request, pk), status=422, evidence_form=sent)
    except ReviewRefused as refusal:
        return show(request, found(request, pk), status=refusal.status, evidence_refused=told(refusal))
    messages.success(request, _("The file is attached. The audits that need it have started."))
    return redirect("reviews:submission", pk=pk)


@login_required
@require_POST
def audit_again(request: PageRequest, pk: int) -> HttpResponse:
    """Ask again for the audits that failed, went stale or were never asked for."""
    shown = found(request, pk)
    if not evidence_queries.may_ask(request.user, use_case=shown.use_case):
        messages.error(request, _("Auditors and viewers read; somebody who submits, reviews or approves can ask."))
        return redirect("reviews:submission", pk=pk)
    try:
        services.audit_again(submission_id=shown.pk, by=request.user, at=timezone.now())
    except ReviewRefused as refusal:
        messages.error(request, told(refusal))
    else:
        messages.success(request, _("Audits that were missing, failed or too old have been asked for."))
    return redirect("reviews:submission", pk=pk)


# --- submitting ------------------------------------------------------------------------------------------------------


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
                step = drafting.save if "draft" in request.POST else services.submit
                made = step(version=version, **sent.cleaned_data, by=request.user, at=timezone.now())
            except ReviewRefused as refusal:
                sent.add_error(None, told(refusal))
                status = refusal.status
            else:
                if made.state == SubmissionState.DRAFT:
                    messages.success(request, _("Saved. Only your team sees it until it is submitted."))
                    return redirect("reviews:draft", pk=made.pk)
                messages.success(request, _("Submitted. The audits that its policies ask for have started."))
                return redirect("reviews:submission", pk=made.pk)
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
