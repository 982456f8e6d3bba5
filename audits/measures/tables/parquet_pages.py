"""How large the pages of a parquet column become when they are unpacked: only their headers are read.

The footer says it too, but whoever reads a page takes as much memory as the page's own header says, so that is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any

# A header is some thirty bytes, and more where it holds the least and the greatest value of its page.
_FIRST, _LONGEST = 128, 16 << 20
_DEPTH = 8
# Kinds of a field in Thrift's compact protocol.
_TRUE, _FALSE, _BYTE, _INTEGERS, _DOUBLE, _BINARY, _STRUCT = 1, 2, 3, (4, 5, 6), 7, 8, 12
# Types of pages, and the encoding that writes a text as what it has in common with the one before it and the rest.
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3
_DELTA_BYTE_ARRAY = 7


class BrokenPages(ValueError):
    """The pages are not where the footer says, or their headers are no headers."""


@dataclass(frozen=True)
class Pages:
    """The pages of one column in one row group, in bytes when unpacked.

    ``dictionary`` and ``largest`` (of the other pages) are in memory at once; ``total`` is all of them; ``delta`` is
    the largest page whose texts are written as differences, each of which may be as long as the page. 0 for none.
    """

    dictionary: int
    largest: int
    total: int
    delta: int
    has_dictionary: bool


def pages_of(file: IO[bytes], start: int, length: int) -> Pages:
    """Read the headers of the pages that lie in ``length`` bytes from ``start``.

    Raises:
        BrokenPages: they cannot be read, or a page ends beyond the column.

    Source:
        Apache Parquet, parquet.thrift (PageHeader); the compact protocol of Apache Thrift.
    """
    at, end = start, start + length
    largest = dictionary = total = delta = 0
    has_dictionary = False
    while at < end:
        header, size = _header(file, at, end)
        kind, unpacked, packed = (header.get(field, -1) for field in (1, 2, 3))
        if not all(isinstance(number, int) and number >= 0 for number in (kind, unpacked, packed)):
            raise BrokenPages("a page without its sizes")
        at += size + packed
        if at > end:
            raise BrokenPages("a page beyond the end of its column")
        total += unpacked
        if kind == _DICTIONARY:
            dictionary, has_dictionary = max(dictionary, unpacked), True
            continue
        largest = max(largest, unpacked)
        said = header.get(5, {}) if kind == _DATA else header.get(8, {}) if kind == _DATA_V2 else {}
        if isinstance(said, dict) and said.get(2 if kind == _DATA else 4) == _DELTA_BYTE_ARRAY:
            delta = max(delta, unpacked)
    return Pages(dictionary, largest, total, delta, has_dictionary)


def _header(file: IO[bytes], at: int, end: int) -> tuple[dict[int, Any], int]:
    """The header of the page that begins at a place, by numbers of fields, and its length."""
    wanted = _FIRST
    while True:
        file.seek(at)
        data = file.read(min(wanted, end - at))
        try:
            return _struct(data, 0, 0)
        except IndexError:
            if len(data) < wanted or wanted >= _LONGEST:
                raise BrokenPages("the header of a page is cut off") from None
            wanted *= 16


def _struct(data: bytes, at: int, depth: int) -> tuple[dict[int, Any], int]:
    """Fields of a struct in Thrift's compact protocol: numbers and structs as they are, all else as None."""
    if depth > _DEPTH:
        raise BrokenPages("a header within a header")
    fields: dict[int, Any] = {}
    field = 0
    while kind := data[at]:
        at += 1
        step, kind = kind >> 4, kind & 15
        if step:
            field += step
        else:
            field, at = _number(data, at)
        value: Any = None
        if kind in (_TRUE, _FALSE):
            value = kind == _TRUE
        elif kind == _BYTE:
            at += 1
        elif kind in _INTEGERS:
            value, at = _number(data, at)
        elif kind == _DOUBLE:
            at += 8
        elif kind == _BINARY:
            length, at = _varint(data, at)
            at += length
        elif kind == _STRUCT:
            value, at = _struct(data, at, depth + 1)
        else:
            # lists and maps have no place in the header of a page
            raise BrokenPages("a header with a field of another kind")
        fields[field] = value
    return fields, at + 1


def _number(data: bytes, at: int) -> tuple[int, int]:
    made, at = _varint(data, at)
    return (made >> 1) ^ -(made & 1), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    made = shift = 0
    while True:
        byte = data[at]
        at += 1
        made |= (byte & 0x7F) << shift
        if byte < 0x80:
            return made, at
        shift += 7
        if shift > 63:
            raise BrokenPages("a number without an end")
