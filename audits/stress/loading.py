"""A model under load, through its adapter in the sandbox of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from audits.adapters.predicting import Conversation
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.adapters.tensors import Batch
from audits.measures.stress.load.driving import arrivals, drive
from audits.measures.stress.load.plan import SHARES_OF_CAPACITY, LoadPlan, load_plan_from
from audits.measures.stress.load.summary import load_document, rate_row
from audits.measures.stress.reasons import reason
from audits.sandbox.limits import Limits
from audits.stress.feeding import any_inputs, rows_of
from audits.stress.results import Part, PartResult
from audits.stress.subject import StressRefused, Subject

NAME = "load"
# Asked before anything is measured: the first answers pay for what a model does once.
WARM_UP = 20
CAPACITY_SECONDS = 1.0
CAPACITY_QUESTIONS = 500
# Who was meant to be sent near the end may wait this much longer, as a share of the time.
GRACE = 0.25
NAP_S = 0.2


def _plan(subject: Subject) -> LoadPlan | None:
    if NAME not in subject.plan.parts:
        return None
    return load_plan_from(subject.plan.parts[NAME])


def _asks(subject: Subject) -> int:
    plan = _plan(subject)
    if plan is None:
        return 0
    if any_inputs(subject) is None:
        raise StressRefused("nothing_to_load", "the table has nothing that the model takes; name the columns it reads")
    return max(1, WARM_UP + int(sum(plan.rates) * plan.seconds))


def _run(subject: Subject) -> PartResult:
    plan, inputs = _plan(subject), any_inputs(subject)
    if plan is None or inputs is None:
        raise RuntimeError("asked for without a plan or inputs")
    asked = Questions(inputs, plan.rows)
    subject.ask(asked.question(0))
    starts, peak = [], 0
    rows = []
    limits = Limits(seconds=600.0, answer_seconds=30.0, opening_seconds=120.0)
    with subject.conversation.anew(limits=limits) as conversation:
        for _ in range(plan.cold_starts):
            conversation.close()
            begun = time.monotonic()
            conversation.model().predict(asked.question(0))
            starts.append(time.monotonic() - begun)
        ask = asked.asking(conversation, lambda: subject.progress(subject.done, max(subject.total, subject.done)))
        for number in range(WARM_UP):
            ask(number)
        capacity = _capacity(ask)
        for rate in plan.rates or [share * capacity for share in SHARES_OF_CAPACITY]:
            sent = drive(
                arrivals(rate, plan.seconds, seed=subject.seed),
                ask,
                now=time.monotonic,
                sleep=lambda seconds: _sleep(seconds, subject),
                seconds=plan.seconds * (1 + GRACE),
            )
            rows.append(rate_row(rate, sent, plan))
        peak = conversation.model().peak_memory_bytes
    document = load_document(rows, plan, cold_starts=starts, capacity=capacity, peak_memory_bytes=peak)
    document["reasons"] = _reasons(document, plan)
    return PartResult(document, (), _summary(document))


class Questions:
    """Rows of the table in turn, a few in each question."""

    def __init__(self, inputs: Batch, rows: int) -> None:
        self._inputs, self._rows = inputs, rows
        self._size = len(next(iter(inputs.values())))

    def question(self, number: int) -> Batch:
        """The rows of one question; after the last row the first comes again."""
        return rows_of(self._inputs, (np.arange(self._rows) + number * self._rows) % self._size)

    def asking(self, conversation: Conversation, tick: Callable[[], None]) -> Callable[[int], bool]:
        """What asks one question and says whether it was answered."""

        def ask(number: int) -> bool:
            try:
                conversation.model().predict(self.question(number))
            except (ModelFailed, ModelRefused):
                conversation.close()
                return False
            if number % 100 == 0:
                tick()
            return True

        return ask


def _capacity(ask: Callable[[int], bool]) -> float:
    """Questions per second when each is sent as soon as the one before is answered."""
    begun, number = time.monotonic(), 0
    while number < CAPACITY_QUESTIONS and time.monotonic() - begun < CAPACITY_SECONDS:
        ask(number)
        number += 1
    return number / max(time.monotonic() - begun, 1e-9)


def _sleep(seconds: float, subject: Subject) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if left > NAP_S:
            subject.progress(subject.done, max(subject.total, subject.done))
        time.sleep(min(left, NAP_S))


def _reasons(document: dict[str, Any], plan: LoadPlan) -> list[dict[str, Any]]:
    made = []
    if plan.slo_ms is None:
        made.append(reason("stress.load_not_judged", "", capacity=document["capacity"]))
    for row in document["rates"]:
        if row["verdict"] in (None, "pass"):
            continue
        judged = next((one for one in row["latency_ms"] if one["percent"] == plan.percentile), None)
        told = {
            "rate": row["rate"],
            "percent": plan.percentile,
            "ms": judged and judged["value"],
            "ms_low": judged and judged["ci_low"],
            "ms_high": judged and judged["ci_high"],
            "slo_ms": plan.slo_ms,
            "sent": row["sent"],
            "unsent": row["unsent"],
            "failed": row["failed"]["k"],
        }
        code = "stress.too_slow" if row["verdict"] == "fail" else "stress.slow_inconclusive"
        made.append(reason(code, f"{row['rate']:g} per second", **told))
    return made


def _summary(document: dict[str, Any]) -> dict[str, float]:
    made = {
        "load_capacity_per_s": float(document["capacity"]),
        "load_cold_start_s": float(document["cold_start_s"]["median"]),
        "load_peak_memory_mb": round(document["peak_memory_bytes"] / (1 << 20), 1),
    }
    if document["knee"] is not None:
        made["load_knee_per_s"] = float(document["knee"])
    return made


PART = Part(NAME, _asks, _run, repeatable=False)
