"""Errors of a predicted quantity, of transcripts and of entities by group, and how far two groups lie apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from audits.measures.figures import estimate_of
from audits.measures.informative import informative_row, judged_family, p_of
from audits.measures.means import Estimated, difference, mean, root, unknown
from audits.measures.numeric.ratios import RATIOS
from audits.measures.numeric.ratios import figures as ratios
from audits.measures.numeric.rows import Floats, Index, NumericRows
from audits.measures.plan import BiasPlan
from audits.measures.resampling import MIN_REPLICATES, generator

DISTANCE = "wasserstein_distance"
# The noise of a distribution is drawn on this many steps of it.
_STEPS = 200


def pinball(label: Floats, prediction: Floats, *, alpha: float) -> Floats:
    """The quantile loss of each row: what a prediction of the ``alpha`` quantile pays, in the unit of the label."""
    off = label - prediction
    return np.asarray(np.maximum(alpha * off, (alpha - 1) * off))


def _squares(label: Floats, prediction: Floats) -> Floats:
    return np.asarray(np.square(prediction - label))


LOSSES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "mean_absolute_error": lambda label, prediction: np.abs(prediction - label),
    "root_mean_squared_error": _squares,
    "mean_error": lambda label, prediction: prediction - label,
    "mean_prediction": lambda label, prediction: prediction,
    "mean_pinball_loss_10": lambda label, prediction: pinball(label, prediction, alpha=0.1),
    "mean_pinball_loss_90": lambda label, prediction: pinball(label, prediction, alpha=0.9),
}
"""Name -> what each row adds; the mean of it, of squares its root. ``mean_error`` is above 0 where too much is said."""


def errors(rows: NumericRows, index: Index) -> dict[str, Estimated]:
    """Every figure of some rows with its interval, in the unit of the label."""
    weights = None if rows.weights is None else rows.weights[index]
    clusters = None if rows.clusters is None else rows.clusters[index]
    found = {}
    for name, loss in LOSSES.items():
        one = mean(loss(rows.label[index], rows.prediction[index]), weights, clusters)
        found[name] = root(one) if name == "root_mean_squared_error" else one
    return found


def wasserstein(
    one: Floats, other: Floats, weights: Floats | None = None, other_weights: Floats | None = None
) -> float:
    """The area between two distribution functions, in the unit of the values.

    Args:
        one, other: shape (n,) and (m,), sorted from low to high.

    Source:
        Ramdas, Trillos and Cuturi 2017, Entropy 19:47, for one dimension.
    """
    every = np.sort(np.concatenate([one, other]), kind="stable")
    widths = np.diff(every)
    gap = _share_at_most(one, weights, every[:-1]) - _share_at_most(other, other_weights, every[:-1])
    return float((np.abs(gap) * widths).sum())


def _share_at_most(values: Floats, weights: Floats | None, at: Floats) -> Floats:
    places = np.searchsorted(values, at, side="right")
    if weights is None:
        return np.asarray(places / len(values))
    total = np.concatenate([[0.0], np.cumsum(weights)])
    return np.asarray(total[places] / total[-1])


def moved(values: Floats, size: float, *, replicates: int, random: np.random.Generator) -> Floats | None:
    """How far luck moves a distribution of ``size`` rows, in the unit of the values, shape (replicates,).

    None where fewer than ``MIN_REPLICATES`` are asked for.
    """
    if replicates < MIN_REPLICATES or size < 2:
        return None
    edges = np.unique(np.quantile(values, np.linspace(0, 1, _STEPS + 1)))
    if len(edges) < 2:
        return np.zeros(replicates)
    counts = np.histogram(values, edges)[0]
    chance = counts / counts.sum()
    drawn = random.multinomial(int(round(size)), chance, size=replicates) / round(size)
    gap = np.cumsum(drawn - chance, axis=1)
    return np.asarray((np.abs(gap) * np.diff(edges)).sum(axis=1))


def names_of(plan: BiasPlan) -> tuple[str, ...]:
    """The figures of a task."""
    return tuple(RATIOS.get(plan.task, LOSSES))


def _figures(rows: NumericRows, plan: BiasPlan, index: Index) -> dict[str, Estimated]:
    return ratios(rows, plan.task, index) if plan.task in RATIOS else errors(rows, index)


def metric_rows(rows: NumericRows, plan: BiasPlan) -> list[dict[str, Any]]:
    """Every figure of everybody, of groups and of the larger intersections."""
    made = []
    for attributes in rows.crossings():
        for slice_, index in rows.largest(attributes):
            hidden = len(index) < plan.suppress_below
            found = {name: unknown("none") for name in names_of(plan)} if hidden else _figures(rows, plan, index)
            for name, one in found.items():
                row: dict[str, Any] = {"slice": slice_, "metric": name, "n": None if hidden else len(index)}
                made.append(row | {"k": None, "of": None} | estimate_of(one, why="suppressed" if hidden else None))
    return made


def comparisons(rows: NumericRows, plan: BiasPlan, *, seed: int) -> list[dict[str, Any]]:
    """Every group of single attributes against the named one, or the largest; a threshold makes them decide."""
    made = []
    for attribute in plan.sensitive:
        groups = [(slice_, index) for slice_, index in rows.by_group((attribute,)) if len(index) >= plan.min_group]
        other = _comparator(groups, attribute, plan)
        if other is None:
            continue
        theirs = _figures(rows, plan, other[1])
        for name in (*(f"{one}_difference" for one in names_of(plan)), *(() if plan.task in RATIOS else (DISTANCE,))):
            family = []
            for slice_, index in groups:
                if slice_ == other[0]:
                    continue
                if name == DISTANCE:
                    found, p = _distance(rows, index, other[1], plan, seed, (attribute, slice_[attribute]))
                else:
                    metric = name.removesuffix("_difference")
                    found = difference(_figures(rows, plan, index)[metric], theirs[metric])
                    p = p_of(found)
                row = informative_row(
                    name,
                    found,
                    slice_=slice_,
                    comparator=other[0],
                    n=len(index),
                    comparator_n=len(other[1]),
                    p=p,
                    threshold=plan.thresholds.get(name),
                    threshold_source="plan" if name in plan.thresholds else "none",
                )
                row["role"] = "gating" if name in plan.gating else "informative"
                family.append(row)
            made += judged_family(family)
    return made


def _comparator(
    groups: list[tuple[dict[str, str], Index]], attribute: str, plan: BiasPlan
) -> tuple[dict[str, str], Index] | None:
    named = plan.reference.get(attribute) if plan.reference and not isinstance(plan.reference, str) else None
    if named is not None:
        return next((one for one in groups if one[0] == {attribute: named}), None)
    return max(groups, key=lambda one: len(one[1])) if len(groups) > 1 else None


def _distance(
    rows: NumericRows, index: Index, other: Index, plan: BiasPlan, seed: int, purpose: tuple[str, str]
) -> tuple[Estimated, float]:
    """The distance of two groups' predictions, no surer than both distributions are (triangle inequality)."""
    weights = (None, None) if rows.weights is None else (rows.weights[index], rows.weights[other])
    value = wasserstein(rows.prediction[index], rows.prediction[other], *weights)
    noise = []
    for side, chosen in (("group", index), ("comparator", other)):
        size = float(len(chosen))
        if rows.weights is not None:
            size = float(rows.weights[chosen].sum()) ** 2 / float(np.square(rows.weights[chosen]).sum())
        if rows.clusters is not None:
            size = min(size, float(len(np.unique(rows.clusters[chosen]))))
        random = generator(seed, "distance", side, *purpose)
        noise.append(moved(rows.prediction[chosen], size, replicates=plan.bootstrap, random=random))
    if noise[0] is None or noise[1] is None:
        return Estimated(value, float("nan"), float("nan"), "without bootstrap no interval"), float("nan")
    both = noise[0] + noise[1]
    reach = float(np.quantile(both, 0.95))
    p = (1 + int((both >= value - 1e-12).sum())) / (1 + len(both))
    method = f"as far as luck moves both distributions (bootstrap of {len(both)}, triangle inequality)"
    return Estimated(value, max(value - reach, 0.0), value + reach, method), p
