"""Arrow arrays from Python and numpy by their buffers: ``pyarrow.array`` imports pandas wherever it is installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def positions(numbers: npt.NDArray[np.int64]) -> pa.Array:
    """Whole numbers as an Arrow array that shares their memory; shape (n,)."""
    held = np.ascontiguousarray(numbers, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), held.size, [None, pa.py_buffer(held)])


def strings(texts: Sequence[str | None]) -> pa.Array:
    """Texts as an Arrow array, null for None; shape (n,).

    Raises:
        UnicodeEncodeError: half of a surrogate pair.
        OverflowError: more than 2 GB together.
    """
    encoded = [b"" if text is None else text.encode() for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    if offsets[-1] >= 1 << 31:
        raise OverflowError("more than 2 GB of text")
    known = np.packbits([text is not None for text in texts], bitorder="little") if None in texts else None
    return pa.StringArray.from_buffers(
        len(encoded),
        pa.py_buffer(offsets.astype(np.int32)),
        pa.py_buffer(b"".join(encoded)),
        None if known is None else pa.py_buffer(known),
    )


def as_strings(texts: pa.Array | Sequence[str]) -> pa.Array:
    """Texts as an Arrow array, whichever of the two they are in."""
    return texts if isinstance(texts, pa.Array) else strings(texts)


def as_numpy(array: pa.Array) -> npt.NDArray[Any]:
    """A numeric or boolean Arrow array without nulls as numpy; shape (n,). ``to_numpy`` imports pandas too."""
    plain = array.cast(pa.int8()) if pa.types.is_boolean(array.type) else array
    dtype = np.dtype(str(plain.type).replace("double", "float64"))
    if not len(plain):
        return np.zeros(0, dtype=dtype)
    values = np.frombuffer(plain.buffers()[1], dtype=dtype, count=plain.offset + len(plain))[plain.offset :]
    return values.astype(bool) if plain is not array else values


# What stands for "missing" in numpy, and texts that cells are joined with or replaced by.
MINUS_ONE, ZERO = positions(np.array([-1, 0]))
NAN = pa.Array.from_buffers(pa.float64(), 1, [None, pa.py_buffer(np.array([np.nan]))])[0]
FALSE = pa.Array.from_buffers(pa.bool_(), 1, [None, pa.py_buffer(b"\0")])[0]
EMPTY, BLANK = strings(["", " "])
NO_TEXT = pa.nulls(1, pa.string())[0]
