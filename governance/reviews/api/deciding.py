"""REST: votes on submissions and the decisions that end, return or bring them back."""

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

from governance.people.models import Lane, Scope
from governance.reviews import services
from governance.reviews.api.submissions import IF_MATCH, SubmissionDocument, seen
from governance.reviews.models import Decision, Submission, Vote
from governance.web.authentication import person
from governance.web.etags import required_edition
from governance.web.idempotency import idempotent
from governance.web.sentences import LONGEST_REASON
from governance.web.steps import Reason, StepView, refused


class DecisionDocument(serializers.ModelSerializer[Decision]):
    decided_by = serializers.CharField(source="decided_by.name", default=None)
    submission = serializers.IntegerField(source="submission_id")

    class Meta:
        model = Decision
        fields = (
            "id",
            "submission",
            "round",
            "outcome",
            "verdict",
            "facts_sha256",
            "digests",
            "reason",
            "automatic",
            "decided_by",
            "decided_at",
            "approval",
        )


class VoteDocument(serializers.ModelSerializer[Vote]):
    voter = serializers.CharField(source="voter.name", read_only=True)

    class Meta:
        model = Vote
        fields = ("id", "round", "lane", "value", "comment", "voter", "facts_sha256", "cast_at", "copied_from")


class Votes(generics.ListAPIView[Vote]):
    """The votes of a submission, oldest first; POST casts one."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.REVIEWS_WRITE}
    serializer_class = VoteDocument
    ordering = ("cast_at", "id")

    class Input(serializers.Serializer[None]):
        lane = serializers.ChoiceField(choices=Lane.choices)
        value = serializers.IntegerField(min_value=-2, max_value=2)
        comment = serializers.CharField(max_length=LONGEST_REASON, required=False, allow_blank=True, default="")

    def get_queryset(self) -> QuerySet[Vote]:
        if getattr(self, "swagger_fake_view", False):
            return Vote.objects.none()
        submission = get_object_or_404(seen(self.request), pk=self.kwargs["pk"])
        return submission.votes.select_related("voter")

    @extend_schema(request=Input, responses={201: VoteDocument}, parameters=[IF_MATCH])
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        submission = get_object_or_404(seen(request), pk=pk)
        edition = required_edition(request)
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        cast = refused(
            lambda: services.vote(
                submission_id=submission.pk,
                voter=person(request),
                edition=edition,
                at=timezone.now(),
                **sent.validated_data,
            )
        )
        return Response(VoteDocument(cast).data, status=201)


@extend_schema_view(post=extend_schema(request=Reason, responses={200: DecisionDocument}, parameters=[IF_MATCH]))
class Transition(StepView):
    """A step that ends or returns a submission."""

    of = "submission_id"

    def seen(self, request: Request) -> QuerySet[Submission]:
        return seen(request)

    def answer(self, request: Request, taken: Any, pk: int) -> Response:
        return Response(DecisionDocument(taken).data)


class Approve(Transition):
    by = "approver"
    take = staticmethod(services.approve)


class Reject(Transition):
    take = staticmethod(services.reject)


class ReturnForChanges(Transition):
    take = staticmethod(services.return_for_changes)


class Withdraw(Transition):
    take = staticmethod(services.withdraw)


class Resubmit(APIView):
    """Bring a returned submission back as its next round."""

    scopes = {"POST": Scope.REVIEWS_WRITE}

    @extend_schema(request=None, responses={200: SubmissionDocument}, parameters=[IF_MATCH])
    def post(self, request: Request, pk: int) -> Response:
        submission = get_object_or_404(seen(request), pk=pk)
        edition = required_edition(request)
        refused(
            lambda: services.resubmit(
                submission_id=submission.pk, by=person(request), edition=edition, at=timezone.now()
            )
        )
        return Response(SubmissionDocument(seen(request).get(pk=pk)).data)
