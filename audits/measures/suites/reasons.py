"""Why a suite audit says what it says: codes with parameters, worded when shown. Imports nothing.

``CODES`` is the whole list: code -> (severity, names of the parameters that it always carries).
"""

from __future__ import annotations

_JUDGED = ("functionality", "value", "ci_low", "ci_high", "n", "k", "threshold")

CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    # the whole interval lies below what is needed
    "suite.functionality_fails": ("high", _JUDGED),
    # the interval holds what is needed
    "suite.inconclusive": ("medium", _JUDGED),
    "suite.too_few_cases": ("medium", ("functionality", "n", "min_cases")),
    # enough cases, of too few templates that agree with themselves
    "suite.templates_too_alike": ("medium", ("functionality", "n", "templates", "effective_n")),
    # every prediction is the same
    "suite.constant_prediction": ("high", ("prediction", "n", "accuracy", "functionalities_at_zero")),
    # every score of a test of direction is the same
    "suite.constant_score": ("high", ("score", "n")),
    # no score of a test of direction could have moved too far
    "suite.tolerance_too_wide": ("high", ("tolerance", "spread", "n")),
    # had the cases that say nothing been wrong, the functionality would lie below what is needed
    "suite.left_out_matters": ("medium", ("functionality", "right", "n", "left", "unmoved", "threshold")),
    # the same text with the same expectation
    "suite.copies": ("medium", ("copies", "of", "disagreeing")),
    # whom the cases are about makes a difference
    "suite.target_gap": ("medium", ("target", "value", "gap", "ci_low", "ci_high", "n", "q")),
    "suite.rows_dropped": ("low", ("rows", "of", "why")),
}
