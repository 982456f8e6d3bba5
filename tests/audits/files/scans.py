"""Scans of bytes that a test has made, and pickles put together instruction by instruction."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

from audits.files.documents import document_of
from audits.files.limits import Limits
from audits.files.scanning import FileScan
from audits.files.sources import Source


def scanned(
    files: Mapping[str, bytes] | bytes, name: str = "model.pkl", *, limits: Limits | None = None
) -> dict[str, Any]:
    """The document of a scan; every byte of it is accounted for."""
    if isinstance(files, bytes):
        files = {name: files}
    scan = FileScan(limits or Limits())
    for path, data in files.items():
        scan.file(Source.of_bytes(data), path)
    document = document_of(scan)
    for row in document["files"]:
        assert 0 <= row["bytes_tensor_data"] <= row["bytes_inspected"] <= row["bytes"]
    assert document["bytes_total"] == sum(len(data) for data in files.values())
    if document["verdict"] in ("pass", "warn"):
        assert document["bytes_inspected"] == document["bytes_total"]
    return document


def codes(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Every finding's code, with the names that it is about."""
    found: dict[str, list[str]] = {}
    for one in [*(note for row in document["files"] for note in row["findings"]), *document["findings_elsewhere"]]:
        found.setdefault(one["code"].removeprefix("files."), []).extend(one["params"].get("names", []))
    return found


def text(value: str) -> bytes:
    raw = value.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def named(module: str, name: str) -> bytes:
    """An import with the instruction of protocol 4."""
    return text(module) + text(name) + b"\x93"


def called(function: bytes, *args: bytes) -> bytes:
    """A call of what an instruction leaves, with arguments."""
    return function + b"(" + b"".join(args) + b"tR"


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def sevenzip(members: Mapping[str, bytes], *, lzma2: bytes | None = None, encrypted: bool = False) -> bytes:
    """A 7z archive of one folder, copied into it or with its bytes packed already."""
    body = b"".join(members.values())
    packed = lzma2 if lzma2 is not None else body
    coder = b"\x21\x21\x01\x18" if lzma2 is not None else b"\x24\x06\xf1\x07\x01\x00" if encrypted else b"\x01\x00"
    names = b"\0" + "".join(f"{name}\0" for name in members).encode("utf-16-le")
    sizes = [len(one) for one in members.values()][:-1]
    header = (
        b"\x01\x04\x06"
        + _number(0)
        + _number(1)
        + b"\x09"
        + _number(len(packed))
        + b"\x00\x07\x0b\x01\x00\x01"
        + coder
        + b"\x0c"
        + _number(len(body))
        + b"\x00\x08\x0d"
        + _number(len(members))
        + (b"\x09" + b"".join(_number(one) for one in sizes) if sizes else b"")
        + b"\x00\x00\x05"
        + _number(len(members))
        + b"\x11"
        + _number(len(names))
        + names
        + b"\x00\x00"
    )
    import zlib

    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + packed + header


def _number(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else b"\xf0" + struct.pack("<I", value)


SYSTEM = called(named("os", "system"), text("id")) + b"."
"""A pickle that runs a command of the shell; it is never loaded here."""
