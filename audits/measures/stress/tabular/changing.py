"""Rows of a table, changed in ways of which one knows what they should do to an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.naming import quoted
from audits.measures.plan_values import PlanRejected
from audits.measures.stress.answers import ANY, NOT_HIGHER, NOT_LOWER, SAME, Flags
from audits.measures.stress.tabular.plan import INCREASING, TabularPlan

Column = npt.NDArray[Any]
Frame = Mapping[str, Column]

SEVERITIES = (1, 2, 3, 4, 5)
# Of the error of measurement at each severity: at the highest all of it.
NOISE_SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
# How far a column is moved in a direction, in ranges between its first and third quarter.
MONOTONE_STEPS = (0.1, 0.25, 0.5, 1.0, 2.0)
# How far beyond its own range a number is sent, in ranges.
BEYOND = (1, 10)
UNSEEN = "never seen before"
# Of a very wide table the first so many columns are changed one by one; noise is of all.
MOST_ONE_BY_ONE = 100
# what relations there are, and whether a failure counts against the model
GATING = ("noise", "irrelevant", "monotone", "renamed")
INFORMATIVE = ("spelling", "unit", "missing", "above_range", "below_range", "unseen")


@dataclass(frozen=True)
class Change:
    """One change of all rows.

    Attributes:
        relation: one of ``GATING`` or ``INFORMATIVE``.
        column: that is changed; empty where many are at once.
        severity: 1 to 5, or 1 where there is one only.
        expected: see ``answers.failures``.
        frame: the changed rows.
        rows: shape (n,), which of them differ from what they were.
    """

    relation: str
    column: str
    severity: int
    draw: int
    expected: str
    frame: Frame
    rows: Flags


def changes(frame: Frame, plan: TabularPlan, *, seed: int) -> Iterator[Change]:
    """All changes that the columns and what the plan says of them give reason for, in a fixed order.

    Args:
        frame: columns by name, all of one length: numbers (float64, nan where none is known) or texts (objects).
        seed: the same one makes the same changes.

    Raises:
        PlanRejected: a column of the plan is not in the frame, or is of texts where numbers are meant, or the reverse.
    """
    _require(frame, plan)
    yield from _noise(frame, plan, seed)
    for name in plan.irrelevant:
        for draw in range(plan.draws):
            order = _random(seed, "irrelevant", name, draw).permutation(len(frame[name]))
            yield _one("irrelevant", frame, name, frame[name][order], SAME, draw=draw)
    for name, direction in plan.monotone.items():
        expected = NOT_LOWER if direction == INCREASING else NOT_HIGHER
        spread = _spread(frame[name])
        for severity, step in zip(SEVERITIES, MONOTONE_STEPS, strict=True):
            moved = frame[name] + (max(1.0, round(step * spread)) if whole(frame[name]) else step * spread)
            yield _one("monotone", frame, name, moved, expected, severity=severity)
    for name, words in plan.renames.items():
        renamed = _mapped(frame[name], words)
        yield _one("renamed", frame, name, renamed, SAME)
    for name, factor in plan.units.items():
        yield _one("unit", frame, name, frame[name] * factor, ANY)
    for name, column in islice(frame.items(), MOST_ONE_BY_ONE):
        yield from _of_column(frame, name, column)


def _of_column(frame: Frame, name: str, column: Column) -> Iterator[Change]:
    """What is asked of every column, for information: nobody said what the answer should be."""
    if is_text(column):
        texts = column.tolist()
        spellings = [text.lower() for text in texts], [text.upper() for text in texts], [f" {text} " for text in texts]
        for draw, spelled in enumerate(spellings):
            yield _one("spelling", frame, name, np.array(spelled, dtype=object), ANY, draw=draw)
        yield _one("missing", frame, name, np.full(len(column), "", dtype=object), ANY)
        yield _one("unseen", frame, name, np.full(len(column), UNSEEN, dtype=object), ANY)
        return
    yield _one("missing", frame, name, np.full(len(column), np.nan), ANY)
    known = column[np.isfinite(column)]
    if len(known) == 0:
        return
    low, high = float(known.min()), float(known.max())
    width = (high - low) or max(abs(high), 1.0)
    for severity, times in enumerate(BEYOND, 1):
        above, below = (np.full(len(column), end) for end in (high + times * width, low - times * width))
        yield _one("above_range", frame, name, above, ANY, severity=severity)
        yield _one("below_range", frame, name, below, ANY, severity=severity)


def _noise(frame: Frame, plan: TabularPlan, seed: int) -> Iterator[Change]:
    """All numbers that are measured, at once, each within its error."""
    noisy = [name for name, column in frame.items() if measured(column) or name in plan.errors]
    if not noisy:
        return
    for severity, share in zip(SEVERITIES, NOISE_SHARES, strict=True):
        for draw in range(plan.draws):
            made, touched = dict(frame), np.zeros(_length(frame), dtype=bool)
            for name in noisy:
                column = frame[name]
                error = share * plan.errors.get(name, plan.error)
                # the same draws at every severity: a curve over them is of the strength alone
                drawn = _random(seed, "noise", name, draw).uniform(-1, 1, len(column))
                changed = column * (1 + error * drawn)
                made[name] = np.round(changed) if whole(column) else changed
                touched |= _differ(column, made[name])
            yield Change("noise", "", severity, draw, SAME, made, touched)


def _one(
    relation: str, frame: Frame, name: str, column: Column, expected: str, *, severity: int = 1, draw: int = 0
) -> Change:
    return Change(relation, name, severity, draw, expected, {**frame, name: column}, _differ(frame[name], column))


def differing(frame: Frame, other: Frame) -> Flags:
    """Rows that are not the same in two frames of the same columns, shape (n,)."""
    found = np.zeros(_length(frame), dtype=bool)
    for name, column in frame.items():
        if other[name] is not column:
            found |= _differ(column, other[name])
    return found


def _differ(column: Column, other: Column) -> Flags:
    if is_text(column):
        return np.asarray(column != other, dtype=bool)
    differ: Flags = (column != other) & ~(np.isnan(column) & np.isnan(other))
    return differ


def is_text(column: Column) -> bool:
    return column.dtype.kind in "OU"


def whole(column: Column) -> bool:
    """Whether a column holds whole numbers only: years, counts, codes."""
    known = column[np.isfinite(column)]
    return len(known) > 0 and bool((known == np.round(known)).all())


def measured(column: Column) -> bool:
    """Whether a column is of numbers that somebody may have measured: more than two different ones.

    A column of two numbers is a yes or no.
    """
    return not is_text(column) and len(np.unique(column[np.isfinite(column)])) > 2


def _spread(column: Column) -> float:
    """From the first to the third quarter of a column; its standard deviation where these are one number."""
    known = column[np.isfinite(column)]
    if len(known) == 0:
        return 1.0
    first, third = np.quantile(known, [0.25, 0.75])
    return float(third - first) or float(known.std()) or 1.0


def _mapped(column: Column, words: Mapping[str, str]) -> Column:
    return np.array([words.get(text, text) for text in column.tolist()], dtype=object)


def _random(seed: int, relation: str, name: str, draw: int) -> np.random.Generator:
    """Drawn anew for each change, so that one more column leaves the others as they were."""
    return np.random.default_rng([seed, draw, *relation.encode(), 0, *name.encode("utf-8", "surrogatepass")])


def _length(frame: Frame) -> int:
    return len(next(iter(frame.values())))


def _require(frame: Frame, plan: TabularPlan) -> None:
    of_numbers, of_texts = (*plan.errors, *plan.units, *plan.monotone), tuple(plan.renames)
    for name in (*of_numbers, *of_texts, *plan.irrelevant):
        if name not in frame:
            raise PlanRejected("column_unknown", f"the plan names {quoted(name)}, which is no column of the model's")
    for name in of_numbers:
        if is_text(frame[name]):
            raise PlanRejected(
                "column_of_texts", f"{quoted(name)} holds texts; errors, units and monotone are of numbers"
            )
    for name in of_texts:
        if not is_text(frame[name]):
            raise PlanRejected("column_of_numbers", f"{quoted(name)} holds numbers; only categories are renamed")
