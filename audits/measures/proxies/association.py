"""How much one column says about another: Cramer's V, mutual information, Theil's U."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


# Below so many rows for each pair of values, on average, mutual information is mostly luck.
ROWS_A_CELL = 5


def contingency(one: Codes, other: Codes, *, weights: Floats | None = None) -> Floats:
    """Rows of each pair of codes from 0 on, without values that no row has."""
    width = int(other.max()) + 1 if len(other) else 0
    height = int(one.max()) + 1 if len(one) else 0
    counts = np.bincount(one * width + other, weights=weights, minlength=height * width).astype(float)
    table = counts.reshape(height, width)
    kept: Floats = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    return kept


def cramers_v(table: Floats) -> float:
    """Cramer's V with its bias taken out, in [0, 1]; 0 is no association, nan where a side has one value.

    Args:
        table: counts, shape (values of the one, values of the other).

    Source:
        Bergsma 2013, J Korean Stat Soc 42:323: phi squared less what luck makes of it, and the sides made smaller
        likewise.
    """
    rows, columns = table.shape if table.size else (0, 0)
    n = float(table.sum())
    if min(rows, columns) < 2 or n < 2:
        return math.nan
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    squared = float(((table - expected) ** 2 / expected).sum()) / n
    squared = max(0.0, squared - (rows - 1) * (columns - 1) / (n - 1))
    smaller = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return math.sqrt(min(1.0, squared / smaller)) if smaller > 0 else math.nan


def normalized_mutual_information(table: Floats) -> float:
    """Mutual information over the mean of the two entropies, in [0, 1]; nan where a side has one value.

    Source:
        scikit-learn's ``normalized_mutual_info_score``, whose default divides by the arithmetic mean.
    """
    if min(table.shape if table.size else (0,)) < 2:
        return math.nan
    shared, one, other = _information(table)
    return max(0.0, 2 * shared / (one + other))


def theils_u(table: Floats) -> tuple[float, float]:
    """Theil's U, the part of the second side's entropy that the first one takes away, in [0, 1], and what luck reaches.

    It has a direction, as Cramer's V has not: a postcode may settle the region and a region not the postcode.

    Args:
        table: counts, shape (values of what tells, values of what is told).

    Returns:
        U and its null floor: the 95th percentile where neither side tells anything, by which 2 n times the mutual
        information is chi-squared (the likelihood ratio). Both nan where a side has one value, and where there are
        fewer than ``ROWS_A_CELL`` rows for each pair of values: a column that names rows takes all entropy away and
        tells nothing.

    Source:
        Theil 1970, Am J Sociol 76:103; Wilks 1938, Ann Math Stat 9:60 (the limit).
    """
    rows, columns = table.shape if table.size else (0, 0)
    if min(rows, columns) < 2 or table.sum() < ROWS_A_CELL * rows * columns:
        return math.nan, math.nan
    shared, _, told = _information(table)
    # an audit without features starts sooner without it
    from scipy.special import chdtri

    luck = float(chdtri((rows - 1) * (columns - 1), 0.05)) / (2 * float(table.sum()))
    return min(1.0, max(0.0, shared / told)), min(1.0, luck / told)


def _information(table: Floats) -> tuple[float, float, float]:
    """Mutual information and the two entropies, in nats."""
    shares = table / table.sum()
    one, other = shares.sum(axis=1), shares.sum(axis=0)
    inside = shares > 0
    shared = float((shares[inside] * np.log(shares[inside] / np.outer(one, other)[inside])).sum())
    return shared, -float((one * np.log(one)).sum()), -float((other * np.log(other)).sum())
