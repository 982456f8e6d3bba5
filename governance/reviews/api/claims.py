"""REST: who is at work on which lane of a submission."""

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

from governance.people.models import Lane, Scope
from governance.reviews import claims
from governance.reviews.api.submissions import seen
from governance.reviews.models import CLAIM_STANDS_FOR, Claim
from governance.web.authentication import person
from governance.web.idempotency import idempotent
from governance.web.steps import refused


class ClaimDocument(serializers.ModelSerializer[Claim]):
    """A claim; ``stands_until`` is when it ends by itself."""

    holder = serializers.CharField(source="holder.name", read_only=True)
    stands_until = serializers.SerializerMethodField()

    class Meta:
        model = Claim
        fields = ("id", "lane", "round", "holder", "claimed_at", "stands_until", "released_at", "released_why")

    def get_stands_until(self, claim: Claim) -> str:
        return (claim.claimed_at + CLAIM_STANDS_FOR).isoformat()


class LaneInput(serializers.Serializer[None]):
    lane = serializers.ChoiceField(choices=Lane.choices)


def _step(request: Request, pk: int, take: claims.Step) -> Claim:
    submission = get_object_or_404(seen(request), pk=pk)
    sent = LaneInput(data=request.data)
    sent.is_valid(raise_exception=True)
    return refused(
        lambda: take(
            submission_id=submission.pk, lane=sent.validated_data["lane"], by=person(request), at=timezone.now()
        )
    )


class Claims(generics.ListAPIView[Claim]):
    """The claims that stand now, oldest first; POST says that one is at work on a lane.

    A claim keeps nobody from voting and does not change the submission's edition, so that it takes no If-Match.
    """

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.REVIEWS_WRITE}
    serializer_class = ClaimDocument
    ordering = ("claimed_at", "id")

    def get_queryset(self) -> QuerySet[Claim]:
        if getattr(self, "swagger_fake_view", False):
            return Claim.objects.none()
        submission = get_object_or_404(seen(self.request), pk=self.kwargs["pk"])
        return Claim.objects.standing(at=timezone.now()).filter(submission=submission).select_related("holder")

    @extend_schema(operation_id="submission_claims_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=LaneInput, responses={201: ClaimDocument}, operation_id="submission_claims_take")
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        return Response(ClaimDocument(_step(request, pk, claims.take)).data, status=201)


class Release(APIView):
    """Give a lane back."""

    scopes = {"POST": Scope.REVIEWS_WRITE}

    @extend_schema(request=LaneInput, responses={200: ClaimDocument}, operation_id="submission_claims_release")
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        return Response(ClaimDocument(_step(request, pk, claims.release)).data)
