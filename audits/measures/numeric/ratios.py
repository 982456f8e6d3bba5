"""Figures that are a sum over a sum, such as wrong words over words: with intervals, alone and by group."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from audits.measures.intervals import wilson
from audits.measures.means import Estimated, effective_size, mean, unknown
from audits.measures.numeric.rows import Floats, NumericRows
from audits.measures.plan import ENTITIES, TRANSCRIPTION

Sums = tuple[Floats, Floats]

RATIOS: dict[str, dict[str, Callable[[NumericRows], Sums]]] = {
    TRANSCRIPTION: {"word_error_rate": lambda rows: (rows.prediction, rows.label)},
    ENTITIES: {
        "entity_precision": lambda rows: (rows.shared, rows.prediction),
        "entity_recall": lambda rows: (rows.shared, rows.label),
        "entity_f1": lambda rows: (2 * rows.shared, rows.label + rows.prediction),
    },
}
"""Task -> metric -> what each row adds above and below."""


def ratio(
    above: Floats,
    below: Floats,
    weights: Floats | None = None,
    clusters: npt.NDArray[np.int64] | None = None,
    *,
    most: float = math.inf,
) -> Estimated:
    """The sum of one quantity over that of another, with a 95 % interval.

    Args:
        above, below: shape (n,), at least 0.
        weights: shape (n,), or None.
        clusters: shape (n,), a number for rows that may resemble each other, such as those of a speaker; or None.
        most: the largest value there can be.

    Returns:
        The interval is that of the mean of what each row pulls (linearisation); where no row pulls, because all are
        right or all wrong, it is Wilson's of so many rows, or clusters, without or with a fault. nan where the lower
        sum is 0.

    Source:
        Cochran 1977, Sampling Techniques, 6.3 (a ratio's variance); resampling speakers for error rates of speech:
        Bisani and Ney 2004, ICASSP 1:409, of which this is the closed form.
    """
    said = "ratio of sums, linearised"
    weight = np.ones(len(above)) if weights is None else weights
    total = float((weight * below).sum())
    if total <= 0:
        return unknown(said)
    value = float((weight * above).sum()) / total
    pulls = (above - value * below) * float(weight.sum()) / total
    found = mean(pulls, weights, clusters)
    if float(np.abs(pulls).max(initial=0.0)) < 1e-12 and value in (0.0, 1.0):
        held = weight if clusters is None else np.asarray(np.bincount(clusters, weights=weight), dtype=float)
        size = effective_size(held[held > 0])
        low, high = (float(one) for one in wilson(value * size, size))
        return Estimated(value, low, high, "Wilson, rows or clusters counted")
    return replace(
        found,
        value=value,
        low=max(value + found.low - found.value, 0.0),
        high=min(value + found.high - found.value, most),
        method=f"{said}; {found.method}",
    )


def figures(rows: NumericRows, task: str, index: npt.NDArray[np.int64]) -> dict[str, Estimated]:
    """Every ratio of some rows."""
    weights = None if rows.weights is None else rows.weights[index]
    clusters = None if rows.clusters is None else rows.clusters[index]
    found = {}
    for name, sums in RATIOS[task].items():
        above, below = (side[index] for side in sums(rows))
        found[name] = ratio(above, below, weights, clusters, most=math.inf if task == TRANSCRIPTION else 1.0)
    return found
