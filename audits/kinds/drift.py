"""The audit ``drift``: a table of today against the table that was looked at before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.kinds.base import Context, Outcome, audit
from audits.kinds.uploads import PACKAGES, VERDICTS, outcome_of, plan_of, refusals, upload_of


@audit(
    "drift",
    version=1,
    packages=(*PACKAGES, "scipy"),
    verdicts=VERDICTS,
    time_limit_s=900,
)
def run(context: Context) -> Outcome:
    """Compare two uploaded tables column by column, and what was decided in them where the plan says how.

    Inputs: ``reference`` and ``current`` (each ``sha256``, ``filename``, ``media_type``), and ``plan`` (the drift part
    of an audit plan, see ``audits.measures.drift.plan.DriftPlan``; may be empty). Progress is rows of rows.

    Returns:
        The document of ``audits.measures.drift.tables.audit_drift``; in the summary the numbers of columns judged and
        drifted, and what was measured of the decisions; one draft for each reason.

    Raises:
        InputsRejected: the plan or a table cannot be used, with the code and the way to mend it.
    """
    # numpy, scipy and pyarrow cost a web process seconds and memory for nothing
    from audits.measures.drift.plan import drift_plan_from
    from audits.measures.drift.tables import audit_drift
    from audits.measures.tables.loading import load_table

    with refusals():
        plan = drift_plan_from(plan_of(context, part="drift", needed=False))
    tables = []
    for name in ("reference", "current"):
        sha256 = upload_of(context, name, what=f"{name} table")
        with refusals(of=f"the {name} table"), context.open_blob(sha256) as file:
            tables.append(load_table(file, progress=context.progress))
    with refusals():
        return outcome(audit_drift(tables[0], tables[1], plan, seed=context.seed))


def outcome(document: Mapping[str, Any]) -> Outcome:
    """The outcome that a document of the drift audit amounts to."""
    summary = {
        "rows_used": float(sum(document["rows"].values())),
        "columns_judged": float(document["judged"]),
        "columns_drifted": float(document["drifted"]),
    }
    return outcome_of(document, summary=summary | _decisions(document))


def _decisions(document: Mapping[str, Any]) -> dict[str, float]:
    """Named numbers for policies, of what was decided; what was not measured is absent."""
    performance, gaps = document.get("performance", {}), document.get("gaps", {})
    measured = {row["metric"]: row for row in performance.get("quantities", ())}
    estimates = {row["metric"]: row for row in performance.get("estimated", {}).get("quantities", ())}
    followed = [row for row in gaps.get("followed", ()) if row["role"] == "gating"]
    # the widest of some is not that of all
    rises = [row["effect"] for row in followed] if all("effect" in row for row in followed) else []
    named = {
        "accuracy_then": measured.get("accuracy", {}).get("reference"),
        "accuracy_now": measured.get("accuracy", {}).get("current"),
        "accuracy_drop": measured.get("accuracy", {}).get("effect"),
        "estimated_accuracy": estimates.get("accuracy", {}).get("value"),
        "estimated_accuracy_drop": estimates.get("accuracy", {}).get("effect"),
        "selection_rate_change": measured.get("selection_rate", {}).get("effect"),
        "fairness_gap_rise": max(rises, default=None),
    }
    return {name: float(value) for name, value in named.items() if value is not None}
