"""REST: the question of a pipeline."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.catalog.models import Stage, SubjectKind
from governance.gates import queries
from governance.gates.documents import gate_document
from governance.people.models import Scope
from governance.web.problems import Problem


class GateCheck(APIView):
    """GET /api/v1/gate/{kind}/{ns}/{name}@{sha}?use_case=&stage= -> may this version run there, and why?

    200 with the document for every verdict; ``deny`` with ``no_approval`` for what is unknown or not to be seen.
    It reads what is stored and never runs an evaluation. The ETag changes with the answer, also by time alone.
    """

    scopes = {"GET": Scope.GATE_READ}

    class Input(serializers.Serializer[None]):
        use_case = serializers.CharField(max_length=60)
        stage = serializers.ChoiceField(choices=Stage.choices)

    @extend_schema(
        operation_id="gate_retrieve",
        parameters=[
            Input,
            OpenApiParameter("kind", str, "path", enum=SubjectKind.values),
            OpenApiParameter("ns", str, "path", description="namespace, _ for a repository without one"),
            OpenApiParameter("name", str, "path"),
            OpenApiParameter("sha", str, "path", description="40-hex commit or 64-hex version digest"),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, kind: str, ns: str, name: str, sha: str) -> Response:
        asked = self.Input(data=request.query_params)
        asked.is_valid(raise_exception=True)
        if kind not in SubjectKind.values:
            raise Problem(422, "unknown_kind", f"the kind is one of {', '.join(SubjectKind.values)}")
        try:
            subject = queries.subject(kind=kind, repo_id=name if ns == "_" else f"{ns}/{name}", revision=sha)
        except queries.MalformedSubject as malformed:
            raise Problem(422, malformed.code, str(malformed)) from malformed
        user: Any = request.user
        answer = queries.gate_answer(user=user, subject=subject, **asked.validated_data)
        headers = {"ETag": f'"{answer.etag}"', "Cache-Control": "private, max-age=0"}
        if headers["ETag"] in request.headers.get("If-None-Match", ""):
            return Response(status=304, headers=headers)
        return Response(gate_document(answer), headers=headers)
