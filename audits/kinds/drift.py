"""The audit ``drift``: a table of today against the table that was looked at before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.kinds.base import Context, Draft, InputsRejected, Outcome, audit

MAX_LOCUS = 500


@audit(
    "drift",
    version=1,
    packages=("numpy", "pyarrow", "scipy"),
    verdicts=("pass", "warn", "fail", "insufficient_data", "no_information"),
    time_limit_s=900,
)
def run(context: Context) -> Outcome:
    """Compare two uploaded tables column by column.

    Inputs: ``reference`` and ``current`` (each ``sha256``, ``filename``, ``media_type``). Progress is rows of rows.

    Returns:
        The document of ``audits.measures.drift.tables.audit_drift``; in the summary the numbers of columns judged and
        drifted; one draft for each reason.

    Raises:
        InputsRejected: a table cannot be used, with the code and the way to mend it.
    """
    # numpy, scipy and pyarrow cost a web process seconds and memory for nothing
    from audits.measures.drift.tables import audit_drift
    from audits.measures.tables import TableRejected
    from audits.measures.tables.loading import load_table

    tables = []
    for name in ("reference", "current"):
        given = context.inputs.get(name)
        if not isinstance(given, Mapping) or not isinstance(given.get("sha256"), str):
            raise InputsRejected(f"{name}_missing", f"there is no {name} table; upload one and attach it")
        try:
            with context.open_blob(given["sha256"]) as file:
                tables.append(load_table(file, progress=context.progress))
        except TableRejected as refused:
            raise InputsRejected(refused.code, f"the {name} table: {refused}") from refused
    try:
        return outcome(audit_drift(tables[0], tables[1]))
    except TableRejected as refused:
        raise InputsRejected(refused.code, str(refused)) from refused


def outcome(document: Mapping[str, Any]) -> Outcome:
    """The outcome that a document of the drift audit amounts to."""
    summary = {
        "rows_used": float(sum(document["rows"].values())),
        "columns_judged": float(document["judged"]),
        "columns_drifted": float(document["drifted"]),
    }
    return Outcome(
        verdict=document["verdict"],
        summary=summary,
        document=document,
        drafts=[
            Draft(
                code=reason["code"],
                severity=reason["severity"],
                locus=reason["locus"][:MAX_LOCUS],
                params=reason["params"],
            )
            for reason in document["reasons"]
        ],
    )
