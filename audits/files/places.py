"""What an engine is given, and what it gives back: a file or a member of one, and how many of its bytes it read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from audits.files.limits import Budget
from audits.files.notes import Notes
from audits.files.sources import Source


@dataclass(frozen=True)
class Seen:
    """How many bytes were read as what they are, and of these how many are a tensor's numbers, which nothing runs."""

    inspected: int
    tensor_data: int = 0


class Scan(Protocol):
    """The scan that engines belong to."""

    @property
    def notes(self) -> Notes: ...

    @property
    def budget(self) -> Budget: ...

    def inside(self, source: Source, path: str, depth: int, *, tensor_bytes: int | None = None) -> Seen:
        """Scan what was found inside something else; ``tensor_bytes`` is the size that a tensor at that place has."""

    def elsewhere(self, path: str, model: str, end: int) -> None:
        """Say that a model has a tensor in another file, which ends there at ``end``; 0 where that is not said."""

    def signature(self, path: str, raw: bytes) -> None:
        """Say that a file is a signature of a model; it is checked when all files are read."""

    def facts(self, path: str) -> dict[str, Any]:
        """What engines tell each other of a container: torch storages by the folder they belong in."""


@dataclass(frozen=True)
class Place:
    """A run of bytes with the path that it is reported under; members are ``container!/member``."""

    source: Source
    path: str
    depth: int
    scan: Scan
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.source.size

    @property
    def name(self) -> str:
        return self.path.rsplit("!/", 1)[-1].rsplit("/", 1)[-1]

    def note(self, code: str, name: str = "", **params: Any) -> None:
        """Note a finding about these bytes; see ``Notes.add``."""
        self.scan.notes.add(code, self.path, name, **params)

    def not_inspected(self, why: str, size: int) -> None:
        """Note that so many of these bytes were not inspected; nothing where there are none."""
        if size > 0:
            self.note("files.not_inspected", why=why, bytes=size)

    def rest(self, start: int, *, what: str = "trailing") -> int:
        """Look at what stands behind the end of a format; gives how many of these bytes were inspected."""
        left = self.size - start
        if left <= 0 or self.source.is_zero(start):
            return max(0, left)
        self.note("files.trailing_data", bytes=left)
        return self.scan.inside(self.source.window(start, left), f"{self.path}!/{what}", self.depth + 1).inspected


Engine = Callable[[Place], Seen]
