"""tar: read header by header, members looked at where they stand."""

from __future__ import annotations

from dataclasses import dataclass

from audits.files.containers.paths import Names, escapes
from audits.files.limits import OverLimit
from audits.files.places import Place, Seen
from audits.files.sources import Source

BLOCK = 512
_LONGEST_NAME = 1 << 16


@dataclass
class _Long:
    """Names that did not fit into the header that follows."""

    name: str = ""
    link: str = ""


def inspect(place: Place) -> Seen:
    """Scan all members; links, devices and what stands behind the end are findings."""
    source, names = place.source, Names(place)
    at = inspected = tensor = 0
    long = _Long()
    while at + BLOCK <= place.size:
        header = source.read_at(at, BLOCK)
        if not header.strip(b"\0"):
            break
        size = _number(header[124:136])
        if size is None or not _sum_fits(header):
            place.note("files.broken", why="header", at=at)
            place.not_inspected("broken", place.size - at)
            return Seen(inspected, tensor)
        start = at + BLOCK
        at = min(place.size, start + -(-size // BLOCK) * BLOCK)
        if start + size > place.size:
            place.note("files.broken", why="truncated", at=place.size)
            size = place.size - start
        body, padding = source.window(start, size), at - start - size
        inspected += BLOCK + padding
        if header[156:157] in (b"L", b"K", b"x", b"g"):
            inspected += _extension(place, header[156:157], body, long)
            continue
        try:
            seen = _member(place, header, body, names, long)
        except OverLimit as over:
            place.not_inspected(over.which, place.size - start)
            return Seen(inspected, tensor)
        inspected, tensor, long = inspected + seen.inspected, tensor + seen.tensor_data, _Long()
    ends = min(2 * BLOCK, place.size - at) if not source.read_at(at, 2 * BLOCK).strip(b"\0") else 0
    return Seen(inspected + ends + place.rest(at + ends), tensor)


def _extension(place: Place, kind: bytes, body: Source, long: _Long) -> int:
    """Take names from a header of GNU or pax; gives the bytes read."""
    raw = body.read_at(0, _LONGEST_NAME)
    if kind == b"L":
        long.name = raw.rstrip(b"\0").decode("utf-8", "replace")
    elif kind == b"K":
        long.link = raw.rstrip(b"\0").decode("utf-8", "replace")
    else:
        extended = _extended(raw)
        long.name, long.link = extended.get("path", long.name), extended.get("linkpath", long.link)
        if "size" in extended or any(key.startswith("GNU.sparse") for key in extended):
            place.note("files.headers_disagree", long.name or "pax")
    place.not_inspected("too_long", body.size - len(raw))
    return len(raw)


def _member(place: Place, header: bytes, body: Source, names: Names, long: _Long) -> Seen:
    kind, shown = header[156:157], names.take(long.name or _name(header))
    if kind in (b"1", b"2"):
        target = long.link or header[157:257].split(b"\0")[0].decode("utf-8", "replace")
        place.note("files.link", f"{shown} -> {target}")
        if escapes(target):
            place.note("files.path_escapes", f"{shown} -> {target}")
    elif kind == b"S":
        place.note("files.headers_disagree", f"{shown}: sparse")  # its bytes are put in other places
    elif kind in (b"3", b"4", b"6"):
        place.note("files.special_file", shown)
    if kind == b"5" or not body.size:
        return Seen(body.size)
    place.scan.budget.member()
    return place.scan.inside(body, f"{place.path}!/{shown}", place.depth + 1)


def _number(raw: bytes) -> int | None:
    if raw[:1] and raw[0] & 0x80:
        number = int.from_bytes(bytes([raw[0] & 0x7F]) + raw[1:], "big")
        return number if number < 1 << 62 else None
    text = raw.strip(b" \0")
    if not text:
        return 0
    try:
        return max(0, int(text, 8))
    except ValueError:
        return None


def _sum_fits(header: bytes) -> bool:
    wanted = _number(header[148:156])
    return wanted == sum(header[:148]) + 8 * 32 + sum(header[156:])


def _name(header: bytes) -> str:
    name = header[:100].split(b"\0")[0]
    if header[257:262] == b"ustar" and header[345:500].strip(b"\0"):
        name = header[345:500].split(b"\0")[0] + b"/" + name
    return name.decode("utf-8", "replace")


def _extended(raw: bytes) -> dict[str, str]:
    """The records of a pax header: ``length key=value``, one after the other."""
    found: dict[str, str] = {}
    at = 0
    while at < len(raw):
        space = raw.find(b" ", at, at + 20)
        digits = raw[at:space] if space > at else b""
        if not digits.isdigit() or int(digits) <= space - at:
            break
        key, _, value = raw[space + 1 : at + int(digits)].rstrip(b"\n").partition(b"=")
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        at += int(digits)
    return found
