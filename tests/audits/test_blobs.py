"""The store of bytes: whole under their digest, or not there."""

from __future__ import annotations

import datetime as dt
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from audits import blobs
from audits.kinds.base import InputsRejected
from audits.models import Blob

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """A store of this test's own."""
    blobs_here = {**settings.STORAGES["blobs"], "OPTIONS": {"location": tmp_path, "file_permissions_mode": 0o600}}
    settings.STORAGES = {**settings.STORAGES, "blobs": blobs_here}
    return tmp_path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def full(*_: Any) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_bytes_are_kept_once_under_their_digest_and_for_nobody_else(folder: Path) -> None:
    first = blobs.store_bytes(b"y,p\n1,1\n", media_type="text/csv", at=NOW)
    again = blobs.store_bytes(b"y,p\n1,1\n", media_type="text/csv", at=NOW)

    assert first == again
    (kept,) = files(folder)
    assert kept == folder / blobs.name_of(first.sha256)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert blobs.read_checked(first.sha256) == b"y,p\n1,1\n"


def test_a_full_disk_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audits.blob_files.os.fsync", full)

    with pytest.raises(OSError, match="No space left"):
        blobs.store_bytes(b"abc", media_type="text/csv", at=NOW)

    assert not files(folder)
    assert not Blob.objects.exists()


@pytest.mark.parametrize("left", [b"", b"y,p", b"y,p\n0,0\n"])
def test_what_a_crash_left_under_a_name_is_replaced_by_the_bytes(folder: Path, left: bytes) -> None:
    data = b"y,p\n1,1\n"
    sha256 = blobs.store_bytes(data, media_type="text/csv", at=NOW).sha256
    (folder / blobs.name_of(sha256)).write_bytes(left)
    with pytest.raises(InputsRejected, match="upload it again"):
        blobs.read_checked(sha256)

    blobs.store_bytes(data, media_type="text/csv", at=NOW)

    assert blobs.read_checked(sha256) == data
    assert len(files(folder)) == 1
