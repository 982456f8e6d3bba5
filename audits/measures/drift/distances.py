"""How far two distributions are apart: on sorted values, and on counts of the same cells."""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Positions = npt.NDArray[np.int32]


def wasserstein_1(reference: Array, current: Array) -> float:
    """Area between two empirical distribution functions: how far values move on average from one to the other.

    The quantity is ``integral over t in [0, 1] of |Q_reference(t) - Q_current(t)|``, in the values' own unit, >= 0.
    Where the quantile functions step depends on the two numbers of rows alone, so nothing is merged.

    Args:
        reference: shape (n,), sorted, n > 0, finite.
        current: shape (m,), sorted, m > 0, finite.

    Source:
        Vallender 1974, Theory Probab Appl 18:784.
    """
    if reference.size == current.size:
        return float(np.abs(reference - current).mean())
    of_reference, of_current, widths = _steps(reference.size, current.size)
    return float(np.abs(reference[of_reference] - current[of_current]) @ widths)


@functools.lru_cache(maxsize=2)
def _steps(n: int, m: int) -> tuple[Positions, Positions, Array]:
    """Positions in both sorted samples, and the width, of every piece on which neither quantile function steps."""
    # in units of 1/(n m); both runs are sorted, which a stable sort merges
    ends = np.concatenate([np.arange(1, n + 1, dtype=np.int64) * m, np.arange(1, m + 1, dtype=np.int64) * n])
    ends.sort(kind="stable")
    starts = np.concatenate([[0], ends[:-1]])
    kept = ends > starts
    starts, ends = starts[kept], ends[kept]
    return (starts // m).astype(np.int32), (starts // n).astype(np.int32), (ends - starts) / (n * m)


def shares(counts: Counts) -> Array:
    """Shares of counts; shape as given, sum 1."""
    return np.asarray(counts / counts.sum())


def filled(counts: Counts, others: Counts) -> Array:
    """Shares with half a row in cells that only the other sample has, so that a logarithm of them is finite."""
    rows = np.where((counts == 0) & (others > 0), 0.5, counts.astype(float))
    return np.asarray(rows / rows.sum())


def total_variation(reference: Counts, current: Counts) -> float:
    """Half the sum of absolute differences of shares: the share of rows that would have to change cell. In [0, 1]."""
    return float(np.abs(shares(reference) - shares(current)).sum() / 2)


def l_infinity(reference: Counts, current: Counts) -> float:
    """The largest difference of a cell's share. In [0, 1]."""
    return float(np.abs(shares(reference) - shares(current)).max())


def js_distance(reference: Counts, current: Counts) -> float:
    """Square root of the Jensen-Shannon divergence in bits. In [0, 1]: 0 for equal shares, 1 for no cell in common.

    Source:
        Endres and Schindelin 2003, IEEE Trans Inf Theory 49:1858 (the root is a metric).
    """
    p, q = shares(reference), shares(current)
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2 / math.log(2)
    return math.sqrt(min(max(divergence, 0.0), 1.0))


def kl_divergence(reference: Counts, current: Counts) -> float:
    """Relative entropy ``sum p ln(p / q)`` of reference shares p to current q, in nats, >= 0; empty cells ``filled``.

    Source:
        Kullback and Leibler 1951, Ann Math Stat 22:79.
    """
    return _relative_entropy(filled(reference, current), filled(current, reference))


def psi(reference: Counts, current: Counts) -> float:
    """Population stability index: ``sum (p - q) ln(p / q)``, >= 0; empty cells as ``filled``.

    Under no drift it is not 0: see ``floors``. Source: Siddiqi 2006, Credit Risk Scorecards, ch. 10.
    """
    p, q = filled(reference, current), filled(current, reference)
    return _relative_entropy(p, q) + _relative_entropy(q, p)


def hellinger(reference: Counts, current: Counts) -> float:
    """Hellinger distance ``sqrt(1 - sum sqrt(p q))``. In [0, 1]."""
    return math.sqrt(max(1 - float(np.sqrt(shares(reference) * shares(current)).sum()), 0.0))


def _relative_entropy(p: Array, q: Array) -> float:
    held = p > 0
    return float((p[held] * np.log(p[held] / q[held])).sum())
