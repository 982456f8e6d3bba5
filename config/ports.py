"""Which process listens on a port of this machine, as far as the kernel tells us (Linux only)."""

from __future__ import annotations

import contextlib
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"


def listener(port: int, *, proc: Path = PROC) -> tuple[int, str] | None:
    """The number and the command line of who listens on a TCP port.

    None where it cannot be known: nobody does, it is another account's process, or there is no ``/proc``.
    """
    wanted = {f"socket:[{inode}]" for inode in _inodes(port, proc)}
    if not wanted:
        return None
    for process in sorted(proc.glob("[0-9]*"), key=lambda found: int(found.name)):
        with contextlib.suppress(OSError):
            if any(_target(one) in wanted for one in (process / "fd").iterdir()):
                words = (process / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                return int(process.name), b" ".join(words).decode(errors="replace")
    return None


def _inodes(port: int, proc: Path) -> list[str]:
    found = []
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    found.append(fields[9])
    return found


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # closed while we looked
        return ""
