"""Comma-separated text, a block of complete rows at a time.

pyarrow parses the blocks; the cutting is ours, so that a block is never larger than asked, a file object of any kind
can be read without a second thread holding it, and every complaint can name its row.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO

import pyarrow as pa
import pyarrow.csv as pacsv

from audits.measures.tables.arrow import as_numpy
from audits.measures.tables.chunks import (
    ALL,
    Chunk,
    Codes,
    Column,
    Wanted,
    factorised,
    numbers_of_cells,
)
from audits.measures.tables.features import feature_of_dictionary
from audits.measures.tables.refusals import (
    ColumnMissing,
    DuplicateColumn,
    EmptyTable,
    NotATable,
    NotUtf8,
    NulBytes,
    RaggedRow,
    RowTooLong,
    TooManyColumns,
    UnclosedQuote,
)

BLOCK = 1 << 19
# A wide table is read so many header lengths at a time: each block costs something for every column.
HEADERS_PER_BLOCK = 256
MAX_ROW = 16 << 20
MAX_HEADER = 1 << 20
MAX_CELL_LINES = 1_000
SEPARATORS = (",", ";", "\t", "|")
_BOM = b"\xef\xbb\xbf"
_QUOTED = re.compile(rb'"[^"]*+"')


class CsvRows:
    """The rows of a csv file; reads the header when made."""

    def __init__(self, text: IO[bytes], wanted: Wanted, *, max_columns: int | None = None) -> None:
        self._wanted = wanted
        self._text = text
        header = self._header_line()
        self._block = min(max(BLOCK, HEADERS_PER_BLOCK * len(header)), MAX_ROW)
        self.separator, self.names = _split_header(header, wanted.needed)
        if max_columns is not None and len(self.names) > max_columns:
            raise TooManyColumns(len(self.names), max_columns)
        counted = Counter(self.names)
        named = self.names if wanted.texts == ALL else wanted.named_texts
        also = [name for name in wanted.maybe if name in counted and name not in named]
        read = list(dict.fromkeys([*wanted.needed, *named, *also]))
        self._texts = (*named, *also)
        missing = [name for name in read if name not in counted]
        if missing:
            raise ColumnMissing(missing, self.names)
        for name in read:
            if counted[name] > 1:
                raise DuplicateColumn(name)
        self._place = {name: str(place) for place, name in enumerate(self.names)}
        # Repeated groups are atomic, (?>(...)*), not possessive, (...)*+, which Python before 3.11.5 matches wrongly.
        separator = re.escape(self.separator.encode())
        field = rb'(?:"[^"]*+(?>(?:""[^"]*+)*)"[^%(s)s\n]*+|(?!")[^%(s)s\n]*+)' % {b"s": separator}
        self._complete_rows = re.compile(b"(?>(?:" + field + b"(?>(?:" + separator + field + b")*)\n)*)")

    def chunks(self) -> Iterator[Chunk]:
        """The rows in order.

        Raises:
            TableRejected: at the first row that cannot be read.
        """
        row = 1
        for block in self._blocks():
            table = self._parse(block, first_row=row + 1)
            if block.count(b"\n") - table.num_rows > MAX_CELL_LINES:
                _refuse_swallowed_rows(block, first_row=row + 1)
            row += table.num_rows
            if table.num_rows:
                yield self._chunk(table)

    def _header_line(self) -> bytes:
        """Take the first row that is not blank off the text."""
        while True:
            line = self._text.readline(MAX_HEADER + 1)
            if not line:
                raise EmptyTable("the file is empty; it needs a header with column names and one row per person")
            line = line.removeprefix(_BOM)
            if len(line) > MAX_HEADER:
                raise NotATable("the first line is longer than 1 MB; is this a table with one row per line?")
            if b"\0" in line:
                raise NulBytes("the first line")
            if line.strip():
                break
        # a quoted name may hold a line end
        lines, length, quotes = [line], len(line), line.count(b'"')
        while quotes % 2 and length <= MAX_HEADER and (line := self._text.readline(MAX_HEADER + 1)):
            lines.append(line)
            length += len(line)
            quotes += line.count(b'"')
        header = b"".join(lines)
        if b"\r" in header.rstrip(b"\r\n") and quotes == 0:
            raise NotATable("lines end with CR alone; save the table with LF or CRLF line ends")
        return header

    def _blocks(self) -> Iterator[bytes]:
        """Blocks of complete rows; the last row may lack its line end."""
        row = 2
        rest = b""
        while True:
            read = self._text.read(self._block)
            if b"\0" in read:
                raise NulBytes(f"the text in or after row {row}")
            if not read:
                if rest.strip():
                    if self._end_of_complete_rows(rest + b"\n") <= len(rest):
                        raise UnclosedQuote(row, rest.count(b"\n") + 1)
                    yield rest
                return
            rest += read
            end = self._end_of_complete_rows(rest)
            if end == 0:
                if len(rest) > MAX_ROW:
                    raise RowTooLong(row, MAX_ROW)
                continue
            yield rest[:end]
            row += rest.count(b"\n", 0, end)
            rest = rest[end:]

    def _end_of_complete_rows(self, text: bytes) -> int:
        if b'"' not in text:
            return text.rfind(b"\n") + 1
        found = self._complete_rows.match(text)
        return found.end() if found else 0

    def _parse(self, block: bytes, *, first_row: int) -> pa.Table:
        ragged: list[RaggedRow] = []

        def refuse(row: pacsv.InvalidRow) -> str:
            number = first_row + (row.number or 1) - 1
            ragged.append(RaggedRow(number, row.expected_columns, row.actual_columns))
            return "error"

        wanted = self._wanted
        positions = [self._place[name] for name in (*wanted.columns, *wanted.numbers, *wanted.features)]
        raw = [self._place[name] for name in self._texts]
        types = {position: pa.string() for position in raw}
        types |= {position: pa.dictionary(pa.int32(), pa.string()) for position in positions}
        try:
            return pacsv.read_csv(
                pa.BufferReader(block),
                read_options=pacsv.ReadOptions(
                    use_threads=False,
                    block_size=len(block) + 1,
                    column_names=[str(number) for number in range(len(self.names))],
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=self.separator, newlines_in_values=True, invalid_row_handler=refuse
                ),
                convert_options=pacsv.ConvertOptions(
                    include_columns=list(types),
                    column_types=types,
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as problem:
            if ragged:
                raise ragged[0] from None
            if "UTF8" in str(problem):
                raise NotUtf8(f"a cell in or after row {first_row}") from None
            if "Empty CSV" in str(problem):
                return pa.table({position: pa.array([], type_) for position, type_ in types.items()})
            raise NotATable(
                f"the rows from {first_row} on cannot be read as csv; check separators and quotes"
            ) from None

    def _chunk(self, table: pa.Table) -> Chunk:
        columns = {name: self._column(table, name) for name in self._wanted.columns}
        numbers = {}
        for name in self._wanted.numbers:
            values, codes = _dictionary(table.column(self._place[name]))
            numbers[name] = numbers_of_cells(values, column=name)[codes]
        texts = {name: self._text_column(table, name) for name in self._texts}
        features = {
            name: feature_of_dictionary(*_dictionary(table.column(self._place[name])), column=name)
            for name in self._wanted.features
        }
        return Chunk(table.num_rows, columns, numbers, texts=texts, features=features)

    def _text_column(self, table: pa.Table, name: str) -> pa.Array:
        column = table.column(self._place[name]).combine_chunks()
        return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column

    def _column(self, table: pa.Table, name: str) -> Column:
        values, codes = _dictionary(table.column(self._place[name]))
        return factorised(values, codes, column=name, most=self._wanted.most(name))


def _refuse_swallowed_rows(block: bytes, *, first_row: int) -> None:
    """A pair of stray quotes makes one cell of all the rows between them, in a column that nobody looks at perhaps."""
    for cell in _QUOTED.finditer(block):
        lines = cell[0].count(b"\n")
        if lines > MAX_CELL_LINES:
            raise UnclosedQuote(first_row + block.count(b"\n", 0, cell.start()), lines)


def _dictionary(column: pa.ChunkedArray) -> tuple[list[str], Codes]:
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return array.dictionary.to_pylist(), as_numpy(array.indices.cast(pa.int64()))


def _split_header(header: bytes, wanted: Sequence[str]) -> tuple[str, list[str]]:
    """The separator under which most of the wanted names exist (a comma if it makes no difference), and all names.

    Where no name is wanted, the separator that makes most columns.
    """
    try:
        text = header.decode()
    except UnicodeDecodeError:
        raise NotUtf8("the header") from None
    found: list[tuple[int, str, list[str]]] = []
    for separator in SEPARATORS:
        try:
            names = [name.strip() for name in next(csv.reader([text], delimiter=separator, strict=False))]
        except (csv.Error, StopIteration):
            continue
        found.append((sum(name in names for name in wanted), separator, names))
    if not found:
        raise NotATable("the first line cannot be read as column names; check its quotes")
    if wanted:
        _, separator, names = max(found, key=lambda one: one[0])
    else:
        _, separator, names = max(found, key=lambda one: len(one[2]))
    return separator, names
