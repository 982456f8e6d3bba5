"""REST: policies."""

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

from governance.people.models import Role, Scope, User
from governance.people.queries import standing
from governance.policies import services
from governance.policies.documents import PolicyInvalid
from governance.policies.models import Policy, PolicyVersion
from governance.policies.queries import in_force
from governance.web.authentication import person
from governance.web.problems import Problem


class PolicyDocument(serializers.ModelSerializer[PolicyVersion]):
    name = serializers.CharField(source="policy.name")

    class Meta:
        model = PolicyVersion
        fields = ("name", "number", "sha256", "published_at", "document", "text")


class Policies(generics.ListAPIView[PolicyVersion]):
    """The newest version of every policy in force, by name."""

    scopes = {"GET": Scope.CATALOG_READ}
    serializer_class = PolicyDocument
    ordering = ("policy__name", "id")

    def get_queryset(self) -> QuerySet[PolicyVersion]:
        return in_force()


class PolicyVersions(generics.ListAPIView[PolicyVersion]):
    """All versions of one policy, newest first."""

    scopes = {"GET": Scope.CATALOG_READ}
    serializer_class = PolicyDocument
    ordering = ("-number", "-id")

    @extend_schema(operation_id="policy_versions_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[PolicyVersion]:
        if getattr(self, "swagger_fake_view", False):
            return PolicyVersion.objects.none()
        policy = get_object_or_404(Policy, name=self.kwargs["name"])
        return policy.versions.select_related("policy")


def _editor(request: Request) -> User:
    """Policies bind everybody, so only roles held in the whole organisation may change them."""
    user = person(request)
    held = standing(user)
    if not any((None, role.value, "") in held.roles for role in (Role.ADMIN, Role.RISK_OFFICER)):
        raise Problem(
            403, "not_a_policy_editor", "policies are published by the organisation's admins and risk officers"
        )
    return user


class Publish(APIView):
    """Publish a text as the next version of the policy that it names."""

    scopes = {"POST": Scope.REVIEWS_WRITE}

    class Input(serializers.Serializer[None]):
        text = serializers.CharField(max_length=300_000, trim_whitespace=False)

    @extend_schema(request=Input, responses={201: PolicyDocument})
    def post(self, request: Request, name: str) -> Response:
        by = _editor(request)
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        text = sent.validated_data["text"]
        try:
            if services.name_in(text) != name:
                raise Problem(422, "name_differs", f"metadata.name in the text is not {name[:80]!r}")
            version = services.publish(text=text, by=by, at=timezone.now())
        except PolicyInvalid as invalid:
            problems = [problem.as_json() for problem in invalid.problems]
            raise Problem(
                422, "policy_invalid", "the policy breaks a rule; nothing was published", errors=problems
            ) from (invalid)
        return Response(PolicyDocument(version).data, status=201)


class Retire(APIView):
    """Take a policy out of force."""

    scopes = {"POST": Scope.REVIEWS_WRITE}

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, name: str) -> Response:
        by = _editor(request)
        get_object_or_404(Policy, name=name)
        services.retire(name=name, by=by, at=timezone.now())
        return Response(status=204)
