"""REST: reasons to look again at what is approved."""

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

from governance.catalog.models import UseCase
from governance.people.models import Lane, Scope
from governance.reviews import triggers
from governance.reviews.models import Trigger
from governance.web.authentication import person
from governance.web.idempotency import idempotent
from governance.web.sentences import LONGEST_REASON
from governance.web.steps import refused


class TriggerDocument(serializers.ModelSerializer[Trigger]):
    """A reason to look again. ``sightings`` names the causes that were seen, each once; ``detail`` is of the newest.

    ``reopens`` are the lanes that look again, none where audits or policies alone are asked.
    """

    subject = serializers.SerializerMethodField()
    use_case = serializers.SlugRelatedField[UseCase](slug_field="slug", read_only=True)
    reopens = serializers.SerializerMethodField()
    closed_by = serializers.CharField(source="closed_by.name", default=None)

    class Meta:
        model = Trigger
        fields = (
            "id",
            "kind",
            "dedupe_key",
            "subject",
            "use_case",
            "reopens",
            "sightings",
            "count",
            "detail",
            "first_seen",
            "last_seen",
            "closed_at",
            "closed_how",
            "closed_by",
            "closed_reason",
        )

    def get_subject(self, trigger: Trigger) -> dict[str, str]:
        return {"kind": trigger.entry.kind, "id": trigger.entry.repo_id}

    def get_reopens(self, trigger: Trigger) -> list[str]:
        asked = triggers.lanes_reopened(trigger)
        return [lane.value for lane in Lane if lane.value in asked]


def _seen(request: Request) -> QuerySet[Trigger]:
    """What concerns the use cases that the token's owner sees."""
    return Trigger.objects.visible_to(person(request)).select_related("entry", "use_case", "closed_by")


class Triggers(generics.ListAPIView[Trigger]):
    """Reasons to look again, the one that was seen last first."""

    scopes = {"GET": Scope.CATALOG_READ}
    serializer_class = TriggerDocument
    ordering = ("-last_seen", "-id")

    class Filter(serializers.Serializer[None]):
        kind = serializers.ChoiceField(choices=Trigger.Kind.choices, required=False)
        use_case = serializers.SlugField(max_length=60, required=False)
        open = serializers.BooleanField(required=False, allow_null=True, default=None)

    def get_queryset(self) -> QuerySet[Trigger]:
        if getattr(self, "swagger_fake_view", False):
            return Trigger.objects.none()
        asked = self.Filter(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        found = _seen(self.request)
        for name, lookup in (("kind", "kind"), ("use_case", "use_case__slug")):
            if name in wanted:
                found = found.filter(**{lookup: wanted[name]})
        return found if wanted["open"] is None else found.filter(closed_at__isnull=wanted["open"])

    @extend_schema(parameters=[Filter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class TriggerView(generics.RetrieveAPIView[Trigger]):
    """One reason to look again."""

    scopes = {"GET": Scope.CATALOG_READ}
    serializer_class = TriggerDocument

    def get_queryset(self) -> QuerySet[Trigger]:
        return _seen(self.request)


class Close(APIView):
    """Close one by hand, with the reason why nothing has to be done. That is done once, and takes no If-Match."""

    scopes = {"POST": Scope.REVIEWS_WRITE}

    class Input(serializers.Serializer[None]):
        reason = serializers.CharField(max_length=LONGEST_REASON, required=False, allow_blank=True, default="")

    @extend_schema(request=Input, responses={200: TriggerDocument}, operation_id="trigger_close")
    @idempotent()
    def post(self, request: Request, pk: int) -> Response:
        trigger = get_object_or_404(_seen(request), pk=pk)
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        reason = sent.validated_data["reason"]
        refused(lambda: triggers.close(trigger_id=trigger.pk, by=person(request), reason=reason, at=timezone.now()))
        return Response(TriggerDocument(_seen(request).get(pk=pk)).data)
