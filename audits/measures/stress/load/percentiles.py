"""Percentiles with intervals that assume nothing about how times are distributed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from audits.measures.intervals import CONFIDENCE

Floats = npt.NDArray[np.float64]
METHOD = "order statistics, binomial"


@dataclass(frozen=True)
class Percentile:
    """One percentile.

    Attributes:
        percent: above 0 and below 100.
        value: the smallest time that this share of all times does not exceed.
        low, high: the interval; None where there are too few times for an end on this side.
        coverage: at least with which the interval holds, where it has both ends.
    """

    percent: float
    value: float
    low: float | None
    high: float | None
    coverage: float | None


def percentile(times: Floats, percent: float) -> Percentile:
    """A percentile with its interval between two order statistics.

    The number of times below the true percentile is binomial whatever the distribution, so that the ``l``-th and the
    ``u``-th smallest enclose it with probability ``P(l <= B < u)``. Each end is cut at 2.5 %.

    Args:
        times: shape (n,), n >= 1, finite.

    Raises:
        ValueError: no times, or a percentage that is none.

    Source:
        Hahn and Meeker, Statistical Intervals, 1991, section 5.2; David and Nagaraja, Order Statistics, 2003, 7.1.
    """
    from scipy import special

    n, p = len(times), percent / 100
    if n == 0 or not 0 < p < 1:
        raise ValueError("a percentile needs times, and a percentage between 0 and 100")
    ordered = np.sort(times)
    tail = (1 - CONFIDENCE) / 2
    # P(B <= k) for all k; the lower end is the largest rank with P(B <= l - 1) <= tail, and so above
    below = special.bdtr(np.arange(n + 1), n, p)
    lower = int(np.searchsorted(below, tail, side="right"))
    upper = int(np.searchsorted(below, 1 - tail, side="left")) + 1
    low = float(ordered[lower - 1]) if lower >= 1 else None
    high = float(ordered[upper - 1]) if upper <= n else None
    coverage = None
    if low is not None and high is not None:
        coverage = float(below[upper - 1] - below[lower - 1])
    # a product that should be whole must not be rounded up by its last bit
    rank = max(1, math.ceil(n * p - 1e-9))
    return Percentile(percent, float(ordered[rank - 1]), low, high, coverage)


def samples_wanted(percent: float) -> int:
    """How many times MLPerf wants for a percentile: its share known to a twentieth of what is above it, with 99 %.

    ``n = z^2 p (1 - p) / ((1 - p) / 20)^2`` with ``z`` the normal quantile of 0.995.

    Source:
        MLPerf Inference, arXiv:1911.02549, section III-D.

    >>> samples_wanted(90), samples_wanted(95), samples_wanted(99)
    (23886, 50426, 262742)
    """
    p = percent / 100
    margin = (1 - p) / 20
    return math.ceil(NormalDist().inv_cdf(0.995) ** 2 * p * (1 - p) / margin**2)
