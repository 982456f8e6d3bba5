"""Cursor pages of the REST interface, which say how they are ordered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from governance.web.cursors import PAGE, BadCursor, slice_of
from governance.web.problems import Problem

LARGEST_PAGE = 200


class CursorPages(BasePagination):
    """``{"items", "next", "previous", "order"}``; 50 a page, ``limit`` up to 200.

    A view sets ``ordering``: columns that are never null, down to a unique one.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request, self.order = request, _ordering(view)
        try:
            self.slice = slice_of(
                queryset, columns=self.order, cursor=request.query_params.get("cursor"), size=_limit(request)
            )
        except BadCursor as bad:
            raise Problem(400, "bad_cursor", "take the cursor from next or previous as it is") from bad
        return self.slice.rows

    def get_paginated_response(self, data: Any) -> Response:
        ends = {"next": self._link(self.slice.after), "previous": self._link(self.slice.before)}
        return Response({"items": data, **ends, "order": list(self.order)})

    def _link(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        kept = [(name, value) for name, values in self.request.query_params.lists() for value in values]
        query = urlencode([*((name, value) for name, value in kept if name != "cursor"), ("cursor", cursor)])
        return f"{self.request.build_absolute_uri(self.request.path)}?{query}"

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """For the OpenAPI document."""
        limit = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE}
        about = f"order: {', '.join(_ordering(view))}; take it from next or previous"
        return [
            {"name": "cursor", "in": "query", "required": False, "description": about, "schema": {"type": "string"}},
            {"name": "limit", "in": "query", "required": False, "description": "items a page", "schema": limit},
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["items", "next", "previous", "order"],
            "properties": {
                "items": schema,
                "next": link,
                "previous": link,
                "order": {"type": "array", "items": {"type": "string"}},
            },
        }


def _ordering(view: Any) -> Sequence[str]:
    return tuple(getattr(view, "ordering", ("-pk",)))


def _limit(request: Request) -> int:
    asked = request.query_params.get("limit")
    if asked is None:
        return PAGE
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 5 and 1 <= int(asked) <= LARGEST_PAGE):
        raise Problem(400, "bad_limit", f"limit is a whole number from 1 to {LARGEST_PAGE}")
    return int(asked)
