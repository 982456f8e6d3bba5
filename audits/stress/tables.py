"""Rows of a table under stress: relations that answers should keep when columns change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.measures.stress.answers import Answers
from audits.measures.stress.reasons import reason
from audits.measures.stress.tabular.auditing import audit_tabular
from audits.measures.stress.tabular.changing import Frame
from audits.stress.feeding import (
    NAME,
    NotSayable,
    answers_from,
    as_batch,
    frame_of,
    gives_numbers,
    nobody,
    tabular_plan,
    truth_of,
)
from audits.stress.results import Part, PartResult
from audits.stress.subject import StressRefused, Subject

# About as many changes of all rows as there are for a column, and of all columns.
PER_COLUMN, OF_ALL = 6, 6
# The code of a model that says no to a batch and goes on.
REFUSES = "model_failed"
# Of a batch that the model refuses as a whole, so many rows are asked about one by one.
ONE_BY_ONE = 30
# A model that ended so often is not asked any more: each time may take as long as an answer may.
MOST_ENDS = 3
EXAMPLES, EXAMPLES_OF_ONE = 20, 5


def _asks(subject: Subject) -> int:
    frame = frame_of(subject)
    if frame is None or _numbers_refused(subject):
        return 0
    return len(subject.rows) * (1 + OF_ALL * tabular_plan(subject).draws + PER_COLUMN * len(frame))


def _numbers_refused(subject: Subject) -> bool:
    if not gives_numbers(subject):
        return False
    if NAME in subject.plan.parts:
        raise StressRefused(
            "answers_are_numbers",
            "the model answers with a number, of which every change is another one; name an output of classes (output)"
            " or leave tabular out",
        )
    return True


def _run(subject: Subject) -> PartResult:
    frame = frame_of(subject)
    if frame is None:
        raise RuntimeError("asked for without columns")
    clean = answers_from(subject.ask(as_batch(frame, subject.signature)), subject)
    plan, ended = subject.plan, Ended()
    document = audit_tabular(
        frame,
        truth_of(subject, clean),
        tabular_plan(subject),
        lambda changed: _asked(subject, changed, ended),
        warn_at=plan.warn_at,
        fail_at=plan.fail_at,
        min_rows=plan.min_texts,
        seed=subject.seed,
    )
    cases = document.pop("cases")
    document["examples"] = _examples(cases, document["rows"])
    document["cases_kept"] = len(cases)
    exported = [
        {
            "part": NAME,
            "case": f"{one['relation']}/{one['column']}/{one['severity']}/{int(subject.rows[one['row']]) + 1}",
            **one,
            "row": int(subject.rows[one["row"]]) + 1,
        }
        for one in cases
    ]
    for one in document["examples"]:
        one["row"] = int(subject.rows[one["row"]]) + 1
    document["reasons"] = _reasons(document, subject)
    if ended.times:
        document["verdict"] = "fail"
        params = {"times": ended.times, "failure": ended.failure, "message": ended.message}
        document["reasons"].insert(0, _reason("stress.rows_end_model", {"relation": "", "column": ""}, **params))
    return PartResult(document, exported, _summary(document))


@dataclass
class Ended:
    """How often changed rows ended the model, and what it was the first time."""

    times: int = 0
    failure: str = ""
    message: str = ""


def _asked(subject: Subject, frame: Frame, ended: Ended) -> Answers:
    """The answers to changed rows; where the model refuses them together, of some rows one by one."""
    if ended.times >= MOST_ENDS:
        return nobody(len(subject.rows), refused=False)
    try:
        return answers_from(subject.ask(as_batch(frame, subject.signature)), subject)
    except NotSayable:
        return nobody(len(subject.rows), refused=True)
    except ModelRefused:
        return _one_by_one(subject, frame)
    except ModelFailed as failed:
        if failed.code == REFUSES:
            return _one_by_one(subject, frame)
        if not ended.times:
            ended.failure, ended.message = failed.code, str(failed)[:300]
        ended.times += 1
        return nobody(len(subject.rows), refused=False)


def _one_by_one(subject: Subject, frame: Frame) -> Answers:
    whole = nobody(len(subject.rows), refused=True)
    for row in range(min(ONE_BY_ONE, len(subject.rows))):
        one = {name: column[row : row + 1] for name, column in frame.items()}
        try:
            found = answers_from(subject.ask(as_batch(one, subject.signature)), subject)
        except (ModelFailed, ModelRefused):
            continue
        whole.words[row], whole.answered[row], whole.refused[row] = found.words[0], found.answered[0], False
        if whole.score is not None and found.score is not None:
            whole.score[row] = found.score[0]
    return whole


def _examples(cases: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A few of the cases to read: of each change another few rows, and first those of the changes that fail."""
    failing = {(row["relation"], row["column"]) for row in rows if row.get("verdict") == "fail"}
    kept: dict[tuple[str, str], dict[int, dict[str, Any]]] = {}
    for one in cases:
        of_change = kept.setdefault((one["relation"], one["column"]), {})
        if len(of_change) < EXAMPLES_OF_ONE:
            of_change.setdefault(one["row"], dict(one))
    first = sorted(kept, key=lambda change: change not in failing)
    return [one for change in first for one in kept[change].values()][:EXAMPLES]


def _reasons(document: dict[str, Any], subject: Subject) -> list[dict[str, Any]]:
    """Of each relation and column the worst of its severities; what nobody could judge is said too."""
    plan = subject.plan
    worst: dict[tuple[str, str], dict[str, Any]] = {}
    for row in document["rows"]:
        if row["role"] != "gating" or row["verdict"] == "pass":
            continue
        kept = worst.get((row["relation"], row["column"]))
        if kept is None or _gravity(row) > _gravity(kept):
            worst[row["relation"], row["column"]] = row
    made = []
    for (relation, column), row in worst.items():
        where = {"relation": relation, "column": column}
        if row.get("why"):
            made.append(_reason("stress.relation_not_measured", where, why=row["why"]))
        elif row["verdict"] == "insufficient_data":
            made.append(_reason("stress.relation_too_few", where, n=row["n"], min_rows=plan.min_texts))
        else:
            code = "stress.relation_broken" if row["verdict"] == "fail" else "stress.relation_inconclusive"
            keys = ("expected", "severity", "n", "value", "ci_low", "ci_high")
            told = {key: row[key] for key in keys} | {"worst": row["worst"]["value"]}
            made.append(_reason(code, where, **told, warn_at=plan.warn_at, fail_at=plan.fail_at))
    if not document["judged"]:
        made.append(_reason("stress.no_relation", {"relation": "", "column": ""}))
    if lost := [row for row in document["rows"] if row["relation"] == "missing" and row["n"] and not row["lost"]]:
        names = ", ".join(row["column"] for row in lost)
        made.append(_reason("stress.missing_answered", {"relation": "missing", "column": ""}, columns=names[:300]))
    return made


def _gravity(row: dict[str, Any]) -> tuple[int, float]:
    return ("warn", "insufficient_data", "fail").index(row["verdict"]), row["value"] or 0.0


def _reason(code: str, where: dict[str, str], **params: Any) -> dict[str, Any]:
    locus = " / ".join(part for part in where.values() if part)
    return reason(code, locus, **where, **params)


def _summary(document: dict[str, Any]) -> dict[str, float]:
    judged = [row["value"] for row in document["rows"] if row["role"] == "gating" and row["value"] is not None]
    made = {"stress_relations_failed": float(sum(row.get("verdict") == "fail" for row in document["rows"]))}
    if judged:
        made["stress_relation_rate_highest"] = float(np.max(judged))
    return made


PART = Part(NAME, _asks, _run)
