"""How well one feature tells each group: areas from counts, one pass over the rows for all groups together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.ordering import numbered_as_met
from audits.measures.roc import auc_of_clusters, auc_of_counts
from audits.measures.tables.chunks import Column
from audits.measures.tables.features import Feature

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Areas = list[tuple[int, float, float]]


@dataclass(frozen=True)
class Places:
    """A feature of numbers as places in their order: shape (rows,), -1 where there is none; ``size`` different ones.

    Sorted once, however many attributes it is held against.
    """

    codes: Codes
    size: int


def places_of(feature: Feature) -> Places:
    """The places of numbers; none of a category, which has no order."""
    if isinstance(feature, Column):
        return Places(np.zeros(0, dtype=np.int64), 0)
    known = np.flatnonzero(~np.isnan(feature))
    values, position = np.unique(feature[known], return_inverse=True)
    codes = np.full(len(feature), -1, dtype=np.int64)
    codes[known] = position
    return Places(codes, len(values))


def folds(rows: int, clusters: Codes | None, count: int, random: np.random.Generator) -> Codes:
    """The fold of each row by lot, folds about equally large; the rows of a cluster are in one."""
    if clusters is None:
        return np.asarray(random.permutation(rows) % count)
    numbers = numbered_as_met(clusters)
    return np.asarray((random.permutation(int(numbers.max(initial=-1)) + 1) % count)[numbers])


def sampled(kept: Codes, clusters: Codes | None, most: int, random: np.random.Generator) -> Codes:
    """At most about ``most`` of these rows, in their order: by lot, of clusters all rows or none."""
    if clusters is None or len(kept) <= most:
        return np.sort(random.permutation(kept)[:most])
    numbers = numbered_as_met(clusters[kept])
    sizes = np.bincount(numbers)
    drawn = random.permutation(len(sizes))
    chosen = np.zeros(len(sizes), dtype=bool)
    # the last one may go beyond: one cluster too many is nearer to what was asked than none
    chosen[drawn[np.cumsum(sizes[drawn]) - sizes[drawn] < most]] = True
    return kept[chosen[numbers]]


def _numbered(codes: Codes, groups: Sequence[int]) -> Codes:
    """The groups that are looked at as 0, 1, ...; every other one as the next; -1 for rows of none."""
    numbers = np.full(int(max(codes.max(initial=-1), max(groups, default=-1))) + 2, len(groups), dtype=np.int64)
    numbers[list(groups)] = np.arange(len(groups))
    numbers[-1] = -1
    return numbers[codes]


def _counted(position: Codes, size: int, group: Codes, groups: Sequence[int]) -> list[Floats]:
    """Rows of each looked-at group, and of all together, at each place: shapes (size,)."""
    counted = np.bincount(group * size + position, minlength=(len(groups) + 1) * size)
    table = counted.astype(float).reshape(len(groups) + 1, size)
    return [*table[:-1], table.sum(axis=0)]


def areas_of_numbers(places: Places, codes: Codes, groups: Sequence[int], clusters: Codes | None) -> Areas:
    """Each group's area, the number itself the score; small in a group tells it as well as large.

    Args:
        places: of the feature.
        codes: shape (rows,), the group of each row, -1 for none.
        groups: those that are looked at.
        clusters: shape (rows,), or None.
    """
    used = np.flatnonzero((places.codes >= 0) & (codes >= 0))
    position, group = places.codes[used], _numbered(codes, groups)[used]
    *ours, everybody = _counted(position, places.size, group, groups)
    found = []
    for number, name in enumerate(groups):
        if clusters is None:
            area, error = auc_of_counts(ours[number], everybody - ours[number])
        else:
            area, error = auc_of_clusters(
                ours[number], everybody - ours[number], position, group == number, clusters[used]
            )
        found.append((name, max(area, 1 - area), error))
    return found


def areas_of_categories(
    values: Codes, codes: Codes, groups: Sequence[int], fold: Codes, count: int, clusters: Codes | None
) -> Areas:
    """Each group's area, a row's score being the group's share among the rows of other folds that have its value.

    With the row itself counted in, a value that one row has would tell its group for certain.
    """
    used = np.flatnonzero((values >= 0) & (codes >= 0))
    width = int(values.max(initial=-1)) + 1
    cell, group = fold[used] * width + values[used], _numbered(codes, groups)[used]
    *every, everybody = (one.reshape(count, width) for one in _counted(cell, count * width, group, groups))
    found = []
    for number, name in enumerate(groups):
        ours = every[number]
        k, n = ours.sum(axis=0) - ours, everybody.sum(axis=0) - everybody
        overall = k.sum(axis=1, keepdims=True) / np.maximum(n.sum(axis=1, keepdims=True), 1.0)
        # a value of few rows tells little: it is drawn towards everybody's share
        shares, position = np.unique((k + 2 * overall) / (n + 2), return_inverse=True)
        position = position.reshape(-1)
        inner, outer = (
            np.asarray(np.bincount(position, one.ravel(), len(shares)), dtype=float) for one in (ours, everybody - ours)
        )
        if clusters is None:
            found.append((name, *auc_of_counts(inner, outer)))
        else:
            inside = group == number
            found.append((name, *auc_of_clusters(inner, outer, position[cell], inside, clusters[used])))
    return found
