"""Comparisons that decide nothing: rows of the document for information, judged by the same rule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from audits.measures.figures import figure
from audits.measures.intervals import Z95, Z_POWER_80, two_sided_p
from audits.measures.means import Estimated
from audits.measures.multiplicity import benjamini_hochberg
from audits.measures.naming import DIFFERENCE, RATIO
from audits.measures.verdicts import ALPHA


def standard_error(found: Estimated) -> float:
    """The standard error that belongs to half of a 95 % interval; 0 where there is none."""
    return (found.high - found.low) / (2 * Z95) if math.isfinite(found.high - found.low) else 0.0


def p_of(found: Estimated) -> float:
    """Two-sided p of a difference against 0, from its interval; nan where there is none.

    Where no row differs from its like, the interval has no width, and a difference is one whatever the draw.
    """
    error = standard_error(found)
    if error > 0:
        return float(two_sided_p(found.value / error))
    if not math.isfinite(found.high - found.low):
        return math.nan
    return 1.0 if found.value == 0 else 0.0


def informative_row(
    metric: str,
    found: Estimated,
    *,
    slice_: Mapping[str, str],
    comparator: Mapping[str, str],
    n: int,
    comparator_n: int,
    p: float,
    threshold: float | None,
    threshold_source: str,
) -> dict[str, Any]:
    """One difference in the shape of ``disparities``; ``q`` and ``verdict`` are filled in by ``judged_family``."""
    return {
        "metric": metric,
        "kind": DIFFERENCE,
        "scope": "group",
        "role": "informative",
        "slice": dict(slice_),
        "comparator": dict(comparator),
        "n": n,
        "comparator_n": comparator_n,
        "value": figure(found.value),
        "ci_low": figure(found.low),
        "ci_high": figure(found.high),
        "z": None,
        "p": figure(p),
        "q": None,
        "p_holm": None,
        "mde": figure((Z95 + Z_POWER_80) * standard_error(found)),
        "threshold": threshold,
        "threshold_source": threshold_source,
        "takes_part": True,
        "verdict": "insufficient_data",
        "rows_needed": None,
        "comparator_rows_needed": None,
        "method": found.method,
    }


def judged_family(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that have a value, corrected for each other and judged."""
    tested = [row for row in rows if row["p"] is not None]
    for row, q in zip(tested, benjamini_hochberg([row["p"] for row in tested]), strict=True):
        row["q"] = figure(q)
    for row in rows:
        row["verdict"] = _verdict(row)
    return [row for row in rows if row["value"] is not None]


def _verdict(row: Mapping[str, Any]) -> str:
    """The rule of ``audits.measures.verdicts`` with a limit on both sides; without a limit nothing can be judged."""
    low, high, limit = row["ci_low"], row["ci_high"], row["threshold"]
    if low is None or high is None or limit is None:
        return "insufficient_data"
    bottom, top = (limit, 1 / limit) if row["kind"] == RATIO else (-limit, limit)
    if (low > top or high < bottom) and row["q"] is not None and row["q"] <= ALPHA:
        return "fail"
    if row["mde"] is None or row["mde"] > (abs(1 - limit) if row["kind"] == RATIO else limit):
        return "insufficient_data"
    return "pass" if bottom <= low and high <= top else "warn"
