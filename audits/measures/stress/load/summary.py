"""What a loaded model did, as JSON-ready data, and whether that is quick enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audits.measures.figures import figure
from audits.measures.intervals import wilson
from audits.measures.stress.load.driving import Floats, Sent
from audits.measures.stress.load.percentiles import METHOD, percentile, samples_wanted
from audits.measures.stress.load.plan import LoadPlan

PERCENTS = (50.0, 90.0, 95.0, 99.0, 99.9)
# A rate is kept up with where no more of the questions than this are left over at the end.
LEAST_KEPT = 0.95


def rate_row(rate: float, sent: Sent, plan: LoadPlan) -> dict[str, Any]:
    """One rate: percentiles of latency and of service, throughput, what was not answered, and the verdict.

    ``verdict`` is ``fail`` where the whole interval of the plan's percentile lies above the limit or questions were
    left unsent, ``pass`` where all of it lies below and every question was answered, ``warn`` otherwise (too few
    questions for an interval among it), None without a limit.
    """
    n, failed = len(sent.intended), int((~sent.answered).sum())
    latency, service = sent.latency[sent.answered] * 1000, sent.service[sent.answered] * 1000
    spent = float(sent.done.max()) if n else 0.0
    offered = n + sent.unsent
    low, high = wilson(failed, n)
    made: dict[str, Any] = {
        "rate": figure(rate),
        "offered": offered,
        "sent": n,
        "unsent": sent.unsent,
        "failed": {
            "n": n,
            "k": failed,
            "value": figure(failed / n) if n else None,
            "ci_low": figure(float(low)),
            "ci_high": figure(float(high)),
        },
        "seconds": figure(spent),
        "throughput": figure((n - failed) / spent) if spent > 0 else None,
        "latency_ms": _percentiles(latency, plan),
        "service_ms": _percentiles(service, plan),
        "kept_up": bool(offered and (n - failed) >= LEAST_KEPT * offered),
        "verdict": None,
    }
    if plan.slo_ms is not None:
        within = int((latency <= plan.slo_ms).sum())
        made["within_slo"] = {"n": offered, "k": within, "value": figure(within / offered) if offered else None}
        made["goodput"] = figure(within / spent) if spent > 0 else None
        made["verdict"] = _verdict(made, plan)
    return made


def _percentiles(times: Floats, plan: LoadPlan) -> list[dict[str, Any]]:
    if len(times) == 0:
        return []
    made = []
    for percent in sorted({*PERCENTS, plan.percentile}):
        found = percentile(times, percent)
        made.append(
            {
                "percent": percent,
                "n": len(times),
                "value": figure(found.value),
                "ci_low": None if found.low is None else figure(found.low),
                "ci_high": None if found.high is None else figure(found.high),
                "coverage": None if found.coverage is None else figure(found.coverage),
                # fewer than a benchmark asks for: no number to hold somebody to
                "indicative": len(times) < samples_wanted(percent),
                "method": METHOD,
            }
        )
    return made


def _verdict(row: dict[str, Any], plan: LoadPlan) -> str:
    limit = plan.slo_ms or 0.0
    judged = next((one for one in row["latency_ms"] if one["percent"] == plan.percentile), None)
    if judged is None:
        return "fail" if row["sent"] else "insufficient_data"
    if row["unsent"] or (judged["ci_low"] is not None and judged["ci_low"] > limit):
        return "fail"
    if judged["ci_high"] is not None and judged["ci_high"] <= limit and row["failed"]["k"] == 0:
        return "pass"
    return "warn"


def load_document(
    rows: Sequence[dict[str, Any]],
    plan: LoadPlan,
    *,
    cold_starts: Sequence[float],
    capacity: float,
    peak_memory_bytes: int,
) -> dict[str, Any]:
    """All rates, how long a start takes, and the most memory that was seen.

    Args:
        cold_starts: seconds from the start of the model's process to its first answer, of each start.
        capacity: questions per second that it answers when each is sent as soon as the one before is answered.

    Returns:
        JSON-ready. ``knee``: the highest rate that was kept up with (and, with a limit, within it), None where none
        was. Times are of one machine at one time: they come out otherwise each time.
    """
    from audits.measures.verdicts import worst

    kept = [row["rate"] for row in rows if row["kept_up"] and row["verdict"] != "fail"]
    starts = np.array(cold_starts)
    verdicts = [row["verdict"] for row in rows if row["verdict"] is not None]
    return {
        "plan": plan.as_document(),
        "rates": list(rows),
        "capacity": figure(capacity),
        "knee": max(kept, default=None),
        "cold_start_s": {
            "n": len(starts),
            "lowest": figure(float(starts.min())),
            "median": figure(float(np.median(starts))),
            "highest": figure(float(starts.max())),
        },
        "peak_memory_bytes": int(peak_memory_bytes),
        "verdict": worst(verdicts) if verdicts else None,
    }
