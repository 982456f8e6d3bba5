"""Drift of one column: two samples in, every distance with its floor and one test out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from audits.measures.drift import distances
from audits.measures.drift.contingency import homogeneity
from audits.measures.drift.floors import Measure, cell_floors, ks_floor, wasserstein_floor
from audits.measures.drift.kolmogorov import ks_distance, ks_p

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BINS = 10
# Beyond this a square is no number any more.
LARGEST = 1e150
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
NUMERIC, CATEGORICAL = "numeric", "categorical"


class NotMeasurable(ValueError):
    """Two samples between which no drift can be measured; ``code`` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Drift:
    """How far a current sample is from a reference sample.

    ``measures`` are all distances by name; ``effect`` names the one that decides together with ``p``. ``test`` says
    which test ``statistic`` and ``p`` are of, ``others`` holds further tests for information as (statistic, p).
    ``quantiles`` maps a level to the values of reference and current. ``new_share`` is the share of current rows in
    categories that the reference does not have. ``is_constant``: all rows of both samples are the same.
    """

    kind: str
    n_reference: int
    n_current: int
    test: str
    statistic: float
    p: float
    effect: str
    measures: Mapping[str, Measure]
    others: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    quantiles: Mapping[float, tuple[float, float]] = field(default_factory=dict)
    new_share: float | None = None
    is_constant: bool = False


def drift_numeric(reference: npt.ArrayLike, current: npt.ArrayLike, *, bins: int = BINS) -> Drift:
    """Drift of a number.

    Exact two-sample KS distance and p; Wasserstein-1 in the values' unit and in standard deviations of the reference
    (the effect); PSI, Jensen-Shannon, KL, Hellinger and total variation over cells between the reference's quantiles.
    A value that more than half a cell's share of the reference has is a cell of its own. A reference with a single
    value has no standard deviation; then the Jensen-Shannon distance is the effect.

    Args:
        reference: shape (n,), nan for "missing", which is left out.
        current: shape (m,), the same.
        bins: cells of equal share in the reference.

    Raises:
        NotMeasurable: a sample without values, with infinite ones, or with ones beyond ``LARGEST``.
    """
    ours, theirs = _finite(reference, "reference"), _finite(current, "current")
    n, m = ours.size, theirs.size
    distance = ks_distance(ours, theirs)
    p, method = ks_p(distance, n, m)
    w1 = distances.wasserstein_1(ours, theirs)
    spread = float(ours.std()) if ours[0] != ours[-1] else 0.0
    cells = cell_counts(ours, theirs, bins=bins)
    measures = {"ks_distance": ks_floor(distance, n, m), **_cell_measures(*cells)}
    measures["wasserstein_1"] = wasserstein_floor(w1, ours, m)
    if spread > 0 and math.isfinite(w1 / spread):
        measures["wasserstein_1_over_std"] = measures["wasserstein_1"].per(spread)
    return Drift(
        kind=NUMERIC,
        n_reference=n,
        n_current=m,
        test=f"kolmogorov_smirnov_{method}",
        statistic=distance,
        p=p,
        effect="wasserstein_1_over_std" if "wasserstein_1_over_std" in measures else "js_distance",
        measures=measures,
        quantiles={level: (_quantile(ours, level), _quantile(theirs, level)) for level in QUANTILES},
        is_constant=bool(ours[0] == theirs[-1] and ours[-1] == theirs[0]),
    )


def drift_categorical(reference: npt.ArrayLike, current: npt.ArrayLike) -> Drift:
    """Drift of a category, from counts.

    Args:
        reference: shape (k,), rows of each category in the reference sample; a category that only the other sample
            has stands there with 0.
        current: shape (k,), the same categories in the current sample.

    Raises:
        NotMeasurable: a sample without rows; ValueError: negative counts, or shapes that differ.
    """
    ours, theirs = np.asarray(reference, dtype=np.int64), np.asarray(current, dtype=np.int64)
    if ours.ndim != 1 or ours.shape != theirs.shape or (ours < 0).any() or (theirs < 0).any():
        raise ValueError("counts are two rows of as many categories, none negative")
    if not ours.sum() or not theirs.sum():
        raise NotMeasurable("no_values", "one of the samples has no values")
    tested, likelihood, test = homogeneity(ours, theirs)
    return Drift(
        kind=CATEGORICAL,
        n_reference=int(ours.sum()),
        n_current=int(theirs.sum()),
        test=test,
        statistic=tested.statistic,
        p=tested.p,
        effect="js_distance",
        measures=_cell_measures(ours, theirs),
        others={"g_test": (likelihood.statistic, likelihood.p)},
        new_share=float(theirs[ours == 0].sum() / theirs.sum()),
        is_constant=bool(((ours + theirs) > 0).sum() == 1),
    )


def cell_counts(reference: Array, current: Array, *, bins: int = BINS) -> tuple[Counts, Counts]:
    """Rows of two sorted samples in cells between the reference's quantiles; cells empty in both are left out."""
    n = reference.size
    edges = np.unique(reference[np.ceil(np.arange(1, bins) * n / bins).astype(np.int64) - 1])
    before, up_to = np.searchsorted(reference, edges, side="left"), np.searchsorted(reference, edges, side="right")
    heavy = (up_to - before) * 2 * bins >= n
    # a heavy edge is a cell by itself, so there is a cut before it too
    counts = []
    for values in (reference, current):
        right = np.searchsorted(values, edges, side="right")
        left = np.searchsorted(values, edges[heavy], side="left")
        counts.append(np.diff(np.sort(np.concatenate([[0, values.size], right, left]), kind="stable")))
    held = (counts[0] + counts[1]) > 0
    return counts[0][held], counts[1][held]


def _cell_measures(reference: Counts, current: Counts) -> dict[str, Measure]:
    held = (reference + current) > 0
    ours, theirs = reference[held], current[held]
    floors = cell_floors(ours.size, int(ours.sum()), int(theirs.sum()))
    eighth_bits = 1 / (8 * math.log(2))
    return {
        "psi": floors.of(distances.psi(ours, theirs), 1.0),
        "js_distance": floors.of(distances.js_distance(ours, theirs), eighth_bits, root=True),
        "kl_divergence": floors.of(distances.kl_divergence(ours, theirs), 0.5),
        "hellinger": floors.of(distances.hellinger(ours, theirs), 0.125, root=True),
        "total_variation": floors.of(distances.total_variation(ours, theirs), 0.25, root=True),
        "l_infinity": Measure(distances.l_infinity(ours, theirs)),
    }


def _finite(values: npt.ArrayLike, name: str) -> Array:
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 1:
        raise ValueError(f"{name} is one row of numbers")
    ordered = np.sort(given)
    # nan sorts to the end
    ordered = ordered[: np.searchsorted(ordered, np.nan)]
    if not ordered.size:
        raise NotMeasurable("no_values", f"the {name} sample has no values")
    if max(-ordered[0], ordered[-1]) > LARGEST and math.isfinite(ordered[0]) and math.isfinite(ordered[-1]):
        raise NotMeasurable("out_of_range", f"the {name} sample has values beyond {LARGEST:g}; use a larger unit")
    if not math.isfinite(ordered[0]) or not math.isfinite(ordered[-1]):
        raise NotMeasurable("not_finite", f"the {name} sample has infinite values; leave them out and count them")
    return ordered


def _quantile(ordered: Array, level: float) -> float:
    """The smallest value that at least a share of ``level`` of the rows does not exceed."""
    return float(ordered[max(math.ceil(level * ordered.size) - 1, 0)])
