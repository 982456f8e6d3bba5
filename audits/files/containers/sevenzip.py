"""7z: the archive's packed streams, as far as one coder or a filter before it unpacks them.

Source: the format's own description (7zFormat.txt of the LZMA SDK, public domain).
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable
from typing import Any

from audits.files.containers.paths import Names
from audits.files.containers.sevenzip_header import Bytes, Coder, Folder, Streams, Wrong, header_of, streams_of
from audits.files.containers.streams import LARGEST_DICTIONARY, Damaged, decoder, lzma1, unpack
from audits.files.limits import OverLimit
from audits.files.places import Place, Seen
from audits.files.sources import Source, unpacked

_LONGEST_HEADER = 16 << 20
_AES = bytes.fromhex("06f10701")
_FILTERS = {
    bytes.fromhex("03030103"): lzma.FILTER_X86,
    bytes.fromhex("03030205"): lzma.FILTER_POWERPC,
    bytes.fromhex("03030501"): lzma.FILTER_ARM,
    bytes.fromhex("03030701"): lzma.FILTER_ARMTHUMB,
    bytes.fromhex("03030805"): lzma.FILTER_SPARC,
}


def inspect(place: Place) -> Seen:
    """Unpack folder by folder and scan the members."""
    source = place.source
    raw = source.read_at(0, 32)
    if len(raw) < 32:
        return _broken(place, "truncated")
    offset, size, crc = struct.unpack("<QQI", raw[12:32])
    if offset + size > place.size - 32 or size > _LONGEST_HEADER:
        return _broken(place, "header")
    header = source.read_at(32 + offset, size)
    after = 32 + offset + size
    if zlib.crc32(header) != crc:
        place.note("files.checksum_wrong", "header")
    try:
        header, behind = _plain_header(place, header, 32 + offset)
        if not header:
            return Seen(min(32, place.size) + place.rest(after))
        streams, names, empty = header_of(Bytes(header))
    except OverLimit as over:
        place.note("files.expands", why=over.which)
        place.not_inspected(over.which, place.size)
        return Seen(0)
    except (Wrong, Damaged, lzma.LZMAError) as wrong:
        return _broken(place, str(wrong))
    lost, at = _folders_of(place, streams, names, empty)
    hidden = source.window(at, behind - at)
    if hidden.size and not hidden.is_zero(0):
        place.note("files.hidden_bytes", bytes=hidden.size)
        lost += hidden.size - place.scan.inside(hidden, f"{place.path}!/bytes-{at}", place.depth + 1).inspected
    return Seen(max(0, after - lost) + place.rest(after))


def _folders_of(place: Place, streams: Streams, names: list[str], empty: list[bool]) -> tuple[int, int]:
    """Scan all members; gives how many packed bytes were not inspected, and where the last ones end."""
    taken, source = Names(place), place.source
    full = iter([name for name, without in zip(names, empty, strict=True) if not without])
    at, index, lost = 32 + streams.at, 0, 0
    for folder in streams.folders:
        packed = sum(streams.packed[index : index + folder.packed_streams])
        index += folder.packed_streams
        window = source.window(at, packed)
        members = [next(full, "") for _ in folder.parts]
        lost += packed - _folder(place, folder, window, [taken.take(name or "content") for name in members])
        at += packed
    return lost, at


def _broken(place: Place, why: str) -> Seen:
    place.note("files.broken", why=why or "header", at=0)
    place.not_inspected("broken", place.size)
    return Seen(0)


def _plain_header(place: Place, header: bytes, behind: int) -> tuple[bytes, int]:
    """The header unpacked, and where it begins when it is packed: behind the members."""
    for _ in range(4):
        if header[:1] != b"\x17":
            break
        streams = streams_of(Bytes(header[1:]))
        header, behind = _unpacked_header(place, streams), min(behind, 32 + streams.at)
    return header, behind


def _unpacked_header(place: Place, streams: Streams) -> bytes:
    if len(streams.folders) != 1 or not streams.packed:
        raise Wrong("header")
    folder = streams.folders[0]
    if folder.size > _LONGEST_HEADER:
        raise Wrong("header_too_long")
    with unpacked() as out:
        window = place.source.window(32 + streams.at, streams.packed[0])
        if not _unpack(place, folder, window, out):
            raise Wrong("method")
        return Source(out, out.tell()).read_at(0, folder.size)


def _folder(place: Place, folder: Folder, packed: Source, names: list[str]) -> int:
    """Scan the members of one folder; gives how many packed bytes were inspected."""
    if any(coder.method == _AES for coder in folder.coders):
        place.note("files.encrypted", names[0] if names else "")
        place.not_inspected("encrypted", packed.size)
        return 0
    with unpacked() as out:
        try:
            if not _unpack(place, folder, packed, out):
                place.not_inspected("method", packed.size)
                return 0
        except OverLimit as over:
            place.note("files.expands", why=over.which)
            place.not_inspected(over.which, packed.size)
            return 0
        except (Damaged, lzma.LZMAError, Wrong) as wrong:
            place.note("files.broken", why=str(wrong), at=0)
        source = Source(out, out.tell())
        at = missing = 0
        for name, size in zip(names, folder.parts, strict=True):
            try:
                place.scan.budget.member()
            except OverLimit as over:
                place.not_inspected(over.which, packed.size)
                return 0
            inner = source.window(at, size)
            if inner.size < size:
                place.not_inspected("broken", size - inner.size)
            missing += size - place.scan.inside(inner, f"{place.path}!/{name}", place.depth + 1).inspected
            at += size
        return packed.size - -(-packed.size * min(missing, folder.size) // max(folder.size, 1))


def _unpack(place: Place, folder: Folder, packed: Source, out: Any) -> bool:
    """Unpack a folder into ``out``; False where its coders are not known here."""
    made = _made(folder)
    if made is None:
        return False
    taken, total = 0, 0
    if made == "copy":
        for chunk in packed.chunks():
            total += len(chunk)
            place.scan.budget.unpack(len(chunk), so_far=total, packed=packed.size)
            out.write(chunk)
        return True
    if not isinstance(made, lzma.LZMADecompressor):
        unpack(packed, made, out, place.scan.budget, packed=packed.size)
        return True
    while total < folder.size and not made.eof:
        chunk = packed.read_at(taken, 1 << 16) if made.needs_input else b""
        if made.needs_input and not chunk:
            raise Damaged("truncated", taken)
        taken += len(chunk)
        piece = made.decompress(chunk, 1 << 20)
        total += len(piece)
        place.scan.budget.unpack(len(piece), so_far=total, packed=packed.size)
        out.write(piece)
    return True


def _made(folder: Folder) -> Any:
    """What unpacks a folder; None where its coders are not known here."""
    if not folder.plain or folder.packed_streams != 1 or not folder.coders:
        return None
    if len(folder.coders) == 1 and folder.coders[0].method in _ALONE:
        return _ALONE[folder.coders[0].method]()
    # The first coder is the one that is nearest to the packed bytes; liblzma wants it last.
    chain = [_compressor(folder.coders[0]), *(_filter(coder) for coder in folder.coders[1:])]
    if None in chain:
        return None
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[one for one in reversed(chain) if one is not None])
    except (lzma.LZMAError, ValueError, OverflowError):
        return None


_ALONE: dict[bytes, Callable[[], Any]] = {
    b"\x00": lambda: "copy",
    bytes.fromhex("040108"): lambda: decoder("deflate"),
    bytes.fromhex("040202"): bz2.BZ2Decompressor,
}


def _compressor(coder: Coder) -> dict[str, Any] | None:
    props = coder.properties
    if coder.method == bytes.fromhex("030101"):
        return lzma1(props)
    if coder.method == b"\x21" and len(props) == 1 and props[0] <= 40:
        size = (2 | props[0] & 1) << (props[0] // 2 + 11)
        return {"id": lzma.FILTER_LZMA2, "dict_size": size} if size <= LARGEST_DICTIONARY else None
    return None


def _filter(coder: Coder) -> dict[str, Any] | None:
    if coder.method in _FILTERS:
        return {"id": _FILTERS[coder.method]}
    if coder.method == b"\x03" and len(coder.properties) == 1:
        return {"id": lzma.FILTER_DELTA, "dist": coder.properties[0] + 1}
    return None
