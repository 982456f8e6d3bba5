"""How well the rows of two samples are told apart by a model that has not seen them, and what luck alone reaches.

A classifier two-sample test: where two samples are of one distribution nothing tells their rows apart, and the area
under the ROC curve on rows that a model was not fitted on is a half but for luck.
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
from audits.measures.drift.thresholds import TOLD_APART
from audits.measures.figures import figure
from audits.measures.roc import auc_limits

Codes = npt.NDArray[np.int64]

FOLDS = 5
# Of each sample so many rows: enough to know an area to a hundredth.
SAMPLE = 5_000
EXPECTED = 0.5


@dataclass(frozen=True)
class Apart:
    """An area in [0, 1] on ``n_reference`` and ``n_current`` rows, its standard error, and that without drift."""

    area: float
    error: float
    n_reference: int
    n_current: int

    @property
    def effect(self) -> float:
        """What is held to the threshold."""
        return self.area

    @property
    def noise(self) -> float:
        """The standard error of the mean of the folds' areas where nothing tells the samples apart.

        Source:
            Mann and Whitney 1947, Ann Math Stat 18:50 (one fold; ties make it smaller); widened for folds that learn
            from each other's rows: Nadeau and Bengio 2003, Machine Learning 52:239.
        """
        n, m = self.n_reference / FOLDS, self.n_current / FOLDS
        return math.sqrt((n + m + 1) / (12 * n * m) * (1 / FOLDS + 1 / (FOLDS - 1)))

    @property
    def floor(self) -> float:
        """What luck alone reaches once in twenty times."""
        return EXPECTED + float(special.ndtri(0.95)) * self.noise

    @property
    def p(self) -> float:
        """The chance of such an area, or a larger one, without drift."""
        return float(special.ndtr((EXPECTED - self.area) / self.noise))


def apart_judged(column: str, found: Apart, thresholds: Mapping[str, float]) -> Judged:
    """The question whether two samples are told apart; not judged yet."""
    return question(column, TOLD_APART, found, thresholds)


def apart_row(found: Apart, judged: Judged) -> dict[str, Any]:
    """What was measured and what it was held to, JSON-ready."""
    low, high = auc_limits(found.area, found.error)
    return {
        "n_reference": found.n_reference,
        "n_current": found.n_current,
        "effect_name": TOLD_APART,
        "effect": figure(found.area),
        "ci_low": figure(low),
        "ci_high": figure(high),
        "p": figure(found.p),
        "q": figure(judged.q),
        "null_expected": EXPECTED,
        "null_floor": figure(found.floor),
        "threshold": figure(judged.threshold),
        "threshold_source": judged.threshold_source,
        "verdict": judged.verdict,
    }


def folds_of(sizes: tuple[int, int], random: np.random.Generator) -> Codes:
    """The fold of each row, those of the reference first; every fold has as many of each sample."""
    return np.concatenate([random.permutation(size) % FOLDS for size in sizes])
