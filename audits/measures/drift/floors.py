"""What a measure of drift reaches by sampling noise alone. A value below its floor is no sign of anything.

With cell shares p, samples of n and m rows and no drift, ``X = sum (p_ref - p_cur)^2 / p`` is distributed as
``(1/n + 1/m)`` times chi-squared with (cells - 1) degrees of freedom. To second order PSI = X, KL = X/2, the squared
Hellinger distance = X/8, the Jensen-Shannon divergence = X/8 nats; and TVD <= sqrt(X)/2 by the Cauchy-Schwarz
inequality. ``expected`` is the mean (a bound for roots: the root of the mean), ``floor`` the 95th percentile.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[np.float64]

LEVEL = 0.05
_BRIDGES = 2_000
_KNOTS = 257


@dataclass(frozen=True)
class Measure:
    """A measured distance, its mean and 95th percentile under no drift; None where that is not known."""

    value: float
    expected: float | None = None
    floor: float | None = None

    def per(self, unit: float) -> Measure:
        """The same in another unit, such as standard deviations."""
        expected, floor = (None if one is None else one / unit for one in (self.expected, self.floor))
        return Measure(self.value / unit, expected, floor)


@dataclass(frozen=True)
class CellFloors:
    """Mean and 95th percentile of X (see above) for some cells and rows."""

    mean: float
    high: float

    def of(self, value: float, factor: float, *, root: bool = False) -> Measure:
        """A measure that is ``factor`` times X, or the square root of that."""
        mean, high = factor * self.mean, factor * self.high
        return Measure(value, math.sqrt(mean) if root else mean, math.sqrt(high) if root else high)


def cell_floors(cells: int, n: int, m: int) -> CellFloors:
    """Floors for samples of n and m rows over so many cells that are not empty in both."""
    scale = 1 / n + 1 / m
    dof = max(cells - 1, 0)
    high = float(special.chdtri(dof, LEVEL)) if dof else 0.0
    return CellFloors(dof * scale, high * scale)


def ks_floor(value: float, n: int, m: int) -> Measure:
    """KS distance with its mean ``sqrt(pi/2) ln 2 / sqrt(n m / (n + m))`` and 95th percentile under no drift."""
    scale = math.sqrt(1 / n + 1 / m)
    return Measure(value, math.sqrt(math.pi / 2) * math.log(2) * scale, float(special.kolmogi(LEVEL)) * scale)


def wasserstein_floor(value: float, reference: Array, m: int) -> Measure:
    """W1 with what it reaches between two samples of the reference's own distribution.

    Under no drift W1 is ``sqrt(1/n + 1/m)`` times the area under an absolute Brownian bridge over the reference's
    quantiles. The areas of 2,000 bridges drawn once, on knots that are dense in the tails, give mean and percentile.

    Args:
        reference: shape (n,), sorted.
        m: rows of the current sample.

    Source:
        del Barrio, Giné and Matrán 1999, Ann Probab 27:1009 (the limit, for tails that allow it).
    """
    levels, bridges = _absolute_bridges()
    n = reference.size
    at = reference[np.minimum((levels * n).astype(np.int64), n - 1)]
    areas = bridges @ np.diff(at) * math.sqrt(1 / n + 1 / m)
    return Measure(value, float(areas.mean()), float(np.quantile(areas, 1 - LEVEL)))


@functools.lru_cache(maxsize=1)
def _absolute_bridges() -> tuple[Array, Array]:
    """Levels of the knots in (0, 1), shape (257,), and |B| between them, shape (2000, 256)."""
    levels = special.expit(np.linspace(-14, 14, _KNOTS))
    middles = (levels[1:] + levels[:-1]) / 2
    # an independent stream of its own, the same in every process
    random = np.random.Generator(np.random.PCG64(20_261_129))
    steps = np.diff(np.concatenate([[0.0], middles, [1.0]]))
    motion = np.cumsum(random.standard_normal((_BRIDGES, steps.size)) * np.sqrt(steps), axis=1)
    return levels, np.abs(motion[:, :-1] - middles * motion[:, -1:])
