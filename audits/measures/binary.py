"""Labels and predictions as yes and no: which of a column's values is the positive one, and which rows are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.cube import Counts, Cube, Slices, marginal
from audits.measures.naming import listed, quoted
from audits.measures.tables.chunks import canonical
from audits.measures.tables.refusals import TableRejected

# Spellings of no and yes that need no explanation. A column has to keep to one pair.
PAIRS = (("0", "1"), ("-1", "1"), ("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"))
_TRUTH = {word: bool(number) for pair in PAIRS for number, word in enumerate(pair)}


class LabelNotBinary(TableRejected):
    code = "label_not_binary"


class PredictionNotBinary(TableRejected):
    code = "prediction_not_binary"


class PositiveNotGiven(TableRejected):
    code = "positive_not_given"


class PositiveNotFound(TableRejected):
    code = "positive_not_found"


class ColumnEmpty(TableRejected):
    code = "column_empty"


class LabelOneClass(TableRejected):
    code = "label_one_class"


def positive_values(
    *, label: str, labels: Sequence[str], prediction: str, predictions: Sequence[str], positive: str | None
) -> tuple[frozenset[str], frozenset[str]]:
    """Which values of the label and of the prediction mean "positive".

    Args:
        label, prediction: names of the columns, for messages.
        labels, predictions: the different values found in them (canonical, without "missing").
        positive: the positive value as asked for, or None to recognise 0/1, true/false, yes/no and the like.

    Returns:
        The positive values of the label and of the prediction; empty where the column never says "positive".

    Raises:
        TableRejected: a column is empty, has more than two values, or it is not clear which value is positive.
    """
    for name, values in ((label, labels), (prediction, predictions)):
        if not values:
            raise ColumnEmpty(f"column {quoted(name)} is empty in every row; is it the right column?")
    if len(labels) > 2:
        raise LabelNotBinary(
            f"the label {quoted(label)} has {len(labels)} different values ({listed(labels)}); "
            "make a column with two: the wanted outcome and everything else"
        )
    if len(predictions) > 2:
        raise PredictionNotBinary(
            f"the prediction {quoted(prediction)} has {len(predictions)} different values ({listed(predictions)}); "
            "give the column of decisions, not of scores"
        )
    if positive is None:
        return _recognised(label, labels), _recognised(prediction, predictions)
    wanted = canonical(positive, column="positive") or ""
    return (
        _asked_for(wanted, label, labels, other=predictions),
        _asked_for(wanted, prediction, predictions, other=labels),
    )


def _recognised(name: str, values: Sequence[str]) -> frozenset[str]:
    folded = {value.lower(): value for value in values}
    if len(folded) == len(values) and any(set(folded) <= set(pair) for pair in PAIRS):
        return frozenset(value for word, value in folded.items() if _TRUTH[word])
    raise PositiveNotGiven(
        f"column {quoted(name)} holds {listed(values)}; say which of them is the positive one (positive)"
    )


def _asked_for(wanted: str, name: str, values: Sequence[str], *, other: Sequence[str]) -> frozenset[str]:
    if wanted in values:
        return frozenset({wanted})
    # "1" asked for, and this column says true and false
    if wanted.lower() in _TRUTH and any({value.lower() for value in values} <= set(pair) for pair in PAIRS):
        return frozenset(value for value in values if _TRUTH[value.lower()] == _TRUTH[wanted.lower()])
    # the other column knows the value, and this one only ever says the opposite
    if wanted in other and set(values) <= set(other):
        return frozenset()
    raise PositiveNotFound(f"column {quoted(name)} never says {quoted(wanted)}; it holds {listed(values)}")


@dataclass(frozen=True)
class Confusion:
    """The rows that can be judged, and what is known of the rows that cannot.

    ``used`` is a cube over the sensitive attributes with [label, prediction] as last axes, both of length 2.
    ``lost`` counts, with the sensitive axes only, the rows whose label or prediction is missing; ``nameless`` the
    [label, prediction] of rows that name no group of any attribute. ``dropped`` is the number of rows left out by
    reason; ``rows_used`` plus all of ``dropped`` are the rows of the table.
    """

    used: Cube
    lost: Counts
    nameless: Counts
    rows_used: int
    dropped: dict[str, int]

    def slices(self, attributes: Sequence[str]) -> Slices:
        """Confusion counts of the groups that ``attributes`` form."""
        return marginal(self.used, attributes)

    def lost_of(self, attribute: str) -> tuple[Counts, int]:
        """Rows without label or prediction in each group of one attribute, and in none of its groups."""
        axis = self.used.axis(attribute)
        others = tuple(other for other in range(self.lost.ndim) if other != axis)
        counts = self.lost.sum(axis=others)
        return counts[:-1], int(counts[-1])

    def unknown_of(self, attribute: str) -> Counts:
        """[label, prediction] counts of the rows that name no group of one attribute, shape (2, 2)."""
        counts = np.moveaxis(self.used.counts, self.used.axis(attribute), 0)[-1]
        total: Counts = counts.sum(axis=tuple(range(counts.ndim - 2))) + self.nameless
        return total


def confusion(cube: Cube, *, label: str, prediction: str, positive: str | None) -> Confusion:
    """Resolve the last two axes of ``cube`` (label, prediction) to no and yes.

    Raises:
        TableRejected: see ``positive_values``; or no row is left, or the label has one class only.
    """
    labels, predictions = cube.names(label), cube.names(prediction)
    positives = positive_values(
        label=label, labels=labels, prediction=prediction, predictions=predictions, positive=positive
    )
    made = against_rest(cube, label=label, prediction=prediction, positives=positives)
    _check_classes(made.used.counts, label=label, prediction=prediction)
    return made


def against_rest(
    cube: Cube, *, label: str, prediction: str, positives: tuple[frozenset[str], frozenset[str]]
) -> Confusion:
    """Resolve the last two axes of ``cube`` to "one of these values" and "any other".

    Args:
        cube: with the axes ``label`` and ``prediction`` last.
        positives: the values of the label and of the prediction that count as positive.
    """
    labels, predictions = cube.names(label), cube.names(prediction)
    counts = _three_by_three(cube.counts, labels, predictions, positives)
    sums = {
        name: None if cells is None else _three_by_three(cells, labels, predictions, positives)
        for name, cells in (("weights", cube.weights), ("squares", cube.squares))
    }
    lost = counts.sum(axis=(-1, -2)) - counts[..., :2, :2].sum(axis=(-1, -2))
    nowhere = (-1,) * lost.ndim
    nameless = counts[nowhere][:2, :2].copy()
    dropped = {
        "missing_label": int(counts[..., 2, :2].sum()),
        "missing_prediction": int(counts[..., :, 2].sum()),
        "missing_sensitive": int(nameless.sum()),
    }
    for cells in (counts, *sums.values()):
        if cells is not None:
            cells[nowhere] = 0
    used = counts[..., :2, :2]
    binary = {name: None if cells is None else cells[..., :2, :2] for name, cells in sums.items()}
    return Confusion(
        used=replace(cube, counts=used, weights=binary["weights"], squares=binary["squares"]),
        lost=lost,
        nameless=nameless,
        rows_used=int(used.sum()),
        dropped={why: rows for why, rows in dropped.items() if rows},
    )


def _check_classes(used: Counts, *, label: str, prediction: str) -> None:
    if not used.any():
        raise ColumnEmpty(
            f"no row has {quoted(label)}, {quoted(prediction)} and a sensitive value; is each the right column?"
        )
    classes = used.sum(axis=(*range(used.ndim - 2), -1))
    if not classes.all():
        only = "positive" if classes[1] else "negative"
        raise LabelOneClass(
            f"every label in {quoted(label)} is {only}, so error rates cannot be measured; "
            "add rows with the other outcome, or name the right column"
        )


def _three_by_three(
    cells: npt.NDArray[Any],
    labels: Sequence[str],
    predictions: Sequence[str],
    positives: tuple[frozenset[str], frozenset[str]],
) -> npt.NDArray[Any]:
    """Sum the last two axes (values..., missing) to (negative, positive, missing)."""
    summed = cells
    for axis, values, positive in ((-2, labels, positives[0]), (-1, predictions, positives[1])):
        codes = [int(value in positive) for value in values]
        parts = [
            np.take(summed, [number for number, code in enumerate(codes) if code == wanted], axis=axis).sum(axis=axis)
            for wanted in (0, 1)
        ]
        summed = np.stack([*parts, np.take(summed, -1, axis=axis)], axis=axis)
    return summed
