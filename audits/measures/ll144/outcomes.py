"""Who was selected, or scored above the median: rows to counts by sex and race."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from audits.measures.binary import PAIRS
from audits.measures.cube import MAX_GROUPS, Counts
from audits.measures.ll144.plan import UNKNOWN_WORDS, LL144Plan
from audits.measures.naming import listed, quoted
from audits.measures.tables.chunks import Chunk, canonical
from audits.measures.tables.opening import Table
from audits.measures.tables.refusals import EmptyTable, TableRejected, TooManyValues

Progress = Callable[[int, int | None], None]
_NO = {no for no, _ in PAIRS}
_YES = {yes for _, yes in PAIRS}


class OutcomeNotClear(TableRejected):
    code = "outcome_not_clear"


class ScoreNotFinite(TableRejected):
    code = "score_not_finite"


class NoOutcome(TableRejected):
    code = "no_outcome"


class CategoriesUnknown(TableRejected):
    code = "categories_unknown"


@dataclass(frozen=True)
class Outcome:
    """One thing that can happen to a person, and how often it did.

    ``kind`` is selected, scored_above_median or classified. ``people`` and ``hits`` have shape (sexes + 1, races + 1),
    "unknown" last: people with a known outcome, and those of them to whom it happened.
    """

    kind: str
    group: str | None
    people: Counts
    hits: Counts
    median: float | None = None


@dataclass(frozen=True)
class Assessed:
    """All rows of the table, counted.

    ``sexes`` and ``races`` are the known categories, sorted. ``unknown_outcomes`` rows have none that could be read
    and are in no table; ``unread`` names their values with counts. ``unknown_values`` are the spellings that were
    taken for "unknown", per column, with counts.
    """

    sexes: tuple[str, ...]
    races: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    rows: int
    unknown_outcomes: int
    unread: Mapping[str, int]
    unknown_values: Mapping[str, Mapping[str, int]]
    read_as: Mapping[str, Sequence[str]] = field(default_factory=dict)


def assessed(table: Table, plan: LL144Plan, *, progress: Progress | None = None) -> Assessed:
    """Read the table once and count.

    The median is that of the scores of everybody assessed, people of unknown category included: it is the full
    sample's (6 RCNY 5-301). Above it is strictly above.

    Raises:
        TableRejected: the table cannot be read, no outcome is known, it is not clear which values mean selected, a
            score is infinite, or nobody has a known category.
    """
    read = _Read(plan)
    for chunk in table.chunks():
        read.add(chunk)
        if progress is not None:
            progress(read.rows, max(table.rows_known, read.rows))
    if read.rows == 0:
        raise EmptyTable("the table has a header and no rows")
    if progress is not None:
        progress(read.rows, read.rows)
    return read.counted()


class _Read:
    """Codes of the wanted columns, two bytes a cell, and the scores."""

    def __init__(self, plan: LL144Plan) -> None:
        self._plan = plan
        names = [plan.sex, plan.race, *(name for name in (plan.selected, plan.group) if name)]
        self._positions: dict[str, dict[str, int]] = {name: {} for name in names}
        self._codes: dict[str, list[npt.NDArray[np.int16]]] = {name: [] for name in names}
        self._scores: list[npt.NDArray[np.float64]] = []
        self.rows = 0

    def add(self, chunk: Chunk) -> None:
        self.rows += chunk.rows
        for name, positions in self._positions.items():
            column = chunk.columns[name]
            renumbered = np.full(len(column.values) + 1, -1, dtype=np.int16)
            for number, value in enumerate(column.values):
                renumbered[number] = positions.setdefault(value, len(positions))
            if len(positions) > MAX_GROUPS:
                raise TooManyValues(name, MAX_GROUPS, sorted(positions))
            self._codes[name].append(renumbered[column.codes])
        if self._plan.score:
            self._scores.append(chunk.numbers[self._plan.score])

    def counted(self) -> Assessed:
        plan = self._plan
        sexes, sex, unknown_sexes = self._categories(plan.sex)
        races, race, unknown_races = self._categories(plan.race)
        if not sexes or not races:
            empty = plan.sex if not sexes else plan.race
            raise CategoriesUnknown(f"column {quoted(empty)} names no category in any row; is it the right column?")
        shape = (len(sexes) + 1, len(races) + 1)
        cells = sex * shape[1] + race
        read = self._outcome()
        known, hits = read.known, read.hits

        def counted(rows: npt.NDArray[np.bool_]) -> Counts:
            return np.bincount(cells[rows], minlength=shape[0] * shape[1]).reshape(shape)

        if not known.any():
            raise NoOutcome("no row has an outcome that could be read; is it the right column?")
        people = counted(known)
        outcomes = []
        if plan.selected:
            outcomes.append(Outcome("selected", None, people, counted(known & hits)))
        elif plan.score:
            outcomes.append(Outcome("scored_above_median", None, people, counted(known & hits), read.median))
        if plan.group:
            values, codes = self._column(plan.group)
            classified = codes >= 0
            in_group = counted(classified)
            outcomes += [Outcome("classified", value, in_group, counted(codes == at)) for at, value in values]
        return Assessed(
            sexes=sexes,
            races=races,
            outcomes=tuple(outcomes),
            rows=self.rows,
            unknown_outcomes=int((~known).sum()),
            unread=read.unread,
            unknown_values={plan.sex: unknown_sexes, plan.race: unknown_races},
            read_as=read.read_as,
        )

    def _column(self, name: str) -> tuple[list[tuple[int, str]], npt.NDArray[np.int64]]:
        """(code, value) sorted by value, and the codes of all rows (-1: missing)."""
        values = sorted(((code, value) for value, code in self._positions[name].items()), key=lambda one: one[1])
        return values, np.concatenate(self._codes[name]).astype(np.int64)

    def _categories(self, name: str) -> tuple[tuple[str, ...], npt.NDArray[np.int64], dict[str, int]]:
        """Known categories, each row's position among them (unknown last), and what was taken for unknown."""
        values, codes = self._column(name)
        also = {canonical(word, column="unknown") for word in self._plan.unknown}
        unknown = {code for code, value in values if value in also or value.lower() in UNKNOWN_WORDS}
        known = [(code, value) for code, value in values if code not in unknown]
        renumbered = np.full(len(values) + 1, len(known), dtype=np.int64)
        for position, (code, _) in enumerate(known):
            renumbered[code] = position
        said = {value: int((codes == code).sum()) for code, value in values if code in unknown}
        if blank := int((codes < 0).sum()):
            said[""] = blank
        return tuple(value for _, value in known), renumbered[codes], said

    def _outcome(self) -> _Outcomes:
        plan = self._plan
        if plan.score:
            return _above_median(np.concatenate(self._scores), column=plan.score)
        name = str(plan.selected or plan.group)
        values, codes = self._column(name)
        if not plan.selected:
            return _Outcomes(codes >= 0, codes >= 0, _unread(values, codes, ()))
        yes, no = _meanings([value for _, value in values], plan)
        selected = np.isin(codes, [code for code, value in values if value in yes])
        rejected = np.isin(codes, [code for code, value in values if value in no])
        read_as = {"selected": sorted(yes), "not_selected": sorted(no)}
        return _Outcomes(selected | rejected, selected, _unread(values, codes, yes | no), read_as)


