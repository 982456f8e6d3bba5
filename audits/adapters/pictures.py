"""Encoded pictures to arrays of one size, in the sandbox: what decodes them is native code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from audits.adapters import tensors
from audits.adapters.isolated import GUESTS, SHARED
from audits.sandbox.cell import Cell
from audits.sandbox.levels import Isolation
from audits.sandbox.limits import Limits
from audits.sandbox.refusals import Refused
from audits.sandbox.runtime import ROOT

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

# Decoded together; a picture of a megabyte may be some of them in memory.
AT_ONCE = 64


def decoded(
    files: Sequence[bytes], *, side: int, isolation: Isolation, tick: Callable[[], None]
) -> tuple[Bytes, Flags]:
    """Pictures in grey, brought to ``side`` by ``side`` pixels whatever their shape was.

    Args:
        files: encoded pictures, or what is said to be one.
        tick: called while answers are awaited.

    Returns:
        Shape (n, side, side), and which of them could be read; those that could not are black.

    Raises:
        NotIsolated: strangers' pictures are not decoded here.
        Stopped: what decodes them ended, or took too long.
    """
    made = np.zeros((len(files), side, side), dtype=np.uint8)
    readable = np.zeros(len(files), dtype=bool)
    cell = Cell(
        GUESTS / "decoding.py",
        readable=[ROOT / path for path in SHARED],
        isolation=isolation,
        limits=Limits(),
        tick=tick,
    )
    with cell:
        for at in range(0, len(files), AT_ONCE):
            some = range(at, min(at + AT_ONCE, len(files)))
            if _asked(cell, files, some, side, made):
                readable[some.start : some.stop] = True
                continue
            # one of them is no picture: which?
            for one in some:
                readable[one] = _asked(cell, files, range(one, one + 1), side, made)
    return made, readable


def _asked(cell: Cell, files: Sequence[bytes], which: range, side: int, made: Bytes) -> bool:
    """Decode some of the files into their places; whether all of them could be read."""
    some = [files[at] for at in which]
    told = {"sizes": [len(one) for one in some], "height": side, "width": side, "channels": 1}
    try:
        answer, body = cell.ask({"decode": told}, b"".join(some))
        found = tensors.unpacked(answer.get("images"), body, rows=len(some))["images"]
        made[which.start : which.stop] = found.reshape(len(some), side, side)
    except (Refused, tensors.Malformed, KeyError, ValueError):
        return False
    return True
