"""Columns that say when a row happened: dates as ISO 8601 writes them, or numbers that grow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.tables.arrow import ZERO, as_numpy

Array = npt.NDArray[np.float64]

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


def times_of(texts: pa.Array, numbers: Array | None) -> Times | None:
    """The cells of a column as times; None where one of them is neither a number nor a date as ISO 8601 writes it.

    Years (``2024``), counters and seconds are numbers. Dates may have a time of day and a zone; all or none.
    """
    if numbers is not None:
        return Times(np.where(np.isfinite(numbers), numbers, np.nan), dates=False)
    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
        try:
            stamps = pc.cast(texts, kind).cast(pa.int64())
        except pa.ArrowInvalid:
            continue
        known = ~as_numpy(pc.is_null(stamps))
        values = as_numpy(pc.fill_null(stamps, ZERO)).astype(float) / _MICROSECONDS
        return Times(np.where(known, values, np.nan), dates=True)
    return None
