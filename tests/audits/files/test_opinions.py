"""Other scanners: their alarms join ours, they lift none, and where we differ, or they fail, it is said."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audits.files.documents import document_of
from audits.files.opinions import asking, environments, running
from audits.files.opinions.environments import ScannerMissing
from audits.files.opinions.names import SCANNERS
from audits.files.opinions.running import Opinion, inquire
from audits.files.scanning import FileScan, scan_paths
from audits.sandbox.levels import Isolation, Level
from tests.audits.files.made import safetensors, tensor, torch_zip
from tests.audits.files.scanners import environment_with
from tests.audits.files.scans import SYSTEM, codes, zipped
from tests.audits.files.test_scan_files import called as called_with

EVIL, PLAIN = b"\x80\x04" + SYSTEM, b"\x80\x04N."
WHOLE = safetensors({"a": tensor(0, 8)}, b"\1" * 8)


def heard(tmp_path: Path, data: bytes, said: Opinion | ScannerMissing) -> dict[str, Any]:
    def answer(_name: str, _folder: str, files: running.Files, _tick: running.Tick) -> tuple[str, list[Opinion]]:
        if isinstance(said, ScannerMissing):
            raise said
        return "1.0", [said for _file in files]

    (tmp_path / "model.bin").write_bytes(data)
    scan = FileScan()
    scan_paths([tmp_path / "model.bin"], scan)
    return document_of(scan, asking.ask(scan, scan.on_disk, {"other": ""}, inquire=answer))


@pytest.mark.parametrize(
    ("data", "said", "verdict", "differ"),
    [
        (PLAIN, Opinion(), "warn", None),
        (PLAIN, Opinion(("acme.run",)), "fail", ["other: acme.run"]),
        (PLAIN, Opinion(("acme.run",), failed=True), "fail", ["other: acme.run"]),
        (EVIL, Opinion(), "fail", ["other: no alarm"]),
        (EVIL, Opinion(passed_over=True), "fail", None),
        (EVIL, Opinion(("os.system",)), "fail", None),
    ],
)
def test_the_graver_opinion_counts_and_a_difference_is_told(
    tmp_path: Path, data: bytes, said: Opinion, verdict: str, differ: list[str] | None
) -> None:
    document = heard(tmp_path, data, said)

    assert (document["verdict"], codes(document).get("opinions_differ")) == (verdict, differ)
    row = {
        "scanner": "other",
        "version": "1.0",
        "path": "model.bin",
        "alarms": list(said.alarms),
        "failed": said.failed,
    }
    assert document["opinions"] == [row | ({"passed_over": True} if said.passed_over else {})]


def test_a_scanner_that_fails_is_told_and_nothing_passes_without_it(tmp_path: Path) -> None:
    assert heard(tmp_path, WHOLE, Opinion())["verdict"] == "pass"

    failed = heard(tmp_path, WHOLE, Opinion(failed=True, why="crashed"))
    missing = heard(tmp_path, WHOLE, ScannerMissing("scanner_absent", "there is none"))

    assert (failed["verdict"], codes(failed)) == ("warn", {"opinion_failed": ["other"]})
    assert (missing["verdict"], codes(missing)) == ("insufficient_data", {"opinion_missing": ["other"]})
    assert [(one["path"], one["failed"], one["why"]) for one in missing["opinions"]] == [("", True, "scanner_absent")]


def test_without_another_scanner_the_question_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "found", dict)

    with pytest.raises(CommandError, match="no other scanner is installed"):
        call_command("scan_files", str(tmp_path), "--opinions")


# --- the real ones -------------------------------------------------------------------------------------------------


@pytest.mark.sandbox
@pytest.mark.parametrize("name", [*SCANNERS])
def test_a_real_scanner_is_understood_whatever_a_file_is_called(tmp_path: Path, name: str) -> None:
    """Its own environment, the sandbox, and names that a shell, a terminal or the scanner itself would stumble over."""
    folder = environment_with(name)
    files: list[tuple[str, Path]] = []
    for at, shown in enumerate(
        ["-p.pkl", "$(touch x).pkl", "a\nb'\".pkl", "м:одель.PKL", os.fsdecode(b"\xff.pkl"), "a:b:../../c.pkl"]
    ):
        path = tmp_path / (shown.replace("/", "_") or str(at))
        path.write_bytes(EVIL)
        files.append((shown, path))
    for shown, data in {"plain.pkl": PLAIN, "model.pt": torch_zip(EVIL), "broken.npy": b"\x93NUMPY\x01"}.items():
        (tmp_path / shown).write_bytes(data)
        files.append((shown, tmp_path / shown))
    files.append(("gone.pkl", tmp_path / "nowhere"))

    version, opinions = inquire(name, folder, files, lambda: None)

    assert version[0].isdigit()
    *named, plain, torch, broken, gone = opinions
    assert {one.alarms for one in [*named, torch]} == {("os.system",)}
    assert plain == Opinion()
    assert (broken.failed, gone.failed, gone.why) == (True, True, "unreadable")
    assert not list(tmp_path.glob("x*"))


@pytest.mark.sandbox
@pytest.mark.parametrize("name", [*SCANNERS])
def test_a_real_scanner_s_opinion_joins_ours_and_a_difference_is_told(tmp_path: Path, name: str) -> None:
    # What is not known is not safe here, and only suspicious, or nothing, there.
    for shown, data in {"evil": EVIL, "plain": PLAIN, "unknown": b"cacme.models\nrestore\n(S'x'\ntR."}.items():
        (tmp_path / f"{shown}.pkl").write_bytes(data)
    scan = FileScan()
    scan_paths([tmp_path], scan)
    alone = {row["path"]: row["findings"] for row in document_of(scan)["files"]}

    document = document_of(scan, asking.ask(scan, scan.on_disk, {name: environment_with(name)}))

    for row in document["files"]:
        differs = [note for note in row["findings"] if note["code"] == "files.opinions_differ"]
        assert bool(differs) is (row["path"] == "unknown.pkl")
        assert alone[row["path"]] == [note for note in row["findings"] if note not in differs], "it lifts nothing"
    assert [(one["failed"], one["path"]) for one in document["opinions"]] == [(False, path) for path in sorted(alone)]


@pytest.mark.sandbox
def test_the_command_asks_those_that_the_setting_names_and_says_what_each_said(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "found", dict)
    settings.SCANNERS = {"picklescan": environment_with("picklescan"), "modelscan": "/nowhere/at/all"}
    (tmp_path / "a.pkl").write_bytes(EVIL)
    (tmp_path / "b.zip").write_bytes(zipped({"words.txt": b"some"}))

    code, said = called_with(str(tmp_path), "--opinions")

    assert code == 1
    assert "modelscan: 0 asked of, 0 alarming, 0 failed, 0 passed over" in said
    assert re.search(r"picklescan [\d.]+: 2 asked of, 1 alarming, 0 failed, 1 passed over", said)
    assert "could not be: modelscan (it is not installed where it was looked for)" in said


# --- a scanner that misbehaves, which is what a hostile file may make of one ----------------------------------------

MISBEHAVING = """
import os, socket, sys, time
from types import SimpleNamespace

