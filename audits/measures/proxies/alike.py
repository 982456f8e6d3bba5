"""What is left of a gap among rows that are alike in one feature: what a table can say of a proxy's part in it (A7).

How far an impact ratio would fall if a feature were permuted is a question to the model: it needs its predictions for
rows that do not exist. A table holds one prediction for each row that does. So the feature is held still instead of
shaken: selection is compared within its values and averaged over them in the same shares for both sides (direct
standardisation). A gap that goes when the feature is held still went along with it; whether the model uses the feature
is not told by that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.clusters import clustered_error
from audits.measures.intervals import Z95

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Rows of each side that a value has at least: fewer do not show a rate.
FEWEST = 5


@dataclass(frozen=True)
class Alike:
    """An impact ratio of a group to everybody else, raw and among rows alike; nan where not measured.

    ``compared`` is the share of rows at values where both sides are; only these take part in either ratio.
    """

    raw: float
    value: float
    low: float
    high: float
    compared: float


NOTHING = Alike(math.nan, math.nan, math.nan, math.nan, 0.0)


def impact_ratio_alike(values: Codes, inside: Flags, chosen: Flags, clusters: Codes | None = None) -> Alike:
    """The impact ratio of a group to everybody else if both had the same mixture of a feature's values.

    Args:
        values: shape (rows,), the value or range of the feature, from 0 on.
        inside: shape (rows,), whether the row is of the group.
        chosen: shape (rows,), whether it is selected.
        clusters: shape (rows,), a number for rows that may resemble each other; None where rows stand alone.

    Returns:
        sum w p_group / sum w p_others over the values, w each value's share of all rows, with the interval of the
        delta method on the logarithm given the shares.

    Source:
        Fleiss, Levin and Paik 2003, Statistical Methods for Rates and Proportions, ch. 19 (direct standardisation).
    """
    size = int(values.max(initial=-1)) + 1
    cell = values * 2 + inside
    n = np.bincount(cell, minlength=size * 2).astype(float).reshape(size, 2)
    k = np.bincount(cell, chosen, size * 2).reshape(size, 2)
    kept = (n >= FEWEST).all(axis=1)
    if not kept.any():
        return NOTHING
    n, k = n[kept], k[kept]
    weight = n.sum(axis=1) / n.sum()
    shares = k / n
    others, ours = (float((weight * shares[:, side]).sum()) for side in (0, 1))
    whole = k.sum(axis=0) / n.sum(axis=0)
    compared = float(n.sum() / len(values))
    raw = float(whole[1] / whole[0]) if whole[0] > 0 else math.nan
    if ours <= 0 or others <= 0:
        return Alike(raw, ours / others if others > 0 else math.nan, math.nan, math.nan, compared)
    # half a row more of each kind: a share of 0 or 1 is not known without error
    drawn = (k + 0.5) / (n + 1)
    variance = (weight[:, None] ** 2 * drawn * (1 - drawn) / n).sum(axis=0) / np.array([others, ours]) ** 2
    error = math.sqrt(float(variance.sum()))
    if clusters is not None:
        place = np.full(size, -1, dtype=np.int64)
        place[kept] = np.arange(len(n))
        used = np.flatnonzero(place[values] >= 0)
        at, side = place[values[used]], inside[used].astype(np.int64)
        pulls = weight[at] * (chosen[used] - shares[at, side]) / n[at, side] / np.where(side, ours, -others)
        error = max(error, clustered_error(pulls, clusters[used])[0])
    value = ours / others
    if not math.isfinite(error):
        return Alike(raw, value, math.nan, math.nan, compared)
    reach = math.exp(Z95 * error)
    return Alike(raw, value, value / reach, value * reach, compared)
