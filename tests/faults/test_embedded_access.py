"""Nobody else on the machine can use the embedded servers, and nobody else's files are touched for them."""

from __future__ import annotations

import contextlib
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import embedded
from config.embedded.keeper import OWN_SERVERS, socket_folder
from tests.conftest import eventually
from tests.servers import NAMELESS, Checkout, as_other, needs_root

NOBODY = pwd.getpwnam("nobody").pw_uid
# What a stranger tries: to see the files, and to connect to each server without and with PostgreSQL's own client.
STRANGER = """
import os, socket, sys
data, sockets, url = sys.argv[1:]
def tried(name, act):
    try:
        act()
        print(name, "let in")
    except OSError as refused:
        print(name, type(refused).__name__)
    except Exception as refused:
        print(name, "refused:", str(refused).strip().splitlines()[-1])
def connect(name):
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(os.path.join(sockets, name))
def sign_in():
    import psycopg
    psycopg.connect(url).close()
tried("data", lambda: os.listdir(data))
tried("sockets", lambda: os.listdir(sockets))
tried("postgres", lambda: connect(".s.PGSQL.5432"))
tried("valkey", lambda: connect("valkey.sock"))
tried("client", sign_in)
"""


def strangers() -> list[int]:
    """Other users of a machine: an account that services share, PostgreSQL's own, and a number without an account."""
    found = [NOBODY, NAMELESS]
    found += [account.pw_uid for account in pwd.getpwall() if account.pw_name == "postgres"]
    return found


def as_stranger(uid: int, checkout: Checkout, role: str = "owner") -> dict[str, str]:
    """What happens to each try of a user with a number; every try must have been made."""
    url = {"owner": embedded.owner_url, "application": embedded.database_url}[role](checkout.folder)
    done = as_other(uid, STRANGER, str(checkout.folder / "data"), str(socket_folder(checkout.folder)), url)
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert set(said) == {"data", "sockets", "postgres", "valkey", "client"}, done.stderr
    return said


