"""How far accuracy and gaps have moved from one version to the next, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.cluster_bootstrap import MAX_CELLS, redrawn
from audits.measures.disparities import Disparity
from audits.measures.informative import p_of
from audits.measures.intervals import Z95, newcombe, score_test
from audits.measures.means import difference, mean, student_quantile
from audits.measures.naming import DIFFERENCE
from audits.measures.regression.pairing import Judged, Sides

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Change:
    """A quantity of the approved version and of the new one; ``value`` is new - old. nan where not measured."""

    old: float
    new: float
    low: float
    high: float
    p: float
    method: str

    @property
    def value(self) -> float:
        return self.new - self.old


def accuracy_change(both: Sides) -> Change:
    """The change of accuracy.

    Paired: Agresti and Min's interval (half a row more in each of the four cells) and McNemar's exact test; with
    weights both from the mean difference and its variance. Unpaired: Newcombe's interval and the score test. Where
    rows come in clusters, means of clusters and their spread take the place of both.

    Source:
        Agresti and Min 2005, Stat Med 24:729; McNemar 1947, Psychometrika 12:153; Newcombe 1998, Stat Med 17:873.
    """
    new, old = both.new, both.old
    if new.clusters is not None and old.clusters is not None:
        return _clustered_change(both, new.clusters)
    if both.paired is None:
        (k1, n1), (k0, n0) = _effective(new), _effective(old)
        if not n1 or not n0:
            return Change(math.nan, math.nan, math.nan, math.nan, math.nan, "not measured")
        low, high = newcombe(k1, n1, k0, n0)
        _, p = score_test(k1, n1, k0, n0)
        return Change(k0 / n0, k1 / n1, float(low), float(high), float(p), "unpaired: Newcombe; score test")
    if new.weights is not None:
        return _weighted_change(new.right.astype(float) - old.right, new.weights, new, old)
    return paired_change(new.right, old.right)


def paired_change(new: Flags, old: Flags) -> Change:
    """The change of a share between two looks at the same rows; see ``accuracy_change``.

    Args:
        new, old: shape (rows,), whether the row counts, now and before.
    """
    n = len(new)
    if not n:
        return Change(math.nan, math.nan, math.nan, math.nan, math.nan, "not measured")
    better, worse = int((new & ~old).sum()), int((old & ~new).sum())
    b, c, total = better + 0.5, worse + 0.5, n + 2.0
    centre = (b - c) / total
    half = Z95 * math.sqrt(b + c - (b - c) ** 2 / total) / total
    return Change(
        float(old.mean()),
        float(new.mean()),
        max(centre - half, -1.0),
        min(centre + half, 1.0),
        mcnemar(better, worse),
        "paired: Agresti-Min; McNemar's exact test",
    )


def _clustered_change(both: Sides, clusters: Codes) -> Change:
    """The change where rows come in clusters; ``clusters`` are those of the new version's rows."""
    new, old = both.new, both.old
    ours, theirs = (mean(side.right.astype(float), side.weights, side.clusters) for side in (new, old))
    if both.paired is None:
        found, said = difference(ours, theirs), "unpaired, means of clusters"
    else:
        found = mean(new.right.astype(float) - old.right, new.weights, clusters)
        said = "paired, mean of clusters"
    if found.low == found.high:
        # no cluster differs from another: as for rows, half a cluster got better and half a cluster worse
        half = Z95 / (len(np.unique(clusters)) + 2)
        return Change(theirs.value, ours.value, found.value - half, found.value + half, 1.0, said)
    return Change(theirs.value, ours.value, max(found.low, -1.0), min(found.high, 1.0), p_of(found), said)


def _weighted_change(moved: Floats, weight: Floats, new: Judged, old: Judged) -> Change:
    total = float(weight.sum())
    if total <= 0:
        return Change(math.nan, math.nan, math.nan, math.nan, math.nan, "not measured")
    mean = float((weight * moved).sum()) / total
    error = math.sqrt(float((weight**2 * (moved - mean) ** 2).sum())) / total
    p = math.erfc(abs(mean) / error / math.sqrt(2)) if error > 0 else 1.0
    ours, theirs = (float((weight * side.right).sum()) / total for side in (new, old))
    return Change(theirs, ours, mean - Z95 * error, mean + Z95 * error, p, "paired, weighted: Wald")


def mcnemar(better: int, worse: int) -> float:
    """McNemar's exact test that as many rows got better as worse, two-sided.

    >>> round(mcnemar(2, 9), 6)
    0.06543
    """
    from scipy.special import bdtr

    n = better + worse
    return min(1.0, 2 * float(bdtr(min(better, worse), n, 0.5))) if n else 1.0


