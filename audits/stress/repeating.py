"""The same rows asked about again, in other batches, in another order and of a model started anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.adapters.predicting import Conversation
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.adapters.tensors import Array, Batch
from audits.measures.stress.determinism import Rows, audit_determinism, ways
from audits.measures.stress.part_plans import DeterminismPlan, determinism_plan_from
from audits.measures.stress.reasons import reason
from audits.stress.feeding import any_inputs, rows_of
from audits.stress.results import Part, PartResult
from audits.stress.subject import Subject

NAME = "determinism"


def _plan(subject: Subject) -> DeterminismPlan:
    return determinism_plan_from(subject.plan.parts.get(NAME, {}))


def _asks(subject: Subject) -> int:
    if NAME not in subject.plan.parts or not _plan(subject).run or any_inputs(subject) is None:
        return 0
    rows = _rows(subject)
    return rows * (2 + len(ways(rows, seed=subject.seed)))


def _rows(subject: Subject) -> int:
    return min(_plan(subject).rows, len(subject.rows))


def _run(subject: Subject) -> PartResult:
    plan, inputs = _plan(subject), any_inputs(subject)
    if inputs is None:
        raise RuntimeError("asked for without inputs")
    rows = _rows(subject)
    used = rows_of(inputs, slice(0, rows))
    subject.ask(used)
    with subject.conversation.anew() as conversation:
        try:
            document = audit_determinism(
                rows,
                lambda batches, anew: _asked(conversation, used, batches, anew, subject),
                seed=subject.seed,
                tolerance=plan.tolerance,
            )
        except (ModelFailed, ModelRefused, ValueError) as broke:
            document = _broken(rows, plan, broke)
    document["reasons"] = _reasons(document)
    flips = [row["value"] for row in document["ways"]]
    return PartResult(document, (), {"stress_unstable_labels": max(flips)} if flips else {})


def _asked(
    conversation: Conversation, inputs: Batch, batches: Sequence[Rows], anew: bool, subject: Subject
) -> dict[str, Array]:
    if anew:
        conversation.close()
    model = conversation.model()
    pieces = []
    for rows in batches:
        pieces.append(model.predict(rows_of(inputs, np.asarray(rows))))
        subject.done += len(rows)
        subject.progress(subject.done, max(subject.total, subject.done))
    return tensors.joined(pieces)


def _broken(rows: int, plan: DeterminismPlan, broke: Exception) -> dict[str, Any]:
    """It answered the rows together, and does not when they come otherwise."""
    return {
        "rows": rows,
        "tolerance": plan.tolerance,
        "ways": [],
        "broke": {"code": getattr(broke, "code", "wrong_answer"), "message": str(broke)[:300]},
        "verdict": "fail",
    }


def _reasons(document: dict[str, Any]) -> list[dict[str, Any]]:
    made = []
    if broke := document.get("broke"):
        made.append(reason("stress.order_breaks", "", message=broke["message"], failure=broke["code"]))
    for row in document["ways"]:
        told = {key: row[key] for key in ("way", "n", "largest_difference")}
        if row["labels_changed"]:
            made.append(reason("stress.answer_not_stable", row["way"], **told, k=row["labels_changed"]))
        elif row["beyond_tolerance"]:
            made.append(
                reason(
                    "stress.score_not_stable",
                    row["way"],
                    **told,
                    k=row["beyond_tolerance"],
                    tolerance=document["tolerance"],
                )
            )
    return made


PART = Part(NAME, _asks, _run)
