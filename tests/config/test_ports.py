"""Who listens on a port, and which portals of a checkout run."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from config import ports, serving

pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the kernel tells it in /proc, on Linux")


def test_who_listens_is_known_by_number_and_command() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = ports.listener(listening.getsockname()[1])

    assert found is not None
    pid, command = found
    assert pid == os.getpid()
    assert "pytest" in command or "python" in command


def test_nobody_listens_on_a_port_that_was_let_go() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    assert ports.listener(port) is None


def test_where_nothing_tells_nothing_is_known(tmp_path: Path) -> None:
    assert ports.listener(1, proc=tmp_path) is None


def test_a_portal_counts_for_as_long_as_it_runs(tmp_path: Path) -> None:
    assert serving.running(tmp_path / "var") == []

    with serving.noted(tmp_path / "var", port=8123):
        assert serving.running(tmp_path / "var") == [(8123, str(os.getpid()))]

    assert serving.running(tmp_path / "var") == []
