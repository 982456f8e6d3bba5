"""Ask a model about changed rows of a table and say which relations its answers keep."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from audits.measures.figures import figure
from audits.measures.intervals import simultaneous_z, wilson
from audits.measures.stress.answers import (
    NOT_HIGHER,
    NOT_LOWER,
    Answers,
    Changed,
    Failures,
    Words,
    failures,
    row_of,
    verdict_of,
)
from audits.measures.stress.tabular.changing import GATING, Change, Frame, changes, differing, is_text
from audits.measures.stress.tabular.plan import TabularPlan
from audits.measures.verdicts import worst

Ask = Callable[[Frame], Answers]
Told = Callable[[Frame], Frame]
Progress = Callable[[int, "int | None"], None]

MOST_CASES = 2_000
CASES_OF_ONE = 20


def audit_tabular(
    frame: Frame,
    truth: Words | None,
    plan: TabularPlan,
    ask: Ask,
    *,
    warn_at: float,
    fail_at: float,
    min_rows: int,
    seed: int,
    told: Told = lambda frame: frame,
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Which relations a model's answers keep, one row for each relation, column and severity.

    A relation that the plan or the kind of the column gives reason for (``role: gating``) is judged; what a model makes
    of missing, unseen and impossible values is told (``role: informative``), because nobody said what it should.

    Args:
        frame: columns by name, all of one length; see ``changes``.
        truth: shape (n,), the right answers as texts; None where they are not known.
        ask: the model: rows to answers, one for each.
        warn_at, fail_at: shares of rows; see ``answers.verdict_of``.
        told: rows as the model's types hold them: a change that is lost on the way to it says nothing of it.

    Returns:
        JSON-ready: ``clean`` (rows, answered, accuracy), ``rows``, ``cases`` (rows that failed, at most 20 of each and
        2,000 together, ``cases_total`` counts all), ``verdict``. Intervals of judged rows hold together with 95 %.

    Raises:
        PlanRejected: the plan does not fit the columns.
    """
    clean, plain = ask(frame), told(frame)
    groups = itertools.groupby(
        changes(frame, plan, seed=seed), key=lambda one: (one.relation, one.column, one.severity)
    )
    found: list[tuple[Change, Failures | None, str]] = []
    cases: list[dict[str, Any]] = []
    total = 0
    for number, (_, same) in enumerate(groups):
        progress(number, None)
        draws = list(same)
        first = draws[0]
        if first.expected in (NOT_LOWER, NOT_HIGHER) and clean.score is None:
            found.append((first, None, "no_score"))
            continue
        after = [Changed(one.rows & differing(plain, told(one.frame)), ask(one.frame)) for one in draws]
        counted = failures(clean, after, expected=first.expected, truth=truth)
        found.append((first, counted, ""))
        total += int(counted.failing.sum())
        cases += _cases(frame, draws, clean, after, counted)
    judged = sum(one.relation in GATING and counted is not None for one, counted, _ in found)
    rows = [
        _row(one, counted, why, simultaneous_z(judged), warn_at=warn_at, fail_at=fail_at, min_rows=min_rows)
        for one, counted, why in found
    ]
    _tell_milder_noise(rows, min_rows=min_rows)
    gating = [row["verdict"] for row in rows if row["role"] == "gating"]
    return {
        "plan": plan.as_document(),
        "clean": _clean(clean, truth),
        "base": "answered" if truth is None else "originally_correct",
        "judged": judged,
        "rows": rows,
        "cases": cases[:MOST_CASES],
        "cases_total": total,
        "verdict": worst(gating) if gating else "insufficient_data",
    }


def _row(one: Change, counted: Failures | None, why: str, z: float, **limits: Any) -> dict[str, Any]:
    gating = one.relation in GATING
    made: dict[str, Any] = {
        "relation": one.relation,
        "column": one.column,
        "severity": one.severity,
        "expected": one.expected,
        "role": "gating" if gating else "informative",
    }
    if counted is None:
        return {
            **made,
            "n": 0,
            "value": None,
            "ci_low": None,
            "ci_high": None,
            "verdict": "insufficient_data",
            "why": why,
        }
    made |= row_of(counted, z=z) if gating else row_of(counted)
    made["method"] = "Wilson, simultaneous" if gating else "Wilson"
    if gating:
        made["verdict"] = verdict_of(made, **limits)
    return made


def _tell_milder_noise(rows: Sequence[dict[str, Any]], *, min_rows: int) -> None:
    """Noise so small that whole numbers stay as they are says nothing, and takes nothing from what all of the error of
    measurement says: where that changes enough rows, milder noise that does not is told and judges nothing."""
    noise = [row for row in rows if row["relation"] == "noise"]
    if noise and noise[-1]["n"] >= min_rows:
        for row in noise[:-1]:
            if row["n"] < min_rows:
                row["role"] = "informative"
                del row["verdict"]


def _clean(clean: Answers, truth: Words | None) -> dict[str, Any]:
    answered = int(clean.answered.sum())
    made: dict[str, Any] = {"rows": len(clean), "answered": answered, "answers": len(set(clean.words[clean.answered]))}
    if truth is not None and answered:
        right = int((clean.answered & (clean.words == truth)).sum())
        low, high = wilson(right, answered)
        made["accuracy"] = {
            "n": answered,
            "k": right,
            "value": figure(right / answered),
            "ci_low": figure(float(low)),
            "ci_high": figure(float(high)),
        }
    return made


def _cases(
    frame: Frame, draws: Sequence[Change], clean: Answers, after: Sequence[Changed], counted: Failures
) -> Iterator[dict[str, Any]]:
    """Some rows that failed: which, in which draw, from what to what."""
    for row in np.flatnonzero(counted.failing)[:CASES_OF_ONE].tolist():
        draw = next(
            (number for number, one in enumerate(after) if one.rows[row] and _differs(clean, one.after, row)), 0
        )
        one, answers = draws[draw], after[draw].after
        made = {
            "relation": one.relation,
            "column": one.column,
            "severity": one.severity,
            "draw": one.draw,
            "row": row,
            "before": str(clean.words[row]),
            "after": str(answers.words[row]) if answers.answered[row] else None,
        }
        if one.column:
            made |= {"value": _cell(frame, one.column, row), "changed": _cell(one.frame, one.column, row)}
        if clean.score is not None and answers.score is not None:
            made |= {
                "score_before": figure(float(clean.score[row])),
                "score_after": figure(float(answers.score[row])),
            }
        yield made


def _differs(clean: Answers, after: Answers, row: int) -> bool:
    if not after.answered[row] or clean.words[row] != after.words[row]:
        return True
    if clean.score is None or after.score is None:
        return False
    return bool(clean.score[row] != after.score[row])


def _cell(frame: Frame, name: str, row: int) -> str | float | None:
    cell = frame[name][row]
    return str(cell)[:200] if is_text(frame[name]) else figure(float(cell))
