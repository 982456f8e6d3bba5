"""REST: waivers."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.catalog.models import Stage, UseCase, Version
from governance.evidence.subjects import ScopeFilter, SubjectField, find_version, subject_of
from governance.people.models import Scope
from governance.policies.models import Waiver
from governance.policies.waivers import points, queries, services
from governance.policies.waivers.rules import MOST_FINDINGS
from governance.web.authentication import person
from governance.web.etags import required_edition
from governance.web.idempotency import idempotent
from governance.web.problems import Problem
from governance.web.sentences import LONGEST_REASON
from governance.web.steps import OneView, Reason, StepView, if_match, refused, with_edition

IF_MATCH = if_match("waiver")


class WaiverDocument(serializers.ModelSerializer[Waiver]):
    """A waiver; ``state`` is as of now, by the database's clock, ``expired`` among its values."""

    state = serializers.ChoiceField(choices=queries.STATES, source="standing")
    subject = serializers.SerializerMethodField()
    use_case = serializers.SlugRelatedField[UseCase](slug_field="slug", read_only=True)
    policy = serializers.CharField(source="policy.name")
    findings = serializers.ListField(child=serializers.CharField())
    requested_by = serializers.CharField(source="requested_by.name")
    decided_by = serializers.CharField(source="decided_by.name", default=None)
    revoked_by = serializers.CharField(source="revoked_by.name", default=None)
    risk_points = serializers.SerializerMethodField()

    class Meta:
        model = Waiver
        fields = (
            "id",
            "state",
            "edition",
            "subject",
            "use_case",
            "stage",
            "tier",
            "policy",
            "requirement",
            "title",
            "kind",
            "severity",
            "findings",
            "reason",
            "compensating_control",
            "expires_at",
            "role",
            "requested_by",
            "requested_at",
            "decided_by",
            "decided_at",
            "decision_reason",
            "revoked_by",
            "revoked_at",
            "revoked_reason",
            "extends",
            "risk_points",
        )

    def get_subject(self, waiver: Waiver) -> dict[str, str]:
        return subject_of(waiver.version)

    def get_risk_points(self, waiver: Waiver) -> int:
        return points.points(severity=waiver.severity, tier=waiver.tier)


def seen(request: Request) -> QuerySet[Waiver]:
    """The waivers that the token's owner may see."""
    return queries.listed(person(request))


def answered(request: Request, pk: int, *, status: int = 200) -> Response:
    return with_edition(WaiverDocument(seen(request).get(pk=pk)).data, status=status)


