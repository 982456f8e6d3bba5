"""Labels by several people: how far they agree; as findings."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.data.agreement import (
    Alpha,
    cohen_kappa,
    counted_labels,
    fleiss_kappa,
    krippendorff_alpha,
)
from audits.measures.data.asked import INTERVAL, NOMINAL
from audits.measures.data.columns import Column
from audits.measures.data.findings import Findings
from audits.measures.data.plan import DataPlan
from audits.measures.data.thresholds import AGREEMENT, AGREEMENT_TENTATIVE, MIN_ROWS
from audits.measures.figures import figure

Columns = dict[str, Column]
Codes = npt.NDArray[np.int64]

# Values that annotators can choose from; what has more is text.
MAX_VALUES = 50
# Cells of the tables that are held while units are resampled.
_MOST_CELLS = 20_000_000
BOOTSTRAP = 2_000
SHOWN_PAIRS = 45


def at_annotations(
    columns: Columns, plan: DataPlan, findings: Findings, *, seed: int, tick: Callable[[], None]
) -> dict[str, Any]:
    """Agreement of the annotators that the plan names; nothing where it names none."""
    if not plan.annotators:
        return {}
    read = _read(columns, plan)
    if isinstance(read, str):
        return {"agreement": _not_measured(read, findings)}
    annotations, values, numbers = read
    counts = counted_labels(annotations, len(values))
    units = int((counts.sum(axis=1) >= 2).sum())
    if units < MIN_ROWS:
        return {"agreement": _not_measured("too_few_units", findings)}
    if units * len(values) ** 2 > _MOST_CELLS and np.unique(counts, axis=0).shape[0] * len(values) ** 2 > _MOST_CELLS:
        return {"agreement": _not_measured("too_varied", findings)}
    alpha = krippendorff_alpha(counts, scale=plan.annotation_scale, numbers=numbers, bootstrap=BOOTSTRAP, seed=seed)
    tick()
    if alpha is None or np.isnan(alpha.low) or alpha.undefined > 0.05:
        return {"agreement": _not_measured("one_value", findings)}
    _judge(alpha, findings)
    fleiss = fleiss_kappa(counts)
    return {
        "agreement": {
            "measured": True,
            "scale": plan.annotation_scale,
            "annotators": len(plan.annotators),
            "values": len(values),
            "units": alpha.units,
            "labels": alpha.labels,
            "krippendorff_alpha": figure(alpha.value),
            "ci_low": figure(alpha.low),
            "ci_high": figure(alpha.high),
            "method": alpha.method,
            "fleiss_kappa": None if fleiss is None else figure(fleiss),
            "pairs": _pairs(annotations, plan.annotators, len(values)),
        }
    }


def _not_measured(why: str, findings: Findings) -> dict[str, Any]:
    findings.add("data.agreement_not_measured", "annotators", why=why)
    return {"measured": False, "why": why}


def _read(columns: Columns, plan: DataPlan) -> tuple[Codes, list[str], npt.NDArray[np.float64] | None] | str:
    """Labels of each row as positions among all values, shape (rows, annotators), and the values in their order."""
    chosen = [columns[name] for name in plan.annotators]
    values = sorted({value for column in chosen for value in column.values})
    if len(values) < 2:
        return "one_value"
    if len(values) > MAX_VALUES:
        return "too_many_values"
    numbers = None
    if plan.annotation_scale != NOMINAL:
        found = _numbers(values)
        if found is None and (plan.annotation_scale == INTERVAL or not plan.annotation_order):
            return "not_a_number"
        if plan.annotation_order:
            if any(value not in plan.annotation_order for value in values):
                return "value_without_place"
            values = [value for value in plan.annotation_order if value in values]
        elif found is not None:
            order = np.argsort(found, kind="stable")
            values, numbers = [values[place] for place in order.tolist()], found[order]
    place = {value: position for position, value in enumerate(values)}
    made = [
        np.array([*(place[value] for value in column.values), -1], dtype=np.int64)[column.codes] for column in chosen
    ]
    return np.column_stack(made), values, numbers


def _numbers(values: list[str]) -> npt.NDArray[np.float64] | None:
    try:
        found = np.array([float(value) for value in values])
    except ValueError:
        return None
    return found if np.isfinite(found).all() and (np.abs(found) < 1e70).all() else None


def _judge(alpha: Alpha, findings: Findings) -> None:
    figures: dict[str, Any] = {
        "alpha": figure(alpha.value),
        "low": figure(alpha.low),
        "high": figure(alpha.high),
        "units": alpha.units,
        "limit": AGREEMENT_TENTATIVE,
    }
    if alpha.value < AGREEMENT_TENTATIVE:
        findings.add("data.agreement_low", "annotators", **figures)
    elif alpha.low < AGREEMENT_TENTATIVE:
        findings.add("data.agreement_unsure", "annotators", **figures)
    elif alpha.low < AGREEMENT:
        findings.add("data.agreement_tentative", "annotators", **figures | {"limit": AGREEMENT})


def _pairs(annotations: Codes, names: tuple[str, ...], values: int) -> list[dict[str, Any]]:
    """Cohen's kappa of each two annotators over the rows that both labelled, least agreement first."""
    made: list[dict[str, Any]] = []
    for one, other in itertools.combinations(range(len(names)), 2):
        first, second = annotations[:, one], annotations[:, other]
        units = int(((first >= 0) & (second >= 0)).sum())
        kappa = cohen_kappa(first, second, values) if units >= MIN_ROWS else None
        row = {"first": names[one], "second": names[other], "units": units}
        made.append(row | {"cohen_kappa": None if kappa is None else figure(kappa)})
    made.sort(key=lambda row: (row["cohen_kappa"] is None, row["cohen_kappa"] or 0.0, row["first"], row["second"]))
    return made[:SHOWN_PAIRS]
