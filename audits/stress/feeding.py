"""From a table to what a model takes: of columns, and whatever else parts that need any input ask about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audits.adapters.predicting import Predictions
from audits.adapters.signature import Signature, Tensor
from audits.adapters.tensors import NUMBERS, TEXT, Array, Batch
from audits.measures.naming import listed, quoted
from audits.measures.stress.answers import Answers, Words
from audits.measures.stress.tabular.changing import Frame, is_text
from audits.measures.stress.tabular.plan import TabularPlan, tabular_plan_from
from audits.stress import pictures
from audits.stress.answers import Names, answers_of, output_of
from audits.stress.subject import StressRefused, Subject
from audits.stress.texts import as_input, labels_of, text_input, used

NAME = "tabular"


class NotSayable(Exception):
    """A value that the type of the model's input has not: nan among whole numbers."""


def tabular_plan(subject: Subject) -> TabularPlan:
    """What the plan says of columns; nothing where it says nothing."""
    return tabular_plan_from(subject.plan.parts.get(NAME, {}))


def columns_of(subject: Subject) -> tuple[str, ...] | None:
    """The columns of the table that the model takes, in its order; None where it takes no columns.

    Raises:
        StressRefused: the plan names columns that the table has not, or not as many as the model takes.
    """
    signature, plan, table = subject.signature, tabular_plan(subject), subject.table
    if text_input(signature) is not None and not plan.columns:
        return None
    matrix = _matrix(signature)
    single = all(_is_column(one) for one in signature.inputs)
    names = plan.columns or (() if matrix is not None else tuple(one.name for one in signature.inputs))
    if not names or not (matrix is not None or single):
        return None
    missing = [name for name in names if name not in table.names]
    if missing and not plan.columns:
        return None
    if missing:
        raise StressRefused("column_missing", f"the table has no column {listed(missing)} (tabular.columns)")
    wanted = len(signature.inputs) if matrix is None else matrix.shape[1]
    if wanted is not None and wanted != len(names):
        raise StressRefused(
            "columns_wrong", f"the model takes {wanted} columns, the audit plan names {len(names)} (tabular.columns)"
        )
    return names


def _matrix(signature: Signature) -> Tensor | None:
    """The one input that takes all columns together."""
    if len(signature.inputs) != 1:
        return None
    (one,) = signature.inputs
    return one if len(one.shape) == 2 and one.dtype != TEXT and one.shape[1] != 1 else None


def _is_column(one: Tensor) -> bool:
    return len(one.shape) == 1 or (len(one.shape) == 2 and one.shape[1] in (1, None))


def frame_of(subject: Subject) -> Frame | None:
    """The rows that are used, by column: numbers where the model takes numbers, texts where it takes texts.

    Raises:
        StressRefused: a column holds texts and the model takes numbers there.
    """
    names = columns_of(subject)
    if names is None:
        return None
    frame: dict[str, Array] = {}
    for name, takes in zip(names, _takes(subject.signature, len(names)), strict=True):
        if takes == TEXT:
            cells = subject.table.texts(name).to_pylist()
            frame[name] = np.array([cells[row] or "" for row in subject.rows.tolist()], dtype=object)
            continue
        numbers = subject.table.numbers(name)
        if numbers is None:
            raise StressRefused(
                "column_of_texts", f"the model takes numbers in {quoted(name)}, and the table has something else there"
            )
        frame[name] = numbers[subject.rows]
    return frame


def _takes(signature: Signature, columns: int) -> Sequence[str]:
    matrix = _matrix(signature)
    return [one.dtype for one in signature.inputs] if matrix is None else [matrix.dtype] * columns


