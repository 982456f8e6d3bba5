"""Parquet: only the wanted columns are read, a batch at a time, and only where their pages stay small when unpacked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from audits.measures.naming import quoted
from audits.measures.tables.arrow import ZERO, as_numpy
from audits.measures.tables.arrow_rows import BATCH_ROWS, ArrowRows
from audits.measures.tables.chunks import Wanted
from audits.measures.tables.parquet_pages import BrokenPages, Pages, pages_of
from audits.measures.tables.refusals import NotATable, TooLarge

# One page when unpacked. Writers make pages of 1 MB, some of 100 MB.
MAX_PAGE = 128 << 20
# Pages of all wanted columns that are in memory at once: so many times the file, and within these limits.
HELD_PER_BYTE, LEAST_HELD, MOST_HELD = 4, 256 << 20, 1 << 30
# All pages, or all texts, when unpacked: as for text that is packed.
MAX_RATIO, FREE_BYTES = 200, 256 << 20
# Texts that are written out, or made from differences, at once.
_BATCH_BYTES = 64 << 20
# Rows of row groups that are read in one go; each go ends with a batch that is not full.
_RUN_ROWS = 16 * BATCH_ROWS
_DAMAGED = "the parquet file is damaged or cut off; write it again"
# What the footer calls columns whose cells can be of any length, and cells that stand in a dictionary.
_ANY_LENGTH, _DICTIONARIES = "BYTE_ARRAY", {"PLAIN_DICTIONARY", "RLE_DICTIONARY"}


class ParquetRows(ArrowRows):
    """The rows of a parquet file; reads the footer when made.

    Pages of a few bytes can unpack to gigabytes, and a column of one long text and its number in each row to more. So
    the headers of pages are looked at before a row group is read, and texts that are in a dictionary are read with it
    and measured before they are written out.
    """

    def __init__(self, file: IO[bytes], wanted: Wanted, *, max_columns: int | None = None) -> None:
        self._source, self._size = file, file.seek(0, os.SEEK_END)
        file.seek(0)
        try:
            schema = pq.read_schema(file)
            file.seek(0)
            footer = pq.read_metadata(file)
            # texts that are dictionaries in the file stay so: to write them out and look them up again takes longest,
            # and to write them out unseen may take any amount of memory
            self._in_dictionary = {
                name for name in wanted.columns if name in schema.names and _is_text(schema.field(name).type)
            }
            self._in_dictionary |= _with_dictionary(footer)
            file.seek(0)
            self._file = pq.ParquetFile(file, pre_buffer=False, read_dictionary=sorted(self._in_dictionary))
            schema, rows = self._file.schema_arrow, self._file.metadata.num_rows
            self._leaves: dict[str, list[int]] = {}
            for leaf in range(footer.num_columns):
                self._leaves.setdefault(footer.schema.column(leaf).path, []).append(leaf)
        except (pa.ArrowException, OSError, ValueError, KeyError) as problem:
            raise NotATable(_DAMAGED) from problem
        self._unpacked = self._written = 0
        super().__init__(schema, rows, wanted, max_columns=max_columns)

    def _batches(self, wanted: list[str]) -> Iterator[pa.RecordBatch]:
        for groups, rows in self._runs(wanted):
            batches = self._file.iter_batches(batch_size=rows, row_groups=groups, columns=wanted, use_threads=False)
            for batch in batches if rows == BATCH_ROWS else _gathered(batches):
                yield from self._of_bounded_texts(batch)

    def _runs(self, wanted: list[str]) -> Iterator[tuple[list[int], int]]:
        """Row groups to be read together, and how many rows at once; each looked at before it is handed on."""
        footer = self._file.metadata
        groups: list[int] = []
        rows = 0
        widest = max((_width(self._file.schema_arrow.field(name).type) for name in wanted), default=1)
        batch = max(min(BATCH_ROWS, _BATCH_BYTES // max(widest, 1)), 1)
        for number in range(footer.num_row_groups):
            group = footer.row_group(number)
            delta = self._require_bounded(group, wanted)
            groups.append(number)
            rows += group.num_rows
            batch = max(min(batch, _BATCH_BYTES // max(delta, 1)), 1)
            if rows >= _RUN_ROWS:
                yield groups, batch
                groups, rows = [], 0
        if groups:
            yield groups, batch

    def _require_bounded(self, group: Any, wanted: list[str]) -> int:
        """Refuse a row group whose pages become too large; the largest page of texts that are made from differences."""
        held = delta = 0
        for name in wanted:
            for leaf in self._leaves.get(name, []):
                column = group.column(leaf)
                pages = self._pages(column)
                if pages.has_dictionary and name not in self._in_dictionary and column.physical_type == _ANY_LENGTH:
                    # the footer has kept it quiet
                    raise NotATable(_DAMAGED)
                self._unpacked += max(pages.total, column.total_uncompressed_size)
                held += pages.dictionary + pages.largest
                delta = max(delta, pages.delta)
                if (page := max(pages.dictionary, pages.largest)) > MAX_PAGE:
                    raise _bomb(f"a page of column {quoted(name)} unpacks to {page >> 20:,} MB")
        if held > min(max(LEAST_HELD, HELD_PER_BYTE * self._size), MOST_HELD):
            raise _bomb(f"the pages that have to be read at once unpack to {held >> 20:,} MB")
        if self._unpacked > self._limit:
            raise _bomb(f"its pages unpack to more than {self._limit >> 20:,} MB")
        return delta

    @property
    def _limit(self) -> int:
        return max(FREE_BYTES, MAX_RATIO * self._size)

    def _pages(self, column: Any) -> Pages:
        start = column.data_page_offset
        # a dictionary stands before the pages that need it; some writers say 0 where there is none
        if column.dictionary_page_offset:
            start = min(start, column.dictionary_page_offset)
        length = column.total_compressed_size
        if start < 0 or length < 0 or start + length > self._size:
            raise NotATable(_DAMAGED)
        try:
            return pages_of(self._source, start, length)
        except BrokenPages as problem:
            raise NotATable(_DAMAGED) from problem

    def _of_bounded_texts(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """A batch in pieces whose texts are no more than so many bytes when they are written out."""
        lengths = np.zeros(batch.num_rows, dtype=np.int64)
        for name in self._texts:
            lengths += _written_out(batch.column(name))
        ends = np.cumsum(lengths)
        self._written += int(ends[-1]) if ends.size else 0
        if self._written > self._limit:
            raise _bomb(f"its texts are more than {self._limit >> 20:,} MB when written out")
        start = 0
        while start < batch.num_rows:
            before = int(ends[start - 1]) if start else 0
            end = max(int(np.searchsorted(ends, before + _BATCH_BYTES, side="right")), start + 1)
            yield batch.slice(start, end - start)
            start = end


def _with_dictionary(footer: Any) -> set[str]:
    """Columns of texts or bytes that have a dictionary in a row group."""
    return {
        column.path_in_schema
        for group in range(footer.num_row_groups)
        for column in (footer.row_group(group).column(leaf) for leaf in range(footer.num_columns))
        if column.physical_type == _ANY_LENGTH and (column.has_dictionary_page or _DICTIONARIES & {*column.encodings})
    }


def _width(kind: pa.DataType) -> int:
    return kind.byte_width if pa.types.is_fixed_size_binary(kind) else 1


def _written_out(array: pa.Array) -> Any:
    """Bytes of each cell of a column of texts; 0 for columns of anything else."""
    if pa.types.is_dictionary(array.type):
        if not len(array.dictionary) or not _is_bytes(array.type.value_type):
            return 0
        lengths = as_numpy(pc.binary_length(array.dictionary).cast(pa.int64()))
        codes = as_numpy(pc.fill_null(array.indices.cast(pa.int64()), ZERO))
        return np.where(as_numpy(pc.is_null(array)), 0, lengths[codes])
    if not _is_bytes(array.type):
        return 0
    return as_numpy(pc.fill_null(pc.binary_length(array).cast(pa.int64()), ZERO))


def _gathered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Small batches put together: each costs something, however few rows it has."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        if held and size + batch.nbytes > _BATCH_BYTES:
            yield from _joined(held)
            held, rows, size = [], 0, 0
        held.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= BATCH_ROWS:
            yield from _joined(held)
            held, rows, size = [], 0, 0
    yield from _joined(held)


def _joined(held: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    if len(held) < 2:
        return held
    made: list[pa.RecordBatch] = pa.Table.from_batches(held).combine_chunks().to_batches()
    return made


def _bomb(what: str) -> TooLarge:
    return TooLarge(
        f"the parquet file grows too much when it is unpacked: {what}; of a file {MAX_RATIO} times its size is read "
        f"({FREE_BYTES >> 20} MB of a small one), in pages of {MAX_PAGE >> 20} MB at most. Write it again with pages "
        "of 1 MB, or take a sample of the rows"
    )


def _is_bytes(kind: pa.DataType) -> bool:
    return _is_text(kind) or bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
