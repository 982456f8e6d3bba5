"""zip: every entry by both of its headers, every byte between the entries, with or without the checksums' consent.

Loaders differ in what they check: one stops at a wrong checksum or an encryption flag, another reads on. So nothing
here stops: what disagrees is a finding, and the bytes are scanned all the same.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from audits.files.containers.paths import Names, escapes
from audits.files.containers.streams import Damaged, decoder, lzma1, unpack
from audits.files.limits import OverLimit
from audits.files.pickles.engine import tensor_sizes
from audits.files.pickles.machine import follow
from audits.files.places import Place, Seen
from audits.files.sources import Source, unpacked

_EOCD, _CENTRAL, _LOCAL = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
_ALL_ONES = 0xFFFFFFFF
_MOST_DIRECTORY = 64 << 20


class NoDirectory(ValueError):
    """There is no directory to be found at the end, or it cannot be read."""


@dataclass
class Entry:
    """One entry of the directory, with the place of its bytes."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    header: int
    mode: int
    start: int = 0
    encrypted: bool = False
    header_at: int = 0
    described: int = 0
    shown: str = ""
    other_name: str = ""

    @property
    def end(self) -> int:
        return self.start + self.packed


def inspect(place: Place) -> Seen:
    """Scan all entries and what stands between them."""
    try:
        entries, directory, after, shift = _directory(place.source)
    except NoDirectory as broken:
        return _without_directory(place, str(broken))
    names = Names(place)
    for entry in entries:
        _locate(place, entry, shift)
        entry.shown = names.take(entry.name)
        if entry.other_name not in ("", entry.name):
            place.note("files.headers_disagree", f"{entry.name}: {entry.other_name}")
            if escapes(entry.other_name):
                place.note("files.path_escapes", entry.other_name)
        _link(place, entry)
    # Entries that lie over each other would be counted twice.
    if sum(entry.packed for entry in entries) > _covered(entries):
        place.note("files.headers_disagree", "entries lie over each other")
        place.not_inspected("overlap_in_archive", place.size)
        return Seen(0)
    extra = place.scan.facts(place.path)
    lost = tensor = 0
    # Pickles first: they say which other entries are the numbers of a tensor.
    for entry in sorted(entries, key=lambda one: not one.name.endswith(".pkl")):
        if not entry.start:
            lost += entry.packed
            continue
        try:
            place.scan.budget.member()
        except OverLimit as over:
            place.not_inspected(over.which, place.size)
            return Seen(0)
        seen = _entry(place, entry, extra)
        lost, tensor = lost + entry.packed - seen.inspected, tensor + seen.tensor_data
    lost += _between(place, entries, directory)
    return Seen(max(0, min(after, place.size) - lost) + place.rest(after), tensor)


def _link(place: Place, entry: Entry) -> None:
    if entry.mode & 0o170000 != 0o120000:
        return
    target = place.source.read_at(entry.start, min(entry.packed, 4096)).decode("utf-8", "replace")
    place.note("files.link", f"{entry.name} -> {target}")
    if escapes(target):
        place.note("files.path_escapes", f"{entry.name} -> {target}")


def _between(place: Place, entries: list[Entry], directory: int) -> int:
    """Scan what belongs to no entry; gives how many bytes of it were not inspected."""
    lost = 0
    for start, size in _gaps(entries, directory):
        hidden = place.source.window(start, size)
        if hidden.is_zero(0):
            continue
        place.note("files.hidden_bytes", bytes=size)
        if start == 0:
            place.note("files.two_formats", "zip")  # whoever reads from the front sees another file
        lost += size - place.scan.inside(hidden, f"{place.path}!/bytes-{start}", place.depth + 1).inspected
    return lost


def _directory(source: Source) -> tuple[list[Entry], int, int, int]:
    """The entries, where the directory begins and the archive ends, and how far everything is shifted."""
    reach = min(source.size, 22 + 65_535)
    tail = source.read_at(source.size - reach, reach)
    at = tail.rfind(_EOCD)
    while at >= 0 and len(tail) - at < 22:
        at = tail.rfind(_EOCD, 0, at)
    if at < 0:
        raise NoDirectory("no_directory")
    end = source.size - reach + at
    _disk, _first, _here, count, size, offset, comment = struct.unpack("<HHHHIIH", tail[at + 4 : at + 22])
    after = min(source.size, end + 22 + comment)
    start_of_end = end
    if _ALL_ONES in (size, offset) or count == 0xFFFF:
        locator = source.read_at(end - 20, 20)
        if locator[:4] == b"PK\x06\x07":
            (where,) = struct.unpack("<Q", locator[8:16])
            record = source.read_at(where, 56)
            if record[:4] != b"PK\x06\x06":
                raise NoDirectory("zip64")
            count, size, offset = struct.unpack("<QQQ", record[32:56])
            start_of_end = where
    if size > min(source.size, _MOST_DIRECTORY):
        raise NoDirectory("directory_size")
    begin = start_of_end - size
    if source.read_at(begin, 4) != _CENTRAL and count:
        begin = offset
    shift = begin - offset  # what stands before an archive shifts it
    raw = source.read_at(begin, size)
    entries, pos = [], 0
    while pos + 46 <= len(raw) and raw[pos : pos + 4] == _CENTRAL:
        entry, pos = _central(raw, pos)
        entries.append(entry)
    if len(entries) != count:
        raise NoDirectory("directory_count")
    return entries, begin, after, shift


