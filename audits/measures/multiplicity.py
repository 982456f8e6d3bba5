"""Corrections for many tests at once. Ranks are ranks: the position of a p-value in the sorted list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def benjamini_hochberg(p: Sequence[float] | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """q-values: the smallest false discovery rate at which each test is still a discovery.

    Args:
        p: p-values of one family, in [0, 1], none missing.

    Returns:
        q of the same tests in the same order, p <= q <= 1.

    Source:
        Benjamini and Hochberg 1995, J R Stat Soc B 57:289 (step-up).

    >>> [round(float(q), 3) for q in benjamini_hochberg([0.04, 0.01, 0.03])]
    [0.04, 0.03, 0.04]
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    ranks = np.arange(1, values.size + 1)
    stepped = values[order] * values.size / ranks
    # from the largest p down: a smaller p never gets a larger q
    monotone = np.minimum.accumulate(stepped[::-1])[::-1]
    q = np.empty_like(values)
    q[order] = np.minimum(monotone, 1.0)
    return q


def holm(p: Sequence[float] | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Adjusted p-values that keep the chance of even one false alarm in the family.

    Args:
        p: p-values of one family, in [0, 1], none missing.

    Returns:
        Adjusted p of the same tests in the same order, p <= adjusted <= 1.

    Source:
        Holm 1979, Scand J Stat 6:65 (step-down).

    >>> [round(float(q), 3) for q in holm([0.04, 0.01, 0.03])]
    [0.06, 0.03, 0.06]
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(values, kind="stable")
    factors = values.size - np.arange(values.size)
    monotone = np.maximum.accumulate(values[order] * factors)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(monotone, 1.0)
    return adjusted
