"""Pages: the dossier of a version in a use case."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from audits.digests import canonical
from governance.catalog import queries as catalogue
from governance.catalog.models import SubjectKind, UseCase, Version
from governance.web.requests import PageRequest


def found(request: PageRequest, kind: str, ns: str, name: str, sha: str, slug: str) -> tuple[Version, UseCase]:
    """The version and the use case, if the person sees both.

    Raises:
        Http404: one of them is not there, or not theirs to see.
    """
    entry = catalogue.find_entry(user=request.user, kind=kind, ns=ns, name=name) if kind in SubjectKind.values else None
    rows = Version.objects.select_related("entry", "card")
    version = rows.filter(entry=entry, revision=sha).first() if entry is not None else None
    if version is None:
        raise Http404
    visible = UseCase.objects.visible_to(request.user).select_related("owner_team")
    return version, get_object_or_404(visible, slug=slug)


@login_required
@require_safe
def page(request: PageRequest, kind: str, ns: str, name: str, sha: str, slug: str) -> HttpResponse:
    """The points of Annex IV in order, with what is there and what is not. It prints."""
    from governance.reports import dossier  # it compiles as reports do: only who asks for one loads that

    version, use_case = found(request, kind, ns, name, sha, slug)
    told = dossier.document(version=version, use_case=use_case, at=timezone.now())
    context = {
        "room": "catalogue",
        "version": version,
        "entry": version.entry,
        "use_case": use_case,
        "dossier": told,
        "rows": dossier.shown(told),
        "counts": dossier.gaps(told),
    }
    return render(request, "reports/dossier.html", context)


@login_required
@require_safe
def as_json(request: PageRequest, kind: str, ns: str, name: str, sha: str, slug: str) -> HttpResponse:
    """The same as JSON."""
    from governance.reports import dossier

    version, use_case = found(request, kind, ns, name, sha, slug)
    told = dossier.document(version=version, use_case=use_case, at=timezone.now())
    answer = HttpResponse(canonical(told), content_type="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="dossier-{version.digest[:12]}-{use_case.slug}.json"'
    return answer
