"""The two-sample Kolmogorov-Smirnov test on sorted values, exact in its distance whatever the size."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

# Paths through the lattice of this many rows are counted one by one: their number still fits a double.
EXACT_ROWS = 1_000
# One value in so many is looked at first; only between those that leave room for the maximum are the others.
_STRIDE = 64
# The finite sum has as many terms as rows, a tenth of a second for 100,000.
_SUMMED_ROWS = 10_000


def ks_distance(reference: Array, current: Array) -> float:
    """Largest vertical distance between two empirical distribution functions.

    The quantity is ``max_x |F_reference(x) - F_current(x)|``, in [0, 1], exact with and without ties. Both functions
    only rise, so what lies between two values is bounded by what holds at them: a coarse look finds where the maximum
    can be, and only there is every value looked at. Sorting is what it costs.

    Args:
        reference: shape (n,), sorted, n > 0, finite.
        current: shape (m,), sorted, m > 0, finite.
    """
    ends = [reference[-1:], current[-1:]]
    grid = np.unique(np.concatenate([reference[::_STRIDE], current[::_STRIDE], *ends]))
    found = _furthest(reference, current, grid)
    after_reference, after_current = _up_to(reference, grid[:-1]), _up_to(current, grid[:-1])
    before_reference = np.searchsorted(reference, grid[1:], side="left").astype(np.int64)
    before_current = np.searchsorted(current, grid[1:], side="left").astype(np.int64)
    n, m = reference.size, current.size
    possible = np.maximum(before_reference * m - after_current * n, before_current * n - after_reference * m)
    # A block without rows strictly inside has nothing to look at.
    inside = (before_reference > after_reference) | (before_current > after_current)
    blocks = np.flatnonzero((possible > found) & inside)
    if blocks.size:
        values = np.concatenate(
            [
                reference[_positions(after_reference[blocks], before_reference[blocks])],
                current[_positions(after_current[blocks], before_current[blocks])],
            ]
        )
        found = max(found, _furthest(reference, current, values))
    return found / (n * m)


def _up_to(values: Array, points: Array) -> Counts:
    """How many of ``values`` are at most each of ``points``."""
    return np.searchsorted(values, points, side="right").astype(np.int64)


def _furthest(reference: Array, current: Array, points: Array) -> int:
    """The largest distance at ``points``, in units of 1/(n m), so that no digit is lost."""
    apart = _up_to(reference, points) * current.size - _up_to(current, points) * reference.size
    return int(np.abs(apart).max())


def _positions(starts: Counts, ends: Counts) -> Counts:
    """All whole numbers of the half-open ranges, one after the other."""
    lengths = ends - starts
    shifts = starts - np.concatenate([[0], np.cumsum(lengths)[:-1]])
    positions: Counts = np.arange(int(lengths.sum())) + np.repeat(shifts, lengths)
    return positions


def ks_p(distance: float, n: int, m: int) -> tuple[float, str]:
    """Two-sided p-value of a KS distance between samples of n and m rows, and how it was found.

    "exact" counts lattice paths (up to ``EXACT_ROWS`` rows together); with ties it is at least the true p. "asymptotic"
    is the distribution of the one-sample statistic for ``round(n m / (n + m))`` rows, which is nearer the truth than
    Kolmogorov's limit.

    Source:
        Hodges 1958, Ark Mat 3:469 (paths); Simard and L'Ecuyer 2011, J Stat Softw 39(11) (the one-sample
        distribution: twice the one-sided one where both sides hardly overlap, and below that Pelz and Good 1976,
        J R Stat Soc B 38:152).
    """
    if distance <= 0:
        return 1.0, "exact"
    if n + m <= EXACT_ROWS:
        return _exact_p(distance, n, m), "exact"
    return _one_sample_p(distance, round(n * m / (n + m))), "asymptotic"


def _exact_p(distance: float, n: int, m: int) -> float:
    """The share of lattice paths from (0, 0) to (n, m) that come ``distance`` or further from the diagonal.

    Counted row by row are the paths that have already been out there: inside the band such paths come from below or
    from the left; outside it all paths have.
    """
    # whole units of 1/(n m); a distance that was rounded on its way must not lose its own path
    reached = round(distance * n * m)
    columns = np.arange(m + 1)
    all_paths = np.ones(m + 1)
    touched = np.zeros(m + 1)
    for row in range(n + 1):
        if row:
            all_paths = np.cumsum(all_paths)
        outside = np.abs(row * m - columns * n) >= reached
        inside = np.flatnonzero(~outside)
        fresh = all_paths.copy()
        if inside.size:
            first, last = int(inside[0]), int(inside[-1]) + 1
            from_left = all_paths[first - 1] if first else 0.0
            fresh[first:last] = from_left + np.cumsum(touched[first:last])
        touched = fresh
    return min(float(touched[m] / all_paths[m]), 1.0)


def _one_sample_p(distance: float, rows: int) -> float:
    squared = rows * distance * distance
    if distance >= 1 or squared >= 370:
        return 0.0
    # From here on the two one-sided probabilities hardly overlap.
    if squared >= 2.2 or distance >= 0.5:
        return min(2 * _one_sided_p(rows, distance), 1.0)
    return min(max(1 - _pelz_good(rows, distance), 0.0), 1.0)


def _one_sided_p(rows: int, distance: float) -> float:
    """P(D+ >= distance): the finite sum, or for many rows its expansion, which then differs by 1e-8 of p and less.

    The logarithm is expanded, so that the far tail, where p is below 1e-30, stays right to a thousandth.

    Source:
        Smirnov 1944; Lauwerier 1963, Z Wahrscheinlichkeitstheorie 2:61 (terms to 1/rows^1.5).
    """
    if rows <= _SUMMED_ROWS:
        return float(special.smirnov(rows, distance))
    root = 1 / math.sqrt(rows)
    z = distance / root
    first = -2 * z / 3
    second = 2 * z**2 / 3 * (1 - 2 * z**2 / 3)
    third = 4 * z / 9 * (1 / 5 - 19 * z**2 / 15 + 2 * z**4 / 3)
    corrections = (first, second - first**2 / 2, third - first * second + first**3 / 3)
    return math.exp(-2 * z**2 + sum(term * root ** (power + 1) for power, term in enumerate(corrections)))


def _pelz_good(rows: int, distance: float) -> float:
    """P(D <= distance): Kolmogorov's limit with three terms in 1/sqrt(rows)."""
    z = math.sqrt(rows) * distance
    if z < 0.05:
        return 0.0  # the series begins with exp(-pi^2 / 8 z^2)
    halves = (np.arange(-20, 20) + 0.5) * math.pi
    wholes = np.arange(-20, 21) * math.pi
    at_halves, at_wholes = np.exp(-(halves**2) / (2 * z * z)), np.exp(-(wholes**2) / (2 * z * z))
    root = math.sqrt(math.pi / 2)
    h2, h4, h6 = halves**2, halves**4, halves**6
    w2, w4 = wholes**2, wholes**4
    zeroth = root / z * np.sum(at_halves)
    first = root / (6 * z**4) * np.sum((h2 - z**2) * at_halves)
    second = root / (72 * z**7) * np.sum(
        (6 * z**6 + 2 * z**4 + (2 * z**4 - 5 * z**2) * h2 + (1 - 2 * z**2) * h4) * at_halves
    ) - root / (36 * z**3) * np.sum(w2 * at_wholes)
    third = root / (6480 * z**10) * np.sum(
        ((5 - 30 * z**2) * h6 + (212 * z**4 - 60 * z**2) * h4 + (135 * z**4 - 96 * z**6) * h2 - (30 * z**6 + 90 * z**8))
        * at_halves
    ) + root / (216 * z**6) * np.sum((3 * w2 * z**2 - w4) * at_wholes)
    return float(zeroth + first / math.sqrt(rows) + second / rows + third / rows**1.5)
