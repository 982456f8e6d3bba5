"""Names of the metrics, and how names of a stranger's file are shown. Imports nothing: a web process may use it."""

from __future__ import annotations

from collections.abc import Sequence

DIFFERENCE, RATIO = "difference", "ratio"

# What groups can be compared in, and the rates that it is the worst of. scikit-learn's and fairlearn's names.
COMPARED: dict[str, tuple[str, ...]] = {
    "demographic_parity": ("selection_rate",),
    "equalized_odds": ("true_positive_rate", "false_positive_rate"),
    "equal_opportunity": ("true_positive_rate",),
    "true_positive_rate": ("true_positive_rate",),
    "false_positive_rate": ("false_positive_rate",),
    "false_negative_rate": ("false_negative_rate",),
    "true_negative_rate": ("true_negative_rate",),
    "precision": ("precision",),
    "accuracy": ("accuracy",),
    "negative_predictive_value": ("negative_predictive_value",),
    "false_discovery_rate": ("false_discovery_rate",),
    "false_omission_rate": ("false_omission_rate",),
}
METRICS = tuple(f"{name}_{kind}" for name in COMPARED for kind in (DIFFERENCE, RATIO))

# What groups can be compared in where label and prediction are numbers, or texts that are counted, by task.
# scikit-learn's names where it has one.
NUMERIC_METRICS = {
    "regression": (
        "mean_absolute_error_difference",
        "root_mean_squared_error_difference",
        "mean_error_difference",
        "mean_prediction_difference",
        "mean_pinball_loss_10_difference",
        "mean_pinball_loss_90_difference",
        "wasserstein_distance",
    ),
    "ranking": ("exposure_ratio",),
    "transcription": ("word_error_rate_difference",),
    "entities": ("entity_f1_difference", "entity_precision_difference", "entity_recall_difference"),
}

# The same quantities by the names of AIF360 and of the law's readers; a plan may use them.
ALIASES = {
    "statistical_parity_difference": "demographic_parity_difference",
    "mean_difference": "demographic_parity_difference",
    "disparate_impact": "demographic_parity_ratio",
    "adverse_impact_ratio": "demographic_parity_ratio",
    "true_positive_rate_parity_difference": "true_positive_rate_difference",
    "predictive_parity_difference": "precision_difference",
    "predictive_parity_ratio": "precision_ratio",
    "equality_of_opportunity_difference": "equal_opportunity_difference",
}

_SHOWN_NAMES = 20
_SHOWN_CHARACTERS = 60


def quoted(text: object) -> str:
    """A name or cell of a stranger's file, fit for one line of a terminal or a log: short, no control characters."""
    shown = str(text)
    if len(shown) > _SHOWN_CHARACTERS:
        shown = shown[:_SHOWN_CHARACTERS] + "…"
    return "'" + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown) + "'"


def listed(names: Sequence[object]) -> str:
    """Names joined by commas, at most twenty of them."""
    shown = ", ".join(quoted(name) for name in names[:_SHOWN_NAMES])
    more = len(names) - _SHOWN_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
