"""Drift between two tables: every column that both have, one family of tests, one document."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import rfc8785

from audits.measures.drift.apart import Apart, apart_judged, apart_row
from audits.measures.drift.decided import decided
from audits.measures.drift.judging import (
    ORDER,
    Judged,
    decide,
    missing_judged,
    values_judged,
    worst,
    worst_asked_for,
)
from audits.measures.drift.measuring import (
    CATEGORICAL,
    LARGEST,
    NUMERIC,
    Drift,
    NotMeasurable,
    drift_categorical,
    drift_numeric,
)
from audits.measures.drift.plan import DriftPlan
from audits.measures.drift.reasons import CODES
from audits.measures.drift.thresholds import ALPHA, MIN_ROWS
from audits.measures.drift.together import moved_together
from audits.measures.drift.wording import told_apart_by_words
from audits.measures.figures import figure
from audits.measures.tables.arrow import as_numpy
from audits.measures.tables.decimals import decimal_commas
from audits.measures.tables.loading import Loaded
from audits.measures.tables.refusals import ColumnMissing, TooManyColumns

Array = npt.NDArray[np.float64]

TEXT = "text"
# A number with so few different values is a code, and compared as categories.
FEW_VALUES = 10
MAX_CATEGORIES = 1_000
MAX_COLUMNS = 2_000
# Categories that are shown, largest change first, if enough rows have them not to point at anybody.
_SHOWN_CATEGORIES = 5
_SHOWN_FROM = 10


@dataclass
class _Column:
    """One column while it is worked on: its row of the document, and the questions that are open about it."""

    row: dict[str, Any]
    values: Judged | None = None
    missing: Judged | None = None
    words: Apart | None = None
    wording: Judged | None = None
    verdicts: list[str] = field(default_factory=list)


def audit_drift(reference: Loaded, current: Loaded, plan: DriftPlan | None = None, *, seed: int = 0) -> dict[str, Any]:
    """Compare two tables column by column, and what was decided in them where the plan says how.

    Returns:
        The document of the audit, JSON-ready, without nan and infinity. ``columns`` has a row per column with
        statistic, effect, p, q, null floor and verdict, ``together`` all of them at once; ``performance`` and ``gaps``
        are there where the plan names decisions and groups. ``verdict`` is the worst. ``digest`` is the SHA-256 of the
        RFC 8785 form of all the rest; the order of rows and columns does not change it.

    Raises:
        TableRejected: a column that the plan names is missing, or there are too many columns.
    """
    plan = plan or DriftPlan()
    reasons: list[dict[str, Any]] = []
    both, gone, new = _columns_of(reference, current, plan)
    columns = [_compared(name, reference, current, plan, reasons) for name in both]
    kinds = [(name, column.row["kind"]) for name, column in zip(both, columns, strict=True)]
    # labels that are not known yet would tell the tables apart
    all_at_once = [one for one in kinds if one[1] in (NUMERIC, CATEGORICAL) and one[0] != plan.label]
    together = moved_together(reference, current, all_at_once)
    apart, described = together.judged_by(plan.thresholds), together.described_by(plan.thresholds)
    outcomes = decided(reference, current, plan, seed=seed)
    questions = [one for column in columns for one in (column.values, column.missing, column.wording) if one]
    questions += [one for one in (apart, described) if one is not None]
    decide([*questions, *(outcomes.questions if outcomes else ())], min_rows=plan.min_rows)
    for column in columns:
        _finish(column, reasons, plan)
    rows = [column.row for column in columns]
    rows += [_unmeasured(name, "column_gone", "insufficient_data") for name in gone]
    reasons += [_reason("drift.column_gone", name) for name in gone]
    reasons += [_reason("drift.column_new", name) for name in new]
    verdict = worst([row["verdict"] for row in rows])
    for one, codes in ((apart, _TOGETHER), (described, _DESCRIBED)):
        # said where it is news: columns that moved by themselves are told apart together too
        if one is not None and one.verdict in codes and ORDER.index(one.verdict) > ORDER.index(verdict):
            reasons += _judged_reasons(one, codes, plan)
            verdict = one.verdict
    if verdict == "no_information":
        reasons.append({"code": "drift.nothing_to_compare", "severity": "medium", "locus": "", "params": {}})
    parts = outcomes.finished(reasons) if outcomes else {}
    verdict = worst_asked_for([verdict, *(part["verdict"] for part in parts.values())])
    judged = [row for row in rows if row["verdict"] in ("pass", "warn", "fail")]
    document: dict[str, Any] = {
        "verdict": verdict,
        "rows": {"reference": reference.rows, "current": current.rows},
        "columns": sorted(rows, key=lambda row: (-ORDER.index(row["verdict"]), -(row["effect"] or 0), row["column"])),
        "columns_new": new,
        "together": together.row(apart, described),
        **parts,
        "judged": len(judged),
        "drifted": sum(row["verdict"] == "fail" for row in rows),
        "reasons": sorted(reasons, key=lambda reason: (reason["locus"], reason["code"])),
        "alpha": ALPHA,
        "plan": plan.as_document(),
    }
    document["digest"] = hashlib.sha256(rfc8785.dumps(document)).hexdigest()
    return document


def _columns_of(reference: Loaded, current: Loaded, plan: DriftPlan) -> tuple[list[str], list[str], list[str]]:
    """Columns that both tables have, that only the reference has, that only the current one has; each sorted."""
    asked = {*plan.columns, *plan.numeric, *plan.categorical}
    # a time and a name are new in every row
    aside = {plan.time, plan.row_id}
    missing = sorted(name for name in asked if name not in reference.names)
    if missing:
        raise ColumnMissing(missing, reference.names)
    ours = {name for name in plan.columns or reference.names if name not in aside}
    theirs = {name for name in current.names if name not in aside and (not plan.columns or name in ours)}
    if plan.label is not None and plan.label not in theirs:
        # no outcome is known yet
        ours.discard(plan.label)
    if len(ours) > MAX_COLUMNS:
        raise TooManyColumns(len(ours), MAX_COLUMNS)
    return sorted(ours & theirs), sorted(ours - theirs), sorted(theirs - ours)


def _compared(name: str, reference: Loaded, current: Loaded, plan: DriftPlan, reasons: list[dict[str, Any]]) -> _Column:
    row: dict[str, Any] = {"column": name, "kind": None, "effect": None}
    column = _Column(row)
    missing = (reference.texts(name).null_count, current.texts(name).null_count)
    # labels come late, which is no drift
    if any(missing) and name != plan.label:
        rows = (reference.rows, current.rows)
        column.missing = missing_judged(name, missing, rows, thresholds=plan.thresholds)
        row["missing"] = {"reference": missing[0], "current": missing[1]}
    if name == plan.label and missing[1] == current.rows:
        column.row |= _unmeasured(name, "labels_wait", "no_information")
        return column
    try:
        kind, drift = _measured(name, reference, current, plan, row)
    except NotMeasurable as problem:
        column.row |= _unmeasured(name, problem.code, _WITHOUT_VALUES.get(problem.code, "no_information"))
        reasons.append(_not_measured(name, problem.code, row))
        return column
    row |= {"kind": kind, **_drift_row(drift)}
    if "not_finite" in row:
        reasons.append(_reason("drift.not_finite", name, **_sides("rows", row["not_finite"])))
    if kind != NUMERIC and all(decimal_commas(table.texts(name)) is not None for table in (reference, current)):
        reasons.append(_reason("drift.decimal_comma", name))
    column.values = values_judged(name, drift, thresholds=plan.thresholds)
    if kind == TEXT:
        column.words = told_apart_by_words(reference.texts(name), current.texts(name))
        if column.words is not None:
            column.wording = apart_judged(name, column.words, plan.thresholds)
    return column


# A column that nothing can be said about because rows lack is not the same as one in which there is nothing to find.
_WITHOUT_VALUES = dict.fromkeys(("no_values", "kind_changed", "out_of_range"), "insufficient_data")


def _measured(name: str, reference: Loaded, current: Loaded, plan: DriftPlan, row: dict[str, Any]) -> tuple[str, Drift]:
    """The kind of a column and its drift.

    Raises:
        NotMeasurable: it has no values on one side, is a number on one side only, or names rows.
    """
    numbers = reference.numbers(name), current.numbers(name)
    if any(table.texts(name).null_count == table.rows for table in (reference, current)):
        raise NotMeasurable("no_values", "one side has no values")
    as_category = name in plan.categorical
    if not as_category and (numbers[0] is None) != (numbers[1] is None):
        row["kinds"] = {
            "reference": TEXT if numbers[0] is None else NUMERIC,
            "current": TEXT if numbers[1] is None else NUMERIC,
        }
        raise NotMeasurable("kind_changed", "a number on one side only")
    if numbers[0] is not None and numbers[1] is not None and not as_category:
        ours, theirs = _finite(numbers[0], numbers[1], row)
        few = np.unique(ours).size + np.unique(theirs).size <= 2 * FEW_VALUES
        if name in plan.numeric or not few:
            if name not in plan.numeric and _names_rows(ours) and _names_rows(theirs):
                raise NotMeasurable("id_like", "every row has a whole number of its own")
            return NUMERIC, drift_numeric(ours, theirs)
    elif name in plan.numeric:
        row["kinds"] = {"reference": TEXT, "current": TEXT}
        raise NotMeasurable("kind_changed", "not a number")
    counts = _category_counts(reference.texts(name), current.texts(name))
    if len(counts) > MAX_CATEGORIES and not as_category:
        return TEXT, drift_numeric(_lengths(reference.texts(name)), _lengths(current.texts(name)))
    row["categories"] = _largest_changes(counts)
    ours_counts, theirs_counts = (np.array([pair[side] for pair in counts.values()]) for side in (0, 1))
    return CATEGORICAL, drift_categorical(ours_counts, theirs_counts)


def _finite(reference: Array, current: Array, row: dict[str, Any]) -> tuple[Array, Array]:
    infinite = np.isinf(reference), np.isinf(current)
    if infinite[0].any() or infinite[1].any():
        row["not_finite"] = {"reference": int(infinite[0].sum()), "current": int(infinite[1].sum())}
    return reference[np.isfinite(reference)], current[np.isfinite(current)]


def _names_rows(values: Array) -> bool:
    # a double beyond 2**63 is always whole, and never a number of something
    whole = bool(((values == np.floor(values)) & (np.abs(values) < 2.0**63)).all())
    return whole and values.size >= MIN_ROWS and np.unique(values).size == values.size


def _lengths(texts: pa.Array) -> Array:
    lengths = pc.utf8_length(texts.drop_null())
    return np.asarray(as_numpy(lengths), dtype=np.float64)


def _category_counts(reference: pa.Array, current: pa.Array) -> dict[str, tuple[int, int]]:
    """Rows of each category in both samples, sorted by name."""
    sides: list[dict[str, int]] = []
    for texts in (reference, current):
        counted = pc.value_counts(texts.drop_null())
        sides.append(dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)))
    return {name: (sides[0].get(name, 0), sides[1].get(name, 0)) for name in sorted({*sides[0], *sides[1]})}


def _largest_changes(counts: Mapping[str, tuple[int, int]]) -> list[dict[str, Any]]:
    totals = [sum(pair[side] for pair in counts.values()) for side in (0, 1)]
    shown: list[dict[str, Any]] = [
        {"value": name[:60], "reference": figure(pair[0] / totals[0]), "current": figure(pair[1] / totals[1])}
        for name, pair in counts.items()
        if max(pair) >= _SHOWN_FROM
    ]
    shown.sort(key=lambda row: (-abs(row["current"] - row["reference"]), row["value"]))
    return shown[:_SHOWN_CATEGORIES]


def _drift_row(drift: Drift) -> dict[str, Any]:
    effect = drift.measures[drift.effect]
    return {
        "n_reference": drift.n_reference,
        "n_current": drift.n_current,
        "test": drift.test,
        "statistic": figure(drift.statistic),
        "p": figure(drift.p),
        "effect_name": drift.effect,
        "effect": figure(effect.value),
        "null_expected": None if effect.expected is None else figure(effect.expected),
        "null_floor": None if effect.floor is None else figure(effect.floor),
        "new_share": None if drift.new_share is None else figure(drift.new_share),
        "measures": [
            {
                "measure": name,
                "value": figure(one.value),
                "null_expected": None if one.expected is None else figure(one.expected),
                "null_floor": None if one.floor is None else figure(one.floor),
            }
            for name, one in drift.measures.items()
        ],
        "tests": [
            {"test": name, "statistic": figure(statistic), "p": figure(p)}
            for name, (statistic, p) in drift.others.items()
        ],
        "quantiles": [
            {"level": level, "reference": figure(ours), "current": figure(theirs), "shift": figure(theirs - ours)}
            for level, (ours, theirs) in drift.quantiles.items()
        ],
    }


def _unmeasured(name: str, why: str, verdict: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("test", "statistic", "p", "q", "effect_name", "effect", "null_floor", "threshold"))
    return {"column": name, "kind": None, **nothing, "verdict": verdict, "why": why}


def _finish(column: _Column, reasons: list[dict[str, Any]], plan: DriftPlan) -> None:
    """Write the verdicts into the column's row."""
    row = column.row
    verdicts = [row["verdict"]] if "verdict" in row else []
    if column.values is not None:
        one = column.values
        row |= {"q": None if one.is_constant else figure(one.q)}
        row |= {"threshold": figure(one.threshold), "threshold_source": one.threshold_source}
        verdicts.append(one.verdict)
        reasons.extend(_judged_reasons(one, {**_SAME, "fail": "drift.values_moved"}, plan))
        if one.is_constant:
            row["why"] = "constant"
    if column.words is not None and column.wording is not None:
        row["words"] = apart_row(column.words, column.wording)
        verdicts.append(column.wording.verdict)
        reasons.extend(_judged_reasons(column.wording, {**_SAME, "fail": "drift.words_changed"}, plan))
    if column.missing is not None:
        one = column.missing
        row["missing"] |= {
            "effect": figure(one.effect),
            "p": figure(one.p),
            "q": figure(one.q),
            "null_floor": None if one.floor is None else figure(one.floor),
            "threshold": figure(one.threshold),
            "threshold_source": one.threshold_source,
            "verdict": one.verdict,
        }
        verdicts.append(one.verdict)
        shares = {
            "share_reference": figure(row["missing"]["reference"] / one.n_reference),
            "share_current": figure(row["missing"]["current"] / one.n_current),
        }
        reasons.extend(_judged_reasons(one, {**_SAME, "fail": "drift.missing_changed"}, plan, **shares))
    row["verdict"] = worst(verdicts)


