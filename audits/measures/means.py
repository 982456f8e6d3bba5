"""Intervals of means: of errors, losses, squared differences. Rows may be weighted, and may come in clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.intervals import Z95

Floats = npt.NDArray[np.float64]

# Below so little spread the values are equal but for rounding.
_NO_SPREAD = 1e-12


@dataclass(frozen=True)
class Estimated:
    """A figure with its 95 % interval; nan where it was not measured. ``method`` names the interval for people."""

    value: float
    low: float
    high: float
    method: str

    @property
    def known(self) -> bool:
        return math.isfinite(self.value)


def unknown(method: str) -> Estimated:
    """A figure that was not measured."""
    return Estimated(math.nan, math.nan, math.nan, method)


def student_quantile(degrees: float, z: float = Z95) -> float:
    """The quantile of Student's t that belongs to the normal quantile ``z``.

    Good to three digits from five degrees of freedom on; inf below one.

    Source:
        The expansion in powers of 1 / degrees of Abramowitz and Stegun, 26.7.5.

    >>> round(student_quantile(10), 2)
    2.23
    """
    if degrees < 1:
        return math.inf
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / degrees ** (power + 1) for power, term in enumerate(terms))


def effective_size(weights: Floats) -> float:
    """Kish's effective sample size: the squared sum of the weights over the sum of their squares."""
    squares = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / squares if squares > 0 else 0.0


def mean(values: Floats, weights: Floats | None = None, clusters: npt.NDArray[np.int64] | None = None) -> Estimated:
    """The mean of some values with an interval that follows their skewness.

    Args:
        values: shape (n,), finite.
        weights: shape (n,), at least 0; None for one each.
        clusters: shape (n,), a number for each row; rows of one cluster may resemble each other, so that clusters
            and not rows are counted. None: every row stands alone.

    Returns:
        The mean in the unit of the values. Unknown for fewer than two rows or clusters; with no spread at all the
        interval is the value itself and says nothing of rows not seen.

    Source:
        Hall 1992, J R Stat Soc B 54:221 (the cubic transformation of a Studentised mean), with Student's quantile;
        the effective sample size is Kish's.
    """
    weight = np.ones_like(values) if weights is None else weights
    total = float(weight.sum())
    said = "mean, Hall's transformation for skewness"
    if weights is not None:
        said += ", weighted, effective n (Kish)"
    if total <= 0:
        return unknown(said)
    value = float((weight * values).sum()) / total
    # what each row, or each cluster, adds to the mean's error; the rows' own variance is that of these sums
    pulls = weight * (values - value)
    shares = weight
    if clusters is not None:
        said += ", rows of a cluster counted as one"
        held = np.asarray(np.bincount(clusters, weights=weight), dtype=float)
        pulls = np.asarray(np.bincount(clusters, weights=pulls), dtype=float)[held > 0]
        shares = held[held > 0]
    size = effective_size(shares)
    if size < 1 + 1e-9:
        return Estimated(value, math.nan, math.nan, said)
    error = math.sqrt(float(np.square(pulls).sum()) * size / (size - 1)) / total
    if error <= _NO_SPREAD * float(np.abs(values).max(initial=0.0)):
        return Estimated(value, value, value, said)
    spread = error * math.sqrt(size)
    skewness = _skewness(pulls)
    reach = student_quantile(size - 1) / math.sqrt(size)
    low = value - spread * _turned(reach, skewness, size)
    high = value - spread * _turned(-reach, skewness, size)
    return Estimated(value, low, high, said)


def _skewness(pulls: Floats) -> float:
    second = float(np.square(pulls).mean())
    return float((pulls * pulls * pulls).mean()) / second**1.5 if second > 0 else 0.0


def _turned(reach: float, skewness: float, size: float) -> float:
    """The inverse of Hall's cubic; close to ``reach`` itself where there is little skewness."""
    if abs(skewness) < 1e-6:
        return reach
    inner = 1 + skewness * (reach - skewness / (6 * size))
    return 3 / skewness * (math.copysign(abs(inner) ** (1 / 3), inner) - 1)


def difference(one: Estimated, other: Estimated) -> Estimated:
    """One figure minus another of other rows; the two intervals are joined by squares.

    Source:
        Zou and Donner 2008, Stat Med 27:1693 (MOVER); for shares it is Newcombe's method 10.
    """
    low = one.value - other.value - math.hypot(one.value - one.low, other.high - other.value)
    high = one.value - other.value + math.hypot(one.high - one.value, other.value - other.low)
    return Estimated(one.value - other.value, low, high, "two intervals joined by squares (MOVER)")


def root(squared: Estimated) -> Estimated:
    """The square root of a mean of squares."""
    if not squared.known:
        return squared
    low, high = (math.sqrt(max(limit, 0.0)) if math.isfinite(limit) else limit for limit in (squared.low, squared.high))
    return Estimated(math.sqrt(max(squared.value, 0.0)), low, high, squared.method + ", square root")
