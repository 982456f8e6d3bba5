"""The portals of this checkout that run right now: each holds a lock, which ends with its process however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def noted(folder: Path, *, port: int) -> Iterator[None]:
    """Count this process among the running portals for as long as the block lasts.

    A second portal of the same checkout on the same port cannot be: the port is taken before this is asked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"serve-{port}.lock").open("a+") as note:
        fcntl.flock(note, fcntl.LOCK_SH)
        note.truncate(0)
        note.write(str(os.getpid()))
        note.flush()
        yield


def running(folder: Path) -> list[tuple[int, str]]:
    """The ports of the running portals, each with its process number as text."""
    found = []
    for path in sorted(folder.glob("serve-*.lock")):
        with contextlib.suppress(OSError), path.open("a+") as note:
            try:
                fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                note.seek(0)
                found.append((int(path.stem.removeprefix("serve-")), note.read().strip()))
    return found
