"""How much a scan may unpack, open and nest. What lies beyond is not inspected, and that is never a pass."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of one scan.

    ``ratio`` is bytes unpacked to bytes packed and counts from ``free`` unpacked bytes of one member on;
    ``unpacked`` and ``members`` are for the whole scan, ``depth`` is how far containers lie inside each other,
    ``size`` is of a single file.
    """

    depth: int = 8
    members: int = 20_000
    unpacked: int = 8 << 30
    ratio: int = 200
    free: int = 32 << 20
    size: int = 64 << 30


class OverLimit(Exception):
    """A bound is reached; ``which`` says which one."""

    def __init__(self, which: str) -> None:
        super().__init__(which)
        self.which = which


class Budget:
    """What is left of the bounds."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._members, self._unpacked = limits.members, limits.unpacked

    def member(self) -> None:
        """Raises OverLimit where no further member may be opened."""
        if self._members <= 0:
            raise OverLimit("members")
        self._members -= 1

    def unpack(self, more: int, *, so_far: int, packed: int) -> None:
        """Take ``more`` unpacked bytes of a member that has ``so_far`` with them. Raises OverLimit."""
        self._unpacked -= more
        if self._unpacked < 0:
            raise OverLimit("unpacked")
        if so_far > self.limits.free and so_far > self.limits.ratio * max(packed, 1):
            raise OverLimit("ratio")
