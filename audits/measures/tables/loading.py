"""A whole table in memory, every column as text and, where it is one, as a number; for audits of all cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.naming import quoted
from audits.measures.tables.arrow import NAN, NO_TEXT, as_numpy, strings
from audits.measures.tables.chunks import ALL, MISSING, Texts
from audits.measures.tables.opening import open_table
from audits.measures.tables.refusals import ColumnNotFlat, EmptyTable, NotUtf8, NulBytes, TooLarge, TooManyColumns

Array = npt.NDArray[np.float64]
Progress = Callable[[int, int | None], None]

# What is held in memory at once. Larger tables are refused, never cut silently.
MAX_ROWS = 2_000_000
MAX_BYTES = 1 << 30
MAX_COLUMNS = 10_000
# Text has separators, and in json lines names, that are no cells.
TEXT_PER_BYTE = 8
# The offsets of one column of texts have 32 bits.
MAX_COLUMN_BYTES = (1 << 31) - 1

_MISSING = strings(sorted(MISSING))
_WHOLE_FLOAT = r"^([+-]?[0-9]+)\.0+$"


class Loaded:
    """A table with all its rows. Columns are read by name; ``names`` are in the table's order; ``separator`` is what
    parts the cells of a csv file.

    The texts of a column are canonical: surrounding blanks gone, ``1.0`` as ``1``, null where missing.
    """

    def __init__(self, format: str, rows: int, columns: dict[str, pa.Array], *, separator: str | None = None) -> None:
        self.format = format
        self.separator = separator
        self.rows = rows
        self.names = tuple(columns)
        self._columns = columns
        self._texts: dict[str, pa.Array] = {}
        self._numbers: dict[str, Array | None] = {}

    def texts(self, name: str) -> pa.Array:
        """Cells as text, shape (rows,), null where missing."""
        if name not in self._texts:
            self._texts[name] = _texts(self._columns[name], name)
        return self._texts[name]

    def raw_texts(self, name: str) -> pa.Array:
        """Cells as text exactly as they stand in the file, shape (rows,); null where the file has null."""
        return _as_text(self._columns[name], name)

    def with_texts(self, name: str, texts: pa.Array) -> Loaded:
        """The same table with other texts in a column."""
        return Loaded(self.format, self.rows, {**self._columns, name: texts}, separator=self.separator)

    def numbers(self, name: str) -> Array | None:
        """Cells as doubles, shape (rows,), nan where missing; None if a cell is neither missing nor a number.

        A column without any cell is no number. Infinities are kept.
        """
        if name not in self._numbers:
            self._numbers[name] = self._as_numbers(name)
        return self._numbers[name]

    def _as_numbers(self, name: str) -> Array | None:
        raw = self._columns[name]
        if pa.types.is_integer(raw.type) or pa.types.is_floating(raw.type) or pa.types.is_decimal(raw.type):
            cells = raw
        elif pa.types.is_string(raw.type) or pa.types.is_large_string(raw.type) or pa.types.is_dictionary(raw.type):
            cells = self.texts(name)
        else:
            return None
        if cells.null_count == len(cells):
            return None
        try:
            doubles = pc.cast(cells, pa.float64(), safe=False)
        except pa.ArrowInvalid:
            return None
        return np.asarray(as_numpy(pc.fill_null(doubles, NAN)), dtype=np.float64)


def load_table(
    source: str | Path | IO[bytes],
    *,
    columns: Texts = ALL,
    progress: Progress | None = None,
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_BYTES,
    max_columns: int = MAX_COLUMNS,
) -> Loaded:
    """Read a csv, csv.gz, parquet or json-lines table into memory.

    Args:
        source: as for ``open_table``.
        columns: the columns to read; all by default.
        progress: told rows done and rows known after every chunk; what it raises passes through.
        max_rows, max_bytes: what is held at most, cells without Python objects; of text eight times as much is read.
        max_columns: how many columns it may have, refused before a row is read (of json lines after the first rows).

    Raises:
        TableRejected: not a table, damaged, without rows, with two columns of one name, or too large.
        OSError: the path cannot be read.
    """
    pieces: dict[str, list[pa.Array]] = {}
    rows = held = 0
    counting = (lambda: progress(0, None)) if progress is not None else None
    with open_table(
        source,
        columns=(),
        texts=columns,
        counting=counting,
        max_text=TEXT_PER_BYTE * max_bytes,
        max_columns=max_columns if columns == ALL else None,
    ) as table:
        if table.format == "parquet" and table.rows_known > max_rows:
            raise _too_large(max_rows, max_bytes)
        for chunk in table.chunks():
            if len(chunk.texts) > max_columns:
                raise TooManyColumns(len(chunk.texts), max_columns)
            for name, cells in chunk.texts.items():
                if name not in pieces:
                    pieces[name] = [pa.nulls(rows, cells.type)] if rows else []
                pieces[name].append(cells)
                held += cells.nbytes
            for name in pieces.keys() - chunk.texts.keys():
                pieces[name].append(pa.nulls(chunk.rows, pa.string()))
            rows += chunk.rows
            if rows > max_rows or held > max_bytes:
                raise _too_large(max_rows, max_bytes)
            if progress is not None:
                progress(rows, max(table.rows_known, rows))
        if not rows:
            raise EmptyTable("the table has a header and no rows")
        made = {name: _joined(parts, name) for name, parts in pieces.items()}
        return Loaded(table.format, rows, made, separator=table.separator)


def _too_large(max_rows: int, max_bytes: int) -> TooLarge:
    return TooLarge(
        f"this audit holds the table in memory: at most {max_rows:,} rows and {max_bytes >> 20:,} MB of cells; take a"
        " random sample of the rows"
    )


def _joined(parts: Sequence[pa.Array], name: str) -> pa.Array:
    joined: Any = pa.chunked_array(parts) if len({part.type for part in parts}) == 1 else None
    if joined is None:
        joined = pa.chunked_array([_as_text(part, name) for part in parts])
    if pa.types.is_nested(joined.type):
        raise ColumnNotFlat(name, str(joined.type)[:80])
    if joined.nbytes > MAX_COLUMN_BYTES:
        raise TooLarge(f"column {quoted(name)} has more than 2 GB of text; take a random sample of the rows")
    if pa.types.is_dictionary(joined.type):
        joined = joined.cast(joined.type.value_type)
    array = joined.combine_chunks()
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _as_text(cells: pa.Array, name: str) -> pa.Array:
    if pa.types.is_string(cells.type):
        return cells
    try:
        if pa.types.is_binary(cells.type) or pa.types.is_large_binary(cells.type):
            return cells.cast(pa.string())
        return pc.cast(cells, pa.string())
    except pa.ArrowInvalid:
        raise NotUtf8(f"column {quoted(name)}") from None
    except pa.ArrowNotImplementedError as problem:
        raise ColumnNotFlat(name, str(cells.type)[:80]) from problem


def _texts(cells: pa.Array, name: str) -> pa.Array:
    texts = pc.utf8_trim_whitespace(_as_text(cells, name))
    if pc.any(pc.match_substring(texts, "\0")).as_py():
        raise NulBytes(f"column {quoted(name)}")
    if not pa.types.is_integer(cells.type):
        texts = pc.replace_substring_regex(texts, _WHOLE_FLOAT, r"\1")
    missing = pc.is_in(pc.utf8_lower(texts), value_set=_MISSING)
    return pc.if_else(missing, NO_TEXT, texts)
