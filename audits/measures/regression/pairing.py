"""Rows of two tables side by side: the same people judged twice, or two samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.binary import positive_values
from audits.measures.kept_rows import KeptRows, numbered
from audits.measures.plan import BiasPlan
from audits.measures.tables.chunks import Column
from audits.measures.tables.features import Feature

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BY_ID, BY_POSITION = "row_id", "position"


@dataclass(frozen=True)
class Judged:
    """The rows of one table that can be compared.

    ``groups`` are sensitive columns with -1 for "missing"; ``weights`` None means that each row counts once;
    ``clusters`` None that each row stands alone.
    """

    label: Flags
    prediction: Flags
    groups: dict[str, Column]
    weights: Floats | None
    clusters: Codes | None = None

    def __len__(self) -> int:
        return len(self.label)

    @property
    def right(self) -> Flags:
        """Where the prediction is the label."""
        right: Flags = self.label == self.prediction
        return right

    def take(self, rows: Codes) -> Judged:
        """The rows at these positions."""
        groups = {name: Column(one.values, one.codes[rows]) for name, one in self.groups.items()}
        weights = None if self.weights is None else self.weights[rows]
        clusters = None if self.clusters is None else self.clusters[rows]
        return Judged(self.label[rows], self.prediction[rows], groups, weights, clusters)


@dataclass(frozen=True)
class Sides:
    """Both tables. Where they are ``paired`` (by "row_id" or "position"), row i of the one is row i of the other.

    ``why_not`` says why they are not: "no_row_ids", "other_rows", "row_ids_not_unique", "other_labels".
    """

    new: Judged
    old: Judged
    paired: str | None
    why_not: str | None = None


def sides(new: KeptRows, old: KeptRows, plan: BiasPlan) -> Sides:
    """Put two tables side by side.

    They are paired by the plan's row ids; without these by position, if all labels and groups agree row by row: then
    it is the same table judged twice. Rows without label, prediction or any group take no part, in both tables if
    they are paired.
    """
    one, other = _judged(new, plan), _judged(old, plan)
    pairs, how, why_not = _pairs(new, old, one[0], other[0], plan)
    if pairs is None:
        return Sides(one[0].take(np.flatnonzero(one[1])), other[0].take(np.flatnonzero(other[1])), None, why_not)
    ours, theirs = pairs
    usable = one[1][ours] & other[1][theirs]
    return Sides(one[0].take(ours[usable]), other[0].take(theirs[usable]), how)


def _judged(kept: KeptRows, plan: BiasPlan) -> tuple[Judged, Flags]:
    """All rows, and which of them can be judged."""
    label, prediction = kept.columns[plan.label], kept.columns[plan.prediction]
    wanted, chosen = positive_values(
        label=plan.label,
        labels=label.values,
        prediction=plan.prediction,
        predictions=prediction.values,
        positive=plan.positive,
    )
    groups = {name: kept.columns[name] for name in plan.sensitive}
    named = np.logical_or.reduce([column.codes >= 0 for column in groups.values()])
    usable = (label.codes >= 0) & (prediction.codes >= 0) & named
    weights = kept.numbers[plan.weights] if plan.weights else None
    if weights is not None:
        usable &= np.isfinite(weights) & (weights >= 0)
    clusters = numbered(kept.columns[plan.cluster].codes) if plan.cluster else None
    return Judged(_flags(label, wanted), _flags(prediction, chosen), groups, weights, clusters), usable


def _flags(column: Column, positives: frozenset[str]) -> Flags:
    # the entry at the end is that of "missing"
    return np.array([value in positives for value in column.values] + [False])[column.codes]


Pairs = tuple[Codes, Codes]


def _pairs(
    new: KeptRows, old: KeptRows, one: Judged, other: Judged, plan: BiasPlan
) -> tuple[Pairs | None, str | None, str | None]:
    row_id = plan.regression.row_id
    if row_id:
        pairs = _by_id(new.features[row_id], old.features[row_id])
        if isinstance(pairs, str):
            return None, None, pairs
        how = BY_ID
    else:
        if len(one) != len(other):
            return None, None, "no_row_ids"
        pairs, how = (np.arange(len(one)), np.arange(len(other))), BY_POSITION
    ours, theirs = pairs
    known = (new.columns[plan.label].codes[ours] >= 0) & (old.columns[plan.label].codes[theirs] >= 0)
    if (one.label[ours] != other.label[theirs])[known].any():
        return None, None, "other_labels"
    if not row_id and not all(_same(one.groups[name], other.groups[name]) for name in plan.sensitive):
        return None, None, "other_rows"
    return pairs, how, None


def _same(one: Column, other: Column) -> bool:
    """Whether two columns hold the same cells, row by row."""
    places = {value: at for at, value in enumerate(other.values)}
    # -2 is in no column: a value that the other one lacks
    renumbered = np.array([*(places.get(value, -2) for value in one.values), -1])
    return bool((renumbered[one.codes] == other.codes).all())


def _by_id(new: Feature, old: Feature) -> Pairs | str:
    """Rows with the same id, in the order of the ids."""
    if isinstance(new, Column) != isinstance(old, Column):
        return "other_rows"
    one, other = _ids(new), _ids(old)
    for ids in (one, other):
        if len(np.unique(ids[0])) != len(ids[0]):
            return "row_ids_not_unique"
    _, ours, theirs = np.intersect1d(one[0], other[0], assume_unique=True, return_indices=True)
    if 2 * len(ours) < max(len(one[0]), len(other[0])):
        return "other_rows"
    return one[1][ours], other[1][theirs]


def _ids(ids: Feature) -> tuple[npt.NDArray[np.str_] | Floats, Codes]:
    """Ids that are known and their rows; numbers stay numbers unless they came as texts."""
    if isinstance(ids, Column):
        known = np.flatnonzero(ids.codes >= 0)
        values: npt.NDArray[np.str_] = np.array(ids.values, dtype=np.str_)
        return values[ids.codes[known]], known
    known = np.flatnonzero(~np.isnan(ids))
    return ids[known], known


def common_groups(one: Column, other: Column) -> tuple[Sequence[str], Codes, Codes]:
    """The groups of both columns, and each row's group among them; -1 for "missing"."""
    values = sorted({*one.values, *other.values})
    places = {value: at for at, value in enumerate(values)}
    codes = [np.array([*(places[value] for value in side.values), -1])[side.codes] for side in (one, other)]
    return values, codes[0], codes[1]
