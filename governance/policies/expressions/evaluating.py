"""A condition held against a facts document, at any moment.

The engine gives what went wrong at run time as a value whose ``bool`` is true, so the one way from a value to a yes is
``Outcome.HOLDS``, which asks for the truth itself and nothing like it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from governance.policies.expressions.engine import PROGRAMS_KEPT, VARIABLES, cel, environment
from governance.policies.expressions.reading import UPSTREAM, tokens_of
from governance.policies.moments import AHEAD_AT_MOST, FactsMalformed, moment

MAX_ITEMS = 1000
MAX_NUMBERS = 1000
# What changes by time alone.
TIMED = frozenset({"age_days", "asked_at", "waivers"}) | UPSTREAM
# What a row says of time beside its age is kept from expressions: nobody could tell when the answer changes.
_HIDDEN = ("age_days", "finished_at", "holds_until")


class Outcome(Enum):
    """What an expression says of facts."""

    HOLDS = "holds"
    FAILS = "fails"
    ERROR = "error"


@dataclass(frozen=True)
class Said:
    """The outcome, and of an error what the engine said."""

    outcome: Outcome
    error: str = ""

    @property
    def holds(self) -> bool:
        return self.outcome is Outcome.HOLDS


@dataclass(frozen=True)
class _Timed:
    """Where time enters a condition: limits of ages in days, dates that are written out, waivers, and approvals of
    what a version was made from.
    """

    limits: tuple[float, ...] = ()
    dates: tuple[dt.datetime | None, ...] = ()
    waivers: bool = False
    upstream: bool = False


@lru_cache(maxsize=PROGRAMS_KEPT)
def _timed(text: str) -> _Timed:
    tokens = tokens_of(text)
    names = {token.text for token in tokens if token.kind == "name"}
    limits = {_limit(token.text) for token in tokens if token.kind == "number"} if "age_days" in names else ()
    written = (
        [moment(token.text.strip("\"'")) for token in tokens if token.kind == "text"] if "asked_at" in names else []
    )
    dates = (_later(one, microseconds=extra) for one in written if one is not None for extra in (0, 1))
    upstream = any(name in text for name in UPSTREAM)
    return _Timed(tuple(limits)[:MAX_NUMBERS], tuple(dates), "waivers" in names, upstream)


class Known:
    """A facts document as expressions see it, at any moment.

    Of the audits only those that came to an end are seen, of every kind the newest, and their age is that of the
    moment. What is not a fact of its type is handed over so that the engine stumbles over it: never as a number.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        """Take the facts.

        Raises:
            FactsMalformed: a list of more than a thousand items, or a section that is none.
        """
        _refuse_long_lists(facts, "facts")
        for name, shape in VARIABLES.items():
            value = facts.get(name)
            expected: type = str if shape == "text" else list if shape == "sections" else dict
            if value is not None and not isinstance(value, expected):
                raise FactsMalformed(name)
        self._facts: Mapping[str, Any] = _without_nulls(facts)
        self._asked_at = moment(facts.get("asked_at"))
        self._kept: tuple[dt.datetime, Any] | None = None

    def ask(self, program: Any, *, at: dt.datetime) -> Said:
        """What an expression says of the facts at a moment."""
        if program is None:
            return Said(Outcome.ERROR, "the expression can no longer be read")
        types = cel().Type
        try:
            value = program.eval(self._activation(at))
            if value.type() == types.ERROR:
                return Said(Outcome.ERROR, str(value.plain_value())[:200])
            plain = value.plain_value()
        except Exception as broken:  # the engine's own budget, and whatever else it does not answer to
            return Said(Outcome.ERROR, str(broken)[:200])
        if plain is True:
            return Said(Outcome.HOLDS)
        return Said(Outcome.FAILS) if plain is False else Said(Outcome.ERROR, "neither true nor false")

    def holds_until(self, program: Any, text: str, *, at: dt.datetime) -> dt.datetime | None:
        """The first moment from which time alone makes a condition that holds at ``at`` fail; None where none does.

        Time enters by ages, which are compared with plain numbers, by dates that are written out, and by the ends of
        waivers and of approvals of what a version was made from: only there can the answer change.
        """
        for when in self._turning_points(text, at=at):
            if not self.ask(program, at=when).holds:
                return when
        return None

    def _turning_points(self, text: str, *, at: dt.datetime) -> list[dt.datetime]:
        timed = _timed(text)
        points: set[dt.datetime | None] = set(timed.dates)
        # An age that may equal its limit fails an instant later.
        ends = [end for row in self._audits() if (end := self._finished(row)) is not None] if timed.limits else []
        points |= {
            _later(end, days=days, microseconds=extra) for end in ends for days in timed.limits for extra in (0, 1)
        }
        if timed.waivers:
            points |= {moment(row.get("until")) for row in self._rows("waivers")}
        if timed.upstream:
            points |= self.upstream_ends()
        return sorted(point for point in points if point is not None and point > at)

    def upstream_ends(self) -> set[dt.datetime | None]:
        """When approvals of what the version was made from end."""
        lineage = self._facts.get("lineage") or {}
        return {moment(end) for name in UPSTREAM for end in _ends(lineage, name)}

    def _activation(self, at: dt.datetime) -> Any:
        """The facts as the engine takes them; at one moment several conditions are asked."""
        if self._kept is None or self._kept[0] != at:
            self._kept = (at, environment().Activation(self._at(at)))
        return self._kept[1]

    def _at(self, at: dt.datetime) -> dict[str, Any]:
        """The variables as they are at a moment."""
        seen: dict[str, Any] = {}
        for name, shape in VARIABLES.items():
            if shape == "text":
                seen[name] = self._facts.get(name) or ""
            elif shape == "sections":
                seen[name] = list(self._rows(name))
            else:
                section = self._facts.get(name) or {}
                seen[name] = _numbers(section) if shape in ("numbers", "counts") else section
        seen["lineage"] = _approved_at(seen["lineage"], at)
        # Where time has gone on since the facts were taken, it has for expressions too.
        seen["asked_at"] = at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        seen["audits"] = [self._aged(row, at=at) for row in self._audits()]
        seen["waivers"] = [row for row in seen["waivers"] if (end := moment(row.get("until"))) is None or at < end]
        return seen

    def _rows(self, name: str) -> Iterator[Mapping[str, Any]]:
        return (row for row in self._facts.get(name) or [] if isinstance(row, Mapping))

    def _audits(self) -> list[Mapping[str, Any]]:
        """The newest audit of every kind, where it came to an end. Two that cannot be told apart are none."""
        newest: dict[Any, Mapping[str, Any]] = {}
        unclear: set[Any] = set()
        for row in self._rows("audits"):
            kind = str(row.get("kind"))
            known = newest.get(kind)
            if known is None or _number(row) > _number(known):
                newest[kind] = row
                unclear.discard(kind)
            elif _number(row) == _number(known) and row != known:
                unclear.add(kind)
        ended = (row for kind, row in newest.items() if kind not in unclear)
        return [row for row in ended if row.get("state", "succeeded") == "succeeded"]

    def _finished(self, row: Mapping[str, Any]) -> dt.datetime | None:
        if row.get("finished_at") is not None:
            return moment(row["finished_at"])
        age = row.get("age_days")
        if self._asked_at is None or isinstance(age, bool) or not isinstance(age, int | float) or not 0 <= age < 1e5:
            return None
        return _later(self._asked_at, days=-age)

    def _aged(self, row: Mapping[str, Any], *, at: dt.datetime) -> dict[str, Any]:
        """A row with its age at a moment; without one where nobody can tell, so that asking for it is an error."""
        aged = {name: value for name, value in row.items() if name not in _HIDDEN}
        finished = self._finished(row)
        if finished is not None and finished <= at + AHEAD_AT_MOST:
            aged["age_days"] = max(0.0, (at - finished).total_seconds() / 86400)
        return aged


