"""Which versions a change makes stale."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from governance.licensing.closure import versions_below


class Affected:
    """The versions whose licence evidence a change has made stale. They are looked up when somebody asks."""

    def __init__(self, *, below: Iterable[int], of: Iterable[int]) -> None:
        self._below, self._of = sorted(set(below)), sorted(set(of))

    @property
    def is_any(self) -> bool:
        return bool(self._below or self._of)

    @cached_property
    def version_ids(self) -> list[int]:
        """One query, whatever the depth."""
        return versions_below(self._below, of=self._of)
