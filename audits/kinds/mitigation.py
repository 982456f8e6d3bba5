"""The audit ``mitigation``: how the gap that a bias audit found could be narrowed, tried out on its rows."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

from audits.kinds.base import Context, Draft, InputsRejected, Outcome, audit
from audits.kinds.uploads import MAX_LOCUS, PACKAGES, plan_of, predictions_of, refusals, table_of

# Code -> names of the parameters that it always carries.
CODES: dict[str, tuple[str, ...]] = {
    "mitigation.proposed": (
        "metric",
        "attribute",
        "n",
        "method",
        "before",
        "after",
        "accuracy_before",
        "accuracy_after",
    ),
    "mitigation.no_better": ("metric", "attribute", "n"),
}
EXTRA = "requirements/mitigation.txt"
NEEDED = ("fairlearn", "sklearn", "pandas")


@audit(
    "mitigation",
    version=1,
    packages=PACKAGES,
    verdicts=("proposal", "no_better"),
    time_limit_s=1_800,
)
def run(context: Context) -> Outcome:
    """Propose how to narrow the deciding gap of a table of predictions with features.

    Inputs: as for ``bias``; the plan has to name ``features``.

    Returns:
        The document of ``audits.mitigation.proposal``; one draft with the way that it suggests, or that there is none.

    Raises:
        InputsRejected: ``extra_missing`` where the worker lacks the libraries; or the table or plan cannot be used.
    """
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        raise InputsRejected(
            "extra_missing",
            f"this worker has no fairlearn and scikit-learn; install {EXTRA} into its environment and ask again",
        )
    from audits.measures.bias import open_for
    from audits.measures.plan import plan_from
    from audits.mitigation.proposal import proposal

    sha256 = predictions_of(context)
    with refusals():
        plan = plan_from(plan_of(context, part="bias", needed=True))
        with table_of(context, sha256, open_for, plan) as table:
            document = proposal(table, plan, seed=context.seed, tick=lambda: context.progress(0, None))
    return Outcome(
        verdict=document["verdict"],
        summary={"rows_used": float(document["rows_learned"] + document["rows_tested"])},
        document=document,
        drafts=[_draft(document)],
    )


def _draft(document: Mapping[str, Any]) -> Draft:
    aim = document["aim"]
    params = {"metric": aim["metric"], "attribute": aim["attribute"], "n": document["rows_tested"]}
    locus = f"{aim['metric']} {aim['attribute']}"[:MAX_LOCUS]
    if document["suggested"] is None:
        return Draft("mitigation.no_better", "info", locus, params)
    by_name = {one["method"]: one for one in document["methods"]}
    before, after = by_name["present"], by_name[document["suggested"]]
    params |= {"method": document["suggested"], "before": _gap(before, aim), "after": _gap(after, aim)}
    params |= {"accuracy_before": before["accuracy"]["value"], "accuracy_after": after["accuracy"]["value"]}
    return Draft("mitigation.proposed", "info", locus, params)


def _gap(told: Mapping[str, Any], aim: Mapping[str, Any]) -> float | None:
    return next((gap["value"] for gap in told["gaps"] if gap["metric"] == aim["metric"]), None)
