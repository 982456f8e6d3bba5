"""From a table to what a model takes: of columns, and whatever else parts that need any input ask about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audits.adapters.predicting import Predictions
from audits.adapters.tensors import NUMBERS, TEXT, Array, Batch
from audits.measures.naming import listed, quoted
from audits.measures.stress.answers import Answers, Words
from audits.measures.stress.tabular.changing import Frame, is_text
from audits.stress import pictures
from audits.stress.answers import Names, answered, answers_of, output_of
from audits.stress.columns import matched, matrix_of
from audits.stress.subject import StressRefused, Subject
from audits.stress.texts import as_input, labels_of, text_input, used


class NotSayable(Exception):
    """A value that the type of the model's input has not: nan among whole numbers."""


def frame_of(subject: Subject) -> Frame | None:
    """The rows that are used, by column: numbers where the model takes numbers, texts where it takes texts.

    Raises:
        StressRefused: a column holds texts and the model takes numbers there.
    """
    columns = matched(subject)
    if columns is None:
        return None
    names = columns.names
    frame: dict[str, Array] = {}
    for name, takes in zip(names, _takes(subject, len(names)), strict=True):
        if takes == TEXT:
            cells = subject.table.texts(name).to_pylist()
            frame[name] = np.array([cells[row] or "" for row in subject.rows.tolist()], dtype=object)
            continue
        numbers = subject.table.numbers(name)
        if numbers is None:
            raise StressRefused(
                "column_of_texts",
                f"the model takes numbers in {quoted(name)}, and the table has something else there; one that takes"
                " texts and numbers is brought as ONNX with an input for each column",
            )
        frame[name] = numbers[subject.rows]
    return frame


def _takes(subject: Subject, columns: int) -> Sequence[str]:
    matrix = matrix_of(subject)
    return [one.dtype for one in subject.signature.inputs] if matrix is None else [matrix.dtype] * columns


def as_batch(frame: Frame, subject: Subject) -> Batch:
    """Columns as the model takes them.

    Raises:
        NotSayable: a number that the type of the input has not.
    """
    matrix = matrix_of(subject)
    if matrix is not None:
        return {matrix.name: _typed(np.column_stack(list(frame.values())), matrix.dtype)}
    made = {}
    for one, column in zip(subject.signature.inputs, frame.values(), strict=True):
        array = column if is_text(column) else _typed(column, one.dtype)
        made[one.name] = array if len(one.shape) == 1 else array.reshape(-1, 1)
    return made


def as_told(frame: Frame, subject: Subject) -> Frame:
    """The same rows with numbers as the types of the inputs hold them; a number that none of these has stays."""
    takes = _takes(subject, len(frame))
    return {
        name: column if is_text(column) else _held(column, dtype)
        for (name, column), dtype in zip(frame.items(), takes, strict=True)
    }


def _held(column: Array, dtype: str) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        held = column.astype(dtype).astype(column.dtype)
    return held if dtype not in NUMBERS else np.where(np.isfinite(column), held, column)


def _typed(numbers: Array, dtype: str) -> Array:
    if dtype in NUMBERS:
        limits = (0.0, 1.0) if dtype == "bool" else (float(np.iinfo(dtype).min), float(np.iinfo(dtype).max))
        if not (np.isfinite(numbers) & (numbers >= limits[0]) & (numbers <= limits[1])).all():
            raise NotSayable(f"{dtype} has no such number")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(numbers.astype(dtype))


def answers_from(found: Predictions, subject: Subject) -> Answers:
    """What the model said, with the score of the second of two classes where it gives one; of a model that answers
    with a number, this number.

    A row whose numbers are not all finite has no answer.
    """
    own = output_of(subject.signature, subject.plan) if gives_numbers(subject) else None
    words = np.array(answers_of(found, subject.signature, subject.plan), dtype=object)
    has_answer = answered(found)
    score = None
    for name, array in found.outputs.items():
        if array.dtype.kind == "f":
            flat = np.asarray(array, dtype=float).reshape(len(words), -1)
            if score is None and flat.shape[1] <= 2 and array.ndim <= 2 and own in (None, name):
                score = np.where(has_answer, flat[:, -1], np.nan)
    return Answers(words, score, has_answer, np.zeros(len(words), dtype=bool))


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
        return as_batch(frame, subject)
    except NotSayable as odd:
        raise StressRefused("column_wrong", f"the table holds what the model cannot be told: {odd}") from odd


def rows_of(batch: Batch, rows: Any) -> Batch:
    """Some rows of a batch."""
    return {name: array[rows] for name, array in batch.items()}
