"""Protocol buffers read as they stand on the wire: fields with their places, without a description of the message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audits.files.sources import Source

MOST_FIELDS = 2_000_000
_READ = 1 << 16


class NotAMessage(ValueError):
    """The bytes are no message, or end in the midst of one."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its number, its value where it is a number, else where its bytes stand in the source."""

    number: int
    wire: int
    value: int
    start: int
    size: int


class Message:
    """Part of a source that is a message. Only the headers of its fields are read."""

    def __init__(self, source: Source, start: int = 0, size: int | None = None) -> None:
        self.source, self.start = source, start
        self.size = source.size - start if size is None else size

    def fields(self) -> Iterator[Field]:
        """Raises NotAMessage where the bytes cannot be fields of this run of bytes."""
        at, end = self.start, self.start + self.size
        base, buf = at, b""
        while at < end:
            if not buf or (at + 20 > base + len(buf) and base + len(buf) < end):
                base, buf = at, self.source.read_at(at, min(_READ, end - at))
                if not buf:
                    raise NotAMessage("truncated")
            key, pos = _varint(buf, at - base)
            number, wire = key >> 3, key & 7
            if not 0 < number < 1 << 29:
                raise NotAMessage("number")
            if wire == 0:
                value, pos = _varint(buf, pos)
                yield Field(number, wire, value, base + pos, 0)
            elif wire in (1, 2, 5):
                size, pos = _varint(buf, pos) if wire == 2 else (8 if wire == 1 else 4, pos)
                if base + pos + size > end:
                    raise NotAMessage("length")
                yield Field(number, wire, 0, base + pos, size)
                pos += size
            elif wire not in (3, 4):  # a group is of no use; its fields are taken for those of the message around it
                raise NotAMessage("wire")
            at = base + pos

    def inner(self, field: Field) -> Message:
        return Message(self.source, field.start, field.size)

    def text(self, field: Field, longest: int = 4096) -> str:
        return self.source.read_at(field.start, min(field.size, longest)).decode("utf-8", "replace")


def _varint(buf: bytes, pos: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if pos >= len(buf) or shift > 63:
            raise NotAMessage("varint")
        byte = buf[pos]
        pos += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, pos
        shift += 7


def is_message(source: Source) -> bool:
    """Whether all bytes are the fields of one message, with at least one of a length."""
    has_length = False
    try:
        for count, field in enumerate(Message(source).fields()):
            has_length = has_length or (field.wire == 2 and field.size > 0)
            if count > MOST_FIELDS or field.number > 10_000:
                return False
    except NotAMessage:
        return False
    return has_length
