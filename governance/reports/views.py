"""Pages: the list of editions, one edition."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from governance.reports.models import Edition
from governance.reports.reading import DocumentGone
from governance.reports.serving import document_response
from governance.web.cursors import page_of
from governance.web.requests import PageRequest


@login_required
@require_safe
def editions(request: PageRequest) -> HttpResponse:
    """The editions that the person sees, newest first."""
    found = Edition.objects.visible_to(request.user).select_related("team")
    page = page_of(found, request, columns=("-built_at", "-pk"))
    return render(request, "reports/editions.html", {"room": "reports", "rows": page.rows, "page": page})


def found_or_404(request: PageRequest, pk: int) -> Edition:
    if not 0 < pk < 2**63:
        raise Http404
    return get_object_or_404(Edition.objects.visible_to(request.user).select_related("team", "previous"), pk=pk)


@login_required
@require_safe
def edition(request: PageRequest, pk: int) -> HttpResponse:
    """One edition: its cover and what is otherwise than before. Nothing is built for it."""
    shown = found_or_404(request, pk)
    return render(request, "reports/edition.html", {"room": "reports", "edition": shown})


@login_required
@require_safe
def document(request: PageRequest, pk: int) -> HttpResponseBase:
    """The document as a file."""
    try:
        return document_response(found_or_404(request, pk))
    except DocumentGone as gone:
        raise Http404 from gone
