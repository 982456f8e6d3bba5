"""Pages: the list of editions, one edition, two side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from governance.reports import comparing, forms, showing
from governance.reports.asking import BUILDERS, KEEPERS
from governance.reports.models import Build, Edition, Subscription
from governance.reports.reading import DocumentGone, open_document
from governance.reports.renditions import wording as words
from governance.reports.serving import document_response
from governance.web.cursors import page_of
from governance.web.requests import PageRequest

# Of a section with thousands of differences the page shows so many; the document has them all.
MOST_SHOWN = 100


@login_required
@require_safe
def editions(request: PageRequest) -> HttpResponse:
    """The editions that the person sees, newest first, and what is being built. Seven queries at most."""
    return show_list(request)


def show_list(request: PageRequest, *, status: int = 200, **kept: Any) -> HttpResponse:
    found = Edition.objects.visible_to(request.user).select_related("team")
    page = page_of(found, request, columns=("-built_at", "-pk"))
    offered = forms.scopes(request.user, roles=BUILDERS)
    building = Build.objects.visible_to(request.user).open().select_related("team").order_by("requested_at", "pk")
    seen = forms.scopes(request.user)
    context = {
        "room": "reports",
        "page": page,
        "rows": page.rows,
        "building": list(building[:20]),
        "form": forms.BuildForm(offered=offered) if offered else None,
        "suggested": forms.BuildForm.suggested(timezone.now()),
        "subscriptions": list(Subscription.objects.filter(user=request.user).select_related("team").order_by("pk")),
        "subscribing": forms.SubscriptionForm(offered=seen) if seen else None,
        "may_schedule": bool(forms.scopes(request.user, roles=KEEPERS)),
    }
    return render(request, "reports/editions.html", {**context, **kept}, status=status)


def found_or_404(request: PageRequest, pk: int) -> Edition:
    """The edition, if the person sees it."""
    rows = Edition.objects.visible_to(request.user).select_related("team", "previous")
    return get_object_or_404(rows, pk=pk if 0 < pk < 2**63 else 0)


@login_required
@require_safe
def edition(request: PageRequest, pk: int) -> HttpResponse:
    """One edition: its cover, its numbers, and what is otherwise than before. Read from the stored document."""
    shown = found_or_404(request, pk)
    others = Edition.objects.visible_to(request.user).filter(team=shown.team).exclude(pk=shown.pk)
    context: dict[str, Any] = {
        "room": "reports",
        "edition": shown,
        "others": list(others.order_by("-ends_at", "-number")[:24]),
    }
    try:
        with open_document(shown) as document:
            context |= _told(document.differences)
            context |= {
                "cover": document.cover,
                "counts": showing.counts(document.section("summary"), document.differences),
                "note": words.COUNTED,
                "sizes": showing.sizes(document),
            }
    except DocumentGone as gone:
        context["gone"] = str(gone)
    return render(request, "reports/edition.html", context)


@login_required
@require_safe
def compare(request: PageRequest, pk: int) -> HttpResponse:
    """An edition beside another of its scope."""
    shown = found_or_404(request, pk)
    asked = request.GET.get("with", "")
    other = found_or_404(request, int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else 0)
    try:
        found = comparing.differences_of(shown, against=other)
    except comparing.NotComparable as refused:
        raise Http404 from refused
    except DocumentGone as gone:
        return render(request, "reports/compare.html", {"room": "reports", "edition": shown, "gone": str(gone)})
    context = {"room": "reports", "edition": shown, "other": other, **_told(found), "numbers": showing.changes(found)}
    return render(request, "reports/compare.html", context)


def _told(found: Mapping[str, Any]) -> dict[str, Any]:
    """Differences as ``reports/partials/differences.html`` takes them."""
    sections = [
        {**one, "name": words.named(words.SECTIONS, one["section"]), "shown": showing.items(one["items"][:MOST_SHOWN])}
        for one in found["sections"]
        if one["items"]
    ]
    return {"against": found["against"], "sections": sections, "most_shown": MOST_SHOWN}


@login_required
@require_safe
def document(request: PageRequest, pk: int) -> HttpResponseBase:
    """The document as a file."""
    try:
        return document_response(found_or_404(request, pk))
    except DocumentGone as gone:
        raise Http404 from gone
