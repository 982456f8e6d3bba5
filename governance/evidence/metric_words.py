"""Metrics and groups in words, and how their figures are shown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

KINDS = {"ratio": "ratio", "difference": "points"}
# Rates that are no shares of people, and are shown as plain numbers.
NO_SHARES = frozenset({"roc_auc_score", "brier_score_loss", "log_loss", "f1_score", "balanced_accuracy_score"})
# Rates that are drawn by group, in this order, where they were measured.
RATES = (
    "selection_rate",
    "accuracy",
    "true_positive_rate",
    "false_positive_rate",
    "precision",
    "word_error_rate",
    "entity_precision",
    "entity_recall",
)
# Figures in the unit of what is predicted, drawn by group as numbers.
QUANTITIES = (
    "mean_error",
    "mean_absolute_error",
    "root_mean_squared_error",
    "mean_prediction",
    "exposure",
    "entity_f1",
)
_IN_UNITS = (*QUANTITIES, "mean_pinball_loss", "wasserstein_distance", "ndcg_score")


def metric_name(metric: str) -> str:
    """A metric in words; one that is not known keeps its name."""
    return _names_in(get_language()).get(metric, metric.replace("_", " "))


@cache
def _names_in(language: str | None) -> Mapping[str, str]:
    """Looked up once in each language: a report names metrics by the hundred thousand."""
    return {
        "selection_rate": _("approval rate"),
        "accuracy": _("accuracy"),
        "true_positive_rate": _("true positive rate"),
        "false_positive_rate": _("false positive rate"),
        "true_negative_rate": _("true negative rate"),
        "false_negative_rate": _("false negative rate"),
        "precision": _("precision"),
        "base_rate": _("share whose true outcome is positive"),
        "negative_predictive_value": _("negative predictive value"),
        "false_discovery_rate": _("false discovery rate"),
        "false_omission_rate": _("false omission rate"),
        "balanced_accuracy_score": _("balanced accuracy"),
        "f1_score": _("F1 score"),
        "mean_absolute_error": _("mean absolute error"),
        "mean_absolute_error_difference": _("difference of mean absolute errors"),
        "root_mean_squared_error": _("root mean squared error"),
        "root_mean_squared_error_difference": _("difference of root mean squared errors"),
        "mean_error": _("mean error"),
        "mean_error_difference": _("difference of mean errors"),
        "mean_prediction": _("mean prediction"),
        "mean_prediction_difference": _("difference of mean predictions"),
        "wasserstein_distance": _("distance of the predictions’ distributions"),
        "word_error_rate": _("word error rate"),
        "word_error_rate_difference": _("difference of word error rates"),
        "entity_precision": _("share of named entities that are right"),
        "entity_precision_difference": _("difference of the shares of named entities that are right"),
        "entity_recall": _("share of entities that are found"),
        "entity_recall_difference": _("difference of the shares of entities that are found"),
        "entity_f1": _("F1 score of entities"),
        "entity_f1_difference": _("difference of the F1 scores of entities"),
        "exposure": _("exposure"),
        "exposure_ratio": _("ratio of exposures"),
        "average_odds_difference": _("mean difference of error rates"),
        "log_loss": _("log loss of the score"),
        "demographic_parity_ratio": _("ratio of approval rates"),
        "demographic_parity_difference": _("difference of approval rates"),
        "equalized_odds_difference": _("largest difference of error rates"),
        "equalized_odds_ratio": _("smallest ratio of error rates"),
        "equal_opportunity_difference": _("difference of true positive rates"),
        "true_positive_rate_difference": _("difference of true positive rates"),
        "false_positive_rate_difference": _("difference of false positive rates"),
        "roc_auc_score": _("area under the ROC curve"),
        "brier_score_loss": _("Brier score"),
        "roc_auc_score_difference": _("difference of the areas under the ROC curve"),
        "expected_calibration_error": _("calibration error"),
        "expected_calibration_error_difference": _("difference of calibration errors"),
        "calibration_in_the_large": _("mean score less the share of positives"),
        "calibration_in_the_large_difference": _("difference of how much too high the scores are"),
    }


def kind_of(row: Mapping[str, Any]) -> str:
    """How a comparison's figures are shown: ratio, points, or number for what is in the unit of the predictions."""
    if row.get("kind") != "ratio" and str(row.get("metric", "")).startswith(_IN_UNITS):
        return "number"
    return KINDS.get(str(row.get("kind", "")), "ratio")


def is_share(metric: str) -> bool:
    """Whether a rate is a share of people, in [0, 1]."""
    return metric not in NO_SHARES and not metric.startswith(_IN_UNITS)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def slice_name(part: Mapping[str, Any] | None) -> str:
    """A group in words: its values, without the names of the columns."""
    return ", ".join(str(value) for value in (part or {}).values()) or _("everybody")
