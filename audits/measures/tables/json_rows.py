"""JSON lines: one object per line, cells of any scalar type."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO, Any

import pyarrow as pa

from audits.measures.naming import quoted
from audits.measures.tables.arrow import strings
from audits.measures.tables.chunks import (
    ALL,
    Chunk,
    Column,
    Wanted,
    canonical,
    column_of_cells,
    numbers_of_cells,
)
from audits.measures.tables.features import feature_of_cells
from audits.measures.tables.refusals import (
    BadLine,
    ColumnMissing,
    ColumnNotFlat,
    DuplicateColumn,
    EmptyTable,
    NotATable,
    NotUtf8,
    NulBytes,
    RowTooLong,
    require_encodable,
)

CHUNK_ROWS = 20_000
MAX_ROW = 16 << 20
# Names of columns in one table that is read as a whole.
MAX_NAMES = 10_000


class JsonRows:
    """The rows of a json-lines file. A key that a row lacks is a missing value; one that no row has is an error."""

    def __init__(self, text: IO[bytes], wanted: Wanted) -> None:
        self._wanted, self._needed = wanted, wanted.needed
        self._text = text
        self._texts = ALL if wanted.texts == ALL else (*wanted.named_texts, *wanted.maybe)
        self._seen: dict[str, None] = {}

    def chunks(self) -> Iterator[Chunk]:
        """The rows in order.

        Raises:
            TableRejected: at the first line that cannot be read, or at the end when a wanted key was in no line.
        """
        rows: list[dict[str, Any]] = []
        any_rows = False
        for row in self._objects():
            rows.append(row)
            if len(rows) == CHUNK_ROWS:
                yield self._chunk(rows)
                any_rows, rows = True, []
        if rows:
            yield self._chunk(rows)
        elif not any_rows:
            raise EmptyTable("the file has no lines; it needs one JSON object per person")
        missing = [name for name in self._needed if name not in self._seen]
        if missing:
            raise ColumnMissing(missing, list(self._seen))

    def _objects(self) -> Iterator[dict[str, Any]]:
        number = 0
        while line := self._text.readline(MAX_ROW + 1):
            number += 1
            if len(line) > MAX_ROW:
                raise RowTooLong(number, MAX_ROW)
            if line.isspace():
                continue
            yield self._object(line, number)

    def _object(self, line: bytes, number: int) -> dict[str, Any]:
        if b"\0" in line:
            raise NulBytes(f"line {number}")
        try:
            pairs = json.loads(line, object_pairs_hook=_Pairs)
        except UnicodeDecodeError:
            raise NotUtf8(f"line {number}") from None
        except RecursionError:
            raise BadLine(number, "it is nested too deeply") from None
        except ValueError as problem:
            raise BadLine(number, getattr(problem, "msg", "a number in it is too long")) from None
        if not isinstance(pairs, _Pairs):
            raise BadLine(number, "it holds a list or a single value")
        row: dict[str, Any] = dict(pairs)
        if len(row) != len(pairs):
            self._refuse_doubles(pairs)
        if len(self._seen) < 1_000:
            self._seen.update(dict.fromkeys(row))
        return row

    def _refuse_doubles(self, pairs: _Pairs) -> None:
        names = [name for name, _ in pairs]
        counted = Counter(names)
        for name in names if self._texts == ALL else self._needed:
            if counted[name] > 1:
                raise DuplicateColumn(name)

    def _chunk(self, rows: list[dict[str, Any]]) -> Chunk:
        columns = {name: self._column(name, rows) for name in self._wanted.columns}
        numbers = {name: numbers_of_cells(map(_cell(name), rows), column=name) for name in self._wanted.numbers}
        texts = {name: _texts_of(rows, name) for name in self._text_names(rows)}
        features = {name: feature_of_cells(map(_cell(name), rows), column=name) for name in self._wanted.features}
        return Chunk(len(rows), columns, numbers, texts=texts, features=features)

    def _text_names(self, rows: list[dict[str, Any]]) -> Sequence[str]:
        if self._texts != ALL:
            return list(self._texts)
        names: dict[str, None] = {}
        for row in rows:
            names.update(dict.fromkeys(row))
            if len(names) > MAX_NAMES:
                raise NotATable(f"its lines have more than {MAX_NAMES:,} different keys; is this a table?")
        for name in names:
            require_encodable(name)
        return list(names)

    def _column(self, name: str, rows: list[dict[str, Any]]) -> Column:
        return column_of_cells(map(_cell(name), rows), column=name, most=self._wanted.most(name))


class _Pairs(list[tuple[str, Any]]):
    """Keys and values of one object as they stand in the line, doubles included."""


def _texts_of(rows: list[dict[str, Any]], name: str) -> pa.Array:
    cells = [_cell(name)(row) for row in rows]
    if any(isinstance(cell, (list, dict)) for cell in cells):
        raise ColumnNotFlat(name, "lists or objects")
    texts = [cell if cell is None or isinstance(cell, str) else canonical(cell, column=name) for cell in cells]
    try:
        return strings(texts)
    except UnicodeEncodeError:
        # half of a surrogate pair, written as an escape
        raise NotUtf8(f"column {quoted(name)}") from None


def _cell(name: str) -> Any:
    def get(row: dict[str, Any]) -> Any:
        value = row.get(name)
        return list(value) if isinstance(value, _Pairs) else value

    return get
