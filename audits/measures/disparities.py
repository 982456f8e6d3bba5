"""Disparities between two groups: a rate's difference or ratio, or the worst of several rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from audits.measures.intervals import Array, detectable_difference, koopman, newcombe, score_test
from audits.measures.naming import COMPARED, DIFFERENCE, RATIO
from audits.measures.rates import RATES, Rate, Shares

# 29 CFR 1607.4(D): a selection rate of less than four fifths of the highest is evidence of adverse impact.
FOUR_FIFTHS = 0.80
# No law sets this one; it is the band in wide use for differences of rates.
TEN_POINTS = 0.10


@dataclass(frozen=True)
class Disparity:
    """A named comparison of two groups. With several ``rates`` it is the worst of them."""

    name: str
    kind: str
    rates: tuple[Rate, ...]

    @property
    def default_threshold(self) -> float:
        """The threshold where nobody has set one."""
        return FOUR_FIFTHS if self.kind == RATIO else TEN_POINTS

    @property
    def composite(self) -> bool:
        """Whether it is the worst of several rates: then it has no sign, and a ratio is at most 1."""
        return len(self.rates) > 1

    def distance(self, threshold: float) -> float:
        """From parity to the threshold."""
        return 1 - threshold if self.kind == RATIO else threshold


DISPARITIES = {
    f"{name}_{kind}": Disparity(f"{name}_{kind}", kind, tuple(RATES[rate] for rate in rates))
    for name, rates in COMPARED.items()
    for kind in (DIFFERENCE, RATIO)
}
# Of whole attributes and for intersections; fairlearn's four.
HEADLINES = tuple(f"{name}_{kind}" for name in ("demographic_parity", "equalized_odds") for kind in (DIFFERENCE, RATIO))


@dataclass(frozen=True)
class Contrast:
    """One rate of groups and of what each is compared with; arrays of shape (groups,).

    ``overlap`` is the part of the comparator that the group itself makes up: 0 between two groups, the group's share
    of everybody when it is compared with everybody (``other`` then holds everybody else). ``same`` marks where a
    group meets itself.
    """

    rate: Rate
    group: Shares
    other: Shares
    overlap: Array
    same: npt.NDArray[np.bool_]

    def take(self, index: npt.NDArray[np.int64]) -> Contrast:
        """The comparisons at these positions."""
        return Contrast(
            self.rate, self.group.take(index), self.other.take(index), self.overlap[index], self.same[index]
        )

    def scaled(self, group: Array, other: Array) -> Contrast:
        """The same rates from ``group`` and ``other`` times as many rows."""
        ours, theirs = self.group, self.other
        return replace(
            self,
            group=Shares(ours.hits * group, ours.rows * group, ours.k * group, ours.n * group),
            other=Shares(theirs.hits * other, theirs.rows * other, theirs.k * other, theirs.n * other),
        )

    @property
    def reference(self) -> Array:
        """The comparator's own rate; with everybody, everybody's."""
        return self.overlap * np.nan_to_num(self.group.value) + (1 - self.overlap) * self.other.value

    def tested(self) -> tuple[Array, Array]:
        """z and p of the score test that the two rates are equal; p is 1 where a group meets itself."""
        z, p = score_test(self.group.k, self.group.n, self.other.k, self.other.n)
        return np.where(self.same, 0.0, z), np.where(self.same, 1.0, p)

    def estimated(self, kind: str, z: float | Array) -> tuple[Array, Array, Array]:
        """Value, lower and upper limit of the difference or ratio.

        Against everybody the group itself is a part ``w`` of the comparator. With d and r the difference and ratio to
        everybody else, the difference is (1 - w) d and the ratio r / (w r + 1 - w): both rise with d and r, so the
        limits of d and r carry over.
        """
        ours, theirs = self.group, self.other
        if kind == DIFFERENCE:
            low, high = newcombe(ours.k, ours.n, theirs.k, theirs.n, z)
            kept = 1 - self.overlap
            value, low, high = (ours.value - theirs.value) * kept, low * kept, high * kept
            parity = 0.0
        else:
            low, high = koopman(ours.k, ours.n, theirs.k, theirs.n, z)
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.where(theirs.value > 0, ours.value / theirs.value, np.where(ours.value > 0, np.inf, np.nan))
                value, low, high = (self._against_everybody(limit) for limit in (ratio, low, high))
            parity = 1.0
        return tuple(np.where(self.same, parity, limit) for limit in (value, low, high))  # type: ignore[return-value]

    def _against_everybody(self, ratio: Array) -> Array:
        whole = np.where(np.isinf(ratio), np.inf, ratio / (self.overlap * ratio + 1 - self.overlap))
        with np.errstate(divide="ignore"):
            limit = np.where(self.overlap > 0, 1 / self.overlap, np.inf)
        return np.where(np.isinf(whole), limit, whole)

    def detectable(self, kind: str, threshold: float, sides: str) -> Array:
        """The smallest disparity found with 80 % power, in the unit of the value (a ratio: its distance from 1).

        The variance is taken at the worst rate between the comparator's and the one that would sit on the threshold,
        so it does not depend on what the group's own rows happen to show. inf where the comparator's rate is 0 and a
        ratio is asked for.
        """
        base = np.nan_to_num(self.reference)
        if kind == RATIO:
            down, up = base * threshold, np.minimum(base / threshold, 1.0)
        else:
            down, up = np.maximum(base - threshold, 0.0), np.minimum(base + threshold, 1.0)
        lowest = base if sides == "high" else down
        highest = base if sides == "low" else up
        rate = np.clip(0.5, lowest, highest)
        gap = detectable_difference(self.group.n, self.other.n, rate)
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = np.where(np.isinf(gap), np.inf, gap * (1 - self.overlap))
            if kind == RATIO:
                gap = np.where(base > 0, gap / base, np.inf)
        return np.where(self.same, 0.0, gap)


@dataclass(frozen=True)
class Estimate:
    """Value and interval of a disparity for several groups.

    ``decided_by`` is the position of the deciding rate; ``parts`` are (value, low, high) of each rate.
    """

    value: Array
    low: Array
    high: Array
    decided_by: npt.NDArray[np.int64]
    parts: tuple[tuple[Array, Array, Array], ...]


def estimate(contrasts: Sequence[Contrast], disparity: Disparity, z: float | Array) -> Estimate:
    """A disparity from the contrasts of its rates.

    Args:
        contrasts: one for each of ``disparity.rates``.
        z: normal quantile of each rate's interval. For the worst of several it has to hold for all together
            (``intervals.simultaneous_z`` or a bootstrap): the interval of a maximum is made of the intervals of its
            parts, never of the percentiles of the maximum, which is never below any of them.

    Returns:
        One rate: signed difference in [-1, 1] or ratio in [0, inf]. Several: the largest absolute difference in
        [0, 1], or the smallest ratio taken so that it is at most 1.
    """
    parts = tuple(contrast.estimated(disparity.kind, z) for contrast in contrasts)
    if not disparity.composite:
        value, low, high = parts[0]
        return Estimate(value, low, high, np.zeros(value.shape, dtype=np.int64), parts)
    folded = [folded_limits(disparity.kind, *part) for part in parts]
    values, lows, highs = (np.stack([part[number] for part in folded]) for number in range(3))
    if disparity.kind == DIFFERENCE:
        known = np.where(np.isnan(values), -np.inf, values)
        decided = known.argmax(axis=0)
        return Estimate(_blank(known.max(axis=0)), lows.max(axis=0), highs.max(axis=0), decided, parts)
    known = np.where(np.isnan(values), np.inf, values)
    decided = known.argmin(axis=0)
    return Estimate(_blank(known.min(axis=0)), lows.min(axis=0), highs.min(axis=0), decided, parts)


def _blank(value: Array) -> Array:
    return np.where(np.isinf(value), np.nan, value)


def folded_limits(kind: str, value: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """The same without a side: a difference's size, a ratio turned so that it is at most 1."""
    if kind == DIFFERENCE:
        size_low = np.maximum(np.maximum(low, -high), 0.0)
        return np.abs(value), size_low, np.maximum(np.abs(low), np.abs(high))
    with np.errstate(divide="ignore", invalid="ignore"):
        turned, turned_low, turned_high = 1 / value, 1 / high, 1 / low
    nearest = np.where(low > 1, turned_high, np.minimum(high, 1.0))
    return np.fmin(value, turned), np.minimum(low, turned_low), nearest


