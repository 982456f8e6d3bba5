"""Testing on the second half what the first half has suggested, and sharing a slice's gap out over its items."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from audits.measures.clusters import design_effects
from audits.measures.intervals import Z95, Array, newcombe, score_test, wilson
from audits.measures.rates import Rate
from audits.measures.slices.discovery import welch
from audits.measures.slices.quantities import Codes, Moments, Quantity, Rows, Sums, summed

Flags = npt.NDArray[np.bool_]
# Probabilities that are equal up to rounding count as equally unlikely.
_SAME = 1 + 1e-7


@dataclass(frozen=True)
class Confirmed:
    """One slice in one quantity as the second half has it; nan where it could not be measured."""

    moments: Moments
    overall: float
    low: float
    high: float
    gap: float
    gap_low: float
    gap_high: float
    p: float
    method: str


def confirm(inside: Flags, quantity: Quantity, rows: Rows) -> Confirmed:
    """Measure a slice on rows that had no part in finding it.

    The test compares the slice with all other rows: Fisher's exact test for counts; Welch's t for a mean and for
    weighted rates. The gap is to everybody, slice included: with w the slice's share of what is counted, (1 - w)
    times the difference to the rest, whose limits are Newcombe's or Welch's. Rows of a cluster count for as few as
    its sums show (design effect), clusters within a mean as one row each; a cluster on both sides counts as two.
    """
    sums = summed(inside.astype(np.int64), 2, rows)
    ours, rest = quantity.of(_row(sums, 1)), quantity.of(_row(sums, 0))
    if rows.clusters is not None and quantity.rate is not None:
        ours, rest = _rate_by_cluster(quantity.rate, rows, rows.clusters, inside, ours, rest)
    elif rows.clusters is not None and rows.loss is not None:
        ours, rest = _loss_by_cluster(rows.loss, rows, rows.clusters, inside, ours, rest)
    everyone = quantity.of(Sums(*(None if one is None else one.sum(axis=0, keepdims=True) for one in _all(sums))))  # type: ignore[arg-type]
    n1, n0 = float(ours.n[0]), float(rest.n[0])
    overall, value = float(everyone.value[0]), float(ours.value[0])
    if min(n1, n0) < 2 or not math.isfinite(value) or not math.isfinite(float(rest.value[0])):
        return Confirmed(ours, overall, *(math.nan,) * 6, method="not measured")
    kept = 1.0 if value == float(rest.value[0]) else (value - overall) / (value - float(rest.value[0]))
    if quantity.rate is None:
        t, freedom = float(welch(ours, rest)[0]), _freedom(ours, rest)
        wide, alone = _t_quantile(freedom), _t_quantile(n1 - 1)
        error = math.sqrt(float(ours.variance[0]) / n1 + float(rest.variance[0]) / n0)
        own = math.sqrt(float(ours.variance[0]) / n1)
        between = value - float(rest.value[0])
        return Confirmed(
            ours,
            overall,
            value - alone * own,
            value + alone * own,
            value - overall,
            kept * (between - wide * error),
            kept * (between + wide * error),
            _t_p(t, freedom),
            "Welch's t" if rows.clusters is None else "Welch's t of clusters",
        )
    k1, k0 = value * n1, float(rest.value[0]) * n0
    low, high = wilson(k1, n1, Z95)
    gap_low, gap_high = newcombe(k1, n1, k0, n0, Z95)
    if rows.clusters is not None:
        p = float(score_test(k1, n1, k0, n0)[1])
        method = "score test; Wilson; Newcombe; rows of clusters counted as fewer (design effect)"
    elif rows.weight is None:
        p = fisher(round(k1), round(n1), round(k0), round(n0))
        method = "Fisher's exact test; Wilson; Newcombe"
    else:
        p = _t_p(float(welch(ours, rest)[0]), _freedom(ours, rest))
        method = "Welch's t, weighted, effective n (Kish); Wilson; Newcombe"
    limits = float(low), float(high)
    return Confirmed(ours, overall, *limits, value - overall, kept * float(gap_low), kept * float(gap_high), p, method)


def _rate_by_cluster(
    rate: Rate, rows: Rows, clusters: Codes, inside: Flags, ours: Moments, rest: Moments
) -> tuple[Moments, Moments]:
    """The same moments of a rate with as few rows as clusters leave."""
    (effects,) = design_effects(
        [rate], inside.astype(np.int64), 2, outcome=rows.outcome, weights=rows.weight, clusters=clusters
    ).values()
    return replace(ours, n=ours.n / effects[1]), replace(rest, n=rest.n / effects[0])


def _loss_by_cluster(
    loss: Array, rows: Rows, clusters: Codes, inside: Flags, ours: Moments, rest: Moments
) -> tuple[Moments, Moments]:
    """The same moments of the mean loss with clusters in the place of rows."""
    made = []
    for side, chosen in ((ours, inside), (rest, ~inside)):
        kept = chosen & ~np.isnan(loss)
        weight = np.ones(int(kept.sum())) if rows.weight is None else rows.weight[kept]
        _, code = np.unique(clusters[kept], return_inverse=True)
        count = int(code.max(initial=-1)) + 1
        pulls = np.bincount(code, weight * (loss[kept] - side.value[0]), count) if count else np.zeros(0)
        # n clusters, whose variance over n is that of the mean
        spread = np.square(pulls).sum() * count**2 / max(count - 1, 1) / max(float(weight.sum()), 1e-300) ** 2
        made.append(replace(side, n=np.array([float(count)]), variance=np.array([spread])))
    return made[0], made[1]


def _all(sums: Sums) -> tuple[npt.NDArray[np.float64] | None, ...]:
    return sums.counts, sums.weights, sums.squares, sums.loss


def _row(sums: Sums, number: int) -> Sums:
    return sums.take(np.array([number]))


def fisher(k1: int, n1: int, k2: int, n2: int) -> float:
    """Fisher's exact test that two shares are equal, two-sided: all tables no more likely than this one.

    >>> round(fisher(3, 4, 1, 4), 6)
    0.485714
    """
    total, hits = n1 + n2, k1 + k2
    factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, total + 1)))])

    def choose(n: int, k: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        found: npt.NDArray[np.float64] = factorial[n] - factorial[k] - factorial[n - k]
        return found

    possible = np.arange(max(0, hits - n2), min(n1, hits) + 1)
    logs = choose(n1, possible) + choose(n2, hits - possible) - choose(total, np.array([hits]))
    chances = np.exp(logs)
    return float(min(1.0, chances[chances <= chances[k1 - possible[0]] * _SAME].sum()))


def _freedom(ours: Moments, rest: Moments) -> float:
    """Welch-Satterthwaite."""
    n1, n0 = float(ours.n[0]), float(rest.n[0])
    one, two = float(ours.variance[0]) / n1, float(rest.variance[0]) / n0
    if one + two == 0:
        return n1 + n0 - 2
    return (one + two) ** 2 / (one**2 / (n1 - 1) + two**2 / (n0 - 1))


def _t_p(t: float, freedom: float) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(t)))


def _t_quantile(freedom: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def attribution(items: list[Flags], quantity: Quantity, rows: Rows) -> list[float]:
    """Each item's part in a slice's gap: its Shapley value over the items of the slice.

    Args:
        items: for each item, true for the rows that have it.

    Returns:
        One number for each item; together they are the gap of the slice.

    Source:
        Pastor, de Alfaro, Baralis 2021, section 4.3 (after Shapley 1953).
    """
    worth: dict[frozenset[int], float] = {frozenset(): 0.0}
    for size in range(1, len(items) + 1):
        for some in itertools.combinations(range(len(items)), size):
            inside = np.logical_and.reduce([items[one] for one in some])
            sums = summed(inside.astype(np.int64), 2, rows)
            overall = quantity.of(Sums(*(None if s is None else s.sum(axis=0, keepdims=True) for s in _all(sums))))  # type: ignore[arg-type]
            worth[frozenset(some)] = float(quantity.of(_row(sums, 1)).value[0] - overall.value[0])
    parts = []
    for item in range(len(items)):
        others = [one for one in range(len(items)) if one != item]
        part = 0.0
        for size in range(len(others) + 1):
            weight = math.factorial(size) * math.factorial(len(items) - size - 1) / math.factorial(len(items))
            for some in itertools.combinations(others, size):
                part += weight * (worth[frozenset({*some, item})] - worth[frozenset(some)])
        parts.append(part)
    return parts
