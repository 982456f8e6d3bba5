"""npy: a header in Python's notation, and behind it numbers, or a pickle where the array is of objects."""

from __future__ import annotations

import ast
from typing import Any

from audits.files.pickles import engine as pickles
from audits.files.pickles.symbols import width_of
from audits.files.places import Place, Seen

_LONGEST_HEADER = 1 << 16


def inspect(place: Place) -> Seen:
    """Check the header against the size; an array of objects is judged as the pickle that it is."""
    version = place.source.read_at(6, 1)
    width = 2 if version == b"\x01" else 4
    length = int.from_bytes(place.source.read_at(8, width), "little")
    start = 8 + width + length
    try:
        if length > _LONGEST_HEADER or version not in (b"\x01", b"\x02", b"\x03"):
            raise ValueError("header")
        header = ast.literal_eval(place.source.read_at(8 + width, length).decode("utf-8").strip())
        item, count = item_bytes(header["descr"]), 1
        for one in header["shape"]:
            if type(one) is not int or not 0 <= one < 1 << 48 or count > 1 << 62:
                raise ValueError("shape")
            count *= one
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        place.note("files.broken", why="header", at=8)
        place.not_inspected("broken", place.size)
        return Seen(0)
    if item == 0:
        place.note("files.numpy_objects")
        inner = Place(place.source.window(start, place.size), place.path, place.depth, place.scan)
        seen = pickles.inspect(inner)
        return Seen(start + seen.inspected, seen.tensor_data)
    end = start + item * count
    if end > place.size:
        place.note("files.broken", why="truncated", at=place.size)
        place.not_inspected("broken", place.size)
        return Seen(0)
    return Seen(end + place.rest(end), end - start)


def item_bytes(descr: Any) -> int:
    """Bytes of one item; 0 where a part of it is an object. Raises ValueError for what is no numpy type."""
    if isinstance(descr, str):
        width = width_of(descr)
        if width is None:
            raise ValueError("type")
        return width
    if not isinstance(descr, list) or not descr:
        raise ValueError("type")
    total = 0
    for part in descr:
        if not isinstance(part, tuple) or len(part) not in (2, 3):
            raise ValueError("type")
        width = item_bytes(part[1])
        if width == 0:
            return 0
        for one in (part[2] if isinstance(part[2], tuple) else (part[2],)) if len(part) == 3 else ():
            if type(one) is not int or not 0 <= one < 1 << 32:
                raise ValueError("type")
            width *= one
        total += width
    if total == 0:
        raise ValueError("type")
    return total