def as_batch(frame: Frame, signature: Signature) -> Batch:
    """Columns as the model takes them.

    Raises:
        NotSayable: a number that the type of the input has not.
    """
    matrix = _matrix(signature)
    if matrix is not None:
        return {matrix.name: _typed(np.column_stack(list(frame.values())), matrix.dtype)}
    made = {}
    for one, column in zip(signature.inputs, frame.values(), strict=True):
        array = column if is_text(column) else _typed(column, one.dtype)
        made[one.name] = array if len(one.shape) == 1 else array.reshape(-1, 1)
    return made


def _typed(numbers: Array, dtype: str) -> Array:
    if dtype in NUMBERS:
        limits = (0.0, 1.0) if dtype == "bool" else (float(np.iinfo(dtype).min), float(np.iinfo(dtype).max))
        if not (np.isfinite(numbers) & (numbers >= limits[0]) & (numbers <= limits[1])).all():
            raise NotSayable(f"{dtype} has no such number")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(numbers.astype(dtype))


def answers_from(found: Predictions, subject: Subject) -> Answers:
    """What the model said, with the score of the second of two classes where it gives one.

    A row whose numbers are not all finite has no answer.
    """
    words = np.array(answers_of(found, subject.signature, subject.plan), dtype=object)
    answered = np.ones(len(words), dtype=bool)
    score = None
    for array in found.outputs.values():
        if array.dtype.kind == "f":
            flat = np.asarray(array, dtype=float).reshape(len(words), -1)
            answered &= np.isfinite(flat).all(axis=1)
            if score is None and flat.shape[1] <= 2 and array.ndim <= 2:
                score = np.where(answered, flat[:, -1], np.nan)
    return Answers(words, score, answered, np.zeros(len(words), dtype=bool))


def nobody(rows: int, *, refused: bool) -> Answers:
    """No answer to any of some rows."""
    words = np.full(rows, "", dtype=object)
    return Answers(words, np.full(rows, np.nan), np.zeros(rows, dtype=bool), np.full(rows, refused))


def gives_numbers(subject: Subject) -> bool:
    """Whether an answer of the model is a number and no class: then another number is no other answer."""
    name = output_of(subject.signature, subject.plan)
    (one,) = [one for one in subject.signature.outputs if one.name == name]
    return one.dtype.startswith("float") and (len(one.shape) == 1 or one.shape[-1] == 1)


def truth_of(subject: Subject, clean: Answers) -> Words | None:
    """The right answers as texts, None for a row without one; None where there are no labels.

    Raises:
        StressRefused: no label equals any answer: the wrong column, or other names for the same classes.
    """
    names = Names()
    codes = labels_of(subject, names)
    if codes is None:
        return None
    named = np.array([*names.named(), None], dtype=object)
    truth: Words = named[codes]
    labels, said = set(truth.tolist()) - {None}, set(clean.words[clean.answered].tolist())
    if labels and said and not labels & said:
        raise StressRefused(
            "labels_do_not_match",
            f"the model answers {listed(sorted(said)[:5])}, the table's labels are {listed(sorted(labels)[:5])}; say in"
            " the audit plan which is which (classes)",
        )
    return truth


def any_inputs(subject: Subject) -> Batch | None:
    """The used rows as the model takes them, whatever it takes; None where the table has nothing that fits."""
    if "any" not in subject.made:
        subject.made["any"] = _any_inputs(subject)
    found: Batch | None = subject.made["any"]
    return found


def _any_inputs(subject: Subject) -> Batch | None:
    if pictures.asked_for(subject):
        return pictures.as_batch(pictures.images_of(subject), subject)
    takes: Any = text_input(subject.signature)
    if takes is not None and subject.plan.text in subject.table.names:
        return as_input(used(subject), takes)
    frame = frame_of(subject)
    if frame is None:
        return None
    try:
        return as_batch(frame, subject.signature)
    except NotSayable as odd:
        raise StressRefused("column_wrong", f"the table holds what the model cannot be told: {odd}") from odd


def rows_of(batch: Batch, rows: Any) -> Batch:
    """Some rows of a batch."""
    return {name: array[rows] for name, array in batch.items()}
