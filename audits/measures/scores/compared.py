"""Groups against each other in what their scores say: for information, judged by thresholds that are a choice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from audits.measures.figures import figure
from audits.measures.intervals import Z95, Z_POWER_80, two_sided_p
from audits.measures.means import Estimated, difference, unknown
from audits.measures.multiplicity import benjamini_hochberg
from audits.measures.naming import DIFFERENCE
from audits.measures.plan import BiasPlan
from audits.measures.scores.calibration import AUC, CALIBRATION_ERROR, IN_THE_LARGE, Judged
from audits.measures.verdicts import ALPHA

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
        family = [
            _row(metric, threshold, one, other, plan, _contrast(metric, one, other))
            for one in groups
            if one is not other and one.n >= plan.min_group
        ]
        tested = [row for row in family if row["p"] is not None]
        for row, q in zip(tested, benjamini_hochberg([row["p"] for row in tested]), strict=True):
            row["q"] = figure(q)
        for row in family:
            row["verdict"] = _verdict(row)
        rows += [row for row in family if row["value"] is not None]
    return rows


def _contrast(metric: str, one: Judged, other: Judged) -> tuple[Estimated, float]:
    """The difference with its interval, and p."""
    if metric == CALIBRATION_ERROR:
        return _errors_apart(one, other)
    ours, theirs = one.figures.get(metric), other.figures.get(metric)
    if ours is None or theirs is None or not (ours.known and theirs.known):
        return unknown(""), math.nan
    found = difference(ours, theirs)
    reach = _error(found)
    return found, float(two_sided_p(found.value / reach)) if reach > 0 else math.nan


def _errors_apart(one: Judged, other: Judged) -> tuple[Estimated, float]:
    """Two calibration errors against each other, no surer than both bins' rates are together."""
    if one.moves is None or other.moves is None:
        return unknown(""), math.nan
    value = one.error - other.error
    moved = one.moves + other.moves
    reach = float(np.quantile(moved, 0.95))
    method = f"as far as luck moves both groups' rates (bootstrap of {len(moved)}, triangle inequality)"
    p = (1 + int((moved >= abs(value) - 1e-12).sum())) / (1 + len(moved))
    return Estimated(value, value - reach, value + reach, method), p


def _error(found: Estimated) -> float:
    return (found.high - found.low) / (2 * Z95) if math.isfinite(found.high - found.low) else 0.0


def _row(
    metric: str, threshold: float, one: Judged, other: Judged, plan: BiasPlan, measured: tuple[Estimated, float]
) -> dict[str, Any]:
    found, p = measured
    return {
        "metric": f"{metric}_{DIFFERENCE}",
        "kind": DIFFERENCE,
        "scope": "group",
        "role": "informative",
        "slice": one.slice,
        "comparator": other.slice,
        "n": one.n,
        "comparator_n": other.n,
        "value": figure(found.value),
        "ci_low": figure(found.low),
        "ci_high": figure(found.high),
        "z": None,
        "p": figure(p),
        "q": None,
        "p_holm": None,
        "mde": figure((Z95 + Z_POWER_80) * _error(found)),
        "threshold": threshold,
        "threshold_source": "choice",
        "takes_part": True,
        "verdict": "insufficient_data",
        "rows_needed": None,
        "comparator_rows_needed": None,
        "method": found.method,
    }


def _verdict(row: dict[str, Any]) -> str:
    """The rule of ``audits.measures.verdicts`` with a limit on both sides."""
    low, high, limit = row["ci_low"], row["ci_high"], row["threshold"]
    if low is None or high is None:
        return "insufficient_data"
    if (low > limit or high < -limit) and row["q"] is not None and row["q"] <= ALPHA:
        return "fail"
    if row["mde"] is None or row["mde"] > limit:
        return "insufficient_data"
    return "pass" if -limit <= low and high <= limit else "warn"
