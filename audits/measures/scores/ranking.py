"""How well scores put positive rows above negative ones: the area under the ROC curve."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from audits.measures.intervals import Z95
from audits.measures.means import Estimated, Floats, effective_size, unknown
from audits.measures.ordering import starts_of_runs

DELONG = "DeLong, on the logit scale"
NEWCOMBE = "Newcombe 2006, method 5"
_ROUNDS = 200


def roc_auc(
    label: npt.NDArray[np.bool_],
    score: Floats,
    weights: Floats | None = None,
    clusters: npt.NDArray[np.int64] | None = None,
) -> Estimated:
    """The chance that a positive row has a higher score than a negative one; equal scores count half.

    Args:
        label: shape (n,), true for positive.
        score: shape (n,), sorted from low to high; any scale, only the order counts.
        weights: shape (n,), at least 0; None for one each.
        clusters: shape (n,), a number for each row, or None: the variance is then that of clusters' sums.

    Returns:
        A share in [0, 1] with its interval: DeLong's on the logit scale; where every positive row is above every
        negative one (or below), or all scores are equal, that one has no width and Newcombe's stands in. Unknown
        where one class has fewer than two rows.

    Source:
        DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837, with weights as in the weighted two-sample U
        statistic; Obuchowski 1997, Biometrics 53:567, for clusters; Newcombe 2006, Stat Med 25:559, method 5.
    """
    weight = np.ones(len(score)) if weights is None else weights
    positive, negative = np.where(label, weight, 0.0), np.where(label, 0.0, weight)
    many = effective_size(positive), effective_size(negative)
    said = DELONG if weights is None else DELONG + ", weighted"
    if min(many) < 2 - 1e-9 or min(label.sum(), (~label).sum()) < 2:
        return unknown(said)
    starts = starts_of_runs(score)
    blocks = [np.add.reduceat(one, starts) for one in (positive, negative, positive**2, negative**2)]
    above, below, above_squares, below_squares = blocks
    total_above, total_below = above.sum(), below.sum()
    # of a positive row the share of negative weight below it, of a negative row that of positive weight above it
    beaten = (np.cumsum(below) - below / 2) / total_below
    lost_to = 1 - (np.cumsum(above) - above / 2) / total_above
    value = min(max(float((above * beaten).sum() / total_above), 0.0), 1.0)
    variance = 0.0
    for squares, places, total, size in (
        (above_squares, beaten, total_above, many[0]),
        (below_squares, lost_to, total_below, many[1]),
    ):
        variance += float((squares * np.square(places - value)).sum()) / total**2 * size / (size - 1)
    if clusters is not None:
        said += ", rows of a cluster counted as one"
        lengths = np.diff([*starts, len(score)])
        pulls = positive * (np.repeat(beaten, lengths) - value) / total_above
        pulls += negative * (np.repeat(lost_to, lengths) - value) / total_below
        sums = np.bincount(clusters, pulls)[np.unique(clusters)]
        variance = float(np.square(sums).sum()) * len(sums) / max(len(sums) - 1, 1)
    if variance <= 1e-18 or value <= 1e-12 or value >= 1 - 1e-12:
        low, high = newcombe_area(value, *many)
        return Estimated(value, low, high, NEWCOMBE if weights is None else NEWCOMBE + ", weighted")
    centre = math.log(value / (1 - value))
    reach = Z95 * math.sqrt(variance) / (value * (1 - value))
    return Estimated(value, _share(centre - reach), _share(centre + reach), said)


def _share(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit > -700 else 0.0


def newcombe_area(value: float, positives: float, negatives: float) -> tuple[float, float]:
    """All areas whose own standard error would reach ``value``."""
    middle = (positives + negatives) / 2 - 1

    def reached(area: float) -> bool:
        spread = area * (1 - area) * (1 + middle * ((1 - area) / (2 - area) + area / (1 + area)))
        return abs(area - value) <= Z95 * math.sqrt(spread / (positives * negatives))

    limits = []
    for end in (0.0, 1.0):
        inside, outside = value, end
        for _ in range(_ROUNDS):
            here = (inside + outside) / 2
            inside, outside = (here, outside) if reached(here) else (inside, here)
        limits.append(end if value == end else (inside + outside) / 2)
    return limits[0], limits[1]
