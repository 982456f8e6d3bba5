"""Why a stress audit says what it says: codes with parameters, worded when shown. Imports nothing.

``CODES`` is the whole list: code -> (severity, names of the parameters that it always carries).
"""

from __future__ import annotations

from typing import Any

_JUDGED = ("family", "at", "value", "ci_low", "ci_high", "k", "n", "warn_at", "fail_at")

_RELATION = (
    *("relation", "column", "expected", "severity", "n"),
    *("value", "ci_low", "ci_high", "worst", "warn_at", "fail_at"),
)
_CORRUPTED = ("corruption", "severity", "n", "value", "ci_low", "ci_high", "warn_at", "fail_at")
_TIMED = ("rate", "percent", "ms", "ms_low", "ms_high", "slo_ms", "sent", "unsent", "failed")

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
    # vectors are no answers: a changed text has to find the one that it was made of
    "stress.nearest_text": ("info", ("n",)),
    "stress.nothing_right": ("high", ("n",)),
    # what is no number, no vector, or that of another text is no answer; such texts are left out
    "stress.not_answered": ("high", ("n", "of")),
    # no more is known of these bytes than that somebody says that they are the version's
    "stress.bytes_declared": ("low", ("file",)),
    # nobody ran the model here: what a table cannot tell was not measured
    "stress.answers_given": ("low", ("answers",)),
    "stress.sampled": ("info", ("rows", "of")),
    "stress.rows_dropped": ("low", ("rows", "of", "why")),
    # a case that somebody kept as a permanent test
    "stress.kept_case_fails": ("high", ("case", "text", "expected", "prediction")),
    "stress.kept_texts_not_asked": ("medium", ("n", "why")),
    "stress.kept_pictures_not_asked": ("medium", ("n", "why")),
    # templates: what the suite of the audit plan's templates found
    "stress.functionality_fails": ("high", ("functionality", "value", "ci_low", "ci_high", "n", "k", "threshold")),
    "stress.templates_undecided": ("medium", ("functionality", "n", "verdict")),
    # tables: a relation that answers should keep
    "stress.relation_broken": ("high", _RELATION),
    "stress.relation_inconclusive": ("medium", _RELATION),
    "stress.relation_too_few": ("medium", ("relation", "column", "n", "min_rows")),
    "stress.relation_not_measured": ("medium", ("relation", "column", "why")),
    # changed rows ended the model: crashed, hung, out of memory
    "stress.rows_end_model": ("critical", ("relation", "column", "times", "failure", "message")),
    # nothing that was to be judged changed a row, so that nothing is known
    "stress.no_relation": ("medium", ("relation", "column")),
    # nobody said which columns the model takes: the table's, in their order
    "stress.columns_by_place": ("info", ("columns", "n")),
    "stress.columns_one_by_one": ("info", ("n", "of")),
    # a model that answers with a number: by how much one may differ
    "stress.numbers_within": ("info", ("tolerance",)),
    # the answers have nothing to do with the labels: the inputs may be other ones than the model was made for
    "stress.columns_doubtful": ("medium", ("n", "value", "chance")),
    "stress.pictures_doubtful": ("medium", ("n", "value", "chance", "divide_by")),
    # a row without a value is answered as if it had one
    "stress.missing_answered": ("low", ("relation", "column", "columns", "n")),
    # pictures
    "stress.corruption_turns": ("high", _CORRUPTED),
    "stress.corruption_inconclusive": ("medium", _CORRUPTED),
    "stress.corruption_too_few": ("medium", ("corruption", "n", "min_rows")),
    # no plan says how a picture becomes what the model takes
    "stress.pictures_by_default": ("info", ("divide_by",)),
    "stress.small_pictures": ("info", ("side", "published")),
    # a malformed input ended the model, blocked it, or was answered by what is no answer
    "stress.malformed_fails": ("critical", ("family", "input", "locus", "outcome", "goes_on", "message")),
    "stress.malformed_not_finite": ("medium", ("n", "inputs")),
    # the same row, asked about again
    "stress.answer_not_stable": ("high", ("way", "n", "k", "largest_difference")),
    "stress.score_not_stable": ("medium", ("way", "n", "k", "largest_difference", "tolerance")),
    "stress.order_breaks": ("critical", ("message", "failure")),
    # load
    "stress.too_slow": ("high", _TIMED),
    "stress.slow_inconclusive": ("medium", _TIMED),
    "stress.load_not_judged": ("info", ("capacity",)),
}


def reason(code: str, locus: str = "", /, **params: Any) -> dict[str, Any]:
    """A reason as documents hold it, JSON-ready: with the severity of its code, and where in the audit it was found."""
    return {"code": code, "severity": CODES[code][0], "locus": locus, "params": params}