def worst_is(kind: str, value: Array) -> Array:
    """A number that grows with the disparity, for ordering: nan stays nan."""
    if kind == DIFFERENCE:
        return np.abs(value)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - np.fmin(value, 1 / value)


def placed(kind: str, low: Array, high: Array, threshold: float, sides: str) -> tuple[npt.NDArray[np.bool_], ...]:
    """Where an interval lies: (wholly beyond the threshold, wholly on the good side). A nan limit is neither.

    Args:
        sides: "low" when only too small a value is bad (a ratio to the best, the worst of several ratios), "high"
            when only too large a one is (its mirror, the worst of several differences), "both" otherwise: a ratio of
            1 / 0.8 is as far from parity as 0.8.
    """
    lower, upper = (threshold, 1 / threshold) if kind == RATIO else (-threshold, threshold)
    beyond = np.zeros(np.shape(low), dtype=bool)
    within = np.ones(np.shape(low), dtype=bool)
    if sides != "high":
        beyond |= high < lower
        within &= low >= lower
    if sides != "low":
        beyond |= low > upper
        within &= high <= upper
    return beyond, within


def on_the_bad_side(kind: str, value: Array, threshold: float, sides: str) -> npt.NDArray[np.bool_]:
    """Whether an estimate itself is beyond the threshold; a nan is."""
    beyond, _ = placed(kind, value, value, threshold, sides)
    return beyond | np.isnan(value)
