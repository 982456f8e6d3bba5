"""How well this machine keeps a stranger's program apart. Found out by starting one, once per process."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from audits.sandbox import cgroups, walls
from audits.sandbox.cell import Cell
from audits.sandbox.inside import landlock, seccomp
from audits.sandbox.levels import Isolation, Level
from audits.sandbox.limits import MB, Limits
from audits.sandbox.refusals import NotIsolated, Stopped

# For a start, which answers with some words.
FEW = Limits(memory_bytes=256 * MB, seconds=20, answer_seconds=20, answer_bytes=MB)


@functools.cache
def probe() -> Isolation:
    """The best isolation that this machine offers, proven by a start; kept for the life of the process."""
    return next(offered())


def offered() -> Iterator[Isolation]:
    """Every isolation that this machine offers, best first; at last L0, which always is."""
    lacking: list[str] = []
    version, filters = landlock.abi(), seccomp.offered()
    if not version:
        lacking.append("the kernel offers no Landlock")
    if not filters:
        lacking.append("seccomp filters are not offered, or not known here for this processor")
    if not lacking:
        present = walls.available()
        with cgroups.group(memory_bytes=1 << 30, tasks=8) as made:
            bounded = made is not None
        for wall in (walls.BWRAP, walls.UNSHARE, walls.NONE):
            if wall not in present:
                lacking.append(f"{wall} is not installed")
                continue
            level = Level.L1 if wall == walls.NONE else Level.L2
            one = Isolation(level, wall, version, filters, False, tuple(lacking))
            why = starts(one)
            if why:
                lacking.append(f"{wall} does not work here: {why}")
                continue
            if wall == walls.BWRAP and bounded:
                yield Isolation(Level.L3, wall, version, filters, True)
            if not bounded:
                one = Isolation(level, wall, version, filters, False, (*lacking, "no control group can be made"))
            yield one
    yield Isolation(Level.L0, lacking=tuple(lacking))


def starts(isolation: Isolation) -> str:
    """Why nothing can be started with this isolation; empty where it can."""
    try:
        with Cell(None, limits=FEW, isolation=isolation, lowest=Level.L1):
            return ""
    except (NotIsolated, Stopped, OSError) as failed:
        return " ".join(f"{failed} {getattr(failed, 'said', '')}".split())[:300]
