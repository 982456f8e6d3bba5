"""A database of the state before is migrated while it is being read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader

ROOT = Path(__file__).resolve().parents[2]
READS = (
    "SELECT count(*), max(next_boundary) FROM gates_approval WHERE ended_at IS NULL",
    "SELECT s.id, s.state, v.digest FROM reviews_submission s JOIN catalog_version v ON v.id = s.version_id LIMIT 5",
    "SELECT id, verb FROM ledger_event ORDER BY id DESC LIMIT 5",
    "SELECT e.id, u.slug FROM catalog_entry e, catalog_usecase u LIMIT 5",
)
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]


def where(name: str) -> dict[str, Any]:
    said = connection.settings_dict
    return {"host": said["HOST"], "port": str(said["PORT"]), "user": said["USER"], "dbname": name}


@pytest.fixture
def name() -> Iterator[str]:
    """A database beside that of the test, migrated as it was: a copy."""
    made = f"{connection.settings_dict['NAME']}_before"
    with psycopg.connect(**where("postgres"), autocommit=True) as there:
        there.execute(f'DROP DATABASE IF EXISTS "{made}" WITH (FORCE)')
        there.execute(f'CREATE DATABASE "{made}" TEMPLATE "{connection.settings_dict["TEST"]["TEMPLATE"]}"')
        try:
            yield made
        finally:
            there.execute(f'DROP DATABASE "{made}" WITH (FORCE)')


BACK = """
import json, sys
import django
django.setup()
from django.core.management import call_command
for label, name in json.loads(sys.argv[1]):
    call_command("migrate", label, name, verbosity=0)
"""


def migrate(name: str) -> None:
    run(name, "manage.py", "migrate", "--verbosity", "0")


def migrate_back(name: str, to: list[tuple[str, str]]) -> None:
    """All in one process: to start one takes longer than most migrations."""
    run(name, "-c", BACK, json.dumps(to))


def run(name: str, *words: str) -> None:
    at = where(name)
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
            "DATABASE_URL": f"postgres://{at['user']}@/{name}?host={at['host']}&port={at['port']}",
            "BROKER_URL": "redis://127.0.0.1:1/0",
            "SECRET_KEY": "a secret that is long enough for the settings to take",
            "SIGNING_KEY": "another that is long enough for the settings to take",
            "ALLOWED_HOSTS": "*",
            "ASSAY_PUBLIC_URL": "https://assay.example.org",
        },
    )
    assert done.returncode == 0, done.stderr


def states_before() -> list[tuple[str, str]]:
    """The migration before the newest of every app of ours that has two."""
    graph = MigrationLoader(None).graph
    ours = [app.label for app in apps.get_app_configs() if app.name.startswith(("governance", "audits"))]
    found = []
    for label in ours:
        names = sorted(migration for app, migration in graph.nodes if app == label)
        if len(names) > 1:
            found.append((label, names[-2]))
    return found


class Reader(threading.Thread):
    """Reads what pages and gates read, until it is told to stop; keeps what went wrong."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.connection = psycopg.connect(**where(name), autocommit=True)
        self.stopped = threading.Event()
        self.failed: list[Exception] = []
        self.reads = 0

    def run(self) -> None:
        self.connection.execute("SET statement_timeout = '20s'")
        while not self.stopped.is_set():
            for statement in READS:
                try:
                    self.connection.execute(statement).fetchall()
                    self.reads += 1
                except psycopg.Error as failed:
                    self.failed.append(failed)
            self.stopped.wait(0.005)  # a reader that never rests takes the processor from what it waits for


def test_the_state_before_is_migrated_while_it_is_read(name: str) -> None:
    migrate_back(name, states_before())
    readers = [Reader(name) for _reader in range(3)]
    for reader in readers:
        reader.start()

    migrate(name)

    for reader in readers:
        reader.stopped.set()
        reader.join(30)
        reader.connection.close()
    assert [reader.failed for reader in readers] == [[], [], []]
    assert all(reader.reads > len(READS) for reader in readers)
    with psycopg.connect(**where(name)) as there:
        there.execute("SELECT count(*) FROM ledger_checkpoint")
