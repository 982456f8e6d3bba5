"""The audit ``metrics``: metrics of the operator's own, by group. It measures and judges nothing."""

from __future__ import annotations

from pathlib import Path

from audits.kinds.base import Context, InputsRejected, Outcome, audit
from audits.kinds.uploads import PACKAGES, plan_of, predictions_of, refusals, table_of


@audit("metrics", version=1, packages=PACKAGES, verdicts=("measured",), time_limit_s=1_800)
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
    from audits.measures.plan import plan_from
    from audits.user_metrics.by_group import measured
    from audits.user_metrics.loading import load

    sha256 = predictions_of(context)
    with refusals():
        plan = plan_from(plan_of(context, part="bias", needed=True))
        if not plan.metrics:
            raise InputsRejected("metrics_missing", "the audit plan names no metrics of the operator's (metrics)")
        folder = Path(settings.METRICS_PATH) if settings.METRICS_PATH else None
        found = {name: load(name, allowed=settings.METRICS_ALLOWED, folder=folder) for name in plan.metrics}
        with table_of(context, sha256, open_for, plan) as table:
            _, rows = read_once(table, plan, progress=context.progress)
        assert rows is not None  # noqa: S101 - metrics ask for rows
        document = measured(rows, found, plan, seed=context.seed, tick=lambda: context.progress(0, None))
    return Outcome(verdict="measured", summary={"rows_used": float(document["rows_used"])}, document=document)
