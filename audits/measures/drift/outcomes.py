"""What was decided and how it came out, in both tables: labels, predictions, scores and groups as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.binary import PositiveNotFound, PositiveNotGiven, positive_values
from audits.measures.drift.plan import DriftPlan
from audits.measures.naming import listed, quoted
from audits.measures.tables.arrow import MINUS_ONE, as_numpy
from audits.measures.tables.loading import Loaded
from audits.measures.tables.refusals import ColumnMissing, TableRejected, TooManyValues

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MAX_GROUPS = 100


class RowsNamedTwice(TableRejected):
    code = "row_id_repeated"


class NothingInCommon(TableRejected):
    code = "labels_and_predictions_differ"


class ScoreNotNumeric(TableRejected):
    code = "score_not_numeric"


@dataclass(frozen=True)
class Outcomes:
    """The rows of one table. All arrays have shape (rows,).

    ``labelled`` and ``decided`` say which rows have a label and a prediction, ``right`` where both are the same, and
    ``positive`` and ``selected`` where they are the positive value; these two are None where there are more than two
    values and none was called positive. ``score`` is nan where missing, and None where no column holds any. ``groups``
    are positions among the names of ``group_names``, -1 where missing.
    """

    labelled: Flags
    decided: Flags
    right: Flags
    positive: Flags | None
    selected: Flags | None
    score: Array | None = None
    groups: dict[str, Codes] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.decided)

    @property
    def known(self) -> Flags:
        """Rows with a prediction whose outcome is known."""
        return self.labelled & self.decided


@dataclass(frozen=True)
class Both:
    """The outcomes of both tables; groups by attribute; the rows of the same cases, where rows are named."""

    reference: Outcomes
    current: Outcomes
    group_names: dict[str, tuple[str, ...]]
    pairs: tuple[Codes, Codes] | None = None


def outcomes_of(reference: Loaded, current: Loaded, plan: DriftPlan) -> Both:
    """Read what the plan names.

    The label may be missing from all rows of today, and so may its column: then no outcome is known yet.

    Raises:
        TableRejected: a column is missing, or holds what it cannot be read as.
    """
    prediction = plan.prediction or ""
    _require(reference, [plan.label, plan.prediction, plan.score, *plan.sensitive, plan.row_id])
    _require(current, [plan.prediction, *plan.sensitive, plan.row_id])
    tables = (reference, current)
    decided = [table.texts(prediction) for table in tables]
    labels = [_cells(table, plan.label) for table in tables]
    wanted, chosen = _positives(labels, decided, plan)
    names = {attribute: _names(attribute, tables) for attribute in plan.sensitive}
    sides = []
    for at, table in enumerate(tables):
        has_label, has_decision = (~as_numpy(pc.is_null(cells)) for cells in (labels[at], decided[at]))
        positive = None if wanted is None else _flags(labels[at], wanted)
        selected = None if chosen is None else _flags(decided[at], chosen)
        right = (
            positive == selected
            if positive is not None and selected is not None
            else as_numpy(pc.fill_null(pc.equal(labels[at], decided[at]), False))
        )
        groups = {attribute: _codes(table.texts(attribute), names[attribute]) for attribute in plan.sensitive}
        known = has_label & has_decision
        sides.append(
            Outcomes(has_label, has_decision, right & known, positive, selected, _scores(table, plan.score), groups)
        )
    return Both(sides[0], sides[1], names, _pairs(tables, plan.row_id))


def _require(table: Loaded, names: Sequence[str | None]) -> None:
    missing = sorted({name for name in names if name and name not in table.names})
    if missing:
        raise ColumnMissing(missing, table.names)


def _cells(table: Loaded, name: str | None) -> pa.Array:
    if name is None or name not in table.names:
        return pa.nulls(table.rows, pa.string())
    return table.texts(name)


def _different(sides: Sequence[pa.Array]) -> list[str]:
    return sorted({value for cells in sides for value in pc.unique(cells).to_pylist() if value is not None})


def _positives(
    labels: Sequence[pa.Array], decided: Sequence[pa.Array], plan: DriftPlan
) -> tuple[frozenset[str] | None, frozenset[str] | None]:
    """The values that mean "positive" in label and prediction; None where there are more than two and none is named.

    With more than two values a named one stands against the rest. Where outcomes and decisions are written in words of
    their own (true and 1), each is read by its own, as far as that is clear.

    Raises:
        TableRejected: it is not clear which value is positive, or whether any decision is right.
    """
    decisions = _different(decided)
    known = _different(labels) if plan.label else decisions
    if len({*known, *decisions}) <= 2:
        return _of_two(known, decisions, plan)
    if max(len(known), len(decisions)) <= 2:
        try:
            return _of_two(known, decisions, plan)
        except (PositiveNotGiven, PositiveNotFound):
            if not set(known) & set(decisions):
                raise
    _require_common_words(labels, decided, plan)
    if plan.positive is None:
        return None, None
    only = frozenset({plan.positive})
    return (only, only) if plan.positive in {*known, *decisions} else (None, None)


def _of_two(known: Sequence[str], decisions: Sequence[str], plan: DriftPlan) -> tuple[frozenset[str], frozenset[str]]:
    return positive_values(
        label=plan.label or plan.prediction or "",
        labels=known,
        prediction=plan.prediction or "",
        predictions=decisions,
        positive=plan.positive,
    )


def _require_common_words(labels: Sequence[pa.Array], decided: Sequence[pa.Array], plan: DriftPlan) -> None:
    """That outcomes and decisions are told in the same words, in both tables together and in each where it is clear."""
    sides = [(labels, decided), *(([one], [other]) for one, other in zip(labels, decided, strict=True))]
    for place, (one, other) in enumerate(sides):
        known, decisions = _different(one), _different(other)
        # a few rows of one class may all be wrong
        is_clear = min(len(known), len(decisions)) >= (2 if place else 1)
        if is_clear and not set(known) & set(decisions):
            raise NothingInCommon(
                f"the label {quoted(plan.label or '')} says {listed(known)} and the prediction"
                f" {quoted(plan.prediction or '')} {listed(decisions)}: no value is in both; write both in the same"
                " words, then and now"
            )


def _flags(cells: pa.Array, values: frozenset[str]) -> Flags:
    found = pc.is_in(cells, value_set=pa.array(sorted(values), pa.string()))
    return np.asarray(as_numpy(pc.fill_null(found, False)), dtype=bool)


def _names(attribute: str, tables: Sequence[Loaded]) -> tuple[str, ...]:
    names = _different([table.texts(attribute) for table in tables])
    if len(names) > MAX_GROUPS:
        raise TooManyValues(attribute, MAX_GROUPS, names[:3])
    return tuple(names)


def _codes(cells: pa.Array, names: Sequence[str]) -> Codes:
    found = pc.index_in(cells, value_set=pa.array(names, pa.string())).cast(pa.int64())
    return np.asarray(as_numpy(pc.fill_null(found, MINUS_ONE)), dtype=np.int64)


def _scores(table: Loaded, name: str | None) -> Array | None:
    if name is None or name not in table.names or table.texts(name).null_count == table.rows:
        return None
    numbers = table.numbers(name)
    if numbers is None:
        raise ScoreNotNumeric(f"the score {quoted(name)} holds texts; name the column of chances (score)")
    return numbers


def _pairs(tables: Sequence[Loaded], row_id: str | None) -> tuple[Codes, Codes] | None:
    """Positions of the same cases in both tables, in the order of their ids.

    Raises:
        RowsNamedTwice: an id stands on two rows of a table, which then cannot be told apart.
    """
    if row_id is None:
        return None
    sides = [table.texts(row_id) for table in tables]
    for cells in sides:
        there = cells.drop_null()
        if pc.count_distinct(there).as_py() < len(there):
            raise RowsNamedTwice(f"column {quoted(row_id)} names two rows alike; give every case an id of its own")
    shared = pa.array(sorted(set(_different(sides[:1])) & set(_different(sides[1:]))), pa.string())
    found = []
    for cells in sides:
        at = pc.index_in(shared, value_set=cells)
        found.append(np.asarray(as_numpy(at.cast(pa.int64())), dtype=np.int64))
    return found[0], found[1]
