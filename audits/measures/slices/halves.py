"""Two halves of the rows by chance, the same ones in whatever order the rows come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from audits.measures.kept_rows import JudgedRows
from audits.measures.ordering import by_content
from audits.measures.resampling import generator


def halves(rows: JudgedRows, *, seed: int, purpose: str) -> npt.NDArray[np.bool_]:
    """True for the rows of the first half, shape (rows,); the halves differ by at most one row.

    Rows are put into an order of their contents first, so that theirs in the table does not matter; which of two
    equal rows goes where makes no difference to any figure.
    """
    order = by_content(rows)
    first = np.zeros(len(rows), dtype=bool)
    first[order[generator(seed, purpose).permutation(len(rows))[: (len(rows) + 1) // 2]]] = True
    return first
