"""The data audit: a table and what its columns mean in, a document with figures, verdict and findings out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import rfc8785

from audits.measures.data import annotators, looks, people, targets
from audits.measures.data.columns import MIN_ROWS, columns_of
from audits.measures.data.findings import Findings
from audits.measures.data.pictures import Pictures, at_pictures
from audits.measures.data.plan import DataPlan
from audits.measures.data.repeats import repeated, split_of
from audits.measures.data.thresholds import AS_DOCUMENT
from audits.measures.tables.arrow import strings
from audits.measures.tables.loading import MAX_ROWS, Loaded, load_table
from audits.measures.tables.refusals import ColumnMissing

Progress = Callable[[int, int | None], None]
MAX_COLUMNS = 2_000


def load_for(
    source: str | Path | IO[bytes], plan: DataPlan, *, progress: Progress | None = None, max_rows: int = MAX_ROWS
) -> Loaded:
    """Read a table with the columns that a plan names.

    Raises:
        TableRejected: not a table, too large, or a column is missing.
    """
    table = load_table(source, progress=progress, max_rows=max_rows, max_columns=MAX_COLUMNS)
    missing = [name for name in plan.named if name not in table.names]
    if missing:
        raise ColumnMissing(missing, table.names)
    return table


def audit_data(
    table: Loaded,
    plan: DataPlan,
    *,
    progress: Progress | None = None,
    seed: int = 0,
    provenance: Findings | None = None,
    pictures: Pictures | None = None,
) -> dict[str, Any]:
    """Audit the rows of a data set.

    Args:
        table: read by ``load_for`` with the same plan.
        plan: what the columns mean.
        progress: told rows after every part of the work; what it raises passes through.
        seed: of the hash functions that near duplicates are looked for with.
        provenance: what was found in the data set's card, if it was read.
        pictures: those of the column that the plan names, decoded; see ``named_by_digest`` for what stands there then.

    Returns:
        The document of the audit, JSON-ready, without nan and infinity and without a cell that could be about a
        person. ``digest`` is the SHA-256 of the RFC 8785 form of all but ``where``: the order of rows changes row
        numbers and nothing else.

    Raises:
        PlanRejected: the plan and the table do not go together.
    """
    tick = (lambda: progress(table.rows, table.rows)) if progress is not None else (lambda: None)
    if plan.images is not None:
        table = named_by_digest(table, plan.images)
    columns = columns_of(table)
    findings = provenance or Findings()
    document: dict[str, Any] = {"verdict": "", "rows": table.rows, "sampled": False, "format": table.format}
    if table.separator is not None:
        document["separator"] = table.separator
    looks.at_columns(columns, plan, findings, tick=tick)
    document["repeats"] = repeated(columns, plan, findings, seed=seed, tick=tick)
    if pictures is not None:
        document["pictures"] = at_pictures(pictures, split_of(columns, plan), findings)
    document |= targets.at_labels(columns, plan, findings, tick=tick)
    document |= people.at_groups(columns, plan, findings, tick=tick)
    document["personal"] = looks.at_personal_data(columns, findings, tick=tick)
    document |= annotators.at_annotations(columns, plan, findings, seed=seed, tick=tick)
    document["texts"] = looks.at_texts(columns, plan, findings, seed=seed, tick=tick)
    document |= looks.at_terms(columns, plan, findings, tick=tick)
    document["sampled"] = any(row.get("languages", {}).get("sampled", False) for row in document["texts"])
    document["columns"] = [columns[name].as_row() for name in sorted(columns)]
    verdict = _verdict(table, columns, findings)
    document |= {
        "verdict": verdict,
        "findings": findings.ordered(),
        "plan": plan.as_document(),
        "thresholds": dict(AS_DOCUMENT),
        "seed": seed,
    }
    document["digest"] = hashlib.sha256(rfc8785.dumps(document)).hexdigest()
    document["where"] = dict(sorted(findings.where.items()))
    return document


def named_by_digest(table: Loaded, column: str) -> Loaded:
    """The table with pictures named by a digest of their bytes: equal ones stay equal, and none is read as a text."""
    cells = table.texts(column).dictionary_encode()
    names = [_as_letters(value) for value in cells.dictionary.to_pylist()]
    return table.with_texts(column, pa.DictionaryArray.from_arrays(cells.indices, strings(names)).dictionary_decode())


def _as_letters(value: str) -> str:
    """Sixteen letters, in which no pattern of digits can be met."""
    return hashlib.sha256(value.encode()).hexdigest()[:16].translate(_LETTERS)


_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def _verdict(table: Loaded, columns: Mapping[str, Any], findings: Findings) -> str:
    """A grave finding stands however few rows there are; a clean bill needs rows that could have shown something."""
    if all(column.is_empty or column.is_constant for column in columns.values()) and table.rows > 1:
        findings.add("data.nothing_to_say")
    elif table.rows < MIN_ROWS:
        findings.add("data.too_few_rows", rows=table.rows, min_rows=MIN_ROWS)
    return findings.verdict
