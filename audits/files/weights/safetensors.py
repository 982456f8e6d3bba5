"""safetensors: a header of JSON, and behind it the tensors' numbers without gaps and overlaps."""

from __future__ import annotations

import json
from typing import Any

from audits.files.places import Place, Seen

LONGEST_HEADER = 100_000_000  # of the format itself
LONGEST_READ = 16 << 20
_ITEM_BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U16": 16,
    "I16": 16,
    "F16": 16,
    "BF16": 16,
    "U32": 32,
    "I32": 32,
    "F32": 32,
    "C64": 64,
    "U64": 64,
    "I64": 64,
    "F64": 64,
}


def inspect(place: Place) -> Seen:
    """Check the header against the bytes.

    Source: the format's description (huggingface/safetensors, README): header at most 100 MB, offsets that cover
    the buffer without holes, ``__metadata__`` of texts only.
    """
    length = int.from_bytes(place.source.read_at(0, 8), "little")
    if length > LONGEST_READ:
        if length > LONGEST_HEADER:
            place.note("files.broken", why="header_too_long", at=0)
        place.not_inspected("header_too_long", place.size)
        return Seen(0)
    try:
        header = json.loads(place.source.read_at(8, length), object_pairs_hook=_once)
        end = _check(header, place.size - 8 - length)
    except (ValueError, RecursionError) as problem:
        place.note("files.broken", why=str(problem)[:80] if type(problem) is _Wrong else "header", at=8)
        place.not_inspected("broken", place.size)
        return Seen(0)
    start = 8 + length
    return Seen(start + end + place.rest(start + end), end)


class _Wrong(ValueError):
    """The header says what cannot be; the text is a word for it."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise _Wrong("key_twice")
        made[key] = value
    return made


def _check(header: Any, buffer: int) -> int:
    """The end of the last tensor within the buffer. Raises _Wrong."""
    if not isinstance(header, dict):
        raise _Wrong("header")
    spans = []
    for name, tensor in header.items():
        if name == "__metadata__":
            if not isinstance(tensor, dict) or not all(isinstance(value, str) for value in tensor.values()):
                raise _Wrong("metadata")
            continue
        spans.append(_span(tensor))
    at = 0
    for start, end in sorted(spans):
        if start != at:
            raise _Wrong("overlap" if start < at else "gap")
        at = end
    if at > buffer:
        raise _Wrong("truncated")
    return at


def _span(tensor: Any) -> tuple[int, int]:
    """Where the numbers of a tensor begin and end. Raises _Wrong where its shape has another size."""
    if not isinstance(tensor, dict) or set(tensor) != {"dtype", "shape", "data_offsets"}:
        raise _Wrong("tensor")
    dtype, shape, offsets = tensor["dtype"], tensor["shape"], tensor["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _ITEM_BITS or not _naturals(shape):
        raise _Wrong("tensor")
    if not _naturals(offsets) or len(offsets) != 2:
        raise _Wrong("tensor")
    bits = _ITEM_BITS[dtype]
    for one in shape:
        bits *= one
        if bits > 1 << 62:
            raise _Wrong("size")
    if bits % 8 or offsets[1] - offsets[0] != bits // 8:
        raise _Wrong("size")
    return offsets[0], offsets[1]


def _naturals(value: Any) -> bool:
    return isinstance(value, list) and all(type(one) is int and 0 <= one < 1 << 62 for one in value)
