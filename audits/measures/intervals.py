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

# ln(ratio) is looked for in +-50; 60 halvings leave 1e-16.
_LOG_RATIO_LIMIT = 50.0
_HALVINGS = 60


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
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.log(share(k1, n1)) - np.log(share(k2, n2))
    estimate = np.clip(np.nan_to_num(estimate, nan=0.0), -_LOG_RATIO_LIMIT, _LOG_RATIO_LIMIT)
    low = _where_rejected(k1, n1, k2, n2, z, inside=estimate, outside=np.full(k1.shape, -_LOG_RATIO_LIMIT))
    high = _where_rejected(k1, n1, k2, n2, z, inside=estimate, outside=np.full(k1.shape, _LOG_RATIO_LIMIT))
    known = (n1 > 0) & (n2 > 0)
    low = np.where(k1 <= 0, 0.0, np.exp(low))
    high = np.where(k2 <= 0, np.inf, np.exp(high))
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _where_rejected(k1: Array, n1: Array, k2: Array, n2: Array, z: Array, *, inside: Array, outside: Array) -> Array:
    """The log-ratio between ``inside`` (not rejected) and ``outside`` (rejected) at which rejection begins."""
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        rejected = _ratio_score(k1, n1, k2, n2, np.exp(middle)) > np.square(z)
        inside, outside = np.where(rejected, inside, middle), np.where(rejected, middle, outside)
    return (inside + outside) / 2


def _ratio_score(k1: Array, n1: Array, k2: Array, n2: Array, ratio: Array) -> Array:
    """Chi-squared of the hypothesis ``p1 = ratio * p2``, its variance at the most likely shares under it."""
    a = (n1 + n2) * ratio
    b = n1 * ratio + k1 + n2 + k2 * ratio
    c = k1 + k2
    with np.errstate(divide="ignore", invalid="ignore"):
        # the smaller root of a p^2 - b p + c, written so that a tiny ratio loses no digits
        p2 = np.clip(2 * c / (b + np.sqrt(np.maximum(b * b - 4 * a * c, 0.0))), 0.0, 1.0)
        p1 = np.clip(ratio * p2, 0.0, 1.0)
        variance = p1 * (1 - p1) / n1 + np.square(ratio) * p2 * (1 - p2) / n2
        score = np.square(k1 / n1 - ratio * k2 / n2) / variance
    return np.nan_to_num(score, nan=0.0, posinf=np.inf)


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
    with np.errstate(divide="ignore"):
        spread = np.sqrt(rate * (1 - rate) * (1 / n1 + 1 / n2))
    gap = np.minimum((Z95 + Z_POWER_80) * spread, 1.0)
    return np.where((n1 > 0) & (n2 > 0), gap, np.inf)
