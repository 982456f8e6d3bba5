"""Which rows are nearest to a row, how far it is decided as they are, and what each row pulls on the mean of that."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audits.measures.tables.chunks import Column
from audits.measures.tables.features import Feature

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

# Distances that are held at once.
_AT_ONCE = 1_000_000
# Values of a category that are told apart; the rest are one value.
MOST_VALUES = 30
# Squared distances are known to about this much: closer ones are equally far.
_SAME = 1e-9


@dataclass(frozen=True)
class Near:
    """The rows near some rows: pairs of shape (pairs,).

    ``row`` is a position among the rows asked, ``other`` one among all rows, ``part`` with what weight it counts as
    near; the parts of a row add up to 1.
    """

    row: Index
    other: Index
    part: Floats


@dataclass(frozen=True)
class Agreement:
    """How far rows are decided as their nearest.

    ``of_rows``: shape (asked,), 1 less the distance of a row's outcome from the mean of its nearest rows, in [0, 1].
    ``itself``: shape (asked,), with what weight a row is among its own nearest rows, in (0, 1].
    ``pulls``: shape (rows, parts): what every row adds to the error of the mean of each part of the rows asked, as one
    that is asked and as one that is near to others; each column sums to 0.
    """

    of_rows: Floats
    itself: Floats
    pulls: Floats


def nearest(points: Floats, asked: Index, *, neighbours: int) -> Iterator[tuple[slice, Near]]:
    """The rows nearest to some rows, piece by piece of ``asked``.

    Args:
        points: shape (rows, columns), finite.
        asked: positions of the rows that are asked about.
        neighbours: how many rows count as near, the row itself among them, as in AIF360; at most as many as there are.

    Yields:
        Which of ``asked``, and their near rows. Of rows that are equally far, as in a table of categories, each counts
        with the same part, so that no order of the rows matters: it is the mean over the ways to pick among them.
    """
    near = min(neighbours, len(points))
    lengths = np.square(points).sum(axis=1)
    step = max(1, _AT_ONCE // len(points))
    for begin in range(0, len(asked), step):
        some = asked[begin : begin + step]
        # squared distances less the asked row's own length, which moves no order
        squared = points[some] @ (-2 * points.T)
        squared += lengths
        reach = np.partition(squared, near - 1, axis=1)[:, near - 1]
        hair = _SAME * np.maximum(reach + lengths[some], 1.0)
        row, other = np.nonzero(squared <= (reach + hair)[:, None])
        closer = squared[row, other] < (reach - hair)[row]
        inside = np.bincount(row, closer, len(some))
        level = np.bincount(row, ~closer, len(some))
        part = np.where(closer, 1.0, ((near - inside) / level)[row]) / near
        yield slice(begin, begin + len(some)), Near(row, other, part)


def agreement(points: Floats, outcome: Floats, asked: Index, *, neighbours: int = 5) -> Floats:
    """1 less the distance of a row's outcome from the mean outcome of its nearest rows, shape (asked,), in [0, 1].

    Args:
        outcome: shape (rows,), in [0, 1]; for the others see ``nearest``.

    Source:
        Zemel, Wu, Swersky, Pitassi and Dwork 2013, ICML: 325 (yNN); the mean of it is ``consistency`` of AIF360.
    """
    means = np.empty(len(asked))
    for some, near in nearest(points, asked, neighbours=neighbours):
        means[some] = np.bincount(near.row, near.part * outcome[near.other], len(means[some]))
    return np.asarray(1 - np.abs(outcome[asked] - means))


def agreement_with_pulls(
    points: Floats,
    chosen: npt.NDArray[np.bool_],
    asked: Index,
    *,
    neighbours: int,
    weights: Floats,
    parts: Sequence[npt.NDArray[np.int64]],
    sizes: Sequence[int],
) -> Agreement:
    """``agreement`` of yes-or-no outcomes, with what each row pulls on the mean of each part.

    The mean is a share of agreeing pairs of rows: a row counts in it as one that is asked, and as one that is near to
    those asked. The pull is the first-order (Hajek) part of both, so that its sum of squares is the variance if rows
    are a sample of people.

    Args:
        chosen: shape (rows,), the outcome.
        weights: shape (asked,), above 0: how much an asked row counts.
        parts: divisions of the rows asked, each of shape (asked,): the number of the row's part, -1 for none.
        sizes: how many parts each division has.

    Source:
        Efron and Stein 1981, Ann Stat 9:586 (a statistic's variance from what each observation moves).
    """
    rows, total = len(points), int(sum(sizes))
    of_rows, itself = np.empty(len(asked)), np.zeros(len(asked))
    agreed, met = np.zeros((rows, total)), np.zeros((rows, total))
    for some, near in nearest(points, asked, neighbours=neighbours):
        mine = asked[some][near.row]
        same = chosen[mine] == chosen[near.other]
        count = len(asked[some])
        of_rows[some] = np.bincount(near.row, near.part * same, count)
        itself[some] = np.bincount(near.row, near.part * (mine == near.other), count)
        weighed = near.part * weights[some][near.row]
        begin = 0
        for division, size in zip(parts, sizes, strict=True):
            part = division[some][near.row]
            known = part >= 0
            cell = near.other[known] * size + part[known]
            for into, value in ((met, weighed[known]), (agreed, weighed[known] * same[known])):
                into[:, begin : begin + size] += np.bincount(cell, value, rows * size).reshape(rows, size)
            begin += size
    pulls = np.zeros((rows, total))
    begin = 0
    for division, size in zip(parts, sizes, strict=True):
        for number in range(size):
            inside = division == number
            weight = weights[inside]
            held = float(weight.sum())
            if held > 0:
                mean = float((weight * of_rows[inside]).sum()) / held
                pull = agreed[:, begin + number] - mean * met[:, begin + number]
                pull[asked[inside]] += weight * (of_rows[inside] - mean)
                pulls[:, begin + number] = pull / held
        begin += size
    return Agreement(of_rows, itself, pulls)


def points_of(features: Sequence[Feature]) -> Floats:
    """Rows as points: numbers in standard deviations, every frequent value of a category as a column."""
    columns: list[Floats] = []
    for feature in features:
        if not isinstance(feature, Column):
            largest = float(np.abs(feature).max(initial=0.0)) or 1.0
            numbers = feature / largest
            spread = float(numbers.std())
            if spread > 0:
                columns.append((numbers - numbers.mean()) / spread)
            continue
        counts = np.bincount(feature.codes + 1, minlength=len(feature.values) + 1)
        # missing is a value too; rare ones are one together
        common = np.argsort(-counts, kind="stable")[:MOST_VALUES]
        numbered = np.full(len(counts), len(common), dtype=np.int64)
        numbered[common] = np.arange(len(common))
        codes = numbered[feature.codes + 1]
        for value in range(len(common) + 1):
            flag = (codes == value).astype(float)
            if 0 < flag.mean() < 1:
                # two rows of different values differ in two flags: their squared distance is 1
                columns.append(flag * math.sqrt(0.5))
    return np.stack(columns, axis=1) if columns else np.zeros((0, 0))
