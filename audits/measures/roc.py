"""Area under the ROC curve with its error: rows alone, counted at each score, or in clusters."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from audits.measures.clusters import clustered_error
from audits.measures.intervals import Z95

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]


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
