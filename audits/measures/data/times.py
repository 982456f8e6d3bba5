"""Time between splits: rows that are trained on and happened after what is tested."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.data.columns import Column
from audits.measures.tables.arrow import ZERO, as_numpy

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_MICROSECONDS = 1e6
_DAY = 86_400.0


@dataclass(frozen=True)
class Times:
    """A time for each row, shape (rows,), nan where unknown: seconds since 1970 where ``dates``, else the numbers."""

    values: Array
    dates: bool

    def shown(self, value: float) -> str:
        """A time as the day it is of, so that no row is named by its second; a number as it is."""
        if not self.dates:
            return f"{value:.10g}"
        return str(np.datetime64(int(value // _DAY), "D"))


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


def times_of(column: Column) -> Times | None:
    """The cells of a column as times; None where one of them is neither a number nor a date as ISO 8601 writes it.

    Years (``2024``), counters and seconds are numbers. Dates may have a time of day and a zone; all or none.
    """
    if column.numbers is not None:
        return Times(np.where(np.isfinite(column.numbers), column.numbers, np.nan), dates=False)
    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
        try:
            stamps = pc.cast(column.texts, kind).cast(pa.int64())
        except pa.ArrowInvalid:
            continue
        known = ~as_numpy(pc.is_null(stamps))
        values = as_numpy(pc.fill_null(stamps, ZERO)).astype(float) / _MICROSECONDS
        return Times(np.where(known, values, np.nan), dates=True)
    return None


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
