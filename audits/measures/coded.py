"""Columns of texts as codes: names of groups, classes and templates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.tables.chunks import MAX_CELL, Chunk, canonical, texts_of_cells
from audits.measures.tables.opening import Table
from audits.measures.tables.refusals import CellTooLong, EmptyTable, TooManyValues

Progress = Callable[[int, int | None], None]
Texts = npt.NDArray[np.object_]
Codes = npt.NDArray[np.int64]

# Differences and squares of scores up to here can be computed with; no model gives larger ones.
LARGEST_SCORE = 1e100


@dataclass(frozen=True)
class Coded:
    """A column as codes: positions in ``values`` (sorted), -1 where the cell is empty."""

    values: tuple[str, ...]
    codes: Codes


def read_texts(
    table: Table, *, score: str | None, progress: Progress | None = None
) -> tuple[dict[str, Texts], npt.NDArray[np.float64], int]:
    """All rows of a table of texts: its columns of texts, its scores (nan without), and how many rows there are.

    Raises:
        TableRejected: the table cannot be read, or has no rows.
    """
    parts: dict[str, list[Texts]] = {}
    scores: list[npt.NDArray[np.float64]] = []
    rows = 0
    for chunk in table.chunks():
        rows += chunk.rows
        for name, cells in texts_in(chunk).items():
            parts.setdefault(name, []).append(cells)
        if score:
            scores.append(chunk.numbers[score])
        if progress is not None:
            progress(rows, max(table.rows_known, rows))
    if rows == 0:
        raise EmptyTable("the table has a header and no rows")
    if progress is not None:
        progress(rows, rows)
    joined = np.concatenate(scores) if scores else np.full(rows, np.nan)
    return {name: np.concatenate(cells) for name, cells in parts.items()}, joined, rows


def texts_in(chunk: Chunk) -> dict[str, Texts]:
    """The columns of texts of a chunk, str or None where a cell is empty, shape (rows,) each.

    Raises:
        TableRejected: a cell that is no text.
    """
    return {name: texts_of_cells(cells.to_pylist(), column=name) for name, cells in chunk.texts.items()}


def coded(cells: Texts, *, column: str, most: int) -> Coded:
    """Names of groups or classes as codes.

    Raises:
        TableRejected: more than ``most`` different ones, or one that is longer than a name.
    """
    raw, codes = _different(cells)
    if len(raw) > most:
        raise TooManyValues(column, most, raw[:3])
    positions: dict[str, int] = {}
    # the last place is that of empty cells
    renumbered = np.full(len(raw) + 1, -1, dtype=np.int64)
    for at, value in enumerate(raw):
        if len(value) > MAX_CELL:
            raise CellTooLong(column, len(value), MAX_CELL)
        name = canonical(value, column=column)
        if name is not None:
            renumbered[at] = positions.setdefault(name, len(positions))
    order = sorted(positions)
    place = np.full(len(positions) + 1, -1, dtype=np.int64)
    for at, name in enumerate(order):
        place[positions[name]] = at
    return Coded(tuple(order), place[renumbered[codes]])


def own_codes(cells: Texts) -> Codes:
    """One code per different cell; every row without one gets a code of its own."""
    _, made = _different(cells)
    alone = made < 0
    made[alone] = made.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    return made


def text_codes(cells: Texts) -> Codes:
    """One code per different text, in order of the texts; -1 for empty cells. Blanks around a text do not count."""
    return _different(cells, trimmed=True)[1]


def _different(cells: Texts, *, trimmed: bool = False) -> tuple[list[str], Codes]:
    """The different texts of a column, sorted, and the place of each cell among them (-1 empty).

    By hashing: as an array of numpy's texts, one long cell would make every cell as long.
    """
    texts = pa.array(cells, type=pa.large_string())
    found = (pc.utf8_trim_whitespace(texts) if trimmed else texts).dictionary_encode()
    values = found.dictionary.to_pylist()
    order = sorted(range(len(values)), key=values.__getitem__)
    # the last place is that of empty cells
    place = np.full(len(values) + 1, -1, dtype=np.int64)
    place[order] = np.arange(len(values))
    codes: Codes = place[found.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)]
    return [values[at] for at in order], codes


def joined(*columns: Codes) -> Codes:
    """One code per different combination of codes."""
    made = np.zeros(columns[0].size, dtype=np.int64)
    for column in columns:
        low = int(column.min(initial=0))
        width = int(column.max(initial=0)) - low + 1
        _, made = np.unique(made * width + (column - low), return_inverse=True)
        made = made.astype(np.int64)
    return made
