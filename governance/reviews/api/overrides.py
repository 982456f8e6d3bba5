"""REST: overrides by two administrators."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.catalog.models import UseCase
from governance.evidence.subjects import ScopeFilter, subject_of
from governance.people.models import Scope
from governance.policies import overrides
from governance.policies.models import AdminOverride
from governance.reviews import overriding
from governance.reviews.api.submissions import IF_MATCH as OF_SUBMISSION
from governance.reviews.api.submissions import seen as submissions_seen
from governance.web.authentication import person
from governance.web.etags import required_edition
from governance.web.idempotency import idempotent
from governance.web.sentences import LONGEST_REASON
from governance.web.steps import OneView, Reason, StepView, if_match, refused, with_edition

IF_MATCH = if_match("override")


class OverrideDocument(serializers.ModelSerializer[AdminOverride]):
    """An override; ``state`` is as of now, by the database's clock, ``expired`` among its values."""

    state = serializers.ChoiceField(choices=overrides.STATES, source="standing")
    subject = serializers.SerializerMethodField()
    use_case = serializers.SlugRelatedField[UseCase](slug_field="slug", read_only=True)
    targets = serializers.SerializerMethodField()
    proposed_by = serializers.CharField(source="proposed_by.name")
    decided_by = serializers.CharField(source="decided_by.name", default=None)
    revoked_by = serializers.CharField(source="revoked_by.name", default=None)

    class Meta:
        model = AdminOverride
        fields = (
            "id",
            "state",
            "edition",
            "submission",
            "subject",
            "use_case",
            "stage",
            "tier",
            "targets",
            "reason",
            "expires_at",
            "proposed_by",
            "proposed_at",
            "decided_by",
            "decided_at",
            "decision_reason",
            "revoked_by",
            "revoked_at",
            "revoked_reason",
        )

    def get_subject(self, override: AdminOverride) -> dict[str, str]:
        return subject_of(override.version)

    def get_targets(self, override: AdminOverride) -> list[str]:
        return overrides.targets(override.items)


def seen(request: Request) -> QuerySet[AdminOverride]:
    """The overrides that the token's owner may see."""
    return overrides.listed(person(request))


def answered(request: Request, pk: int, *, status: int = 200) -> Response:
    """The document of an override as it is now, with its ETag."""
    return with_edition(OverrideDocument(seen(request).get(pk=pk)).data, status=status)


class Overrides(generics.ListAPIView[AdminOverride]):
    """Every override that was ever proposed, newest first."""

    scopes = {"GET": Scope.CATALOG_READ}
    serializer_class = OverrideDocument
    ordering = ("-proposed_at", "-id")

    class Filter(ScopeFilter):
        state = serializers.ChoiceField(choices=overrides.STATES, required=False)

    def get_queryset(self) -> QuerySet[AdminOverride]:
        return seen(self.request).filter(**self.Filter.lookups_of(self.request))

    @extend_schema(parameters=[Filter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class Propose(APIView):
    """Ask a second administrator to set aside what keeps a submission closed; it does nothing until that one confirms.

    ``targets`` are named as reason codes name them: the id of a requirement, ``vote.<lane>``, ``vote.distinct``.
    """

    scopes = {"POST": Scope.REVIEWS_WRITE}

    class Input(serializers.Serializer[None]):
        targets = serializers.ListField(
            child=serializers.CharField(max_length=100), max_length=overriding.MOST_TARGETS, allow_empty=True
        )
        reason = serializers.CharField(max_length=LONGEST_REASON)
        # Its absence is refused by the service, with the longest that would be possible.
        expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)

    @extend_schema(request=Input, responses={201: OverrideDocument}, parameters=[OF_SUBMISSION])
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        submission = get_object_or_404(submissions_seen(request), pk=pk)
        edition = required_edition(request)
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        made = refused(
            lambda: overriding.propose(
                submission_id=submission.pk,
                edition=edition,
                by=person(request),
                at=timezone.now(),
                **sent.validated_data,
            )
        )
        return answered(request, made.pk, status=201)


class OverrideView(OneView):
    """One override; its ETag is what a step names in If-Match."""

    serializer_class = OverrideDocument

    def get_queryset(self) -> QuerySet[AdminOverride]:
        return seen(self.request)


@extend_schema_view(post=extend_schema(request=Reason, responses={200: OverrideDocument}, parameters=[IF_MATCH]))
class OverrideStep(StepView):
    of = "override_id"

    def seen(self, request: Request) -> QuerySet[AdminOverride]:
        return seen(request)

    def answer(self, request: Request, taken: Any, pk: int) -> Response:
        return answered(request, pk)


class ConfirmOverride(OverrideStep):
    """Put an override in force. Never by who proposed it, submitted or made what it is for."""

    take = staticmethod(overriding.confirm)


class RejectOverride(OverrideStep):
    """Say no to an override, or take one's own proposal back; the reason is needed."""

    take = staticmethod(overriding.reject)


class RevokeOverride(OverrideStep):
    """Take back an override in force; what rests on it closes at once. The reason is needed."""

    take = staticmethod(overriding.revoke)
