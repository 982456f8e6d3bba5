"""Different numbers among many, found by sorting: where nearly all differ, hashing takes several times as long."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
Number = TypeVar("Number", np.int64, np.uint64)


def distinct(values: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """The different values, sorted; what ``numpy.unique`` gives."""
    ordered = np.sort(values)
    return ordered[_fresh(ordered)]


def numbered(ordered: npt.NDArray[Number]) -> Codes:
    """Equal numbers from 0 on for equal values of a sorted array; shape (n,)."""
    return np.asarray(np.cumsum(_fresh(ordered)) - 1, dtype=np.int64)


def _fresh(ordered: npt.NDArray[Number]) -> npt.NDArray[np.bool_]:
    """Which values of a sorted array are not the one before."""
    fresh = np.ones(ordered.size, dtype=bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return fresh
