"""The audit ``data``: the rows of a data set, and what its card says of where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.kinds.base import Context, Draft, InputsRejected, Outcome, audit

MAX_LOCUS = 500
# Figures that policies may ask for, by where they stand in the document.
_FIGURES = {
    "duplicate_rows": ("repeats", "exact", "rows"),
    "near_duplicate_rows": ("repeats", "near", "rows"),
    "conflicting_label_rows": ("repeats", "conflicts", "rows"),
    "label_error_rows": ("label_errors", "rows"),
    "krippendorff_alpha": ("agreement", "krippendorff_alpha"),
}


@audit(
    "data",
    version=1,
    packages=("numpy", "pyarrow", "scipy", "py3langid"),
    verdicts=("pass", "warn", "fail", "insufficient_data", "no_information"),
    time_limit_s=900,
)
def run(context: Context) -> Outcome:
    """Look through an uploaded table of data.

    Inputs: ``data`` (``sha256``, ``filename``, ``media_type``), ``plan`` (the data part of an audit plan, see
    ``audits.measures.data.plan.DataPlan``; may be empty), and ``card_sha256`` (the data set's
    README.md; may be absent). Progress is rows of rows.

    Returns:
        The document of ``audits.measures.data.auditing.audit_data``; in the summary counts of rows; one draft for each
        finding.

    Raises:
        InputsRejected: the plan or the table cannot be used, with the code and the way to mend it.
    """
    # numpy, scipy and pyarrow cost a web process seconds and memory for nothing
    from audits.cards.provenance import LOOKED_FOR, provenance
    from audits.measures.data.auditing import audit_data, load_for
    from audits.measures.data.findings import Findings
    from audits.measures.data.plan import DataPlanRejected, data_plan_from
    from audits.measures.tables import TableRejected

    inputs = context.inputs
    data, card = inputs.get("data"), inputs.get("card_sha256")
    if not isinstance(data, Mapping) or not isinstance(data.get("sha256"), str):
        raise InputsRejected("data_missing", "there is no table of data; upload one and attach it")
    findings = Findings()
    try:
        plan = data_plan_from(inputs.get("plan") or {})
        if isinstance(card, str) and card:
            with context.open_blob(card) as file:
                read = provenance(file.read())
            findings.add_provenance(read.missing, of=LOOKED_FOR, says_anything=read.says_anything)
        with context.open_blob(data["sha256"]) as file:
            table = load_for(file, plan, progress=context.progress)
        document = audit_data(table, plan, progress=context.progress, seed=context.seed, provenance=findings)
    except (DataPlanRejected, TableRejected) as refused:
        raise InputsRejected(refused.code, str(refused)) from refused
    return outcome(document)


def outcome(document: Mapping[str, Any]) -> Outcome:
    """The outcome that a document of the data audit amounts to."""
    summary = {"rows_used": float(document["rows"])}
    for name, path in _FIGURES.items():
        value: Any = document
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, (int, float)):
            summary[name] = float(value)
    personal = {(row["column"], row["what"]): row["rows"] for row in document["personal"]}
    summary["personal_data_columns"] = float(len({column for column, _ in personal}))
    return Outcome(
        verdict=document["verdict"],
        summary=summary,
        document=document,
        drafts=[
            Draft(
                code=finding["code"],
                severity=finding["severity"],
                locus=finding["locus"][:MAX_LOCUS],
                params={**finding["params"], **({"examples": finding["examples"]} if "examples" in finding else {})},
            )
            for finding in document["findings"]
        ],
    )
