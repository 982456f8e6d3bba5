"""The content-addressed store: uploaded tables, cards to audit again, results. Named by SHA-256, checked on reading."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from django.core.files import File
from django.core.files.storage import Storage, storages

from audits.kinds.base import InputsRejected
from audits.models import Blob

CHUNK = 1 << 20


class TooLarge(Exception):
    """More bytes than allowed; ``limit`` says how many would be."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit


def erase(blob: Blob, *, at: dt.datetime) -> None:
    """Delete a blob's bytes; its row stays. Whoever stores the same bytes again has them again."""
    # the row first: bytes without a row's word are found again, a row's word without bytes misleads
    Blob.objects.filter(pk=blob.pk).update(erased_at=at)
    _storage().delete(name_of(blob.sha256))


def _storage() -> Storage:
    return storages["blobs"]


def name_of(sha256: str) -> str:
    """Where a blob lies in the store: spread over folders by its first two bytes."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def store(*, stream: IO[bytes], media_type: str, max_bytes: int, at: dt.datetime) -> Blob:
    """Keep a stream's bytes, hashing while they pass through a temporary file.

    Raises:
        TooLarge: the stream is longer than ``max_bytes``; nothing is kept.
        OSError: the disk is full or cannot be written; nothing is kept.
    """
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(prefix="assay-upload-") as draft:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > max_bytes:
                raise TooLarge(max_bytes)
            digest.update(chunk)
            draft.write(chunk)
        draft.flush()
        draft.seek(0)
        sha256 = digest.hexdigest()
        _keep(File(draft, name=sha256), sha256)
    row = Blob(sha256=sha256, bytes=size, media_type=media_type[:100], created_at=at)
    Blob.objects.bulk_create([row], ignore_conflicts=True)  # of the same bytes there is one row, whoever is faster
    blob = Blob.objects.get(sha256=sha256)
    if blob.erased_at is not None:
        Blob.objects.filter(pk=blob.pk).update(erased_at=None)
    return blob


def _keep(content: File[bytes], sha256: str) -> None:
    """Put bytes under their digest, unless they are there already, whole."""
    name = name_of(sha256)
    if _storage().exists(name):
        if _is_whole(name, sha256):
            return
        # What a full disk or a killed process left behind would otherwise stand in the way of the bytes for good.
        _storage().delete(name)
    kept = _storage().save(name, content)
    if kept != name:  # another process was faster by a blink and has stored the same bytes
        _storage().delete(kept)


def _is_whole(name: str, sha256: str) -> bool:
    try:
        with _storage().open(name, "rb") as there:
            return hashlib.file_digest(there, "sha256").hexdigest() == sha256
    except OSError:
        return False


def store_bytes(data: bytes, *, media_type: str, at: dt.datetime) -> Blob:
    """Keep bytes that are in memory already."""
    return store(stream=io.BytesIO(data), media_type=media_type, max_bytes=len(data), at=at)


@contextmanager
def beginning(sha256: str) -> Iterator[IO[bytes]]:
    """A blob to look at the first bytes of, unchecked: nothing that is measured may rest on it.

    Raises:
        InputsRejected: it is not there.
    """
    with open_unchecked(sha256) as opened:
        yield opened


def is_there(sha256: str) -> bool:
    """Whether the store has a file under this digest; what is in it nobody has looked at."""
    return bool(sha256) and _storage().exists(name_of(sha256))


def open_unchecked(sha256: str) -> IO[bytes]:
    """A blob as it lies there, for reading parts of one that is too large to be read through for each.

    Raises:
        InputsRejected: it is not there.
    """
    try:
        opened: IO[bytes] = _storage().open(name_of(sha256), "rb")
    except FileNotFoundError as gone:
        raise _missing(sha256) from gone
    return opened


def _missing(sha256: str) -> InputsRejected:
    return InputsRejected("blob_missing", f"the file {sha256[:12]}… is not in the store; upload it again")


def open_checked(sha256: str) -> IO[bytes]:
    """Open a blob after reading it through once to see that it still has its digest.

    Raises:
        InputsRejected: it is not there, or its bytes are not those that were stored.
    """
    try:
        opened: IO[bytes] = _storage().open(name_of(sha256), "rb")
    except FileNotFoundError as gone:
        raise _missing(sha256) from gone
    digest = hashlib.sha256()
    while chunk := opened.read(CHUNK):
        digest.update(chunk)
    if digest.hexdigest() != sha256:
        opened.close()
        raise InputsRejected(
            "blob_altered", f"the file {sha256[:12]}… in the store is not what was uploaded; upload it again"
        )
    opened.seek(0)
    return opened


def read_checked(sha256: str) -> bytes:
    """All bytes of a blob, checked against its digest. Raises as ``open_checked``."""
    with open_checked(sha256) as opened:
        return opened.read()
