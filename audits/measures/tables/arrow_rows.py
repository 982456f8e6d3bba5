"""Arrow record batches: what parquet is read as, and what is in memory already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.naming import quoted
from audits.measures.tables.arrow import MINUS_ONE, NAN, as_numpy
from audits.measures.tables.chunks import ALL, Chunk, Codes, Wanted, factorised, numbers_of_cells
from audits.measures.tables.features import feature_of_dictionary
from audits.measures.tables.refusals import (
    ColumnMissing,
    ColumnNotFlat,
    DuplicateColumn,
    EmptyTable,
    NotATable,
    NotUtf8,
    TableRejected,
    TooLarge,
    TooManyColumns,
)

BATCH_ROWS = 65_536
MAX_ROWS = 2_000_000_000


class ArrowRows:
    """The rows of a table with an Arrow schema; checks the columns when made."""

    def __init__(self, schema: pa.Schema, rows: int, wanted: Wanted, *, max_columns: int | None = None) -> None:
        self._wanted = wanted
        names = schema.names
        if max_columns is not None and len(names) > max_columns:
            raise TooManyColumns(len(names), max_columns)
        counted = Counter(names)
        types = dict(zip(names, schema.types, strict=True))
        maybe = (name for name in wanted.maybe if name in types)
        self._texts = tuple(names) if wanted.texts == ALL else (*wanted.named_texts, *maybe)
        read = list(dict.fromkeys([*wanted.needed, *self._texts]))
        missing = [name for name in read if name not in types]
        if missing:
            raise ColumnMissing(missing, names)
        for name in read:
            if counted[name] > 1:
                raise DuplicateColumn(name)
            if pa.types.is_nested(types[name]):
                raise ColumnNotFlat(name, str(types[name])[:80])
        self.rows = rows
        if self.rows == 0:
            raise EmptyTable("the table has a header and no rows")
        if self.rows > MAX_ROWS:
            raise TooLarge(f"the file says it has {self.rows} rows; at most {MAX_ROWS} are read: take a sample")

    def chunks(self) -> Iterator[Chunk]:
        """The rows in order.

        Raises:
            TableRejected: a page that cannot be read, or a cell that is no single value.
        """
        wanted = self._wanted
        encoded = list(dict.fromkeys([*wanted.columns, *wanted.features]))
        batches = self._batches(list(dict.fromkeys([*encoded, *wanted.numbers, *self._texts])))
        while True:
            try:
                batch = next(batches, None)
            except TableRejected:
                raise
            except (pa.ArrowException, OSError, ValueError) as problem:
                raise NotATable("the parquet file is damaged or cut off; write it again") from problem
            if batch is None:
                return
            cells = {name: _dictionary(batch.column(name), column=name) for name in encoded}
            columns = {name: factorised(*cells[name], column=name, most=wanted.most(name)) for name in wanted.columns}
            numbers = {name: _numbers(batch.column(name), column=name) for name in wanted.numbers}
            texts = {name: _plain(batch.column(name)) for name in self._texts}
            features = {name: feature_of_dictionary(*cells[name], column=name) for name in wanted.features}
            yield Chunk(batch.num_rows, columns, numbers, texts=texts, features=features)

    def _batches(self, wanted: list[str]) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError


class TableInMemory(ArrowRows):
    """The rows of an Arrow table."""

    def __init__(self, table: pa.Table, wanted: Wanted) -> None:
        self._table = table
        super().__init__(table.schema, table.num_rows, wanted)

    def _batches(self, wanted: list[str]) -> Iterator[pa.RecordBatch]:
        batches: Iterator[pa.RecordBatch] = iter(self._table.select(wanted).to_batches(max_chunksize=BATCH_ROWS))
        return batches


def _dictionary(array: pa.Array, *, column: str) -> tuple[list[Any], Codes]:
    """Different cells and each row's position among them; -1 for null."""
    try:
        if not pa.types.is_dictionary(array.type):
            array = pc.dictionary_encode(array)
        codes = as_numpy(pc.fill_null(array.indices.cast(pa.int64()), MINUS_ONE))
        return array.dictionary.to_pylist(), np.asarray(codes, dtype=np.int64)
    except UnicodeDecodeError:
        raise NotUtf8(f"column {quoted(column)}") from None
    except (pa.ArrowException, ValueError, OverflowError) as problem:
        raise ColumnNotFlat(column, "cells that cannot be read as texts or numbers") from problem


def _numbers(array: pa.Array, *, column: str) -> npt.NDArray[np.float64]:
    """Floats, nan where missing: numbers as they are, texts as they read."""
    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type):
        return np.asarray(as_numpy(pc.fill_null(array.cast(pa.float64(), safe=False), NAN)), dtype=np.float64)
    values, codes = _dictionary(array, column=column)
    return np.append(numbers_of_cells(values, column=column), np.nan)[codes]


def _plain(array: pa.Array) -> pa.Array:
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
