"""REST: editions of reports, and having one built."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.people.models import Scope, Team, User
from governance.people.queries import teams_seen_by
from governance.reports import asking, comparing
from governance.reports.errors import ReportRefused
from governance.reports.models import Build, Edition
from governance.reports.reading import DocumentGone
from governance.reports.serving import document_response
from governance.web.authentication import person
from governance.web.idempotency import idempotent
from governance.web.problems import Problem


class EditionDocument(serializers.ModelSerializer[Edition]):
    """An edition. ``document_sha256`` is the digest of its JSON document and stands in the ledger; ``team`` is null
    for the portfolio.
    """

    team = serializers.SlugRelatedField[Team](slug_field="slug", read_only=True, allow_null=True)
    previous = serializers.PrimaryKeyRelatedField[Edition](read_only=True, allow_null=True)

    class Meta:
        model = Edition
        fields = (
            "id",
            "kind",
            "period",
            "team",
            "number",
            "provisional",
            "begins_at",
            "ends_at",
            "time_zone",
            "as_of",
            "read_at",
            "document_sha256",
            "content_sha256",
            "bytes",
            "previous",
            "built_at",
        )


class BuildDocument(serializers.ModelSerializer[Build]):
    """How the building of an edition goes; ``report`` is the edition once it is there."""

    id = serializers.UUIDField(source="public_id")
    team = serializers.SlugRelatedField[Team](slug_field="slug", read_only=True, allow_null=True)
    report = serializers.PrimaryKeyRelatedField[Edition](source="edition", read_only=True, allow_null=True)

    class Meta:
        model = Build
        fields = (
            "id",
            "state",
            "period",
            "team",
            "requested_at",
            "finished_at",
            "progress_done",
            "progress_total",
            "report",
            "code",
            "error",
        )


def seen(request: Request) -> QuerySet[Edition]:
    """The editions that the token's owner sees."""
    return Edition.objects.visible_to(person(request)).select_related("team")


def team_named(user: User, slug: str | None) -> Team | None:
    """A team by its slug, among those that the person sees; None for the portfolio.

    Raises:
        Problem: 422 where there is none.
    """
    if not slug:
        return None
    teams = teams_seen_by(user)
    found = (Team.objects.all() if teams is None else Team.objects.filter(pk__in=teams)).filter(slug=slug).first()
    if found is None:
        raise Problem(422, "unknown_team", f"there is no team {slug!r} that you are in; teams/ lists them")
    return found


class Reports(generics.ListAPIView[Edition]):
    """Editions, newest first. POST asks for one to be built; the answer tells where to look how it goes."""

    scopes = {"GET": Scope.REPORTS_READ, "POST": Scope.REPORTS_READ}
    serializer_class = EditionDocument
    ordering = ("-built_at", "-id")

    class Filter(serializers.Serializer[None]):
        period = serializers.CharField(max_length=24, required=False)
        team = serializers.SlugField(max_length=60, required=False)

    class Input(serializers.Serializer[None]):
        period = serializers.CharField(max_length=24, help_text="2026-11, 2026-Q4 or 2026-11-01..2026-11-15")
        team = serializers.SlugField(max_length=60, required=False, allow_null=True, default=None)

    def get_queryset(self) -> QuerySet[Edition]:
        asked = self.Filter(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        lookups = {"period": "period", "team": "team__slug"}
        return seen(self.request).filter(**{lookups[name]: value for name, value in asked.validated_data.items()})

    @extend_schema(parameters=[Filter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(operation_id="reports_build", request=Input, responses={202: BuildDocument})
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        by = person(request)
        team = team_named(by, sent.validated_data["team"])
        try:
            period = asking.period_named(sent.validated_data["period"])
            build = asking.request(period=period, team=team, by=by, at=timezone.now())
        except ReportRefused as refused:
            raise Problem(refused.status, refused.code, str(refused)) from refused
        location = request.build_absolute_uri(reverse("report-build", args=[build.public_id]))
        return Response(BuildDocument(build).data, status=202, headers={"Location": location})


class BuildView(APIView):
    """How the building of an edition goes: queued, running, done with the report, or failed with the reason."""

    scopes = {"GET": Scope.REPORTS_READ}

    @extend_schema(operation_id="reports_builds_retrieve", responses=BuildDocument)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        builds = Build.objects.visible_to(person(request)).select_related("team")
        return Response(BuildDocument(get_object_or_404(builds, public_id=public_id)).data)


class ReportView(APIView):
    """One edition: its document, byte for byte as the ledger holds its digest."""

    scopes = {"GET": Scope.REPORTS_READ}

    @extend_schema(operation_id="reports_retrieve", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        edition = get_object_or_404(seen(request), pk=pk)
        try:
            return document_response(edition)
        except DocumentGone as gone:
            raise Problem(410, "document_gone", str(gone)) from gone


class DifferencesView(APIView):
    """What is otherwise than in the edition before, or than in the one that ``against`` names."""

    scopes = {"GET": Scope.REPORTS_READ}

    class Against(serializers.Serializer[None]):
        against = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)

    @extend_schema(operation_id="reports_differences", parameters=[Against], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, pk: int) -> Response:
        edition = get_object_or_404(seen(request), pk=pk)
        asked = self.Against(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        other = None
        if "against" in asked.validated_data:
            other = get_object_or_404(seen(request), pk=asked.validated_data["against"])
        try:
            return Response(comparing.differences_of(edition, against=other))
        except comparing.NotComparable as refused:
            raise Problem(422, refused.code, str(refused)) from refused
        except DocumentGone as gone:
            raise Problem(410, "document_gone", str(gone)) from gone
