"""REST: the kill switch."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.catalog import queries as catalogue
from governance.catalog.models import Entry, SubjectKind, Suspension, Version
from governance.catalog.suspensions import services
from governance.gates.models import Approval
from governance.gates.suspending import closed_by
from governance.people.models import Scope, Team
from governance.people.queries import teams_seen_by
from governance.web.authentication import person
from governance.web.idempotency import idempotent
from governance.web.problems import Problem
from governance.web.steps import refused


def seen(request: Request) -> QuerySet[Suspension]:
    return Suspension.objects.visible_to(person(request)).select_related(
        "entry", "version", "team", "made_by", "lifted_by"
    )


class ClosedDocument(serializers.ModelSerializer[Approval]):
    subject = serializers.CharField(source="version.entry.repo_id")
    revision = serializers.CharField(source="version.revision")
    use_case = serializers.CharField(source="use_case.slug")

    class Meta:
        model = Approval
        fields = ("id", "subject", "revision", "use_case", "stage", "granted_at", "ended_at")


class SuspensionSummary(serializers.ModelSerializer[Suspension]):
    kind = serializers.CharField(source="entry.kind")
    repo_id = serializers.CharField(source="entry.repo_id")
    revision = serializers.CharField(source="version.revision", default=None)
    team = serializers.CharField(source="team.slug", default=None)
    made_by = serializers.CharField(source="made_by.name")
    lifted_by = serializers.CharField(source="lifted_by.name", default=None)

    class Meta:
        model = Suspension
        fields: tuple[str, ...] = (
            "id",
            "kind",
            "repo_id",
            "revision",
            "descendants",
            "team",
            "reason",
            "made_by",
            "made_at",
            "lifted_by",
            "lifted_at",
            "lifted_reason",
        )


class SuspensionDocument(SuspensionSummary):
    """``closed`` are the approvals that it has ended, of those that one sees."""

    closed = serializers.SerializerMethodField()

    class Meta(SuspensionSummary.Meta):
        fields = (*SuspensionSummary.Meta.fields, "closed")

    def get_closed(self, suspension: Suspension) -> list[dict[str, Any]]:
        approvals = closed_by(suspension, user=person(self.context["request"]))
        return [dict(ClosedDocument(approval).data) for approval in approvals]


class SuspensionReason(serializers.Serializer[None]):
    reason = serializers.CharField(max_length=services.LONGEST_REASON)


class Suspensions(generics.ListAPIView[Suspension]):
    """What is and was suspended, newest first; POST suspends an entry, or one version of it, at once."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.REVIEWS_WRITE}
    serializer_class = SuspensionSummary
    ordering = ("-made_at", "-id")

    class Input(SuspensionReason):
        kind = serializers.ChoiceField(choices=SubjectKind.choices)
        repo_id = serializers.CharField(max_length=256)
        revision = serializers.CharField(
            max_length=64,
            required=False,
            allow_null=True,
            help_text="40-hex commit or 64-hex digest; else every version",
        )
        descendants = serializers.BooleanField(default=True, help_text="close what was made from it as well")
        team = serializers.SlugField(required=False, allow_null=True, help_text="whose use cases; else everybody's")

    def get_queryset(self) -> QuerySet[Suspension]:
        return Suspension.objects.none() if getattr(self, "swagger_fake_view", False) else seen(self.request)

    @extend_schema(request=Input, responses={201: SuspensionDocument})
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        entry, version = self._target(request, values)
        team = None
        if values.get("team"):
            known = teams_seen_by(person(request))
            teams = Team.objects.all() if known is None else Team.objects.filter(pk__in=known)
            team = teams.filter(slug=values["team"]).first()
            if team is None:
                raise Problem(422, "team_not_found", "there is no such team among those that you see")
        made = refused(
            lambda: services.suspend(
                entry=entry,
                version=version,
                descendants=values["descendants"],
                team=team,
                reason=values["reason"],
                by=person(request),
                at=timezone.now(),
            )
        )
        return Response(SuspensionDocument(made, context={"request": request}).data, status=201)

    @staticmethod
    def _target(request: Request, values: dict[str, Any]) -> tuple[Entry, Version | None]:
        ns, _slash, name = values["repo_id"].rpartition("/")
        user = person(request)
        entry = catalogue.find_entry(user=user, kind=values["kind"], ns=ns or "_", name=name)
        if entry is None:
            raise Problem(422, "entry_not_found", "there is no such entry among those that you see")
        if not values.get("revision"):
            return entry, None
        try:
            version = catalogue.resolve(user=user, kind=values["kind"], ns=ns or "_", name=name, sha=values["revision"])
        except catalogue.NotASha as not_a_sha:
            raise Problem(422, "revision_must_be_commit_sha", str(not_a_sha)) from not_a_sha
        if version is None:
            raise Problem(422, "version_not_found", "the entry has no such version")
        return entry, version


class SuspensionView(APIView):
    """One suspension with the approvals that it closed."""

    scopes = {"GET": Scope.CATALOG_READ}

    @extend_schema(operation_id="suspensions_retrieve", responses=SuspensionDocument)
    def get(self, request: Request, pk: int) -> Response:
        return Response(SuspensionDocument(get_object_or_404(seen(request), pk=pk), context={"request": request}).data)


class Lift(APIView):
    """End a suspension, by a second person. What it closed stays closed until it is reviewed again."""

    scopes = {"POST": Scope.REVIEWS_WRITE}

    @extend_schema(request=SuspensionReason, responses={200: SuspensionDocument})
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        suspension = get_object_or_404(seen(request), pk=pk)
        sent = SuspensionReason(data=request.data)
        sent.is_valid(raise_exception=True)
        refused(
            lambda: services.lift(
                suspension_id=suspension.pk,
                reason=sent.validated_data["reason"],
                by=person(request),
                at=timezone.now(),
            )
        )
        lifted = seen(request).get(pk=pk)
        return Response(SuspensionDocument(lifted, context={"request": request}).data)
