"""The audit ``bias``: a table of predictions against the use case's audit plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from audits.kinds.base import Context, Draft, InputsRejected, Outcome, audit

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
MAX_LOCUS = 500


@audit(
    "bias",
    version=2,
    packages=("numpy", "pyarrow", "scipy"),
    verdicts=("pass", "warn", "fail", "insufficient_data", "no_information"),
    time_limit_s=900,
)
def run(context: Context) -> Outcome:
    """Audit uploaded predictions for bias.

    Inputs: ``plan`` (the bias part of an audit plan: label, prediction, score, positive, sensitive, reference,
    gating, thresholds, required_groups, min_group, …), ``plan_digest``, ``predictions`` (``sha256``, ``filename``,
    ``media_type``) and ``origin``; ``baseline`` where another version is approved for the use case: its
    ``subject_digest``, ``revision`` and ``predictions``. Progress is rows read of rows in the table.

    Returns:
        The document of ``audits.measures.bias.audit_table``; in the summary the worst value of each gating metric
        that was measured, rates of everybody, and counts of rows; one draft for each reason.

    Raises:
        InputsRejected: the plan or the table cannot be used, with the code and the way to mend it.
    """
    # numpy and pyarrow cost a web process seconds and memory for nothing
    from audits.measures.bias import audit_table, open_for
    from audits.measures.plan import BINARY, PlanRejected, plan_from
    from audits.measures.tables import TableRejected

    inputs = context.inputs
    predictions = inputs.get("predictions")
    if not isinstance(predictions, Mapping) or not isinstance(predictions.get("sha256"), str):
        raise InputsRejected("predictions_missing", "there is no table of predictions; upload one and attach it")
    if not isinstance(inputs.get("plan"), Mapping):
        raise InputsRejected("plan_missing", "the use case has no audit plan for bias; write one")
    try:
        plan = plan_from(inputs["plan"])
        with (
            context.open_blob(predictions["sha256"]) as file,
            open_for(file, plan, counting=lambda: context.progress(0, None)) as table,
        ):
            document = audit_table(table, plan, progress=context.progress, seed=context.seed)
    except (PlanRejected, TableRejected) as refused:
        raise InputsRejected(refused.code, str(refused)) from refused
    if isinstance(inputs.get("baseline"), Mapping) and plan.task == BINARY:
        document = _compared(context, document, plan, inputs["baseline"])
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
            context.open_blob(context.inputs["predictions"]["sha256"]) as new_file,
            context.open_blob(baseline["predictions"]["sha256"]) as old_file,
            open_for_regression(new_file, plan, counting=lambda: context.progress(0, None)) as new,
            open_for_regression(old_file, plan, counting=lambda: context.progress(0, None)) as old,
        ):
            found = regression_of(new, old, plan, seed=context.seed)
    except (TableRejected, NotCompared, InputsRejected) as hindered:
        found = {"not_compared": hindered.code}
    return with_regression(document, {"baseline": subject, **found})


def outcome(document: Mapping[str, Any]) -> Outcome:
    """The outcome that a bias document amounts to."""
    return Outcome(
        verdict=document["verdict"],
        summary=_summary(document),
        document=document,
        drafts=[_draft(reason) for reason in document["reasons"]],
    )


def _summary(document: Mapping[str, Any]) -> dict[str, float]:
    """Named numbers for policies; what was not measured is absent."""
    summary = {row["metric"]: float(row["worst"]) for row in document["headline"]}
    for row in document["metrics"]:
        # a rate of one class against the rest is not that of everybody
        if row["slice"] == {} and "class" not in row and row["metric"] in OVERALL_RATES and row["value"] is not None:
            summary[row["metric"]] = float(row["value"])
    summary["rows_used"] = float(document["rows_used"])
    summary["rows_dropped"] = float(sum(document["rows_dropped"].values()))
    summary["groups_suppressed"] = float(
        sum(made["suppressed"]["groups"] for made in document["groups"] if len(made["attributes"]) == 1)
    )
    return summary


def _draft(reason: Mapping[str, Any]) -> Draft:
    from audits.measures.reasons import CODES

    severity, _ = CODES[reason["code"]]
    return Draft(code=reason["code"], severity=severity, locus=reason["locus"][:MAX_LOCUS], params=reason["params"])
