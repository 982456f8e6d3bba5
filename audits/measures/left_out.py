"""Rows that take no part, and whether a group that must be judged would fail if they all spoke against the model.

Blanking the rows that speak against a model must not help it. Rows without label or prediction, or without a group,
are assigned here in the two ways that are worst for each comparison; if one of them lies beyond the threshold, the
table cannot tell, and the verdict is insufficient_data. Rows that are not in the table at all leave no trace in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audits.measures.comparisons import enough_rows
from audits.measures.cube import Counts, Slices
from audits.measures.disparities import Contrast, Disparity, estimate, on_the_bad_side
from audits.measures.intervals import Z95
from audits.measures.plan import LARGEST, OVERALL
from audits.measures.rates import Rate, Shares, everyone_else, shares


@dataclass(frozen=True)
class LeftOut:
    """Rows of an attribute that take no part in its comparisons.

    ``lost`` rows of each group lack label or prediction, shape (groups,); ``lost_nameless`` rows lack them and the
    attribute; ``unknown`` rows lack the attribute only: counts of [label, prediction], shape (2, 2).
    """

    lost: Counts
    lost_nameless: int
    unknown: Counts

    @property
    def rows(self) -> int:
        """All of them."""
        return int(self.lost.sum()) + self.lost_nameless + int(self.unknown.sum())

    def of_group(self, group: int) -> int:
        """Rows that could be this group's."""
        return int(self.lost[group]) + self.lost_nameless + int(self.unknown.sum())


def opponents(
    slices: Slices,
    disparity: Disparity,
    group: int,
    *,
    reference: str | Mapping[str, str],
    min_group: int,
    left_out: LeftOut,
) -> list[int | None]:
    """Whom a group is compared with, or would be if the rows left out were its own; None is everybody.

    As the comparator itself it meets every other group. Groups with too few rows meet nobody.
    """
    if reference == OVERALL:
        return [None]
    others = [int(one) for one in np.flatnonzero(enough_rows(slices, disparity.rates, min_group)) if one != group]
    if isinstance(reference, Mapping):
        named = slices.keys.index(tuple(reference[name] for name in slices.attributes))
        return list(others) if named == group else [one for one in others if one == named]
    if not others:
        return []
    if reference == LARGEST:
        largest = max(others, key=lambda one: int(slices.sizes[one]))
        could_lead = int(slices.sizes[group]) + left_out.of_group(group) >= int(slices.sizes[largest])
        return list(others) if could_lead else [largest]
    return list(others)


def could_fail(
    slices: Slices,
    disparity: Disparity,
    group: int,
    against: Sequence[int | None],
    *,
    left_out: LeftOut,
    threshold: float,
) -> bool:
    """Whether a group's disparity to one of its opponents lies beyond the threshold in the worst assignment."""
    if left_out.rows == 0:
        return False
    counted = {rate.name: shares(slices, rate) for rate in disparity.rates}
    rest = everyone_else(slices)
    others = {rate.name: shares(rest, rate) for rate in disparity.rates}
    lost = float(left_out.lost[group]) + left_out.lost_nameless
    for other in against:
        if other is None:
            other_lost = float(left_out.lost.sum() - left_out.lost[group]) + left_out.lost_nameless
        else:
            other_lost = float(left_out.lost[other]) + left_out.lost_nameless
        for ends in (("low", "high"), ("high", "low")):
            turned = []
            for rate in disparity.rates:
                ours = _one(counted[rate.name], group)
                theirs = _one(others[rate.name], group) if other is None else _one(counted[rate.name], other)
                turned.append(
                    Contrast(
                        rate,
                        _with_left_out(rate, ours, lost, left_out.unknown, ends[0]),
                        _with_left_out(rate, theirs, other_lost, left_out.unknown, ends[1]),
                        _overlap(ours, theirs) if other is None else np.zeros(1),
                        np.zeros(1, dtype=bool),
                    )
                )
            value = estimate(turned, disparity, Z95).value
            # either direction: which group is the best or the largest may change with the assignment
            if bool(on_the_bad_side(disparity.kind, value, threshold, "both")[0]):
                return True
    return False


def _one(counted: Shares, group: int) -> Shares:
    return counted.take(np.array([group]))


def _overlap(ours: Shares, theirs: Shares) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(ours.n / np.maximum(ours.n + theirs.n, 1e-300))


def _with_left_out(rate: Rate, counted: Shares, lost: float, unknown: Counts, end: str) -> Shares:
    """The lowest or highest rate that the rows left out could make."""
    hits, trials = (float(number) for number in rate.counted(unknown))
    k, n = np.nan_to_num(counted.value) * counted.rows, counted.rows
    if end == "low":
        n = n + lost + (trials - hits)
    else:
        k, n = k + lost + hits, n + lost + hits
    return Shares(k, n, k, n)
