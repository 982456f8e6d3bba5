"""How much one column says about another: Cramer's V, mutual information, Theil's U, area under the ROC curve."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from audits.measures.clusters import clustered_error
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
    shared, one, other = _information(table)
    return max(0.0, 2 * shared / (one + other))


def theils_u(table: Floats) -> tuple[float, float]:
    """Theil's U, the part of the second side's entropy that the first one takes away, in [0, 1], and what luck reaches.

    It has a direction, as Cramer's V has not: a postcode may settle the region and a region not the postcode.

    Args:
        table: counts, shape (values of what tells, values of what is told).

    Returns:
        U and its null floor: the 95th percentile where neither side tells anything, by which 2 n times the mutual
        information is chi-squared (the likelihood ratio). Both nan where a side has one value.

    Source:
        Theil 1970, Am J Sociol 76:103; Wilks 1938, Ann Math Stat 9:60 (the limit).
    """
    rows, columns = table.shape if table.size else (0, 0)
    if min(rows, columns) < 2:
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


def auc(score: Floats, positive: Flags, clusters: Codes | None = None) -> tuple[float, float]:
    """Area under the ROC curve and its standard error; see ``auc_of_counts`` and ``auc_of_clusters``.

    Args:
        score: shape (rows,), none nan.
        positive: shape (rows,).
        clusters: shape (rows,), a number for rows that may resemble each other; None where rows stand alone.
    """
    values, position = np.unique(score, return_inverse=True)
    ours = np.bincount(position[positive], minlength=len(values)).astype(float)
    others = np.bincount(position, minlength=len(values)) - ours
    if clusters is not None:
        return auc_of_clusters(ours, others, position, positive, clusters)
    return auc_of_counts(ours, others)


def placements(positive: Floats, others: Floats) -> tuple[float, Floats, Floats]:
    """The area, and at each score where a row of one side stands among the rows of the other; scores ascending."""
    m, n = float(positive.sum()), float(others.sum())
    among_others = (np.cumsum(others) - others / 2) / n
    among_positive = 1 - (np.cumsum(positive) - positive / 2) / m
    return float((positive * among_others).sum()) / m, among_others, among_positive


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
    area, among_others, among_positive = placements(positive, others)
    if min(m, n) < 2:
        return area, math.nan
    variance = 0.0
    for rows, places, total in ((positive, among_others, m), (others, among_positive, n)):
        variance += float((rows * (places - area) ** 2).sum()) / (total - 1) / total
    return area, math.sqrt(variance)


def auc_of_clusters(
    positive: Floats, others: Floats, position: Codes, inside: Flags, clusters: Codes
) -> tuple[float, float]:
    """The same area with the error of clusters; inf where there are fewer than two of them.

    Args:
        positive, others: rows at each score, scores ascending.
        position: shape (rows,), the score of each row.
        inside: shape (rows,), whether it is positive.
        clusters: shape (rows,).

    Source:
        Obuchowski 1997, Biometrics 53:567.
    """
    m, n = float(positive.sum()), float(others.sum())
    if not m or not n:
        return math.nan, math.nan
    area, among_others, among_positive = placements(positive, others)
    pulls = np.where(inside, (among_others[position] - area) / m, (among_positive[position] - area) / n)
    return area, clustered_error(pulls, clusters)[0]


def auc_limits(area: float, error: float, z: float = Z95) -> tuple[float, float]:
    """Limits of an area on the scale of its log odds, so that they stay within 0 and 1.

    Without an error, as where the two sides do not overlap, there are none: nan.
    """
    if not 0 < area < 1 or not 0 < error < math.inf:
        return math.nan, math.nan
    centre, half = math.log(area / (1 - area)), z * error / (area * (1 - area))
    low, high = (0.5 * (1 + math.tanh(0.5 * (centre + side))) for side in (-half, half))
    return low, high
