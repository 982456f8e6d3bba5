"""The ten attempts, and more: what a hostile model tries, at every level of isolation that this machine offers."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audits.sandbox import walls, watching
from audits.sandbox.cell import Cell
from audits.sandbox.inside import seccomp
from audits.sandbox.levels import Isolation, Level
from audits.sandbox.limits import MB, Limits
from audits.sandbox.probing import offered
from audits.sandbox.refusals import Stopped
from audits.sandbox.runtime import ROOT
from tests.audits.sandbox import hostile
from tests.conftest import NOT_OFFERED, eventually

pytestmark = pytest.mark.sandbox

HOSTILE = Path(hostile.__file__)
SECRET = "the owner's secret"
LIMITS = Limits(memory_bytes=160 * MB, seconds=60, answer_seconds=20, talk_bytes=MB, answer_bytes=MB, threads=24)
QUICK = Limits(memory_bytes=160 * MB, seconds=30, answer_seconds=0.5)
WAYS = ["L3 bwrap", "L2 bwrap", "L2 unshare", "L1 none"]
STANDARD = {0, 1, 2}


@pytest.fixture(scope="module")
def ways() -> dict[str, Isolation]:
    return {f"{one.level.name} {one.wall}": one for one in offered()}


@pytest.fixture(scope="module", params=WAYS)
def isolation(request: pytest.FixtureRequest, ways: dict[str, Isolation]) -> Isolation:
    one = ways.get(request.param)
    if one is None:
        lacking = "; ".join(ways["L0 none"].lacking) or "no control group"
        pytest.skip(f"{NOT_OFFERED} {request.param}: {lacking}")
    return one


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home") / "secret.txt"
    path.write_text(SECRET)
    path.chmod(0o644)
    return path


@pytest.fixture(scope="module")
def readable(tmp_path_factory: pytest.TempPathFactory, secret: Path) -> Path:
    """A folder that the program is given, with links that lead out of it."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "weights").write_text("given")
    (folder / "link").symlink_to(secret)
    (folder / "up").symlink_to("/")
    return folder


@pytest.fixture(scope="module")
def cell(isolation: Isolation, readable: Path) -> Iterator[Cell]:
    os.environ["A_SECRET_VARIABLE"] = SECRET
    with Cell(HOSTILE, readable=[readable], isolation=isolation, limits=LIMITS, lowest=Level.L1) as running:
        del os.environ["A_SECRET_VARIABLE"]
        yield running


def attempt(cell: Cell, attempt: str, **given: Any) -> dict[str, Any]:
    return cell.ask({"attempt": attempt, "given": given})[0]


def is_blocked(answer: dict[str, Any]) -> bool:
    assert answer["blocked"], answer
    return True


# --- the ten -------------------------------------------------------------------------------------------------------


def test_it_reads_no_list_of_accounts(cell: Cell):
    assert is_blocked(attempt(cell, "read", path="/etc/passwd"))


def test_it_reads_no_secret_though_everybody_might(cell: Cell, secret: Path):
    assert secret.read_text() == SECRET

    assert is_blocked(attempt(cell, "read", path=str(secret)))


def test_it_writes_nowhere(cell: Cell, tmp_path: Path, readable: Path):
    tmp_path.chmod(0o777)
    for path in (tmp_path / "new", readable / "weights", Path("/tmp/assay-hostile"), HOSTILE):  # noqa: S108 - to be refused
        assert is_blocked(attempt(cell, "write", path=str(path)))
    assert is_blocked(attempt(cell, "fill_disk"))

    assert not list(tmp_path.iterdir())
    assert (readable / "weights").read_text() == "given"


def test_it_reaches_nobody(cell: Cell):
    name = f"assay-test-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as stream, _datagrams() as datagrams, _abstract(name):
        assert is_blocked(attempt(cell, "tcp", port=stream.getsockname()[1]))
        assert is_blocked(attempt(cell, "udp", port=datagrams.getsockname()[1]))
        assert is_blocked(attempt(cell, "abstract_socket", name=name))

        datagrams.setblocking(False)
        with pytest.raises(BlockingIOError):
            datagrams.recv(100)


def test_it_has_no_children(cell: Cell):
    before = len(watching.family(cell.pid))

    assert is_blocked(attempt(cell, "fork_bomb"))

    assert len(watching.family(cell.pid)) == before


def test_a_gigabyte_is_refused(cell: Cell):
    assert is_blocked(attempt(cell, "memory", size=1 << 30))


def test_it_starts_no_other_program(cell: Cell):
    assert is_blocked(attempt(cell, "execute"))
    assert is_blocked(attempt(cell, "execute_in_place"))


def test_it_learns_nothing_from_its_variables(cell: Cell):
    found = attempt(cell, "variables")["got"]

    assert "SECRET" not in found
    assert not any(word in found for word in ("DJANGO", "DATABASE", "PATH", "TOKEN", "HF_", "KEY"))


def test_it_signals_nobody(cell: Cell):
    with subprocess.Popen(["sleep", "60"]) as child:  # somebody of the same user, who could be killed
        assert is_blocked(attempt(cell, "kill_parent"))
        # in a namespace it is itself number 1
        for pid in (os.getpid(), child.pid, -1, *([1] if cell.isolation.wall == walls.NONE else [])):
            assert is_blocked(attempt(cell, "kill", pid=pid))

        assert child.poll() is None
        child.kill()


# --- and more ------------------------------------------------------------------------------------------------------


def test_it_reads_what_it_is_given_and_follows_no_link_out(cell: Cell, readable: Path):
    assert attempt(cell, "read", path=str(readable / "weights"))["got"] == "'given'"

    assert is_blocked(attempt(cell, "read", path=str(readable / "link")))
    assert is_blocked(attempt(cell, "read", path=str(readable / "up" / "etc" / "passwd")))
    assert is_blocked(attempt(cell, "read", path=f"{readable}/../../../etc/passwd"))


