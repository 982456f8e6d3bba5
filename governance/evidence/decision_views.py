"""Pages: how a use case makes its model."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance.catalog.models import UseCase
from governance.catalog.use_cases import KEEPERS
from governance.evidence import declaring, services
from governance.evidence.forms import DecisionRecordForm
from governance.people.queries import standing
from governance.web.requests import PageRequest
from governance.web.sentences import as_sentence


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def decision_records(request: PageRequest, slug: str) -> HttpResponse:
    """How a use case makes its model: the records, and for its owners the form for the next one."""
    shown = get_object_or_404(UseCase.objects.visible_to(request.user), slug=slug)
    owner = any(standing(request.user).has(role, team_id=shown.owner_team_id) for role in KEEPERS)
    form = DecisionRecordForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422 if owner else 403
        if owner and form.is_valid():
            try:
                declaring.record_decision(use_case=shown, by=request.user, at=timezone.now(), **form.cleaned_data)
            except services.EvidenceRefused as refusal:
                form.add_error(None, as_sentence(str(refusal)))
            else:
                messages.success(request, _("The decision is recorded; reviews have been judged again with it."))
                return redirect("evidence:decision-records", slug=slug)
    records = shown.decision_records.select_related("decided_by").order_by("-decided_at", "-pk")[:20]
    context = {"room": "use-cases", "use_case": shown, "records": records, "form": form if owner else None}
    return render(request, "evidence/decision_records.html", context, status=status)
