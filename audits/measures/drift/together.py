"""Several columns at once: what no column shows by itself, such as two that no longer go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.drift.apart import FOLDS, SAMPLE, Apart, apart_judged, apart_row, folds_of
from audits.measures.drift.judging import Judged
from audits.measures.drift.measuring import NUMERIC
from audits.measures.drift.reconstruction import (
    Reconstruction,
    reconstruction,
    reconstruction_judged,
    reconstruction_row,
)
from audits.measures.ordering import order_of
from audits.measures.resampling import generator
from audits.measures.tables.arrow import MINUS_ONE, as_numpy, positions
from audits.measures.tables.chunks import Column
from audits.measures.tables.features import Feature
from audits.measures.tables.loading import Loaded
from audits.measures.trees import as_columns, cross_fitted

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
# Name and kind.
Named = tuple[str, str]

# More columns than this cost more than they tell; those after it take no part.
MOST_COLUMNS = 100


@dataclass(frozen=True)
class Together:
    """Some columns at once: which, how many were left out, and how well they tell the samples apart; or ``why`` not.

    ``described`` is how well components of the reference describe the rows of today, where there are some.
    """

    columns: tuple[str, ...]
    left_out: int
    found: Apart | None
    why: str | None = None
    described: Reconstruction | None = None

    def judged_by(self, thresholds: Mapping[str, float]) -> Judged | None:
        """The question whether they moved together; None where there is no answer."""
        return None if self.found is None else apart_judged("", self.found, thresholds)

    def described_by(self, thresholds: Mapping[str, float]) -> Judged | None:
        """The question whether they are described as before; None where there is no answer."""
        return None if self.described is None else reconstruction_judged(self.described, thresholds)

    def row(self, judged: Judged | None, described: Judged | None = None) -> dict[str, Any]:
        """What was measured, JSON-ready."""
        told: dict[str, Any] = {"columns": list(self.columns), "columns_left_out": self.left_out}
        if self.found is None or judged is None:
            return told | {"why": self.why, "verdict": None}
        told |= {"test": "domain_classifier", **apart_row(self.found, judged)}
        if self.described is not None and described is not None:
            told["reconstruction"] = reconstruction_row(self.described, described)
        return told


def moved_together(reference: Loaded, current: Loaded, columns: Sequence[Named]) -> Together:
    """How well the columns, sorted by name, tell the samples apart; nothing of a single one, which is judged alone."""
    looked_at = columns[:MOST_COLUMNS]
    names, left_out = tuple(name for name, _ in looked_at), len(columns) - len(looked_at)
    if len(looked_at) < 2:
        return Together(names, left_out, None, why="fewer_than_two_columns")
    if min(reference.rows, current.rows) < 2 * FOLDS:
        return Together(names, left_out, None, why="too_few_rows")
    pooled, sizes = _pooled(reference, current, looked_at)
    return Together(
        names, left_out, told_apart(pooled, sizes), described=reconstruction(*_as_numbers(pooled, sizes[0]))
    )


def told_apart(pooled: Sequence[Feature], sizes: tuple[int, int]) -> Apart:
    """Boosted trees that tell rows of the reference from those of today, on rows that they were not fitted on.

    Args:
        pooled: the columns, the rows of the reference first. A missing cell is a value too.
        sizes: rows of each sample, at least two for each fold.

    Source:
        Lopez-Paz and Oquab 2017, arXiv:1610.06545.
    """
    rows = np.arange(sum(sizes))
    fold = folds_of(sizes, generator(0, "drift", "together"))
    area, error = cross_fitted(as_columns(pooled, rows), rows >= sizes[0], fold, count=FOLDS)
    return Apart(area, error, *sizes)


def _pooled(reference: Loaded, current: Loaded, columns: Sequence[Named]) -> tuple[list[Feature], tuple[int, int]]:
    """Columns of both samples, numbers as they are, everything else as categories, and the rows of each.

    Of each sample at most ``SAMPLE`` rows by lot, the same ones in whatever order a table has them.
    """
    ours, theirs = (_drawn(table, columns, side) for side, table in (("reference", reference), ("current", current)))
    pooled = [_joined(name, kind, (reference, ours), (current, theirs)) for name, kind in columns]
    return pooled, (len(ours), len(theirs))


def _as_numbers(pooled: Sequence[Feature], first: int) -> tuple[Array, Array]:
    """Columns as numbers, those of the ``first`` rows apart; a category becomes its share among the first rows."""
    columns = []
    for feature in pooled:
        if isinstance(feature, Column):
            # the last place is that of missing cells
            counted = np.bincount(feature.codes[:first] + 1, minlength=len(feature.values) + 1)
            shares = np.append(counted[1:], counted[0]) / first
            columns.append(np.where(feature.codes < 0, np.nan, shares[feature.codes]))
        else:
            columns.append(feature)
    table = np.stack(columns, axis=1)
    return table[:first], table[first:]


def _drawn(table: Loaded, columns: Sequence[Named], side: str) -> Codes:
    """Positions of rows by lot, in an order of their content."""
    order = order_of((_feature(table, name, kind) for name, kind in columns), rows=table.rows)
    drawn = generator(0, "drift", "together", side).permutation(table.rows)[:SAMPLE]
    return order[np.sort(drawn)]


def _feature(table: Loaded, name: str, kind: str) -> Feature:
    if kind == NUMERIC:
        numbers = table.numbers(name)
        if numbers is not None:
            return numbers
    return _coded(table.texts(name))


def _coded(texts: pa.Array) -> Column:
    encoded = texts.dictionary_encode()
    codes = as_numpy(pc.fill_null(encoded.indices.cast(pa.int64()), MINUS_ONE))
    return Column(tuple(encoded.dictionary.to_pylist()), np.asarray(codes))


def _joined(name: str, kind: str, *sides: tuple[Loaded, Codes]) -> Feature:
    """One column of the rows that were drawn, of both samples."""
    if kind == NUMERIC:
        numbers = [table.numbers(name) for table, _ in sides]
        return np.concatenate([one[drawn] for one, (_, drawn) in zip(numbers, sides, strict=True) if one is not None])
    taken = [table.texts(name).take(positions(drawn)) for table, drawn in sides]
    return _coded(pa.concat_arrays(taken))
