"""The ladder: what is refused where isolation is weak, and that what was asked for is what was put up."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.sandbox import cgroups, probing, watching
from audits.sandbox.cell import Cell
from audits.sandbox.inside import landlock, seccomp
from audits.sandbox.levels import Isolation, Level
from audits.sandbox.limits import MB, Limits
from audits.sandbox.refusals import NotIsolated, Refused, Stopped
from tests.conftest import NOT_OFFERED
from tests.servers import as_other

pytestmark = pytest.mark.sandbox

NEVER = Path(__file__).with_name("hostile.py")


@pytest.fixture(autouse=True)
def _probed_anew() -> Iterator[None]:
    probing.probe.cache_clear()
    yield
    probing.probe.cache_clear()


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without bubblewrap and unshare."""
    monkeypatch.setenv("PATH", str(tmp_path))


def test_without_bubblewrap_and_unshare_no_model_is_executed(hidden: None):
    isolation = probing.probe()

    with pytest.raises(NotIsolated, match="bwrap is not installed; unshare is not installed") as refused:
        Cell(NEVER, isolation=isolation).__enter__()

    assert isolation.level <= Level.L1
    assert refused.value.code == "no_isolation"
    assert "audit a table of predictions instead" in str(refused.value)


def test_models_can_be_run_here():
    """What all other tests may do without: a machine that offers less skips this one."""
    isolation = probing.probe()
    if isolation.level < Level.L2:
        pytest.skip(f"no model is run here, isolation is {isolation.level.name}: {isolation.lacking}")

    with Cell(NEVER, isolation=isolation) as cell:
        assert cell.ask({"attempt": "read", "given": {"path": "/etc/passwd"}})[0]["blocked"]


