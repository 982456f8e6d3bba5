"""How well a stranger's program is kept apart: the ladder, and what a step of it is made of."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from audits.sandbox import walls


class Level(IntEnum):
    """The ladder. A result names the level that it was made at."""

    L0 = 0
    """Nothing that holds: no model is executed."""
    L1 = 1
    """Landlock, seccomp and rlimits, among the machine's own processes."""
    L2 = 2
    """These, in namespaces of its own: no network, no other process to be seen."""
    L3 = 3
    """These, with a root of its own by bubblewrap, and memory and tasks bounded by a control group."""


# Below this no model is executed unless the operator says so.
LOWEST = Level.L2


@dataclass(frozen=True)
class Isolation:
    """The level and what it is made of.

    Attributes:
        wall: ``bwrap``, ``unshare`` or ``none``.
        landlock: the version of its ABI, 0 without.
        lacking: what stands between this level and the next one, in words.
    """

    level: Level
    wall: str = walls.NONE
    landlock: int = 0
    seccomp: bool = False
    cgroup: bool = False
    lacking: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """For results: JSON-ready."""
        return {
            "level": self.level.name,
            "wall": self.wall,
            "landlock": self.landlock,
            "seccomp": self.seccomp,
            "cgroup": self.cgroup,
            "worker_is_root": os.geteuid() == 0,
            "lacking": list(self.lacking),
        }
