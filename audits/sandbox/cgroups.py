"""A control group for each program, where this process may make one: the kernel then bounds memory and tasks itself.

Version 2 needs the memory and pids controllers delegated to the worker's own group; version 1 its folders writable.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path

_number = itertools.count()
MOUNTS = Path("/sys/fs/cgroup")


@functools.cache
def homes() -> tuple[Path, ...]:
    """Below which folders a group is made: one with all controllers (version 2), or one for each (version 1)."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return ()
    first: list[Path] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            own = MOUNTS / path.lstrip("/")
            # Beside this process's own group rather than below it: a group with processes hands no controller on.
            for home in (own, own.parent):
                if home.is_relative_to(MOUNTS) and _hands_on(home):
                    return (home,)
        first += [MOUNTS / one / path.lstrip("/") for one in ("memory", "pids") if one in controllers.split(",")]
    return tuple(first) if any(MOUNTS / "memory" in home.parents for home in first) else ()


def _hands_on(home: Path) -> bool:
    """Whether groups below a version 2 group have their memory bounded; switched on where that is allowed."""
    control = home / "cgroup.subtree_control"
    try:
        if "memory" not in control.read_text().split():
            control.write_text("+memory +pids")
        return "memory" in control.read_text().split()
    except OSError:
        return False


@functools.cache
def _sweep() -> None:
    """Remove, once per process, the groups of workers that were killed before they could; none that holds a process."""
    for home in homes():
        for left in home.glob("assay-*-*"):
            with contextlib.suppress(OSError, ValueError):
                if not Path(f"/proc/{int(left.name.split('-')[1])}").exists():
                    left.rmdir()


@contextlib.contextmanager
def group(*, memory_bytes: int, tasks: int) -> Iterator[Group | None]:
    """A group with these bounds, removed afterwards; None where none can be made."""
    made = Group([])
    # of version 2, and of version 1
    bounds = {"memory.max": memory_bytes, "memory.swap.max": 0, "pids.max": tasks}
    bounds["memory.limit_in_bytes"] = memory_bytes
    name = f"assay-{os.getpid()}-{next(_number)}"
    try:
        _sweep()
        for home in homes():
            here = home / name
            here.mkdir()
            made.folders.append(here)
            for file, value in bounds.items():
                if (here / file).exists():
                    (here / file).write_text(str(value))
        complete = bool(made.folders) and made.bounds_memory()
    except OSError:
        complete = False
    try:
        yield made if complete else None
    finally:
        made.remove()


class Group:
    """Folders of one group, one for each hierarchy."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders

    def bounds_memory(self) -> bool:
        """Whether one of the folders holds memory down."""
        return any(
            (folder / name).exists() for folder in self.folders for name in ("memory.max", "memory.limit_in_bytes")
        )

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel has ended a process of the group for its memory."""
        for folder in self.folders:
            for name in ("memory.events", "memory.oom_control"):
                with contextlib.suppress(OSError):
                    counts = dict(line.split() for line in (folder / name).read_text().splitlines())
                    if counts.get("oom_kill", "0") != "0":
                        return True
        return False

    def remove(self) -> None:
        """Remove the folders, once whoever was in them is gone; what stays is swept by a later process."""
        for folder in self.folders:
            for _ in range(50):  # the killed are counted until the kernel has buried them
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.01)
