"""Files of weights and graphs, made byte by byte or by the libraries that write them."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import joblib
import numpy as np

from tests.audits.files.scans import zipped


# safetensors
def safetensors(header: Any, data: bytes = b"") -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + data


def tensor(start: int, end: int, dtype: str = "F32", shape: list[int] | None = None) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [(end - start) // 4] if shape is None else shape, "data_offsets": [start, end]}


# torch, written as torch writes it
def storage(kind: str, key: str, count: int) -> bytes:
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n"
        + kind.encode()
        + b"\nX\x01\x00\x00\x00"
        + key.encode()
        + b"X\x03\x00\x00\x00cpuK"
        + bytes([count])
        + b"tQK\x00K"
        + bytes([count])
        + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR"
    )


STATE = (
    b"\x80\x02}(X\x01\x00\x00\x00a"
    + storage("FloatStorage", "0", 4)
    + b"X\x01\x00\x00\x00b"
    + storage("LongStorage", "1", 2)
    + b"u."
)


def torch_zip(state: bytes = STATE, first: bytes = b"\xfe" * 16, **more: bytes) -> bytes:
    members = {
        "m/data.pkl": state,
        "m/byteorder": b"little",
        "m/data/0": first,
        "m/data/1": b"\xfd" * 16,
        "m/version": b"3\n",
    }
    return zipped({**members, **more})


# joblib and numpy, written by the libraries themselves
def dumped(value: Any, compress: Any = 0) -> bytes:
    out = io.BytesIO()
    joblib.dump(value, out, compress=compress)
    return out.getvalue()


def npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


# Protocol buffers
def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def part(number: int, value: bytes | int | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def onnx(*, domain: str = "", kind: str = "Add", location: str = "", inside: bytes = b"") -> bytes:
    data = part(13, part(1, "location") + part(2, location)) + part(14, 1) if location else part(9, b"\xaa" * 40)
    node = part(1, "x") + part(2, "y") + part(4, kind) + part(7, domain) + inside
    graph = part(1, node) + part(2, "g") + part(5, part(1, 10) + part(2, 1) + part(8, "w") + data)
    return part(1, 8) + part(2, "test") + part(7, graph) + part(8, part(1, "") + part(2, 17))


def saved_model(*kinds: str, function: bool = False) -> bytes:
    nodes = [part(1, f"n{i}") + part(2, kind) for i, kind in enumerate(kinds)]
    library = part(2, part(1, part(1, part(1, "f")) + b"".join(part(3, node) for node in nodes)))
    graph = library if function else b"".join(part(1, node) for node in nodes)
    return part(1, 1) + part(2, part(1, part(4, "serve")) + part(2, graph))


# Keras
def keras(*layers: Any) -> bytes:
    config = {"module": "keras", "class_name": "Sequential", "config": {"layers": list(layers)}}
    return zipped({"metadata.json": b"{}", "config.json": json.dumps(config).encode()})


def h5(config: Any, before: bytes = b"") -> bytes:
    raw = config if isinstance(config, bytes) else json.dumps(config).encode()
    return b"\x89HDF\r\n\x1a\n" + b"\0" * 88 + before + b"model_config\0" + raw + b"\0" * 64


# GGUF
def ggml_text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(entries: dict[str, str], tensors: list[tuple[str, list[int], int, int]], data: bytes, **more: Any) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, more.get("count", len(tensors)), len(entries))
    head += b"".join(ggml_text(key) + struct.pack("<I", 8) + ggml_text(value) for key, value in entries.items())
    for name, shape, kind, offset in tensors:
        head += ggml_text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", kind, offset)
    return head + b"\0" * (-len(head) % 32) + data
