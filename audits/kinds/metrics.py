"""The audit ``metrics``: metrics of the operator's own, by group. It measures and judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from audits.kinds.base import Context, InputsRejected, Outcome, audit


@audit("metrics", version=1, packages=("numpy", "pyarrow"), verdicts=("measured",), time_limit_s=1_800)
def run(context: Context) -> Outcome:
    """Measure a table of predictions by metrics that the plan names and the operator allows.

    Inputs: as for ``bias``; the plan has to name ``metrics``. A metric is given the score where the plan names one,
    else the decisions as 0 and 1.

    Returns:
        The document of ``audits.user_metrics.by_group.measured``.

    Raises:
        InputsRejected: ``metric_not_allowed`` where the operator's setting does not list it; ``extra_missing``; or
            the plan, the table or the metric cannot be used.
    """
    from django.conf import settings

    from audits.measures.bias import open_for, read_once
    from audits.measures.plan import PlanRejected, plan_from
    from audits.measures.tables import TableRejected
    from audits.user_metrics.by_group import measured
    from audits.user_metrics.loading import MetricRefused, load

    predictions, given = context.inputs.get("predictions"), context.inputs.get("plan")
    if not isinstance(predictions, Mapping) or not isinstance(predictions.get("sha256"), str):
        raise InputsRejected("predictions_missing", "there is no table of predictions; upload one and attach it")
    if not isinstance(given, Mapping):
        raise InputsRejected("plan_missing", "the use case has no audit plan for bias; write one")
    try:
        plan = plan_from(given)
        if not plan.metrics:
            raise InputsRejected("metrics_missing", "the audit plan names no metrics of the operator's (metrics)")
        folder = Path(settings.METRICS_PATH) if settings.METRICS_PATH else None
        found = {name: load(name, allowed=settings.METRICS_ALLOWED, folder=folder) for name in plan.metrics}
        with (
            context.open_blob(predictions["sha256"]) as file,
            open_for(file, plan, counting=lambda: context.progress(0, None)) as table,
        ):
            _, rows = read_once(table, plan, progress=context.progress)
        assert rows is not None  # noqa: S101 - metrics ask for rows
        document = measured(rows, found, plan, seed=context.seed, tick=lambda: context.progress(0, None))
    except (PlanRejected, TableRejected, MetricRefused) as refused:
        raise InputsRejected(refused.code, str(refused)) from refused
    return Outcome(verdict="measured", summary={"rows_used": float(document["rows_used"])}, document=document)
