"""What turns up beside while decisions and versions are read, for the sections that are written after them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from governance.reports.shapes import Subject


@dataclass(frozen=True)
class Gap:
    """Something that was not checked. ``place`` tells it apart from others with the same code."""

    code: str
    place: str
    subject: Subject
    use_case: str | None
    params: dict[str, Any]


@dataclass
class Gaps:
    """What was not checked, in the order in which it was found, and what the report rests on."""

    rows: list[Gap] = field(default_factory=list)
    policies: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    packages: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    plans: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)

    def add(self, code: str, subject: Subject, use_case: str | None = None, *, of: str = "", **params: Any) -> None:
        """Note a gap of a version; ``of`` names what in it is meant, where there may be several."""
        place = f"{subject['digest']}:{of}" if of else subject["digest"]
        self.rows.append(Gap(code, place, subject, use_case, params))

    def note(self, digest: Any, known: set[str]) -> None:
        """Note a digest, where there is one."""
        if isinstance(digest, str):
            known.add(digest)
