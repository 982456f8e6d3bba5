"""Labels: classes, features that give the label away, labels that a model does not believe; as findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.data.columns import Column
from audits.measures.data.findings import Findings
from audits.measures.data.labels import auc, category_scores, confident_learning
from audits.measures.data.plan import CLASS, NUMBER, DataPlan
from audits.measures.data.thresholds import IMBALANCE, MAX_CLASSES, MIN_ROWS, ROWS_PER_VALUE, TARGET_LEAK
from audits.measures.figures import figure
from audits.measures.intervals import wilson

Columns = dict[str, Column]
Array = npt.NDArray[np.float64]
Tick = Callable[[], None]


def at_labels(columns: Columns, plan: DataPlan, findings: Findings, *, tick: Tick) -> dict[str, Any]:
    """Figures and findings of the label; nothing where none is named.

    A label that is a number has no classes; whether a feature gives it away is asked of its upper half.
    """
    if plan.label is None:
        return {}
    label = columns[plan.label]
    if label.missing:
        findings.add("data.label_missing", label.name, column=label.name, rows=label.missing, of=label.rows)
    values = len(label.values)
    if values < 2:
        findings.add("data.label_says_nothing", label.name, column=label.name, values=values)
        return {"classes": [], "classes_of": values}
    if label.numbers is not None and _is_number(label, label.numbers, plan):
        return _of_number(columns, label, label.numbers, plan, findings, tick)
    if label.is_id_like or values == label.present >= MIN_ROWS:
        findings.add("data.label_is_id", label.name, column=label.name, values=values, of=label.present)
        return {"classes": [], "classes_of": values}
    if values > MAX_CLASSES:
        findings.add("data.label_many_classes", label.name, column=label.name, values=values, limit=MAX_CLASSES)
        return {"classes": [], "classes_of": values}
    document: dict[str, Any] = {"classes": _classes(label, findings)}
    document["target_leaks"] = _target_leaks(columns, label, plan, findings, tick)
    if plan.probabilities:
        document["label_errors"] = _label_errors(columns, label, plan, findings)
        tick()
    return document


def _is_number(label: Column, numbers: Array, plan: DataPlan) -> bool:
    """Whether the label is a quantity: said in the plan, or shown by many values with decimals.

    Whole numbers may be codes of classes as well as counts of something, which only the table's owner knows.
    """
    known = numbers[np.isfinite(numbers)]
    if plan.label_kind == CLASS or not known.size:
        return False
    return plan.label_kind == NUMBER or (len(label.values) > MAX_CLASSES and bool((known != np.floor(known)).any()))


def _of_number(
    columns: Columns, label: Column, numbers: Array, plan: DataPlan, findings: Findings, tick: Tick
) -> dict[str, Any]:
    """Target leaks of a number: which feature alone tells the rows above its median from the others."""
    known = np.isfinite(numbers)
    middle = float(np.median(numbers[known]))
    # where more than half of the rows have the largest value, the others are below it
    if not (numbers[known] > middle).any():
        middle = float(numbers[known & (numbers < middle)].max(initial=-np.inf))
    value = f"> {figure(middle)}"
    findings.add("data.label_is_number", label.name, column=label.name, value=value)
    upper = np.where(known, (numbers > middle).astype(np.int64), -1)
    classes = _Classes(label.name, (f"<= {figure(middle)}", value), upper)
    document: dict[str, Any] = {"classes": [], "classes_of": len(label.values), "label_above": figure(middle)}
    document["target_leaks"] = _target_leaks(columns, classes, plan, findings, tick)
    if plan.probabilities:
        findings.add("data.label_errors_not_measured", label.name, why="label_is_number")
        document["label_errors"] = {"measured": False, "why": "label_is_number"}
    return document


@dataclass(frozen=True)
class _Classes:
    """Classes that rows belong to: ``codes`` are positions among ``values``, -1 for unknown."""

    name: str
    values: Sequence[str]
    codes: npt.NDArray[np.int64]

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))


def _classes(label: Column, findings: Findings) -> list[dict[str, Any]]:
    counts, total = label.counts, int(label.counts.sum())
    low, high = wilson(counts, np.full(counts.size, total))
    made: list[dict[str, Any]] = [
        {"value": value[:100], "n": int(n), "share": figure(n / total), "low": figure(lower), "high": figure(upper)}
        for value, n, lower, upper in zip(label.values, counts, low, high, strict=True)
    ]
    made.sort(key=lambda row: (-row["n"], row["value"]))
    largest = made[0]
    for row in made[1:]:
        locus = f"{label.name}={row['value']}"
        if row["n"] < MIN_ROWS:
            found: dict[str, Any] = {"value": row["value"], "rows": row["n"], "min_rows": MIN_ROWS}
            findings.add("data.class_tiny", locus, column=label.name, **found)
        elif row["n"] <= IMBALANCE * largest["n"]:
            found = {"value": row["value"], "rows": row["n"], "of": total, "share": row["share"]}
            findings.add("data.class_imbalance", locus, column=label.name, largest=largest["value"], **found)
    return made


def _target_leaks(
    columns: Columns, label: Column | _Classes, plan: DataPlan, findings: Findings, tick: Tick
) -> list[dict[str, Any]]:
    """The best that each feature alone tells one class from the others; sorted by that."""
    # whom a row belongs to may well tell its label, and is no feature by the plan's word only if it is ignored
    aside = {label.name, *plan.aside} - ({plan.group} - set(plan.ignore))
    made: list[dict[str, Any]] = []
    for name, column in sorted(columns.items()):
        if name in aside or column.is_empty or column.is_constant:
            continue
        row = _told(column, label)
        tick()
        if row is None:
            continue
        made.append(row)
        if row["auc"] > TARGET_LEAK and row["low"] > TARGET_LEAK - 0.05:
            findings.add("data.target_leak", name, **row)
    return sorted(made, key=lambda row: (-row["auc"], row["column"]))[:20]


def _told(column: Column, label: Column | _Classes) -> dict[str, Any] | None:
    known = label.codes >= 0
    numbers = column.numbers
    if numbers is None and len(column.values) * ROWS_PER_VALUE > column.present:
        return None
    best: dict[str, Any] | None = None
    for value in np.flatnonzero(label.counts >= MIN_ROWS):
        if numbers is not None:
            used = known & np.isfinite(numbers)
            score = numbers[used]
        else:
            used = known
            score = category_scores(column.codes[used], label.codes[used] == value, len(column.values))
        positive = label.codes[used] == value
        if min(int(positive.sum()), int((~positive).sum())) < MIN_ROWS:
            continue
        area = auc(score, positive)
        if best is None or area.value > best["auc"]:
            found = {"auc": figure(area.value), "low": figure(area.low), "n": area.positive + area.negative}
            best = {"column": column.name, "value": label.values[int(value)][:100], **found}
        if len(label.values) == 2:
            break
    return best


def _label_errors(columns: Columns, label: Column, plan: DataPlan, findings: Findings) -> dict[str, Any]:
    """Labels that out-of-fold probabilities deny; not measured where the probabilities are none."""
    read = _probabilities(columns, label, plan)
    if isinstance(read, str):
        findings.add("data.label_errors_not_measured", label.name, why=read)
        return {"measured": False, "why": read}
    probabilities, given, used, classes = read
    found = confident_learning(probabilities, given)
    suspected = np.zeros(label.rows, dtype=bool)
    suspected[used] = found.suspected
    rows = int(suspected.sum())
    low, high = (figure(float(limit)) for limit in wilson(rows, found.judged))
    if rows:
        findings.add("data.label_errors", label.name, rows=suspected, of=found.judged, low=low, high=high)
    pairs: list[dict[str, Any]] = [
        {"given": classes[one], "likely": classes[other], "rows": figure(found.joint[one, other])}
        for one, other in zip(*np.nonzero(found.joint), strict=True)
        if one != other
    ]
    pairs.sort(key=lambda pair: (-(pair["rows"] or 0), pair["given"], pair["likely"]))
    return {"measured": True, "rows": rows, "of": found.judged, "low": low, "high": high, "pairs": pairs[:20]}


def _probabilities(
    columns: Columns, label: Column, plan: DataPlan
) -> tuple[Array, npt.NDArray[np.int64], npt.NDArray[np.bool_], list[str]] | str:
    """Probabilities, labels as positions among their classes, the rows used; or why it cannot be done."""
    classes = sorted(plan.probabilities)
    if any(value not in classes for value in label.values):
        return "class_without_probability"
    numbers = [columns[plan.probabilities[value]].numbers for value in classes]
    present = [one for one in numbers if one is not None]
    if len(present) < len(numbers):
        return "not_a_number"
    matrix = np.column_stack(present)
    used = np.isfinite(matrix).all(axis=1) & (label.codes >= 0)
    matrix = matrix[used]
    if not used.any() or (matrix < -1e-6).any() or (matrix > 1 + 1e-6).any():
        return "not_a_probability"
    if (np.abs(matrix.sum(axis=1) - 1) > 0.01).any():
        return "do_not_add_up"
    position = np.array([classes.index(value) for value in label.values], dtype=np.int64)
    given = position[label.codes[used]]
    if (np.bincount(given, minlength=len(classes)) == 0).any():
        return "class_without_rows"
    return matrix, given, used, classes
