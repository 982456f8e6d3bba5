"""Rows of a table under stress: relations that answers should keep when columns change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from audits.adapters.refusals import SAYS_NO, ModelFailed, ModelRefused
from audits.measures.stress.answers import Answers
from audits.measures.stress.reasons import reason
from audits.measures.stress.tabular.auditing import audit_tabular
from audits.measures.stress.tabular.changing import MOST_ONE_BY_ONE, Frame, measured
from audits.measures.stress.tabular.plan import TabularPlan
from audits.stress.columns import BY_PLACE, NAME, matched, tabular_plan
from audits.stress.feeding import (
    NotSayable,
    answers_from,
    as_batch,
    as_told,
    frame_of,
    nobody,
)
from audits.stress.judging import alike, association, doubted, figures_of, never_varies, right_answers, tolerance_of
from audits.stress.results import Part, PartResult
from audits.stress.subject import Subject

# About as many changes of all rows as there are for a column, and of all columns.
PER_COLUMN, OF_ALL = 6, 6
# Thousandths for units, or grams for kilograms: a unit that anybody may take for the other.
OTHER_UNIT = 1_000.0
# Of a batch that the model refuses as a whole, so many rows are asked about one by one.
ONE_BY_ONE = 30
# A model that ended so often is not asked any more: each time may take as long as an answer may.
MOST_ENDS = 3
EXAMPLES, EXAMPLES_OF_ONE = 20, 5
# Of many columns so many are named in a sentence; the tables of the document have all.
NAMED = 6


def _asks(subject: Subject) -> int:
    frame = frame_of(subject)
    if frame is None:
        return 0
    one_by_one = PER_COLUMN * min(len(frame), MOST_ONE_BY_ONE)
    return len(subject.rows) * (1 + OF_ALL * tabular_plan(subject).draws + one_by_one)


def _plan(subject: Subject, frame: Frame) -> TabularPlan:
    """What the plan says of the columns. Where it says nothing: what they are, and that numbers may come in another
    unit, which is told for information and judges nothing."""
    plan = tabular_plan(subject)
    if NAME in subject.plan.parts:
        return plan
    units = {name: OTHER_UNIT for name, column in islice(frame.items(), MOST_ONE_BY_ONE) if measured(column)}
    return replace(plan, columns=tuple(frame), units=units)


def _run(subject: Subject) -> PartResult:
    frame = frame_of(subject)
    if frame is None:
        raise RuntimeError("asked for without columns")
    clean = answers_from(subject.ask(as_batch(frame, subject)), subject)
    plan, ended, tolerance = subject.plan, Ended(), tolerance_of(subject, clean)
    document = audit_tabular(
        frame,
        right_answers(subject, clean),
        _plan(subject, frame),
        lambda changed: alike(_asked(subject, changed, ended), clean, tolerance),
        warn_at=plan.warn_at,
        fail_at=plan.fail_at,
        min_rows=plan.min_texts,
        seed=subject.seed,
        told=lambda changed: as_told(changed, subject),
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
    document["columns"] = {"names": list(frame), "known_by": _known_by(subject)}
    document["tolerance"] = tolerance
    document["reasons"] = _reasons(document, subject)
    _doubt(document, subject, clean)
    if ended.times:
        document["verdict"] = "fail"
        params = {"times": ended.times, "failure": ended.failure, "message": ended.message}
        document["reasons"].insert(0, _reason("stress.rows_end_model", {"relation": "", "column": ""}, **params))
    return PartResult(document, exported, _summary(document))


def _known_by(subject: Subject) -> str:
    found = matched(subject)
    return "" if found is None else found.how


def _doubt(document: dict[str, Any], subject: Subject, clean: Answers) -> None:
    """Say how the columns and numbers were read, and let nothing pass that rests on columns which may be others."""
    names, reasons = document["columns"]["names"], document["reasons"]
    constant, doubtful = never_varies(clean), False
    reasons[:0] = constant
    if document["tolerance"] is not None:
        reasons.append(reason("stress.numbers_within", tolerance=document["tolerance"]))
    if len(names) > MOST_ONE_BY_ONE:
        reasons.append(reason("stress.columns_one_by_one", n=MOST_ONE_BY_ONE, of=len(names)))
    if document["columns"]["known_by"] == BY_PLACE:
        found = association(subject, clean)
        doubtful = found is None or not found.is_seen
        if doubtful:
            reasons.insert(0, reason("stress.columns_doubtful", **figures_of(found)))
        reasons.append(reason("stress.columns_by_place", columns=names[:NAMED], n=len(names)))
    document["verdict"] = doubted(document["verdict"], constant=bool(constant), doubtful=doubtful)


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
        return answers_from(subject.ask(as_batch(frame, subject)), subject)
    except NotSayable:
        return nobody(len(subject.rows), refused=True)
    except ModelRefused:
        return _one_by_one(subject, frame)
    except ModelFailed as failed:
        if failed.code == SAYS_NO:
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
            found = answers_from(subject.ask(as_batch(one, subject)), subject)
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
        names = [row["column"] for row in lost]
        where = {"relation": "missing", "column": ""}
        made.append(_reason("stress.missing_answered", where, columns=names[:NAMED], n=len(names)))
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
