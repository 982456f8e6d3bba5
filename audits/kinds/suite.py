"""The audit ``suite``: a functional suite with the model's answers, from an uploaded table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.kinds.base import Context, Outcome, audit
from audits.kinds.uploads import PACKAGES, VERDICTS, outcome_of, plan_of, refusals, rows_counted, table_of, upload_of


@audit(
    "suite",
    version=1,
    packages=PACKAGES,
    verdicts=VERDICTS,
    time_limit_s=900,
)
def run(context: Context) -> Outcome:
    """Judge every functionality of a suite by itself.

    Inputs: ``suite`` (``sha256``, ``filename``, ``media_type``), ``origin``, and where the use case has one ``plan``
    (the suite part of an audit plan) with ``plan_digest``. Progress is rows read of rows in the table.

    Returns:
        The document of ``audits.measures.suites.audit.audit_suite``; in the summary the accuracy of the worst
        functionality that takes part, how many fail, and counts of rows; one draft for each reason.

    Raises:
        InputsRejected: the plan or the table cannot be used, with the code and the way to mend it.
    """
    # numpy and pyarrow cost a web process seconds and memory for nothing
    from audits.measures.suites.audit import audit_suite
    from audits.measures.suites.cases import open_for
    from audits.measures.suites.plan import suite_plan_from
    from audits.measures.suites.reasons import CODES

    sha256 = upload_of(context, "suite", what="suite with answers")
    with refusals():
        plan = suite_plan_from(plan_of(context, part="suite", needed=False))
        with table_of(context, sha256, open_for, plan) as table:
            document = audit_suite(table, plan, progress=context.progress, seed=context.seed)
    return outcome_of(document, summary=_summary(document), codes=CODES)


def _summary(document: Mapping[str, Any]) -> dict[str, float]:
    """Named numbers for policies; what was not measured is absent. The mean over all cases is left out on purpose."""
    judged = [row for row in document["functionalities"] if row["takes_part"]]
    made = {
        **rows_counted(document),
        "functionalities_failed": float(sum(row["verdict"] == "fail" for row in judged)),
    }
    if judged:
        made["functionality_accuracy_lowest"] = min(float(row["value"]) for row in judged)
    return made
