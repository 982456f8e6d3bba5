"""Values of an audit plan as they come from JSON or YAML. Imports nothing heavy: the web process checks plans too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from audits.measures.naming import listed
from audits.measures.plan import PlanRejected

Reader = Callable[[object, str], Any]


def fields_of(document: object, readers: Mapping[str, Reader], *, part: str) -> dict[str, Any]:
    """The keys of one part of an audit plan, each read by its reader; null is "not given".

    Raises:
        PlanRejected: not a mapping, an unknown key (a key that nobody reads would be a rule that nobody applies), or a
            value of the wrong type.
    """
    if not isinstance(document, Mapping):
        raise PlanRejected("plan_not_a_mapping", f"the {part} part of the plan must be a mapping of keys to values")
    unknown = sorted(str(key) for key in document if key not in readers)
    if unknown:
        raise PlanRejected(
            "plan_key_unknown",
            f"the {part} part of the plan has no key {listed(unknown)}; known: {listed(sorted(readers))}",
        )
    return {key: readers[key](value, key) for key, value in document.items() if value is not None}


def wrong(key: str, wanted: str) -> PlanRejected:
    return PlanRejected("plan_value_wrong", f"{key} must be {wanted}")


def text(value: object, key: str) -> str:
    """A text with something in it."""
    if not isinstance(value, str) or not value.strip():
        raise wrong(key, "a text that says something")
    return value.strip()


def column(value: object, key: str) -> str:
    if not isinstance(value, str) or not value:
        raise wrong(key, "the name of a column")
    return value


def cell(value: object, key: str) -> str:
    """The value of a cell: a plan may well hold 1 or true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise wrong(key, "one text or number")


def cells(value: object, key: str) -> tuple[str, ...]:
    """One value of a cell, or a list of them."""
    if isinstance(value, (list, tuple)):
        return tuple(cell(one, key) for one in value)
    return (cell(value, key),)


def day(value: object, key: str) -> str:
    """A date as YYYY-MM-DD."""
    if isinstance(value, dt.date):
        value = value.isoformat()
    if not isinstance(value, str):
        raise wrong(key, "a date such as 2026-11-29")
    try:
        return dt.date.fromisoformat(value).isoformat()
    except ValueError:
        raise wrong(key, "a date such as 2026-11-29") from None


def whole(value: object, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(key, "a whole number")
    return value


def number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(key, "a number")
    return float(value)


def texts_by_name(value: object, key: str) -> dict[str, str]:
    """A mapping of names to texts; the texts are checked by whoever knows what they are for."""
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
        raise wrong(key, "a mapping of names to texts")
    return {str(name): content for name, content in value.items()}
