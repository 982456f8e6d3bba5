"""Open a table whatever its format: by its first bytes, never by its name."""

from __future__ import annotations

import gzip
import os
import stat
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa

from audits.measures.tables.arrow_rows import ArrowRows, TableInMemory
from audits.measures.tables.chunks import ALL, Chunk, Texts, Wanted
from audits.measures.tables.csv_rows import CsvRows
from audits.measures.tables.json_rows import JsonRows
from audits.measures.tables.parquet_rows import ParquetRows
from audits.measures.tables.refusals import EmptyTable, NotAFile, NotATable, NotUtf8, TooLarge, require_encodable

# Unpacked text that is read at all: a gigabyte of upload can hold a terabyte of nothing.
MAX_TEXT = 64 << 30
# Tables shrink to a twentieth, columns of one value to less. What unpacks to more than so many times its size, and to
# more than so much, is refused as soon as it does.
MAX_RATIO = 200
FREE_TEXT = 256 << 20
_PIECE = 1 << 20
_GZIP_PROBLEMS = (EOFError, gzip.BadGzipFile, zlib.error)


class Table:
    """A table that can be read once, from the start. A context manager: it closes what it opened itself.

    ``format`` is csv, parquet, jsonl or arrow. ``rows_known`` is how many rows it has, as far as that is known before
    reading: exact for parquet, the number of line ends for text (too many if a quoted cell holds one).
    """

    def __init__(
        self, format: str, rows: CsvRows | JsonRows | ArrowRows, rows_known: int, opened: IO[bytes] | None
    ) -> None:
        self.format = format
        self.rows_known = rows_known
        self._rows = rows
        self._opened = opened

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        if self._opened is not None:
            self._opened.close()

    @property
    def separator(self) -> str | None:
        """What parts the cells of a csv file; None for another format."""
        return self._rows.separator if isinstance(self._rows, CsvRows) else None

    def chunks(self) -> Iterator[Chunk]:
        """The rows in order, some thousands at a time.

        Raises:
            TableRejected: at the first row that cannot be read; it has a code and says how to mend it.
        """
        try:
            yield from self._rows.chunks()
        except _GZIP_PROBLEMS as problem:
            raise NotATable("the gzip file is damaged or cut off; pack it again") from problem


def open_table(
    source: str | Path | IO[bytes] | pa.Table,
    *,
    columns: Sequence[str],
    numbers: Sequence[str] = (),
    features: Sequence[str] = (),
    present: Sequence[str] = (),
    texts: Texts = (),
    maybe: Sequence[str] = (),
    keys: Sequence[str] = (),
    counting: Callable[[], None] | None = None,
    max_text: int = MAX_TEXT,
    max_columns: int | None = None,
) -> Table:
    """Open a csv, csv.gz, parquet or json-lines table for reading some of its columns.

    Args:
        source: the path of a regular file, a binary file object (one that cannot seek is copied to a temporary file
            first), or a table of Arrow's that is in memory.
        columns: read as groups or classes.
        keys: of these columns the ones that may have any number of different values.
        numbers: read as floats.
        features: read as floats or as categories, as their cells are.
        present: must exist, is not read.
        texts: read as they are, whatever they hold and however many values they have; ``chunks.ALL`` for every column.
        maybe: read like ``texts`` where they exist. A row of JSON that lacks one has an empty cell.
        counting: called now and then while rows are being counted, so that the work can be interrupted.
        max_text: bytes of text that are read at most, unpacked.
        max_columns: names in the header at most; more are refused before a row is read. Not for json lines, which have
            no header.

    Raises:
        TableRejected: not a table, not with these columns, or a folder, a pipe or a device in the place of a file.
        OSError: the path cannot be read.
    """
    for name in (*columns, *numbers, *features, *present, *maybe, *(() if texts == ALL else texts)):
        require_encodable(name)
    wanted = Wanted(
        columns=tuple(columns),
        numbers=tuple(numbers),
        features=tuple(features),
        present=tuple(present),
        texts=texts,
        maybe=tuple(maybe),
        keys=tuple(keys),
    )
    if isinstance(source, pa.Table):
        rows = TableInMemory(source, wanted)
        return Table("arrow", rows, rows.rows, None)
    file: IO[bytes]
    opened: IO[bytes] | None = None
    if isinstance(source, (str, Path)):
        file = opened = _regular(source)
    elif _can_seek(source):
        file = source
    else:
        file = opened = _copied(source, max_text)
    try:
        return _opened_table(file, opened, counting or (lambda: None), wanted, max_text, max_columns)
    except BaseException as problem:
        if opened is not None:
            opened.close()
        if isinstance(problem, _GZIP_PROBLEMS):
            raise NotATable("the gzip file is damaged or cut off; pack it again") from problem
        raise


