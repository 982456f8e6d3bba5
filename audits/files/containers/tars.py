"""tar: read header by header, members looked at where they stand."""

from __future__ import annotations

from audits.files.containers.paths import Names, escapes
from audits.files.limits import OverLimit
from audits.files.places import Place, Seen

BLOCK = 512
_LONGEST_NAME = 1 << 16
_FILES, _LINKS, _SPECIAL = b"0\x007", b"12", b"346"


def inspect(place: Place) -> Seen:
    """Scan all members; links, devices and what stands behind the end are findings."""
    source, names = place.source, Names(place)
    at = inspected = tensor = 0
    long_name = long_link = ""
    while at + BLOCK <= place.size:
        header = source.read_at(at, BLOCK)
        if not header.strip(b"\0"):
            break
        size = _number(header[124:136])
        if size is None or not _sum_fits(header):
            place.note("files.broken", why="header", at=at)
            place.not_inspected("broken", place.size - at)
            return Seen(inspected, tensor)
        kind, start = header[156:157], at + BLOCK
        after = start + -(-size // BLOCK) * BLOCK
        if start + size > place.size:
            place.note("files.broken", why="truncated", at=at)
            size = place.size - start
            after = place.size
        inspected += BLOCK
        padding = after - start - size
        name = long_name or _name(header)
        if kind in (b"L", b"K", b"x", b"g"):
            raw = source.read_at(start, min(size, _LONGEST_NAME))
            if kind == b"L":
                long_name = raw.rstrip(b"\0").decode("utf-8", "replace")
            elif kind == b"K":
                long_link = raw.rstrip(b"\0").decode("utf-8", "replace")
            else:
                extended = _extended(raw)
                long_name = extended.get("path", long_name)
                long_link = extended.get("linkpath", long_link)
                if "size" in extended or any(key.startswith("GNU.sparse") for key in extended):
                    place.note("files.headers_disagree", name)
            inspected += min(size, _LONGEST_NAME) + padding
            place.not_inspected("too_long", size - _LONGEST_NAME)
            at = after
            continue
        shown = names.take(name)
        if kind in (b"1", b"2"):
            target = long_link or header[157:257].split(b"\0")[0].decode("utf-8", "replace")
            place.note("files.link", f"{shown} -> {target}")
            if escapes(target):
                place.note("files.path_escapes", f"{shown} -> {target}")
        elif kind in (b"3", b"4", b"6"):
            place.note("files.special_file", shown)
        if kind != b"5" and size:
            try:
                place.scan.budget.member()
            except OverLimit as over:
                place.not_inspected(over.which, place.size - start)
                return Seen(inspected, tensor)
            seen = place.scan.inside(source.window(start, size), f"{place.path}!/{shown}", place.depth + 1)
            inspected, tensor = inspected + seen.inspected + padding, tensor + seen.tensor_data
        else:
            inspected += size + padding if kind == b"5" else 0
        long_name = long_link = ""
        at = after
    ends = 2 * BLOCK if not source.read_at(at, 2 * BLOCK).strip(b"\0") else 0
    inspected += min(ends, max(0, place.size - at))
    return Seen(inspected + place.rest(at + ends), tensor)


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
