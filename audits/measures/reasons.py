"""Why a bias audit says what it says: codes with parameters, worded when shown. Imports nothing.

``CODES`` is the whole list: code -> (severity, names of the parameters that it always carries).
"""

from __future__ import annotations

_HELD_TO_A_LIMIT = (
    "metric",
    "attribute",
    "group",
    "comparator",
    "value",
    "ci_low",
    "ci_high",
    "n",
    "comparator_n",
    "threshold",
)
_COMPARED = (*_HELD_TO_A_LIMIT, "q", "mde", "rows_needed", "comparator_rows_needed")

_CONSISTENCY = ("value", "ci_low", "ci_high", "n", "neighbours", "threshold", "by_lot", "features")

_CHANGED = ("metric", "old", "new", "value", "ci_low", "ci_high", "n", "margin", "p")

CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    # the whole interval lies beyond the threshold
    "bias.ratio_below_threshold": ("high", _COMPARED),
    "bias.ratio_above_threshold": ("high", _COMPARED),
    "bias.gap_above_threshold": ("high", _COMPARED),
    # the interval holds the threshold
    "bias.inconclusive": ("medium", _COMPARED),
    # a gap as large as the threshold allows would not be found with so few rows
    "bias.gap_not_detectable": ("medium", _COMPARED),
    # every prediction is the same
    "bias.no_information": ("high", ("attribute", "n", "selected")),
    # nothing could be compared: fewer than two groups have enough rows
    "bias.nothing_to_compare": ("medium", ("metric", "attribute", "min_group", "groups", "judged_groups")),
    # a group that must be judged ...
    "bias.required_group_missing": ("medium", ("attribute", "group", "min_group")),
    "bias.required_group_too_small": ("medium", ("metric", "attribute", "group", "n", "min_group")),
    "bias.required_group_inconclusive": ("medium", _COMPARED),
    "bias.required_group_rows_left_out": ("medium", ("metric", "attribute", "group", "rows_left_out")),
    # people who are alike in the features are not decided alike as often as the plan wants, or it cannot be told
    "bias.consistency_below_threshold": ("high", _CONSISTENCY),
    "bias.consistency_inconclusive": ("medium", _CONSISTENCY),
    "bias.consistency_not_measured": ("medium", ("why", "threshold", "features")),
    # worse than the approved version by more than the margin, with the whole interval
    "regression.accuracy_lower": ("high", _CHANGED),
    "regression.gap_wider": ("high", (*_CHANGED, "attribute", "group", "comparator")),
    "regression.not_compared": ("info", ("why",)),
    # for information
    "bias.groups_suppressed": ("info", ("attribute", "groups", "rows", "suppress_below")),
    "bias.groups_too_small": ("info", ("attribute", "groups", "rows", "min_group")),
    "bias.group_unknown": ("low", ("attribute", "rows")),
    "bias.rows_dropped": ("low", ("rows", "of", "why")),
    "bias.few_clusters": ("medium", ("attribute", "clusters", "fewest", "wanted")),
    # numbers without a limit are no pass
    "bias.no_threshold": ("medium", ("task",)),
    # of the score behind the decisions; all of it for information
    "bias.score_differs": ("medium", _HELD_TO_A_LIMIT),
    "bias.base_rates_differ": ("info", ("attribute", "group", "comparator", "base_rate", "comparator_base_rate")),
    "bias.score_not_probability": ("info", ("column", "rows", "lowest", "highest")),
    "bias.score_constant": ("medium", ("column", "value")),
    "bias.score_missing": ("low", ("column", "rows", "of")),
}
