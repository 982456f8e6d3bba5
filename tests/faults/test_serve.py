"""`manage.py serve` from a clone of its own: portal, workers, beat and embedded servers, and what happens to them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import eventually
from tests.servers import PROJECT, Checkout

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]
PARTS = ["config", "governance", "audits", "licenses", "templates", "static", "locale", "manage.py"]


class Clone:
    """A copy of the project with a ``var`` of its own, and its portal on a free port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            if (PROJECT / part).is_dir():
                shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            elif (PROJECT / part).exists():
                shutil.copy(PROJECT / part, folder / part)
        self.servers = Checkout(folder / "var" / "embedded")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.lines: list[str] = []

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def serve(self) -> subprocess.Popen[str]:
        serving = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=self.folder,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, args=(serving,), daemon=True).start()
        return serving

    def _listen(self, serving: subprocess.Popen[str]) -> None:
        assert serving.stdout is not None
        with serving.stdout:
            self.lines += serving.stdout

    def _environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
        for name in ("DATABASE_URL", "BROKER_URL", "MIGRATION_DATABASE_URL", "DJANGO_SETTINGS_MODULE"):
            ours.pop(name, None)
        return {**ours, "PORT": str(self.port)}

    def said(self, text: str) -> bool:
        return eventually(lambda: any(text in line for line in list(self.lines)), within=120)

    def ready(self) -> bool:
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(asking):
            try:
                asking.request("GET", "/readyz")
                return bool(json.load(asking.getresponse()).get("ok"))
            except (OSError, ValueError, http.client.HTTPException):
                return False

    def program(self, serving: subprocess.Popen[str], *words: str) -> int | None:
        """The number of the running program of ``serve`` that has these words on its command line."""
        for pid in Path(f"/proc/{serving.pid}/task/{serving.pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                if set(words) <= set(line):
                    return int(pid)
        return None

    def worker_answers(self, queue: str) -> bool:
        """Whether the worker of a queue answers over the broker, which it can only if it reads from it."""
        asked = subprocess.run(
            [sys.executable, "-m", "celery", "--app", "config", "inspect", "ping", "--timeout", "5", "--json"],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return f'"{queue}@' in asked.stdout


@pytest.fixture(scope="module")
def clone(open_folder: Path) -> Iterator[Clone]:
    clone = Clone(open_folder)
    migrated = clone.manage("migrate", "--verbosity", "0")
    assert migrated.returncode == 0, migrated.stderr
    with clone.servers:
        yield clone


@pytest.fixture
def serving(clone: Clone) -> Iterator[subprocess.Popen[str]]:
    clone.lines.clear()
    serving = clone.serve()
    try:
        assert clone.said(f"Assay is at http://127.0.0.1:{clone.port}/"), "".join(clone.lines)
        yield serving
    finally:
        serving.terminate()
        serving.wait(60)


def test_a_killed_worker_beat_or_portal_comes_back(clone, serving):
    assert clone.ready()
    for words in (["worker", "ci"], ["beat"], ["gunicorn"]):
        first = clone.program(serving, *words)
        assert first is not None, words

        os.kill(first, signal.SIGKILL)

        assert eventually(lambda: clone.program(serving, *words) not in (first, None), within=60), words  # noqa: B023
    assert eventually(clone.ready, within=60)
    assert eventually(lambda: clone.worker_answers("ci"), within=90)
    assert clone.worker_answers("scheduled")


def test_all_comes_back_when_the_embedded_servers_are_killed_under_it(clone, serving):
    for name in ("valkey", "postgres", "keeper"):
        clone.servers.kill(name)

    assert eventually(lambda: clone.servers.runs_once() and clone.ready(), within=60)
    assert eventually(lambda: clone.worker_answers("scheduled"), within=90)


def test_one_interrupt_stops_everything_in_good_order(clone):
    clone.lines.clear()
    serving = clone.serve()
    assert clone.said("Assay is at ")

    serving.send_signal(signal.SIGINT)

    assert serving.wait(90) == 0
    assert clone.said("All stopped.")
    assert not any("started again" in line for line in clone.lines)
    assert eventually(lambda: not clone.servers.processes())


def test_a_busy_port_is_named_before_anything_starts(clone):
    with socket.create_server(("127.0.0.1", clone.port)):
        refused = clone.manage("serve")

    assert refused.returncode == 2
    assert f"port {clone.port} of 127.0.0.1 is in use; choose another with PORT=" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not clone.servers.processes()


def test_what_serve_has_started_ends_when_serve_is_killed(clone):
    clone.lines.clear()
    serving = clone.serve()
    assert clone.said("Assay is at ")
    children = Path(f"/proc/{serving.pid}/task/{serving.pid}/children").read_text().split()

    serving.kill()
    serving.wait(30)

    assert children
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), within=60)
    assert eventually(lambda: not clone.servers.processes(), within=60)
