"""The audit ``ll144``: the figures that New York City Local Law 144 asks for, from an uploaded table of people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.kinds.base import Context, Outcome, audit
from audits.kinds.uploads import PACKAGES, outcome_of, plan_of, refusals, rows_counted, table_of, upload_of


@audit(
    "ll144",
    version=1,
    packages=PACKAGES,
    # the law sets no limit for its ratios, so that nothing fails
    verdicts=("pass", "warn", "insufficient_data", "no_information"),
    time_limit_s=900,
)
def run(context: Context) -> Outcome:
    """Calculate the tables of Local Law 144.

    Inputs: ``plan`` (the ll144 part of an audit plan), ``plan_digest``, ``predictions`` (``sha256``, ``filename``,
    ``media_type``) and ``origin``. Progress is rows read of rows in the table.

    Returns:
        The document of ``audits.measures.ll144.audit.audit_ll144``; in the summary the lowest impact ratio of each
        table that has one, and counts of rows; one draft for each reason.

    Raises:
        InputsRejected: the plan or the table cannot be used, with the code and the way to mend it.
    """
    # numpy and pyarrow cost a web process seconds and memory for nothing
    from audits.measures.ll144.audit import audit_ll144, open_for
    from audits.measures.ll144.plan import ll144_plan_from
    from audits.measures.ll144.reasons import CODES

    sha256 = upload_of(context, "predictions", what="table of people and outcomes")
    with refusals():
        plan = ll144_plan_from(plan_of(context, part="ll144", needed=True))
        with table_of(context, sha256, open_for, plan) as table:
            document = audit_ll144(table, plan, progress=context.progress)
    return outcome_of(document, summary=_summary(document), codes=CODES)


def _summary(document: Mapping[str, Any]) -> dict[str, float]:
    """Named numbers for policies; what was not measured is absent."""
    lowest: dict[str, float] = {}
    for made in document["tables"]:
        ratios = [row["impact_ratio"] for row in made["rows"] if row["impact_ratio"] is not None]
        if ratios:
            name = f"impact_ratio_{made['table']}"
            lowest[name] = min(lowest.get(name, 1.0), *ratios)
    return {**lowest, **rows_counted(document)}
