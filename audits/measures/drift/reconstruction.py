"""Principal components of the reference: how well they still describe the rows of today.

Components are fitted on half of the reference's rows. The other half and the rows of today are both new to them, so
that without drift the distances that are left have one distribution; how often one of today is the larger is the area.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from audits.measures.drift.judging import Judged, question
from audits.measures.drift.thresholds import RECONSTRUCTED
from audits.measures.figures import figure
from audits.measures.intervals import Z95
from audits.measures.roc import auc, auc_limits

Array = npt.NDArray[np.float64]

EXPECTED = 0.5
# Components that hold so much of all variance are kept: NannyML's choice.
HELD = 0.65


@dataclass(frozen=True)
class Reconstruction:
    """Distances of rows from what components say of them.

    ``area`` is how often a row of today is further off than one of the reference, with its standard ``error``; ``then``
    and ``now`` are the mean distances in standard deviations.
    """

    components: int
    columns: int
    then: float
    now: float
    area: float
    error: float
    n_reference: int
    n_current: int

    @property
    def noise(self) -> float:
        """The standard error of the area without drift (Mann and Whitney 1947, Ann Math Stat 18:50)."""
        n, m = self.n_reference, self.n_current
        return math.sqrt((n + m + 1) / (12 * n * m))

    @property
    def effect(self) -> float:
        """The area, turned so that it is at least a half: rows that are described better have moved too."""
        return max(self.area, 1 - self.area)

    @property
    def floor(self) -> float:
        return EXPECTED + Z95 * self.noise

    @property
    def p(self) -> float:
        return float(2 * special.ndtr(-(self.effect - EXPECTED) / self.noise))


def reconstruction(reference: Array, current: Array) -> Reconstruction | None:
    """Fit components on every other row of the reference, and compare the distances of all rows that are left.

    Args:
        reference: shape (rows, columns), in an order that is by lot; nan where missing, which becomes the mean.
        current: shape (rows, columns).

    Returns:
        None where the reference has fewer than two columns that vary, or too few rows to fit them on.

    Source:
        Jolliffe 2002, Principal Component Analysis, 10.1; as a measure of drift: NannyML, "Data Reconstruction with
        PCA".
    """
    fitted_on, left = reference[::2], reference[1::2]
    with np.errstate(invalid="ignore", over="ignore"):
        mean, spread = _mean(fitted_on), np.sqrt(_mean(np.square(fitted_on - _mean(fitted_on))))
    varies = np.isfinite(spread) & (spread > 1e-12 * np.maximum(np.abs(np.nan_to_num(mean)), 1e-300))
    columns = int(varies.sum())
    if columns < 2 or len(fitted_on) <= 2 * columns or not len(left) or not len(current):
        return None
    scaled = [_scaled(side[:, varies], mean[varies], spread[varies]) for side in (fitted_on, left, current)]
    values, vectors = np.linalg.eigh(scaled[0].T @ scaled[0] / len(scaled[0]))
    held = np.cumsum(values[::-1]) / values.sum()
    components = min(int(np.searchsorted(held, HELD)) + 1, columns - 1)
    axes = vectors[:, ::-1][:, :components]
    then, now = (np.linalg.norm(side - (side @ axes) @ axes.T, axis=1) for side in scaled[1:])
    # what two processors compute with other last digits is one distance
    area, error = auc(np.round(np.concatenate([then, now]), 9), np.arange(len(then) + len(now)) >= len(then))
    return Reconstruction(components, columns, float(then.mean()), float(now.mean()), area, error, len(then), len(now))


def reconstruction_judged(found: Reconstruction, thresholds: Mapping[str, float]) -> Judged:
    """The question whether components describe rows as before; not judged yet."""
    return question("", RECONSTRUCTED, found, thresholds)


def reconstruction_row(found: Reconstruction, judged: Judged) -> dict[str, Any]:
    """What was measured and what it was held to, JSON-ready."""
    low, high = auc_limits(found.area, found.error)
    return {
        "test": "principal_components",
        "components": found.components,
        "columns": found.columns,
        "mean_distance_reference": figure(found.then),
        "mean_distance_current": figure(found.now),
        "area": figure(found.area),
        "ci_low": figure(low),
        "ci_high": figure(high),
        "n_reference": found.n_reference,
        "n_current": found.n_current,
        "effect_name": RECONSTRUCTED,
        "effect": figure(found.effect),
        "p": figure(found.p),
        "q": figure(judged.q),
        "null_expected": EXPECTED,
        "null_floor": figure(found.floor),
        "threshold": figure(judged.threshold),
        "threshold_source": judged.threshold_source,
        "verdict": judged.verdict,
    }


def _mean(columns: Array) -> Array:
    known = ~np.isnan(columns)
    rows = known.sum(axis=0)
    total = np.where(known, columns, 0.0).sum(axis=0)
    return np.where(rows > 0, total / np.maximum(rows, 1), np.nan)


def _scaled(columns: Array, mean: Array, spread: Array) -> Array:
    """In standard deviations from the mean; a missing cell is at the mean, and none counts beyond 1e6 of them."""
    return np.clip(np.where(np.isnan(columns), 0.0, (columns - mean) / spread), -1e6, 1e6)