def _central(raw: bytes, pos: int) -> tuple[Entry, int]:
    fields = struct.unpack("<4s6H3I5H2I", raw[pos : pos + 46])
    flags, method, crc, packed, size = fields[3], fields[4], fields[7], fields[8], fields[9]
    name_length, extra_length, comment_length, header = fields[10], fields[11], fields[12], fields[16]
    name = raw[pos + 46 : pos + 46 + name_length]
    extra = raw[pos + 46 + name_length : pos + 46 + name_length + extra_length]
    packed, size, header = _zip64(extra, packed, size, header)
    entry = Entry(_text(name), name, flags, method, crc, packed, size, header, fields[15] >> 16)
    entry.other_name = _unicode_path(extra)
    return entry, pos + 46 + name_length + extra_length + comment_length


def _zip64(extra: bytes, packed: int, size: int, header: int) -> tuple[int, int, int]:
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack("<HH", extra[at : at + 4])
        if tag == 1:
            body = extra[at + 4 : at + 4 + length]
            wide = [struct.unpack("<Q", body[i : i + 8])[0] for i in range(0, len(body) - 7, 8)]
            if size == _ALL_ONES and wide:
                size = wide.pop(0)
            if packed == _ALL_ONES and wide:
                packed = wide.pop(0)
            if header == _ALL_ONES and wide:
                header = wide.pop(0)
            break
        at += 4 + length
    return packed, size, header


def _unicode_path(extra: bytes) -> str:
    """The name that readers take instead of the one in the header, where they know of it (APPNOTE 4.6.9, 0x7075)."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack("<HH", extra[at : at + 4])
        if tag == 0x7075 and length > 5:
            return _text(extra[at + 9 : at + 4 + length])
        at += 4 + length
    return ""


def _locate(place: Place, entry: Entry, shift: int) -> None:
    """Find an entry's bytes by its own header, and compare that with the directory."""
    at = entry.header_at = entry.header + shift
    raw = place.source.read_at(at, 30)
    if len(raw) < 30 or raw[:4] != _LOCAL:
        place.note("files.headers_disagree", f"{entry.name}: no header")
        place.not_inspected("no_header", entry.packed)
        return
    fields = struct.unpack("<4s5H3I2H", raw)
    flags, method, crc, packed, size, name_length, extra_length = (*fields[2:4], *fields[6:11])
    name = place.source.read_at(at + 30, name_length)
    extra = place.source.read_at(at + 30 + name_length, extra_length)
    packed, size, _header = _zip64(extra, packed, size, 0)
    entry.start = at + 30 + name_length + extra_length
    if entry.start + entry.packed > place.size:
        place.note("files.headers_disagree", f"{entry.name}: longer than the file")
        entry.packed = max(0, place.size - entry.start)
    later = flags & 8  # sizes and checksum stand behind the bytes
    different = [
        what
        for what, here, there in (
            ("name", name, entry.raw_name),
            ("method", method, entry.method),
            ("size", size, entry.size),
            ("packed", packed, entry.packed),
            ("checksum", crc, entry.crc),
        )
        if here != there and not (later and what in ("size", "packed", "checksum") and here == 0)
    ]
    if different:
        place.note("files.headers_disagree", f"{entry.name}: {', '.join(different)}")
    if later:
        entry.described = _descriptor(place.source, entry)
    entry.encrypted = bool((flags | entry.flags) & 1)
    if (flags & 1) != (entry.flags & 1):
        place.note("files.headers_disagree", f"{entry.name}: encryption")


def _descriptor(source: Source, entry: Entry) -> int:
    """Bytes of the record behind an entry that has its checksum and sizes: with a mark or without, short or wide."""
    raw = source.read_at(entry.end, 24)
    mark = 4 if raw[:4] == b"PK\x07\x08" else 0
    for form in ("<IQQ", "<III"):
        size = struct.calcsize(form)
        body = raw[mark : mark + size]
        if len(body) == size and struct.unpack(form, body) == (entry.crc, entry.packed, entry.size):
            return mark + size
    return 0


