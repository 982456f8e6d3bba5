"""What single columns show: empty, constant, names of rows, personal data, broken texts; as findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.data import texts
from audits.measures.data.columns import MANY_VALUES, Column
from audits.measures.data.findings import Findings
from audits.measures.data.languages import MOST, MOST_OF_ALL, languages
from audits.measures.data.lexicon import examples as term_examples
from audits.measures.data.lexicon import terms_found
from audits.measures.data.personal import examples, personal_data
from audits.measures.data.plan import DataPlan
from audits.measures.data.thresholds import LEAST_LANGUAGE, MINOR_LANGUAGE, MINOR_SCRIPT, MISSING
from audits.measures.figures import figure
from audits.measures.intervals import wilson
from audits.measures.tables.arrow import as_numpy
from audits.measures.tables.decimals import decimal_commas

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
        if (commas := decimal_commas(column.texts)) is not None:
            findings.add("data.decimal_comma", name, rows=commas, column=name, of=column.present)
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
        for found in personal_data(name, column.cells, column.counts):
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


_LOOKS: tuple[tuple[str, Callable[[pa.Array], Mask]], ...] = (
    ("data.mojibake", texts.mojibake),
    ("data.replacement_characters", texts.replacement_characters),
    ("data.control_characters", texts.control_characters),
    ("data.formulas", texts.formulas),
    ("data.mixed_scripts", texts.mixed_scripts),
)


def at_texts(columns: Columns, plan: DataPlan, findings: Findings, *, seed: int, tick: Tick) -> list[dict[str, Any]]:
    """Broken encodings, scripts and lengths of every column that is no number; languages of those that are texts."""
    made = []
    texts_held = sum(column.is_text or name in plan.texts for name, column in columns.items())
    most = min(MOST, MOST_OF_ALL // max(texts_held, 1))
    for name, column in sorted(columns.items()):
        if column.numbers is not None or column.is_empty:
            continue
        for code, look in _LOOKS:
            marked = look(column.cells)
            if marked.any():
                rows = np.append(marked, False)[column.codes]
                findings.add(code, name, rows=rows, column=name, of=column.present)
        row: dict[str, Any] = {"column": name, "scripts": _scripts(column, findings)}
        if column.is_text:
            row |= _lengths(column, findings)
        if column.is_text or name in plan.texts:
            row["languages"] = _languages(column, findings, most=most, seed=seed)
        made.append(row)
        tick()
    return made


def at_terms(columns: Columns, plan: DataPlan, findings: Findings, *, tick: Tick) -> dict[str, Any]:
    """Rows that hold a term of the plan's lexicon, by column; nothing where it names none."""
    lexicon = plan.lexicon
    if lexicon is None:
        return {}
    made = []
    for name, column in sorted(columns.items()):
        if column.numbers is not None or column.is_empty:
            continue
        found = terms_found(lexicon, column.cells, column.counts)
        rows = np.append(found.holds, False)[column.codes]
        count, terms = int(rows.sum()), int((found.counts > 0).sum())
        low, high = (figure(float(limit)) for limit in wilson(count, column.present))
        shown = term_examples(lexicon, found)
        params: dict[str, Any] = {"column": name, "of": column.present, "low": low, "high": high, "terms": terms}
        if count:
            said = params | {"lexicon": lexicon.name}
            findings.add("data.lexicon_terms", name, rows=rows, examples=shown, **said)
        made.append(params | {"rows": count, "examples": shown})
        tick()
    if not made:
        findings.add("data.lexicon_not_searched", "lexicon", lexicon=lexicon.name)
    return {"lexicon": made}


def _languages(column: Column, findings: Findings, *, most: int, seed: int) -> dict[str, Any]:
    """Rows by language, and those whose language cannot be told."""
    found = languages(column.values, column.counts, most=most, seed=seed)
    made: list[dict[str, Any]] = []
    for language, rows in found.counts.items():
        low, high = wilson(rows, found.rows)
        share = {"share": figure(rows / found.rows), "low": figure(float(low)), "high": figure(float(high))}
        made.append({"language": language, "rows": rows, **share})
    made.sort(key=lambda row: (-row["rows"], row["language"]))
    known = found.rows - found.undetermined
    for row in made[1:]:
        if LEAST_LANGUAGE * known <= row["rows"] <= MINOR_LANGUAGE * known:
            findings.add(
                "data.minor_language",
                f"{column.name} {row['language']}",
                column=column.name,
                language=row["language"],
                rows=row["rows"],
                of=found.rows,
                main=made[0]["language"],
            )
    if 2 * found.undetermined > found.rows:
        undetermined: dict[str, Any] = {"rows": found.undetermined, "of": found.rows}
        findings.add("data.language_undetermined", column.name, column=column.name, **undetermined)
    return {"rows": found.rows, "sampled": found.sampled, "undetermined": found.undetermined, "languages": made}


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
    lengths = as_numpy(pc.utf8_length(column.cells)).astype(np.int64)
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
