"""REST: use cases, their audit plans, and teams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.catalog import services, tiers
from governance.catalog.api import documents
from governance.catalog.api.documents import plan_document
from governance.catalog.models import Tier, TierProposal, UseCase
from governance.people.models import Scope, Team
from governance.people.queries import teams_seen_by
from governance.web.authentication import person
from governance.web.etags import edition_tag, required_edition
from governance.web.idempotency import idempotent
from governance.web.problems import Problem

Result = TypeVar("Result")
IF_MATCH = OpenApiParameter("If-Match", str, "header", required=True, description="the ETag of the use case as seen")
IF_MATCH_PLAN = OpenApiParameter("If-Match", str, "header", description="the ETag of the plan as seen, if you say")
STATUS = {"slug_taken": 409, "already_proposed": 409, "already_decided": 409, "stale": 409, "self_accept": 403}
ABOUT_A_PLAN = {"number", "sha256", "created_at", "created_by"}


def refused(step: Callable[[], Result]) -> Result:
    """Take a step; what it refuses becomes a problem."""
    try:
        return step()
    except services.UseCaseRefused as refusal:
        of_rules = type(refusal) is services.UseCaseRefused
        status = STATUS.get(refusal.code, refusal.status) if of_rules else refusal.status
        errors = {"errors": {refusal.field: [refusal.message]}} if refusal.field else {}
        raise Problem(status, refusal.code, refusal.message, **errors) from refusal


def teams_of(request: Request) -> QuerySet[Team]:
    """The teams that the token's owner sees."""
    seen = teams_seen_by(person(request))
    return Team.objects.all() if seen is None else Team.objects.filter(pk__in=seen)


def with_team(request: Request, values: dict[str, Any]) -> dict[str, Any]:
    """The values with the owner team itself for its slug."""
    if "owner_team" not in values:
        return values
    slug = values["owner_team"]
    team = teams_of(request).filter(slug=slug).first()
    if team is None:
        raise Problem(422, "unknown_team", f"there is no team {slug!r} that you are in; teams/ lists them")
    return {**values, "owner_team": team}


class UseCaseInput(serializers.Serializer[None]):
    """``licence_profile``: purpose, mode, territory, mau, revenue_usd_year, field, strictness; null is "not given"."""

    name = serializers.CharField(max_length=120)
    purpose = serializers.CharField(max_length=10_000)
    people_affected = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    owner_team = serializers.SlugField(max_length=60)
    tier = serializers.ChoiceField(choices=Tier.choices)
    licence_profile = serializers.DictField(required=False)
    employment_decision_tool = serializers.BooleanField(required=False)


class NewUseCase(UseCaseInput):
    slug = serializers.SlugField(max_length=60)


class UseCases(generics.ListAPIView[UseCase]):
    """The use cases of one's teams, by slug; POST makes one, for risk officers and administrators of its team."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.CATALOG_WRITE}
    serializer_class = documents.UseCaseDocument
    ordering = ("slug",)

    def get_queryset(self) -> QuerySet[UseCase]:
        return UseCase.objects.visible_to(person(self.request)).select_related("owner_team")

    @extend_schema(operation_id="use_cases_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(operation_id="use_cases_create", request=NewUseCase, responses={201: documents.UseCaseDocument})
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = NewUseCase(data=request.data)
        sent.is_valid(raise_exception=True)
        values = with_team(request, sent.validated_data)
        by, at = person(request), timezone.now()
        use_case = refused(lambda: services.create_use_case(**values, by=by, at=at))
        return Response(
            documents.UseCaseDocument(use_case).data, status=201, headers={"ETag": edition_tag(use_case.edition)}
        )


def use_case_or_404(request: Request, slug: str) -> UseCase:
    """A use case among those that the token's owner sees."""
    return get_object_or_404(UseCase.objects.visible_to(person(request)).select_related("owner_team"), slug=slug)


