"""Looking at a program from outside: its processes, their memory and threads; and ending all of them."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Use:
    """Resident bytes now, the highest they have been, and threads, over a process and all below it."""

    resident: int = 0
    peak: int = 0
    threads: int = 0


def family(pid: int) -> list[int]:
    """The process and all that descend from it, those above first."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        with contextlib.suppress(OSError):
            for task in (PROC / str(one) / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
    return found


def use(pid: int) -> Use:
    """What the family of a process uses at this moment."""
    resident = peak = threads = 0
    for one in family(pid):
        with contextlib.suppress(OSError, ValueError, KeyError):
            lines = (PROC / str(one) / "status").read_text().splitlines()
            fields = dict(line.split(":", 1) for line in lines)
            resident += int(fields["VmRSS"].split()[0]) << 10
            peak += int(fields["VmHWM"].split()[0]) << 10
            threads += int(fields["Threads"])
    return Use(resident, peak, threads)


def end(pid: int) -> None:
    """Kill the group of a process that leads one, and what has left the group."""
    members = family(pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    for one in members[1:]:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(one, signal.SIGKILL)
