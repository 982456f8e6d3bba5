"""Why a counterfactual audit says what it says: codes with parameters, worded when shown. Imports nothing.

``CODES`` is the whole list: code -> (severity, names of the parameters that it always carries).
"""

from __future__ import annotations

_COMPARED = ("swap", "identity", "other", "value", "ci_low", "ci_high", "n", "flip_rate", "control_rate", "q")
_UNSTABLE = ("swap", "identity", "other", "n", "flip_rate", "control_rate", "stable")

CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    # the whole interval of the excess lies beyond fail_at
    "counterfactual.answers_depend_on_identity": ("high", (*_COMPARED, "fail_at")),
    # the interval holds what is allowed
    "counterfactual.inconclusive": ("medium", (*_COMPARED, "stable", "warn_at", "fail_at")),
    "counterfactual.too_few_pairs": ("medium", ("swap", "identity", "other", "n", "min_pairs")),
    "counterfactual.change_not_detectable": (
        "medium",
        ("swap", "identity", "other", "n", "templates", "mde", "stable", "fail_at"),
    ),
    # the control changes so many answers that no effect of an identity could be seen
    "counterfactual.nothing_stable": ("high", _UNSTABLE),
    # the control changes most answers, so that a verdict would be about few of the texts
    "counterfactual.answers_unstable": ("medium", _UNSTABLE),
    # had the pairs without control or answer been changed by the swap alone, the others would not pass
    "counterfactual.left_out_matters": (
        "medium",
        ("swap", "identity", "other", "n", "without_control", "unanswered", "value", "at_worst", "warn_at"),
    ),
    # rows that could belong to any pair of identities
    "counterfactual.nameless_matter": ("medium", ("rows", "of", "warn_at")),
    "counterfactual.copies": ("medium", ("copies", "of")),
    "counterfactual.no_control": ("medium", ("pairs", "of")),
    "counterfactual.no_decisions": ("medium", ("column",)),
    "counterfactual.no_information": ("high", ("prediction", "n")),
    # the answers that change go one way
    "counterfactual.one_direction": (
        "medium",
        ("swap", "identity", "other", "positive", "only_identity", "only_other", "q"),
    ),
    # scores are higher or lower for one identity, whatever the decision
    "counterfactual.score_shift": ("medium", ("swap", "identity", "other", "value", "ci_low", "ci_high", "n", "q")),
    "counterfactual.rows_dropped": ("low", ("rows", "of", "why")),
}
