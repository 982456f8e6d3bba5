"""Why evidence cannot be taken or an audit asked for, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audits.measures.naming import quoted

MOST_NAMES = 20


def refusal_text(code: str, params: Mapping[str, Any]) -> str:
    """A refusal as a sentence that says how to mend it; "" for a code that has none here."""
    if code == "column_missing":
        missing = params["missing"]
        return ngettext(
            "The table has no column %(missing)s, which the audit reads; it has %(there)s. Rename its columns, or have"
            " a risk officer change the audit plan.",
            "The table has no columns %(missing)s, which the audit reads; it has %(there)s. Rename its columns, or have"
            " a risk officer change the audit plan.",
            len(missing),
        ) % {"missing": _listed(missing), "there": _listed(params["there"])}
    if code == "upload_too_large":
        return _("The file is larger than %(limit)s MB. Send a smaller one.") % {"limit": params["limit"]}
    return {
        "upload_empty": _("The file is empty. Send one with content."),
        "audit_plan_missing": _("The audit plan says nothing of this audit. A risk officer writes what is measured."),
        "features_missing": _("The audit plan names no features to learn from. A risk officer adds them (features)."),
        "metrics_missing": _("The audit plan names no metrics of your own. A risk officer adds them (metrics)."),
        "files_missing": _("No files of the version are attached yet."),
        "stress_inputs_missing": _("No table of inputs to stress the model with is attached yet."),
        "model_not_of_version": _(
            "The attached model is none of the version’s files by its digest. Bring the file that belongs to it, or"
            " import the folder with this file as a new version (manage.py import_card FOLDER --id … --keep-files)."
        ),
        "question_empty": _("Write at least one text or one row."),
        "question_too_long": _("A trial has at most 50 rows and 20,000 characters. Audit a table instead."),
        "question_odd": _("A row is a text, or texts and finite numbers with commas between."),
        "picture_odd": _("The file is no PNG, JPEG, WebP, BMP or GIF. Choose a picture in one of these formats."),
        "picture_too_large": _("A picture has at most 4 MB. Choose a smaller one."),
        "pictures_unfit": _("Pictures go to models in ONNX alone; this one takes texts or rows."),
        "sound_odd": _("The file is no WAV. Choose a sound that is stored as one, in PCM or float."),
        "sound_too_large": _("A sound has at most 4 MB. Choose a shorter one, or store it at a lower rate."),
        "sounds_unfit": _("Sounds go to models in ONNX alone; this one takes texts or rows."),
        "too_many_trials": _("Three of your trials wait for an answer. Look at these first."),
        "model_missing": _("No file of the version that can be run is at hand. Bring the model (ONNX or skops)."),
        "model_unclear": _("Several models are at hand. Choose one."),
        "case_unstorable": _(
            "A permanent test holds no NUL character and no half of a character. Keep it in a suite instead."
        ),
        "case_unfit": _(
            "A permanent test is a text of at most 100,000 bytes or a picture, with an answer of 1 to 200 characters."
            " Keep a row of features or a sound as evidence instead."
        ),
        "cases_too_many": _("There are as many permanent tests as an audit asks. Have one dropped first."),
        "case_of_vectors": _("The model gives vectors. A permanent test needs a model that gives classes."),
        "case_unknown": _("The run has no case of that name that can be kept."),
        "trial_erased": _("What was asked and answered was erased since. Ask again, then keep it."),
        "no_trial": _("Only a trial that has come to its end can be kept, and of its rows those that there are."),
        "not_a_trier": _("You only read here; submitters and reviewers of the team try models."),
        "not_submitter": _("Only a submitter of the team can bring evidence."),
        "not_an_asker": _("You read here; somebody who submits, reviews or approves can ask for audits."),
    }.get(code, "")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(quoted(name) for name in names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return f"{shown}, {_('%(n)s more') % {'n': more}}" if more > 0 else shown
