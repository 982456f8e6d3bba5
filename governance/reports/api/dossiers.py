"""REST: the dossier of a version in a use case, in the order of Annex IV."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from audits.digests import canonical
from governance.catalog import queries as catalogue
from governance.catalog.models import UseCase
from governance.people.models import Scope
from governance.reports.shapes import LANGUAGES
from governance.web.authentication import person
from governance.web.problems import Problem
from governance.web.static_pages import static_page


def told(request: Request, kind: str, ns: str, name: str, sha: str, slug: str) -> dict[str, Any]:
    """The dossier, of what the token's owner sees.

    Raises:
        Http404: the version or the use case is not there, or not theirs to see.
        Problem: 422 for a branch, a tag or a short sha.
    """
    from governance.reports import dossier  # it compiles as reports do: only who asks for one loads that

    try:
        version = catalogue.resolve(user=person(request), kind=kind, ns=ns, name=name, sha=sha)
    except catalogue.NotASha as no_sha:
        raise Problem(422, no_sha.code, str(no_sha)) from no_sha
    if version is None:
        raise Http404
    visible = UseCase.objects.visible_to(person(request)).select_related("owner_team")
    return dossier.document(version=version, use_case=get_object_or_404(visible, slug=slug), at=timezone.now())


class DossierView(APIView):
    """What there is for each point of the AI Act's Annex IV, in its order, and what there is not.

    ``rows[].gaps`` are facts that this product could hold and does not; ``state`` is ``all``, ``some``, ``none`` or
    ``outside`` (nothing that this product holds can speak to the point). No row says that a point is met: whoever draws
    the technical documentation up decides. ``content`` has the facts themselves, in the shapes of a report.
    """

    scopes = {"GET": Scope.REPORTS_READ}

    @extend_schema(operation_id="entries_versions_dossier", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, kind: str, ns: str, name: str, sha: str, slug: str) -> HttpResponse:
        found = told(request, kind, ns, name, sha, slug)
        return HttpResponse(canonical(found), content_type="application/json")


class DossierPage(APIView):
    """The same as one HTML file without scripts, which prints on A4."""

    scopes = {"GET": Scope.REPORTS_READ}

    class Asked(serializers.Serializer[None]):
        language = serializers.ChoiceField(choices=LANGUAGES, default="en")

    @extend_schema(
        operation_id="entries_versions_dossier_page",
        parameters=[Asked],
        responses={(200, "text/html"): OpenApiTypes.STR},
    )
    def get(self, request: Request, kind: str, ns: str, name: str, sha: str, slug: str) -> HttpResponse:
        from governance.reports import dossier_page

        asked = self.Asked(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        language = asked.validated_data["language"]
        answer = static_page(dossier_page.page(told(request, kind, ns, name, sha, slug), language=language))
        answer.headers["Content-Language"] = language
        return answer
