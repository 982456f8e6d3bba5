"""REST: questions that are answered to the end, and waiting for the answer."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from governance.catalog.models import Stage, SubjectKind
from governance.evidence.services import NotAnAsker
from governance.gates import evaluations, queries
from governance.gates.models import GateEvaluation, GateVerdict
from governance.people.models import Scope
from governance.web.authentication import BearerToken, person
from governance.web.idempotency import idempotent
from governance.web.problems import Problem

LONGEST_WAIT_S = 60
ASK_EVERY_S = 1.0
WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,9})(?=$|[,;\s])")
# Each waiter keeps a thread of its process from other requests, so only some of the threads may wait.
_waiters = threading.BoundedSemaphore(settings.GATE_WAITERS)


class Evaluations(APIView):
    """POST keeps a question and starts missing audits if ``ensure_audits``: 200 with the last word, or 202 to wait."""

    scopes = {"POST": Scope.GATE_EVALUATE}

    class Input(serializers.Serializer[None]):
        class SubjectInput(serializers.Serializer[None]):
            kind = serializers.ChoiceField(choices=SubjectKind.choices)
            repo = serializers.CharField(max_length=256, help_text="namespace/name, or name without a namespace")
            revision = serializers.CharField(max_length=64, help_text="40-hex commit or 64-hex version digest")
            manifest_sha256 = serializers.RegexField(
                r"^[0-9a-f]{64}$", required=False, help_text="model-signing root of the files that are at hand"
            )

        subject = SubjectInput()
        use_case = serializers.CharField(max_length=60)
        stage = serializers.ChoiceField(choices=Stage.choices)
        ensure_audits = serializers.BooleanField(default=False)

    @extend_schema(
        operation_id="gate_evaluations_create",
        request=Input,
        responses={200: OpenApiTypes.OBJECT, 202: OpenApiTypes.OBJECT},
    )
    @idempotent(required=True)
    def post(self, request: Request) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        try:
            subject = queries.subject(
                kind=values["subject"]["kind"],
                repo_id=values["subject"]["repo"],
                revision=values["subject"]["revision"],
            )
        except queries.MalformedSubject as malformed:
            raise Problem(422, malformed.code, str(malformed)) from malformed
        at = timezone.now()
        try:
            evaluation = evaluations.ask(
                subject=subject,
                use_case=values["use_case"],
                stage=values["stage"],
                manifest_sha256=values["subject"].get("manifest_sha256", ""),
                ensure_audits=values["ensure_audits"],
                by=person(request),
                at=at,
            )
        except NotAnAsker as refused:
            raise Problem(403, refused.code, str(refused)) from refused
        return _answer(request, evaluation, evaluations.told(evaluation, at=at))


class EvaluationView(APIView):
    """One question with its answer: 200 once it is the last word, 202 before. ``Prefer: wait=30`` waits for it."""

    scopes = {"GET": Scope.GATE_EVALUATE}

    @extend_schema(
        operation_id="gate_evaluations_retrieve",
        parameters=[
            OpenApiParameter("Prefer", str, "header", description="wait=SECONDS, 60 at most, for the last word")
        ],
        responses={200: OpenApiTypes.OBJECT, 202: OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, public_id: Any) -> Response:
        evaluation = get_object_or_404(GateEvaluation.objects.visible_to(person(request)), public_id=public_id)
        verdict = evaluations.told(evaluation, at=timezone.now())
        asked = WAIT.search(request.headers.get("Prefer", ""))
        wait_s = min(int(asked[1]), LONGEST_WAIT_S) if asked else 0
        if verdict.verdict != evaluations.PENDING or wait_s == 0:
            return _answer(request, evaluation, verdict)
        with _place() as waits:
            until = time.monotonic() + (wait_s if waits else 0)
            while verdict.verdict == evaluations.PENDING and time.monotonic() < until:
                _sleep(min(ASK_EVERY_S, max(0.0, until - time.monotonic())))
                _still_allowed(request)
                verdict = evaluations.told(evaluation, at=timezone.now())
        response = _answer(request, evaluation, verdict)
        if waits:
            response["Preference-Applied"] = f"wait={wait_s}"
        return response


def _answer(request: Request, evaluation: GateEvaluation, told: GateVerdict) -> Response:
    headers = {"ETag": f'"{told.etag}"', "Cache-Control": "private, max-age=0"}
    if told.verdict != evaluations.PENDING:
        return Response(told.document, headers=headers)
    headers |= {
        "Location": reverse("gate-evaluation", kwargs={"public_id": evaluation.public_id}),
        "Retry-After": "2",
    }
    return Response(told.document, status=202, headers=headers)


@contextmanager
def _place() -> Iterator[bool]:
    """A place among those who wait; False where all are taken, and the client has to ask again itself."""
    taken = _waiters.acquire(blocking=False)
    try:
        yield taken
    finally:
        if taken:
            _waiters.release()


def _sleep(seconds: float) -> None:
    """Sleep without a connection to the database."""
    if not connection.in_atomic_block:
        connection.close()
    time.sleep(seconds)


def _still_allowed(request: Request) -> None:
    """A token that was revoked, or has run out, while it waited gets no answer."""
    found = BearerToken().authenticate(request)
    if found is None or Scope.GATE_EVALUATE not in found[1].scopes:
        raise NotAuthenticated
