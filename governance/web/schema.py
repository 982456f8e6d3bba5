"""The OpenAPI document."""

from __future__ import annotations

import functools
import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.utils import Direction, OpenApiParameter
from rest_framework import serializers

KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    "header",
    description="a random text of your own: the same request with the same key has its effect once",
)


class ProblemDocument(serializers.Serializer[None]):
    """An error as RFC 9457 has it. ``code`` is stable; ``detail`` is for people; ``errors`` are by field."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = serializers.JSONField(required=False)  # type: ignore[assignment]  # the base class has a property of it


class ProductSchema(AutoSchema):
    """Names serializers by where they stand, and tells of scopes, keys and problems."""

    def get_serializer_name(self, serializer: Any, direction: Direction) -> str:
        """``Runs.Input`` of one view and ``Votes.Input`` of another are two things."""
        return str(type(serializer).__qualname__).replace(".", "")

    def get_override_parameters(self) -> list[Any]:
        taken = getattr(getattr(self.view, self.method.lower(), None), "takes_idempotency_key", False)
        return [*super().get_override_parameters(), *([KEY] if taken else [])]

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        scope = getattr(self.view, "scopes", {}).get(self.method)
        if operation is not None and scope is not None:
            operation["x-scope"] = str(scope)
            component = self.resolve_serializer(ProblemDocument, "response")
            content = {"application/problem+json": {"schema": component.ref}}
            operation["responses"]["default"] = {"content": content, "description": "what went wrong"}
        return operation


@functools.cache
def _written(as_json: bool) -> bytes:
    """It is the same for everybody, and making it takes a second: once per process."""
    generator: Any = SchemaGenerator
    renderer: Any = OpenApiYamlRenderer
    found = generator().get_schema(request=None, public=True)
    written: bytes = json.dumps(found).encode() if as_json else renderer().render(found)
    return written


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document as YAML, or as JSON for who asks so by ``?format=json`` or ``Accept``."""
    accepted = request.headers.get("Accept", "")
    as_json = request.GET.get("format") == "json" or ("json" in accepted and "yaml" not in accepted)
    media_type = "application/vnd.oai.openapi+json" if as_json else "application/vnd.oai.openapi"
    response = HttpResponse(_written(as_json), content_type=media_type)
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Vary"] = "Accept"
    return response
