"""Why a stress audit says what it says: codes with parameters, worded when shown. Imports nothing.

``CODES`` is the whole list: code -> (severity, names of the parameters that it always carries).
"""

from __future__ import annotations

_JUDGED = ("family", "at", "value", "ci_low", "ci_high", "k", "n", "warn_at", "fail_at")

CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    # the whole interval of answers that turn lies beyond fail_at
    "stress.answers_turn": ("high", (*_JUDGED, "q")),
    # the interval holds what is allowed
    "stress.inconclusive": ("medium", _JUDGED),
    # beyond fail_at, by a family that somebody has to craft and that decides nothing
    "stress.crafted_turns": ("medium", _JUDGED),
    "stress.too_few": ("medium", ("family", "n", "min_texts")),
    # so few inputs that a rise to the limit would not be seen
    "stress.not_detectable": ("medium", ("family", "n", "mde", "fail_at")),
    # the model did not answer changed inputs as a model does
    "stress.model_broke": ("critical", ("family", "at", "failure", "message")),
    "stress.constant_prediction": ("high", ("prediction", "n")),
    "stress.nothing_right": ("high", ("n",)),
    # no more is known of these bytes than that somebody says that they are the version's
    "stress.bytes_declared": ("low", ("file",)),
    "stress.sampled": ("info", ("rows", "of")),
    "stress.rows_dropped": ("low", ("rows", "of", "why")),
    # a case that somebody kept as a permanent test
    "stress.kept_case_fails": ("high", ("case", "text", "expected", "prediction")),
    # templates: what the suite of the audit plan's templates found
    "stress.functionality_fails": ("high", ("functionality", "value", "ci_low", "ci_high", "n", "k", "threshold")),
    "stress.templates_undecided": ("medium", ("functionality", "n", "verdict")),
}
