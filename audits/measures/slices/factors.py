"""Columns as items: what a slice can be made of. A number becomes a range between quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.tables.chunks import Column
from audits.measures.tables.features import Feature, Floats

Codes = npt.NDArray[np.int64]

# Quartiles: at depth 3 a slice of ranges then holds one row in 64, which at 10,000 rows is still 150.
BINS = 4
CATEGORICAL, NUMERIC = "categorical", "numeric"


@dataclass(frozen=True)
class Factor:
    """One column as items.

    ``codes`` has shape (rows,), positions in ``values``; -1 where the row has no item of this column: its cell is
    missing, or its value is too rare. ``kind`` says what the column was.
    """

    name: str
    kind: str
    values: tuple[str, ...]
    codes: Codes


def factor_of(name: str, feature: Feature, *, bins: int = BINS) -> Factor:
    """A column as items, whatever its cells are; rare values are still among them."""
    if isinstance(feature, Column):
        return Factor(name, CATEGORICAL, feature.values, feature.codes)
    values, codes = quantile_ranges(feature, bins=bins)
    return Factor(name, NUMERIC, values, codes)


def quantile_ranges(numbers: Floats, *, bins: int) -> tuple[tuple[str, ...], Codes]:
    """Ranges of about equally many rows, and each row's range; -1 where the number is nan.

    Limits are numbers of the column; equal numbers are in one range, so there may be fewer ranges than ``bins``.

    >>> quantile_ranges(np.array([1.0, 2.0, 3.0, 4.0]), bins=2)[0]
    ('< 2', '≥ 2')
    """
    known = numbers[~np.isnan(numbers)]
    if not known.size:
        return (), np.full(len(numbers), -1, dtype=np.int64)
    shares = np.arange(1, bins) / bins
    limits = np.unique(np.quantile(known, shares, method="inverted_cdf"))
    # a limit below which nobody is would open an empty range
    return between(numbers, limits[limits > known.min()])


def between(numbers: Floats, limits: Floats) -> tuple[tuple[str, ...], Codes]:
    """The ranges that rising limits cut numbers into, each with its lower limit, and each row's range; -1 for nan."""
    known = ~np.isnan(numbers)
    codes = np.full(len(numbers), -1, dtype=np.int64)
    codes[known] = np.searchsorted(limits, numbers[known], side="right")
    said = [f"{limit:.6g}" for limit in limits.tolist()]
    if not said:
        return (f"{numbers[known][0]:.6g}",), codes
    middle = [f"{low} … < {high}" for low, high in zip(said, said[1:], strict=False)]
    return (f"< {said[0]}", *middle, f"≥ {said[-1]}"), codes


def frequent(factor: Factor, *, at_least: int) -> tuple[Factor | None, dict[str, Any]]:
    """The factor with the items that enough rows have, and what became of the column.

    Returns:
        None for a column of which no slice can be made: constant, empty, or every value too rare.
    """
    counts = np.bincount(factor.codes[factor.codes >= 0], minlength=len(factor.values))
    kept = np.flatnonzero(counts >= at_least)
    told: dict[str, Any] = {
        "column": factor.name,
        "kind": factor.kind,
        "values": int((counts > 0).sum()),
        "items": len(kept),
        "missing_rows": int((factor.codes < 0).sum()),
        "rare_rows": int(counts.sum() - counts[kept].sum()),
    }
    why = _why_no_item(told)
    if why:
        return None, told | {"items": 0, "why": why}
    renumbered = np.full(len(factor.values) + 1, -1, dtype=np.int64)
    renumbered[kept] = np.arange(len(kept))
    values = tuple(factor.values[position] for position in kept.tolist())
    return Factor(factor.name, factor.kind, values, renumbered[factor.codes]), told


def _why_no_item(told: Mapping[str, Any]) -> str | None:
    if told["values"] == 0:
        return "all_missing"
    if told["values"] == 1 and told["missing_rows"] == 0:
        return "constant"
    return "every_value_too_rare" if told["items"] == 0 else None
