"""The document of an audit whose answers are numbers, in the shape of that of decisions."""

from __future__ import annotations

from typing import Any

import numpy as np

from audits.measures import reasons
from audits.measures.clusters import FEW_CLUSTERS
from audits.measures.naming import DIFFERENCE
from audits.measures.numeric.ranked import ranked
from audits.measures.numeric.redrawn import cluster_bootstrap
from audits.measures.numeric.regression import comparisons, metric_rows
from audits.measures.numeric.rows import NumericRows, Progress, read_numbers
from audits.measures.plan import REGRESSION, BiasPlan
from audits.measures.tables.opening import Table
from audits.measures.verdicts import worst

_NAME_SHOWN = 60


def numeric_document(table: Table, plan: BiasPlan, *, progress: Progress | None = None, seed: int) -> dict[str, Any]:
    """Audit predicted quantities or one ranking.

    Returns:
        The document. A metric decides where the plan sets it a threshold, in the unit of the label; without any the
        verdict is no_information: figures without a limit are no pass.

    Raises:
        TableRejected: see ``read_numbers``.
    """
    rows = read_numbers(table, plan, progress=progress)
    parts: dict[str, Any] = {}
    if plan.task == REGRESSION or plan.of_texts:
        metrics, disparities = metric_rows(rows, plan), comparisons(rows, plan, seed=seed)
    else:
        metrics, disparities, parts["ranking"] = ranked(rows, plan)
    gating = [row for row in disparities if row["role"] == "gating"]
    verdict, why = _ruling(rows, plan, gating)
    return {
        "verdict": verdict,
        "rows_used": len(rows),
        "rows_dropped": rows.dropped,
        "headline": _headline(gating),
        "reasons": [*why, *_notes(rows, plan)],
        "metrics": metrics,
        "disparities": disparities,
        "worst_slices": [],
        "groups": rows.counted(plan),
        "plan": plan.as_document(),
        "seed": seed,
    } | (parts | cluster_bootstrap(rows, plan, disparities, seed=seed))


def _ruling(rows: NumericRows, plan: BiasPlan, gating: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    first = plan.sensitive[0]
    # no mistake in any transcript is an answer; one prediction for everybody is none
    if rows.prediction[0] == rows.prediction[-1] and not plan.of_texts:
        params = {"attribute": first, "n": len(rows), "selected": len(rows)}
        return "no_information", [_because("bias.no_information", first, params)]
    if not plan.gating:
        return "no_information", [_because("bias.no_threshold", plan.task, {"task": plan.task})]
    why = []
    verdicts = [row["verdict"] for row in gating]
    for metric in plan.gating:
        for attribute in plan.sensitive:
            if not any(row["metric"] == metric and set(row["slice"]) == {attribute} for row in gating):
                verdicts.append("insufficient_data")
                why.append(_nothing(rows, plan, metric, attribute))
    for row in gating:
        if row["verdict"] == "pass":
            continue
        (attribute,) = row["slice"]
        shown = row | {
            "attribute": attribute,
            "group": row["slice"][attribute],
            "comparator": row["comparator"][attribute],
        }
        code = _code(row)
        params = {name: shown[name] for name in reasons.CODES[code][1]}
        against = f"{_short(attribute)}={_short(shown['group'])} vs {_short(shown['comparator'])}"
        why.append(_because(code, f"{row['metric']} {against}", params))
    return worst(verdicts), why


def _code(row: dict[str, Any]) -> str:
    if row["verdict"] == "warn":
        return "bias.inconclusive"
    if row["verdict"] == "insufficient_data":
        return "bias.gap_not_detectable"
    if row["kind"] == DIFFERENCE:
        return "bias.gap_above_threshold"
    return "bias.ratio_above_threshold" if (row["ci_low"] or 0) > 1 else "bias.ratio_below_threshold"


def _nothing(rows: NumericRows, plan: BiasPlan, metric: str, attribute: str) -> dict[str, Any]:
    column = rows.groups[attribute]
    sizes = np.bincount(column.codes[column.codes >= 0], minlength=len(column.values))
    params = {
        "metric": metric,
        "attribute": attribute,
        "min_group": plan.min_group,
        "groups": int((sizes > 0).sum()),
        "judged_groups": int((sizes >= plan.min_group).sum()),
    }
    return _because("bias.nothing_to_compare", f"{metric} {_short(attribute)}", params)


def _headline(gating: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The worst comparison of each gating metric; ``worst`` is its size, of a ratio that turned to be at most 1."""
    made: dict[str, tuple[float, dict[str, Any]]] = {}
    for row in gating:
        if row["value"] is None:
            continue
        size = abs(row["value"]) if row["kind"] == DIFFERENCE else min(row["value"], 1 / row["value"])
        away = size if row["kind"] == DIFFERENCE else -size
        if row["metric"] not in made or away > made[row["metric"]][0]:
            made[row["metric"]] = (away, row | {"worst": size})
    return [row for _, row in made.values()]


def _notes(rows: NumericRows, plan: BiasPlan) -> list[dict[str, Any]]:
    made = []
    for attribute, fewest, clusters in rows.few_clusters(FEW_CLUSTERS):
        params = {"attribute": attribute, "clusters": clusters, "fewest": fewest, "wanted": FEW_CLUSTERS}
        made.append(_because("bias.few_clusters", attribute, params))
    for counted in rows.counted(plan):
        (attribute,) = counted["attributes"]
        if counted["suppressed"]["groups"]:
            params = {"attribute": attribute, "suppress_below": plan.suppress_below, **counted["suppressed"]}
            made.append(_because("bias.groups_suppressed", attribute, params))
        if counted["too_small"]["groups"]:
            params = {"attribute": attribute, "min_group": plan.min_group, **counted["too_small"]}
            made.append(_because("bias.groups_too_small", attribute, params))
        if counted["missing_rows"]:
            params = {"attribute": attribute, "rows": counted["missing_rows"]}
            made.append(_because("bias.group_unknown", attribute, params))
    total = len(rows) + sum(rows.dropped.values())
    for why, dropped in rows.dropped.items():
        made.append(_because("bias.rows_dropped", why, {"rows": dropped, "of": total, "why": why}))
    return made


def _because(code: str, locus: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"code": code, "locus": locus, "params": params}


def _short(value: str) -> str:
    return value if len(value) <= _NAME_SHOWN else value[: _NAME_SHOWN - 1] + "…"
