"""Real worker processes on a test's database, with queues that no other run reads.

The worker signs in as the application's role where the servers are embedded, as in production, so that what it may
not do fails here as well.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection

from audits import recovery, tasks
from audits.models import Run
from config import embedded
from config.celery import app
from tests.conftest import eventually
from tests.servers import PROJECT

LEASE_S = 4


class Worker:
    """One Celery worker with its processes; ``kill`` ends them all as a power cut does."""

    def __init__(self, environment: dict[str, str], log: IO[bytes], *, concurrency: int) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "--app", "config", "worker", "--loglevel", "INFO"),
                *("--concurrency", str(concurrency), "--without-gossip", "--without-mingle"),
            ],
            cwd=PROJECT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def kill(self) -> None:
        """End the worker and its children with signal 9."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def children(self) -> list[int]:
        """The processes that do the tasks."""
        listed = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False
        ).stdout
        return [int(pid) for pid in listed.split()]

    def pause(self) -> None:
        """Stop all its processes where they are, heartbeats included, as a machine that hangs does."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to end, and end it where it does not."""
        with contextlib.suppress(ProcessLookupError):
            self.go_on()
            self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.kill()


class Workers:
    """The workers of one test. ``start`` adds one; all have ended when the test has."""

    def __init__(self, log: IO[bytes], prefix: str) -> None:
        self.log, self.prefix = log, prefix
        self.running: list[Worker] = []

    def start(self, *, concurrency: int = 1, **more: str) -> Worker:
        worker = Worker({**environment(self.prefix), **more}, self.log, concurrency=concurrency)
        self.running.append(worker)
        return worker

    def waiting(self) -> int:
        """How many messages lie in the queues."""
        with app.connection_for_read() as broker:
            channel = broker.default_channel
            return sum(channel.client.llen(lane) for lane in ("ci", "scheduled", "upkeep"))

    def said(self) -> str:
        """All that the workers have logged."""
        self.log.flush()
        with open(self.log.name, "rb") as written:
            return written.read().decode(errors="replace")


def environment(prefix: str = "") -> dict[str, str]:
    """What a process of its own is started with that works on the test's database."""
    at = connection.get_connection_params()
    known = {name: at[name] for name in ("host", "port", "user", "password", "dbname") if at.get(name)}
    if settings.EMBEDDED:
        known["user"] = embedded.APPLICATION
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
    ours.pop("MIGRATION_DATABASE_URL", None)
    return {
        **ours,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"postgresql:///?{urlencode(known, quote_via=quote)}",
        "BROKER_URL": app.conf.broker_url,
        "BROKER_KEY_PREFIX": prefix,
        "BLOB_URL": str(settings.STORAGES["blobs"]["OPTIONS"]["location"]),
        "SECRET_KEY": settings.SECRET_KEY,
        "SIGNING_KEY": settings.SIGNING_KEY,
        "ASSAY_PUBLIC_URL": settings.PUBLIC_URL,
        "RUN_LEASE_S": str(LEASE_S),
    }


@contextlib.contextmanager
def broker_down() -> Iterator[None]:
    """Have messages sent from here reach nobody, as when the broker is down: its address is a dead socket."""
    with tempfile.TemporaryDirectory() as folder, _broker_at(f"redis+socket://{folder}/nobody.sock"):
        yield


@contextlib.contextmanager
def broker_hangs() -> Iterator[None]:
    """Have messages sent from here reach a broker that takes the connection and says nothing."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as mute:
        mute.bind(f"{folder}/mute.sock")
        mute.listen(64)
        with _broker_at(f"redis+socket://{folder}/mute.sock"):
            yield


@contextlib.contextmanager
def _broker_at(address: str) -> Iterator[None]:
    before = app.conf.broker_url, app.conf.broker_write_url
    app.conf.update(broker_url=address, broker_write_url=address)
    app._after_fork()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        app.conf.update(broker_url=before[0], broker_write_url=before[1])
        app._after_fork()  # type: ignore[attr-defined]


def sweep() -> tuple[int, int]:
    """One round of what the beat has done every two seconds."""
    return recovery.sweep(wake=tasks.wake)


def ends(run: Run, *, within: float = 60.0, sweeping: bool = False) -> Run:
    """The run once it has ended; fails when it does not in time."""

    def ended() -> bool:
        if sweeping:
            sweep()
        run.refresh_from_db()
        return not run.is_open

    assert eventually(ended, within=within), f"run {run.pk} is still {run.state} after {within} seconds"
    return run


def reaches(run: Run, **wanted: Any) -> bool:
    """Whether the run comes to look like this."""

    def looks() -> bool:
        run.refresh_from_db()
        return all(getattr(run, name) == value for name, value in wanted.items())

    return eventually(looks, within=60)
