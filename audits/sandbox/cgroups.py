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
def own_groups() -> tuple[tuple[Path, int], ...]:
    """The folders of this process's own groups for memory and tasks, each with its version; empty without."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return ()
    first, second = [], []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller in ("memory", "pids"):
            if controller in controllers.split(","):
                first.append((MOUNTS / controller / path.lstrip("/"), 1))
        if not controllers:
            second.append((MOUNTS / path.lstrip("/"), 2))
    has_memory = any(MOUNTS / "memory" in folder.parents for folder, _ in first)
    return tuple(first if has_memory else second)


@contextlib.contextmanager
def group(*, memory_bytes: int, tasks: int) -> Iterator[Group | None]:
    """A group with these bounds, removed afterwards; None where none can be made."""
    made = Group([])
    name = f"assay-{os.getpid()}-{next(_number)}"
    try:
        for folder, version in own_groups():
            here = folder / name
            here.mkdir()
            made.folders.append(here)
            bounds = {"memory.max": memory_bytes, "memory.swap.max": 0, "pids.max": tasks}
            if version == 1:
                bounds = {"memory.limit_in_bytes": memory_bytes, "pids.max": tasks}
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
        for folder in self.folders:
            for _ in range(50):  # the killed are counted until the kernel has buried them
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.01)
