"""What single columns show: empty, constant, names of rows, personal data, broken texts; as findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from audits.measures.data import texts
from audits.measures.data.columns import MANY_VALUES, Column
from audits.measures.data.findings import Findings
from audits.measures.data.personal import examples, personal_data
from audits.measures.data.plan import DataPlan
from audits.measures.data.thresholds import MINOR_SCRIPT, MISSING
from audits.measures.figures import figure
from audits.measures.tables.loading import Loaded

Columns = dict[str, Column]
Mask = npt.NDArray[np.bool_]
Tick = Callable[[], None]


def at_columns(columns: Columns, plan: DataPlan, findings: Findings, *, tick: Tick) -> None:
    """Columns that say nothing, name rows, have very many values, or are often empty."""
    for name, column in columns.items():
        if column.is_empty:
            findings.add("data.empty", name, column=name)
            continue
        if column.is_constant and column.rows > 1:
            findings.add("data.constant", name, column=name)
        elif column.is_id_like and name != plan.group:
            findings.add("data.id_like", name, column=name)
        elif column.kind == "category" and len(column.values) > MANY_VALUES:
            findings.add("data.high_cardinality", name, column=name, values=len(column.values), of=column.present)
        if column.missing >= MISSING * column.rows:
            share = figure(column.missing / column.rows)
            findings.add("data.missing", name, column=name, rows=column.missing, of=column.rows, share=share)
        tick()


def at_personal_data(columns: Columns, findings: Findings, *, tick: Tick) -> list[dict[str, Any]]:
    """Personal data by column and kind: rows, and shapes of what was found."""
    made = []
    for name, column in sorted(columns.items()):
        if column.is_empty or _is_fractional(column):
            continue
        for found in personal_data(name, column.values, column.counts):
            holds = np.zeros(len(column.values) + 1, dtype=bool)
            holds[found.values] = True
            rows = holds[column.codes]
            shown = examples(found.shapes)
            params: dict[str, Any] = {"column": name, "what": found.what, "of": column.rows}
            code = "data.personal" if found.sure else "data.personal_possible"
            findings.add(code, f"{name} {found.what}", rows=rows, examples=shown, **params)
            made.append({"column": name, "what": found.what, "rows": int(rows.sum()), "examples": shown})
        tick()
    return made


def _is_fractional(column: Column) -> bool:
    """Measurements with decimals hold no numbers of people."""
    return column.numbers is not None and not bool(
        (np.floor(column.numbers) == column.numbers)[column.codes >= 0].all()
    )


_LOOKS: tuple[tuple[str, Callable[[list[str]], Mask]], ...] = (
    ("data.mojibake", texts.mojibake),
    ("data.replacement_characters", texts.replacement_characters),
    ("data.control_characters", texts.control_characters),
    ("data.formulas", texts.formulas),
    ("data.mixed_scripts", texts.mixed_scripts),
)


def at_texts(columns: Columns, table: Loaded, findings: Findings, *, tick: Tick) -> list[dict[str, Any]]:
    """Broken encodings, scripts and lengths of every column that is no number."""
    made = []
    for name, column in sorted(columns.items()):
        if column.numbers is not None or column.is_empty:
            continue
        for code, look in _LOOKS:
            marked = look(column.values)
            if marked.any():
                rows = np.append(marked, False)[column.codes]
                findings.add(code, name, rows=rows, column=name, of=column.present)
        row: dict[str, Any] = {"column": name, "scripts": _scripts(column, findings)}
        if column.is_text:
            row |= _lengths(column, findings)
        made.append(row)
        tick()
    return made


def _scripts(column: Column, findings: Findings) -> list[dict[str, Any]]:
    """Rows by their main script, and the share of letters that each script has."""
    letters = texts.scripts(column.values)
    weighted = letters * column.counts[:, None]
    total = int(weighted.sum())
    if not total:
        return []
    main = np.where(letters.any(axis=1), letters.argmax(axis=1), -1)
    rows = np.bincount(main[main >= 0], weights=column.counts[main >= 0], minlength=len(texts.SCRIPTS)).astype(int)
    made: list[dict[str, Any]] = [
        {"script": script, "rows": int(rows[at]), "letters": figure(weighted[:, at].sum() / total)}
        for at, script in enumerate(texts.SCRIPTS)
        if weighted[:, at].any()
    ]
    made.sort(key=lambda row: (-row["rows"], row["script"]))
    of = int(rows.sum())
    for row in made[1:]:
        if 0 < row["rows"] <= MINOR_SCRIPT * of:
            findings.add(
                "data.minor_script",
                f"{column.name} {row['script']}",
                column=column.name,
                script=row["script"],
                rows=row["rows"],
                of=of,
                main=made[0]["script"],
            )
    return made


def _lengths(column: Column, findings: Findings) -> dict[str, Any]:
    lengths = np.array([len(value) for value in column.values], dtype=np.int64)
    found = texts.length_outliers(lengths, column.counts)
    rows = np.append(found.outside, False)[column.codes]
    if rows.any():
        findings.add(
            "data.length_outliers",
            column.name,
            rows=rows,
            column=column.name,
            of=column.present,
            low_limit=found.low,
            high_limit=found.high,
        )
    return {"length_mean": figure(column.mean_length), "length_outliers": int(rows.sum())}
