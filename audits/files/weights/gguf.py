"""GGUF: metadata with a chat template in it, descriptions of tensors, and their numbers."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from audits.files.places import Place, Seen
from audits.files.sources import Source
from audits.files.texts import secrets, templates

LONGEST_TOKEN = 1 << 12
# Type number -> (weights in a block, bytes of a block). Source: the enumeration ggml_type and its blocks in ggml.
_BLOCKS = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    9: (32, 36),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    15: (256, 292),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    24: (1, 1),
    25: (1, 2),
    26: (1, 4),
    27: (1, 8),
    28: (1, 8),
    29: (256, 56),
    30: (1, 2),
    34: (256, 54),
    35: (256, 66),
    39: (32, 17),
}
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
MOST_ENTRIES, MOST_ITEMS, LONGEST_TEXT = 1 << 16, 1 << 24, 1 << 20
_MOST_DIMENSIONS, _DEEPEST = 8, 3


class _Wrong(ValueError):
    """The file says what cannot be; the text is a word for it."""


@dataclass
class _Reader:
    source: Source
    order: str
    at: int = 4
    buf: bytes = b""
    base: int = 0

    def take(self, length: int) -> bytes:
        if length < 0 or self.at + length > self.source.size:
            raise _Wrong("truncated")
        if not self.base <= self.at or self.at + length > self.base + len(self.buf):
            self.base, self.buf = self.at, self.source.read_at(self.at, max(length, 1 << 16))
        start = self.at - self.base
        self.at += length
        return self.buf[start : start + length]

    def number(self, form: str) -> Any:
        return struct.unpack(self.order + form, self.take(struct.calcsize("=" + form)))[0]

    def text(self) -> str:
        length = self.number("Q")
        if length > self.source.size - self.at:
            raise _Wrong("truncated")
        if length > LONGEST_TEXT:
            raise _Wrong("text_too_long")
        return self.take(length).decode("utf-8", "replace")

    def skip(self, length: int) -> None:
        if length > self.source.size - self.at:
            raise _Wrong("truncated")
        self.at += length


def inspect(place: Place) -> Seen:
    """Read all metadata, judge templates, and check that every tensor lies within the file and over no other."""
    order = "<" if place.source.read_at(4, 4)[1:] == b"\0\0\0" else ">"
    reader = _Reader(place.source, order)
    try:
        end, start = _read(place, reader)
    except _Wrong as wrong:
        place.note("files.broken", why=str(wrong), at=reader.at)
        place.not_inspected("broken", place.size)
        return Seen(0)
    return Seen(end + place.rest(end), max(0, end - start))


def _read(place: Place, reader: _Reader) -> tuple[int, int]:
    """Where the last tensor ends and the first one begins."""
    version, tensors, entries = reader.number("I"), reader.number("Q"), reader.number("Q")
    if version not in (2, 3):
        raise _Wrong("version")
    if tensors > MOST_ENTRIES or entries > MOST_ENTRIES:
        raise _Wrong("too_many")
    alignment = _metadata(place, reader, entries)
    names, spans = set[str](), []
    for _ in range(tensors):
        name = reader.text()
        if name in names:
            place.note("files.name_twice", name)
        names.add(name)
        spans.append(_tensor(reader, alignment))
    start = min(place.size, -(-reader.at // alignment) * alignment)
    at = 0
    for first, after in sorted(spans):
        if first < at:
            raise _Wrong("overlap")
        if first - at >= alignment:
            raise _Wrong("gap")
        at = after
    if start + at > place.size:
        raise _Wrong("truncated")
    return start + at, start


def _metadata(place: Place, reader: _Reader, entries: int) -> int:
    """Judge the texts of the metadata, and give the alignment of tensors that they name."""
    alignment, keys = 32, set[str]()

    def judge(key: str) -> Callable[[str], None]:
        def text(value: str) -> None:
            if "chat_template" in key or templates.looks_like(value):
                templates.judge(place, value)
            secrets.search_text(place, value)

        return text

    for _ in range(entries):
        key = reader.text()
        if key in keys:
            place.note("files.name_twice", key)
        keys.add(key)
        # Of an array's texts short ones are tokens, and have no meaning of their own.
        shortest = 0 if "chat_template" in key else LONGEST_TOKEN
        value = _value(reader, reader.number("I"), judge(key), 0, shortest)
        if key == "general.alignment" and type(value) is int and 0 < value <= 1 << 20 and value % 8 == 0:
            alignment = value
    return alignment


def _tensor(reader: _Reader, alignment: int) -> tuple[int, int]:
    """Where a tensor's numbers begin and end, counted from the first."""
    dimensions = reader.number("I")
    if dimensions > _MOST_DIMENSIONS:
        raise _Wrong("dimensions")
    count = 1
    for _dimension in range(dimensions):
        count *= reader.number("Q")
        if count > 1 << 62:
            raise _Wrong("size")
    kind, offset = reader.number("I"), reader.number("Q")
    if kind not in _BLOCKS:
        raise _Wrong("tensor_type")
    weights, size = _BLOCKS[kind]
    if count % weights or offset % alignment:
        raise _Wrong("size")
    return offset, offset + count // weights * size


def _value(reader: _Reader, kind: int, text: Callable[[str], None], depth: int, shortest: int) -> Any:
    if kind in _SCALARS:
        return reader.number(_SCALARS[kind])
    if kind == _STRING:
        text(reader.text())
        return None
    if kind != _ARRAY or depth >= _DEEPEST:
        raise _Wrong("value_type")
    inner, count = reader.number("I"), reader.number("Q")
    if count > MOST_ITEMS:
        raise _Wrong("too_many")
    if inner in _SCALARS:
        reader.skip(count * struct.calcsize("=" + _SCALARS[inner]))
        return None
    for _ in range(count):
        if inner == _STRING:
            length = reader.number("Q")
            if length > shortest and length <= LONGEST_TEXT and length <= reader.source.size - reader.at:
                text(reader.take(length).decode("utf-8", "replace"))
            else:
                reader.skip(length)
        else:
            _value(reader, inner, text, depth + 1, shortest)
    return None
