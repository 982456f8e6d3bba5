"""What the embedded servers say when they cannot run, and what they make of a half-made or damaged database."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded.keeper import OWN_SERVERS, _shared_memory
from tests.conftest import eventually
from tests.servers import NAMELESS, Checkout, needs_root


@pytest.fixture
def small_disk(place: Path) -> Iterator[Path]:
    """A file system with room for 16 MB: initdb alone needs more."""
    needs_root()
    disk = place / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m,mode=755", "none", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot make a small file system here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def stopped(checkout: Checkout) -> Path:
    """Have a database made, and all servers stopped; its folder."""
    checkout.used().leave()
    assert eventually(lambda: not checkout.processes())
    return checkout.folder / "data"


def test_a_full_disk_is_named_and_nothing_half_made_is_left(small_disk):
    with Checkout(small_disk / "var" / "embedded") as checkout:
        said = checkout.user().start()

        assert "PostgreSQL's initdb could not make" in said
        assert "No space left on device" in said
        assert OWN_SERVERS in said
        assert not (checkout.folder / "data").exists()


def test_a_folder_that_cannot_be_written_is_named_with_its_owner(place):
    needs_root()
    with Checkout(place / "var" / "embedded") as checkout:
        said = checkout.user(uid=NAMELESS).start()

    assert said.startswith(
        f"the embedded servers cannot use {place}/var/embedded: Permission denied; {place} belongs to root"
    )


def test_a_file_where_the_folder_should_be_is_named(place):
    (place / "var").write_text("not a folder")

    with Checkout(place / "var" / "embedded") as checkout:
        said = checkout.user().start()

    assert said == f"the embedded servers cannot use {place}/var/embedded: Not a directory; mend that or {OWN_SERVERS}"


def test_a_database_that_was_half_made_when_its_maker_was_killed_is_made_anew(checkout):
    (checkout.folder / "data.draft" / "base").mkdir(parents=True)
    (checkout.folder / "data.draft" / "PG_VERSION").write_text("18\n")
    (checkout.folder / "data").mkdir()

    assert checkout.user().start() == "ready"
    assert not (checkout.folder / "data.draft").exists()


def test_a_database_that_was_lost_is_made_anew(checkout):
    data = stopped(checkout)
    data.rename(checkout.folder.parent / "taken away")

    assert checkout.user().start() == "ready"


def test_a_damaged_database_is_named_and_left_alone(checkout):
    data = stopped(checkout)
    (data / "global" / "pg_control").unlink()
    before = sorted(path.name for path in data.iterdir())

    said = checkout.user().start()

    assert f"the database in {data} is damaged: files are missing" in said
    assert f"move {data} away to begin with an empty database" in said
    assert sorted(path.name for path in data.iterdir()) == before


def test_a_database_of_another_postgresql_is_named_and_left_alone(checkout):
    data = stopped(checkout)
    (data / "PG_VERSION").write_text("15\n")

    said = checkout.user().start()

    assert f"the database in {data} was made by PostgreSQL 15, ours is 18" in said


@pytest.mark.long
def test_a_server_that_never_comes_up_is_given_up_with_its_own_last_words(checkout):
    data = stopped(checkout)
    (data / "postgresql.conf").write_text("shared_buffers = nonsense\n")

    said = checkout.user().start()

    assert "PostgreSQL ended 25 times in a row right after its start" in said
    assert "shared_buffers" in said


@pytest.mark.parametrize("place_in", ["missing", "small", "closed"])
def test_parallel_queries_share_files_where_the_system_has_too_little_shared_memory(place, place_in, request):
    shared = place / "missing"
    if place_in == "small":
        shared = request.getfixturevalue("small_disk")
        shared.chmod(0o777)
    elif place_in == "closed":
        shared = place

    assert _shared_memory(shared) == "mmap"


def test_parallel_queries_use_the_systems_shared_memory_where_there_is_enough(place):
    place.chmod(0o777)
    room = os.statvfs(place)
    if room.f_bavail * room.f_frsize < 2**28:
        pytest.skip("less than 256 MB free in /tmp")

    assert _shared_memory(place) == "posix"
