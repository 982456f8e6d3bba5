"""Groups against each other in what their scores say: for information, judged by thresholds that are a choice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from audits.measures.informative import informative_row, judged_family, p_of
from audits.measures.means import Estimated, difference, unknown
from audits.measures.naming import DIFFERENCE
from audits.measures.plan import BiasPlan
from audits.measures.scores.calibration import AUC, CALIBRATION_ERROR, IN_THE_LARGE, Judged
from audits.measures.scores.reliability import calibration_error, reach

# No law and no standard sets these: differences that a reader would want to be told of.
CHOSEN = {CALIBRATION_ERROR: 0.05, IN_THE_LARGE: 0.05, AUC: 0.05}


def comparator_of(groups: Sequence[Judged], attribute: str, plan: BiasPlan) -> Judged | None:
    """The group that the plan names for an attribute, else the one with most rows; None where it is too small."""
    named = plan.reference.get(attribute) if not isinstance(plan.reference, str) and plan.reference else None
    if named is not None:
        wanted = [one for one in groups if one.slice == {attribute: named}]
        return wanted[0] if wanted and wanted[0].n >= plan.min_group else None
    large = [one for one in groups if one.n >= plan.min_group]
    return max(large, key=lambda one: one.n) if large else None


def compared(groups: Sequence[Judged], attribute: str, plan: BiasPlan) -> list[dict[str, Any]]:
    """Every group of one attribute against its comparator, in each figure that both have. One family a figure."""
    other = comparator_of(groups, attribute, plan)
    if other is None:
        return []
    rows = []
    for metric, threshold in CHOSEN.items():
        family = []
        for one in groups:
            if one is other or one.n < plan.min_group:
                continue
            found, p = _contrast(metric, one, other)
            family.append(
                informative_row(
                    f"{metric}_{DIFFERENCE}",
                    found,
                    slice_=one.slice,
                    comparator=other.slice,
                    n=one.n,
                    comparator_n=other.n,
                    p=p,
                    threshold=threshold,
                    threshold_source="choice",
                )
            )
        rows += judged_family(family)
    return rows


def _contrast(metric: str, one: Judged, other: Judged) -> tuple[Estimated, float]:
    """The difference with its interval, and p."""
    if metric == CALIBRATION_ERROR:
        return _errors_apart(one, other)
    ours, theirs = one.figures.get(metric), other.figures.get(metric)
    if ours is None or theirs is None or not (ours.known and theirs.known):
        return unknown(""), math.nan
    found = difference(ours, theirs)
    return found, p_of(found)


def _errors_apart(one: Judged, other: Judged) -> tuple[Estimated, float]:
    """Two calibration errors against each other, no surer than both bins' rates are together."""
    if one.moves is None or other.moves is None or one.bins is None or other.bins is None:
        return unknown(""), math.nan
    value = float(calibration_error(one.bins)) - float(calibration_error(other.bins))
    moved = one.moves + other.moves
    far = reach(moved)
    if one.luck is not None and other.luck is not None:
        far = max(far, reach(one.luck + other.luck))
    method = f"as far as luck moves both groups' rates (bootstrap of {len(moved)}, triangle inequality)"
    p = (1 + int((moved >= abs(value) - 1e-12).sum())) / (1 + len(moved))
    return Estimated(value, value - far, value + far, method), p
