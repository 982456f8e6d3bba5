"""Keeping several programs running in one terminal: started, started again when they die, stopped in good order."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

# More deaths than this within a minute, and a program will not come up by itself.
DEATHS_ALLOWED = 4
WITHIN_S = 60.0
FIRST_PAUSE_S = 0.5
TICK_S = 0.1


class GivenUp(Exception):
    """A program keeps dying; the message names it."""


class Program:
    """One program that has to run for as long as we do."""

    def __init__(
        self, name: str, command: Sequence[str], *, pass_fds: Sequence[int] = (), grace_s: float = 20.0
    ) -> None:
        self.name, self.command, self.pass_fds, self.grace_s = name, command, pass_fds, grace_s
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths: deque[float] = deque(maxlen=DEATHS_ALLOWED + 1)
        self.due = 0.0

    def start(self, folder: Path, say: Callable[[str], None]) -> None:
        """Start it in a session of its own: Ctrl-C reaches us alone, and we stop it in good order."""
        self.process = subprocess.Popen(  # noqa: S603 - commands of our own
            [*_dies_with_us(), *self.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            pass_fds=self.pass_fds,
            start_new_session=True,
        )
        assert self.process.stdout is not None  # noqa: S101 - it was asked for a pipe
        threading.Thread(target=_echo, args=(self.name, self.process.stdout, say), daemon=True).start()

    def look_after(self, folder: Path, say: Callable[[str], None]) -> None:
        """Start it when it is due; when it has died, clear away what it left and make it due again.

        Raises:
            GivenUp: it has died too often.
        """
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self.start(folder, say)
            return
        code = self.process.poll()
        if code is None:
            return
        self._end_group()
        self.process = None
        self.deaths.append(now)
        recent = sum(death > now - WITHIN_S for death in self.deaths)
        how = f"was killed by signal {-code}" if code < 0 else f"ended by itself with code {code}"
        if recent > DEATHS_ALLOWED:
            raise GivenUp(f"{self.name} {how}, {recent} times within {WITHIN_S:.0f} s; its last lines are above")
        pause = FIRST_PAUSE_S * 2 ** (recent - 1)
        say(f"{self.name} {how}; it is started again in {pause:g} s")
        self.due = now + pause

    def ask_to_stop(self) -> None:
        if self.process is not None:
            self.process.terminate()

    def wait(self, hurry: threading.Event) -> None:
        """Wait until it has stopped; what takes too long, or longer than somebody in a hurry waits, is killed."""
        if self.process is None:
            return
        deadline = time.monotonic() + self.grace_s
        while self.process.poll() is None and time.monotonic() < deadline and not hurry.is_set():
            time.sleep(TICK_S)
        self._end_group()
        self.process.wait()

    def _end_group(self) -> None:
        """Kill what is left of it: a killed program's own children would go on with half of the work."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def keep_running(
    stages: Sequence[Sequence[Program]],
    *,
    folder: Path,
    say: Callable[[str], None],
    stop: threading.Event,
    hurry: threading.Event,
) -> None:
    """Run all programs until ``stop``, then stop them stage by stage, the first stage first.

    Args:
        folder: the programs' working directory.
        say: told each line that a program prints, with its name in front, and what happens to it.
        hurry: set to kill what has not stopped yet.

    Raises:
        GivenUp: one of them keeps dying; the others have been stopped.
    """
    try:
        while not stop.is_set():
            for program in (program for stage in stages for program in stage):
                program.look_after(folder, say)
            stop.wait(TICK_S)
    finally:
        for stage in stages:
            for program in stage:
                program.ask_to_stop()
            for program in stage:
                program.wait(hurry)


def _echo(name: str, lines: IO[bytes], say: Callable[[str], None]) -> None:
    with lines:
        for line in lines:
            say(f"{name:<9} | {line.decode(errors='replace').rstrip()}")


def _dies_with_us() -> list[str]:
    """Have the kernel end a program when we are killed and cannot (Linux only)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
