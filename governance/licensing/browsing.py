"""Looking through the licence table: rows by name, family and text, page by page."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from licenses.catalogue import Licence

PAGE, MOST = 50, 200
LONGEST = 500
AFTER, BEFORE = ">", "<"


class BadCursor(ValueError):
    """The cursor is none that was given out for this list."""


@dataclass(frozen=True)
class Page:
    """Rows in the order of their ids, and the cursors of what comes after and before; None at the ends."""

    rows: Sequence[Licence]
    after: str | None
    before: str | None


def matching(rows: Iterable[Licence], *, text: str = "", family: str = "") -> list[Licence]:
    """The rows of a family in whose names every word of a text occurs, by id."""
    words = text.casefold().split()[:8]
    found = [one for one in rows if family in ("", one.family) and all(word in _names(one) for word in words)]
    return sorted(found, key=lambda one: one.id)


def _names(one: Licence) -> str:
    return " ".join((one.id, one.spdx, one.name, *one.aliases)).casefold()


def page(rows: Sequence[Licence], *, cursor: str | None, size: int) -> Page:
    """A part of rows that are ordered by id.

    Raises:
        BadCursor: the cursor cannot be one of this list.
    """
    way, at = _decoded(cursor) if cursor is not None else (AFTER, "")
    if way == BEFORE:
        found = [one for one in rows if one.id < at]
        more, listed = len(found) > size, found[-size:]
        has_after, has_before = bool(listed), more
    else:
        found = [one for one in rows if one.id > at]
        more, listed = len(found) > size, found[:size]
        has_after, has_before = more, at != ""
    return Page(
        rows=listed,
        after=_encoded(AFTER, listed[-1].id) if listed and has_after else None,
        before=_encoded(BEFORE, listed[0].id) if listed and has_before else None,
    )


def _encoded(way: str, at: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([way, at]).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[str, str]:
    try:
        if len(cursor) > LONGEST:
            raise ValueError
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        way, at = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if way not in (AFTER, BEFORE) or not isinstance(at, str):
            raise ValueError
    except (ValueError, TypeError, RecursionError) as bad:
        raise BadCursor from bad
    return way, at
