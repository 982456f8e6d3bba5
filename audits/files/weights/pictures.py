"""Pictures and sounds: walked part by part to their end, for what stands behind it."""

from __future__ import annotations

import re

from audits.files.places import Place, Seen
from audits.files.sources import CHUNK


def png(place: Place) -> Seen:
    """Chunk by chunk up to the one that ends a picture."""
    at = 8
    while True:
        head = place.source.read_at(at, 8)
        if len(head) < 8 or not head[4:].isalpha():
            return _cut(place, at)
        at += 12 + int.from_bytes(head[:4], "big")
        if at > place.size:
            return _cut(place, place.size)
        if head[4:] == b"IEND":
            return Seen(at + place.rest(at))


def riff(place: Place) -> Seen:
    """The length that stands in front covers all but eight bytes and one that evens it out."""
    end = 8 + int.from_bytes(place.source.read_at(4, 4), "little")
    end += end & 1 and end < place.size
    return _cut(place, place.size) if end > place.size else Seen(end + place.rest(end))


def jpeg(place: Place) -> Seen:
    """Segment by segment up to the picture's bytes, in which a mark other than 00 or D0-D7 begins the next segment."""
    at, mark = 2, re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
    while True:
        head = place.source.read_at(at, 4)
        if head[:2] == b"\xff\xd9":
            return Seen(at + 2 + place.rest(at + 2))
        if len(head) < 4 or head[0] != 0xFF:
            return _cut(place, at)
        at += 2 + int.from_bytes(head[2:], "big")
        if head[1] == 0xDA:
            while True:
                chunk = place.source.read_at(at, CHUNK)
                found = mark.search(chunk)
                if found:
                    at += found.start()
                    break
                if len(chunk) < CHUNK:
                    return _cut(place, place.size)
                at += len(chunk) - 1


def _cut(place: Place, at: int) -> Seen:
    place.note("files.broken", why="truncated", at=at)
    place.not_inspected("broken", place.size)
    return Seen(0)
