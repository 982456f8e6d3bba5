"""Any metric by group, with intervals from rows drawn anew."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import rfc8785

from audits.measures.figures import figure
from audits.measures.kept_rows import JudgedRows
from audits.measures.naming import quoted
from audits.measures.ordering import in_order_of_content
from audits.measures.plan import BiasPlan
from audits.measures.resampling import generator
from audits.user_metrics.loading import Metric, MetricRefused

Positions = npt.NDArray[np.int64]
Tick = Callable[[], None]

REPLICATES = 200
# Of replicates with a number; with fewer the metric is not defined often enough to say how sure it is.
FEWEST_DEFINED = 0.95


def measured(
    rows: JudgedRows, metrics: Mapping[str, Metric], plan: BiasPlan, *, seed: int, tick: Tick = lambda: None
) -> dict[str, Any]:
    """Each metric of everybody and of every group of each sensitive attribute.

    Intervals are percentiles of ``REPLICATES`` draws of as many rows with replacement (Efron 1979, Ann Stat 7:1); the
    widest gap between groups has none, because a maximum is never below any of its parts. Groups of fewer than
    ``min_group`` rows are counted and not measured, smaller ones hidden.

    Raises:
        MetricRefused: a metric fails for everybody.
    """
    rows = in_order_of_content(rows)
    everybody = np.arange(len(rows))
    made: list[dict[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    for name, metric in metrics.items():
        made.append(_row(name, metric, rows, everybody, {}, plan, seed=seed, tick=tick))
        if made[-1].get("why") == "metric_failed":
            raise MetricRefused("metric_failed", f"{name} fails on this table: {made[-1]['said']}")
        for attribute, column in rows.groups.items():
            of_groups = []
            for code, value in enumerate(column.values):
                inside = np.flatnonzero(column.codes == code)
                row = _row(name, metric, rows, inside, {attribute: value}, plan, seed=seed, tick=tick)
                of_groups.append(row)
            made += of_groups
            gaps += _widest(name, attribute, of_groups)
    document: dict[str, Any] = {
        "verdict": "measured",
        "rows_used": len(rows),
        "metrics": made,
        "gaps": gaps,
        "replicates": REPLICATES,
        "plan": plan.as_document(),
        "seed": seed,
    }
    return document | {"digest": hashlib.sha256(rfc8785.dumps(document)).hexdigest()}


def _row(
    name: str,
    metric: Metric,
    rows: JudgedRows,
    inside: Positions,
    named: Mapping[str, str],
    plan: BiasPlan,
    *,
    seed: int,
    tick: Tick,
) -> dict[str, Any]:
    n = len(inside)
    row: dict[str, Any] = {"slice": dict(named), "metric": name, "n": n, "value": None, "ci_low": None, "ci_high": None}
    if named and n < plan.suppress_below:
        return row | {"n": None, "why": "suppressed"}
    if named and n < plan.min_group:
        return row | {"why": "too_small"}
    try:
        value = _called(metric, rows, inside)
    except MetricRefused:
        raise
    except Exception as failed:
        # somebody else's code: whatever it raises is an answer about it, and the other groups are still asked
        return row | {"why": "metric_failed", "said": quoted(f"{type(failed).__name__}: {failed}")}
    if math.isnan(value):
        return row | {"why": "not_a_number"}
    random = generator(seed, "user_metrics", name, *(f"{key}={one}" for key, one in named.items()))
    drawn = []
    for _ in range(REPLICATES):
        tick()
        try:
            again = _called(metric, rows, inside[random.integers(0, n, n)])
        except Exception:
            again = math.nan
        if not math.isnan(again):
            drawn.append(again)
    row |= {"value": figure(value), "method": f"bootstrap percentile, {REPLICATES} replicates"}
    if len(drawn) < FEWEST_DEFINED * REPLICATES:
        return row | {"why": "no_interval"}
    low, high = np.percentile(drawn, (2.5, 97.5)).tolist()
    return row | {"ci_low": figure(low), "ci_high": figure(high)}


def _called(metric: Metric, rows: JudgedRows, inside: Positions) -> float:
    predicted = rows.prediction.astype(float) if rows.score is None else rows.score
    weights = None if rows.weights is None else rows.weights[inside]
    return metric(rows.label[inside].astype(np.int64), predicted[inside], weights)


def _widest(name: str, attribute: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = [row for row in rows if row["value"] is not None]
    if len(known) < 2:
        return []
    low, high = min(known, key=lambda row: row["value"]), max(known, key=lambda row: row["value"])
    return [
        {
            "metric": name,
            "attribute": attribute,
            "lowest": low["slice"][attribute],
            "highest": high["slice"][attribute],
            "value": figure(high["value"] - low["value"]),
        }
    ]
