"""Calibration by group: the part ``calibration`` of the document, and what it adds to figures and reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.measures.clusters import design_effects
from audits.measures.figures import estimate_of, figure
from audits.measures.means import Estimated, effective_size, mean, unknown
from audits.measures.plan import BiasPlan
from audits.measures.rates import RATES
from audits.measures.resampling import generator
from audits.measures.scores.ranking import roc_auc
from audits.measures.scores.recalibration import slope_and_intercept
from audits.measures.scores.reliability import (
    Bins,
    bins_of,
    brier_parts,
    calibration_error,
    error_by_luck,
    moved_by_luck,
    reach,
    spread,
)
from audits.measures.scores.scored import PROBABILITY, Scored

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BRIER, LOG_LOSS, AUC = "brier_score_loss", "log_loss", "roc_auc_score"
CALIBRATION_ERROR, IN_THE_LARGE = "expected_calibration_error", "calibration_in_the_large"


@dataclass
class Judged:
    """One group's scores, measured.

    ``base`` is the share of positives and the effective number of rows (Kish, less what clusters take). ``luck`` are
    calibration errors that perfect scores would show, ``moves`` how far luck moves those seen.
    """

    slice: dict[str, str]
    n: int
    positives: int
    base: tuple[float, float]
    bins: Bins | None
    figures: dict[str, Estimated]
    luck: np.ndarray[Any, np.dtype[np.float64]] | None = None
    moves: np.ndarray[Any, np.dtype[np.float64]] | None = None
    why: dict[str, str] | None = None


def losses(rows: Scored, least: int) -> tuple[dict[str, Estimated], dict[str, str]]:
    """Area under the curve of any score; Brier score and log loss of probabilities. With why one was not measured."""
    found, why = {}, {}
    classes = int(rows.label.sum()), int((~rows.label).sum())
    if min(classes) < least:
        found[AUC], why[AUC] = unknown("DeLong"), "one_class" if min(classes) == 0 else "too_few_of_one_class"
    elif rows.score[0] == rows.score[-1]:
        found[AUC], why[AUC] = unknown("DeLong"), "all_scores_equal"
    else:
        found[AUC] = roc_auc(rows.label, rows.score, rows.weights, rows.clusters)
    if rows.scale != PROBABILITY:
        return found, why
    found[BRIER] = mean(np.square(rows.score - rows.label), rows.weights, rows.clusters)
    right = np.where(rows.label, rows.score, 1 - rows.score)
    if bool((right <= 0).any()):
        # the logarithm has no bound there; a bounded stand-in would be a number that somebody chose
        found[LOG_LOSS], why[LOG_LOSS] = unknown(found[BRIER].method), "certain_and_wrong"
    else:
        found[LOG_LOSS] = mean(-np.log(right), rows.weights, rows.clusters)
    return found, why


def judged(rows: Scored, slice_: dict[str, str], plan: BiasPlan, *, seed: int) -> Judged:
    """Measure one group's scores."""
    found, why = losses(rows, plan.suppress_below)
    made = Judged(slice_, len(rows), int(rows.label.sum()), _base_rate(rows), None, found, why=why)
    if rows.scale != PROBABILITY:
        return made
    made.bins = bins_of(rows.label, rows.score, rows.weights, rows.clusters, least=plan.suppress_below)
    names = [text for pair in sorted(slice_.items()) for text in pair]
    # a cluster may lie in several bins, and luck moves it as a whole: bins by themselves do not show how far
    replicates = plan.bootstrap if rows.clusters is None else 0
    for purpose, draw in (("luck", error_by_luck), ("moves", moved_by_luck)):
        drawn = draw(made.bins, replicates=replicates, random=generator(seed, "calibration", purpose, *names))
        setattr(made, purpose, drawn)
    found[IN_THE_LARGE] = mean(rows.score - rows.label, rows.weights, rows.clusters)
    if made.positives in (0, made.n):
        found["slope"] = found["intercept"] = unknown("logistic regression")
        why["slope"] = why["intercept"] = "one_class"
    else:
        found["slope"], found["intercept"] = slope_and_intercept(rows.label, rows.score, rows.weights, rows.clusters)
        if not found["slope"].known:
            constant = rows.score[0] == rows.score[-1]
            why["slope"] = why["intercept"] = "all_scores_equal" if constant else "classes_separated"
    return made


def _base_rate(rows: Scored) -> tuple[float, float]:
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    size = effective_size(weights)
    if rows.clusters is not None:
        (effect,) = design_effects(
            [RATES["base_rate"]],
            np.zeros(len(rows), dtype=np.int64),
            1,
            outcome=rows.label.astype(np.int64) * 2,
            weights=rows.weights,
            clusters=rows.clusters,
        ).values()
        size = size / float(effect[0])
    return min(float((weights * rows.label).sum() / weights.sum()), 1.0), size


def group_row(one: Judged, rows: Scored, plan: BiasPlan) -> dict[str, Any]:
    """One group of the document."""
    made: dict[str, Any] = {
        "slice": one.slice,
        "n": one.n,
        "positives": one.positives,
        "state": "judged" if one.n >= plan.min_group else "too_small",
        "quantiles": {
            str(at): figure(value)
            for at, value in zip(QUANTILES, spread(rows.score, rows.weights, QUANTILES), strict=True)
        },
    }
    for name, found in one.figures.items():
        made[name] = estimate_of(found, why=(one.why or {}).get(name))
    if one.bins is None:
        return made
    made["bins"] = bin_rows(one.bins)
    error = float(calibration_error(one.bins))
    made[CALIBRATION_ERROR] = {"value": figure(error), "bins": len(one.bins)}
    if rows.clusters is not None:
        made[CALIBRATION_ERROR]["why"] = "clustered"
    if one.luck is not None and one.moves is not None:
        # rates seen and scores are two guesses of how much rates vary: the wider one holds whichever is nearer
        far = max(reach(one.moves), reach(one.luck))
        made[CALIBRATION_ERROR] |= {
            "ci_low": figure(max(error - far, 0.0)),
            "ci_high": figure(min(error + far, 1.0)),
            "by_luck": figure(float(one.luck.mean())),
            "by_luck_95": figure(float(np.quantile(one.luck, 0.95))),
            "p": figure((1 + int((one.luck >= error - 1e-12).sum())) / (1 + len(one.luck))),
            "method": f"as far as luck moves the bins' rates (bootstrap of {len(one.luck)}, triangle inequality)",
        }
    parts = brier_parts(one.bins, one.figures[BRIER].value)
    made[BRIER] |= {
        "reliability": figure(parts.reliability),
        "resolution": figure(parts.resolution),
        "uncertainty": figure(parts.uncertainty),
        "within_bins": figure(parts.within_bins),
    }
    return made


def bin_rows(bins: Bins) -> list[dict[str, Any]]:
    """The points of a calibration curve, from low scores to high."""
    low, high = bins.intervals
    return [
        {
            "n": int(bins.rows[number]),
            "k": int(bins.positives[number]),
            "score_from": figure(bins.lowest[number]),
            "score_to": figure(bins.highest[number]),
            "score": figure(bins.score[number]),
            "value": figure(bins.rate[number]),
            "ci_low": figure(low[number]),
            "ci_high": figure(high[number]),
        }
        for number in range(len(bins))
    ]
