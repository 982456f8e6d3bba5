"""Arrays by name, and as bytes: numbers as they lie in memory, texts as lengths and UTF-8, files as lengths and bytes.
Never a pickle. Used on both sides."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Batch = Mapping[str, Array]

TEXT, BYTES = "text", "bytes"
NUMBERS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "float32", "float64")
DTYPES = (*NUMBERS, *FLOATS, TEXT, BYTES)
_NAMES = {np.dtype(name): name for name in (*NUMBERS, *FLOATS)}
MAX_DIMENSIONS = 8
MAX_ARRAYS = 1000
# What a text takes in memory is a multiple of what it takes on the wire: a stranger may not send as many as fit.
TEXTS_PER_ROW = 100


class Malformed(ValueError):
    """What was sent is not a batch, or holds what a batch cannot hold."""


def dtype_of(array: Array) -> str:
    """The name of an array's type, as the wire has it.

    Raises:
        Malformed: neither numbers nor texts.
    """
    if array.dtype.kind in "UO":
        return BYTES if array.dtype.kind == "O" and array.size and type(array.flat[0]) is bytes else TEXT
    # whichever end of a number comes first in memory: on the wire it is this machine's
    name = _NAMES.get(array.dtype) or _NAMES.get(array.dtype.newbyteorder("="))
    if name is not None:
        return name
    raise Malformed(f"arrays of {array.dtype} are neither numbers nor texts")


def packed(batch: Batch) -> tuple[list[dict[str, Any]], list[Any]]:
    """A batch as descriptions (name, dtype, shape, bytes) and the bytes of each.

    Raises:
        Malformed: an array of objects that are no texts.
    """
    described, parts = [], []
    for name, array in batch.items():
        dtype = dtype_of(array)
        part: Any = _lengths_and_bytes(array, dtype) if dtype in (TEXT, BYTES) else np.ascontiguousarray(array, dtype)
        size = memoryview(part).nbytes
        described.append({"name": name, "dtype": dtype, "shape": list(array.shape), "bytes": size})
        # a view of no bytes cannot be taken of an array with a dimension of none
        parts.append(part if size else b"")
    return described, parts


def unpacked(described: Any, body: memoryview, *, rows: int | None = None) -> dict[str, Array]:
    """The batch that ``packed`` made, from whoever says so: nothing of it is believed.

    Args:
        rows: that every array must have; None from whom we trust.

    Raises:
        Malformed: descriptions and bytes do not fit together.
    """
    if not isinstance(described, list) or len(described) > MAX_ARRAYS:
        raise Malformed("there is no list of arrays")
    batch: dict[str, Array] = {}
    at = 0
    for one in described:
        name, dtype, shape, size = _description(one)
        if name in batch:
            raise Malformed("two arrays have one name")
        if at + size > body.nbytes:
            raise Malformed("bytes are missing")
        piece, count = body[at : at + size], math.prod(shape)
        at += size
        if rows is not None and (not shape or shape[0] != rows):
            raise Malformed(f"{rows} rows were given, and the answer is {shape}")
        if rows is not None and dtype in (TEXT, BYTES) and count > rows * TEXTS_PER_ROW:
            raise Malformed(f"more than {TEXTS_PER_ROW} texts for each row")
        of_bytes = dtype in (TEXT, BYTES)
        if not of_bytes and count * np.dtype(dtype).itemsize != size:
            raise Malformed(f"{size} bytes are no {shape} of {dtype}")
        flat = _cells(piece, count, dtype) if of_bytes else np.frombuffer(piece, dtype=dtype)
        try:
            batch[name] = flat.reshape(shape)
        except (ValueError, OverflowError) as odd:  # none of something, but of how much of it
            raise Malformed(f"no array is {shape}") from odd
    if at != body.nbytes:
        raise Malformed("bytes are left over")
    return batch


def _description(one: Any) -> tuple[str, str, list[int], int]:
    if not isinstance(one, dict):
        raise Malformed("an array is not described")
    name, dtype, shape, size = (one.get(key) for key in ("name", "dtype", "shape", "bytes"))
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS or not all(type(n) is int and n >= 0 for n in shape):
        raise Malformed("an array has no shape")
    if not (isinstance(name, str) and dtype in DTYPES and type(size) is int and size >= 0):
        raise Malformed("an array is described wrongly")
    return name, str(dtype), list(shape), size


def _lengths_and_bytes(array: Array, dtype: str) -> bytes:
    cells = array.ravel().tolist()
    kind = str if dtype == TEXT else bytes
    if not all(type(cell) is kind for cell in cells):
        raise Malformed(f"an array of objects holds something that is no {dtype}")
    encoded = [cell.encode("utf-8", "surrogatepass") for cell in cells] if dtype == TEXT else cells
    return np.fromiter(map(len, encoded), dtype=np.uint32, count=len(encoded)).tobytes() + b"".join(encoded)


def _cells(piece: memoryview, count: int, dtype: str) -> Array:
    if 4 * count > piece.nbytes:
        raise Malformed(f"{piece.nbytes} bytes are no {count} texts")
    ends = np.cumsum(np.frombuffer(piece[: 4 * count], dtype=np.uint32), dtype=np.uint64).tolist()
    content = bytes(piece[4 * count :])
    if (ends[-1] if ends else 0) != len(content):
        raise Malformed("the lengths of texts do not fit their bytes")
    array = np.empty(count, dtype=object)
    begin = 0
    try:
        for number, end in enumerate(ends):
            cell = content[begin:end]
            array[number] = cell.decode("utf-8", "surrogatepass") if dtype == TEXT else cell
            begin = end
    except UnicodeDecodeError as odd:
        raise Malformed("a text is not UTF-8") from odd
    return array


def joined(pieces: Sequence[Batch]) -> dict[str, Array]:
    """Batches one after another; all have the same names."""
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in (pieces[0] if pieces else ())}


def digest(batch: Batch) -> str:
    """SHA-256 over names, types, shapes and content, the names in order."""
    described, parts = packed({name: batch[name] for name in sorted(batch)})
    found = hashlib.sha256(json.dumps(described).encode())
    for part in parts:
        found.update(memoryview(part).cast("B") if memoryview(part).nbytes else b"")
    return found.hexdigest()
