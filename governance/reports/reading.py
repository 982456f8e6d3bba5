"""Reading a stored edition: a part or a run of items at a time, however long the document is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any, Self

from audits import blobs
from audits.kinds.base import InputsRejected
from governance.reports.models import Edition
from governance.reports.writing import Place


class DocumentGone(Exception):
    """The bytes of an edition are not in the store, or not those that were stored."""


@dataclass
class StoredDocument:
    """The document of an edition, open for reading. Close it, or use it in a ``with``.

    ``cover``, ``differences`` and ``section`` give parts as they stand in the document (``shapes``); ``items`` reads
    one item after the other.
    """

    file: IO[bytes]
    index: Mapping[str, Any]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    @cached_property
    def cover(self) -> dict[str, Any]:
        found: dict[str, Any] = self._part("cover")
        return found

    @cached_property
    def differences(self) -> dict[str, Any]:
        found: dict[str, Any] = self._part("differences")
        return found

    def section(self, name: str) -> Any:
        """A whole section; for a long list use ``items``."""
        return self._part(name)

    def count(self, name: str) -> int:
        """How many items a section has."""
        return len(self.index["items"].get(name, ()))

    def places(self, name: str) -> Sequence[Place]:
        """Where the items of a section lie, in order."""
        return [Place(*one) for one in self.index["items"].get(name, ())]

    def items(self, name: str, *, start: int = 0, stop: int | None = None) -> Iterator[dict[str, Any]]:
        """The items of a section, in order, from ``start`` until before ``stop``."""
        for _key, _title, offset, length, _sha256 in self.index["items"].get(name, ())[start:stop]:
            yield json.loads(self._bytes(offset, length))

    def read(self, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._bytes(place.offset, place.length))
        return found

    def _part(self, name: str) -> Any:
        return json.loads(self._bytes(*self.index["parts"][name]))

    def _bytes(self, offset: int, length: int) -> bytes:
        self.file.seek(offset)
        return self.file.read(length)


def open_document(edition: Edition, *, checked: bool = False) -> StoredDocument:
    """Open the document of an edition.

    Args:
        checked: read it through once first and hold it against its digest, as whoever hands it out does.

    Raises:
        DocumentGone: it cannot be read.
    """
    try:
        index = json.loads(blobs.read_checked(edition.index_sha256))
        opened = blobs.open_checked if checked else blobs.open_unchecked
        return StoredDocument(opened(edition.document_sha256), index)
    except InputsRejected as gone:
        raise DocumentGone(f"the document of {edition} cannot be read: {gone}") from gone
