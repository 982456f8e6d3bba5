"""Time between splits: rows that are trained on and happened after what is tested."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Overlap:
    """Two splits in time: ``later`` rows of the training, of ``of`` with a time, lie after the ``first`` row of the
    other split, and ``earlier`` rows of the other, of ``other_of``, before the ``last`` one of the training."""

    later: int
    of: int
    first: float
    earlier: int
    other_of: int
    last: float


def overlap(times: Array, train: npt.NDArray[np.bool_], test: npt.NDArray[np.bool_]) -> Overlap | None:
    """How far two splits lie within each other in time; None where one has no row with a time.

    Rows at the very moment of the first or last one do not count.
    """
    ours, theirs = times[train], times[test]
    ours, theirs = ours[~np.isnan(ours)], theirs[~np.isnan(theirs)]
    if not ours.size or not theirs.size:
        return None
    first, last = float(theirs.min()), float(ours.max())
    return Overlap(int((ours > first).sum()), ours.size, first, int((theirs < last).sum()), theirs.size, last)