def _entry(place: Place, entry: Entry, extra: dict[str, Any]) -> Seen:
    """Scan one entry; what is inspected is counted in packed bytes."""
    packed = place.source.window(entry.start, entry.packed)
    if entry.method == STORED:
        return _scanned(place, entry, packed, extra) if _whole(place, entry, packed) else Seen(0)
    with unpacked() as out:
        if not _unpack(place, entry, packed, out):
            return Seen(0)
        source = Source(out, out.tell())
        _whole(place, entry, source)
        seen = _scanned(place, entry, source, extra)
        share = -(-entry.packed * (source.size - seen.inspected) // max(source.size, 1))
        return Seen(entry.packed - share, entry.packed * seen.tensor_data // max(source.size, 1))


def _unpack(place: Place, entry: Entry, packed: Source, out: IO[bytes]) -> bool:
    """Unpack an entry as far as that goes; False where nothing of it can be looked at."""
    made = _decoder(entry, packed)
    if made is None:
        place.not_inspected("method", entry.packed)
        return False
    body = packed if entry.method != LZMA else packed.window(4 + packed.read_at(2, 1)[0], packed.size)
    try:
        unpack(body, made, out, place.scan.budget, packed=entry.packed)
    except Damaged as damaged:
        if entry.encrypted:
            place.note("files.encrypted", entry.name)
            place.not_inspected("encrypted", entry.packed)
            return False
        if not (entry.method == LZMA and out.tell() == entry.size):  # its end needs no mark
            place.note("files.broken", why=damaged.why, at=entry.start + damaged.at)
    except OverLimit as over:
        place.note("files.expands", why=over.which)
        place.not_inspected(over.which, entry.packed)
        return False
    return True


def _whole(place: Place, entry: Entry, source: Source) -> bool:
    """Whether bytes are worth scanning: everything but what is really encrypted."""
    crc = 0
    for chunk in source.chunks():
        crc = zlib.crc32(chunk, crc)
    fits = crc == entry.crc and source.size == entry.size
    if entry.encrypted and fits:
        place.note("files.encryption_feigned", entry.name)
    elif entry.encrypted:
        place.note("files.encrypted", entry.name)
        if entry.method == STORED:
            place.not_inspected("encrypted", entry.packed)
            return False
    elif not fits:
        place.note("files.checksum_wrong", entry.name)
    return True


def _decoder(entry: Entry, packed: Source) -> Any:
    if entry.method == DEFLATED:
        return decoder("deflate")
    if entry.method == BZIP2:
        return bz2.BZ2Decompressor()
    if entry.method == LZMA:
        head = packed.read_at(0, 9)
        if len(head) < 9 or head[2] != 5 or (options := lzma1(head[4:])) is None:
            return None
        try:
            return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[options])
        except (lzma.LZMAError, ValueError):
            return None
    return None


def _scanned(place: Place, entry: Entry, source: Source, extra: dict[str, Any]) -> Seen:
    path = f"{place.path}!/{entry.shown or entry.name}"
    folder, _, key = entry.name.rpartition("/")
    if entry.name.endswith(".pkl") and source.size:
        stem = entry.name.rsplit("/", 1)[-1][:-4]
        stored = tensor_sizes(follow(source, 0, collect=True))
        extra[f"{folder}/{stem}".lstrip("/")] = stored
    expected = extra.get(folder)
    return place.scan.inside(source, path, place.depth + 1, tensor_bytes=(expected or {}).get(key))


def _gaps(entries: list[Entry], directory: int) -> Iterator[tuple[int, int]]:
    """Runs of bytes before the directory that belong to no entry."""
    at = 0
    spans = []
    for entry in entries:
        if entry.start:
            spans.append((entry.header_at, entry.end, entry.described))
    for start, end, described in sorted(spans):
        if start > at:
            yield at, start - at
        at = max(at, end + described)
    if directory > at:
        yield at, directory - at


def _covered(entries: list[Entry]) -> int:
    at = covered = 0
    for start, end in sorted((entry.start, entry.end) for entry in entries if entry.start):
        covered += max(0, end - max(start, at))
        at = max(at, end)
    return covered


def _without_directory(place: Place, why: str) -> Seen:
    """A zip whose end is missing or lies: what begins like an entry is scanned, the rest is not inspected."""
    place.note("files.broken", why=why, at=place.size)
    place.not_inspected("broken", place.size)
    at = 0
    for _ in range(1_000):
        raw = place.source.read_at(at, 30)
        if len(raw) < 30 or raw[:4] != _LOCAL:
            break
        fields = struct.unpack("<4s5H3I2H", raw)
        name = place.source.read_at(at + 30, fields[9])
        start = at + 30 + fields[9] + fields[10]
        packed, size, _header = _zip64(place.source.read_at(at + 30 + fields[9], fields[10]), fields[7], fields[8], 0)
        entry = Entry(_text(name), name, fields[2], fields[3], fields[6], packed, size, at, 0, start)
        entry.packed = min(packed or place.size, max(0, place.size - start))
        _entry(place, entry, place.scan.facts(place.path))
        if not packed:
            break
        at = start + packed
    return Seen(0)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp437")
