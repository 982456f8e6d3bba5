"""Stress over a table of answers: which texts a model has to be asked somewhere else, and the audit of what it said.

The texts are changed here once more by the same seed, and each is looked up: nobody chooses easier changes than the
audit's, and a text without an answer ends it. What no table can tell is left out and said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.adapters.answered import KIND, Answered
from audits.measures.naming import quoted
from audits.measures.stress.corpus import corpus_of
from audits.measures.stress.families import FAMILIES, at_severities
from audits.measures.stress.plan import StressPlan
from audits.measures.stress.reasons import reason
from audits.measures.suites.making import HEAD, cases_of, templates_from
from audits.measures.tables.loading import Loaded
from audits.stress import kept_cases, templates, texts
from audits.stress.subject import StressRefused

# A model that is asked about each text once says nothing of how it repeats itself, breaks or holds out.
PARTS = (texts.PART, templates.PART, kept_cases.PART)
# Columns of the table besides texts and labels. Severity 0 marks the texts as they are.
FAMILY, SEVERITY, PREDICTION = "family", "severity", "prediction"

Rows = npt.NDArray[np.int64]


def column_of(reference: str) -> str | None:
    """The column of answers that ``answers:COLUMN`` names; None for another reference."""
    kind, _, column = reference.partition(":")
    return (column or PREDICTION) if kind == KIND else None


def questions(table: Loaded, plan: StressPlan, rows: Rows, *, seed: int) -> Iterator[dict[str, Any]]:
    """What the model has to be asked: the texts as they are, row by row, then every other text once.

    Args:
        rows: which rows of the table are used, rising.

    Yields:
        ``text``, ``label`` (None where there is none), ``family``, ``severity``.

    Raises:
        StressRefused: there is no column of texts.
    """
    if plan.text not in table.names:
        raise StressRefused("text_missing", f"the table has no column {quoted(plan.text)}; name the one with the texts")
    label = plan.label or ("label" if "label" in table.names and plan.text != "label" else None)
    if label is not None and label not in table.names:
        raise StressRefused("label_missing", f"the table has no column {quoted(label)} with the right answers")
    whole = table.raw_texts(plan.text).to_pylist()
    labels = [None] * table.rows if label is None else table.texts(label).to_pylist()
    plain = [whole[row] or "" for row in rows.tolist()]
    for row, text in zip(rows.tolist(), plain, strict=True):
        yield {"text": text, "label": labels[row], FAMILY: "", SEVERITY: 0}
    asked = set(plain)
    for text, family, severity in _others(plain, plan, seed):
        if text not in asked:
            asked.add(text)
            yield {"text": text, "label": None, FAMILY: family, SEVERITY: severity}


def _others(plain: list[str], plan: StressPlan, seed: int) -> Iterator[tuple[str, str, int]]:
    corpus = corpus_of(plain)
    for family in plan.families or tuple(FAMILIES):
        for severity, changed in at_severities(FAMILIES[family], corpus, plan.severities, seed=seed).items():
            for text in changed.texts():
                yield text, family, severity
    if templates.NAME in plan.parts:
        for case in cases_of(templates_from(plan.parts[templates.NAME])):
            yield case[HEAD.index("test_case")], templates.NAME, 1


def answered(table: Loaded, plan: StressPlan, column: str) -> tuple[Answered, dict[str, Any]]:
    """The answers of a table, and what ``running.stress`` is told besides: which parts they can be asked, which rows
    are the texts as they are, and the reason that says what a table leaves open.

    Raises:
        StressRefused: a column is missing, or no text is there as it is.
        AnswersMissing: one text has two answers.
    """
    for name in (plan.text, column, SEVERITY):
        if name not in table.names:
            raise StressRefused(
                "answers_column_missing", f"the table of answers has no column {quoted(name)}; make it with make_stress"
            )
    adapter = Answered(table.raw_texts(plan.text).to_pylist(), table.texts(column).to_pylist())
    severities = table.texts(SEVERITY).to_pylist()
    rows = np.flatnonzero(np.array([one in (None, "0") for one in severities], dtype=bool)).astype(np.int64)
    if not len(rows):
        raise StressRefused(
            "answers_without_texts", f"no row has the severity 0 ({quoted(SEVERITY)}): none is a text as it is"
        )
    left_open = reason("stress.answers_given", answers=len(adapter.answers))
    return adapter, {"parts": PARTS, "among": rows, "reasons": [left_open]}
