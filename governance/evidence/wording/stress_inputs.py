"""The reasons of a stress audit about columns, pictures, malformed inputs, repetition and load, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from governance.web.templatetags import figures

_COLUMNS = _("Look at the rows that failed, and train or constrain the model so that it keeps what is known of them.")
_MORE = _("Bring a table with more rows that the model is right about.")
_CLEAN = _("Check inputs before the model sees them and refuse what it was not made for, with a reason.")
_PICTURES = _("Train on such pictures, or refuse pictures of this quality before the model sees them.")
_SPEED = _("Give it more processors or replicas, a smaller model or a lower rate, and measure again.")

SENTENCES = {
    "stress.relation_broken": (
        _(
            "%(relation)s: the answers to %(value)s of %(n)s rows do not keep to it at severity %(severity)s of 5 (95"
            " %% interval %(ci_low)s to %(ci_high)s; in the worst of the draws %(worst)s). At most %(fail_at)s may."
        ),
        _COLUMNS,
    ),
    "stress.relation_inconclusive": (
        _(
            "%(relation)s: it cannot be told yet whether answers keep to it. Those to %(value)s of %(n)s rows do not at"
            " severity %(severity)s of 5 (95 %% interval %(ci_low)s to %(ci_high)s; in the worst of the draws"
            " %(worst)s). Below %(warn_at)s passes, above %(fail_at)s fails."
        ),
        _MORE,
    ),
    "stress.relation_too_few": (
        _("%(relation)s: it changes %(n)s rows that the model is right about; at least %(min_rows)s are needed."),
        _(
            "Bring a table with more rows that the model is right about; of noise, say in the audit plan how far"
            " numbers may be off (stress: tabular.errors)."
        ),
    ),
    "stress.relation_not_measured": (
        _("%(relation)s: not measured: %(why)s."),
        _("Bring a model that gives scores as well, or take the direction out of the audit plan."),
    ),
    "stress.rows_end_model": (
        _("Changed rows ended the model, %(times)s times: %(failure)s."),
        _CLEAN,
    ),
    "stress.no_relation": (
        _("Nothing is known of the columns that a change of them could be judged by."),
        _("Say in the audit plan which columns are irrelevant, which may only raise or lower the score, and so on."),
    ),
    "stress.columns_by_place": (
        _("The model names no columns: it was given the %(n)s of the table in their order: %(columns)s."),
        _("Check the order; where it is another, name the columns in the audit plan (stress: tabular.columns)."),
    ),
    "stress.columns_one_by_one": (
        _("Of %(of)s columns the first %(n)s were changed one by one; noise was added to all."),
        _("Nothing has to be done; put the columns that matter first where the model takes them by name."),
    ),
    "stress.numbers_within": (
        _("The model answers with a number: an answer that moves by at most %(tolerance)s counts as the same."),
        _("Say in the audit plan (stress: tolerance) by how much an answer may move, if that is not what is meant."),
    ),
    "stress.columns_doubtful": (
        _(
            "The answers to unchanged rows have nothing to do with the labels (%(value)s over %(n)s rows, by chance"
            " %(chance)s), so the model may have been given its columns in another order: nothing is judged."
        ),
        _("Bring the columns in the model’s order, or name them in the audit plan (stress: tabular.columns)."),
    ),
    "stress.pictures_doubtful": (
        _(
            "The answers to unchanged pictures have nothing to do with the labels (%(value)s over %(n)s pictures, by"
            " chance %(chance)s), so the model may need its pictures on another scale: nothing is judged."
        ),
        _(
            "Say in the audit plan how a picture becomes what the model takes (stress: images.divide_by, mean, std),"
            " and which answer means which label (classes)."
        ),
    ),
    "stress.pictures_by_default": (
        _("No audit plan says how the model takes pictures: each byte was divided by %(divide_by)s and nothing else."),
        _("If it was trained on another scale, say so in the audit plan (stress: images.divide_by, mean, std)."),
    ),
    "stress.missing_answered": (
        _("A row without a value is answered as if it had one: %(columns)s."),
        _("Decide whether that is meant; if it is not, refuse rows in which these are missing."),
    ),
    "stress.corruption_turns": (
        _(
            "%(corruption)s: of %(n)s right answers %(value)s turn at severity %(severity)s (95 %% interval"
            " %(ci_low)s to %(ci_high)s); more than %(fail_at)s fails."
        ),
        _PICTURES,
    ),
    "stress.corruption_inconclusive": (
        _(
            "%(corruption)s: it cannot be told yet whether answers hold. Of %(n)s right ones %(value)s"
            " turn at severity %(severity)s (95 %% interval %(ci_low)s to %(ci_high)s); below %(warn_at)s passes,"
            " above %(fail_at)s fails."
        ),
        _("Bring more pictures that the model is right about."),
    ),
    "stress.corruption_too_few": (
        _("%(corruption)s: it changes %(n)s pictures that the model is right about; at least %(min_rows)s are needed."),
        _("Bring more pictures that the model is right about."),
    ),
    "stress.small_pictures": (
        _(
            "The corruptions are set for pictures of %(published)s pixels; these have %(side)s, on which they change"
            " more."
        ),
        _("Compare only with models that were given pictures of the same size."),
    ),
    "stress.malformed_fails": (
        _("%(family)s, %(input)s (%(locus)s): the model %(outcome)s; goes on afterwards: %(goes_on)s. %(message)s."),
        _CLEAN,
    ),
    "stress.malformed_not_finite": (
        _("%(n)s malformed inputs are answered with something that is no number, and nobody is told: %(inputs)s."),
        _CLEAN,
    ),
    "stress.answer_not_stable": (
        _(
            "%(way)s: %(k)s of %(n)s rows get another answer than before; a number moves by up to"
            " %(largest_difference)s."
        ),
        _("Find what the answer depends on besides the row: the batch, the order, a random number, a state."),
    ),
    "stress.score_not_stable": (
        _(
            "%(way)s: numbers of %(k)s of %(n)s rows move by more than %(tolerance)s, by up to"
            " %(largest_difference)s; no"
            " answer changes."
        ),
        _("Find what the number depends on besides the row: the batch, the order, a random number, a state."),
    ),
    "stress.order_breaks": (
        _("The model answers the rows together and breaks when they come otherwise: %(failure)s. %(message)s."),
        _("Find out whether it can be asked about one row, and about rows in another order."),
    ),
    "stress.too_slow": (
        _(
            "At %(rate)s questions a second %(percent)s %% of answers take up to %(ms)s ms (95 %% interval %(ms_low)s"
            " to"
            " %(ms_high)s), the limit is %(slo_ms)s ms; sent %(sent)s, not sent in time %(unsent)s, not answered"
            " %(failed)s."
        ),
        _SPEED,
    ),
    "stress.slow_inconclusive": (
        _(
            "At %(rate)s questions a second it cannot be told yet whether %(percent)s %% of answers come within"
            " %(slo_ms)s"
            " ms: up to %(ms)s ms (95 %% interval %(ms_low)s to %(ms_high)s); sent %(sent)s, not sent in time"
            " %(unsent)s,"
            " not answered %(failed)s."
        ),
        _("Measure for longer (load.seconds): more answers make the interval narrower."),
    ),
    "stress.load_not_judged": (
        _(
            "The times under load are told and not judged: the audit plan sets no limit. It manages %(capacity)s a"
            " second."
        ),
        _("Set the rates that are expected and the longest time of an answer in the audit plan (load)."),
    ),
}

RELATIONS = {
    "noise": _("Noise within the error of measurement"),
    "irrelevant": _("Values exchanged in a column that should not matter"),
    "monotone": _("A score that may move one way only"),
    "renamed": _("Another word for the same category"),
    "spelling": _("Capitals and blanks"),
    "unit": _("Another unit"),
    "missing": _("No value"),
    "above_range": _("Above all values"),
    "below_range": _("Below all values"),
    "unseen": _("A category never seen"),
}

# What a plan's direction promises of every answer: the change is always towards more.
PROMISES = {
    "not_lower": _("A higher %(column)s must not lower the score"),
    "not_higher": _("A higher %(column)s must not raise the score"),
}
_SHARES = ("value", "ci_low", "ci_high", "worst", "warn_at", "fail_at")

CORRUPTIONS = {
    "gaussian_noise": _("Sensor noise"),
    "shot_noise": _("Few photons"),
    "impulse_noise": _("Dead pixels"),
    "speckle_noise": _("Speckle"),
    "defocus_blur": _("Out of focus"),
    "motion_blur": _("Motion blur"),
    "zoom_blur": _("Zoom blur"),
    "gaussian_blur": _("Blur"),
    "fog": _("Fog"),
    "brightness": _("Too bright"),
    "contrast": _("Low contrast"),
    "saturate": _("Other saturation"),
    "pixelate": _("Coarse pixels"),
    "jpeg_compression": _("JPEG"),
    "elastic_transform": _("Elastic distortion"),
    "frost": _("Frost"),
    "glass_blur": _("Frosted glass"),
    "snow": _("Snow"),
    "spatter": _("Splashes"),
}

FAMILIES = {
    "numbers": _("Numbers"),
    "texts": pgettext_lazy("malformed inputs", "Texts"),
    "images": _("Pictures"),
    "structure": _("Names, types and shapes"),
}

OUTCOMES = {
    "answered": pgettext_lazy("what a model did", "answered"),
    "refused": pgettext_lazy("what a model did", "refused"),
    "kept_out": pgettext_lazy("what a model did", "kept out"),
    "not_finite": pgettext_lazy("what a model did", "answered with no number"),
    "wrong_answer": pgettext_lazy("what a model did", "gave no answer that can be read"),
    "crashed": pgettext_lazy("what a model did", "crashed"),
    "hung": pgettext_lazy("what a model did", "hung"),
    "out_of_memory": pgettext_lazy("what a model did", "ran out of memory"),
}

INPUTS = {
    "empty": _("empty text"),
    "spaces": _("blanks only"),
    "one_letter": _("one letter"),
    "nul": _("NUL character"),
    "lone_surrogate": _("half of a surrogate pair"),
    "not_utf8": _("text that is no UTF-8"),
    "right_to_left": _("reversed direction"),
    "emoji": _("joined emoji"),
    "combining": _("a thousand marks on one letter"),
    "long_text": _("text of 100,000 letters"),
    "one_long_word": _("word of a million letters"),
    "nested": _("10,000 nested brackets"),
    "number": _("a number as text"),
    "nan": _("not a number everywhere"),
    "one_nan": _("one that is not a number"),
    "infinity": _("infinity"),
    "minus_infinity": _("minus infinity"),
    "largest": _("largest number of the type"),
    "smallest": _("smallest number of the type"),
    "tiny": _("smallest number above zero"),
    "zeros": _("zeros"),
    "no_rows": _("no rows"),
    "nothing": _("no input at all"),
    "extra_input": _("an input too many"),
    "missing_input": _("an input missing"),
    "other_rows": _("different numbers of rows"),
    "wrong_type": _("wrong type"),
    "other_precision": _("other precision"),
    "fewer_dimensions": _("a dimension too few"),
    "more_dimensions": _("a dimension too many"),
    "missing_column": _("a column missing"),
    "extra_column": _("a column too many"),
    "no_pixels": _("no pixels"),
}

WAYS = {
    "again": _("Asked again"),
    "batch_of_1": _("One row at a time"),
    "batch_of_8": _("Eight rows at a time"),
    "batch_of_32": _("Thirty-two rows at a time"),
    "reversed": _("In reverse order"),
    "shuffled": _("In another order"),
    "doubled": _("Each row twice"),
    "started_anew": _("Started anew"),
}

WHY = {"no_score": _("the model gives no score that could rise or fall")}

KNOWN_BY = {
    "plan": _("as the audit plan names them"),
    "name": _("as the model names them"),
    "place": _("in the order of the table, because the model names none"),
}

GOES_ON = {True: _("yes"), False: _("no"), None: _("had to be started anew")}

WORDS: Mapping[str, Mapping[Any, Any]] = {
    "relation": RELATIONS,
    "corruption": CORRUPTIONS,
    "outcome": OUTCOMES,
    "input": INPUTS,
    "way": WAYS,
    "why": WHY,
    "goes_on": GOES_ON,
}
"""Parameter -> what it may be -> words."""


def relation_name(relation: str, column: str, expected: str = "") -> str:
    """A change of a column in words; with a direction that is expected, what the answers have to keep."""
    if expected in PROMISES:
        return str(PROMISES[expected]) % {"column": column}
    name = str(RELATIONS.get(relation, relation))
    return f"{name} ({column})" if column else name


def shares_of(params: Mapping[str, Any]) -> dict[str, str]:
    """The shares among the parameters of a finding, in per cent."""
    limit = params.get("fail_at")
    return {name: figures.share(params[name], limit=limit) for name in _SHARES if params.get(name) is not None}


def in_words(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters of a finding about a changed column: the change by name, its shares in per cent."""
    told = {key: str(params.get(key) or "") for key in ("relation", "column", "expected")}
    return {
        **params,
        **shares_of(params),
        "relation": relation_name(told["relation"], told["column"], told["expected"]),
    }
