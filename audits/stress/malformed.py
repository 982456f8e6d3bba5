"""Malformed inputs, each given to the model in the sandbox: what it does, and whether it goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from audits.adapters.predicting import Conversation
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.adapters.tensors import Array, Batch
from audits.measures.stress import malformed as measure
from audits.measures.stress.malformed import Observed, audit_malformed
from audits.measures.stress.part_plans import MalformedPlan, malformed_plan_from
from audits.measures.stress.reasons import reason
from audits.sandbox.limits import Limits
from audits.stress.feeding import any_inputs, rows_of
from audits.stress.results import Part, PartResult
from audits.stress.subject import Subject

NAME = "malformed"
OPENING_SECONDS = 120.0
# About as many inputs as are made for one input of a model.
INPUTS = 25
# How a model ended or failed, by the code of the sandbox or the adapter.
ENDS = {
    "model_failed": measure.REFUSED,
    "out_of_time": measure.HUNG,
    "out_of_memory": measure.OUT_OF_MEMORY,
    "crashed": measure.CRASHED,
    "program_failed": measure.CRASHED,
    "too_many_threads": measure.CRASHED,
}


def _plan(subject: Subject) -> MalformedPlan:
    return malformed_plan_from(subject.plan.parts.get(NAME, {}))


def _asks(subject: Subject) -> int:
    if NAME not in subject.plan.parts or not _plan(subject).run or any_inputs(subject) is None:
        return 0
    return INPUTS


class Witness:
    """Passes inputs on to a model and says what it did; loads it anew after it ended."""

    def __init__(self, conversation: Conversation, good: Batch) -> None:
        self.conversation, self.good = conversation, good
        self.before = conversation.model().predict(good)

    def observe(self, batch: Batch) -> Observed:
        """What the model did with a batch, and whether it then answers the good one as it did before."""
        try:
            answer = self.conversation.model().predict(batch)
        except ModelRefused as refused:
            outcome = measure.KEPT_OUT if refused.code == "inputs" else measure.REFUSED
            return self._then(Observed(outcome, refused.code, str(refused)))
        except ModelFailed as failed:
            return self._then(Observed(ENDS.get(failed.code, measure.WRONG_ANSWER), failed.code, str(failed)))
        numbers = [array for array in answer.values() if array.dtype.kind == "f"]
        finite = all(bool(np.isfinite(array).all()) for array in numbers)
        return self._then(Observed(measure.ANSWERED if finite else measure.NOT_FINITE))

    def _then(self, seen: Observed) -> Observed:
        if seen.outcome in (measure.CRASHED, measure.HUNG, measure.OUT_OF_MEMORY):
            self.conversation.close()
            return replace(seen, goes_on=None)
        try:
            after = self.conversation.model().predict(self.good)
        except (ModelFailed, ModelRefused):
            self.conversation.close()
            return replace(seen, goes_on=False)
        same = all(_same(after[name], array) for name, array in self.before.items())
        return replace(seen, goes_on=same)


def _same(one: Array, other: Array) -> bool:
    """A batch that was answered before: numbers to the last bits that a warm library may round otherwise."""
    if one.dtype.kind == "f":
        return bool(np.allclose(one, other, rtol=1e-4, atol=1e-6, equal_nan=True))
    return bool(np.array_equal(one, other))


def _run(subject: Subject) -> PartResult:
    plan, inputs = _plan(subject), any_inputs(subject)
    if inputs is None:
        raise RuntimeError("asked for without inputs")
    good = rows_of(inputs, slice(0, 1))
    subject.ask(good)
    # how long a model takes to be read says nothing of whether it hangs
    limits = Limits(seconds=600.0, answer_seconds=plan.hung_after, opening_seconds=OPENING_SECONDS)
    with subject.conversation.anew(limits=limits) as conversation:
        witness = Witness(conversation, good)
        document = audit_malformed(
            subject.signature.inputs,
            good,
            witness.observe,
            progress=lambda done, total: subject.progress(subject.done, max(subject.total, subject.done)),
        )
    subject.done += INPUTS - 1
    document["hung_after_s"] = plan.hung_after
    document["reasons"] = _reasons(document)
    cases = [
        {"part": NAME, "case": f"{row['family']}/{row['locus']}/{row['input']}", **row}
        for row in document["outcomes"]
        if row["failed"]
    ]
    return PartResult(document, cases, {"stress_malformed_failed": float(document["failed"])})


def _reasons(document: dict[str, Any]) -> list[dict[str, Any]]:
    made = []
    for row in document["outcomes"]:
        if row["failed"]:
            keys = ("family", "input", "locus", "outcome", "goes_on", "message")
            params = {key: row[key] for key in keys}
            locus = f"{row['family']} / {row['input']} / {row['locus']}"
            made.append(reason("stress.malformed_fails", locus, **params))
    if document["not_finite"]:
        named = [row["input"] for row in document["outcomes"] if row["outcome"] == measure.NOT_FINITE]
        inputs = ", ".join(dict.fromkeys(named))[:300]
        made.append(reason("stress.malformed_not_finite", n=document["not_finite"], inputs=inputs))
    return made


PART = Part(NAME, _asks, _run)