class Waivers(generics.ListAPIView[Waiver]):
    """Waivers, newest first; POST asks for one, which does nothing until a second person accepts it.

    ``extends`` names the waiver that the new one is to follow: what is left out is taken from it, and it needs an end
    of its own and a new acceptance.
    """

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.REVIEWS_WRITE}
    serializer_class = WaiverDocument
    ordering = ("-requested_at", "-id")

    class Input(serializers.Serializer[None]):
        extends = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
        subject = SubjectField(required=False)
        use_case = serializers.SlugField(max_length=60, required=False)
        stage = serializers.ChoiceField(choices=Stage.choices, required=False)
        policy = serializers.SlugField(max_length=80, required=False)
        requirement = serializers.CharField(max_length=80, required=False)
        findings = serializers.ListField(
            child=serializers.RegexField(r"^[0-9a-f]{64}$"), max_length=MOST_FINDINGS, required=False
        )
        reason = serializers.CharField(max_length=LONGEST_REASON, required=False)
        compensating_control = serializers.CharField(max_length=LONGEST_REASON, required=False)
        # Its absence is refused by the service, with the longest that would be possible.
        expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)

    class Filter(ScopeFilter):
        state = serializers.ChoiceField(choices=queries.STATES, required=False)

    def get_queryset(self) -> QuerySet[Waiver]:
        return seen(self.request).filter(**self.Filter.lookups_of(self.request))

    @extend_schema(parameters=[Filter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=Input, responses={201: WaiverDocument})
    @idempotent()
    def post(self, request: Request) -> Response:
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        asked = sent.validated_data
        before = get_object_or_404(seen(request), pk=asked["extends"]) if "extends" in asked else None
        scope = _scope(request, asked, before)
        words = {name: asked.get(name, getattr(before, name, "")) for name in ("reason", "compensating_control")}
        findings = asked.get("findings", before.findings if before is not None else [])
        made = refused(
            lambda: services.propose(
                **scope,
                **words,
                findings=findings,
                expires_at=asked["expires_at"],
                extends=before,
                by=person(request),
                at=timezone.now(),
            )
        )
        return answered(request, made.pk, status=201)


def _scope(request: Request, asked: dict[str, Any], before: Waiver | None) -> dict[str, Any]:
    """What a waiver is for: as it was sent, or as that of the waiver which it extends."""
    by = person(request)
    if before is not None:
        told = {"stage": before.stage, "policy": before.policy.name, "requirement": before.requirement}
        version: Version = before.version
        use_case: UseCase = before.use_case
        if "subject" in asked or {name: asked.get(name, value) for name, value in told.items()} != told:
            raise Problem(422, "scope_differs", "an extension is for what its waiver is for; leave the scope out")
        return {"version": version, "use_case": use_case, **told}
    needed = ("subject", "use_case", "stage", "policy", "requirement")
    missing = {name: ["This field is required."] for name in needed if name not in asked}
    if missing:
        raise serializers.ValidationError(missing)
    return {
        "version": find_version(by, asked["subject"]),
        "use_case": get_object_or_404(UseCase.objects.visible_to(by), slug=asked["use_case"]),
        "stage": asked["stage"],
        "policy": asked["policy"],
        "requirement": asked["requirement"],
    }


class WaiverView(OneView):
    """One waiver; its ETag is what a step names in If-Match. PATCH words a proposal anew, by who asked for it."""

    scopes = {"GET": Scope.CATALOG_READ, "PATCH": Scope.REVIEWS_WRITE}
    serializer_class = WaiverDocument

    class Changes(serializers.Serializer[None]):
        """What is left out stays as it is."""

        findings = serializers.ListField(
            child=serializers.RegexField(r"^[0-9a-f]{64}$"), max_length=MOST_FINDINGS, required=False
        )
        reason = serializers.CharField(max_length=LONGEST_REASON, required=False)
        compensating_control = serializers.CharField(max_length=LONGEST_REASON, required=False)
        expires_at = serializers.DateTimeField(required=False, allow_null=True)

    def get_queryset(self) -> QuerySet[Waiver]:
        return seen(self.request)

    @extend_schema(request=Changes, responses={200: WaiverDocument}, parameters=[IF_MATCH])
    def patch(self, request: Request, pk: int) -> Response:
        waiver = get_object_or_404(seen(request), pk=pk)
        edition = required_edition(request)
        sent = self.Changes(data=request.data)
        sent.is_valid(raise_exception=True)
        refused(
            lambda: services.change(
                waiver_id=waiver.pk, changes=sent.validated_data, edition=edition, by=person(request), at=timezone.now()
            )
        )
        return answered(request, pk)


@extend_schema_view(post=extend_schema(request=Reason, responses={200: WaiverDocument}, parameters=[IF_MATCH]))
class WaiverStep(StepView):
    of = "waiver_id"

    def seen(self, request: Request) -> QuerySet[Waiver]:
        return seen(request)

    def answer(self, request: Request, taken: Any, pk: int) -> Response:
        return answered(request, pk)


class Approve(WaiverStep):
    """Accept a waiver. Never by who asked for it, submitted or made what it is for."""

    take = staticmethod(services.approve)


class Reject(WaiverStep):
    """Say no to a waiver, or take one's own proposal back; the reason is needed."""

    take = staticmethod(services.reject)


class Revoke(WaiverStep):
    """Take back a waiver in force; what rested on it closes at once. The reason is needed."""

    take = staticmethod(services.revoke)
