"""What a file is, by its bytes. Its name is compared afterwards and decides nothing."""

from __future__ import annotations

import codecs
import re
import zlib

from audits.files.pickles import engine as pickles
from audits.files.sources import Source
from audits.files.weights import protobuf

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"PK\x07\x08", "zip"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"\x5d\x00\x00", "lzma"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"GGUF", "gguf"),
    (0, b"FUGG", "gguf"),
    (0, b"\x93NUMPY", "numpy"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (0, b"RIFF", "riff"),
    (0, b"\x7fELF", "elf"),
    (0, b"\xca\xfe\xba\xbe", "mach-o"),
    (0, b"\xfe\xed\xfa\xce", "mach-o"),
    (0, b"\xfe\xed\xfa\xcf", "mach-o"),
    (0, b"\xce\xfa\xed\xfe", "mach-o"),
    (0, b"\xcf\xfa\xed\xfe", "mach-o"),
    (0, b"\x00asm", "wasm"),
    (0, b"dex\n", "dex"),
    (0, b"Rar!\x1a\x07", "rar"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"LZIP", "lzip"),
    (0, b"\x1f\x9d", "compress"),
    (0, b"MSCF", "cab"),
    (0, b"!<arch>\n", "ar"),
    (0, b"%PDF-", "pdf"),
    (0, b"PAR1", "parquet"),
    (0, b"ARROW1", "arrow"),
    (0, b"SQLite format 3\x00", "sqlite"),
    (4, b"TFL3", "tflite"),
    (257, b"ustar", "tar"),
)
EXECUTABLE = ("elf", "pe", "mach-o", "wasm", "dex", "python-bytecode")

# Endings whose bytes are known, and the formats that they may hold.
_BY_ENDING: dict[str, frozenset[str]] = {
    "safetensors": frozenset({"safetensors"}),
    "gguf": frozenset({"gguf"}),
    "onnx": frozenset({"protobuf"}),
    "keras": frozenset({"zip"}),
    "h5": frozenset({"hdf5"}),
    "hdf5": frozenset({"hdf5"}),
    "npy": frozenset({"numpy"}),
    "npz": frozenset({"zip"}),
    "pt": frozenset({"zip", "pickle", "tar"}),
    "pth": frozenset({"zip", "pickle", "tar"}),
    "pkl": frozenset({"pickle"}),
    "pickle": frozenset({"pickle"}),
    "joblib": frozenset({"pickle", "zlib", "gzip", "bzip2", "xz", "lzma"}),
    "skops": frozenset({"zip"}),
    "zip": frozenset({"zip"}),
    "whl": frozenset({"zip"}),
    "7z": frozenset({"7z"}),
    "tar": frozenset({"tar"}),
    "gz": frozenset({"gzip"}),
    "tgz": frozenset({"gzip"}),
    "bz2": frozenset({"bzip2"}),
    "xz": frozenset({"xz"}),
    "parquet": frozenset({"parquet"}),
    "png": frozenset({"png"}),
    "jpg": frozenset({"jpeg"}),
    "jpeg": frozenset({"jpeg"}),
    "gif": frozenset({"gif"}),
    "wav": frozenset({"riff"}),
    "webp": frozenset({"riff"}),
    "tflite": frozenset({"tflite"}),
    **dict.fromkeys(
        ("txt", "md", "json", "jsonl", "yaml", "yml", "toml", "cfg", "ini", "py", "csv", "tsv", "jinja", "html"),
        frozenset({"text", "json", "empty"}),
    ),
}
_TEXT_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def identify(source: Source) -> str:
    """The format of some bytes.

    Returns:
        A name of the table of marks, ``safetensors``, ``pickle``, ``protobuf``, ``text`` (UTF-8 without control
        characters), ``empty`` or ``unknown``.
    """
    if source.size == 0:
        return "empty"
    head = source.read_at(0, 512)
    for offset, magic, name in _MAGIC:
        if head.startswith(magic, offset) and (name != "bzip2" or head[3:4].isdigit()):
            return name
    return _by_head(head, source.size) or _by_all(head, source)


def _by_head(head: bytes, size: int) -> str:
    """The format of what begins with something else than a mark of its own; "" where the beginning tells nothing."""
    if head[:2] == b"MZ" and size > 64:
        return "pe"
    if head[1:4] == b"\x0d\r\n" and size > 16:
        return "python-bytecode"
    if head[:1] == b"\x80" and len(head) > 1 and head[1] <= 5:
        return "pickle"
    if size > 10 and head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= size - 8:
        return "safetensors"
    return ""


def _by_all(head: bytes, source: Source) -> str:
    if _ends_as_zip(source):
        return "zip"
    if _is_zlib(head):
        return "zlib"
    if _is_old_tar(head):
        return "tar"
    if is_text(source):
        return "pickle" if pickles.is_whole_text(source) else "text"
    if pickles.looks_like(source):
        return "pickle"
    if protobuf.is_message(source):
        return "protobuf"
    return "unknown"


def _ends_as_zip(source: Source) -> bool:
    """Whether a directory of a zip stands at the end: readers of zips begin there."""
    tail = source.read_at(max(0, source.size - 66_000), 66_000)
    at = tail.rfind(b"PK\x05\x06")
    return at >= 0 and len(tail) - at >= 22 and not is_text(source)


def _is_zlib(head: bytes) -> bool:
    """Whether bytes unpack by zlib, which has two bytes of a head and no mark (RFC 1950). joblib packs by it."""
    if len(head) < 8 or head[0] & 0x8F != 8 or int.from_bytes(head[:2], "big") % 31 or head[1] & 0x20:
        return False
    made = zlib.decompressobj()
    try:
        return bool(made.decompress(head, 1 << 20)) and (made.eof or len(head) == 512)
    except zlib.error:
        return False


def _is_old_tar(head: bytes) -> bool:
    """A tar from before its magic: the checksum of the first header fits."""
    if len(head) < 512 or not head[0]:
        return False
    try:
        wanted = int(head[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return wanted == sum(head[:148]) + 8 * 32 + sum(head[156:512])


def is_text(source: Source) -> bool:
    """Whether all bytes are UTF-8 text without control characters other than the usual. Linear, stops early."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in source.chunks():
            if _TEXT_CONTROLS.search(chunk):
                return False
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def claimed(name: str) -> tuple[str, frozenset[str] | None]:
    """The ending of a name, and the formats that it promises; None where it promises nothing."""
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    return ending, _BY_ENDING.get(ending)
