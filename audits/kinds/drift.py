"""The audit ``drift``: a table of today against the table that was looked at before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.kinds.base import Context, Outcome, audit
from audits.kinds.uploads import PACKAGES, VERDICTS, outcome_of, refusals, upload_of


@audit(
    "drift",
    version=1,
    packages=(*PACKAGES, "scipy"),
    verdicts=VERDICTS,
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
    from audits.measures.tables.loading import load_table

    tables = []
    for name in ("reference", "current"):
        sha256 = upload_of(context, name, what=f"{name} table")
        with refusals(of=f"the {name} table"), context.open_blob(sha256) as file:
            tables.append(load_table(file, progress=context.progress))
    with refusals():
        return outcome(audit_drift(tables[0], tables[1]))


def outcome(document: Mapping[str, Any]) -> Outcome:
    """The outcome that a document of the drift audit amounts to."""
    summary = {
        "rows_used": float(sum(document["rows"].values())),
        "columns_judged": float(document["judged"]),
        "columns_drifted": float(document["drifted"]),
    }
    return outcome_of(document, summary=summary)
