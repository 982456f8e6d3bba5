"""Duplicates and leaks between splits, exact and near, as findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.data.columns import Column, combined, normalised
from audits.measures.data.contamination import WORDS, shared_runs
from audits.measures.data.findings import Findings
from audits.measures.data.leaks import leak_rows
from audits.measures.data.near import JACCARD, TooMuchToCompare, components, near_pairs
from audits.measures.data.plan import DataPlan
from audits.measures.data.rows import conflicting_labels, copies, expected_pairs, seen_elsewhere
from audits.measures.data.thresholds import BY_CHANCE, DUPLICATES, MIN_ROWS
from audits.measures.data.times import overlap
from audits.measures.figures import figure
from audits.measures.tables.arrow import BLANK, EMPTY, as_numpy, positions
from audits.measures.times import times_of

Columns = dict[str, Column]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]
Tick = Callable[[], None]

MAX_SPLITS = 20


def repeated(columns: Columns, plan: DataPlan, findings: Findings, *, seed: int, tick: Tick) -> dict[str, Any]:
    """Rows that occur more than once. What only names rows does not make two rows different, nor does the split."""
    document: dict[str, Any] = {}
    aside = plan.aside
    content = [column for name, column in columns.items() if name not in aside and not column.is_id_like]
    content = [column for column in content if not column.is_empty and not column.is_constant]
    # where columns only name rows, the names are the content
    content = content or [column for name, column in columns.items() if name not in aside and not column.is_empty]
    split = _splits(columns, plan, findings)
    if all(column.name == plan.label for column in content):
        findings.add("data.nothing_compared", columns=len(columns), set_aside=len(aside & columns.keys()))
    if content:
        found = copies(content)
        tick()
        document["exact"] = _exact(found.surplus, found.groups, found.rows, content, findings)
        if split is not None:
            code = "data.split_leak_by_chance" if _is_chance(found.surplus, content) else "data.split_leak"
            document["leaks"] = _leaks(code, found.of_row, split, findings)
        features = [column for column in content if column.name != plan.label]
        if plan.label is not None and features and not columns[plan.label].is_empty:
            document["conflicts"] = _conflicts(features, columns[plan.label], findings)
        tick()
    if split is not None and plan.group is not None:
        group = columns[plan.group]
        if len(group.values) < 2:
            # everybody is the same person, or nobody is known
            findings.add("data.group_says_nothing", group.name, column=group.name, values=len(group.values))
        document["group_leaks"] = _group_leaks(group, split, findings)
    if split is not None and plan.time is not None:
        document["time_leaks"] = _time_leaks(columns[plan.time], split, plan, findings)
    texts = [columns[name] for name in plan.texts] or [column for column in content if column.is_text]
    texts = [column for column in texts if not column.is_empty]
    if texts:
        document["near"] = _near(texts, split, findings, seed=seed)
        tick()
    return document


def split_of(columns: Columns, plan: DataPlan) -> Column | None:
    """The column of splits where it can be one: two values or more, and not too many."""
    split = None if plan.split is None else columns[plan.split]
    return split if split is not None and 2 <= len(split.values) <= MAX_SPLITS else None


def _splits(columns: Columns, plan: DataPlan, findings: Findings) -> Column | None:
    """The column of splits where it can be one, and what is odd about it."""
    if plan.split is None:
        return None
    split = columns[plan.split]
    for value, count in zip(split.values, split.counts.tolist(), strict=True):
        if count < MIN_ROWS and len(split.values) <= MAX_SPLITS:
            findings.add("data.split_tiny", value, split=value, rows=count)
    if split_of(columns, plan) is not None:
        return split
    values = len(split.values)
    findings.add("data.split_not_splits", split.name, column=split.name, values=values, limit=MAX_SPLITS)
    return None


def _exact(surplus: int, groups: int, rows: Mask, content: list[Column], findings: Findings) -> dict[str, Any]:
    expected = expected_pairs(content)
    if surplus:
        grave = surplus >= DUPLICATES * rows.size and not _is_chance(surplus, content)
        code = "data.duplicates" if grave else "data.duplicates_few"
        params: dict[str, Any] = {"of": int(rows.size), "groups": groups, "expected": figure(expected)}
        findings.add(code, "rows", rows=rows, count=surplus, **params)
    return {"rows": surplus, "groups": groups, "of": int(rows.size), "expected_pairs": figure(expected)}


def _is_chance(surplus: int, content: list[Column]) -> bool:
    """Whether equal rows are no copies: a few small categories make different people equal anyway."""
    return expected_pairs(content) >= BY_CHANCE * surplus


def _leaks(code: str, of_row: Codes, split: Column, findings: Findings, **more: Any) -> list[dict[str, Any]]:
    found = seen_elsewhere(of_row, split.codes, len(split.values))
    return leak_rows(code, found, split.counts, split, findings, **more)


def _time_leaks(column: Column, split: Column, plan: DataPlan, findings: Findings) -> dict[str, Any]:
    """How far the split that is trained on reaches into the time of each other one."""
    train = _trained_on(split, plan)
    times = times_of(column.texts, column.numbers)
    if train is None or times is None or column.is_empty:
        why = "train_unknown" if train is None else "no_values" if column.is_empty else "not_a_time"
        findings.add("data.time_not_measured", column.name, column=column.name, why=why)
        return {"measured": False, "why": why}
    unknown = int((np.isnan(times.values) & (split.codes >= 0)).sum())
    if unknown:
        findings.add("data.time_unknown", column.name, column=column.name, rows=unknown, of=int(split.counts.sum()))
    leaks = []
    for other in range(len(split.values)):
        if other == train:
            continue
        found = overlap(times.values, split.codes == train, split.codes == other)
        if found is None:
            findings.add("data.time_not_measured", split.values[other], column=column.name, why="no_values")
            continue
        leak: dict[str, Any] = {
            "column": column.name,
            "split": split.values[train],
            "other": split.values[other],
            "rows": found.later,
            "of": found.of,
            "first": times.shown(found.first),
            "last": times.shown(found.last),
            "other_rows": found.earlier,
            "other_of": found.other_of,
        }
        leaks.append(leak)
        if found.later:
            findings.add("data.split_leak_time", f"{leak['split']} after {leak['other']}", **leak)
    return {"measured": True, "train": split.values[train], "unknown": unknown, "splits": leaks}


def _trained_on(split: Column, plan: DataPlan) -> int | None:
    """The split that the plan says is trained on, else the one that is called so; None where that cannot be told."""
    if plan.train is not None:
        return split.values.index(plan.train) if plan.train in split.values else None
    called = [place for place, value in enumerate(split.values) if value.lower() in ("train", "training")]
    return called[0] if len(called) == 1 else None


def _group_leaks(group: Column, split: Column, findings: Findings) -> list[dict[str, Any]]:
    found = seen_elsewhere(group.codes, split.codes, len(split.values))
    leaks = []
    for one, other in zip(*np.nonzero(found), strict=True):
        mine, theirs = (np.unique(group.codes[split.codes == side]) for side in (one, other))
        leak: dict[str, Any] = {
            "column": group.name,
            "split": split.values[one],
            "other": split.values[other],
            "rows": int(found[one, other]),
            "of": int(split.counts[one]),
            "groups": int(np.intersect1d(mine[mine >= 0], theirs).size),
        }
        leaks.append(leak)
        if (split.counts[one], split.values[one]) < (split.counts[other], split.values[other]):
            findings.add("data.split_leak_group", f"{leak['split']} in {leak['other']}", **leak)
    return sorted(leaks, key=lambda leak: (leak["split"], leak["other"]))


def _conflicts(features: list[Column], label: Column, findings: Findings) -> dict[str, Any]:
    of_row, _ = combined(features)
    found = conflicting_labels(of_row, label.codes)
    rows = int(found.rows.sum())
    if rows:
        findings.add("data.conflicting_labels", label.name, rows=found.rows, of=found.of, groups=found.groups)
    return {"rows": rows, "groups": found.groups, "of": found.of}


def _near(texts: list[Column], split: Column | None, findings: Findings, *, seed: int) -> dict[str, Any]:
    joined = pc.binary_join_element_wise(*[pc.fill_null(column.texts, EMPTY) for column in texts], BLANK)
    folded = pc.utf8_trim_whitespace(normalised(pc.utf8_lower(joined))).dictionary_encode()
    different, of_row = folded.dictionary, as_numpy(folded.indices).astype(np.int64)
    # in an order of their own, so that the order of rows does not change whom a text is compared with
    order = as_numpy(pc.array_sort_indices(different)).astype(np.int64)
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    different, of_row = different.take(positions(order)), place[of_row]
    marks = _marks(of_row, split, len(different))
    names = [column.name for column in texts]
    try:
        pairs = near_pairs(different, marks=marks, seed=seed)
    except TooMuchToCompare as much:
        findings.add("data.near_duplicates_not_searched", "texts", why=much.what, limit=much.limit)
        return {"columns": names, "measured": False, "why": much.what, "limit": much.limit}
    label = components(len(different), pairs.first, pairs.second)
    sizes = np.bincount(label, minlength=len(different))
    alike = sizes[label] > 1
    rows = alike[of_row]
    groups = int((sizes > 1).sum())
    count = int(rows.sum())
    if count:
        findings.add("data.near_duplicates", "texts", rows=rows, of=int(rows.size), groups=groups, jaccard=JACCARD)
    made: dict[str, Any] = {
        "columns": names,
        "measured": True,
        "rows": count,
        "groups": groups,
        "pairs": int(pairs.first.size),
        "jaccard": JACCARD,
    }
    if split is not None and marks is not None:
        found = _near_elsewhere(pairs.first, pairs.second, marks, of_row, split)
        made["leaks"] = leak_rows("data.split_leak_near", found, split.counts, split, findings, jaccard=JACCARD)
        made["shared_words"] = _shared_words(different, marks, of_row, split, findings)
    return made


def _shared_words(texts: pa.Array, marks: Mask, of_row: Codes, split: Column, findings: Findings) -> dict[str, Any]:
    """Rows of each split that share a run of words with another, of those that are long enough to have one."""
    shared = shared_runs(texts, marks)
    of = np.array([int(shared.long[of_row[split.codes == one]].sum()) for one in range(len(split.values))])
    found = np.zeros((of.size, of.size), dtype=np.int64)
    for one in range(of.size):
        found[one] = shared.reached[of_row[split.codes == one]].sum(axis=0)
        found[one, one] = 0
    return {
        "words": WORDS,
        "long_enough": [{"split": value, "rows": int(rows)} for value, rows in zip(split.values, of, strict=True)],
        "leaks": leak_rows("data.split_leak_words", found, of, split, findings, words=WORDS),
    }


def _marks(of_row: Codes, split: Column | None, texts: int) -> Mask | None:
    """Which splits each text occurs in; shape (texts, splits)."""
    if split is None:
        return None
    marks = np.zeros((texts, len(split.values)), dtype=bool)
    known = split.codes >= 0
    marks[of_row[known], split.codes[known]] = True
    return marks


def _near_elsewhere(first: Codes, second: Codes, marks: Mask, of_row: Codes, split: Column) -> npt.NDArray[np.int64]:
    """Rows of each split whose text is near a text of each other split."""
    reached = np.zeros_like(marks)
    np.logical_or.at(reached, first, marks[second])
    np.logical_or.at(reached, second, marks[first])
    found = np.zeros((marks.shape[1], marks.shape[1]), dtype=np.int64)
    for one in range(marks.shape[1]):
        found[one] = reached[of_row[split.codes == one]].sum(axis=0)
        found[one, one] = 0
    return found