def _opened_table(
    file: IO[bytes],
    opened: IO[bytes] | None,
    tick: Callable[[], None],
    wanted: Wanted,
    max_text: int,
    max_columns: int | None,
) -> Table:
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    if not head:
        raise EmptyTable("the file is empty; it needs a header with column names and one row per person")
    if head == b"PAR1":
        parquet = ParquetRows(file, wanted, max_columns=max_columns)
        return Table("parquet", parquet, parquet.rows, opened)
    packed = head[:2] == b"\x1f\x8b"
    start = _text(file, packed=packed).read(64)
    _refuse_other_formats(start)
    if packed:
        size = file.seek(0, os.SEEK_END)
        max_text = min(max_text, max(FREE_TEXT, MAX_RATIO * size))
    lines = _line_ends(_text(file, packed=packed), tick, max_text)
    text = _text(file, packed=packed)
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return Table("jsonl", JsonRows(text, wanted), lines, opened)
    return Table("csv", CsvRows(text, wanted, max_columns=max_columns), max(lines - 1, 0), opened)


def _regular(path: str | Path) -> IO[bytes]:
    """A file for reading; never waits for the writer of a pipe, and never begins on what has no end."""
    # looked at before it is opened, since opening a device can do things, and after, since it can be replaced between
    _refuse_irregular(os.stat(path).st_mode)
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _refuse_irregular(os.fstat(number).st_mode)
    except BaseException:
        os.close(number)
        raise
    return open(number, "rb")


def _refuse_irregular(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    found = next((name for is_kind, name in kinds if is_kind(mode)), "a device")
    raise NotAFile(f"this is {found}, not a file; write the table to a file and name that")


def _can_seek(source: IO[bytes]) -> bool:
    try:
        return source.seekable()
    except (AttributeError, OSError):
        return False


def _copied(source: IO[bytes], max_text: int) -> IO[bytes]:
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the table
    length = 0
    while piece := source.read(_PIECE):
        length += len(piece)
        if length > max_text:
            copy.close()
            raise _too_long(max_text)
        copy.write(piece)
    return copy


def _text(file: IO[bytes], *, packed: bool) -> IO[bytes]:
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[return-value]


def _line_ends(text: IO[bytes], tick: Callable[[], None], max_text: int) -> int:
    """Lines of a text, counting a last one without an end."""
    ends, length, last = 0, 0, b"\n"
    while piece := text.read(_PIECE):
        tick()
        ends += piece.count(b"\n")
        length += len(piece)
        last = piece[-1:]
        if length > max_text:
            raise _too_long(max_text)
        if b"\0" in piece:
            # nothing after it is read either way; a disk of zeros need not be counted to its end
            return ends + 1
    return ends + (last != b"\n")


def _too_long(max_text: int) -> TooLarge:
    return TooLarge(
        f"the text is larger than {max_text >> 20:,} MB once it is unpacked (at most {MAX_RATIO} times the packed file,"
        f" and {MAX_TEXT >> 30} GB, are read); take a sample of the rows"
    )


def _refuse_other_formats(start: bytes) -> None:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotUtf8("the file", found=" but UTF-16")
    if start.startswith(b"PK\x03\x04"):
        raise NotATable("this is a zip archive or a spreadsheet; export the table as csv or parquet")
    if start.startswith(b"\x1f\x8b"):
        raise NotATable("the file is packed twice; unpack it once")
    if start.startswith(b"PAR1"):
        raise NotATable("this is a parquet file inside gzip; unpack it")
    if start.lstrip().startswith(b"["):
        raise NotATable("this is one JSON list; write one object per line")
    if start.startswith((b"ARROW1", b"FEA1", b"SQLite", b"\x89HDF", b"%PDF", b"\x80")):
        raise NotATable("this is neither csv nor parquet nor json lines; export the table as one of them")
