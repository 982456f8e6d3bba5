"""The audit ``bias``: a table of predictions against the use case's audit plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from audits.kinds.base import Context, InputsRejected, Outcome, audit
from audits.kinds.uploads import (
    PACKAGES,
    VERDICTS,
    outcome_of,
    plan_of,
    predictions_of,
    refusals,
    rows_counted,
    table_of,
)

if TYPE_CHECKING:
    from audits.measures.plan import BiasPlan

# Rates of everybody that policies may ask for beside the gating metrics.
OVERALL_RATES = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "precision",
    "accuracy",
    "roc_auc_score",
    "brier_score_loss",
    "log_loss",
    "mean_absolute_error",
    "root_mean_squared_error",
    "mean_error",
    "ndcg_score",
)


@audit(
    "bias",
    version=3,
    packages=(*PACKAGES, "scipy"),
    verdicts=VERDICTS,
    time_limit_s=900,
)
def run(context: Context) -> Outcome:
    """Audit uploaded predictions for bias.

    Inputs: ``plan`` (the bias part of an audit plan: label, prediction, score, positive, sensitive, reference,
    gating, thresholds, required_groups, min_group, features, consistency, …), ``plan_digest``, ``predictions``
    (``sha256``, ``filename``, ``media_type``) and ``origin``; ``baseline`` where another version is approved for the
    use case: its ``subject_digest``, ``revision`` and ``predictions``. Progress is rows read of rows in the table.

    Returns:
        The document of ``audits.measures.bias.audit_table``; in the summary the worst value of each gating metric
        that was measured, rates of everybody, and counts of rows; one draft for each reason.

    Raises:
        InputsRejected: the plan or the table cannot be used, with the code and the way to mend it.
    """
    # numpy and pyarrow cost a web process seconds and memory for nothing
    from audits.measures.bias import audit_table, open_for
    from audits.measures.plan import BINARY, plan_from

    sha256 = predictions_of(context)
    with refusals():
        plan = plan_from(plan_of(context, part="bias", needed=True))
        with table_of(context, sha256, open_for, plan) as table:
            document = audit_table(table, plan, progress=context.progress, seed=context.seed)
    baseline = context.inputs.get("baseline")
    if isinstance(baseline, Mapping) and plan.task == BINARY:
        document = _compared(context, document, plan, baseline)
    return outcome(document)


def _compared(
    context: Context, document: dict[str, Any], plan: BiasPlan, baseline: Mapping[str, Any]
) -> dict[str, Any]:
    """The document with the comparison with the approved version; what hinders it never hinders the audit itself."""
    from audits.measures.bias import with_regression
    from audits.measures.regression import NotCompared, regression_of
    from audits.measures.regression.reading import open_for_regression
    from audits.measures.tables import TableRejected

    subject = {key: baseline.get(key, "") for key in ("subject_digest", "revision")}
    try:
        with (
            table_of(context, predictions_of(context), open_for_regression, plan) as new,
            table_of(context, baseline["predictions"]["sha256"], open_for_regression, plan) as old,
        ):
            found = regression_of(new, old, plan, seed=context.seed)
    except (TableRejected, NotCompared, InputsRejected) as hindered:
        found = {"not_compared": hindered.code}
    return with_regression(document, {"baseline": subject, **found})


def outcome(document: Mapping[str, Any]) -> Outcome:
    """The outcome that a bias document amounts to."""
    from audits.measures.reasons import CODES

    return outcome_of(document, summary=_summary(document), codes=CODES)


def _summary(document: Mapping[str, Any]) -> dict[str, float]:
    """Named numbers for policies; what was not measured is absent."""
    summary = {row["metric"]: float(row["worst"]) for row in document["headline"]}
    for row in document["metrics"]:
        # a rate of one class against the rest is not that of everybody
        if row["slice"] == {} and "class" not in row and row["metric"] in OVERALL_RATES and row["value"] is not None:
            summary[row["metric"]] = float(row["value"])
    alike = document.get("consistency", {}).get("value")
    summary |= {} if alike is None else {"consistency": float(alike)}
    summary |= rows_counted(document)
    summary["groups_suppressed"] = float(
        sum(made["suppressed"]["groups"] for made in document["groups"] if len(made["attributes"]) == 1)
    )
    return summary
