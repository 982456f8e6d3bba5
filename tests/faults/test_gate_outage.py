"""The database restarts under the gate's readers: no wrong verdict, 503 in the window only, and no restart of ours."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import eventually
from tests.servers import Clone

pytestmark = [pytest.mark.broker, pytest.mark.timeout(900)]
RESTARTS = 5 if os.environ.get("LONG") == "1" else 1
READERS = 4
# Makes a version that is approved and one that is not, and prints what a reader has to know.
APPROVED = """
import datetime as dt, json
from django.utils import timezone
from governance.catalog.models import Entry, UseCase, Version
from governance.gates.models import Approval
from governance.people.models import Membership, Team, User
from governance.people.services.tokens import issue_token
at = timezone.now()
team = Team.objects.create(slug="readers", name="Readers")
user = User.objects.create(email="reader@example.org", name="Reader")
Membership.objects.create(user=user, team=team, role="submitter")
case = UseCase.objects.create(slug="credit", name="Credit", purpose="p", owner_team=team, tier="high")
entry = Entry.objects.create(kind="model", source="local", repo_id="acme/scorer", key="acme/scorer")
for number in (1, 2):
    version = Version.objects.create(
        entry=entry, revision=f"{number:040x}", digest=f"{number:064x}", assurance="hashed", imported_at=at
    )
    if number == 1:
        Approval.objects.create(
            version=version, use_case=case, stage="pilot", verdict="allow", facts_sha256="0" * 64, granted_at=at,
            expires_at=at + dt.timedelta(days=9), next_boundary=at + dt.timedelta(days=9),
        )
_, secret = issue_token(user=user, name="ci", scopes=("gate:read",), days=1, by=None, at=at)
print("TOKEN " + secret)
"""


@pytest.fixture
def serving(place: Path) -> Iterator[tuple[Clone, str]]:
    clone = Clone(place)
    migrated = clone.manage("migrate", "--verbosity", "0")
    assert migrated.returncode == 0, migrated.stderr
    with clone.servers:
        made = clone.manage("shell", "--no-imports", "--command", APPROVED)
        assert "TOKEN " in made.stdout, made.stderr
        token = made.stdout.partition("TOKEN ")[2].split()[0]
        portal = clone.serve()
        try:
            assert clone.said("Assay is at "), "".join(clone.lines)
            yield clone, token
        finally:
            portal.terminate()
            portal.wait(60)


class Readers:
    """Threads that ask the gate again and again; what they are answered, with its moment."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.answers: list[tuple[float, int, str, str]] = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._read, args=(1 + number % 2,)) for number in range(READERS)]

    def __enter__(self) -> Readers:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(60)

    def _read(self, number: int) -> None:
        while not self.over.wait(0.05):
            asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                address = f"/api/v1/gate/model/acme/scorer@{number:040x}?use_case=credit&stage=pilot"
                asking.request("GET", address, headers={"Authorization": f"Bearer {self.token}"})
                answer = asking.getresponse()
                said: dict[str, Any] = json.loads(answer.read())
                wrong = "" if said.get("verdict") == {1: "allow", 2: "deny"}[number] else str(said)
                retry = answer.headers.get("Retry-After", "")
                self.answers.append((time.monotonic(), answer.status, retry, wrong))
            except OSError as failed:
                self.answers.append((time.monotonic(), 0, "", repr(failed)))
            finally:
                asking.close()

    def well_since(self, moment: float) -> bool:
        """Whether every reader has been answered rightly several times after a moment, the last time included."""
        later = [answer for answer in list(self.answers) if answer[0] > moment]
        return len(later) >= 5 * READERS and all(status == 200 for _, status, _, _ in later[-2 * READERS :])


def test_fault_v48_a_database_that_restarts_under_readers_gives_503_and_no_wrong_verdict(
    serving: tuple[Clone, str],
) -> None:
    clone, token = serving
    with Readers(clone.port, token) as readers:
        assert eventually(lambda: readers.well_since(0.0), within=120), readers.answers[-3:]
        windows = []
        for _ in range(RESTARTS):
            killed = time.monotonic()
            clone.servers.kill("postgres")
            assert eventually(lambda: readers.well_since(killed), within=120), readers.answers[-8:]  # noqa: B023
            windows.append((killed, time.monotonic()))

    for moment, status, retry, wrong in readers.answers:
        if status == 200:
            assert not wrong, wrong
        else:
            assert (status, retry.isdigit()) == (503, True), (status, retry, wrong)
            assert any(began <= moment <= ended for began, ended in windows), "a failure outside the window"
    assert clone.servers.runs_once()
    assert not any("web" in line and "started again" in line for line in clone.lines)
