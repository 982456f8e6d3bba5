"""The audit ``counterfactual``: do answers follow whom a text is about? From an uploaded table of texts and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.kinds.base import Context, Outcome, audit
from audits.kinds.uploads import PACKAGES, VERDICTS, outcome_of, plan_of, refusals, rows_counted, table_of, upload_of


@audit(
    "counterfactual",
    version=1,
    packages=PACKAGES,
    verdicts=VERDICTS,
    time_limit_s=900,
)
def run(context: Context) -> Outcome:
    """Measure changed answers and shifted scores beyond those of the control edits.

    Inputs: ``texts`` (``sha256``, ``filename``, ``media_type``), ``origin``, and where the use case has one ``plan``
    (the counterfactual part of an audit plan) with ``plan_digest``. Progress is rows read of rows in the table.

    Returns:
        The document of ``audits.measures.counterfactual.audit.audit_counterfactual``; in the summary the excess of the
        worst pair of identities where one was measured, and counts of rows; one draft for each reason.

    Raises:
        InputsRejected: the plan or the table cannot be used, with the code and the way to mend it.
    """
    # numpy and pyarrow cost a web process seconds and memory for nothing
    from audits.measures.counterfactual.audit import audit_counterfactual
    from audits.measures.counterfactual.pairs import open_for
    from audits.measures.counterfactual.plan import counterfactual_plan_from
    from audits.measures.counterfactual.reasons import CODES

    sha256 = upload_of(context, "texts", what="table of counterfactual texts with answers")
    with refusals():
        plan = counterfactual_plan_from(plan_of(context, part="counterfactual", needed=False))
        with table_of(context, sha256, open_for, plan) as table:
            document = audit_counterfactual(table, plan, progress=context.progress, seed=context.seed)
    return outcome_of(document, summary=_summary(document), codes=CODES)


def _summary(document: Mapping[str, Any]) -> dict[str, float]:
    """Named numbers for policies; what was not measured is absent."""
    made = {
        **rows_counted(document),
        "pairs_with_control": float(document["pairs_with_control"]),
    }
    worst = document["worst"]
    if worst is not None:
        made["counterfactual_excess"] = float(worst["value"])
    flips = document["overall"]["flips"]
    if flips is not None:
        made["counterfactual_flip_rate"] = float(flips["value"])
    return made