class UseCaseView(APIView):
    """One use case; PATCH changes it, and its ETag is what the change names in If-Match."""

    scopes = {"GET": Scope.CATALOG_READ, "PATCH": Scope.CATALOG_WRITE}

    @extend_schema(operation_id="use_cases_retrieve", responses=documents.UseCaseDocument)
    def get(self, request: Request, slug: str) -> Response:
        return self._answer(use_case_or_404(request, slug))

    @extend_schema(
        operation_id="use_cases_change",
        request=UseCaseInput(partial=True),
        responses=documents.UseCaseDocument,
        parameters=[IF_MATCH],
    )
    def patch(self, request: Request, slug: str) -> Response:
        use_case = use_case_or_404(request, slug)
        edition = required_edition(request)
        sent = UseCaseInput(data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        changes = with_team(request, sent.validated_data)
        by, at = person(request), timezone.now()
        return self._answer(
            refused(
                lambda: services.change_use_case(
                    use_case_id=use_case.pk, changes=changes, edition=edition, by=by, at=at
                )
            )
        )

    @staticmethod
    def _answer(use_case: UseCase) -> Response:
        document = documents.UseCaseDocument(use_case).data
        return Response(document, headers={"ETag": edition_tag(use_case.edition)})


class TierProposalDocument(serializers.ModelSerializer[TierProposal]):
    use_case = serializers.SlugRelatedField[UseCase](slug_field="slug", read_only=True)
    proposed_by = serializers.CharField(source="proposed_by.name")
    decided_by = serializers.CharField(source="decided_by.name", default=None)

    class Meta:
        model = TierProposal
        fields = (
            "id",
            "use_case",
            "tier_before",
            "tier",
            "reason",
            "state",
            "proposed_by",
            "proposed_at",
            "decided_by",
            "decided_at",
            "decided_reason",
        )


class TierProposals(generics.ListAPIView[TierProposal]):
    """Wishes to lower the tier of a use case, newest first; POST makes one, which a second person decides on."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.CATALOG_WRITE}
    serializer_class = TierProposalDocument
    ordering = ("-proposed_at", "-id")

    class Input(serializers.Serializer[None]):
        tier = serializers.ChoiceField(choices=Tier.choices)
        reason = serializers.CharField(max_length=2000)

    def get_queryset(self) -> QuerySet[TierProposal]:
        if getattr(self, "swagger_fake_view", False):
            return TierProposal.objects.none()
        use_case = use_case_or_404(self.request, self.kwargs["slug"])
        found = TierProposal.objects.filter(use_case=use_case)
        return found.select_related("use_case", "proposed_by", "decided_by")

    @extend_schema(request=Input, responses={201: TierProposalDocument})
    @idempotent()
    def post(self, request: Request, slug: str) -> Response:
        use_case = use_case_or_404(request, slug)
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        by, at = person(request), timezone.now()
        made = refused(lambda: tiers.propose(use_case_id=use_case.pk, **sent.validated_data, by=by, at=at))
        return Response(TierProposalDocument(made).data, status=201)


class TierDecision(APIView):
    """Accept or refuse a lower tier, as the address says."""

    scopes = {"POST": Scope.CATALOG_WRITE}
    step = ""

    class Input(serializers.Serializer[None]):
        reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")

    @extend_schema(request=Input, responses={200: TierProposalDocument})
    @idempotent()
    def post(self, request: Request, slug: str, pk: int) -> Response:
        use_case = use_case_or_404(request, slug)
        proposal = get_object_or_404(TierProposal, pk=pk, use_case=use_case)
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        decide = tiers.accept if self.step == "accept" else tiers.refuse
        by, at = person(request), timezone.now()
        decided = refused(lambda: decide(proposal_id=proposal.pk, **sent.validated_data, by=by, at=at))
        return Response(TierProposalDocument(decided).data)


class AuditPlanView(APIView):
    """What the audits of a use case look at; PUT lays down another, for risk officers and administrators."""

    scopes = {"GET": Scope.CATALOG_READ, "PUT": Scope.CATALOG_WRITE}

    @extend_schema(operation_id="audit_plan_retrieve", responses=documents.PlanDocument)
    def get(self, request: Request, slug: str) -> Response:
        plan = services.current_plan(use_case_or_404(request, slug))
        if plan is None:
            raise Problem(404, "no_audit_plan", "this use case has no audit plan yet; its risk officer lays one down")
        return Response(plan_document(plan), headers={"ETag": edition_tag(plan.number)})

    @extend_schema(
        operation_id="audit_plan_put",
        request=documents.PlanParts,
        responses={200: documents.PlanDocument, 201: documents.PlanDocument},
        parameters=[IF_MATCH_PLAN],
    )
    def put(self, request: Request, slug: str) -> Response:
        use_case = use_case_or_404(request, slug)
        seen = required_edition(request) if "If-Match" in request.headers else None
        sent: Any = request.data
        if not isinstance(sent, dict):
            raise Problem(422, "audit_plan", 'an audit plan is an object, such as {"bias": {…}}')
        document = {name: part for name, part in sent.items() if name not in ABOUT_A_PLAN}
        by, at = person(request), timezone.now()
        plan, is_new = refused(
            lambda: services.put_audit_plan(use_case_id=use_case.pk, document=document, seen=seen, by=by, at=at)
        )
        headers = {"ETag": edition_tag(plan.number)}
        return Response(plan_document(plan), status=201 if is_new else 200, headers=headers)


class Teams(generics.ListAPIView[Team]):
    """The teams that one sees, by slug."""

    scopes = {"GET": Scope.CATALOG_READ}
    serializer_class = documents.TeamDocument
    ordering = ("slug",)

    def get_queryset(self) -> QuerySet[Team]:
        return teams_of(self.request)

    @extend_schema(operation_id="teams_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)
