"""How much one column says about another: Cramer's V, mutual information, area under the ROC curve."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from audits.measures.intervals import Z95

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]


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
    shares = table / table.sum()
    one, other = shares.sum(axis=1), shares.sum(axis=0)
    inside = shares > 0
    shared = float((shares[inside] * np.log(shares[inside] / np.outer(one, other)[inside])).sum())
    entropies = [-float((side * np.log(side)).sum()) for side in (one, other)]
    return max(0.0, 2 * shared / sum(entropies))


def auc(score: Floats, positive: Flags) -> tuple[float, float]:
    """Area under the ROC curve and its standard error; see ``auc_of_counts``.

    Args:
        score: shape (rows,), none nan.
        positive: shape (rows,).
    """
    values, position = np.unique(score, return_inverse=True)
    ours = np.bincount(position[positive], minlength=len(values))
    return auc_of_counts(ours.astype(float), (np.bincount(position, minlength=len(values)) - ours).astype(float))


def auc_of_counts(positive: Floats, others: Floats) -> tuple[float, float]:
    """Area under the ROC curve and its standard error from rows at each score, scores ascending.

    The area is the chance that a positive row has a larger score than another one, ties counting half; nan where one
    side is empty, the error where one side has a single row.

    Source:
        DeLong, DeLong, Clarke-Pearson 1988, Biometrics 44:837: the variance of each side's placements.
    """
    m, n = float(positive.sum()), float(others.sum())
    if not m or not n:
        return math.nan, math.nan
    # where a row of one side stands among the rows of the other
    among_others = (np.cumsum(others) - others / 2) / n
    among_positive = 1 - (np.cumsum(positive) - positive / 2) / m
    area = float((positive * among_others).sum()) / m
    if min(m, n) < 2:
        return area, math.nan
    variance = 0.0
    for rows, placements, total in ((positive, among_others, m), (others, among_positive, n)):
        variance += float((rows * (placements - area) ** 2).sum()) / (total - 1) / total
    return area, math.sqrt(variance)


def auc_limits(area: float, error: float, z: float = Z95) -> tuple[float, float]:
    """Limits of an area on the scale of its log odds, so that they stay within 0 and 1.

    Without an error, as where the two sides do not overlap, there are none: nan.
    """
    if not 0 < area < 1 or not error > 0:
        return math.nan, math.nan
    centre, half = math.log(area / (1 - area)), z * error / (area * (1 - area))
    low, high = (0.5 * (1 + math.tanh(0.5 * (centre + side))) for side in (-half, half))
    return low, high
