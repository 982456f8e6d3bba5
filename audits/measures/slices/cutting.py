"""Where numbers are cut into ranges: by a small tree where something changes, into equal parts where nothing does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from audits.measures.kept_rows import JudgedRows
from audits.measures.plan import BiasPlan
from audits.measures.slices.factors import BINS, NUMERIC, Factor, between, factor_of
from audits.measures.tables.chunks import Column
from audits.measures.tables.features import Floats

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

# Limits that are tried: a range can be as narrow as one row in so many.
CANDIDATES = 64
# The chance that a column in which nothing changes is cut by the tree at all, all its limits together.
LEVEL = 0.05


def factors_of(rows: JudgedRows, plan: BiasPlan, *, learned: Flags, at_least: int) -> Iterator[Factor]:
    """Sensitive columns and features as items; numbers cut where the rows of ``learned`` show a change.

    What is looked at is whether the prediction is wrong and whether it is positive. The other rows have no say in it:
    slices are measured on them.
    """
    targets = np.stack([rows.label != rows.prediction, rows.prediction]).astype(float)
    for name, column in rows.groups.items():
        yield factor_of(name, column)
    for name in plan.features:
        feature = rows.features[name]
        if isinstance(feature, Column):
            yield factor_of(name, feature)
            continue
        known = learned & ~np.isnan(feature)
        limits = cuts(feature[known], targets[:, known], at_least=at_least)
        yield Factor(name, NUMERIC, *_named(feature, limits))


def _named(numbers: Floats, limits: Floats) -> tuple[tuple[str, ...], Codes]:
    if np.isnan(numbers).all():
        return (), np.full(len(numbers), -1, dtype=np.int64)
    return between(numbers, limits)


def cuts(numbers: Floats, targets: Floats, *, at_least: int, parts: int = BINS) -> Floats:
    """Limits that cut numbers into at most ``parts`` ranges, rising; each is one of the numbers.

    The range whose targets differ most on the two sides of a limit is cut there, as long as luck would make so large a
    difference somewhere in the column at most one time in twenty. Ranges that are still to be made halve the largest
    ones, so that a column in which nothing changes comes out in quarters.

    Args:
        numbers: shape (rows,), none nan.
        targets: shape (2, rows).
        at_least: rows that a range of the tree has.

    Source:
        Breiman, Friedman, Olshen and Stone 1984, Classification and Regression Trees (the cut with the largest fall of
        squares). The fall over the variance is about chi-squared with a degree of freedom for each target, two of them,
        whose tail is exp(-x / 2); Bonferroni over the limits.
    """
    if not numbers.size:
        return np.zeros(0)
    levels = np.arange(1, CANDIDATES) / CANDIDATES
    limits = np.unique(np.quantile(numbers, levels, method="inverted_cdf"))
    limits = limits[limits > numbers.min()]
    bins = np.searchsorted(limits, numbers, side="right")
    counts = np.concatenate([[0], np.cumsum(np.bincount(bins, minlength=len(limits) + 1))])
    centred = targets - targets.mean(axis=1, keepdims=True)
    sums = np.stack([np.append(0.0, np.cumsum(np.bincount(bins, one, len(limits) + 1))) for one in centred])
    variances = np.square(centred).mean(axis=1)
    enough = -2 * math.log(LEVEL / max(len(limits), 1))
    ends = [0, len(limits) + 1]
    while len(ends) <= parts:
        gain, at = max(
            (_best(counts, sums, variances, low, high, at_least) for low, high in zip(ends, ends[1:], strict=False)),
            key=lambda one: one[0],
        )
        if gain < enough:
            break
        ends = sorted([*ends, at])
    while len(ends) <= parts:
        halved = _middle(counts, ends)
        if halved is None:
            break
        ends = sorted([*ends, halved])
    return np.asarray(limits[[end - 1 for end in ends[1:-1]]])


def _best(counts: Codes, sums: Floats, variances: Floats, low: int, high: int, at_least: int) -> tuple[float, int]:
    """The cut of a range that takes most squares away, in variances, and where it is; 0 where none is possible."""
    at = np.arange(low + 1, high)
    left, right = counts[at] - counts[low], counts[high] - counts[at]
    possible = (left >= at_least) & (right >= at_least)
    at, left, right = at[possible], left[possible], right[possible]
    if not len(at):
        return 0.0, low
    gain = np.zeros(len(at))
    for cumulated, variance in zip(sums, variances, strict=True):
        if variance > 0:
            ours, theirs = cumulated[at] - cumulated[low], cumulated[high] - cumulated[at]
            fall = ours**2 / left + theirs**2 / right - (ours + theirs) ** 2 / (left + right)
            gain += fall / variance
    best = int(gain.argmax())
    return float(gain[best]), int(at[best])


def _middle(counts: Codes, ends: Sequence[int]) -> int | None:
    """Where the range of most rows falls into halves; None where every range is a single step."""
    for rows, low, high in sorted(
        ((int(counts[high] - counts[low]), low, high) for low, high in zip(ends, ends[1:], strict=False)),
        key=lambda one: (-one[0], one[1]),
    ):
        if high - low > 1:
            at = np.arange(low + 1, high)
            return int(at[np.abs(counts[at] - counts[low] - rows / 2).argmin()])
    return None
