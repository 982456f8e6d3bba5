"""The audit ``data``: the rows of a data set, and what its card says of where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.kinds.base import Context, Outcome, audit
from audits.kinds.uploads import PACKAGES, VERDICTS, outcome_of, plan_of, refusals, upload_of

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
    packages=(*PACKAGES, "scipy", "py3langid"),
    verdicts=VERDICTS,
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
    from audits.measures.data.plan import data_plan_from

    sha256, card = upload_of(context, "data", what="table of data"), context.inputs.get("card_sha256")
    findings = Findings()
    with refusals():
        plan = data_plan_from(plan_of(context, part="data", needed=False))
        if isinstance(card, str) and card:
            with context.open_blob(card) as file:
                read = provenance(file.read())
            findings.add_provenance(read.missing, of=LOOKED_FOR, says_anything=read.says_anything)
        with context.open_blob(sha256) as file:
            table = load_for(file, plan, progress=context.progress)
        document = audit_data(table, plan, progress=context.progress, seed=context.seed, provenance=findings)
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
    return outcome_of(document, summary=summary, reasons="findings")
