"""REST: how the gate of a use case is set."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.catalog.models import Stage, UseCase
from governance.gates import modes
from governance.gates.models import GateMode, Mode
from governance.people.models import Scope
from governance.web.authentication import person
from governance.web.idempotency import idempotent
from governance.web.steps import refused


class GateModeDocument(serializers.ModelSerializer[GateMode]):
    set_by = serializers.CharField(source="set_by.name")

    class Meta:
        model = GateMode
        fields = ("id", "stage", "mode", "reason", "set_by", "set_at", "until")


class Modes(generics.ListAPIView[GateMode]):
    """All that was ever set, newest first: the newest of a stage counts until its end. POST is for risk officers."""

    scopes = {"GET": Scope.CATALOG_READ, "POST": Scope.CATALOG_WRITE}
    serializer_class = GateModeDocument
    ordering = ("-set_at", "-id")

    class Input(serializers.Serializer[None]):
        stage = serializers.ChoiceField(choices=Stage.choices)
        mode = serializers.ChoiceField(choices=Mode.choices)
        reason = serializers.CharField(max_length=modes.LONGEST_REASON)
        until = serializers.DateTimeField(required=False, allow_null=True)

    def get_queryset(self) -> QuerySet[GateMode]:
        if getattr(self, "swagger_fake_view", False):
            return GateMode.objects.none()
        return GateMode.objects.filter(use_case=self._use_case()).select_related("set_by")

    @extend_schema(operation_id="gate_modes_list")
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(operation_id="gate_modes_create", request=Input, responses={201: GateModeDocument})
    @idempotent()
    def post(self, request: Request, slug: str) -> Response:
        use_case = self._use_case()
        sent = self.Input(data=request.data)
        sent.is_valid(raise_exception=True)
        values = {"until": None, **sent.validated_data}
        made = refused(lambda: modes.set_mode(use_case=use_case, by=person(request), at=timezone.now(), **values))
        return Response(GateModeDocument(made).data, status=201)

    def _use_case(self) -> UseCase:
        return get_object_or_404(UseCase.objects.visible_to(person(self.request)), slug=self.kwargs["slug"])
