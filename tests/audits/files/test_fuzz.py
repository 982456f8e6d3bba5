"""Every parser on bytes that somebody has bent: nothing is raised, no byte counts twice, the same bytes say the same.

A few bends of each at every change, many in the long run.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.files.limits import Limits
from tests.audits.files.made import dumped, gguf, h5, keras, npy, onnx, safetensors, saved_model, tensor, torch_zip
from tests.audits.files.scans import SYSTEM, scanned, sevenzip, zipped
from tests.audits.files.signed import by_certificate, by_key

SMALL = Limits(depth=4, members=50, unpacked=4 << 20, free=1 << 20)
EVIL = b"\x80\x04" + SYSTEM


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("a/model.pkl")
        member.size = len(EVIL)
        archive.addfile(member, io.BytesIO(EVIL))
    return out.getvalue()


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


TEMPLATE = {"chat_template": "{% for m in messages %}{{ m['content'] }}{% endfor %}", "auto_map": {"AutoModel": "x.Y"}}
SAMPLES: dict[str, tuple[str, bytes]] = {
    "pickle": ("model.pkl", EVIL),
    "pickle of text": ("model.txt", b"cos\nsystem\n(S'id'\ntR."),
    "joblib": ("model.joblib", dumped({"a": [1, 2], "b": "c"})),
    "torch": ("model.pt", torch_zip()),
    "numpy": ("a.npy", npy([1.0, 2.0, 3.0])),
    "zip": ("a.zip", zipped({"a.pkl": EVIL, "b.txt": b"hello" * 40}, zipfile.ZIP_DEFLATED)),
    "tar": ("a.tar", tarred()),
    "7z": ("a.7z", sevenzip({"a.pkl": EVIL, "b": b"hello"})),
    "gzip": ("a.gz", gzip.compress(EVIL, mtime=0)),
    "bzip2": ("a.bz2", bz2.compress(EVIL)),
    "xz": ("a.xz", lzma.compress(EVIL)),
    "safetensors": ("a.safetensors", safetensors({"a": tensor(0, 8), "b": tensor(8, 16)}, b"\1" * 16)),
    "gguf": ("a.gguf", gguf({"tokenizer.chat_template": "{{ x }}"}, [("a", [4], 0, 0)], b"\1" * 16)),
    "onnx": ("a.onnx", onnx()),
    "graph": ("saved_model.pb", saved_model("Add", "ReadFile", function=True)),
    "keras": ("a.keras", keras({"class_name": "Dense", "config": {"units": 1}})),
    "hdf5": ("a.h5", h5({"class_name": "Lambda", "config": {}})),
    "png": ("a.png", png()),
    "settings": ("config.json", json.dumps(TEMPLATE).encode()),
    "program": ("app.py", b"import os\nos.system('id')\nkey = 'AKIA' + 'x'\n"),
    "signature": ("model.sig", by_key()),
    "certificate": ("model.sig", by_certificate()),
}
_POOL = [data for _name, data in SAMPLES.values()]
BENDS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.integers(0, 1 << 16), st.integers(0, 255)),
        st.tuples(st.just("cut"), st.integers(0, 1 << 16), st.just(0)),
        st.tuples(st.just("repeat"), st.integers(0, 1 << 16), st.integers(1, 64)),
        st.tuples(st.just("splice"), st.integers(0, 1 << 16), st.integers(0, len(_POOL) - 1)),
        st.tuples(st.just("large"), st.integers(0, 1 << 16), st.integers(0, 3)),
    ),
    min_size=1,
    max_size=5,
)
_LARGE = (b"\xff\xff\xff\xff", b"\xff" * 8, b"\0" * 8, struct.pack("<Q", 1 << 62))


def bent(data: bytes, bends: list[tuple[str, int, int]]) -> bytes:
    """Bytes with bends in them: one set, cut off, said again, another format in between, a length that lies."""
    for how, place, value in bends:
        at = place % (len(data) or 1)
        if how == "set":
            data = data[:at] + bytes([value]) + data[at + 1 :]
        elif how == "cut":
            data = data[:at]
        elif how == "repeat":
            data = data[:at] + data[at : at + value] + data[at:]
        elif how == "splice":
            data = data[:at] + _POOL[value] + data[at:]
        else:
            data = data[:at] + _LARGE[value] + data[at + len(_LARGE[value]) :]
    return data


@pytest.mark.parametrize("kind", [*SAMPLES])
@given(bends=BENDS)
def test_bent_bytes_are_read_without_a_fault_and_always_alike(kind: str, bends: list[tuple[str, int, int]]) -> None:
    name, data = SAMPLES[kind]
    data = bent(data, bends)

    # ``scanned`` holds every byte to be counted once, and a pass to be of bytes that were all read.
    document = scanned(data, name, limits=SMALL)

    assert document["digest"] == scanned(data, name, limits=SMALL)["digest"]
    json.dumps(document, allow_nan=False)


def test_the_samples_are_read_whole_before_they_are_bent() -> None:
    for kind, (name, data) in SAMPLES.items():
        document = scanned(data, name)
        assert document["bytes_inspected"] == document["bytes_total"], kind