def said(*alarms):
    level = SimpleNamespace(value="dangerous")
    found = [SimpleNamespace(module=one, name="x", safety=level) for one in alarms]
    return SimpleNamespace(globals=found, scan_err=False, scanned_files=1)

def scan_file_path(path):
    what = open(path).read()
    if what == "hang":
        time.sleep(60)
    if what == "die":
        os._exit(0)
    if what == "eat":
        held = bytearray(3 << 30)
        held[:] = b"x" * len(held)
    if what == "talk":
        os.write(1, b"x" * (2 << 20)); os.write(2, b"x" * (2 << 20)); time.sleep(60)
    if what == "many":
        return said(*("\\x1b[2J\\ud800\\0%d" % i for i in range(5000)))
    if what == "attack":
        for attempt in (
            lambda: socket.create_connection(("127.0.0.1", 9), 1), lambda: os.fork(), lambda: open("/tmp/x", "w"),
            lambda: os.listdir("/root"), lambda: os.listdir("/home"), lambda: os.kill(os.getppid(), 9),
            lambda: open("/etc/passwd"), lambda: os.symlink("/etc", path + "x"),
        ):
            try:
                attempt()
            except OSError:
                continue
            return said("escaped")
    return said()
"""


@pytest.fixture
def environment(tmp_path: Path) -> str:
    """An environment of this Python, with a scanner that does what a file says."""
    folder = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "picklescan").mkdir()
    (packages / "picklescan" / "__init__.py").touch()
    (packages / "picklescan" / "scanner.py").write_text(MISBEHAVING)
    (packages / "picklescan-9.9.dist-info").mkdir()
    (packages / "picklescan-9.9.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: picklescan\nVersion: 9.9\n"
    )
    return str(folder)


def laid(tmp_path: Path, *contents: str) -> list[tuple[str, Path]]:
    files = []
    for at, content in enumerate(contents):
        path = tmp_path / f"{at}.pkl"
        path.write_text(content)
        files.append((path.name, path))
    return files


@pytest.mark.sandbox
def test_a_scanner_that_a_file_has_taken_over_harms_nothing_and_the_other_files_are_still_read(
    tmp_path: Path, environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "LIMITS", replace(running.LIMITS, memory_bytes=512 << 20, answer_seconds=3.0))
    files = laid(tmp_path, "die", "attack", "hang", "many", "eat", "talk", "well")

    version, (died, attacked, hung, many, ate, talked, well) = inquire("picklescan", environment, files, lambda: None)

    assert version == "9.9"
    assert [one.why for one in (died, hung, ate, talked)] == [
        "crashed",
        "out_of_time",
        "out_of_memory",
        "too_much_output",
    ]
    assert all(one.failed and not one.alarms for one in (died, hung, ate, talked))
    assert attacked == well == Opinion()
    assert (many.failed, len(many.alarms), many.count) == (False, 200, 5000)
    assert all(alarm.isprintable() and len(alarm) < 200 for alarm in many.alarms)


@pytest.mark.sandbox
def test_files_that_end_a_scanner_over_and_over_make_it_be_given_up(tmp_path: Path, environment: str) -> None:
    deaths = ["die"] * (running.MOST_DEATHS + 3)

    _version, opinions = inquire("picklescan", environment, laid(tmp_path, *deaths), lambda: None)

    assert [one.why for one in opinions] == ["crashed"] * running.MOST_DEATHS + ["given_up"] * 3
    assert all(one.failed for one in opinions)


def test_a_count_that_no_document_holds_is_no_answer() -> None:
    found = running._opinion({"alarms": ["os.system"], "count": 10**30, "failed": False})

    assert found == Opinion(failed=True, why="bad_answer")


@pytest.mark.sandbox
def test_a_scan_that_is_cancelled_ends_the_scanner(tmp_path: Path, environment: str) -> None:
    class Cancelled(Exception):
        pass

    def cancel() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        inquire("picklescan", environment, laid(tmp_path, "hang"), cancel)


@pytest.mark.sandbox
def test_a_scanner_that_cannot_be_asked_says_why(
    tmp_path: Path, environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def why(name: str, folder: str) -> str:
        with pytest.raises(ScannerMissing) as missing:
            inquire(name, folder, laid(tmp_path, "well"), lambda: None)
        return missing.value.code

    assert why("picklescan", str(tmp_path / "nowhere")) == "scanner_absent"
    assert why("modelscan", environment) == "scanner_absent"

    with monkeypatch.context() as patched:
        patched.setattr(running, "probe", lambda: Isolation(Level.L0, lacking=("anything",)))
        assert why("picklescan", environment) == "no_isolation"

    (module,) = Path(environment).glob("lib/python*/site-packages/picklescan/scanner.py")
    module.write_text("raise ValueError('broken')")
    assert why("picklescan", environment) == "scanner_broken"


def test_the_environment_of_a_program_on_the_path_is_found(
    tmp_path: Path, environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As installers lay it out: a link on the PATH to the program in an environment elsewhere."""
    program = Path(environment) / "bin" / "modelscan"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "modelscan").symlink_to(program)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    assert environments.python_of("modelscan", "") == Path(environment) / "bin" / "python"
    assert "modelscan" in environments.found()
