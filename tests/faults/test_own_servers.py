"""With a PostgreSQL and a broker of one's own the product starts nothing, and migrates as the role that it is told."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config import embedded
from tests.servers import Checkout, Clone

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def clone(open_folder: Path) -> Clone:
    folder = open_folder / "with servers of one's own"
    folder.mkdir()
    return Clone(folder)


@pytest.fixture(scope="module")
def theirs(open_folder: Path) -> Iterator[Checkout]:
    """Servers that are somebody else's to the clone."""
    with Checkout(open_folder / "theirs") as checkout:
        checkout.used()
        yield checkout


def addresses_of(theirs: Checkout, name: str) -> dict[str, str]:
    """The settings for a database of theirs, as the application's role."""
    return {
        "DATABASE_URL": embedded.database_url(theirs.folder).replace("/assay?", f"/{name}?"),
        "BROKER_URL": embedded.broker_url(theirs.folder),
        "SECRET_KEY": "s" * 50,
        "SIGNING_KEY": "k" * 64,
        "ASSAY_PUBLIC_URL": "https://assay.example.org",
    }


@pytest.fixture
def addresses(theirs: Checkout, request: pytest.FixtureRequest) -> dict[str, str]:
    """Those of a new database."""
    name = f"own_{abs(hash(request.node.name))}"
    theirs.sql(f"CREATE DATABASE {name}")
    return addresses_of(theirs, name)


@pytest.fixture(scope="module")
def migrated(clone: Clone, theirs: Checkout) -> subprocess.CompletedProcess[str]:
    """The migration of the database ``own`` by a role of its own."""
    theirs.sql("CREATE DATABASE own")
    addresses = addresses_of(theirs, "own")
    owner = as_owner(addresses["DATABASE_URL"])
    return clone.manage("migrate", "--verbosity", "0", **addresses, MIGRATION_DATABASE_URL=owner)


def as_owner(address: str) -> str:
    return address.replace(f"//{embedded.APPLICATION}@", f"//{embedded.keeper.OWNER}@")


def test_two_roles_are_used_for_what_they_are_for_and_nothing_is_started(clone, theirs, migrated):
    addresses = addresses_of(theirs, "own")

    assert (migrated.returncode, migrated.stderr) == (0, "")
    with psycopg.connect(addresses["DATABASE_URL"]) as application:
        assert application.execute("SELECT count(*) FROM django_migrations").fetchone() != (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute("DELETE FROM ledger_event")
    assert not (clone.folder / "var" / "embedded").exists()
    assert clone.manage("migrate", "--check", **addresses).returncode == 0


def test_one_role_for_both_is_told_once_what_it_lacks(clone, theirs, migrated):
    assert migrated.returncode == 0
    theirs.sql("CREATE DATABASE own_as_one TEMPLATE own")
    addresses = addresses_of(theirs, "own_as_one")
    addresses["DATABASE_URL"] = as_owner(addresses["DATABASE_URL"])

    again = clone.manage("migrate", "--verbosity", "0", **addresses)

    assert again.returncode == 0
    assert again.stderr.count("protected rows are kept by triggers alone") == 1
    with psycopg.connect(addresses["DATABASE_URL"]) as owner, pytest.raises(psycopg.errors.IntegrityError):
        owner.execute("TRUNCATE ledger_event CASCADE")


def test_an_extension_that_may_not_be_made_is_named_with_what_to_run(clone, addresses):
    migrated = clone.manage("migrate", "--verbosity", "0", **addresses)

    assert migrated.returncode == 1
    assert "let its administrator run in it: CREATE EXTENSION pg_trgm;" in migrated.stderr
    assert "Traceback" not in migrated.stderr


@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_missing_setting_stops_the_start_in_one_line(clone, addresses, command):
    del addresses["BROKER_URL"]

    refused = clone.manage(command, **addresses)

    assert refused.returncode == 2
    assert refused.stderr == "BROKER_URL is not set: with DATABASE_URL set, name your broker too, as redis://…\n"
