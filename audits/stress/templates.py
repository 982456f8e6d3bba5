"""The user's templates (CheckList's minimum functionality, invariance, direction): made, asked, judged as a suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from audits.measures.stress.reasons import reason
from audits.measures.suites.audit import audit_suite
from audits.measures.suites.cases import open_for
from audits.measures.suites.making import HEAD, cases_of, templates_from
from audits.measures.suites.plan import SuitePlan
from audits.stress.answers import answered, answers_of
from audits.stress.results import Part, PartResult
from audits.stress.subject import Subject
from audits.stress.texts import as_input, text_input

NAME = "templates"


def _rows(subject: Subject) -> list[tuple[str, ...]]:
    return list(cases_of(templates_from(subject.plan.parts[NAME])))


def _asks(subject: Subject) -> int:
    if NAME not in subject.plan.parts or text_input(subject.signature) is None:
        return 0
    return len(_rows(subject))


def _run(subject: Subject) -> PartResult:
    takes, rows = text_input(subject.signature), _rows(subject)
    if takes is None:
        raise RuntimeError("asked for without an input for texts")
    columns: dict[str, Sequence[str | None]] = {name: [row[at] or None for row in rows] for at, name in enumerate(HEAD)}
    texts = [row[HEAD.index("test_case")] for row in rows]
    found = subject.ask(as_input(texts, takes))
    answers = answers_of(found, subject.signature, subject.plan)
    columns["prediction"] = [one if is_one else None for one, is_one in zip(answers, answered(found), strict=True)]
    score = _score(found.outputs)
    plan = SuitePlan(score=None if score is None else "score")
    arrays: dict[str, Any] = {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
    if score is not None:
        arrays["score"] = pa.array(score)
    with open_for(pa.table(arrays), plan) as table:
        suite = audit_suite(table, plan, seed=subject.seed)
    judged = suite["functionalities"]
    document = {"verdict": suite["verdict"], "suite": suite, "reasons": [*_reasons(judged)]}
    wrong = [
        {"part": NAME, "case": one["case_id"], "functionality": row["functionality"], **one}
        for row in judged
        for one in row["examples"]
    ]
    return PartResult(document, wrong, {"stress_functionalities_failed": float(sum(_failed(row) for row in judged))})


def _score(outputs: Any) -> Any:
    """The score of the last class, which is the positive one of two; None where the model gives none."""
    for array in outputs.values():
        if array.dtype.kind == "f" and array.ndim == 2 and array.shape[1] <= 2 and np.isfinite(array).all():
            return array[:, -1].astype(float)
    return None


def _failed(row: dict[str, Any]) -> bool:
    return bool(row["verdict"] == "fail")


def _reasons(judged: list[dict[str, Any]]) -> Any:
    for row in judged:
        name = row["functionality"]
        if row["verdict"] == "fail":
            keys = ("functionality", "value", "ci_low", "ci_high", "n", "k", "threshold")
            params = {key: row[key] for key in keys}
            yield reason("stress.functionality_fails", name, **params)
        elif row["verdict"] != "pass":
            yield reason("stress.templates_undecided", name, functionality=name, n=row["n"], verdict=row["verdict"])


PART = Part(NAME, _asks, _run)
