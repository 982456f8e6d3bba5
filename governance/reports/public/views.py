"""The page that anybody reads, and the page on which summaries are published."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from governance.catalog.models import UseCase
from governance.catalog.use_cases import may_keep
from governance.reports.public import queries, services
from governance.reports.shapes import LANGUAGES
from governance.web.requests import PageRequest
from governance.web.sentences import as_sentence
from governance.web.static_pages import static_page

CACHED_S = 300


@require_safe
def public_summary(request: HttpRequest, public_id: uuid.UUID, language: str = "en") -> HttpResponse:
    """The newest summary at a permanent address, for everybody; 410 six months after the last use. Two queries."""
    shown = queries.shown_at(public_id, at=timezone.now())
    if shown is None or language not in LANGUAGES:
        raise Http404
    if shown.over:
        return render(request, "reports/public_over.html", {"until": shown.kept_until}, status=410)
    html = shown.summary.html_ru if language == "ru" else shown.summary.html_en
    answer = static_page(html)
    answer.headers["Cache-Control"] = f"public, max-age={CACHED_S}"
    answer.headers["Content-Language"] = language
    return answer


def _found(request: PageRequest, slug: str) -> UseCase:
    return get_object_or_404(UseCase.objects.visible_to(request.user).select_related("owner_team"), slug=slug)


@login_required
@require_safe
def published(request: PageRequest, slug: str) -> HttpResponse:
    """The audits of a use case under Local Law 144, and what is published of them."""
    use_case = _found(request, slug)
    context: dict[str, Any] = {
        "room": "use-cases",
        "use_case": use_case,
        "may_publish": may_keep(request.user, use_case.owner_team),
        "candidates": queries.candidates(use_case, at=timezone.now()),
        "today": timezone.now().date(),
    }
    return render(request, "reports/public_pages.html", context)


@login_required
@require_POST
def publish(request: PageRequest, slug: str) -> HttpResponse:
    """Publish the summary of a run."""
    use_case = _found(request, slug)
    run = request.POST.get("run", "")
    try:
        summary = services.publish(
            use_case_id=use_case.pk,
            run_id=int(run) if run.isdecimal() and len(run) < 19 else 0,
            by=request.user,
            at=timezone.now(),
        )
    except services.PublishingRefused as refusal:
        messages.error(request, as_sentence(refusal.message))
    else:
        messages.success(request, _("Published. The address stays the same when you publish a later audit."))
        return redirect("reports-public:published", slug=summary.page.use_case.slug)
    return redirect("reports-public:published", slug=slug)
