"""Conditions in CEL, the Common Expression Language, held against a facts document.

The engine is cel-expr-python (Google's cel-cpp). It gives what went wrong at run time as a value whose ``bool`` is
true, so the one way from a value to a yes is ``Outcome.HOLDS``, which asks for the truth itself and nothing like it.

An expression is typed: every fact is declared in ``VARIABLES``, and the result has to be true or false. What could
make it costly is refused when it is read: length, nested comprehensions, ``map`` and joined texts or lists, which
would double what they hold at every step. What is left ends by the engine's own budget of iterations.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from governance.policies.moments import AHEAD_AT_MOST, FactsMalformed, moment

MAX_LENGTH = 2048
MAX_NESTING = 2
MAX_ITEMS = 1000
MAX_NUMBERS = 1000
PROGRAMS_KEPT = 256

# The facts by type: sections of one kind of value are typed to the end, the others to their keys.
VARIABLES: Mapping[str, str] = {
    "subject": "texts",
    "use_case": "texts",
    "stage": "text",
    "card": "section",
    "license": "section",
    "audits": "sections",
    "metrics": "numbers",
    "files": "section",
    "lineage": "section",
    "evidence": "counts",
    "pilot": "section",
    "decision_record": "section",
    "waivers": "sections",
    "signature": "section",
    "asked_at": "text",
}
# Sections that come from one kind of audit, by its name.
SECTIONS_OF_KINDS = frozenset({"card", "license"})
# What changes by time alone.
TIMED = frozenset({"age_days", "asked_at", "waivers"})
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


class ExpressionRefused(ValueError):
    """The text is no condition that may be published; ``line`` and ``column`` count from 1 within the text."""

    def __init__(self, code: str, line: int = 1, column: int = 1, **params: Any) -> None:
        super().__init__(f"{code} at line {line}, column {column}")
        self.code = code
        self.line = line
        self.column = column
        self.params = params


# --- reading ---------------------------------------------------------------------------------------------------------

_TOKENS = re.compile(
    r"""(?P<text>[rRbB]{0,2}(?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))"""
    r"""|(?P<comment>//[^\n]*)"""
    r"""|(?P<number>(?:\d+\.\d+(?:[eE][+-]?\d+)?|0[xX][0-9a-fA-F]+|\d+(?:[eE][+-]?\d+)?)[uU]?)"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<mark>==|!=|<=|>=|&&|\|\||[^\s])"""
)
_MACROS = ("all", "exists", "exists_one", "filter")
_COMPARISONS = ("<", "<=", ">", ">=")
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")
# What the engine resolves a plus to where it would join.
_JOINS = (b"add_string", b"add_bytes", b"add_list")


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int


def _tokens(text: str) -> list[_Token]:
    return [_Token(str(found.lastgroup), found.group(), found.start()) for found in _TOKENS.finditer(text)]