# Verdict -> code, of a question about one column and of that about all together.
_SAME = {"warn": "drift.inconclusive", "insufficient_data": "drift.too_few_rows"}
_TOGETHER = {
    "fail": "drift.moved_together",
    "warn": "drift.together_inconclusive",
    "insufficient_data": "drift.together_too_few_rows",
}
_DESCRIBED = {"fail": "drift.described_worse", "warn": "drift.described_inconclusive"}


def _judged_reasons(one: Judged, codes: Mapping[str, str], plan: DriftPlan, **more: Any) -> list[dict[str, Any]]:
    code = codes.get(one.verdict)
    if code is None:
        return []
    params = {
        "measure": one.effect_name,
        "effect": figure(one.effect),
        "threshold": figure(one.threshold),
        "floor": None if one.floor is None else figure(one.floor),
        "q": figure(one.q),
        "n_reference": one.n_reference,
        "n_current": one.n_current,
    }
    if one.verdict == "fail":
        params |= more
    if one.verdict == "insufficient_data":
        params["min_rows"] = plan.min_rows
    return [_reason(code, one.column, **params)]


def _reason(code: str, column: str, **params: Any) -> dict[str, Any]:
    return {"code": code, "severity": CODES[code][0], "locus": column, "params": {"column": column[:100], **params}}


def _sides(name: str, pair: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}_reference": pair["reference"], f"{name}_current": pair["current"]}


def _not_measured(name: str, code: str, row: Mapping[str, Any]) -> dict[str, Any]:
    if code == "no_values":
        return _reason("drift.no_values", name)
    if code == "out_of_range":
        return _reason("drift.out_of_range", name, limit=LARGEST)
    if code == "kind_changed":
        return _reason("drift.kind_changed", name, **_sides("kind", row["kinds"]))
    return _reason("drift.not_compared", name, why=code)
