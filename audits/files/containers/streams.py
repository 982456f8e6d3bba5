"""gzip, zlib, bzip2, xz and lzma: one packed stream or several in a row, with what stands behind them."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import IO, Any

from audits.files.limits import Budget, OverLimit
from audits.files.places import Place, Seen
from audits.files.sources import CHUNK, Source, unpacked

_PIECE = 1 << 20
_LZMA_MEMORY = 128 << 20
LARGEST_DICTIONARY = 64 << 20
"""Bytes that LZMA may ask for to look back; what asks for more is not unpacked."""
_MAGIC = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00", "lzma": b"\x5d\x00\x00", "zlib": b""}
FORMS = tuple(_MAGIC)
# Of these nobody reads a second one behind the first.
_ALONE = ("zlib", "lzma")
_ENDINGS = {".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".gz": "", ".bz2": "", ".xz": ""}


class Damaged(ValueError):
    """The packed bytes cannot be unpacked; ``why`` says what stops it, ``at`` where."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.why, self.at = why, at


def decoder(form: str) -> Any:
    """An incremental decompressor."""
    if form == "gzip":
        return zlib.decompressobj(31)
    if form == "deflate":
        return zlib.decompressobj(-15)
    if form == "zlib":
        return zlib.decompressobj()
    if form == "bzip2":
        return bz2.BZ2Decompressor()
    if form == "lzma":
        return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LZMA_MEMORY)
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY)


def lzma1(properties: bytes) -> dict[str, Any] | None:
    """The filter of LZMA by its five bytes of properties, for liblzma; None where they are none, or ask for too much.

    Source: the LZMA specification of the LZMA SDK (public domain): the first byte is (pb * 5 + lp) * 9 + lc.
    """
    if len(properties) != 5 or properties[0] >= 225:
        return None
    size, (pb, rest) = int.from_bytes(properties[1:], "little"), divmod(properties[0], 45)
    if size > LARGEST_DICTIONARY:
        return None
    return {"id": lzma.FILTER_LZMA1, "lc": rest % 9, "lp": rest // 9, "pb": pb, "dict_size": max(size, 4096)}


def unpack(
    source: Source, made: Any, out: IO[bytes], budget: Budget, *, packed: int, so_far: int = 0
) -> tuple[int, int]:
    """Unpack one stream into ``out``; gives the packed bytes that it took, and how many came out with ``so_far``.

    Raises:
        OverLimit: a bound is reached.
        Damaged: the bytes do not unpack, or end too early.
    """
    taken, total = 0, so_far
    is_zlib = hasattr(made, "unconsumed_tail")
    try:
        while not made.eof:
            chunk = source.read_at(taken, CHUNK)
            if not chunk:
                raise Damaged("truncated", taken)
            taken += len(chunk)
            while True:
                piece = made.decompress(chunk, _PIECE)
                total += len(piece)
                budget.unpack(len(piece), so_far=total, packed=packed)
                out.write(piece)
                if made.eof:
                    break
                chunk = made.unconsumed_tail if is_zlib else b""
                if is_zlib and not chunk and len(piece) < _PIECE:
                    break
                if not is_zlib and made.needs_input:
                    break
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as damaged:
        if isinstance(damaged, Damaged):
            raise
        raise Damaged(type(damaged).__name__, taken) from damaged
    return taken - len(made.unused_data), total


def inspect(place: Place, form: str) -> Seen:
    """Unpack all streams of a packed file and scan what comes out as one file."""
    with unpacked() as out:
        at = total = 0
        why = ""
        while at < place.size and place.source.read_at(at, len(_MAGIC[form])) == _MAGIC[form]:
            try:
                packed = place.source.window(at, place.size - at)
                taken, total = unpack(packed, decoder(form), out, place.scan.budget, packed=place.size, so_far=total)
            except Damaged as damaged:
                place.note("files.broken", why=damaged.why, at=at + damaged.at)
                why = "broken"
                total = out.tell()
                break
            except OverLimit as over:
                place.note("files.expands", why=over.which)
                place.not_inspected(over.which, place.size)
                return Seen(0)
            at += taken
            if form in _ALONE:
                break
        source = Source(out, out.tell())
        seen = place.scan.inside(source, f"{place.path}!/{_inner_name(place.name)}", place.depth + 1)
    missing = -(-at * (source.size - seen.inspected) // max(source.size, 1))
    if why:
        place.not_inspected(why, place.size - at)
        return Seen(max(0, at - missing))
    return Seen(at - missing + place.rest(at))


def _inner_name(name: str) -> str:
    for ending, instead in _ENDINGS.items():
        if name.lower().endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)] + instead
    return "content"
