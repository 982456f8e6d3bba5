"""The ways to narrow a gap: weights before learning, constraints while learning, thresholds after it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

REFIT, REWEIGHING, REDUCTIONS, THRESHOLDS = "refit", "reweighing", "reductions", "thresholds"


@dataclass(frozen=True)
class Learned:
    """Rows to learn from: ``features`` of shape (rows, columns), no nan; ``group`` codes from 0."""

    features: Floats
    label: Flags
    group: Codes
    score: Floats | None = None


def reweighing(label: Flags, group: Codes) -> Floats:
    """Weights under which label and group are independent.

    The quantity is P(group) P(label) / P(group, label) of each row, above 0; together they sum to the number of rows.

    Source:
        Kamiran and Calders 2012, Knowl Inf Syst 33:1 (section 5.3).

    >>> reweighing(np.array([True, True, False, False]), np.array([0, 0, 0, 1])).tolist()
    [0.75, 0.75, 1.5, 0.5]
    """
    cells = group * 2 + label
    counts = np.bincount(cells, minlength=2 * (int(group.max()) + 1)).reshape(-1, 2).astype(float)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    weights: Floats = np.divide(expected, counts, out=np.ones_like(counts), where=counts > 0).ravel()[cells]
    return weights


def methods(constraint: str, seed: int) -> dict[str, Callable[[Learned, Learned], Flags]]:
    """Name -> learn on the first rows, decide on the second.

    Args:
        constraint: "demographic_parity" or "equalized_odds".
        seed: of models that decide by chance where two groups could not be made equal otherwise.
    """
    return {
        REFIT: lambda known, asked: _plain(known, asked, None),
        REWEIGHING: lambda known, asked: _plain(known, asked, reweighing(known.label, known.group)),
        REDUCTIONS: lambda known, asked: _reduced(known, asked, constraint, seed),
        THRESHOLDS: lambda known, asked: _thresholds(known, asked, constraint, seed),
    }


def _model() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=500)


def _plain(known: Learned, asked: Learned, weights: Floats | None) -> Flags:
    fitted = _model().fit(known.features, known.label.astype(int), sample_weight=weights)
    return np.asarray(fitted.predict(asked.features) == 1)


def _reduced(known: Learned, asked: Learned, constraint: str, seed: int) -> Flags:
    from fairlearn.reductions import DemographicParity, EqualizedOdds, ExponentiatedGradient

    constraints = DemographicParity() if constraint == "demographic_parity" else EqualizedOdds()
    with _quiet():
        fitted = ExponentiatedGradient(_model(), constraints)
        fitted.fit(known.features, known.label.astype(int), sensitive_features=known.group)
        return np.asarray(fitted.predict(asked.features, random_state=seed) == 1)


def _thresholds(known: Learned, asked: Learned, constraint: str, seed: int) -> Flags:
    """Thresholds by group on the score that the table has, else on that of a model learned here."""
    from fairlearn.postprocessing import ThresholdOptimizer

    label = known.label.astype(int)
    if known.score is not None and asked.score is not None:
        first, second = known.score[:, None], asked.score[:, None]
    else:
        fitted = _model().fit(known.features, label)
        first, second = (fitted.decision_function(one.features)[:, None] for one in (known, asked))
    with _quiet():
        chosen = ThresholdOptimizer(
            estimator=_as_given(), constraints=constraint, prefit=True, predict_method="predict"
        )
        chosen.fit(first, label, sensitive_features=known.group)
        return np.asarray(chosen.predict(second, sensitive_features=asked.group, random_state=seed) == 1)


def _as_given() -> Any:
    """An estimator whose prediction is its only feature."""
    from sklearn.base import BaseEstimator

    class AsGiven(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
        def fit(self, _features: Any, _label: Any) -> Any:
            self.fitted_ = True
            return self

        def predict(self, features: Any) -> Any:
            return np.asarray(features)[:, 0]

    return AsGiven().fit(None, None)


def _quiet() -> warnings.catch_warnings[None]:
    """Without what the libraries say to those who call them."""
    return warnings.catch_warnings(action="ignore")
