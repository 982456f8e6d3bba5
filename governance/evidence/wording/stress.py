"""The reasons of a stress audit in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from governance.evidence.wording import stress_inputs as inputs

_TRAIN = _("Look at the cases that turned, train on such inputs or clean them before the model reads them.")
_MORE = _("Bring a table with more texts that the model is right about.")

SENTENCES = {
    "stress.answers_turn": (
        _(
            "%(family)s turn %(k)s of %(n)s right answers, %(value)s (95 %% interval %(ci_low)s to %(ci_high)s);"
            " more than %(fail_at)s fails."
        ),
        _TRAIN,
    ),
    "stress.inconclusive": (
        _(
            "It cannot be told yet whether answers hold under %(family)s: %(k)s of %(n)s right ones turn, %(value)s"
            " (95 %% interval %(ci_low)s to %(ci_high)s); below %(warn_at)s passes, above %(fail_at)s fails."
        ),
        _TRAIN,
    ),
    "stress.crafted_turns": (
        _(
            "Somebody who wants to can turn answers by %(family)s: %(k)s of %(n)s right ones, %(value)s (95 %% interval"
            " %(ci_low)s to %(ci_high)s). That decides nothing here."
        ),
        _("Normalise what the model reads (Unicode NFKC, no invisible characters, one alphabet in a word)."),
    ),
    "stress.too_few": (
        _("%(family)s: the model is right about %(n)s of the texts that change, and %(min_texts)s are needed."),
        _MORE,
    ),
    "stress.not_detectable": (
        _(
            "%(family)s: with %(n)s right answers only a rise by %(mde)s would be seen, and %(fail_at)s is the limit,"
            " so it cannot pass."
        ),
        _MORE,
    ),
    "stress.model_broke": (
        _("The model broke under %(family)s at severity %(at)s: %(failure)s. %(message)s."),
        _("Make the model refuse such an input or answer it; it must not end."),
    ),
    "stress.constant_prediction": (
        _("Every one of %(n)s inputs gets the answer %(prediction)s, so no change could turn it."),
        _("Check that the right output is read, and that the inputs are such as the model is made for."),
    ),
    "stress.nearest_text": (
        _(
            "The model gives vectors and no classes: its answer to a changed text is the nearest, by cosine, of the"
            " %(n)s unchanged ones, and right is the one that the changed text was made of. Labels are not used."
        ),
        _("The more texts there are and the more alike they are, the harder it is: bring those that are searched."),
    ),
    "stress.nothing_right": (
        _("The model is right about none of %(n)s texts, so no right answer could turn."),
        _("Check the labels, and which answer means which label (classes in the audit plan)."),
    ),
    "stress.not_answered": (
        _(
            "%(n)s of %(of)s unchanged texts have no answer and are left out: the model gives something that is no"
            " number, or a vector that is as near to another text."
        ),
        _("Look at what the model gives for them; where it is no number, the model or its conversion is broken."),
    ),
    "stress.bytes_declared": (
        _(
            "That %(file)s belongs to this version is what the person says who brought it; no digest of the version"
            " tells."
        ),
        _("Import the version with the digests of its files, and bring the same bytes."),
    ),
    "stress.answers_given": (
        _(
            "The model was not run here: its %(answers)s answers are what somebody brought. Whether it repeats itself,"
            " what it makes of malformed inputs and how fast it is was not measured."
        ),
        _("Bring the model itself as ONNX or skops, or name its service in the audit plan, to have that measured."),
    ),
    "stress.sampled": (
        _("%(rows)s of %(of)s rows were used, drawn by the seed of the run."),
        _("Ask for more rows in the audit plan (rows) where that matters."),
    ),
    "stress.rows_dropped": (
        _("%(rows)s of %(of)s rows were left out: %(why)s."),
        _("Mend these rows in the table if the reason surprises you, and upload it again."),
    ),
    "stress.kept_case_fails": (
        _("Permanent test %(case)s: “%(text)s” has to be answered %(expected)s, and was answered %(prediction)s."),
        _("Mend the model for it; whoever keeps the use case can drop a test that asks for the wrong thing."),
    ),
    "stress.kept_texts_not_asked": (
        _("%(n)s permanent tests are texts, and the model could not be asked about them: %(why)s."),
        _("Drop the tests, or bring a model that gives classes."),
    ),
    "stress.kept_pictures_not_asked": (
        _("%(n)s permanent tests are pictures, and the model could not be asked about them: %(why)s."),
        _("Say in the audit plan how the model takes pictures (images), or drop the tests."),
    ),
    "stress.functionality_fails": (
        _(
            "%(functionality)s: %(k)s of %(n)s cases of the templates are right, %(value)s (95 %% interval %(ci_low)s"
            " to %(ci_high)s); at least %(threshold)s is needed."
        ),
        _("Look at the cases that went wrong, and mend the model for what they test."),
    ),
    "stress.templates_undecided": (
        _("%(functionality)s: %(n)s cases of the templates are too few to tell, or too close to the limit."),
        _("Write more templates for it; more cases of the same templates say little more."),
    ),
    **inputs.SENTENCES,
}

FAMILIES = {
    "keyboard_typos": _("Keyboard typos"),
    "transpositions": _("Transposed letters"),
    "deletions": _("Missing letters"),
    "doubled_letters": _("Doubled letters"),
    "ocr_confusions": _("Misread characters"),
    "flipped_case": _("Letters in the wrong case"),
    "upper_case": _("Words in capitals"),
    "lower_case": _("Words in small letters"),
    "other_blanks": _("Other blanks"),
    "lost_spaces": _("Lost spaces"),
    "split_words": _("Split words"),
    "added_punctuation": _("More punctuation"),
    "lost_punctuation": _("Lost punctuation"),
    "other_punctuation": _("Other quotes and dashes"),
    "lost_diacritics": _("Lost diacritics"),
    "yo_as_ye": _("ё written as е"),  # noqa: RUF001
    "decomposed_letters": _("Decomposed letters"),
    "homoglyphs": _("Look-alike letters"),
    "invisible_characters": _("Invisible characters"),
    "full_width_letters": _("Full-width letters"),
}

FAILURES = {
    "out_of_time": _("it did not answer in time"),
    "out_of_memory": _("it ran out of memory"),
    "crashed": _("it crashed"),
    "too_much_output": _("it printed without end"),
    "too_many_threads": _("it started too many threads"),
    "wrong_answer": _("it gave no answer that can be read"),
    "model_failed": _("it refused the input with an error"),
}


def in_words(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters whose codes have words."""
    made = dict(params)
    known: dict[str, Mapping[Any, Any]] = {"family": {**FAMILIES, **inputs.FAMILIES}, "failure": FAILURES}
    for name, words in (known | dict(inputs.WORDS)).items():
        if name in params and params[name] in words:
            made[name] = str(words[params[name]])
    if isinstance(params.get("columns"), list):
        made["columns"] = _few(params["columns"], of=params.get("n"))
    if isinstance(params.get("inputs"), str):
        made["inputs"] = ", ".join(str(inputs.INPUTS.get(one, one)) for one in params["inputs"].split(", "))
    if params.get("corruption"):
        return made | inputs.shares_of(params)
    return {**made, **inputs.in_words(made)} if params.get("relation") else made


def _few(names: Sequence[str], *, of: object) -> str:
    """Some names, and how many more there are: a sentence holds no fifty."""
    told = ", ".join(names)
    more = of - len(names) if isinstance(of, int) else 0
    if more <= 0:
        return told
    return ngettext("%(names)s and %(n)s more", "%(names)s and %(n)s more", more) % {"names": told, "n": more}


def family_name(family: str) -> str:
    """A family of changes in words; one that is not known keeps its name."""
    return str(FAMILIES.get(family, family))
