"""REST: the forms of an edition, and having one drawn again."""

from __future__ import annotations

from django.db import transaction
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.people.models import Scope
from governance.reports import drawing, tasks
from governance.reports.api.editions import seen
from governance.reports.models import Form, Rendition
from governance.reports.serving import form_response
from governance.reports.shapes import LANGUAGES
from governance.web.idempotency import idempotent
from governance.web.problems import Problem

RETRY_AFTER = {"Retry-After": "5"}


class RenditionDocument(serializers.ModelSerializer[Rendition]):
    """How far a form is: queued, running, or done with the digest of its bytes."""

    class Meta:
        model = Rendition
        fields = ("form", "language", "state", "requested_at", "finished_at", "sha256", "bytes", "pages")


class FormView(APIView):
    """One form of an edition: ``html`` (a page that stands alone), ``pdf``, or ``csv`` (a zip of tables).

    202 while a worker draws it; ask again after ``Retry-After``. 409 where it could not be drawn, with the reason: POST
    has it drawn again. POST of a form that is being drawn, or is there, changes nothing.
    """

    scopes = {"GET": Scope.REPORTS_READ, "POST": Scope.REPORTS_READ}

    class Asked(serializers.Serializer[None]):
        language = serializers.ChoiceField(choices=LANGUAGES, default="en")

    class Waiting(serializers.Serializer[None]):
        state = serializers.ChoiceField(choices=["queued", "running"])

    @extend_schema(
        operation_id="reports_forms_retrieve",
        parameters=[Asked],
        responses={200: OpenApiTypes.BINARY, 202: Waiting},
    )
    def get(self, request: Request, pk: int, form: str) -> HttpResponseBase:
        rendition = self._noted(request, pk, form, request.query_params.dict())
        if rendition.is_open:
            return Response({"state": rendition.state}, status=202, headers=RETRY_AFTER)
        answer = form_response(rendition)
        if answer is None:
            said = rendition.error or "its bytes are gone"
            raise Problem(409, rendition.code or "not_drawn", f"{said}; POST to the same address asks for it again")
        return answer

    @extend_schema(
        operation_id="reports_forms_draw", request=Asked, responses={200: RenditionDocument, 202: RenditionDocument}
    )
    @idempotent()
    def post(self, request: Request, pk: int, form: str) -> Response:
        rendition = self._noted(request, pk, form, request.data)
        drawing.again(rendition, at=timezone.now())
        rendition.refresh_from_db()
        path = f"{reverse('report-form', args=[pk, form])}?language={rendition.language}"
        headers = {"Location": request.build_absolute_uri(path), **(RETRY_AFTER if rendition.is_open else {})}
        return Response(RenditionDocument(rendition).data, status=202 if rendition.is_open else 200, headers=headers)

    def _noted(self, request: Request, pk: int, form: str, sent: object) -> Rendition:
        """The form that is asked for; a worker is told, who finds what waits by then.

        Raises:
            Problem: 404 for what is no form.
        """
        edition = get_object_or_404(seen(request), pk=pk)
        if form not in Form.values:
            raise Problem(
                404, "unknown_form", f"a report has the forms {', '.join(Form.values)}, and the JSON document"
            )
        asked = self.Asked(data=sent)
        asked.is_valid(raise_exception=True)
        rendition = drawing.note(edition, form=form, language=asked.validated_data["language"], at=timezone.now())
        if rendition.state != "done":
            transaction.on_commit(tasks.wake_drawing)
        return rendition
