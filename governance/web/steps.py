"""REST: what several people take through its steps. It is read with its edition, and each step names what was seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.ledger.refusals import Refused
from governance.people.models import Scope
from governance.web.authentication import person
from governance.web.etags import edition_tag, required_edition
from governance.web.idempotency import idempotent
from governance.web.problems import Problem
from governance.web.sentences import LONGEST_REASON

Result = TypeVar("Result")


def if_match(of: str) -> OpenApiParameter:
    """How the schema tells of the header that a step needs."""
    return OpenApiParameter("If-Match", str, "header", required=True, description=f"the ETag of the {of} as seen")


def refused(step: Callable[[], Result]) -> Result:
    """Take a step; what it refuses becomes a problem."""
    try:
        return step()
    except Refused as refusal:
        raise Problem(refusal.status, refusal.code, refusal.message) from refusal


def with_edition(document: Any, *, status: int = 200) -> Response:
    """A document with the ETag that its next step names."""
    return Response(document, status=status, headers={"ETag": edition_tag(document["edition"])})


class Reason(serializers.Serializer[None]):
    reason = serializers.CharField(max_length=LONGEST_REASON, required=False, allow_blank=True, default="")


class OneView(generics.RetrieveAPIView[Any]):
    """One of them; its ETag is what a step names in If-Match."""

    scopes = {"GET": Scope.CATALOG_READ}

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return with_edition(super().get(request, *args, **kwargs).data)


class StepView(APIView):
    """A step. The route names it; ``take`` is the service, ``of`` its argument for what the step is taken on."""

    scopes = {"POST": Scope.REVIEWS_WRITE}
    take: Callable[..., Any]
    of: str
    by = "by"

    def seen(self, request: Request) -> QuerySet[Any]:
        """What the token's owner may see."""
        raise NotImplementedError

    def answer(self, request: Request, taken: Any, pk: int) -> Response:
        """What is told once the step is taken."""
        raise NotImplementedError

    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        shown = get_object_or_404(self.seen(request), pk=pk)
        edition = required_edition(request)
        sent = Reason(data=request.data)
        sent.is_valid(raise_exception=True)
        who = {self.of: shown.pk, self.by: person(request)}
        step = type(self).take
        taken = refused(lambda: step(**who, edition=edition, reason=sent.validated_data["reason"], at=timezone.now()))
        return self.answer(request, taken, pk)
