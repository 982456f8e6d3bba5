"""Small views on which the tests of the REST interface's frame stand: lists of teams, and what goes wrong."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.urls import include, path
from django.utils import timezone
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.people.models import Scope, Team
from governance.web.etags import required_edition
from governance.web.idempotency import idempotent
from governance.web.problems import Problem


class TeamDocument(serializers.ModelSerializer[Team]):
    class Meta:
        model = Team
        fields = ("slug", "name")


class Teams(generics.ListAPIView[Team]):
    """Teams in the order in which they were made; POST makes one."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.CATALOG_WRITE}
    serializer_class = TeamDocument
    ordering = ("-created_at", "-id")
    queryset = Team.objects.all()
    takes_s: ClassVar[float] = 0.0

    @idempotent()
    def post(self, request: Request) -> Response:
        sent = TeamDocument(data=request.data)
        sent.is_valid(raise_exception=True)
        time.sleep(self.takes_s)
        team = sent.save(created_at=timezone.now())
        if team.name == "breaks":
            raise RuntimeError("in the middle")
        if team.name == "refused":
            raise Problem(409, "refused", "not this one")
        return Response({"slug": team.slug, "zz": 1.0, "id": team.pk}, status=201, headers={"Location": "/there/"})


class Strict(APIView):
    """Takes an Idempotency-Key and an If-Match, and says what it got."""

    scopes = {"POST": Scope.CATALOG_WRITE}

    @idempotent(required=True)
    def post(self, request: Request) -> Response:
        return Response({"edition": required_edition(request), "sent": request.data})


class Echo(APIView):
    scopes = {"POST": Scope.CATALOG_READ, "GET": Scope.CATALOG_READ}

    def post(self, request: Request) -> Response:
        return Response(request.data)

    def get(self, request: Request) -> Response:
        raise {"crash": RuntimeError("secret detail"), "database": OperationalError("connection is lost")}.get(
            request.query_params.get("how", ""), ValidationError({"name": ["too short"]})
        )


class Unscoped(APIView):
    """Forgot to say which scope opens it."""

    def get(self, request: Request) -> Response:
        return Response({"open": True})


urlpatterns: list[Any] = [
    path("api/v1/test/teams/", Teams.as_view()),
    path("api/v1/test/strict/", Strict.as_view()),
    path("api/v1/test/echo/", Echo.as_view()),
    path("api/v1/test/unscoped/", Unscoped.as_view()),
    path("", include("config.urls")),
]
handler400 = "governance.web.views.bad_request"
handler403 = "governance.web.views.forbidden"
handler404 = "governance.web.views.not_found"
handler500 = "governance.web.views.crashed"
