"""Pages: what is brought to a submission, and the audits that are asked for again."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from governance.evidence import queries as evidence_queries
from governance.evidence import services as evidence
from governance.evidence.wording import refusal_text
from governance.people.models import Role
from governance.people.queries import standing
from governance.reviews import forms, services
from governance.reviews.errors import NotAcceptable, ReviewRefused
from governance.reviews.refusals import told
from governance.reviews.views.submissions import found, show
from governance.web.requests import PageRequest
from governance.web.sentences import as_sentence


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
