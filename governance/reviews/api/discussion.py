"""REST: what people say to a submission."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.people.models import Scope
from governance.reviews import comments
from governance.reviews.api.submissions import seen
from governance.reviews.models import LONGEST_COMMENT, Comment
from governance.web.authentication import person
from governance.web.idempotency import idempotent
from governance.web.steps import refused


class CommentDocument(serializers.ModelSerializer[Comment]):
    author = serializers.CharField(source="author.name", read_only=True)

    class Meta:
        model = Comment
        fields = ("id", "about", "finding", "line", "decision", "text", "author", "written_at")


class Comments(generics.ListAPIView[Comment]):
    """What was said to a submission, oldest first; POST says something.

    ``about`` is ``submission``, ``finding`` (with the fingerprint of one of its version's findings), ``card_line``
    (with the number of a line of its card, from 1) or ``decision`` (with the number of one of its decisions).
    """

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.REVIEWS_WRITE}
    serializer_class = CommentDocument
    ordering = ("written_at", "id")

    class Input(serializers.Serializer[None]):
        text = serializers.CharField(max_length=LONGEST_COMMENT, trim_whitespace=False)
        about = serializers.ChoiceField(choices=Comment.About.choices, default=Comment.About.SUBMISSION)
        finding = serializers.RegexField(r"^[0-9a-f]{64}$", required=False, default="")
        line = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False, allow_null=True, default=None)
        decision = serializers.IntegerField(
            min_value=1, max_value=2**63 - 1, required=False, allow_null=True, default=None
        )

    class Filter(serializers.Serializer[None]):
        about = serializers.ChoiceField(choices=Comment.About.choices, required=False)
        finding = serializers.RegexField(r"^[0-9a-f]{64}$", required=False)

    def get_queryset(self) -> QuerySet[Comment]:
        if getattr(self, "swagger_fake_view", False):
            return Comment.objects.none()
        submission = get_object_or_404(seen(self.request), pk=self.kwargs["pk"])
        asked = self.Filter(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return submission.comments.filter(**asked.validated_data).select_related("author")

    @extend_schema(parameters=[Filter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=Input, responses={201: CommentDocument})
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        submission = get_object_or_404(seen(request), pk=pk)
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        asked = sent.validated_data
        made = refused(
            lambda: comments.write(
                submission_id=submission.pk,
                by=person(request),
                text=asked["text"],
                about=asked["about"],
                finding=asked["finding"],
                line=asked["line"],
                decision_id=asked["decision"],
                at=timezone.now(),
            )
        )
        return Response(CommentDocument(made).data, status=201)
