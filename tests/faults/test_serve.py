"""`manage.py serve` from a clone of its own: portal, workers, beat and embedded servers, and what happens to them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import eventually
from tests.servers import Clone

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def clone(open_folder: Path) -> Iterator[Clone]:
    clone = Clone(open_folder)
    migrated = clone.manage("migrate", "--verbosity", "0")
    assert migrated.returncode == 0, migrated.stderr
    with clone.servers:
        yield clone


@pytest.fixture(scope="module")
def started(clone: Clone) -> Iterator[list[subprocess.Popen[str]]]:
    """What was started, the running one last. One start is five programs that import everything."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for serving in started:
        serving.terminate()
        serving.wait(60)


@pytest.fixture
def serving(clone: Clone, started: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """The portal with all that belongs to it: that of the test before, where it is still running."""
    if not started or started[-1].poll() is not None:
        clone.lines.clear()
        started.append(clone.serve())
        assert clone.said(f"Assay is at http://127.0.0.1:{clone.port}/"), "".join(clone.lines)
    return started[-1]


def test_nothing_routine_pushes_out_what_a_person_looks_for(clone, serving):
    """No banner, no warning that does not concern a broker of our own, no line for each round of upkeep."""
    assert clone.ready()
    assert eventually(lambda: clone.worker_answers("upkeep"), within=90)

    said = "".join(clone.lines)
    assert "[config]" not in said
    assert "superuser" not in said
    assert "celery beat" not in said
    assert "audits.tasks.sweep" not in said


def test_a_portal_that_runs_is_not_reset_under_its_hands(clone, serving):
    refused = clone.manage("reset", "--yes", PORT="1")

    assert refused.returncode == 2
    assert f"runs on port {clone.port} (process {serving.pid})" in refused.stderr
    assert "stop it first" in refused.stderr
    assert clone.ready()


def test_a_killed_worker_beat_or_portal_comes_back(clone, serving):
    assert clone.ready()
    for words in (["worker", "ci"], ["beat"], ["gunicorn"]):
        first = clone.program(serving, *words)
        assert first is not None, words

        os.kill(first, signal.SIGKILL)

        assert eventually(lambda: clone.program(serving, *words) not in (first, None), within=60), words  # noqa: B023 - asked at once
    assert eventually(clone.ready, within=60)
    assert eventually(lambda: clone.worker_answers("ci"), within=90)
    assert clone.worker_answers("scheduled")


def test_all_comes_back_when_the_embedded_servers_are_killed_under_it(clone, serving):
    for name in ("valkey", "postgres", "keeper"):
        clone.servers.kill(name)

    assert eventually(lambda: clone.servers.runs_once() and clone.ready(), within=60)
    assert eventually(lambda: clone.worker_answers("scheduled"), within=90)


def test_one_interrupt_stops_everything_in_good_order(clone, serving):
    clone.lines.clear()

    serving.send_signal(signal.SIGINT)

    assert serving.wait(90) == 0
    assert clone.said("All stopped.")
    assert not any("started again" in line for line in clone.lines)
    assert eventually(lambda: not clone.servers.processes())


def test_a_busy_port_is_named_before_anything_starts(clone):
    with socket.create_server(("127.0.0.1", clone.port)):
        refused = clone.manage("serve")

    assert refused.returncode == 2
    assert f"port {clone.port} of 127.0.0.1 is in use by process {os.getpid()} (" in refused.stderr
    assert "choose another port with PORT=" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not clone.servers.processes()


def test_what_serve_has_started_ends_when_serve_is_killed(clone, serving):
    children = Path(f"/proc/{serving.pid}/task/{serving.pid}/children").read_text().split()

    serving.kill()
    serving.wait(30)

    assert children
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), within=60)
    assert eventually(lambda: not clone.servers.processes(), within=60)
