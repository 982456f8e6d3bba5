"""Parquet: only the wanted columns are read, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from audits.measures.tables.arrow_rows import BATCH_ROWS, ArrowRows
from audits.measures.tables.refusals import NotATable


class ParquetRows(ArrowRows):
    """The rows of a parquet file; reads the footer when made."""

    def __init__(self, file: IO[bytes], *, columns: Any, **wanted: Any) -> None:
        try:
            schema = pq.read_schema(file)
            # texts that are dictionaries in the file stay so: to write them out and look them up again takes longest
            kept = [name for name in columns if name in schema.names and _is_text(schema.field(name).type)]
            file.seek(0)
            self._file = pq.ParquetFile(file, pre_buffer=False, read_dictionary=list(dict.fromkeys(kept)))
            schema, rows = self._file.schema_arrow, self._file.metadata.num_rows
        except (pa.ArrowException, OSError, ValueError, KeyError) as problem:
            raise NotATable("the parquet file is damaged or cut off; write it again") from problem
        super().__init__(schema, rows, columns=columns, **wanted)

    def _batches(self, wanted: list[str]) -> Iterator[pa.RecordBatch]:
        batches: Iterator[pa.RecordBatch] = self._file.iter_batches(
            batch_size=BATCH_ROWS, columns=wanted, use_threads=False
        )
        return batches


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