def check(text: str) -> None:
    """Refuse what is no condition, or might cost more than a condition may.

    Raises:
        ExpressionRefused: with the place within the text.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionRefused("expression_too_long", length=len(text), longest=MAX_LENGTH)
    tokens = _tokens(text)
    _refuse_tokens(text, tokens)
    program = _compiled(text)
    if program.return_type() != _cel().Type.BOOL:
        raise ExpressionRefused("expression_not_boolean", found=str(program.return_type().name()).lower())
    marks = [token for token in tokens if token.text == "+"]
    if marks:
        code = program.serialize()
        joins = sum(code.count(name) - text.encode().count(name) for name in _JOINS)
        # A filter gathers what it lets through, which the engine writes as a join of lists.
        if joins > sum(1 for token in tokens if token.text == "filter"):
            raise ExpressionRefused("expression_joins", *_place(text, marks[0].start))


def _refuse_tokens(text: str, tokens: Sequence[_Token]) -> None:
    open_macros: list[bool] = []
    for at, token in enumerate(tokens):
        place = _place(text, token.start)
        if code := _forbidden(tokens, at):
            raise ExpressionRefused(code, *place, name=token.text[:40])
        if token.text == "(":
            open_macros.append(at > 1 and tokens[at - 1].text in _MACROS and tokens[at - 2].text == ".")
            if sum(open_macros) > MAX_NESTING:
                raise ExpressionRefused("expression_nested", *place, deepest=MAX_NESTING)
        elif token.text == ")" and open_macros:
            open_macros.pop()


def _forbidden(tokens: Sequence[_Token], at: int) -> str:
    """Why a token may not stand where it does; empty where it may."""
    token = tokens[at]
    after = tokens[at + 1].text if at + 1 < len(tokens) else ""
    if token.kind == "comment":
        return "expression_comment"
    if token.text == "`" or (token.kind == "name" and token.text.startswith("__")):
        return "expression_name"
    if token.kind == "name" and token.text == "map" and after == "(":
        return "expression_map"
    if token.kind == "text" and "age_days" in token.text:
        return "expression_age"
    if token.kind == "name" and token.text == "age_days" and not _is_limit(tokens, at):
        return "expression_age"
    if token.kind == "name" and token.text == "asked_at" and not _is_dated(tokens, at):
        return "expression_asked_at"
    return ""


_CALCULATED = ("*", "/", "%", "+", "-", ".")


def _is_limit(tokens: Sequence[_Token], at: int) -> bool:
    """Whether an age stands beside a comparison with a plain number: then the moment at which it fails is known."""
    start = at
    while start >= 2 and tokens[start - 1].text == "." and tokens[start - 2].kind == "name":
        start -= 2
    before = [(token.kind, token.text) for token in tokens[max(start - 3, 0) : start]]
    after = [(token.kind, token.text) for token in tokens[at + 1 : at + 4]]
    before = [("", "")] * (3 - len(before)) + before
    after += [("", "")] * (3 - len(after))
    if [text for _kind, text in before[1:]] == ["has", "("]:
        return True
    if after[0][1] in _COMPARISONS and after[1][0] == "number":
        return after[2][1] not in _CALCULATED and before[2][1] not in _CALCULATED
    if before[2][1] in _COMPARISONS and before[1][0] == "number":
        return before[0][1] not in _CALCULATED and after[0][1] not in (*_CALCULATED, "(", "[")
    return False


def _is_dated(tokens: Sequence[_Token], at: int) -> bool:
    """Whether the moment of asking is compared with one that is written out."""
    if [token.text for token in (*tokens[max(at - 2, 0) : at], *tokens[at + 1 : at + 2])] != ["timestamp", "(", ")"]:
        return False
    right, left = tokens[at + 2 : at + 7], tokens[max(at - 7, 0) : at - 2]
    after = tokens[at + 7].text if at + 7 < len(tokens) else ""
    if len(right) == 5 and right[0].text in _COMPARISONS and _is_moment(right[1:]):
        return after not in ("+", "-", ".")
    return len(left) == 5 and left[4].text in _COMPARISONS and _is_moment(left[:4])


def _is_moment(tokens: Sequence[_Token]) -> bool:
    shape = [token.text if token.kind != "text" else "text" for token in tokens]
    return shape == ["timestamp", "(", "text", ")"] and moment(tokens[2].text.strip("\"'")) is not None


def _place(text: str, start: int) -> tuple[int, int]:
    lines = text[:start].split("\n")
    return len(lines), len(lines[-1]) + 1


def names_in(text: str) -> frozenset[str]:
    """The names that an expression uses."""
    return frozenset(token.text for token in _tokens(text) if token.kind == "name")


def audits_in(text: str) -> frozenset[str]:
    """What may be kinds of audit in an expression: its quoted words, and the sections that one kind alone fills."""
    tokens = _tokens(text)
    quoted = {token.text.lstrip("rRbB").strip("\"'") for token in tokens if token.kind == "text"}
    starts = (token.text for before, token in zip([None, *tokens], tokens, strict=False) if _begins(before, token))
    return frozenset(quoted | (set(starts) & SECTIONS_OF_KINDS))


def _begins(before: _Token | None, token: _Token) -> bool:
    return token.kind == "name" and (before is None or before.text != ".")


def atoms(text: str) -> tuple[str, ...]:
    """The parts of a condition that stand between its outermost ``&&`` and ``||``, for showing which of them fails."""
    depth, start, parts = 0, 0, []
    for token in _tokens(text):
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if depth == 0 and token.text == "?":
            return (text,)
        if depth == 0 and token.text in ("&&", "||"):
            parts.append(text[start : token.start])
            start = token.start + 2
    return tuple(dict.fromkeys(part.strip() for part in [*parts, text[start:]] if part.strip()))


# --- the engine ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _cel() -> Any:
    """The engine: 3 ms and 6 MB when it is first asked for, so that nothing is loaded where no policy uses it."""
    from cel_expr_python import cel

    return cel


@lru_cache(maxsize=1)
def _environment() -> Any:
    cel = _cel()
    kind = cel.Type
    section = kind.Map(kind.STRING, kind.DYN)
    types = {
        "text": kind.STRING,
        "texts": kind.Map(kind.STRING, kind.STRING),
        "numbers": kind.Map(kind.STRING, kind.DOUBLE),
        "counts": kind.Map(kind.STRING, kind.INT),
        "section": section,
        "sections": kind.List(section),
    }
    return cel.NewEnv(variables={name: types[shape] for name, shape in VARIABLES.items()})


def _compiled(text: str) -> Any:
    """The program of an expression.

    Raises:
        ExpressionRefused: the engine does not take it; with the first thing that it names.
    """
    try:
        return _environment().compile(text)
    except Exception as refused:
        found = _PLACE.search(str(refused))
        line, column, why = (int(found[1]), int(found[2]), found[3]) if found else (1, 1, str(refused))
        raise ExpressionRefused("expression_invalid", line, column, problem=why.strip()[:200]) from refused


@lru_cache(maxsize=PROGRAMS_KEPT)
def programs(sha256: str, expressions: tuple[str, ...]) -> Mapping[str, Any]:
    """The programs of one policy version by expression, compiled once. What does not compile any more is None."""
    compiled: dict[str, Any] = {}
    for text in expressions:
        try:
            compiled[text] = _compiled(text)
        except ExpressionRefused:
            compiled[text] = None
    return compiled


# --- facts -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Timed:
    """Where time enters a condition: limits of ages in days, dates that are written out, and waivers."""

    limits: tuple[float, ...] = ()
    dates: tuple[dt.datetime | None, ...] = ()
    waivers: bool = False


@lru_cache(maxsize=PROGRAMS_KEPT)
def _timed(text: str) -> _Timed:
    tokens = _tokens(text)
    names = {token.text for token in tokens if token.kind == "name"}
    limits = {_limit(token.text) for token in tokens if token.kind == "number"} if "age_days" in names else ()
    written = (
        [moment(token.text.strip("\"'")) for token in tokens if token.kind == "text"] if "asked_at" in names else []
    )
    dates = (_later(one, microseconds=extra) for one in written if one is not None for extra in (0, 1))
    return _Timed(tuple(limits)[:MAX_NUMBERS], tuple(dates), "waivers" in names)


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
        cel = _cel()
        try:
            value = program.eval(self._activation(at))
            if value.type() == cel.Type.ERROR:
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
        waivers: only there can the answer change.
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
        return sorted(point for point in points if point is not None and point > at)

    def _activation(self, at: dt.datetime) -> Any:
        """The facts as the engine takes them; at one moment several conditions are asked."""
        if self._kept is None or self._kept[0] != at:
            self._kept = (at, _environment().Activation(self._at(at)))
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
