"""Lists that are read by cursor: the place after a row, not a number of rows to skip.

A cursor holds the values of the ordering's columns at the end of a page. So a page neither repeats nor leaves out what
was there all along, whatever is added meanwhile, and a thousand rows of one moment are no harder than one.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DataError
from django.db.models import Field, Model, Q, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)
PAGE = 50
LONGEST = 2000
AFTER, BEFORE = ">", "<"


class BadCursor(ValueError):
    """The cursor is none that was given out for this list."""


@dataclass(frozen=True)
class Slice(Generic[Row]):
    """Rows in order, and the cursors of what comes after and before; None at the ends."""

    rows: list[Row]
    after: str | None
    before: str | None


def slice_of(rows: QuerySet[Row], *, columns: Sequence[str], cursor: str | None, size: int) -> Slice[Row]:
    """A part of a queryset in the order of ``columns``: never null, down to a unique one. One query.

    Raises:
        BadCursor: the cursor cannot be one of this list.
    """
    way, values = _decoded(cursor, rows, columns) if cursor is not None else (AFTER, None)
    order = [_turned(column) for column in columns] if way == BEFORE else list(columns)
    try:
        wanted = rows if values is None else rows.filter(_beyond(order, values))
        listed = list(wanted.order_by(*order)[: size + 1])
    except (ValueError, TypeError, OverflowError, ValidationError, DataError) as bad:
        if values is None:
            raise
        raise BadCursor from bad
    more, listed = len(listed) > size, listed[:size]
    if way == BEFORE:
        listed.reverse()
    has_after, has_before = (bool(listed), more) if way == BEFORE else (more, values is not None)
    return Slice(
        rows=listed,
        after=_encoded(AFTER, columns, listed[-1]) if listed and has_after else None,
        before=_encoded(BEFORE, columns, listed[0]) if listed and has_before else None,
    )


@dataclass(frozen=True)
class CursorPage(Generic[Row]):
    """Rows of one page, and the addresses of its neighbours (empty at the ends)."""

    rows: list[Row]
    next_url: str
    previous_url: str


def page_of(
    rows: QuerySet[Row], request: HttpRequest, *, columns: Sequence[str], size: int = PAGE, name: str = "cursor"
) -> CursorPage[Row]:
    """A page of a queryset for a page with links to its neighbours; ``columns`` as for ``slice_of``.

    A cursor that is none of ours means the first page: an old link shows something rather than nothing.
    """
    try:
        found = slice_of(rows, columns=columns, cursor=request.GET.get(name) or None, size=size)
    except BadCursor:
        found = slice_of(rows, columns=columns, cursor=None, size=size)
    return CursorPage(found.rows, _url(request, name, found.after), _url(request, name, found.before))


def _url(request: HttpRequest, name: str, cursor: str | None) -> str:
    if cursor is None:
        return ""
    query = request.GET.copy()
    query[name] = cursor
    return f"?{query.urlencode()}"


def _turned(column: str) -> str:
    return column[1:] if column.startswith("-") else f"-{column}"


def _beyond(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows after a place in an order: beyond it in the first column, or level with it and beyond in the next, …"""
    beyond, level = Q(), Q()
    for place, (column, value) in enumerate(zip(order, values, strict=True)):
        field, comparison = column.lstrip("-"), "lt" if column.startswith("-") else "gt"
        step = Q(**{f"{field}__{comparison}": value})
        beyond = step if place == 0 else beyond | (level & step)
        level &= Q(**{field: value})
    return beyond


# --- the text of a cursor ------------------------------------------------------------------------------------------


def _encoded(way: str, columns: Sequence[str], row: Model) -> str:
    values = [_written(_read(row, column)) for column in columns]
    packed = json.dumps([way, *values], separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _decoded(cursor: str, rows: QuerySet[Any], columns: Sequence[str]) -> tuple[str, list[Any]]:
    try:
        if len(cursor) > LONGEST:
            raise ValueError
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        way, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if way not in (AFTER, BEFORE):
            raise ValueError
        return way, [_value(rows, column, value) for column, value in zip(columns, values, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError, ValidationError) as bad:
        raise BadCursor from bad


def _written(value: Any) -> str | int:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return value if isinstance(value, int) else str(value)


def _read(row: Any, column: str) -> Any:
    for step in column.lstrip("-").split("__"):
        row = getattr(row, step)
    return row


def _value(rows: QuerySet[Any], column: str, written: Any) -> Any:
    """A cursor's value as its column's type; a column may be one that the queryset has computed."""
    if isinstance(written, bool) or not isinstance(written, (str, int)):
        raise ValueError
    if isinstance(written, str) and ("\0" in written or any("\ud800" <= c <= "\udfff" for c in written)):
        raise ValueError
    name = column.lstrip("-")
    computed = rows.query.annotations.get(name)
    field = computed.output_field if computed is not None else _field(rows.model, name.split("__"))
    value = field.to_python(written)
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        raise ValueError
    return value


def _field(model: type[Model], steps: Sequence[str]) -> Field[Any, Any]:
    field = model._meta.pk if steps[0] == "pk" else model._meta.get_field(steps[0])
    if len(steps) > 1 and field.related_model is not None:
        return _field(field.related_model, steps[1:])
    if not isinstance(field, Field):
        raise FieldDoesNotExist(f"{model.__name__} cannot be ordered by {steps[0]}")
    return field
