"""Are events as frequent as the scores say? Bins of equal mass, what they add up to, and what luck alone adds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.clusters import design_effects
from audits.measures.intervals import CONFIDENCE, Array, wilson
from audits.measures.means import Floats
from audits.measures.ordering import starts_of_runs
from audits.measures.rates import RATES
from audits.measures.resampling import MIN_REPLICATES

BINS = 10

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bins:
    """Rows of neighbouring scores; arrays of shape (bins,), from low scores to high.

    ``rows`` and ``positives`` are plain counts. ``mass`` is the weight of the rows, ``size`` their effective number
    (Kish, less what clusters take): both are the rows where nothing is weighted or clustered. ``score`` is the mean
    score, ``rate`` the share of positives.
    """

    rows: Counts
    positives: Counts
    mass: Array
    size: Array
    score: Array
    rate: Array
    lowest: Array
    highest: Array

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shares(self) -> Array:
        """The part of all mass that each bin has."""
        return np.asarray(self.mass / self.mass.sum())

    @property
    def intervals(self) -> tuple[Array, Array]:
        """Wilson's interval of each bin's rate."""
        return wilson(self.rate * self.size, self.size)

    @property
    def base_rate(self) -> float:
        return float((self.shares * self.rate).sum())


def bins_of(
    label: npt.NDArray[np.bool_],
    score: Floats,
    weights: Floats | None = None,
    clusters: Counts | None = None,
    *,
    bins: int = BINS,
    least: int = 10,
) -> Bins:
    """Cut rows into bins of equal mass.

    Args:
        label: shape (n,), true for positive; at least one row.
        score: shape (n,), sorted from low to high. Rows of equal score stay together, so that bins may be fewer.
        weights: shape (n,), above 0; None for one each.
        clusters: shape (n,), a number for rows that may resemble each other, which then count for fewer.
        bins: how many at most.
        least: rows that a bin has at least; smaller ones join their neighbour.
    """
    weight = np.ones(len(score)) if weights is None else weights
    # where the middle of each run of equal scores lies in all mass
    starts = starts_of_runs(score)
    mass = np.add.reduceat(weight, starts)
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    number = np.minimum((middle * bins).astype(np.int64), bins - 1)
    edges = _joined(starts[np.flatnonzero(np.diff(number, prepend=-1))], len(score), least)
    ends = np.append(edges[1:], len(score))
    mass = np.add.reduceat(weight, edges)
    rate = np.add.reduceat(weight * label, edges) / mass
    size = np.square(mass) / np.add.reduceat(np.square(weight), edges)
    if clusters is not None:
        number = np.repeat(np.arange(len(edges)), ends - edges)
        (effect,) = design_effects(
            [RATES["base_rate"]],
            number,
            len(edges),
            outcome=label.astype(np.int64) * 2,
            weights=weights,
            clusters=clusters,
        ).values()
        size = size / effect
    return Bins(
        rows=ends - edges,
        positives=np.add.reduceat(label.astype(np.int64), edges),
        mass=mass,
        size=size,
        score=np.add.reduceat(weight * score, edges) / mass,
        rate=np.clip(rate, 0.0, 1.0),
        lowest=score[edges],
        highest=score[ends - 1],
    )


def _joined(edges: Counts, rows: int, least: int) -> Counts:
    """The same beginnings of bins without those of bins smaller than ``least``."""
    kept: list[int] = []
    for edge in edges:
        if not kept or edge - kept[-1] >= least:
            kept.append(int(edge))
    while len(kept) > 1 and rows - kept[-1] < least:
        kept.pop()
    return np.array(kept, dtype=np.int64)


def calibration_error(bins: Bins, rate: Array | None = None) -> Array:
    """The expected calibration error: the mean distance between rate and mean score, in [0, 1].

    ``rate`` of shape (..., bins) takes the place of the rates seen, for replicates.

    Source:
        Naeini, Cooper and Hauskrecht 2015, AAAI: 2901; with bins of equal mass, as Nixon et al. 2019 advise.
    """
    distance = np.abs((bins.rate if rate is None else rate) - bins.score)
    return np.asarray((bins.shares * distance).sum(axis=-1))


def error_by_luck(bins: Bins, *, replicates: int, random: np.random.Generator) -> Array | None:
    """Calibration errors that perfectly calibrated scores would show with as many rows, shape (replicates,).

    The error is a sum of distances, so it is above 0 by luck alone, the more the fewer rows there are. None where
    fewer than ``MIN_REPLICATES`` are asked for.
    """
    if replicates < MIN_REPLICATES:
        return None
    return calibration_error(bins, _drawn(bins, bins.score, replicates, random))


def moved_by_luck(bins: Bins, *, replicates: int, random: np.random.Generator) -> Array | None:
    """How far luck moves the rates of the bins at the rates seen: the mean distance, shape (replicates,).

    By the triangle inequality no calibration error is further from the true one than its rates are from theirs, so
    the 95 % quantile is half of an interval that holds whatever the true error is. Bootstrap percentiles of the error
    itself do not: it is a sum of sizes, and folded at 0.
    """
    if replicates < MIN_REPLICATES:
        return None
    # a quarter of a row more on either side, so that a rate of 0 or 1 varies too
    softened = (bins.rate * bins.size + 0.25) / (bins.size + 0.5)
    distance = np.abs(_drawn(bins, softened, replicates, random) - softened)
    # rates seen vary a little less around themselves than around the true ones
    freed = np.sqrt(bins.size / np.maximum(bins.size - 1, 1))
    return np.asarray((bins.shares * freed * distance).sum(axis=-1))


def reach(moves: Array) -> float:
    """How far luck moves at most in 95 of 100 draws; with few draws the next larger one, so that it is no less."""
    place = min(math.ceil(CONFIDENCE * (len(moves) + 1)), len(moves)) - 1
    return float(np.sort(moves)[place])


def _drawn(bins: Bins, chance: Array, replicates: int, random: np.random.Generator) -> Array:
    sizes = np.maximum(np.round(bins.size), 1).astype(np.int64)
    return np.asarray(random.binomial(sizes, np.clip(chance, 0.0, 1.0), size=(replicates, len(bins))) / sizes)


@dataclass(frozen=True)
class BrierParts:
    """Murphy's parts of the Brier score: ``reliability`` - ``resolution`` + ``uncertainty`` + ``within_bins``.

    ``within_bins`` is what scores differ by within one bin; it is 0 where every bin has one score.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within_bins: float


def brier_parts(bins: Bins, brier: float) -> BrierParts:
    """Take a Brier score apart.

    Source:
        Murphy 1973, J Appl Meteorol 12:595; for binned scores see Stephenson, Coelho and Jolliffe 2008, Weather
        Forecast 23:752.
    """
    base = bins.base_rate
    reliability = float((bins.shares * np.square(bins.score - bins.rate)).sum())
    resolution = float((bins.shares * np.square(bins.rate - base)).sum())
    uncertainty = base * (1 - base)
    return BrierParts(reliability, resolution, uncertainty, brier - (reliability - resolution + uncertainty))


def spread(score: Floats, weights: Floats | None, at: Sequence[float]) -> list[float]:
    """Quantiles of sorted scores: the smallest score with at least that part of the mass at or below it."""
    weight = np.ones(len(score)) if weights is None else weights
    below = np.cumsum(weight) / weight.sum()
    places = np.searchsorted(below, np.asarray(at) - 1e-12)
    return [float(score[min(int(place), len(score) - 1)]) for place in places]
