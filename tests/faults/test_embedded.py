"""The embedded servers come when they are needed, come back when they are killed, and go with their last user."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from pathlib import Path

import psycopg
import pytest

from config import embedded
from config.embedded.keeper import socket_folder
from tests.conftest import eventually
from tests.servers import Checkout, User

SERVERS = ["keeper", "postgres", "valkey"]


def write_down(checkout: Checkout, what: str) -> None:
    checkout.sql("CREATE TABLE IF NOT EXISTS notes (note text)")
    checkout.sql(f"INSERT INTO notes VALUES ('{what}')")  # noqa: S608


def notes(checkout: Checkout) -> list[str]:
    found = checkout.sql("SELECT array_agg(note ORDER BY note) FROM notes")
    assert isinstance(found, list)
    return found


def test_the_first_user_gets_both_servers_and_two_roles(checkout):
    checkout.used()

    assert checkout.runs_once()
    assert checkout.sql("SELECT current_user || '@' || current_database()") == "assay@assay"
    application = embedded.database_url(checkout.folder)
    assert checkout.sql("SELECT current_user || '@' || current_database()", application) == "assay_app@assay"


def test_the_servers_go_with_their_last_user_and_the_data_stays(checkout):
    first, second = checkout.used(), checkout.used()
    write_down(checkout, "kept")

    first.leave()
    write_down(checkout, "and used by the second")
    second.leave()

    assert eventually(lambda: not checkout.processes())
    checkout.used()
    assert notes(checkout) == ["and used by the second", "kept"]


def test_a_killed_user_counts_as_gone(checkout):
    checkout.used().kill()

    assert eventually(lambda: not checkout.processes())


@pytest.mark.parametrize("victim", [*SERVERS, "backend"])
def test_the_servers_survive_the_killing_of(checkout, victim):
    user = checkout.used()
    write_down(checkout, "before")
    busy = psycopg.connect(embedded.owner_url(checkout.folder))

    checkout.kill(victim)

    assert eventually(lambda: user.start() == "ready" and checkout.runs_once())
    with contextlib.suppress(psycopg.OperationalError):
        busy.close()
    assert notes(checkout) == ["before"]


def test_the_servers_survive_the_killing_of_all_at_once(checkout):
    user = checkout.used()
    write_down(checkout, "before")

    for pid in [pid for pids in checkout.processes().values() for pid in pids]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    assert user.start() == "ready"
    assert eventually(checkout.runs_once)
    assert notes(checkout) == ["before"]


def test_a_query_that_outlives_its_killed_server_does_not_keep_the_next_one_from_starting(checkout):
    user = checkout.used()
    busy = psycopg.connect(embedded.owner_url(checkout.folder), autocommit=True)
    busy.pgconn.send_query(b"DO $$ DECLARE n bigint := 0; BEGIN LOOP n := n + 1; END LOOP; END $$")
    computing = Path(f"/proc/{busy.info.backend_pid}")

    checkout.kill("postgres")

    assert eventually(lambda: user.start() == "ready" and checkout.runs_once())
    assert eventually(lambda: not computing.exists())
    busy.close()


def test_a_process_that_only_waits_gets_its_servers_back(checkout):
    """A worker without work asks the database nothing: nobody but its watch could miss the broker."""
    waiting = checkout.used(watch=True)
    first = checkout.processes()["keeper"]

    checkout.kill("keeper")

    assert eventually(lambda: checkout.runs_once() and checkout.processes()["keeper"] != first)
    assert waiting.start() == "ready"


@pytest.mark.parametrize("pid_file", ["data/postmaster.pid", "socket/.s.PGSQL.5432.lock"])
def test_a_stale_pid_file_that_names_a_living_process_is_no_hindrance(checkout, pid_file):
    """After a container was killed, the number in the file is soon another process of the next container."""
    user = checkout.used()
    old = (checkout.folder / pid_file).read_text()
    user.leave()
    assert eventually(lambda: not checkout.processes())
    stale = checkout.folder / pid_file
    stale.write_text(f"{os.getpid()}\n" + old.split("\n", 1)[1])
    stale.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(stale, *(getattr((checkout.folder / "data").stat(), name) for name in ("st_uid", "st_gid")))

    assert checkout.user().start() == "ready"


def test_many_first_users_at_once_start_one_keeper(checkout):
    users = [checkout.user() for _ in range(8)]

    for user in users:
        user.ask()

    assert [user.answer() for user in users] == ["ready"] * 8
    assert checkout.runs_once()


def test_a_user_who_comes_while_the_servers_are_stopping_gets_them(checkout):
    checkout.used().leave()

    assert checkout.user().start() == "ready"


def test_two_checkouts_do_not_meet(place):
    with Checkout(place / "one") as one, Checkout(place / "two") as two:
        one.used()
        two.used()
        write_down(one, "in one")

        assert two.sql("SELECT to_regclass('notes')") is None
        two.users[0].leave()
        assert eventually(lambda: not two.processes())
        assert notes(one) == ["in one"]


@pytest.mark.parametrize("name", ["n" * 120, "with a space, a comma and ünïcödé"])
def test_a_checkout_may_lie_where_a_socket_cannot(place, name):
    with Checkout(place / name / "embedded") as checkout:
        checkout.used()

        sockets = socket_folder(checkout.folder)
        assert checkout.runs_once()
        assert sockets.parent == Path("/tmp")  # noqa: S108
        assert sockets.stat().st_mode & 0o777 == 0o700
    assert not sockets.exists()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_nothing_committed_is_lost_in_fifty_random_killings(checkout):
    chance = random.Random(7)  # noqa: S311
    user: User = checkout.used()
    for number in range(50):
        write_down(checkout, f"{number:03}")
        victim = chance.choice([*SERVERS, "backend"])
        with contextlib.suppress(ProcessLookupError, KeyError):
            checkout.kill(victim)
        if chance.random() < 0.3:
            with contextlib.suppress(ProcessLookupError, KeyError):
                checkout.kill(chance.choice(SERVERS))
        assert eventually(lambda: user.start() == "ready" and checkout.runs_once()), victim
        assert notes(checkout) == [f"{n:03}" for n in range(number + 1)]
