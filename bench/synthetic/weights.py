"""Files of weights for benchmarks: a pickle that is nearly all instructions, a torch archive that is nearly none."""

from __future__ import annotations

import pickle
import random
import struct
import zipfile
from pathlib import Path


def dense(size: int, *, protocol: int) -> bytes:
    """A pickle of at least ``size`` bytes of small objects: nothing in it is longer than a few bytes."""
    words = random.Random(0)  # noqa: S311 (data for a benchmark)
    rows: list[object] = []
    made = b""
    while len(made) < size:
        for _ in range(20_000):
            number = words.randrange(1 << 20)
            rows.append({"id": number, "pair": (number % 7, number % 250), "score": number / 3, "of": f"row {number}"})
        made = pickle.dumps(rows, protocol=protocol)
    return made


def torch_archive(path: Path, *, size: int, tensors: int) -> int:
    """Write what ``torch.save`` writes of a state of so many equal tensors of floats; gives the bytes of numbers."""
    count = size // tensors // 4
    numbers = random.Random(0).randbytes(count * 4)  # noqa: S311 (data for a benchmark)
    state = b"\x80\x02}(" + b"".join(_tensor(i, count) for i in range(tensors)) + b"u."
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("m/data.pkl", state)
        archive.writestr("m/byteorder", b"little")
        for i in range(tensors):
            archive.writestr(f"m/data/{i}", numbers)
        archive.writestr("m/version", b"3\n")
    return tensors * len(numbers)


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def _tensor(i: int, count: int) -> bytes:
    number = b"J" + struct.pack("<i", count)
    return (
        _text(f"layer.{i}.weight")
        + b"ctorch._utils\n_rebuild_tensor_v2\n(("
        + _text("storage")
        + b"ctorch\nFloatStorage\n"
        + _text(str(i))
        + _text("cpu")
        + number
        + b"tQK\x00"
        + number
        + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR"
    )
