"""Looking at a program from outside: its processes, their memory and threads; and ending all of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
# For walls to notice that what is behind them is dead, and to end.
BURIAL_S = 1.0


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


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads a group, its group, and what has left the group; those inside first, so that what
    started them buries them."""
    for one in reversed(family(process.pid)[1:]):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(one, signal.SIGKILL)
    if len(family(process.pid)) > 1:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(BURIAL_S)
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
