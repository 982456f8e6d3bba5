"""Intervals and tests for one share and for two shares. Arrays in, arrays out.

Counts may be fractional: with weights, a share ``p`` with an effective sample size ``n`` enters as ``k = p * n``.
A share over nobody is ``nan`` inside these functions; whoever stores a result turns that into "not measured".
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

CONFIDENCE = 0.95
Z95 = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
Z_POWER_80 = NormalDist().inv_cdf(0.8)

# ln(ratio) is looked for in +-50, until it or the score is this close.
_LOG_RATIO_LIMIT = 50.0
_PRECISION = 1e-11
_MOST_ROUNDS = 200
_TINY = 1e-300


def simultaneous_z(comparisons: int, *, independent: bool = True) -> float:
    """The normal quantile at which ``comparisons`` intervals hold together with 95 % confidence.

    Sidak's for independent estimates (never too small for normal ones, whatever their correlation), Bonferroni's
    otherwise.
    """
    if comparisons <= 1:
        return Z95
    each = CONFIDENCE ** (1 / comparisons) if independent else 1 - (1 - CONFIDENCE) / comparisons
    return NormalDist().inv_cdf(0.5 + each / 2)


def share(k: npt.ArrayLike, n: npt.ArrayLike) -> Array:
    """``k / n``, and nan where ``n`` is 0."""
    k, n = np.broadcast_arrays(np.asarray(k, dtype=float), np.asarray(n, dtype=float))
    quotient: Array = np.divide(k, n, out=np.full(n.shape, np.nan), where=n > 0)
    return quotient


def wilson(k: npt.ArrayLike, n: npt.ArrayLike, z: float | Array = Z95) -> tuple[Array, Array]:
    """Wilson's score interval of a share, without continuity correction.

    Args:
        k: successes, 0 <= k <= n.
        n: trials; where it is 0 both limits are nan.
        z: normal quantile; 1.96 for 95 %.

    Returns:
        Lower and upper limit in [0, 1]; exactly 0 for k = 0 and exactly 1 for k = n.

    Source:
        Wilson 1927; method 3 of Newcombe 1998, Stat Med 17:857.

    >>> low, high = wilson(81, 263)
    >>> print(f"{float(low):.4f} {float(high):.4f}")
    0.2553 0.3662
    """
    k, n = np.broadcast_arrays(np.asarray(k, dtype=float), np.asarray(n, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = np.square(z)
        centre = (k + squared / 2) / (n + squared)
        half = z / (n + squared) * np.sqrt(np.maximum(k * (n - k) / n, 0.0) + squared / 4)
    low = np.where(k <= 0, 0.0, np.maximum(centre - half, 0.0))
    high = np.where(k >= n, 1.0, np.minimum(centre + half, 1.0))
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)


def newcombe(
    k1: npt.ArrayLike, n1: npt.ArrayLike, k2: npt.ArrayLike, n2: npt.ArrayLike, z: float | Array = Z95
) -> tuple[Array, Array]:
    """Interval of the difference ``k1/n1 - k2/n2`` of two independent shares.

    Returns:
        Lower and upper limit in [-1, 1]; nan where a group is empty.

    Source:
        Method 10 of Newcombe 1998, Stat Med 17:873 (the two Wilson intervals joined by squares).
    """
    p1, p2 = share(k1, n1), share(k2, n2)
    (low1, high1), (low2, high2) = wilson(k1, n1, z), wilson(k2, n2, z)
    difference = p1 - p2
    low = difference - np.hypot(p1 - low1, high2 - p2)
    high = difference + np.hypot(high1 - p1, p2 - low2)
    return np.maximum(low, -1.0), np.minimum(high, 1.0)


def koopman(
    k1: npt.ArrayLike, n1: npt.ArrayLike, k2: npt.ArrayLike, n2: npt.ArrayLike, z: float | Array = Z95
) -> tuple[Array, Array]:
    """Score interval of the ratio ``(k1/n1) / (k2/n2)`` of two independent shares.

    All ratios that a score test would not reject. It was taken over the log-ratio (Katz) interval because it needs
    no invented half counts when a group has no or only successes, keeps its coverage with small groups, agrees with
    the score test that gives the p-value, and turns into its own inverse when the groups are swapped. With
    hundreds of rows the two hardly differ.

    Returns:
        Lower limit in [0, inf) and upper limit in (0, inf]. No success in group 1: the lower limit is 0. None in
        group 2: the upper limit is inf. None in both: (0, inf), nothing is known. nan where a group is empty.

    Source:
        Koopman 1984, Biometrics 40:513; the statistic in the form of Miettinen and Nurminen 1985, Stat Med 4:213,
        without their factor N/(N-1).
    """
    k1, n1, k2, n2, z = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (k1, n1, k2, n2, z)))
    shape, counts = k1.shape, np.stack([k1.ravel(), n1.ravel(), k2.ravel(), n2.ravel()])
    z = z.ravel()
    known = (counts[1] > 0) & (counts[3] > 0)
    low, high = np.where(known, 0.0, np.nan), np.where(known, np.inf, np.nan)
    for limit, side, open_end in ((low, -1.0, counts[0] <= 0), (high, 1.0, counts[2] <= 0)):
        wanted = known & ~open_end
        limit[wanted] = np.exp(_where_rejected(counts[:, wanted], z[wanted], side=side))
    return low.reshape(shape), high.reshape(shape)


def _where_rejected(counts: Array, z: Array, *, side: float) -> Array:
    """The log-ratio on one side (-1 below, 1 above) of the estimate from which on the score test rejects.

    The signed root of the score is close to linear in the log-ratio, so false position with the Illinois step needs
    some ten rounds; the root stays between ``inside`` (not rejected) and ``outside`` (rejected) all the while.
    """
    k1, n1, k2, n2 = counts
    with np.errstate(divide="ignore"):
        estimate = np.clip(np.log(k1 / n1) - np.log(k2 / n2), -_LOG_RATIO_LIMIT, _LOG_RATIO_LIMIT)
    # a first guess of the limit, from the counts with half a success and half a failure more
    spread = np.sqrt(1 / (k1 + 0.5) + 1 / (k2 + 0.5))
    near = np.log((k1 + 0.5) / (n1 + 1)) - np.log((k2 + 0.5) / (n2 + 1)) + side * 2 * z * spread
    near = np.clip(near, -_LOG_RATIO_LIMIT, _LOG_RATIO_LIMIT)
    inside: Array = estimate
    outside: Array = np.full(estimate.shape, side * _LOG_RATIO_LIMIT)
    at_inside, at_outside = -z, _excess(counts, outside, z)
    step: Array = np.where(side * near > side * inside, near, (inside + outside) / 2)
    moved_before = np.zeros(estimate.shape)
    for rounds in range(1, _MOST_ROUNDS):
        here = _excess(counts, step, z)
        if bool(np.all((np.abs(here) < _PRECISION) | (np.abs(outside - inside) < _PRECISION))):
            return step
        moved = np.where(here > 0, 1.0, -1.0)
        # Illinois: an end that stays twice running counts half, so that it moves too
        stayed = np.where(moved == moved_before, 0.5, 1.0)
        at_inside = np.where(moved > 0, at_inside * stayed, here)
        at_outside = np.where(moved > 0, here, at_outside * stayed)
        inside, outside = np.where(moved > 0, inside, step), np.where(moved > 0, step, outside)
        moved_before = moved
        if rounds % 10:
            step = inside - at_inside * (outside - inside) / np.maximum(at_outside - at_inside, _TINY)
        else:
            step = (inside + outside) / 2
    return step


def _excess(counts: Array, log_ratio: Array, z: Array) -> Array:
    """How far the root of the score of ``p1 = ratio * p2`` is above z; its variance is that of the likeliest shares."""
    k1, n1, k2, n2 = counts
    ratio = np.exp(log_ratio)
    # p2 is the smaller root of (n1 + n2) ratio p^2 - (ours + theirs) p + k1 + k2; the discriminant is written as a sum
    # of what is never negative, and the root as a quotient, so that no digits are lost near 0, 1 or a tiny ratio
    ours, theirs = ratio * (n1 + k2), k1 + n2
    discriminant = np.square(ours - theirs) + 4 * ratio * (n1 - k1) * (n2 - k2)
    p2 = np.minimum(2 * (k1 + k2) / (ours + theirs + np.sqrt(discriminant)), 1.0)
    p1 = np.minimum(ratio * p2, 1.0)
    variance = p1 * (1 - p1) / n1 + ratio * ratio * p2 * (1 - p2) / n2
    distance = np.abs(k1 / n1 - ratio * k2 / n2)
    root = np.divide(distance, np.sqrt(variance), out=np.where(distance > 0, 1e6, 0.0), where=variance > 0)
    return np.asarray(root - z)


def score_test(
    k1: npt.ArrayLike, n1: npt.ArrayLike, k2: npt.ArrayLike, n2: npt.ArrayLike
) -> tuple[Array, npt.NDArray[np.float64]]:
    """Two-sided score test that two independent shares are equal.

    Returns:
        z (positive when group 1 has the larger share) and p in (0, 1]. Where both shares are 0 or both are 1,
        z is 0 and p is 1. nan where a group is empty.

    Source:
        Pearson's chi-squared of the 2 x 2 table without correction; z is its signed root.
    """
    k1, n1, k2, n2 = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (k1, n1, k2, n2)))
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (k1 + k2) / (n1 + n2)
        error = np.sqrt(np.maximum(pooled * (1 - pooled), 0.0) * (1 / n1 + 1 / n2))
        z = np.where(error > 0, (k1 / n1 - k2 / n2) / error, 0.0)
    z = np.where((n1 > 0) & (n2 > 0), z, np.nan)
    return z, two_sided_p(z)


def two_sided_p(z: npt.ArrayLike) -> Array:
    """P(|Z| >= |z|) for a standard normal Z; exact in the far tail, nan stays nan."""
    p: Any = np.vectorize(lambda one: math.erfc(abs(one) / math.sqrt(2)), otypes=[float])
    return np.asarray(p(np.asarray(z, dtype=float)), dtype=float)


def detectable_difference(n1: npt.ArrayLike, n2: npt.ArrayLike, rate: npt.ArrayLike = 0.5) -> Array:
    """The smallest difference of two shares that a 5 % two-sided test finds with 80 % power.

    Args:
        n1, n2: group sizes; where one is 0 the answer is inf.
        rate: the share at which the variance is taken; 0.5 is the worst case.

    Returns:
        ``(z_0.975 + z_0.8) * sqrt(rate * (1 - rate) * (1/n1 + 1/n2))``, at most 1.

    >>> print(f"{float(detectable_difference(100, 100)):.3f}")
    0.198
    """
    n1, n2, rate = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (n1, n2, rate)))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(rate * (1 - rate) * (1 / n1 + 1 / n2))
    gap = np.minimum((Z95 + Z_POWER_80) * spread, 1.0)
    return np.where((n1 > 0) & (n2 > 0), gap, np.inf)
