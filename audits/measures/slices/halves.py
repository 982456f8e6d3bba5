"""Two halves of the rows by chance, the same ones in whatever order the rows come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from audits.measures.kept_rows import JudgedRows
from audits.measures.ordering import by_content, numbered_as_met
from audits.measures.resampling import generator


def halves(rows: JudgedRows, *, seed: int, purpose: str) -> npt.NDArray[np.bool_]:
    """True for the rows of the first half, shape (rows,).

    The halves differ by at most one row, with clusters by at most one cluster: each is in one half with all its rows.

    Rows are put into an order of their contents first, so that theirs in the table does not matter; which of two
    equal rows goes where makes no difference to any figure.
    """
    order = by_content(rows)
    first = np.zeros(len(rows), dtype=bool)
    random = generator(seed, purpose)
    if rows.clusters is None:
        first[order[random.permutation(len(rows))[: (len(rows) + 1) // 2]]] = True
        return first
    clusters = numbered_as_met(rows.clusters[order])
    sizes = np.bincount(clusters)
    drawn = random.permutation(len(sizes))
    before = np.cumsum(sizes[drawn]) - sizes[drawn]
    chosen = np.zeros(len(sizes), dtype=bool)
    # the cluster that lies on the middle goes where most of it would
    chosen[drawn[before + sizes[drawn] / 2 <= len(rows) / 2]] = True
    first[order] = chosen[clusters]
    return first
