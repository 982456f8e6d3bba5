"""The demonstration as a newcomer starts it, while somebody kills its workers: the story ends as it is told."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pypdf
import pytest

from audits.sandbox.levels import Level
from audits.sandbox.probing import probe
from tests.conftest import eventually
from tests.governance.reports.mail_server import free_port, mail_server
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


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
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


def subscribe(clone: Clone, user: dict[str, Any], *, scope: str, attached: str) -> None:
    """Somebody signs in to the portal and asks to be sent every new edition of a scope."""
    portal, browser = f"http://127.0.0.1:{clone.port}", build_opener(HTTPCookieProcessor())

    def send(form: str, into: str, **fields: str) -> str:
        page = browser.open(f"{portal}{form}", timeout=60).read().decode()
        token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0]
        sent = urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        shown: str = browser.open(f"{portal}{into}", sent, timeout=60).read().decode()
        return shown

    send("/sign-in/", "/sign-in/", email=user["email"], password=user["password"])
    assert "You are sent every new edition" in send(
        "/reports/", "/reports/subscriptions/", scope=scope, attached=attached
    )


def test_the_story_ends_as_told_and_mailed_although_its_workers_are_killed(clone: Clone) -> None:
    """The workers die as soon as a bias audit is asked for, in mid run or just before it."""
    port, notes = free_port(), clone.folder / "var" / "demo.json"
    lines, killed = [], []
    with mail_server(port) as mails:
        story = subprocess.Popen(
            [sys.executable, "demo/run.py"],
            cwd=clone.folder,
            env={**clone.environment(), "EMAIL_URL": f"smtp://127.0.0.1:{port}?from=assay@example.org"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert story.stdout is not None
        with story.stdout:
            for line in story.stdout:
                lines.append(line)
                if "predictions attached" in line:
                    killed.append(kill_workers(clone.folder))
                    if len(killed) == 1:
                        people = {user["email"]: user for user in json.loads(notes.read_text())["users"]}
                        subscribe(clone, people["admin@demo.example"], scope="", attached="pdf")
                        subscribe(clone, people["rita@demo.example"], scope="lending", attached="nothing")
                if "Ctrl-C ends it" in line:
                    break
            mailed = eventually(lambda: len(mails) == 2, within=240)
            story.send_signal(signal.SIGINT)
        assert story.wait(60) == 0, "".join(lines)
    said = "".join(lines)

    assert len(killed) == 2
    assert all(killed), said
    assert stat.S_IMODE(notes.stat().st_mode) == 0o600
    told = json.loads(notes.read_text())
    allow, deny = gate(clone, told["allow"]), gate(clone, told["deny"])
    stress, level = told["stress"], probe().level
    is_run = level >= Level.L2
    assert allow["verdict"] == ("allow" if is_run else "error")
    assert deny["verdict"] in (("deny",) if is_run else ("deny", "error"))
    if level < Level.L2:  # nothing is run here, and so nothing passes
        assert (stress["state"], stress["verdict"], stress["level"]) == ("errored", "", None)
    else:
        assert (stress["state"], stress["origin"], stress["level"]) == ("succeeded", "observed", level.name)
        assert stress["verdict"] == "fail"
        assert f"observed in the sandbox at level {level.name}" in said
    report = json.loads(Path(told["report"]["path"]).read_text())
    assert report["cover"]["provisional"]
    outcomes = {one["outcome"] for one in report["content"]["decisions"]}
    assert "approved" in outcomes or level < Level.L2
    assert any(requirement["status"] == "unsatisfied" for requirement in deny["requirements"])
    assert deny["next_steps"]
    assert {user["email"] for user in told["users"]} > {"emil@demo.example", "dana@demo.example"}
    assert mailed, said
    _an_auditor_verifies_what_was_mailed(clone, told["report"], {mail["To"]: mail for mail in mails})


def _an_auditor_verifies_what_was_mailed(clone: Clone, report: dict[str, Any], mails: dict[str, Message]) -> None:
    of_team, of_portfolio = mails["rita@demo.example"], mails["admin@demo.example"]
    assert not of_team.is_multipart()
    assert f"http://127.0.0.1:{clone.port}/reports/" in of_team.get_payload(decode=True).decode()
    text, attached = of_portfolio.get_payload()
    assert f"/reports/{report['id']}/" in text.get_payload(decode=True).decode()
    # with nothing but the first page of what came by mail in hand
    first = pypdf.PdfReader(io.BytesIO(attached.get_payload(decode=True))).pages[0].extract_text()
    (command,) = re.findall(r"^python manage\.py (.+)$", first, re.MULTILINE)
    done = clone.manage(*command.split())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in the ledger since" in done.stdout
    assert f"sha256 {report['sha256']}" in done.stdout
    # and one that is another by a digit is not
    other = command[:-1] + ("0" if command[-1] != "0" else "1")
    assert clone.manage(*other.split()).returncode == 1


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
    assert "not approved: production asks how the model holds under stress" in story.stdout
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
