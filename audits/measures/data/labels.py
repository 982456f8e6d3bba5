"""Labels: features that give them away, and rows whose label a model out of fold does not believe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.scores.ranking import newcombe_area

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Auc:
    """Area under the ROC curve of one feature, turned so that it is at least 0.5, and its lower 95 % limit."""

    value: float
    low: float
    positive: int
    negative: int


def auc(score: Array, positive: Mask) -> Auc:
    """How well one number tells positive rows from others: P(score of a positive > of another) + half of ties.

    Args:
        score: shape (n,), finite.
        positive: shape (n,), with both values.

    Raises:
        ValueError: all rows are of one class.

    Source:
        Hanley and McNeil 1982, Radiology 143:29 (area); Newcombe 2006, Stat Med 25:559, method 5 (limit: all areas
        whose own standard error would reach the one seen, so that an area of 1 has a limit below 1).
    """
    n, p = positive.size, int(positive.sum())
    if not 0 < p < n:
        raise ValueError("both classes are needed")
    _, codes, counts = np.unique(score, return_inverse=True, return_counts=True)
    # the mean rank of equal scores
    ranks = np.cumsum(counts) - (counts - 1) / 2
    area = (float(ranks[codes][positive].sum()) - p * (p + 1) / 2) / (p * (n - p))
    area = max(area, 1 - area)
    low, _ = newcombe_area(area, p, n - p)
    return Auc(area, max(low, 0.5), p, n - p)


def category_scores(codes: Codes, positive: Mask, values: int) -> Array:
    """The share of positives in each row's category; shape (n,). Missing (-1) is a category.

    The row itself is among them, so categories must have some twenty rows on average: then noise alone gives an area
    far below what counts as a leak.
    """
    shifted = codes + 1
    rows = np.bincount(shifted, minlength=values + 1)
    hits = np.bincount(shifted, weights=positive, minlength=values + 1)
    return np.asarray(hits[shifted] / rows[shifted])


@dataclass(frozen=True)
class LabelErrors:
    """Rows whose label is doubtful.

    ``suspected`` marks rows that are confidently of another class; ``likely`` is that class. ``joint`` has shape
    (k, k): rows by given and confident class, calibrated to the number of rows of each given class.
    """

    suspected: Mask
    likely: Codes
    joint: Array
    judged: int


def confident_learning(probabilities: Array, label: Codes) -> LabelErrors:
    """Rows whose given label a model that has not seen them confidently denies.

    A row is confidently of class j when its probability of j reaches the mean probability of j among rows labelled j;
    of several such classes the likeliest counts. Rows confidently of another class than given are suspected.

    Args:
        probabilities: shape (n, k), rows add up to 1, out of fold.
        label: shape (n,), positions of classes, none missing; every class occurs.

    Source:
        Northcutt, Jiang and Chuang 2021, JAIR 70:1373 (confident joint, eq. 1 and 2).
    """
    n, k = probabilities.shape
    rows = np.bincount(label, minlength=k)
    own = probabilities[np.arange(n), label]
    thresholds = np.bincount(label, weights=own, minlength=k) / rows
    confident = probabilities >= thresholds - 1e-12
    best = np.where(confident, probabilities, -1.0).argmax(axis=1)
    any_class = confident.any(axis=1)
    counts = np.zeros((k, k))
    np.add.at(counts, (label[any_class], best[any_class]), 1.0)
    totals = counts.sum(axis=1, keepdims=True)
    joint = np.divide(counts * rows[:, None], totals, out=np.diag(rows.astype(float)), where=totals > 0)
    return LabelErrors(any_class & (best != label), best, joint, n)