def test_it_lists_no_home_and_sees_no_process(cell: Cell):
    for path in ("/home", "/root", "/proc", f"/proc/{os.getpid()}", "/etc", "/tmp", str(Path.cwd())):  # noqa: S108 - not to be seen
        assert is_blocked(attempt(cell, "listing", path=path))
    assert is_blocked(attempt(cell, "read", path=f"/proc/{os.getpid()}/environ"))


def test_it_traces_nobody(cell: Cell):
    assert is_blocked(attempt(cell, "trace", pid=os.getpid()))
    assert is_blocked(attempt(cell, "trace", pid=1))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are those of x86_64")
def test_the_kernel_is_asked_for_nothing_else(cell: Cell):
    answers = {name: attempt(cell, "raw", name=name) for name in hostile.SYSCALL}

    # by the filter, before the kernel looked at what was asked for
    assert {name: answer.get("by") for name, answer in answers.items()} == {
        name: "OSError: [Errno 38] Function not implemented"
        if number >= seccomp.KNOWN_SINCE_5_6
        else "PermissionError: [Errno 1] Operation not permitted"
        for name, (number, _) in hostile.SYSCALL.items()
    }


def test_its_limits_stay(cell: Cell):
    assert is_blocked(attempt(cell, "raise_limits"))


def test_it_inherits_no_file_and_no_right(cell: Cell):
    found = set(eval(attempt(cell, "descriptors")["got"], {}))  # noqa: S307 - the words of our own test
    assert found >= STANDARD
    assert len(found - STANDARD) == 3  # a question comes, an answer goes, large questions lie in memory that is lent

    assert attempt(cell, "capabilities")["got"] == "[0, 0, 0, 0, 0, 0]"


def test_the_memory_that_questions_lie_in_is_not_its_own(cell: Cell):
    again = ("open_it_again_and_write", "open_it_again_and_map")
    for how in ("write_to_it", "shorten_it", "map_it_to_write", "make_it_writable", *again):
        assert is_blocked(attempt(cell, "lent", how=how)), how


# --- what does not come back: a cell for each ------------------------------------------------------------------------

ENDINGS = [
    ("for_ever", {}, "out_of_time"),
    ("sleep_deaf", {}, "out_of_time"),
    ("shared_memory", {"size": 1 << 30}, "out_of_memory"),
    ("talk", {}, "too_much_output"),
    ("die", {}, "crashed"),
    ("fault", {}, "crashed"),
    ("lie", {"size": 1 << 40}, "too_much_output"),
    ("babble", {}, "bad_answer"),
    ("point", {"place": 0}, "bad_answer"),
    ("point", {"place": -2}, "bad_answer"),
]
if platform.machine() == "x86_64":
    ENDINGS.append(("other_architecture", {}, "crashed"))


@pytest.mark.parametrize(("name", "given", "code"), ENDINGS, ids=[f"{name}{given or ''}" for name, given, _ in ENDINGS])
def test_whatever_it_does_the_worker_lives_and_nothing_is_left(
    isolation: Isolation, name: str, given: dict[str, Any], code: str
):
    limits = QUICK if code == "out_of_time" else LIMITS

    with Cell(HOSTILE, isolation=isolation, limits=limits, lowest=Level.L1) as cell:
        members = watching.family(cell.pid)
        with pytest.raises(Stopped) as stopped:
            attempt(cell, name, **given)

    assert stopped.value.code == code
    assert len(stopped.value.said) <= 4096
    assert members
    assert not alive(members)


def test_threads_without_end_are_refused_or_end_it(isolation: Isolation):
    with Cell(HOSTILE, isolation=isolation, limits=LIMITS, lowest=Level.L1) as cell:
        members = watching.family(cell.pid)
        try:
            blocked = attempt(cell, "threads")["blocked"]  # by a control group
        except Stopped as stopped:
            blocked = stopped.code == "too_many_threads"

    assert blocked
    assert not alive(members)


def test_a_program_that_does_not_listen_blocks_nobody(isolation: Isolation, tmp_path: Path):
    deaf = tmp_path / "deaf.py"
    deaf.write_text("import time\ndef serve(channel):\n    time.sleep(600)\n")

    with Cell(deaf, isolation=isolation, limits=QUICK, lowest=Level.L1) as cell, pytest.raises(Stopped) as stopped:
        cell.ask({}, bytes(32 * MB))

    assert stopped.value.code == "out_of_time"


def test_it_dies_with_the_worker_that_started_it(isolation: Isolation, tmp_path: Path):
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(HOSTILE), json.dumps(vars(isolation))],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert worker.stdout is not None
    members = json.loads(worker.stdout.readline())
    assert alive(members)

    worker.kill()
    worker.wait()
    worker.stdout.close()

    assert eventually(lambda: not alive(members), within=20)


WORKER = """
import json, pathlib, sys
from audits.sandbox.cell import Cell
from audits.sandbox.levels import Isolation, Level
from audits.sandbox import watching

with Cell(pathlib.Path(sys.argv[1]), isolation=Isolation(**json.loads(sys.argv[2])), lowest=Level.L1) as cell:
    print(json.dumps(watching.family(cell.pid)), flush=True)
    cell.ask({"attempt": "sleep_deaf"})
"""


def alive(pids: list[int]) -> list[int]:
    """Those that run; the dead whom nobody has asked about yet do not count."""
    found = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                found.append(pid)
    return found


@contextlib.contextmanager
def _datagrams() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        yield opened


@contextlib.contextmanager
def _abstract(name: str) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as opened:
        opened.bind("\0" + name)
        opened.listen()
        yield
