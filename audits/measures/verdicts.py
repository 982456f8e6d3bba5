"""From figures to verdicts: of one comparison, and of a run.

The rule: *fail* when the whole interval lies beyond the threshold and q is small; *insufficient_data* when a group is
too small, or the smallest gap that would be found with 80 % power is larger than the way from parity to the
threshold; *pass* when the whole interval lies on the good side; *warn* otherwise. Where more than one applies, the
worse holds. Groups that must be judged have no soft landing: see ``judge_required`` and ``left_out``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from audits.measures.comparisons import Comparison
from audits.measures.disparities import estimate, on_the_bad_side, placed
from audits.measures.intervals import Array
from audits.measures.multiplicity import benjamini_hochberg, holm
from audits.measures.rates import Shares

ALPHA = 0.05
# From the best to the worst.
ORDER = ("pass", "warn", "insufficient_data", "no_information", "fail")
# Rows needed are looked for up to so many times the rows there are.
_MOST_TIMES = 10_000.0


def worst(verdicts: Iterable[str]) -> str:
    """The worst of some verdicts."""
    return max(verdicts, key=ORDER.index)


def correct(comparisons: Sequence[Comparison]) -> None:
    """Fill in q (Benjamini-Hochberg within each family) and, for the gating family, Holm's p."""
    families: dict[tuple[str, ...], list[Comparison]] = {}
    for row in comparisons:
        if not math.isnan(row.p):
            families.setdefault(row.family, []).append(row)
    for rows in families.values():
        p = [row.p for row in rows]
        for row, q in zip(rows, benjamini_hochberg(p), strict=True):
            row.q = float(q)
        gating = [row for row in rows if row.role == "gating"]
        for row, adjusted in zip(gating, holm([row.p for row in gating]), strict=True):
            row.p_holm = float(adjusted)


def judge(row: Comparison, *, min_group: int) -> None:
    """Fill in the verdict of one comparison, and the rows it still needs if the run's verdict rests on it."""
    row.verdict = _verdict(row)
    if row.role == "gating" and row.verdict in ("warn", "insufficient_data"):
        row.rows_needed = rows_needed(row, min_group=min_group)


def _verdict(row: Comparison) -> str:
    if not row.takes_part or math.isnan(row.low) or math.isnan(row.high):
        return "insufficient_data"
    beyond, within = _placed(row)
    if beyond and (row.q <= ALPHA or (row.scope == "range" and math.isnan(row.q))):
        return "fail"
    if row.mde > row.disparity.distance(row.threshold):
        row.why = "gap_not_detectable"
        return "insufficient_data"
    return "pass" if within else "warn"


def _placed(row: Comparison) -> tuple[bool, bool]:
    beyond, within = placed(row.disparity.kind, np.array([row.low]), np.array([row.high]), row.threshold, row.sides)
    return bool(beyond[0]), bool(within[0])


def rows_needed(row: Comparison, *, min_group: int) -> tuple[int, int] | None:
    """How many more rows of the group, and of its comparator, would settle it at the rates seen.

    The comparator is asked for more rows only where the group's alone cannot do it. None: hidden groups, and rates
    that sit so close to the threshold that no number of rows in reach tells.
    """
    if not row.contrasts:
        return None
    least = [_times_to_reach(min_group, [one.group for one in row.contrasts])]
    least.append(_times_to_reach(min_group, [one.other for one in row.contrasts]))
    for both in (least[1] > 1, True):
        times = _first_settled(row, np.geomspace(max(least) if both else least[0], _MOST_TIMES, 400), both=both)
        if times is not None:
            more = times - 1
            return math.ceil(more * row.rows), math.ceil(more * row.comparator_rows) if both else 0
    return None


def _times_to_reach(minimum: int, counted: Sequence[Shares]) -> float:
    """How many times as many rows it takes to have ``minimum`` in what every rate counts."""
    return max([1.0, *(minimum / float(one.rows[0]) for one in counted if one.rows[0] > 0)])


def _first_settled(row: Comparison, grid: Array, *, both: bool) -> float | None:
    settled = _settled(row, grid, both=both)
    if not settled.any():
        return None
    first = int(settled.argmax())
    if first == 0:
        return float(grid[0])
    fine = np.linspace(grid[first - 1], grid[first], 100)
    return float(fine[int(_settled(row, fine, both=both).argmax())])


def _settled(row: Comparison, times: Array, *, both: bool) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether ``times`` as many rows would settle the comparison; shape of ``times``."""
    scaled = [one.scaled(times, times if both else np.ones_like(times)) for one in row.contrasts]
    found = estimate(scaled, row.disparity, row.joint_z)
    beyond, within = placed(row.disparity.kind, found.low, found.high, row.threshold, row.sides)
    mdes = np.max([one.detectable(row.disparity.kind, row.threshold, row.sides) for one in scaled], axis=0)
    settled = beyond | (within & (mdes <= row.disparity.distance(row.threshold)))
    return np.asarray(settled & ~np.isnan(found.low))


def judge_required(row: Comparison) -> None:
    """Take back a soft verdict about a group that must be judged.

    Whoever brings the table could leave out rows of such a group until its interval is wide enough for "warn". So an
    open comparison whose estimate is beyond the threshold is insufficient_data.
    """
    if row.verdict != "warn":
        return
    value = np.array([row.value])
    if bool(on_the_bad_side(row.disparity.kind, value, row.threshold, row.sides)[0]):
        row.verdict, row.why = "insufficient_data", "required_group_inconclusive"
