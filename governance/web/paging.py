"""Cursor pages that say how they are ordered."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.response import Response

from governance.web.problems import Problem


class CursorPages(CursorPagination):
    """``{"items", "next", "previous", "order"}``; 50 a page, ``limit`` up to 200.

    A view sets ``ordering``, down to a unique column.
    """

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
    ordering = ("-pk",)

    def get_page_size(self, request: Any) -> int | None:
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not (asked.isascii() and asked.isdecimal() and len(asked) < 5 and 1 <= int(asked) <= self.max_page_size):
            raise Problem(400, "bad_limit", f"limit is a whole number from 1 to {self.max_page_size}")
        return int(asked)

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> Any:
        ordering = getattr(view, "ordering", self.ordering)
        return (ordering,) if isinstance(ordering, str) else tuple(ordering)

    def decode_cursor(self, request: Any) -> Any:
        encoded = request.query_params.get(self.cursor_query_param, "")
        if "\0" in encoded or len(encoded) > 2000:
            raise Problem(400, "bad_cursor", "take the cursor from next or previous as it is")
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and "\0" in str(cursor.position):
            raise Problem(400, "bad_cursor", "take the cursor from next or previous as it is")
        return cursor

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, TypeError, OverflowError) as bad:
            raise Problem(400, "bad_cursor", "take the cursor from next or previous as it is") from bad

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "items": data,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "order": list(self.ordering),
            }
        )

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
