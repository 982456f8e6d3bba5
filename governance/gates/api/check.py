"""REST: the question of a pipeline."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.catalog.models import Stage, SubjectKind
from governance.gates import queries, stored
from governance.gates.documents import gate_document
from governance.people.models import Scope
from governance.web.problems import Problem

SLUG = re.compile(r"[a-zA-Z0-9_-]{1,60}")


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
        asked = self._asked(request)
        if kind not in SubjectKind.values:
            raise Problem(422, "unknown_kind", f"the kind is one of {', '.join(SubjectKind.values)}")
        try:
            subject = queries.subject(kind=kind, repo_id=name if ns == "_" else f"{ns}/{name}", revision=sha)
        except queries.MalformedSubject as malformed:
            raise Problem(422, malformed.code, str(malformed)) from malformed
        user: Any = request.user
        question = {"user": user, "subject": subject, **asked}
        had = request.headers.get("If-None-Match", "")
        # Whether it has changed is told without the documents, which are most of what an answer costs.
        if had and (tag := stored.in_force_tag(**question)) and f'"{tag}"' in had:
            return Response(status=304, headers=_headers(tag))
        answer = queries.gate_answer(**question)
        if had and f'"{answer.etag}"' in had:
            return Response(status=304, headers=_headers(answer.etag))
        return Response(gate_document(answer), headers=_headers(answer.etag))

    def _asked(self, request: Request) -> dict[str, str]:
        use_case, stage = (request.query_params.getlist(name) for name in ("use_case", "stage"))
        # What pipelines send is plainly right; making the serializer costs as much as the question to the database.
        if len(use_case) == len(stage) == 1 and SLUG.fullmatch(use_case[0]) and stage[0] in Stage.values:
            return {"use_case": use_case[0], "stage": stage[0]}
        asked = self.Input(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": f'"{tag}"', "Cache-Control": "private, max-age=0"}
