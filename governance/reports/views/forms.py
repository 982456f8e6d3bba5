"""Pages: the forms of an edition. A page hands out what is drawn; it never draws."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from governance.reports import drawing, showing, tasks
from governance.reports.models import Edition, Form, Rendition
from governance.reports.serving import form_response
from governance.reports.shapes import LANGUAGES
from governance.reports.views.editions import found_or_404
from governance.web.requests import PageRequest


def noted(edition: Edition, form: str, language: str) -> Rendition:
    """The form of an edition; a worker is told where it is not drawn yet.

    Raises:
        Http404: there is no such form or language.
    """
    if form not in Form.values or language not in LANGUAGES:
        raise Http404
    rendition = drawing.note(edition, form=form, language=language, at=timezone.now())
    if rendition.is_open:
        transaction.on_commit(tasks.wake_drawing)
    return rendition


@login_required
@require_safe
def form(request: PageRequest, pk: int, form: str, language: str) -> HttpResponseBase:
    """One form of an edition in one language, or how far it is."""
    edition = found_or_404(request, pk)
    rendition = noted(edition, form, language)
    answer = None if request.htmx else form_response(rendition)
    if answer is not None:
        return answer
    context = {
        "room": "reports",
        "edition": edition,
        "rendition": rendition,
        "forms": Form.choices,
        "error": showing.in_words(rendition.code, rendition.error),
        "refresh_s": 3 if rendition.is_open else 0,
    }
    return render(request, "reports/form.html", context, status=202 if rendition.is_open else 200)


@login_required
@require_POST
def again(request: PageRequest, pk: int, form: str, language: str) -> HttpResponse:
    """Have a form that failed drawn again."""
    drawing.again(noted(found_or_404(request, pk), form, language), at=timezone.now())
    transaction.on_commit(tasks.wake_drawing)
    return redirect("reports:form", pk=pk, form=form, language=language)
