"""Writing a report's document: section by section to temporary files, then as one canonical file with an index.

The index tells of every item where it lies in the file and its digest, so that a page reads only what it shows and two
editions are compared without reading what is the same.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Self

from audits.digests import canonical, plain_bytes

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """JSON that is canonical already, as the results of audits are stored: it is written as it is."""

    data: bytes


def encoded(value: Any) -> bytes:
    """RFC 8785 JSON of a value that may hold ``Stored`` parts.

    Raises:
        rfc8785.CanonicalizationError: a value that has no such JSON.
    """
    kind = type(value)
    if kind is Stored:
        return bytes(value.data)
    if (plain := plain_bytes(value)) is not None:
        return plain
    if kind is dict:
        names = sorted(value, key=_by_code_unit)
        return b"{" + b",".join(canonical(name) + b":" + encoded(value[name]) for name in names) + b"}"
    if kind is list:
        return b"[" + b",".join(map(encoded, value)) + b"]"
    return canonical(value)


def _scratch() -> IO[bytes]:
    """A file without a name, which goes when it is closed."""
    return tempfile.TemporaryFile(prefix="assay-report-")  # noqa: SIM115 (whoever asked for the content closes it)


def _by_code_unit(name: str) -> bytes:
    return name.encode("utf-16-be")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item lies, and its digest. ``offset`` counts from the beginning of what it lies in."""

    key: str
    title: str
    offset: int
    length: int
    sha256: str

    def moved(self, by: int) -> Place:
        return Place(self.key, self.title, self.offset + by, self.length, self.sha256)


@dataclass
class Section:
    """One value of ``content`` in a temporary file, with the places of its items where it is a list of them."""

    file: IO[bytes]
    length: int = 0
    places: list[Place] = field(default_factory=list)

    @classmethod
    def of_items(cls, items: Iterable[tuple[str, Mapping[str, Any]]]) -> Section:
        """Write items, each with its title; they are not kept in memory.

        Raises:
            ValueError: two of them have one key.
        """
        made = cls(_scratch())
        try:
            made._add(items)
        except BaseException:
            made.file.close()
            raise
        return made

    def _add(self, items: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        self._write(b"[")
        known = set()
        for title, item in items:
            data, key = encoded(item), str(item["key"])
            if key in known:
                raise ValueError(f"two items of a section have the key {key}")
            known.add(key)
            if self.places:
                self._write(b",")
            self.places.append(Place(key, title, self.length, len(data), hashlib.sha256(data).hexdigest()))
            self._write(data)
        self._write(b"]")

    @classmethod
    def of_value(cls, value: Any) -> Section:
        made = cls(_scratch())
        made._write(encoded(value))
        return made

    def _write(self, data: bytes) -> None:
        self.file.write(data)
        self.length += len(data)

    def read(self, place: Place) -> bytes:
        self.file.seek(place.offset)
        return self.file.read(place.length)

    def chunks(self) -> Iterator[bytes]:
        self.file.seek(0)
        while chunk := self.file.read(CHUNK):
            yield chunk


@dataclass(frozen=True)
class Content:
    """The sections as they were read, and the digest of all of them together as they will stand in the document."""

    sections: Mapping[str, Section]
    sha256: str

    @classmethod
    def of(cls, sections: Mapping[str, Section]) -> Content:
        digest = hashlib.sha256()
        for chunk in _object(sections):
            digest.update(chunk)
        return cls(sections, digest.hexdigest())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for section in self.sections.values():
            section.file.close()


def _object(sections: Mapping[str, Section]) -> Iterator[bytes]:
    yield b"{"
    for place, name in enumerate(sorted(sections)):
        yield (b"," if place else b"") + canonical(name) + b":"
        yield from sections[name].chunks()
    yield b"}"


@dataclass(frozen=True)
class Written:
    """A document in a temporary file and its index."""

    file: IO[bytes]
    index: dict[str, Any]


def assemble(*, format: str, cover: Mapping[str, Any], content: Content, differences: Mapping[str, Any]) -> Written:
    """Write the whole document, names in canonical order."""
    out = _scratch()
    parts: dict[str, list[int]] = {}
    items: dict[str, list[list[Any]]] = {}
    out.write(b'{"content":{')
    for number, name in enumerate(sorted(content.sections)):
        section = content.sections[name]
        out.write((b"," if number else b"") + canonical(name) + b":")
        begins = out.tell()
        for chunk in section.chunks():
            out.write(chunk)
        parts[name] = [begins, section.length]
        if section.places:
            moved = (place.moved(begins) for place in section.places)
            items[name] = [[one.key, one.title, one.offset, one.length, one.sha256] for one in moved]
    out.write(b"}")
    for name, value in (("cover", cover), ("differences", differences), ("format", format)):
        data = encoded(value)
        out.write(b"," + canonical(name) + b":")
        parts[name] = [out.tell(), len(data)]
        out.write(data)
    out.write(b"}")
    out.flush()
    out.seek(0)
    return Written(out, {"parts": parts, "items": items})
