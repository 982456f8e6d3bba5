"""What a cell of the licence table may hold, column by column, and how it becomes the value of a row's field."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from licenses import terms


def value_of(column: str, cell: str, *, own: bool) -> Any:
    """One cell as the type of its field; ValueError says what the column may hold."""
    if cell != cell.strip():
        raise ValueError("begins or ends with a space")
    if column in REQUIRED and not cell:
        raise ValueError("empty; name the section" if column == "source_ref" else "empty; every row needs it")
    if own and not cell and column not in REQUIRED:
        return EMPTY.get(column, "")
    if column in terms.DOMAINS and cell not in terms.DOMAINS[column]:
        raise ValueError(f"{cell!r} is not one of {', '.join(sorted(terms.DOMAINS[column]))}")
    read = READ.get("reach_*" if column.startswith("reach_") else column)
    return read(cell) if read else cell


def _yes_or_no(cell: str) -> bool:
    if cell not in ("y", "n"):
        raise ValueError(f"{cell!r} is not y or n")
    return cell == "y"


def _cap(cell: str) -> int | None:
    if not cell:
        return None
    if not (cell.isascii() and cell.isdecimal()) or int(cell) == 0:
        raise ValueError(f"{cell!r} is not a whole number above 0")
    return int(cell)


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def _territory(cell: str) -> str:
    terms.exclusion(cell)
    return cell


def _restrictions(cell: str) -> str:
    kind, _, what = cell.partition(":")
    if not (cell in ("none", "unstated") or (kind in ("static", "dynamic") and what)):
        raise ValueError(f"{cell!r} is not none, unstated, static:… or dynamic:…")
    return cell


def read_on(cell: str) -> str:
    """A day or a month in ISO form, as it stands; ValueError where it is neither."""
    if not re.fullmatch(r"\d{4}-\d\d(-\d\d)?", cell):
        raise ValueError(f"{cell!r} is not a day (2026-11-29) or a month (2026-11)")
    dt.date.fromisoformat(cell if len(cell) == 10 else f"{cell}-01")
    return cell


REQUIRED = frozenset({"id", "name", "family", "kind", "evidence", "source_ref", "read_on"})
EMPTY: dict[str, Any] = {
    "hf_id": False,
    "mau_cap": None,
    "revenue_cap_usd_year": None,
    "osi_approved": None,
    "field_excl": (),
    "termination": (),
    "aliases": (),
}
"""What an empty cell of an ``own`` row reads as, where that is not the empty string."""

READ: dict[str, Callable[[str], Any]] = {
    "hf_id": _yes_or_no,
    "osi_approved": _yes_or_no,
    "reach_*": terms.reach,
    "mau_cap": _cap,
    "revenue_cap_usd_year": _cap,
    "field_excl": _several,
    "termination": _several,
    "aliases": _several,
    "territory_excl": _territory,
    "use_restrictions": _restrictions,
    "read_on": read_on,
}
"""Columns that are more than a word: how a cell becomes the field's type."""
