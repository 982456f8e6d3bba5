"""7z: the archive's header and its packed streams, as far as one coder or a filter before it unpacks them.

Source: the format's own description (7zFormat.txt of the LZMA SDK, public domain).
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from audits.files.containers.paths import Names
from audits.files.containers.streams import Damaged, decoder, unpack
from audits.files.limits import OverLimit
from audits.files.places import Place, Seen
from audits.files.sources import Source, unpacked

_LONGEST_HEADER = 16 << 20
_MOST = 1 << 16
_MEMORY = 64 << 20
_AES = bytes.fromhex("06f10701")
_FILTERS = {
    bytes.fromhex("03030103"): lzma.FILTER_X86,
    bytes.fromhex("03030205"): lzma.FILTER_POWERPC,
    bytes.fromhex("03030501"): lzma.FILTER_ARM,
    bytes.fromhex("03030701"): lzma.FILTER_ARMTHUMB,
    bytes.fromhex("03030805"): lzma.FILTER_SPARC,
}


class _Wrong(ValueError):
    """What is read cannot be; the text is a word for it."""


@dataclass
class _Coder:
    method: bytes
    properties: bytes = b""


@dataclass
class _Folder:
    coders: list[_Coder] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    packed_streams: int = 1
    parts: list[int] = field(default_factory=list)
    plain: bool = True
    last: int = 0  # the coder that gives the folder's bytes
    known: bool = False  # whether there is a checksum of the folder

    @property
    def size(self) -> int:
        return self.sizes[self.last] if self.sizes else 0


@dataclass
class _Streams:
    at: int = 0
    packed: list[int] = field(default_factory=list)
    folders: list[_Folder] = field(default_factory=list)


class _Bytes:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, length: int) -> bytes:
        if length < 0 or self.at + length > len(self.raw):
            raise _Wrong("truncated")
        self.at += length
        return self.raw[self.at - length : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """A number of one to nine bytes: the ones at the front of the first byte say how many follow."""
        first, mask, value = self.byte(), 0x80, 0
        for index in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << (8 * index)
            value |= self.byte() << (8 * index)
            mask >>= 1
        return value

    def count(self) -> int:
        value = self.number()
        if value > _MOST:
            raise _Wrong("too_many")
        return value

    def bits(self, count: int) -> list[bool]:
        raw = self.take(-(-count // 8))
        return [bool(raw[i // 8] & 0x80 >> i % 8) for i in range(count)]

    def maybe_bits(self, count: int) -> list[bool]:
        return [True] * count if self.byte() else self.bits(count)


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
        streams, names, empty = _header(_Bytes(header))
    except OverLimit as over:
        place.note("files.expands", why=over.which)
        place.not_inspected(over.which, place.size)
        return Seen(0)
    except (_Wrong, Damaged, lzma.LZMAError) as wrong:
        return _broken(place, str(wrong))
    lost, at = _folders_of(place, streams, names, empty)
    hidden = source.window(at, behind - at)
    if hidden.size and not hidden.is_zero(0):
        place.note("files.hidden_bytes", bytes=hidden.size)
        lost += hidden.size - place.scan.inside(hidden, f"{place.path}!/bytes-{at}", place.depth + 1).inspected
    return Seen(max(0, after - lost) + place.rest(after))


def _folders_of(place: Place, streams: _Streams, names: list[str], empty: list[bool]) -> tuple[int, int]:
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
        streams = _streams(_Bytes(header[1:]))
        header, behind = _unpacked_header(place, streams), min(behind, 32 + streams.at)
    return header, behind


def _unpacked_header(place: Place, streams: _Streams) -> bytes:
    if len(streams.folders) != 1 or not streams.packed:
        raise _Wrong("header")
    folder = streams.folders[0]
    if folder.size > _LONGEST_HEADER:
        raise _Wrong("header_too_long")
    with unpacked() as out:
        window = place.source.window(32 + streams.at, streams.packed[0])
        if not _unpack(place, folder, window, out):
            raise _Wrong("method")
        return Source(out, out.tell()).read_at(0, folder.size)


def _folder(place: Place, folder: _Folder, packed: Source, names: list[str]) -> int:
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
        except (Damaged, lzma.LZMAError, _Wrong) as wrong:
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


def _unpack(place: Place, folder: _Folder, packed: Source, out: Any) -> bool:
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


def _made(folder: _Folder) -> Any:
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


def _compressor(coder: _Coder) -> dict[str, Any] | None:
    props = coder.properties
    if coder.method == bytes.fromhex("030101") and len(props) == 5 and props[0] < 225:
        size, lclp, pb = int.from_bytes(props[1:], "little"), props[0] % 45, props[0] // 45
        made = {"id": lzma.FILTER_LZMA1, "lc": lclp % 9, "lp": lclp // 9, "pb": pb, "dict_size": max(size, 4096)}
    elif coder.method == b"\x21" and len(props) == 1 and props[0] <= 40:
        size = (2 | props[0] & 1) << (props[0] // 2 + 11)
        made = {"id": lzma.FILTER_LZMA2, "dict_size": size}
    else:
        return None
    return made if size <= _MEMORY else None


def _filter(coder: _Coder) -> dict[str, Any] | None:
    if coder.method in _FILTERS:
        return {"id": _FILTERS[coder.method]}
    if coder.method == b"\x03" and len(coder.properties) == 1:
        return {"id": lzma.FILTER_DELTA, "dist": coder.properties[0] + 1}
    return None


def _header(raw: _Bytes) -> tuple[_Streams, list[str], list[bool]]:
    if raw.byte() != 0x01:
        raise _Wrong("header")
    streams, kind = _Streams(), raw.byte()
    if kind == 0x02:
        while raw.number() != 0:
            raw.take(raw.number())
        kind = raw.byte()
    if kind == 0x03:
        raise _Wrong("additional_streams")
    if kind == 0x04:
        streams = _streams(raw)
        kind = raw.byte()
    if kind != 0x05:
        return streams, [], []
    return streams, *_members(raw)


def _members(raw: _Bytes) -> tuple[list[str], list[bool]]:
    """The names of members, and which of them have no bytes."""
    count = raw.count()
    names, empty = [""] * count, [False] * count
    while (tag := raw.number()) != 0:
        body = _Bytes(raw.take(raw.number()))
        if tag == 0x0E:
            empty = body.bits(count)
        elif tag == 0x11:
            if body.byte():
                raise _Wrong("names")
            text = body.take(len(body.raw) - 1).decode("utf-16-le", "replace").split("\0")
            names = (text + [""] * count)[:count]
    return names, empty


def _streams(raw: _Bytes) -> _Streams:
    streams, tag = _Streams(), raw.number()
    if tag == 0x06:
        streams.at, count = raw.number(), raw.count()
        while (tag := raw.number()) != 0:
            if tag == 0x09:
                streams.packed = [raw.number() for _ in range(count)]
            elif tag == 0x0A:
                _digests(raw, count)
            else:
                raise _Wrong("pack_info")
        tag = raw.number()
    if tag == 0x07:
        streams.folders = _folders(raw)
        tag = raw.number()
    for folder in streams.folders:
        folder.parts = [folder.size]
    if tag == 0x08:
        _parts(raw, streams.folders)
        tag = raw.number()
    if tag != 0:
        raise _Wrong("streams")
    return streams


def _folders(raw: _Bytes) -> list[_Folder]:
    if raw.number() != 0x0B:
        raise _Wrong("folders")
    count = raw.count()
    if raw.byte():
        raise _Wrong("external")
    folders = [_one_folder(raw) for _ in range(count)]
    if raw.number() != 0x0C:
        raise _Wrong("folders")
    for folder in folders:
        folder.sizes = [raw.number() for _ in folder.coders]
    while (tag := raw.number()) != 0:
        if tag != 0x0A:
            raise _Wrong("folders")
        for folder, known in zip(folders, _digests(raw, count), strict=True):
            folder.known = known
    return folders


def _one_folder(raw: _Bytes) -> _Folder:
    folder, inputs, outputs = _Folder(), 0, 0
    for _ in range(min(raw.count(), 33)):
        flags = raw.byte()
        coder = _Coder(raw.take(flags & 15))
        if flags & 0x10:
            inputs, outputs = inputs + raw.count(), outputs + raw.count()
            folder.plain = False
        else:
            inputs, outputs = inputs + 1, outputs + 1
        if flags & 0x20:
            coder.properties = raw.take(raw.number())
        if flags & 0x80:
            raise _Wrong("coder")
        folder.coders.append(coder)
    bonds = [(raw.number(), raw.number()) for _ in range(outputs - 1)]
    folder.packed_streams = inputs - (outputs - 1)
    if folder.packed_streams > 1:
        for _ in range(folder.packed_streams):
            raw.number()
    # A chain of coders: each takes what the one after it gives.
    if all(takes == gives - 1 for takes, gives in bonds):
        folder.coders.reverse()
    elif all(takes == gives + 1 for takes, gives in bonds):
        folder.last = len(folder.coders) - 1
    else:
        folder.plain = False
    return folder


def _parts(raw: _Bytes, folders: list[_Folder]) -> None:
    tag = raw.number()
    counts = [1] * len(folders)
    if tag == 0x0D:
        counts = [raw.count() for _ in folders]
        tag = raw.number()
    for folder, count in zip(folders, counts, strict=True):
        sizes: list[int] = []
        if tag == 0x09 and count > 1:
            sizes = [raw.number() for _ in range(count - 1)]
        if count:
            sizes.append(max(0, folder.size - sum(sizes)))
        folder.parts = sizes
    if tag == 0x09:
        tag = raw.number()
    if tag == 0x0A:
        unknown = sum(count for folder, count in zip(folders, counts, strict=True) if count != 1 or not folder.known)
        _digests(raw, unknown)
        tag = raw.number()
    if tag != 0:
        raise _Wrong("parts")


def _digests(raw: _Bytes, count: int) -> list[bool]:
    known = raw.maybe_bits(count)
    raw.take(4 * sum(known))
    return known
