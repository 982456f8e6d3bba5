"""How well boosted trees tell two classes apart on rows that they were not fitted on."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from audits.measures.roc import auc
from audits.measures.trees.boosting import Columns, boosted

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def cross_fitted(
    columns: Columns, positive: Flags, fold: Codes, *, count: int, clusters: Codes | None = None
) -> tuple[float, float]:
    """The mean of the folds' areas under the ROC curve and its standard error; nan where no fold has both kinds.

    Args:
        columns: the rows.
        positive: shape (rows,).
        fold: shape (rows,), from 0 to below ``count``; the rows of a cluster are in one.
        clusters: shape (rows,), a number for rows that may resemble each other; None where rows stand alone.

    Source:
        The error is widened for folds that learn from each other's rows: Nadeau and Bengio 2003, Machine Learning
        52:239.
    """
    areas, variances = [], []
    for part in range(count):
        out, rest = np.flatnonzero(fold == part), np.flatnonzero(fold != part)
        if any(not 2 <= positive[rows].sum() <= len(rows) - 2 for rows in (out, rest)):
            continue
        score = boosted(columns.taken(rest), positive[rest]).log_odds(columns.taken(out))
        area, error = auc(score, positive[out], None if clusters is None else clusters[out])
        areas.append(area)
        variances.append(error**2)
    return averaged(areas, variances, count=count)


def averaged(areas: list[float], variances: list[float], *, count: int) -> tuple[float, float]:
    """The mean of the areas of folds and its standard error; nan of none."""
    if not areas:
        return math.nan, math.nan
    return float(np.mean(areas)), math.sqrt(float(np.mean(variances)) * (1 / len(areas) + 1 / (count - 1)))
