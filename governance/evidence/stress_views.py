"""Pages: what a stress run found wrong as files, and keeping it as a permanent test."""

from __future__ import annotations

import json

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audits.measures.stress.export import cases_csv
from audits.models import Run
from governance.catalog.models import UseCase
from governance.evidence import stress_cases
from governance.evidence.models import StressCase
from governance.evidence.queries import runs_visible_to
from governance.evidence.services import EvidenceRefused
from governance.evidence.wording import refusal_text
from governance.web.requests import PageRequest
from governance.web.sentences import as_sentence


def _found(request: PageRequest, pk: int) -> Run:
    return get_object_or_404(runs_visible_to(request.user), pk=pk, kind="stress")


@login_required
@require_safe
def cases(request: PageRequest, pk: int, form: str) -> HttpResponse:
    """Every input that turned out wrong: for a spreadsheet, or as lines of JSON."""
    shown = _found(request, pk)
    try:
        found = list(stress_cases.cases_of(shown))
    except EvidenceRefused as gone:
        raise Http404 from gone
    if form == "csv":
        content, media_type = cases_csv(found), "text/csv"
    else:
        content, media_type = "".join(json.dumps(one) + "\n" for one in found), "application/x-ndjson"
    answer = HttpResponse(content, content_type=f"{media_type}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="stress-run-{shown.pk}.{form}"'
    return answer


@login_required
@require_POST
def keep(request: PageRequest, pk: int) -> HttpResponse:
    """Keep one input that turned out wrong as a permanent test of the entry."""
    shown = _found(request, pk)
    try:
        stress_cases.keep_found(run=shown, case=request.POST.get("case", ""), by=request.user, at=timezone.now())
    except EvidenceRefused as refusal:
        messages.error(request, refusal_text(refusal.code, refusal.params) or as_sentence(str(refusal)))
    else:
        messages.success(request, _("It is a permanent test now: every later stress audit asks it too."))
    return redirect(f"{reverse('evidence:run', args=[pk])}#turned")


@login_required
@require_POST
def drop(request: PageRequest, pk: int) -> HttpResponse:
    """Ask a permanent test no more."""
    seen = UseCase.objects.visible_to(request.user)
    case = get_object_or_404(StressCase.objects.filter(use_case__in=seen), pk=pk)
    try:
        stress_cases.drop(case=case, by=request.user, at=timezone.now())
    except EvidenceRefused as refusal:
        messages.error(request, as_sentence(str(refusal)))
    else:
        messages.success(request, _("The test is asked no more."))
    back = request.POST.get("run", "")
    return redirect("evidence:run", pk=int(back)) if back.isdecimal() and len(back) < 19 else redirect("evidence:runs")
