"""Pages: what the pilot of a version showed."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance.catalog.use_cases import KEEPERS
from governance.evidence import declaring
from governance.evidence import services as evidence
from governance.evidence.models import PilotReport
from governance.people.queries import standing
from governance.reviews import forms
from governance.reviews.models import Submission
from governance.web.finding import one_or_404
from governance.web.requests import PageRequest
from governance.web.sentences import as_sentence


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pilot(request: PageRequest, pk: int) -> HttpResponse:
    """What the pilot of a version showed, and for owners of the use case the form that signs the next report."""
    seen = Submission.objects.visible_to(request.user).select_related("version__entry", "use_case__owner_team")
    shown = one_or_404(seen, pk)
    owner = any(standing(request.user).has(role, team_id=shown.use_case.owner_team_id) for role in KEEPERS)
    form = forms.PilotForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422 if owner else 403
        if owner and form.is_valid():
            told, now = dict(form.cleaned_data), timezone.now()
            file = told.pop("file")
            try:
                upload = evidence.upload(
                    stream=file,
                    filename=file.name or "pilot",
                    media_type=file.content_type or "application/octet-stream",
                    by=request.user,
                    at=now,
                )
                declaring.sign_pilot(
                    version=shown.version, use_case=shown.use_case, upload=upload, by=request.user, at=now, **told
                )
            except evidence.EvidenceRefused as refusal:
                form.add_error(None, as_sentence(str(refusal)))
            else:
                messages.success(request, _("The report is signed; the review has been judged again with it."))
                return redirect("reviews:pilot", pk=shown.pk)
    reports = PilotReport.objects.filter(version=shown.version, use_case=shown.use_case)
    context = {
        "room": "submissions",
        "submission": shown,
        "entry": shown.version.entry,
        "reports": reports.select_related("signed_by", "upload").order_by("-signed_at", "-pk")[:20],
        "form": form if owner else None,
    }
    return render(request, "reviews/pilot.html", context, status=status)
