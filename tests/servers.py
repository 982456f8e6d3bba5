"""Embedded servers in folders of their own, for tests that kill them, and other users of the machine.

The servers of this checkout's ``var`` are never touched: other tests are using them.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
import pytest
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

import config
from config import embedded
from config.embedded.keeper import socket_folder
from tests.conftest import eventually

PROJECT = Path(config.__file__).resolve().parents[1]
NAMELESS = 12345  # a user number without an account, as `docker run --user` gives
# What a server's command line has in it, beside its folder. Valkey rewrites its own.
MARKS = {"keeper": b"/keeper.py\0", "postgres": b"/postgres\0-D\0", "valkey": b"/valkey-server unixsocket:"}
# What a clone needs to run.
PARTS = ["config", "governance", "audits", "licenses", "templates", "static", "locale", "demo", "manage.py"]
# A process that uses the servers: it starts them whenever it is told to, and ends with its input. It takes the keeper's
# part of the wiring without the rest, which costs half a second of imports.
USER = """
import sys, types
from pathlib import Path
sys.modules["config"] = types.ModuleType("config")
sys.modules["config"].__path__ = [sys.argv[1]]
from config import embedded
folder = Path(sys.argv[2])
if "watch" in sys.argv:
    embedded.watch(folder)
for line in sys.stdin:
    try:
        embedded.start(folder)
        print("ready", flush=True)
    except embedded.NoServer as refused:
        print(str(refused).replace(chr(10), " | "), flush=True)
"""


class User:
    """A process that uses the servers of one folder."""

    def __init__(self, folder: Path, *, uid: int | None = None, watch: bool = False, **environment: str) -> None:
        python, packages = _python(uid)
        self.process = subprocess.Popen(
            [*_become(uid), python, "-c", USER, str(PROJECT / "config"), str(folder), *["watch"] * watch],
            cwd=PROJECT,
            env={"PATH": os.defpath, "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("start\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        """``ready``, or why there are no servers."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def start(self) -> str:
        self.ask()
        return self.answer()

    def kill(self) -> None:
        self.process.kill()
        self.leave()

    def leave(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class Checkout:
    """A folder with embedded servers. At its end all users leave, and nothing may be left running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.users: list[User] = []

    def __enter__(self) -> Checkout:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for user in self.users:
            user.leave()
        stopped = eventually(lambda: not self.processes())
        left = self.processes()
        for pids in left.values():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if kind is None:
            assert stopped, f"still running after the last user has gone: {left}"

    def user(self, *, uid: int | None = None, watch: bool = False, **environment: str) -> User:
        """One more user, who has not started anything yet."""
        user = User(self.folder, uid=uid, watch=watch, **environment)
        self.users.append(user)
        return user

    def used(self, **options: Any) -> User:
        """One more user, for whom the servers run."""
        user = self.user(**options)
        assert user.start() == "ready"
        return user

    def sql(self, statement: str, url: str | None = None) -> Any:
        """The first value that the owner gets for a statement; None where it gives no rows."""
        with psycopg.connect(url or embedded.owner_url(self.folder), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    def processes(self) -> dict[str, list[int]]:
        """What runs for this folder: keeper, postgres, valkey and backend, each with its process numbers."""
        found: dict[str, list[int]] = {}
        backends: dict[int, int] = {}
        places = {os.fsencode(place) for place in (self.folder, socket_folder(self.folder))}
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (process / "cmdline").read_bytes()
                if line.startswith(b"postgres: "):
                    backends[int(process.name)] = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
                elif any(place in line for place in places):
                    for kind, mark in MARKS.items():
                        if mark in line:
                            found.setdefault(kind, []).append(int(process.name))
        found |= {"backend": [pid for pid, parent in backends.items() if parent in found.get("postgres", ())]}
        return {kind: pids for kind, pids in found.items() if pids}

    def owners(self, *names: str) -> set[int]:
        """User numbers that the processes of these kinds run as; those that end while being looked at are left out."""
        found = set()
        running = self.processes()
        for name in names:
            for pid in running[name]:
                with contextlib.suppress(FileNotFoundError):
                    found.add(Path(f"/proc/{pid}").stat().st_uid)
        return found

    def kill(self, name: str) -> None:
        """End one process of a kind as the kernel does when memory is short."""
        os.kill(self.processes()[name][0], signal.SIGKILL)

    def runs_once(self) -> bool:
        """Whether there is exactly one keeper, one PostgreSQL and one Valkey."""
        found = self.processes()
        return [len(found.get(name, ())) for name in ("keeper", "postgres", "valkey")] == [1, 1, 1]


class Clone:
    """A copy of the project with a ``var`` of its own, and its portal on a free port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in PARTS:
            if (PROJECT / part).is_dir():
                shutil.copytree(PROJECT / part, folder / part)  # what is compiled too, or every process does it again
            elif (PROJECT / part).exists():
                shutil.copy(PROJECT / part, folder / part)
        self.servers = Checkout(folder / "var" / "embedded")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.lines: list[str] = []

    def manage(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=self.folder,
            env={**self.environment(), **settings},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def serve(self) -> subprocess.Popen[str]:
        serving = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=self.folder,
            env=self.environment(),
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

    def environment(self) -> dict[str, str]:
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
        name = f"{queue}@{socket.gethostname()}"
        with Celery(broker=embedded.broker_url(self.servers.folder), set_as_current=False) as asking:
            try:
                answers = asking.control.ping(destination=[name], timeout=5)
            except (OperationalError, RedisError):  # of the broker, while it starts again
                return False
        return answers == [{name: {"ok": "pong"}}]


def as_other(uid: int, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a few lines of Python as somebody else, with the packages that we have."""
    python, packages = _python(uid)
    return subprocess.run(
        [*_become(uid), python, "-c", program, *arguments],
        cwd="/",
        env={"PATH": os.defpath, "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def needs_root() -> None:
    """Skip a test that has to become somebody else and cannot."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user (with setpriv)")


def _become(uid: int | None) -> list[str]:
    if uid is None:
        return []
    needs_root()
    return ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--inh-caps", "-all", "--"]


@functools.cache
def _python(uid: int | None) -> tuple[str, str]:
    """An interpreter that a user can run, with the path to the packages: ours may lie below a closed folder."""
    packages = os.pathsep.join([str(PROJECT), *(path for path in sys.path if path.endswith("-packages"))])
    if uid is None:
        return sys.executable, packages
    version = f"python3.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        # sh, because setpriv itself still has root's ways when it looks for the program
        asked = ["sh", "-c", 'exec "$0" -c "import celery, psycopg"', python]
        environment = {"PATH": os.defpath, "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}
        tried = subprocess.run([*_become(uid), *asked], cwd="/", env=environment, capture_output=True, check=False)
        if tried.returncode == 0:
            return python, packages
    pytest.skip(f"user {uid} can run no {version} that has our packages: they lie below a closed folder")
