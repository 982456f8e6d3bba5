"""Features as columns that trees can cut: ranges of numbers, the commonest values of categories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from audits.measures.tables.chunks import Column
from audits.measures.tables.features import Feature
from audits.measures.trees.boosting import Columns

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

# Codes of a column; the last one stands for a missing cell, in a category the one before it for all rare values.
WIDTH = 16
# Fewer rows than a value has to have not to be one of the rare ones.
RARE_BELOW = 20


def as_columns(features: Sequence[Feature], kept: Codes) -> Columns:
    """Some rows of features as codes; a feature that is one code in all of them is left out.

    A missing cell is a code too, for it may tell as much as a value. Names of values do not matter but to settle which
    of two equally common ones is the commoner.
    """
    codes, ordered = [], []
    for feature in features:
        is_category = isinstance(feature, Column)
        code = _of_category(feature, kept) if isinstance(feature, Column) else _of_numbers(feature[kept])
        if len(code) and (code != code[0]).any():
            codes.append(code)
            ordered.append(not is_category)
    table = np.stack(codes, axis=1) if codes else np.zeros((len(kept), 0), dtype=np.int64)
    return Columns(table, np.array(ordered, dtype=bool), WIDTH)


def _of_numbers(numbers: Floats) -> Codes:
    known = ~np.isnan(numbers)
    codes = np.full(len(numbers), WIDTH - 1, dtype=np.int64)
    if known.any():
        levels = np.arange(1, WIDTH - 1) / (WIDTH - 1)
        limits = np.unique(np.quantile(numbers[known], levels, method="inverted_cdf"))
        codes[known] = np.searchsorted(limits, numbers[known], side="left")
    return codes


def _of_category(column: Column, kept: Codes) -> Codes:
    codes = column.codes[kept]
    counts = np.bincount(codes[codes >= 0], minlength=len(column.values))
    common = sorted(np.flatnonzero(counts >= RARE_BELOW).tolist(), key=lambda at: (-counts[at], column.values[at]))
    renumbered = np.full(len(column.values) + 1, WIDTH - 2, dtype=np.int64)
    top = common[: WIDTH - 2]
    renumbered[top] = np.arange(len(top))
    renumbered[-1] = WIDTH - 1
    return np.asarray(renumbered[codes])
