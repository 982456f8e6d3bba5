"""The demonstration as a newcomer starts it, while somebody kills its workers: the story ends as it is told."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audits.sandbox.levels import Level
from audits.sandbox.probing import probe
from tests.conftest import eventually
from tests.servers import Clone

pytestmark = [pytest.mark.broker, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def clone(open_folder: Path) -> Iterator[Clone]:
    folder = open_folder / "demonstration"
    folder.mkdir()
    clone = Clone(folder)
    with clone.servers:
        yield clone


def workers(folder: Path) -> list[int]:
    """The processes that do audits for a checkout, parents and children."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"worker" in words and b"ci" in words and (process / "cwd").resolve() == folder:
                found.append(int(process.name))
    return found


def kill_workers(folder: Path) -> int:
    killed = 0
    for pid in workers(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


def living(group: int) -> list[int]:
    """The processes of a group, without the dead that nobody has asked after yet."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _parent, of = (process / "stat").read_text().rsplit(")", 1)[1].split()[:3]
            if int(of) == group and state != "Z":
                found.append(int(process.name))
    return found


def gate(clone: Clone, asked: dict[str, Any]) -> dict[str, Any]:
    """The gate's answer to what the demonstration has noted."""
    command = ("gate", asked["subject"], "--use-case", asked["use_case"], "--stage", asked["stage"])
    answer: dict[str, Any] = json.loads(clone.manage(*command, "--format", "json").stdout)
    return answer


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_somebody_who_ends_it_in_the_middle_reads_one_line_and_nothing_stays(clone: Clone, number: int) -> None:
    """Ctrl-C reaches the whole group; ``kill`` and make reach the demonstration alone."""
    story = subprocess.Popen(
        [sys.executable, "demo/run.py"],
        cwd=clone.folder,
        env=clone.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert story.stdout is not None
    assert any("Train two versions" in line for line in story.stdout)

    (os.killpg if number == signal.SIGINT else os.kill)(story.pid, number)
    _said, complaints = story.communicate(timeout=90)

    assert story.returncode == 130
    assert complaints.strip() == "Stopped. What is done is kept: make demo goes on from there."
    assert eventually(lambda: not living(story.pid))  # the trainings were of its group
    assert clone.manage("serve", "--dry-run").returncode == 0  # the port is free again


@pytest.mark.long
def test_the_portal_ends_with_a_demonstration_that_is_killed(clone: Clone) -> None:
    story = subprocess.Popen(
        [sys.executable, "demo/run.py"],
        cwd=clone.folder,
        env=clone.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert story.stdout is not None
    with story.stdout:
        assert any("the portal runs at" in line for line in story.stdout)

        story.kill()
        story.wait(30)

    assert eventually(lambda: clone.manage("serve", "--dry-run").returncode == 0, within=60)


def test_the_story_ends_as_told_although_its_workers_are_killed(clone: Clone) -> None:
    """The workers die as soon as a bias audit is asked for, in mid run or just before it."""
    story = subprocess.Popen(
        [sys.executable, "demo/run.py"],
        cwd=clone.folder,
        env={**clone.environment(), "SERVE": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines, killed = [], []
    assert story.stdout is not None
    with story.stdout:
        for line in story.stdout:
            lines.append(line)
            if "predictions attached" in line:
                killed.append(kill_workers(clone.folder))
    said = "".join(lines)

    assert story.wait(60) == 0, said
    assert len(killed) == 2
    assert all(killed), said
    notes = clone.folder / "var" / "demo.json"
    assert stat.S_IMODE(notes.stat().st_mode) == 0o600
    told = json.loads(notes.read_text())
    allow, deny = gate(clone, told["allow"]), gate(clone, told["deny"])
    assert (allow["verdict"], deny["verdict"]) == ("allow", "deny")
    of_report = clone.manage("verify_report", told["report"]["sha256"], "--format", "json")
    assert json.loads(of_report.stdout)["ok"]
    stress, level = told["stress"], probe().level
    if level < Level.L2:  # nothing is run here, and so nothing passes
        assert (stress["state"], stress["verdict"], stress["level"]) == ("errored", "", None)
    else:
        assert (stress["state"], stress["origin"], stress["level"]) == ("succeeded", "observed", level.name)
        assert stress["verdict"] == "fail"
        assert f"observed in the sandbox at level {level.name}" in said
    report = json.loads(Path(told["report"]["path"]).read_text())
    assert report["cover"]["provisional"]
    outcomes = {one["outcome"] for one in report["content"]["decisions"]}
    assert "approved" in outcomes
    assert any(requirement["status"] == "unsatisfied" for requirement in deny["requirements"])
    assert deny["next_steps"]
    assert {user["email"] for user in told["users"]} > {"emil@demo.example", "dana@demo.example"}


@pytest.mark.long
def test_where_no_model_can_be_kept_apart_that_is_told_and_nothing_passes(open_folder: Path, tmp_path: Path) -> None:
    """All programs of the machine but those that isolate."""
    for folder in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(folder).glob("*"):
            (tmp_path / program.name).unlink(missing_ok=True)
            (tmp_path / program.name).symlink_to(program)
    for hidden in ("bwrap", "unshare"):
        (tmp_path / hidden).unlink(missing_ok=True)
    folder = open_folder / "unguarded"
    folder.mkdir()
    clone = Clone(folder)
    with clone.servers:
        story = subprocess.run(
            [sys.executable, "demo/run.py"],
            cwd=folder,
            env={**clone.environment(), "SERVE": "0", "PATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    assert story.returncode == 0, story.stdout + story.stderr
    assert "the model was not run, so that nothing passes" in story.stdout
    assert "bwrap is not installed" in story.stdout
    stress = json.loads((folder / "var" / "demo.json").read_text())["stress"]
    assert (stress["state"], stress["verdict"], stress["level"]) == ("errored", "", None)


@pytest.mark.long
def test_a_second_demonstration_adds_nothing(clone: Clone) -> None:
    before = json.loads((clone.folder / "var" / "demo.json").read_text())

    again = subprocess.run(
        [sys.executable, "demo/run.py"],
        cwd=clone.folder,
        env={**clone.environment(), "SERVE": "0"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert again.returncode == 0, again.stderr
    assert "is there already: approved" in again.stdout
    assert "attached" not in again.stdout
    assert "@" not in again.stdout.partition("Ask the gate")[0].partition("prototype: policies")[2]  # nothing submitted
    assert json.loads((clone.folder / "var" / "demo.json").read_text()) == before
