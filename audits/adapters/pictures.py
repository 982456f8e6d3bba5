"""Encoded pictures to arrays of one size, in the sandbox: what decodes them is native code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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
# How the guest begins to tell of one picture of one.
_FIRST = "picture 1 "


@dataclass
class Decoded:
    """Pictures that were brought to one size.

    Attributes:
        pixels: shape (n, height, width, channels); black where one could not be read.
        readable: shape (n,).
        why: of those that could not be read, by their place from 0.
    """

    pixels: Bytes
    readable: Flags
    why: dict[int, str] = field(default_factory=dict)


def decoded(
    files: Sequence[bytes],
    *,
    size: tuple[int, int],
    channels: int,
    isolation: Isolation,
    tick: Callable[[], None],
) -> Decoded:
    """Pictures brought to one height and width, whatever their shape was.

    Args:
        files: encoded pictures, or what is said to be one.
        channels: 3 (colours) or 1 (grey).
        tick: called while answers are awaited.

    Raises:
        NotIsolated: strangers' pictures are not decoded here.
        Stopped: what decodes them ended, or took too long.
    """
    made = Decoded(np.zeros((len(files), *size, channels), dtype=np.uint8), np.zeros(len(files), dtype=bool))
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
            if _asked(cell, files, some, made):
                continue
            # one of them is no picture: which?
            for one in some:
                _asked(cell, files, range(one, one + 1), made)
    return made


def _asked(cell: Cell, files: Sequence[bytes], which: range, made: Decoded) -> bool:
    """Decode some of the files into their places; whether all of them could be read."""
    some = [files[at] for at in which]
    _, height, width, channels = made.pixels.shape
    told = {"sizes": [len(one) for one in some], "height": height, "width": width, "channels": channels}
    try:
        answer, body = cell.ask({"decode": told}, b"".join(some))
        made.pixels[which.start : which.stop] = tensors.unpacked(answer.get("images"), body, rows=len(some))["images"]
    except (Refused, tensors.Malformed, KeyError, ValueError) as odd:
        if len(some) == 1:
            made.why[which.start] = str(odd).removeprefix(_FIRST)
        return False
    made.readable[which.start : which.stop] = True
    return True
