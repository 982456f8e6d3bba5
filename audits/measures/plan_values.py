"""Values of an audit plan as they come from JSON or YAML, and the checks that several plans share.

Imports nothing heavy: the web process checks plans too.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from audits.measures.naming import listed, quoted
from audits.measures.refusals import CodedRefusal

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Reader = Callable[[object, str], Any]
MOST_ROWS = 1_000_000


class PlanRejected(CodedRefusal):
    """The plan cannot be carried out; ``code`` says why for programs, the message how to mend it."""


def fields_of(
    document: object, readers: Mapping[str, Reader], *, part: str, others: Sequence[str] = ()
) -> dict[str, Any]:
    """The keys of one part of an audit plan, each read by its reader; null is "not given".

    ``others`` are keys that may stand there and are somebody else's business.

    Raises:
        PlanRejected: not a mapping, an unknown key (a key that nobody reads would be a rule that nobody applies), or a
            value of the wrong type.
    """
    if not isinstance(document, Mapping):
        raise PlanRejected("plan_not_a_mapping", f"the {part} part of the plan must be a mapping of keys to values")
    unknown = sorted(str(key) for key in document if key not in readers and key not in others)
    if unknown:
        raise PlanRejected(
            "plan_key_unknown",
            f"the {part} part of the plan has no key {listed(unknown)}; known: {listed(sorted([*readers, *others]))}",
        )
    return {key: readers[key](value, key) for key, value in document.items() if key in readers and value is not None}


def document_of(plan: DataclassInstance) -> dict[str, Any]:
    """A plan as JSON-ready data, key by key."""
    made = {one.name: getattr(plan, one.name) for one in fields(plan)}
    return {name: _plain(value) for name, value in made.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return list(value) if isinstance(value, tuple) else value


def require_apart(columns: Iterable[str | None], why: str = "each has its own part") -> None:
    """Raises PlanRejected where a column is named twice; None is not named."""
    named = [name for name in columns if name is not None]
    if twice := [name for name in named if named.count(name) > 1]:
        raise PlanRejected("column_named_twice", f"column {quoted(twice[0])} is named twice; {why}")


def require_count(value: int, key: str) -> None:
    """Raises PlanRejected unless a smallest number of rows, pairs or cases is one that can be asked for."""
    if not 1 <= value <= MOST_ROWS:
        raise PlanRejected(f"{key}_out_of_range", f"{key} must be a whole number from 1 to {MOST_ROWS}")


def require_replicates(value: int, otherwise: str) -> None:
    """Raises PlanRejected unless a bootstrap draws often enough, or not at all: ``otherwise`` is what holds then."""
    if value != 0 and not 100 <= value <= 100_000:
        raise PlanRejected("bootstrap_out_of_range", f"bootstrap must be 0 ({otherwise}) or from 100 to 100000")


def require_shares(shares: Sequence[float], what: str) -> None:
    """Raises PlanRejected unless limits lie between 0 and 1, and rise where there are several."""
    rising = all(one <= other for one, other in zip(shares, shares[1:], strict=False))
    if not rising or not all(0 < share < 1 for share in shares):
        order = ", in this order" if len(shares) > 1 else ""
        raise PlanRejected("threshold_out_of_range", f"{what} must lie between 0 and 1{order}")


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
    """A date as YYYY-MM-DD, with a year after it that can be written: a day of use is counted from some."""
    if isinstance(value, dt.date):
        value = value.isoformat()
    if not isinstance(value, str):
        raise wrong(key, "a date such as 2026-11-29")
    try:
        found = dt.date.fromisoformat(value)
    except ValueError:
        raise wrong(key, "a date such as 2026-11-29") from None
    if found.year >= dt.MAXYEAR - 1:
        raise wrong(key, "a date such as 2026-11-29")
    return found.isoformat()


def whole(value: object, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(key, "a whole number")
    return value


def number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(key, "a number")
    try:
        return float(value)
    except OverflowError:
        raise wrong(key, "a number of a size that is computed with") from None


def finite(value: object, key: str) -> float:
    made = number(value, key)
    if not math.isfinite(made):
        raise wrong(key, "a finite number")
    return made


def columns(value: object, key: str) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise wrong(key, "a list of names")
    return tuple(column(one, key) for one in value)


def by_name(value: object, key: str, reader: Reader, what: str) -> dict[str, Any]:
    """A mapping of names to values that ``reader`` reads; ``what`` says which."""
    if not isinstance(value, Mapping):
        raise wrong(key, f"a mapping of {what}")
    return {str(name): reader(one, f"{key}.{name}") for name, one in value.items()}


def texts_by_name(value: object, key: str) -> dict[str, str]:
    """A mapping of names to texts; the texts are checked by whoever knows what they are for."""
    if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
        raise wrong(key, "a mapping of names to texts")
    return {str(name): content for name, content in value.items()}