def _effective(side: Judged) -> tuple[float, float]:
    """Right rows and rows; with weights scaled to the effective number of rows (Kish)."""
    if side.weights is None:
        return float(side.right.sum()), float(len(side))
    total, squares = float(side.weights.sum()), float((side.weights**2).sum())
    scale = total / squares if squares > 0 else 0.0
    return float((side.weights * side.right).sum()) * scale, total * scale


def cells(side: Judged, codes: Codes, *, groups: int, other: Judged | None = None) -> Floats:
    """Rows of each group by label and prediction: shape (groups, 4); paired also by the other's: (groups, 8)."""
    outcome = side.label * 2 + side.prediction
    size = 4
    if other is not None:
        outcome, size = outcome * 2 + other.prediction, 8
    inside = codes >= 0
    weights = None if side.weights is None else side.weights[inside]
    if weights is not None and (squares := float((weights**2).sum())) > 0:
        weights = weights * (float(weights.sum()) / squares)
    counted = np.bincount((codes * size + outcome)[inside], weights=weights, minlength=groups * size)
    return counted.astype(float).reshape(groups, size)


def drawn(counts: Floats, *, replicates: int, random: np.random.Generator) -> Floats:
    """Cells drawn anew within each group, which keeps its size: shape (replicates, groups, cells)."""
    sizes = counts.sum(axis=1)
    # a little of a row everywhere, so that a cell that is empty by luck can be filled by luck
    chances = (counts + 1 / counts.shape[1]) / (sizes + 1)[:, None]
    return np.stack(
        [
            random.multinomial(round(float(size)), chance, replicates)
            for size, chance in zip(sizes, chances, strict=True)
        ],
        axis=1,
    ).astype(float)


def drawn_by_cluster(
    side: Judged,
    clusters: Codes,
    codes: Codes,
    *,
    groups: int,
    other: Judged | None,
    replicates: int,
    random: np.random.Generator,
) -> tuple[Floats, float] | None:
    """Cells of tables of whole clusters drawn anew: shape (replicates, groups, cells); None where they are too many.

    With them by how much their spread is too small for so few clusters (their number less one, Student's quantile).

    Source:
        Davison and Hinkley 1997, Bootstrap Methods and their Application, 3.8.
    """
    _, cluster = np.unique(clusters, return_inverse=True)
    many = int(cluster.max(initial=-1)) + 1
    size = 4 if other is None else 8
    if many < 2 or many * groups * size > MAX_CELLS:
        return None
    outcome = side.label * 2 + side.prediction
    if other is not None:
        outcome = outcome * 2 + other.prediction
    inside = codes >= 0
    weights = None if side.weights is None else side.weights[inside]
    place = ((cluster * groups + codes) * size + outcome)[inside]
    counts = np.bincount(place, weights, many * groups * size).astype(float).reshape(many, groups * size)
    parts = [times @ counts for times in redrawn(many, replicates=replicates, random=random)]
    wider = math.sqrt(many / (many - 1)) * student_quantile(many - 1) / Z95
    return np.concatenate(parts).reshape(replicates, groups, size), wider


def split(paired: Floats) -> tuple[Floats, Floats]:
    """Of cells by label, new and old prediction those of the new one and of the old one: shape (..., 2, 2)."""
    cube = paired.reshape(*paired.shape[:-1], 2, 2, 2)
    return cube.sum(axis=-1), cube.sum(axis=-2)


def gaps(table: Floats, disparity: Disparity, *, group: int, comparator: int) -> Floats:
    """How far a group is from its comparator, 0 at parity; the worst of several rates.

    Args:
        table: shape (..., groups, 2, 2), [label, prediction].

    Returns:
        Shape (...): the size of a difference; of a ratio, how far below 1 it is, turned so that it is at most 1.
        nan where a rate is over nobody.
    """
    found = []
    for rate in disparity.rates:
        hits, of = rate.counted(table)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = hits / of
            ours, theirs = shares[..., group], shares[..., comparator]
            if disparity.kind == DIFFERENCE:
                found.append(np.abs(ours - theirs))
            else:
                # where nobody is selected on either side there is no gap
                ratio = np.minimum(ours, theirs) / np.maximum(ours, theirs)
                found.append(1 - np.where((ours == 0) & (theirs == 0), 1.0, ratio))
    worst: Floats = np.max(np.stack(found), axis=0)
    return worst