def modes(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Mode, owner and group of a folder, of all above it, and of all that lies beside what we make in it."""
    beside = [path for path in folder.rglob("*") if "embedded" not in path.parts]
    found = {}
    for path in (folder, *folder.parents, *beside):
        seen = path.stat()
        found[str(path)] = (stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid)
    return found


@pytest.fixture(scope="module")
def roots(open_folder: Path) -> Iterator[Checkout]:
    """Servers that root has started, in a place where everybody may look around."""
    needs_root()
    with Checkout(open_folder / "roots" / "embedded") as checkout:
        (open_folder / "roots").mkdir(mode=0o755)
        checkout.used(SECRET_KEY="not for the servers")
        yield checkout


@pytest.mark.parametrize("role", ["owner", "application"])
@pytest.mark.parametrize("uid", strangers())
def test_no_other_user_gets_at_roots_servers_or_their_files(roots, uid, role):
    said = as_stranger(uid, roots, role)

    assert {name: said[name] for name in ("data", "sockets", "postgres", "valkey")} == dict.fromkeys(
        ("data", "sockets", "postgres", "valkey"), "PermissionError"
    )
    assert said["client"].startswith("refused: ")


def test_roots_servers_run_as_nobody_elses_number(roots):
    """Under a shared account such as ``nobody`` every other process of that account could enter their folder."""
    owners = roots.owners("postgres", "valkey")

    assert owners == {(roots.folder / "data").stat().st_uid}
    assert not owners & {account.pw_uid for account in pwd.getpwall()}


def test_even_through_open_folders_the_kernel_names_the_stranger_to_postgresql(roots):
    """A second lock: somebody may open a folder by mistake, as container tools do with mounted ones."""
    opened = [socket_folder(roots.folder), socket_folder(roots.folder) / ".s.PGSQL.5432"]
    before = [path.stat().st_mode for path in opened]
    for path in opened:
        path.chmod(0o777)
    try:
        said = [as_stranger(uid, roots)["client"] for uid in strangers()]
    finally:
        for path, mode in zip(opened, before, strict=True):
            path.chmod(mode)

    assert all(why.startswith("refused: ") and "Peer authentication failed" in why for why in said), said


def test_the_servers_get_none_of_our_environment(roots):
    looked_at = set()
    for kind, pids in roots.processes().items():
        for pid in pids:
            # PostgreSQL's own helpers come and go.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                assert b"SECRET_KEY" not in Path(f"/proc/{pid}/environ").read_bytes()
                looked_at.add(kind)

    assert looked_at == {"keeper", "postgres", "backend", "valkey"}


@pytest.mark.parametrize("uid", [NOBODY, NAMELESS])
def test_an_ordinary_user_has_servers_of_ones_own(place, uid):
    """With an account, and without: initdb asks for its name."""
    needs_root()
    os.chown(place, uid, uid)
    with Checkout(place / "var" / "embedded") as checkout:
        checkout.used(uid=uid)

        assert checkout.runs_once()
        assert checkout.owners("keeper", "postgres", "backend", "valkey") == {uid}
        other = NAMELESS + 1
        said = as_stranger(other, checkout)
        assert [said[name] for name in ("data", "sockets", "postgres", "valkey")] == ["PermissionError"] * 4
        assert said["client"].startswith("refused: ")


@pytest.mark.parametrize("uid", [None, NAMELESS])
def test_modes_and_owners_of_everything_around_stay_as_they_were(place, uid):
    home = place / "home"
    (home / "notes").mkdir(parents=True)
    (home / "notes" / "diary.txt").write_text("private")
    (home / "notes" / "diary.txt").chmod(0o640)
    home.chmod(0o700)
    if uid is not None:
        needs_root()
        for path in (home, home / "notes", home / "notes" / "diary.txt"):
            os.chown(path, uid, uid)
    before = modes(home)

    with Checkout(home / "embedded") as checkout:
        checkout.used(uid=uid)
        while_running = modes(home)
    after = modes(home)

    assert while_running == before
    assert after == before


def test_root_needs_no_open_folder_above_the_checkout(place):
    """A checkout below /root: its servers get the one right that lets them through, and the folder stays closed."""
    needs_root()
    place.chmod(0o700)

    with Checkout(place / "var" / "embedded") as checkout:
        user = checkout.used()
        checkout.sql("CREATE TABLE notes AS SELECT 1")
        checkout.kill("keeper")
        assert eventually(lambda: user.start() == "ready" and checkout.runs_once())
        assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_an_ordinary_user_who_comes_after_root_is_told_whose_servers_they_are(roots):
    user = roots.user(uid=NAMELESS)

    said = user.start()

    assert f"; {roots.folder} belongs to root: run this as root, take a checkout of your own, or " in said
    assert OWN_SERVERS in said


def test_root_who_comes_after_an_ordinary_user_shares_the_servers_and_can_start_them(place):
    needs_root()
    os.chown(place, NOBODY, NOBODY)
    with Checkout(place / "var" / "embedded") as checkout:
        first = checkout.used(uid=NOBODY)
        root = checkout.used()
        first.leave()
        assert checkout.sql("SELECT 1") == 1
        root.leave()
        assert eventually(lambda: not checkout.processes())

        checkout.used()
        assert checkout.user(uid=NOBODY).start() == "ready"
        assert checkout.runs_once()


def test_a_socket_folder_that_somebody_else_has_planted_in_tmp_is_refused(place):
    folder = place / ("n" * 120) / "embedded"
    planted = socket_folder(folder)
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    planted.symlink_to(elsewhere)
    try:
        with Checkout(folder) as checkout:
            said = checkout.user().start()
    finally:
        planted.unlink()

    assert said == f"{planted} belongs to somebody else; remove it or {OWN_SERVERS}"
    assert not list(elsewhere.iterdir())


def test_a_folder_of_another_owner_in_tmp_is_refused(place):
    needs_root()
    folder = place / ("n" * 121) / "embedded"
    planted = socket_folder(folder)
    planted.mkdir()
    os.chown(planted, NAMELESS, NAMELESS)
    try:
        with Checkout(folder) as checkout:
            said = checkout.user().start()
    finally:
        planted.rmdir()

    assert said == f"{planted} belongs to somebody else; remove it or {OWN_SERVERS}"