def _ends(lineage: Mapping[str, Any], name: str) -> list[Any]:
    ends = lineage.get(name.replace("_approved", "_until"))
    return ends if isinstance(ends, list) else []


def _approved_at(lineage: Mapping[str, Any], at: dt.datetime) -> Mapping[str, Any]:
    """The lineage with what is still approved at a moment; when that ends nobody compares."""
    if not any(_ends(lineage, name) for name in UPSTREAM):
        return lineage
    seen = {name: value for name, value in lineage.items() if not name.endswith("_until")}
    for name in UPSTREAM:
        if ends := _ends(lineage, name):
            seen[name] = sum(1 for end in map(moment, ends) if end is not None and at < end)
    return seen


def _number(row: Mapping[str, Any]) -> int:
    number = row.get("run")
    return number if type(number) is int else -1


def _limit(text: str) -> float:
    try:
        return float(text.rstrip("uU"))
    except ValueError:
        return float(int(text.rstrip("uU"), 0))


def _numbers(section: Mapping[str, Any]) -> dict[str, Any]:
    """Figures for a typed map. The engine would take true for 1: it gets a word for it, over which it stumbles."""
    return {
        name: str(value)
        if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value))
        else value
        for name, value in section.items()
    }


def _without_nulls(value: Any) -> Any:
    """The same without nulls: a fact that is not there is an error, while null is unequal to whatever is refused."""
    if isinstance(value, Mapping):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def _later(start: dt.datetime, *, days: float = 0, microseconds: int = 0) -> dt.datetime | None:
    if not math.isfinite(days):
        return None
    try:
        return start + dt.timedelta(days=days, microseconds=microseconds)
    except OverflowError:
        return None


def _refuse_long_lists(value: Any, path: str) -> None:
    if isinstance(value, list):
        if len(value) > MAX_ITEMS:
            raise FactsMalformed(path)
        for item in value:
            if isinstance(item, list | dict):
                _refuse_long_lists(item, path)
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, list | dict):
                _refuse_long_lists(item, str(name) if path == "facts" else f"{path}.{name}")