@dataclass(frozen=True)
class _Outcomes:
    """Which rows have an outcome, which of them the one that is counted, and the cells that could not be read."""

    known: npt.NDArray[np.bool_]
    hits: npt.NDArray[np.bool_]
    unread: dict[str, int]
    read_as: dict[str, list[str]] = field(default_factory=dict)
    median: float | None = None


def _above_median(scores: npt.NDArray[np.float64], *, column: str) -> _Outcomes:
    if bool(np.isinf(scores).any()):
        raise ScoreNotFinite(f"column {quoted(column)} holds an infinite score; mend it or leave it blank")
    known = ~np.isnan(scores)
    blank = int((~known).sum())
    median = float(np.median(scores[known])) if known.any() else math.nan
    return _Outcomes(known, known & (scores > median), {"": blank} if blank else {}, median=median)


def _unread(values: list[tuple[int, str]], codes: npt.NDArray[np.int64], read: Collection[str]) -> dict[str, int]:
    said = {value: int((codes == code).sum()) for code, value in values if read and value not in read}
    blank = int((codes < 0).sum())
    return said | ({"": blank} if blank else {})


def _meanings(values: Sequence[str], plan: LL144Plan) -> tuple[set[str], set[str]]:
    """The values that mean selected, and those that mean not selected. What is in neither is an unknown outcome."""
    asked_yes, asked_no = _canonical(plan.positive), _canonical(plan.negative)
    for word in (*asked_yes, *asked_no):
        if word not in values:
            raise OutcomeNotClear(
                f"column {quoted(plan.selected)} never says {quoted(word)}; it holds {listed(sorted(values))}"
            )
    if asked_yes and asked_no:
        return asked_yes, asked_no
    rest = [value for value in values if value not in asked_yes and value not in asked_no]
    if asked_yes:
        words = {value for value in rest if value.lower() in _NO}
        if not words and len(rest) <= 1:
            words = set(rest)
        if words or not rest:
            return asked_yes, words
        raise OutcomeNotClear(
            f"column {quoted(plan.selected)} also says {listed(sorted(rest))}; say which of them mean not selected"
            " (negative), the others count as unknown outcomes"
        )
    pair = next((pair for pair in PAIRS if {value.lower() for value in values} & set(pair)), None)
    recognised = {value for value in values if pair is not None and value.lower() in pair}
    if pair is None or asked_no:
        raise OutcomeNotClear(
            f"column {quoted(plan.selected)} holds {listed(sorted(values))}; say which of them mean selected (positive)"
        )
    yes = {value for value in recognised if value.lower() == pair[1]}
    if any(value.lower() in _YES | _NO for value in set(values) - recognised):
        raise OutcomeNotClear(
            f"column {quoted(plan.selected)} mixes spellings of yes and no ({listed(sorted(values))}); name those that"
            " mean selected (positive) and not selected (negative)"
        )
    return yes, recognised - yes


def _canonical(words: Iterable[str]) -> set[str]:
    return {canonical(word, column="selected") or "" for word in words}