def test_with_nothing_that_holds_no_word_of_an_operator_helps(hidden: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    isolation = probing.probe()

    with pytest.raises(NotIsolated, match="isolation is L0, and at least L1 is needed .the kernel offers no Landlock"):
        Cell(NEVER, isolation=isolation, lowest=Level.L0).__enter__()

    assert isolation == Isolation(Level.L0, lacking=("the kernel offers no Landlock",))


def test_the_operator_may_be_content_with_less(hidden: None):
    isolation = probing.probe()
    if isolation.level < Level.L1:
        pytest.skip(f"{NOT_OFFERED} L1: {isolation.lacking}")

    with Cell(NEVER, isolation=isolation, lowest=Level.L1) as cell:
        assert cell.ask({"attempt": "read", "given": {"path": "/etc/passwd"}})[0]["blocked"]


def test_walls_that_do_not_hold_are_not_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in ("bwrap", "unshare"):
        broken = tmp_path / name
        broken.write_text("#!/bin/sh\necho no namespaces for you >&2\nexit 1\n")
        broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    isolation = probing.probe()

    assert isolation.level <= Level.L1
    assert any("bwrap does not work here" in why and "no namespaces for you" in why for why in isolation.lacking)


def test_a_program_that_is_not_confined_is_not_run(monkeypatch: pytest.MonkeyPatch):
    """The launcher says what holds; a word of it missing, and nothing is asked."""
    isolation = Isolation(**{**vars(probing.probe()), "landlock": 99})

    with pytest.raises(NotIsolated, match="could not be confined and was not run"):
        Cell(NEVER, isolation=isolation).__enter__()


def test_the_level_is_found_once_and_fit_for_a_result():
    isolation = probing.probe()

    assert probing.probe() is isolation
    document = isolation.as_document()
    assert json.loads(json.dumps(document)) == document
    assert document["level"] == isolation.level.name
    assert document["worker_is_root"] == (os.geteuid() == 0)
    assert [one.level for one in probing.offered()] == sorted((one.level for one in probing.offered()), reverse=True)


def test_groups_of_the_dead_are_swept():
    homes = cgroups.homes()
    if probing.probe().level < Level.L3:
        pytest.skip(f"{NOT_OFFERED} control groups: {probing.probe().lacking}")
    with subprocess.Popen(["true"]) as dead:
        pass
    for home in homes:
        (home / f"assay-{dead.pid}-0").mkdir()
    cgroups._sweep.cache_clear()

    with cgroups.group(memory_bytes=1 << 20, tasks=1) as made:
        assert made is not None
        assert not [home for home in homes if (home / f"assay-{dead.pid}-0").exists()]


def test_a_program_and_what_started_it_are_in_its_group():
    isolation = next((one for one in probing.offered() if one.cgroup), None)
    if isolation is None:
        pytest.skip(f"{NOT_OFFERED} control groups: {probing.probe().lacking}")

    with Cell(NEVER, isolation=isolation) as cell:
        folders = [home / left.name for home in cgroups.homes() for left in home.glob(f"assay-{os.getpid()}-*")]

        assert folders
        for folder in folders:
            inside = {int(pid) for pid in (folder / "cgroup.procs").read_text().split()}
            assert set(watching.family(cell.pid)) <= inside


def test_the_group_of_a_program_is_gone_with_it():
    def own() -> list[Path]:
        return [left for home in cgroups.homes() for left in home.glob(f"assay-{os.getpid()}-*")]

    with Cell(NEVER, isolation=probing.probe()) as cell:
        cell.ask({"attempt": "variables"})

        assert len(own()) == (len(cgroups.homes()) if cell.isolation.cgroup else 0)

    assert not own()


@pytest.mark.parametrize("handed_on", [True, False])
def test_a_machine_with_groups_of_the_second_version(handed_on: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Folders in the place of the kernel's: where a group would be made, and with which bounds."""
    own = tmp_path / "service" / "worker"
    own.mkdir(parents=True)
    control = own.parent / "cgroup.subtree_control"
    control.write_text("memory pids\n" if handed_on else "")
    control.chmod(0o444)
    read = Path.read_text
    said = {"/proc/self/cgroup": "0::/service/worker\n"}
    monkeypatch.setattr(Path, "read_text", lambda path, *given: said.get(str(path)) or read(path, *given))
    monkeypatch.setattr(Path, "write_text", lambda path, text: pytest.fail(f"{path} is written"))
    monkeypatch.setattr(cgroups, "MOUNTS", tmp_path)
    cgroups.homes.cache_clear()
    try:
        if not handed_on:
            monkeypatch.setattr(Path, "write_text", lambda path, text: (_ for _ in ()).throw(PermissionError()))
        assert cgroups.homes() == ((own.parent,) if handed_on else ())
        with cgroups.group(memory_bytes=1, tasks=1) as made:
            assert made is None  # these folders have no files of the kernel's: nothing is bounded, so there is no group
        assert not list(own.parent.glob("assay-*"))
    finally:
        cgroups.homes.cache_clear()


def test_what_it_used_is_known_and_what_it_raises_is_told(tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "def serve(channel):\n"
        "    channel.receive()\n"
        "    kept = bytearray(b'x' * (64 << 20))\n"
        "    channel.send({'error': {'code': 'odd_question', 'message': 'ask another'}})\n"
        "    channel.receive()\n"
        "    print('its last words \x1b[2J')\n"
        "    raise KeyError(len(kept))\n"
    )

    with Cell(program, isolation=probing.probe(), limits=Limits(memory_bytes=256 * MB)) as cell:
        with pytest.raises(Refused, match="ask another") as refused:
            cell.ask({})
        with pytest.raises(Stopped, match="KeyError: 67108864") as stopped:
            cell.ask({})

    assert refused.value.code == "odd_question"
    assert stopped.value.code == "program_failed"
    assert "its last words \N{REPLACEMENT CHARACTER}[2J" in stopped.value.said
    assert 64 * MB < cell.peak_memory_bytes < 200 * MB


def test_whoever_waits_may_end_it():
    def cancelled() -> None:
        raise InterruptedError("cancelled")

    with (
        pytest.raises(InterruptedError, match="cancelled"),
        Cell(NEVER, isolation=probing.probe(), tick=cancelled) as cell,
    ):
        cell.ask({"attempt": "sleep_deaf"})


def test_the_calls_are_numbered_as_the_library_numbers_them():
    """A second path to the numbers: libseccomp, where this machine has it."""
    import ctypes
    import ctypes.util

    name = ctypes.util.find_library("seccomp")
    if name is None:
        pytest.skip(f"{NOT_OFFERED} libseccomp to compare with")
    resolve = ctypes.CDLL(name).seccomp_syscall_resolve_name_arch
    newest = resolve(seccomp.AUDIT_ARCH["x86_64"], b"futex_waitv") > 0

    for call, numbers in seccomp.CALLS.items():
        for arch, number in zip(seccomp.AUDIT_ARCH.values(), numbers, strict=True):
            if number is None:
                assert resolve(arch, call.encode()) < 0
            elif newest or call != "futex_waitv":
                assert resolve(arch, call.encode()) == number, call


def test_an_ordinary_user_has_it_too(tmp_path: Path):
    done = as_other(1003, AS_SOMEBODY, str(NEVER))
    assert done.returncode == 0, done.stderr

    answers = json.loads(done.stdout)
    assert answers["levels"]
    for level, blocked in answers["levels"].items():
        assert blocked == dict.fromkeys(blocked, True), level
    assert answers["endings"] == {
        "for_ever": "out_of_time",
        "shared_memory": "out_of_memory",
        "talk": "too_much_output",
    }


AS_SOMEBODY = """
import json, os, pathlib, sys, tempfile
from audits.sandbox.cell import Cell
from audits.sandbox.levels import Level
from audits.sandbox.limits import MB, Limits
from audits.sandbox.probing import offered, probe
from audits.sandbox.refusals import Stopped

assert os.geteuid() != 0
secret = pathlib.Path(tempfile.mkdtemp()) / "secret.txt"
secret.write_text("the owner's secret")
os.environ["A_SECRET_VARIABLE"] = "the owner's secret"
tried = {
    "read": {"path": "/etc/passwd"}, "read of a secret": {"path": str(secret)},
    "write": {"path": "/tmp/assay-somebody"}, "fill_disk": {}, "tcp": {"port": 9},
    "udp": {"port": 9}, "fork_bomb": {}, "memory": {"size": 1 << 30}, "execute": {}, "kill_parent": {},
    "trace": {"pid": os.getpid()}, "listing": {"path": "/proc"},
}
levels = {}
for isolation in offered():
    if isolation.level >= Level.L1:
        with Cell(pathlib.Path(sys.argv[1]), isolation=isolation, limits=Limits(160 * MB), lowest=Level.L1) as cell:
            levels[f"{isolation.level.name} {isolation.wall}"] = {
                name: cell.ask({"attempt": name.split()[0], "given": given})[0]["blocked"]
                for name, given in tried.items()
            }
            found = cell.ask({"attempt": "variables"})[0]["got"]
            levels[f"{isolation.level.name} {isolation.wall}"]["variables"] = "SECRET" not in found
endings = {}
for name in ("for_ever", "shared_memory", "talk"):
    limits = Limits(160 * MB, answer_seconds=0.5 if name == "for_ever" else 20)
    with Cell(pathlib.Path(sys.argv[1]), isolation=probe(), limits=limits, lowest=Level.L1) as cell:
        try:
            cell.ask({"attempt": name, "given": {"size": 1 << 30} if name == "shared_memory" else {}})
        except Stopped as stopped:
            endings[name] = stopped.code
secret.unlink()
secret.parent.rmdir()
print(json.dumps({"levels": levels, "endings": endings}))
"""
