"""Rows kept one by one, for quantities that no cube holds: scores, features, clusters. Compact: codes and floats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.binary import positive_values
from audits.measures.plan import BiasPlan
from audits.measures.tables.chunks import Chunk, Column
from audits.measures.tables.refusals import TableRejected

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

# What is kept of a row is some ten bytes a column; this many of five columns fit into half a gigabyte.
MAX_ROWS = 12_000_000


class TooManyRows(TableRejected):
    code = "too_many_rows"


class RowKeeper:
    """Collects chunks; ``columns`` as codes of one dictionary, ``numbers`` as floats with nan for "missing"."""

    def __init__(self, columns: Sequence[str], numbers: Sequence[str] = ()) -> None:
        self._positions: dict[str, dict[str, int]] = {name: {} for name in columns}
        self._codes: dict[str, list[npt.NDArray[np.int32]]] = {name: [] for name in columns}
        self._numbers: dict[str, list[Floats]] = {name: [] for name in numbers}
        self.rows = 0

    def add(self, chunk: Chunk) -> None:
        """Keep the rows of one chunk.

        Raises:
            TooManyRows: more than ``MAX_ROWS`` of them by now.
        """
        self.rows += chunk.rows
        if self.rows > MAX_ROWS:
            raise TooManyRows(
                f"scores and features of more than {MAX_ROWS:,} rows are not held in memory; take a sample of the "
                "rows, or leave score and features out of the plan: groups are counted in tables of any size"
            )
        for name, positions in self._positions.items():
            column = chunk.columns[name]
            # one entry more than values, so that the code -1 finds "missing" at the end
            renumbered = np.full(len(column.values) + 1, -1, dtype=np.int32)
            for number, value in enumerate(column.values):
                renumbered[number] = positions.setdefault(value, len(positions))
            self._codes[name].append(renumbered[column.codes])
        for name, kept in self._numbers.items():
            kept.append(chunk.numbers[name])

    def build(self) -> KeptRows:
        """All rows so far, values of each column sorted."""
        columns = {}
        for name, positions in self._positions.items():
            values = tuple(sorted(positions))
            order = np.full(len(values) + 1, -1, dtype=np.int64)
            for number, value in enumerate(values):
                order[positions[value]] = number
            codes = np.concatenate(self._codes[name]) if self._codes[name] else np.zeros(0, dtype=np.int32)
            columns[name] = Column(values, order[codes])
        numbers = {name: np.concatenate(kept) if kept else np.zeros(0) for name, kept in self._numbers.items()}
        return KeptRows(columns, numbers)


@dataclass(frozen=True)
class KeptRows:
    """Rows of a table in its order: ``columns`` of codes, ``numbers`` of shape (rows,) with nan for "missing"."""

    columns: Mapping[str, Column]
    numbers: Mapping[str, Floats]


@dataclass(frozen=True)
class JudgedRows:
    """The rows that take part in an audit: label, prediction and some sensitive value are known.

    ``label`` and ``prediction`` have shape (rows,), true for the positive value. ``groups`` are the sensitive
    columns, -1 where a row names no group. ``score`` and ``weights`` have shape (rows,) or are None; a score may be
    nan. ``clusters`` gives rows that may resemble each other one number, shape (rows,). The
    rows stand in the table's order, on which no figure may depend.
    """

    label: Flags
    prediction: Flags
    groups: Mapping[str, Column]
    score: Floats | None = None
    weights: Floats | None = None
    clusters: Index | None = None

    def __len__(self) -> int:
        return len(self.label)


def judged_rows(kept: KeptRows, plan: BiasPlan) -> JudgedRows:
    """The rows that the count cube counts too, one by one.

    Raises:
        TableRejected: see ``positive_values``.
    """
    label, prediction = kept.columns[plan.label], kept.columns[plan.prediction]
    wanted, chosen = positive_values(
        label=plan.label,
        labels=label.values,
        prediction=plan.prediction,
        predictions=prediction.values,
        positive=plan.positive,
    )
    named = np.zeros(len(label.codes), dtype=bool)
    for name in plan.sensitive:
        named |= kept.columns[name].codes >= 0
    used = (label.codes >= 0) & (prediction.codes >= 0) & named
    return JudgedRows(
        label=_is_one_of(label, wanted)[used],
        prediction=_is_one_of(prediction, chosen)[used],
        groups={name: Column(kept.columns[name].values, kept.columns[name].codes[used]) for name in plan.sensitive},
        score=kept.numbers[plan.score][used] if plan.score else None,
        weights=kept.numbers[plan.weights][used] if plan.weights else None,
        clusters=numbered(kept.columns[plan.cluster].codes[used]) if plan.cluster else None,
    )


def numbered(codes: Index) -> Index:
    """Clusters as numbers from 0 on; a row that names none is one of its own."""
    alone = np.flatnonzero(codes < 0)
    made = codes.copy()
    made[alone] = (int(codes.max()) if len(codes) else -1) + 1 + np.arange(len(alone))
    return np.unique(made, return_inverse=True)[1].astype(np.int64)


def _is_one_of(column: Column, positives: frozenset[str]) -> Flags:
    # the entry at the end is that of "missing"
    flags = np.array([value in positives for value in column.values] + [False])
    return flags[column.codes]
