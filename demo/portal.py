"""Talking to the running product as anybody can: its REST interface and its management commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class Refused(Exception):
    """The product said no; the message is its own."""


def manage(*arguments: str, stdin: str = "", may_fail: bool = False) -> Any:
    """Run a management command and read its JSON."""
    done = _done(*arguments, stdin=stdin)
    is_answer = done.stdout.strip().startswith("{")  # the gate's exit code 2 says that it cannot decide
    if (done.returncode not in (0, 1, 3) and not is_answer) or (done.returncode and not may_fail):
        said = done.stderr.strip().removeprefix("CommandError: ") or done.stdout.strip()
        raise Refused(f"manage.py {arguments[0]}: {said}")
    return json.loads(done.stdout) if done.stdout.strip().startswith(("{", "[")) else done.stdout


def said_by(*arguments: str) -> tuple[str, int]:
    """What a management command prints at a terminal, and its exit code."""
    done = _done(*arguments)
    return done.stdout + done.stderr, done.returncode


def _done(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own manage.py
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


class Portal:
    """The REST interface with one person's token."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address, token

    def get(self, path: str) -> Any:
        return self._ask("GET", path)[0]

    def find(self, path: str) -> Any | None:
        """As ``get``, but None for what is not there."""
        try:
            return self.get(path)
        except Refused as refused:
            if "404" in str(refused):
                return None
            raise

    def all(self, path: str) -> Iterator[Any]:
        """Every item of a list, page by page."""
        following: str | None = path
        while following:
            page = self.get(following)
            yield from page["items"]
            following = page.get("next")

    def post(self, path: str, body: Mapping[str, Any], *, edition: int | None = None) -> Any:
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        if edition is not None:
            headers["If-Match"] = f'"{edition}"'
        return self._ask("POST", path, json.dumps(body).encode(), headers)[0]

    def put(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
        return self._ask("PUT", path, json.dumps(body).encode(), headers or {})[0]

    def upload(self, data: bytes, *, filename: str, media_type: str) -> Any:
        return self._ask("POST", "uploads/", data, {"Content-Type": media_type, "X-Filename": filename})[0]

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[Any, Any]:
        url = path if path.startswith("http") else f"{self.address}/api/v1/{path}"
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(url, data=body, headers=sent, method=method)  # noqa: S310 - our own portal
        for attempt in range(8):
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - http of ours
                    text = answer.read()
                    return (json.loads(text) if text else None), answer.headers
            except urllib.error.HTTPError as failed:
                said = failed.read().decode(errors="replace")
                if failed.code in (502, 503, 504) and attempt < 7:
                    time.sleep(0.5)
                    continue
                raise Refused(f"{method} {path}: {failed.code} {said}") from failed
            except OSError:  # the web process is being started again
                if attempt == 7:
                    raise
                time.sleep(0.5)
        raise AssertionError


STARTED = b" is at http"  # what serve prints once the port is its own


class Server:
    """``manage.py serve`` in the background; on Linux the kernel ends it with us, however we end."""

    def __init__(self, port: int, log: Path) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.log = log
        setpriv = shutil.which("setpriv")
        dies_with_us = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
        with log.open("wb") as out:
            self.process = subprocess.Popen(  # noqa: S603 - our own manage.py
                [*dies_with_us, sys.executable, str(ROOT / "manage.py"), "serve"],
                stdout=out,
                stderr=out,
                cwd=ROOT,
                env={**os.environ, "PORT": str(port)},
                start_new_session=True,
            )

    def wait(self, *, within: float = 60.0) -> None:
        """Until our portal answers: somebody else's may stand at the same port, and ours then ends by itself."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                last = self.log.read_text(errors="replace").strip().splitlines()[-5:]
                raise Refused("the portal did not start:\n" + "\n".join(last))
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=2):  # noqa: S310 - our own portal
                    answers = True
            except OSError:
                answers = False
            if answers and STARTED in self.log.read_bytes():
                return
            time.sleep(0.1)
        raise Refused(f"the portal does not answer at {self.address}; see {self.log}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
