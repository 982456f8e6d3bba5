"""Programs that are kept running: started again when they die, given up when they keep dying, stopped in order."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import supervision
from config.supervision import GivenUp, Program, keep_running
from tests.conftest import eventually

# Says that it runs, and waits; on SIGTERM it says so and ends.
WAITS = """
import os, signal, sys, time
def end(*_):
    print("stopping", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("pid", os.getpid(), flush=True)
while True:
    time.sleep(1)
"""
STUBBORN = WAITS.replace("    sys.exit()\n", "")
WITH_A_CHILD = "import subprocess, sys; subprocess.Popen(['sleep', '600']);\n" + WAITS


class Terminal:
    """The lines that a run of programs prints, and the ways to end it."""

    def __init__(self, folder: Path, *stages: list[Program]) -> None:
        self.lines: list[str] = []
        self.stop, self.hurry = threading.Event(), threading.Event()
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._run, args=(folder, stages))
        self.thread.start()

    def _run(self, folder: Path, stages: tuple[list[Program], ...]) -> None:
        try:
            keep_running(stages, folder=folder, say=self.lines.append, stop=self.stop, hurry=self.hurry)
        except GivenUp as error:
            self.error = error

    def pids(self, name: str) -> list[int]:
        started = [line for line in self.lines if line.startswith(f"{name:<9} | pid ")]
        return [int(line.rsplit(" ", 1)[1]) for line in started]

    def says(self, text: str) -> bool:
        return eventually(lambda: any(text in line for line in self.lines))


def program(name: str, code: str = WAITS, *, grace_s: float = 20.0) -> Program:
    return Program(name, [sys.executable, "-c", code], grace_s=grace_s)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    running: list[Terminal] = []
    yield running
    for terminal in running:
        terminal.stop.set()
        terminal.hurry.set()
        terminal.thread.join(30)
        assert not terminal.thread.is_alive()


def test_a_killed_program_is_started_again_and_the_others_are_left_alone(tmp_path, terminals):
    terminal = Terminal(tmp_path, [program("web"), program("beat")])
    terminals.append(terminal)
    assert eventually(lambda: len(terminal.pids("web")) == len(terminal.pids("beat")) == 1)

    os.kill(terminal.pids("web")[0], signal.SIGKILL)

    assert eventually(lambda: len(terminal.pids("web")) == 2)
    assert terminal.says("web was killed by signal 9; it is started again in 0.5 s")
    assert len(terminal.pids("beat")) == 1


def test_what_a_killed_program_had_started_is_ended_with_it(tmp_path, terminals):
    terminal = Terminal(tmp_path, [program("worker", WITH_A_CHILD)])
    terminals.append(terminal)
    assert eventually(lambda: len(terminal.pids("worker")) == 1)
    first = terminal.pids("worker")[0]
    (child,) = (int(pid) for pid in Path(f"/proc/{first}/task/{first}/children").read_text().split())

    os.kill(first, signal.SIGKILL)

    assert eventually(lambda: len(terminal.pids("worker")) == 2)
    assert eventually(lambda: not Path(f"/proc/{child}/cmdline").exists() or not _words(child))


def _words(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()  # empty once it is dead and nobody has asked how it ended


def test_a_program_that_keeps_dying_is_given_up_and_the_others_are_stopped(tmp_path, terminals, monkeypatch):
    monkeypatch.setattr(supervision, "FIRST_PAUSE_S", 0.01)
    terminal = Terminal(tmp_path, [program("beat", "print('no broker'); raise SystemExit(7)"), program("web")])
    terminals.append(terminal)

    terminal.thread.join(60)

    assert str(terminal.error) == "beat ended by itself with code 7, 5 times within 60 s; its last lines are above"
    assert terminal.lines.count("beat      | no broker") == 5
    assert not Path(f"/proc/{terminal.pids('web')[0]}").exists()


def test_programs_are_stopped_stage_by_stage(tmp_path, terminals):
    terminal = Terminal(tmp_path, [program("web")], [program("worker")])
    terminals.append(terminal)
    assert eventually(lambda: len(terminal.pids("web")) == len(terminal.pids("worker")) == 1)

    terminal.stop.set()
    terminal.thread.join(30)

    assert [line for line in terminal.lines if "stopping" in line] == ["web       | stopping", "worker    | stopping"]
    assert not any("started again" in line for line in terminal.lines)


@pytest.mark.parametrize("hurried", [False, True])
def test_a_program_that_does_not_stop_is_killed_after_its_time_or_when_somebody_is_in_a_hurry(
    tmp_path, terminals, hurried
):
    terminal = Terminal(tmp_path, [program("worker", STUBBORN, grace_s=600 if hurried else 0.5)])
    terminals.append(terminal)
    assert eventually(lambda: len(terminal.pids("worker")) == 1)

    terminal.stop.set()
    assert terminal.says("stopping")
    if hurried:
        terminal.hurry.set()
    terminal.thread.join(30)

    assert not terminal.thread.is_alive()
    assert not Path(f"/proc/{terminal.pids('worker')[0]}").exists()
