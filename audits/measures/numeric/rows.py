"""Rows whose label and prediction are numbers, in an order that does not depend on the table's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.binary import ColumnEmpty
from audits.measures.cube import MAX_GROUPS, Slices, about_one, checked_weights, require_weight
from audits.measures.figures import counted_groups
from audits.measures.grouped import MAX_DEPTH, MAX_SLICES
from audits.measures.kept_rows import KeptRows, RowKeeper, by_group, numbered
from audits.measures.naming import listed, quoted
from audits.measures.numeric.counted import SHARED, counted
from audits.measures.plan import RANKING, BiasPlan
from audits.measures.tables.chunks import Column
from audits.measures.tables.opening import Table
from audits.measures.tables.refusals import EmptyTable, TableRejected, TooManyValues

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Progress = Callable[[int, int | None], None]


# Skewness takes the cube of a squared error: the sixth power of a number has to be one, over millions of rows.
LARGEST_NUMBER = 1e40


class NumberNotFinite(TableRejected):
    code = "number_not_finite"


class NumberOutOfScale(TableRejected):
    code = "number_out_of_scale"


class NothingToFind(TableRejected):
    code = "nothing_to_find"


class RelevanceNegative(TableRejected):
    code = "relevance_negative"


@dataclass(frozen=True)
class NumericRows:
    """Arrays of shape (rows,), sorted by prediction from low to high, then by everything else that is known.

    ``dropped`` is the number of rows left out by reason. Where texts were counted (see ``counted``), ``label`` and
    ``prediction`` are counts, and ``shared`` is what both have in common.
    """

    label: Floats
    prediction: Floats
    groups: Mapping[str, Column]
    weights: Floats | None
    clusters: Index | None
    dropped: dict[str, int]
    shared: Floats = field(default_factory=lambda: np.zeros(0))

    def __len__(self) -> int:
        return len(self.label)

    def by_group(self, attributes: tuple[str, ...]) -> Iterator[tuple[dict[str, str], Index]]:
        """The groups that some attributes form, sorted by name, with the positions of their rows in rising order."""
        return by_group(self.groups, attributes, rows=len(self))

    def crossings(self) -> Iterator[tuple[str, ...]]:
        """No attribute, each alone, and the intersections that are looked at."""
        names = tuple(self.groups)
        yield ()
        for depth in range(1, (MAX_DEPTH if len(names) <= MAX_DEPTH else 2) + 1):
            yield from combinations(names, depth)

    def largest(self, attributes: tuple[str, ...]) -> list[tuple[dict[str, str], Index]]:
        """The groups, of intersections the largest alone."""
        found = list(self.by_group(attributes)) if attributes else [({}, np.arange(len(self)))]
        if len(attributes) < 2 or len(found) <= MAX_SLICES:
            return found
        kept = sorted(range(len(found)), key=lambda one: -len(found[one][1]))[:MAX_SLICES]
        return [found[one] for one in sorted(kept)]

    def few_clusters(self, wanted: int) -> Iterator[tuple[str, int, int]]:
        """Attributes with a group of fewer than ``wanted`` clusters: the fewest of any, and how many there are."""
        if self.clusters is None:
            return
        many = int(self.clusters.max()) + 1
        for name, column in self.groups.items():
            inside = np.flatnonzero(column.codes >= 0)
            pairs = np.unique(column.codes[inside] * many + self.clusters[inside])
            fewest = np.unique(pairs // many, return_counts=True)[1]
            if len(fewest) and int(fewest.min()) < wanted:
                yield name, int(fewest.min()), many

    def counted(self, plan: BiasPlan) -> list[dict[str, Any]]:
        """How many rows each group has, as in the document of decisions."""
        made = []
        for name, column in self.groups.items():
            cells = np.zeros((len(column.values), 2, 2), dtype=np.int64)
            known = column.codes[column.codes >= 0]
            cells[:, 0, 0] = np.bincount(known, minlength=len(column.values))
            made.append(
                counted_groups(
                    Slices((name,), tuple((value,) for value in column.values), cells),
                    min_group=plan.min_group,
                    suppress_below=plan.suppress_below,
                    listed=True,
                    missing=len(self) - len(known),
                )
            )
        return made


def read_numbers(table: Table, plan: BiasPlan, *, progress: Progress | None = None) -> NumericRows:
    """Read the table once.

    Raises:
        TableRejected: a number is infinite, out of scale or no number, a weight is wrong, a group column has too many
            values, or no row has label, prediction and a group.
    """
    keeper = RowKeeper(
        [*plan.sensitive, *([plan.cluster] if plan.cluster else [])],
        [name for name in (plan.label, plan.prediction, plan.weights, SHARED if plan.of_texts else None) if name],
    )
    for chunk in table.chunks():
        keeper.add(counted(chunk, plan) if plan.of_texts else chunk)
        if progress is not None:
            progress(keeper.rows, max(table.rows_known, keeper.rows))
    if keeper.rows == 0:
        raise EmptyTable("the table has a header and no rows")
    return _usable(keeper.build(), plan)


def _require_scale(values: Floats, *, column: str) -> None:
    """Refuse numbers whose squares and cubes a float cannot hold."""
    largest = float(np.abs(values[~np.isnan(values)]).max(initial=0.0))
    if largest > LARGEST_NUMBER or 0 < largest < 1 / LARGEST_NUMBER:
        raise NumberOutOfScale(
            f"the largest number of column {quoted(column)} has the size {largest:g}, and squares of it would not be "
            f"figures; give it in another unit, so that its size is between {1 / LARGEST_NUMBER:g} and "
            f"{LARGEST_NUMBER:g}"
        )


def _require_numbers(label: Floats, prediction: Floats, plan: BiasPlan) -> None:
    """Refuse what no figure can be made of."""
    for name, values in ((plan.label, label), (plan.prediction, prediction)):
        infinite = int(np.isinf(values).sum())
        if infinite:
            raise NumberNotFinite(
                f"column {quoted(name)} is infinite in {infinite} rows; write the number, or leave the cell empty"
            )
        # of a ranking's scores only the order is used
        if name == plan.label or plan.task != RANKING:
            _require_scale(values, column=name)
    if plan.task == RANKING and bool((label < 0).any()):
        raise RelevanceNegative(
            f"column {quoted(plan.label)} is below 0 in {int((label < 0).sum())} rows; relevance counts from 0, which "
            "is none: add to all of them what makes the least one 0"
        )


def _usable(kept: KeptRows, plan: BiasPlan) -> NumericRows:
    label, prediction = kept.numbers[plan.label], kept.numbers[plan.prediction]
    _require_numbers(label, prediction, plan)
    for name in plan.sensitive:
        values_ = kept.columns[name].values
        if len(values_) > MAX_GROUPS:
            raise TooManyValues(name, MAX_GROUPS, values_)
    weights = checked_weights(kept.numbers[plan.weights], column=plan.weights) if plan.weights else None
    no_label, no_prediction = np.isnan(label), np.isnan(prediction)
    named = np.zeros(len(label), dtype=bool)
    for name in plan.sensitive:
        named |= kept.columns[name].codes >= 0
    used = ~no_label & ~no_prediction & named
    if used.any():
        require_weight(None if weights is None else weights[used], column=plan.weights)
    if weights is not None:
        used &= weights > 0
    chosen = np.flatnonzero(used)
    if not len(chosen):
        columns, what = listed([plan.label, plan.prediction]), "a text" if plan.of_texts else "a number"
        raise ColumnEmpty(f"no row has {what} in each of {columns} and a sensitive value; are they the right columns?")
    if plan.of_texts and not label[chosen].any():
        raise NothingToFind(
            f"no row of column {quoted(plan.label)} has a word, or an entity, that could be found; is it the right one?"
        )
    keys = [kept.columns[name].codes[chosen] for name in plan.sensitive]
    weight_keys = [] if weights is None else [weights[chosen]]
    shared = kept.numbers.get(SHARED)
    shared_keys = [] if shared is None else [shared[chosen]]
    order = chosen[np.lexsort((*shared_keys, *weight_keys, *keys, label[chosen], prediction[chosen]))]
    dropped = {
        "missing_label": int((no_label & ~no_prediction).sum()),
        "missing_prediction": int(no_prediction.sum()),
        "missing_sensitive": int((~no_label & ~no_prediction & ~named).sum()),
    }
    if weights is not None:
        dropped["weight_zero"] = int((~no_label & ~no_prediction & named & (weights <= 0)).sum())
    return NumericRows(
        label=label[order] + 0.0,
        prediction=prediction[order] + 0.0,
        groups={name: Column(kept.columns[name].values, kept.columns[name].codes[order]) for name in plan.sensitive},
        weights=None if weights is None else about_one(weights[order]),
        clusters=numbered(kept.columns[plan.cluster].codes[order]) if plan.cluster else None,
        dropped={why: rows for why, rows in dropped.items() if rows},
        **({} if shared is None else {"shared": shared[order]}),
    )
