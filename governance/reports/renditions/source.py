"""What a form is drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol


class Document(Protocol):
    """A frozen document that is read a part or an item at a time (``governance.reports.reading.StoredDocument``)."""

    @property
    def cover(self) -> dict[str, Any]: ...

    @property
    def differences(self) -> dict[str, Any]: ...

    def section(self, name: str) -> Any: ...

    def count(self, name: str) -> int: ...

    def items(self, name: str, *, start: int = 0, stop: int | None = None) -> Iterator[dict[str, Any]]: ...


@dataclass(frozen=True)
class Source:
    """A document with the digest of its bytes, which it cannot hold itself."""

    document: Document
    sha256: str
