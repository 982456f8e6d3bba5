"""Rates of a confusion table: which cells are counted, out of which. Names are scikit-learn's and fairlearn's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.cube import Slices, Sums
from audits.measures.intervals import Array, share, wilson

# [label, prediction]
_TN, _FP, _FN, _TP = (0, 0), (0, 1), (1, 0), (1, 1)


@dataclass(frozen=True)
class Rate:
    """A share of rows: ``hits`` out of ``of``, both cells of [label, prediction]; ``best`` is the end people want."""

    name: str
    hits: tuple[tuple[int, int], ...]
    of: tuple[tuple[int, int], ...]
    best: str = "high"

    def counted(self, cells: npt.NDArray[np.generic]) -> tuple[Array, Array]:
        """Hits and trials of each group; ``cells`` has shape (..., 2, 2)."""
        hits = sum(cells[..., label, prediction] for label, prediction in self.hits)
        trials = sum(cells[..., label, prediction] for label, prediction in self.of)
        return np.asarray(hits, dtype=float), np.asarray(trials, dtype=float)


RATES = {
    rate.name: rate
    for rate in (
        Rate("selection_rate", (_FP, _TP), (_TN, _FP, _FN, _TP)),
        Rate("true_positive_rate", (_TP,), (_FN, _TP)),
        Rate("false_positive_rate", (_FP,), (_TN, _FP), best="low"),
        Rate("false_negative_rate", (_FN,), (_FN, _TP), best="low"),
        Rate("true_negative_rate", (_TN,), (_TN, _FP)),
        Rate("precision", (_TP,), (_FP, _TP)),
        Rate("accuracy", (_TN, _TP), (_TN, _FP, _FN, _TP)),
        Rate("base_rate", (_FN, _TP), (_TN, _FP, _FN, _TP)),
        Rate("negative_predictive_value", (_TN,), (_TN, _FN)),
        Rate("false_discovery_rate", (_FP,), (_FP, _TP), best="low"),
        Rate("false_omission_rate", (_FN,), (_TN, _FN), best="low"),
    )
}
# What intersections show where there are very many of them.
CORE = tuple(RATES)[:7]
# Of those with a positive label or a positive prediction, those with both.
JACCARD = Rate("jaccard", (_TP,), (_FP, _FN, _TP))


@dataclass(frozen=True)
class Shares:
    """One rate of several groups, arrays of shape (groups,).

    ``hits`` and ``rows`` are plain counts, for showing and for minimum sizes. ``k`` and ``n`` are what intervals and
    tests are made of: the same counts without weights; with weights ``n`` is the effective sample size (Kish: the
    squared sum of weights over the sum of squared weights of the rows counted) and ``k`` the weighted share of it.
    Where rows come in clusters, both are divided by the design effect.
    """

    hits: Array
    rows: Array
    k: Array
    n: Array

    @property
    def value(self) -> Array:
        """k / n; nan where nobody is counted."""
        return share(self.k, self.n)

    def take(self, index: npt.NDArray[np.int64]) -> Shares:
        """The groups at these positions."""
        return Shares(self.hits[index], self.rows[index], self.k[index], self.n[index])


def shares(slices: Slices, rate: Rate) -> Shares:
    """A rate of every group of ``slices``."""
    hits, rows = rate.counted(slices.cells)
    design = 1.0 if slices.design is None else slices.design.get(rate.name, 1.0)
    if slices.weights is None or slices.squares is None:
        return Shares(hits, rows, hits / design, rows / design)
    weighted_hits, weight = rate.counted(slices.weights)
    _, squares = rate.counted(slices.squares)
    effective = np.divide(weight**2, squares, out=np.zeros_like(weight), where=squares > 0)
    value = np.divide(weighted_hits, weight, out=np.zeros_like(weight), where=weight > 0)
    # rounding may leave a share a hair beyond 0 or 1
    effective = effective / design
    return Shares(hits, rows, np.clip(value, 0.0, 1.0) * effective, effective)


@dataclass(frozen=True)
class Combined:
    """A figure made of shares, for several groups: arrays of shape (groups,); ``trials`` are the rows it counts."""

    name: str
    value: Array
    low: Array
    high: Array
    trials: Array
    method: str


def balanced_accuracy(slices: Slices) -> Combined:
    """The mean of the true positive and the true negative rate, in [0, 1]; the fewer rows of the two as trials.

    The two rates rest on different rows, so their Wilson intervals are joined by squares.
    """
    parts = [shares(slices, RATES[name]) for name in ("true_positive_rate", "true_negative_rate")]
    limits = [wilson(part.k, part.n) for part in parts]
    value = (parts[0].value + parts[1].value) / 2
    below = np.hypot(parts[0].value - limits[0][0], parts[1].value - limits[1][0]) / 2
    above = np.hypot(limits[0][1] - parts[0].value, limits[1][1] - parts[1].value) / 2
    trials = np.minimum(parts[0].rows, parts[1].rows)
    return Combined("balanced_accuracy_score", value, value - below, value + above, trials, "Wilson, joined by squares")


def f1(slices: Slices) -> Combined:
    """The harmonic mean of precision and recall, in [0, 1].

    It is 2 J / (1 + J) of J = TP / (TP + FP + FN), which is a share, so the limits of J's Wilson interval carry over.
    """
    jaccard = shares(slices, JACCARD)
    value, low, high = (2 * one / (1 + one) for one in (jaccard.value, *wilson(jaccard.k, jaccard.n)))
    return Combined("f1_score", value, low, high, jaccard.rows, "Wilson of TP / (TP + FP + FN), carried over")


def everyone_else(slices: Slices) -> Slices:
    """For each group, all rows of the other groups, in the same order."""
    return Slices(
        slices.attributes,
        slices.keys,
        slices.cells.sum(axis=0, keepdims=True) - slices.cells,
        None if slices.weights is None else _all_but_each(slices.weights),
        None if slices.squares is None else _all_but_each(slices.squares),
        # the others' clusters are not looked at anew: the widest stretch of any group stands for theirs
        None if slices.design is None else {name: np.full_like(one, one.max()) for name, one in slices.design.items()},
    )


def _all_but_each(sums: Sums) -> Sums:
    # subtracting may leave a hair below zero
    others: Sums = np.maximum(sums.sum(axis=0, keepdims=True) - sums, 0.0)
    return others
