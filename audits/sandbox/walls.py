"""The command that puts a program behind walls: bubblewrap, or unshare, or nothing but what it does to itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from audits.sandbox.runtime import TOP

BWRAP, UNSHARE, NONE = "bwrap", "unshare", "none"
NOBODY = "65534"


def available() -> list[str]:
    """The walls whose programs are on the PATH, best first."""
    return [wall for wall in (BWRAP, UNSHARE) if shutil.which(wall)] + [NONE]


def command(wall: str, inner: Sequence[str], *, readable: Sequence[Path]) -> list[str]:
    """What to start so that ``inner`` runs behind ``wall`` and finds what is readable at the same paths."""
    if wall == NONE:
        return list(inner)
    program = shutil.which(wall)
    if program is None:
        raise FileNotFoundError(f"{wall} is not on the PATH")
    if wall == UNSHARE:
        # No name inside for the user: what is not mapped has no rights and gets none.
        spaces = ["--user", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child"]
        # It does not end with its parent by itself; setpriv comes from the same package.
        setpriv = shutil.which("setpriv")
        end = [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
        return [*end, program, *spaces, "--", *inner]
    spaces = ["--unshare-user", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-pid"]
    spaces += ["--unshare-cgroup-try", "--uid", NOBODY, "--gid", NOBODY, "--hostname", "inside"]
    return [
        *(program, *spaces, "--die-with-parent", "--as-pid-1", "--cap-drop", "ALL"),
        *_tree(readable),
        *("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"),
        *inner,
    ]


def _tree(readable: Sequence[Path]) -> list[str]:
    """A root that holds what is readable, read-only, and the machine's own links between its library folders."""
    arguments: list[str] = []
    for top in TOP:
        if os.path.islink(top):
            arguments += ["--symlink", os.readlink(top), top]
        elif os.path.isdir(top):
            arguments += ["--ro-bind", top, top]
    # a folder before what lies in it, and what lies in it only where it is not there by then
    placed: list[Path] = []
    for path in sorted(set(readable)):
        if not any(path.is_relative_to(folder) for folder in placed):
            placed.append(path)
            arguments += ["--ro-bind", str(path), str(path)]
    return arguments
