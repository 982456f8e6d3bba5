"""What the Hub's API says of a repository, as a snapshot; and files full of such answers.

Plain Python: no Django, no network. Nothing here trusts an answer: fields of the wrong type are unknown, names
that cannot be stored are refused.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from governance.catalog import manifests, repository_names, snapshots, subject_kinds
from governance.catalog.manifests import ManifestFile
from governance.catalog.snapshots import Snapshot, SnapshotRefused

MAX_LINE = 32 * 1024 * 1024  # bytes of one answer; the longest seen has 1.7 MB
MAX_TAGS = 500
_MAX_LABEL = 80  # characters
_MAX_COUNT = 2**63 - 1
_SMALL_ENOUGH = 8 * 1024 * 1024  # bytes unpacked, below which no ratio is asked
_MAX_RATIO = 200  # of unpacked to packed; real answers have about 6
_CHUNK = 256 * 1024

_HEX = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def snapshot_from_answer(
    answer: Mapping[str, Any], *, kind: str, source: str, max_card_bytes: int = snapshots.MAX_CARD_BYTES
) -> Snapshot:
    """The snapshot that one answer of ``/api/{models,datasets,spaces}/…`` describes.

    Read are ``id`` or ``modelId``, ``sha``, ``siblings`` (``rfilename``, and where asked for ``size``, ``blobId``,
    ``lfs``), ``lastModified``, ``library_name``, ``pipeline_tag``, ``tags``, ``private``, ``gated``, ``downloads``,
    ``likes``, and ``cardText``, the README.md that a collector put beside them. The assurance is ``listed`` if
    every file has its size and its object id, else ``card-only``.

    Raises:
        SnapshotRefused: ``unknown_kind``, ``bad_repo_id``, ``revision_must_be_commit_sha``, ``bad_listing``,
            ``bad_file_name``, ``too_many_files``.
    """
    subject_kinds.valid_kind(kind)
    repo_id = repository_names.valid_repo_id(answer.get("id") or answer.get("modelId"))
    sha = answer.get("sha")
    revision = None if sha is None else repository_names.valid_commit(sha)
    files = _listing(answer.get("siblings"), kind=kind)
    listed = revision is not None and bool(files) and all(f.size is not None and f.oid for f in files.values())
    text = answer.get("cardText")
    # A card may hold anything, half of a surrogate pair included: the card's own audit says so.
    card = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else None
    if card is not None and not listed:
        digest = hashlib.sha256(card).hexdigest()
        files[manifests.CARD_NAME] = ManifestFile(manifests.CARD_NAME, len(card), digest, None, manifests.CARD)
    gated = answer.get("gated")
    return Snapshot(
        kind=kind,
        source=source,
        repo_id=repo_id,
        revision=revision,
        files=tuple(files.values()),
        card=None if card is None else card[:max_card_bytes],
        card_too_large=card is not None and len(card) > max_card_bytes,
        assurance=snapshots.LISTED if listed else snapshots.CARD_ONLY,
        last_modified=_moment(answer.get("lastModified")),
        library=_label(answer.get("library_name")),
        task=_label(answer.get("pipeline_tag")),
        tags=_tags(answer.get("tags")),
        private=_flag(answer.get("private")),
        gated=gated if isinstance(gated, bool) else _label(gated),
        downloads=_count(answer.get("downloads")),
        likes=_count(answer.get("likes")),
    )


def _listing(siblings: object, *, kind: str) -> dict[str, ManifestFile]:
    if siblings is None:
        return {}
    if not isinstance(siblings, list):
        raise SnapshotRefused("bad_listing", "`siblings` is not a list of files; ask the Hub again")
    if len(siblings) > snapshots.MAX_FILES:
        raise SnapshotRefused("too_many_files", f"the repository lists more than {snapshots.MAX_FILES} files")
    files: dict[str, ManifestFile] = {}
    for row in siblings:
        path = row.get("rfilename") if isinstance(row, dict) else None
        if not isinstance(path, str):
            raise SnapshotRefused("bad_listing", "`siblings` has an item without `rfilename`; ask the Hub again")
        if why := manifests.bad_path(path):
            raise SnapshotRefused("bad_file_name", f"the file {ascii(path[:100])} {why}; rename it on the Hub")
        if path in files:
            raise SnapshotRefused("bad_listing", f"`siblings` names {ascii(path[:100])} twice; ask the Hub again")
        lfs = row.get("lfs")
        lfs = lfs if isinstance(lfs, dict) else {}
        size = _count(lfs.get("size"))
        size = _count(row.get("size")) if size is None else size
        files[path] = ManifestFile(
            path=path,
            size=None if size is None or size > manifests.MAX_SIZE else size,
            sha256=_hex(lfs.get("sha256"), length=64),
            git_oid=_hex(row.get("blobId")),
            role=manifests.role_of(path, kind),
        )
    return files


def _hex(value: object, *, length: int | None = None) -> str | None:
    text = value.lower() if isinstance(value, str) else ""
    return text if _HEX.fullmatch(text) and length in (None, len(text)) else None


def _label(value: object) -> str | None:
    """A short text that a database can hold; None where there is none."""
    return _UNSTORABLE.sub("\ufffd", value)[:_MAX_LABEL] if isinstance(value, str) and value else None


def _tags(value: object) -> tuple[str, ...]:
    labels = (_label(tag) for tag in value[:MAX_TAGS]) if isinstance(value, list) else ()
    return tuple(label for label in labels if label is not None)


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _MAX_COUNT else None


def _moment(value: object) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
        return (
            None if moment is None else (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
        )
    except (ValueError, OverflowError):
        return None


def api_answers(
    path: str | os.PathLike[str], *, max_line: int = MAX_LINE
) -> Iterator[dict[str, Any] | SnapshotRefused]:
    """The answers in a file of JSON lines, ``*.jsonl`` or ``*.jsonl.gz``, one at a time.

    A line that is no answer (not JSON, not an object, longer than ``max_line`` bytes) is a refusal that names the
    line, and reading goes on. A file that cannot be read on, because it is cut off, damaged or a bomb, ends with a
    refusal: what was read before it stands.
    """
    name = ascii(Path(path).name)
    number = 0
    try:
        with open(path, "rb") as file:
            chunks = _unpacked(file) if os.fspath(path).endswith(".gz") else iter(lambda: file.read(_CHUNK), b"")
            for number, line in enumerate(_lines(chunks, max_line=max_line), start=1):
                if line is None:
                    yield SnapshotRefused(
                        "line_too_long", f"{name} line {number} is longer than {max_line} bytes; split its card off"
                    )
                elif line.strip():
                    yield _answer(line, where=f"{name} line {number}")
    except OSError as error:
        yield SnapshotRefused("unreadable", f"cannot read {name}: {error.strerror or error}")
    except (EOFError, zlib.error):
        yield SnapshotRefused("damaged_file", f"{name} is damaged or cut off after line {number}; fetch it again")
    except _Bomb:
        yield SnapshotRefused(
            "unpacks_too_large",
            f"{name} unpacks to more than {_MAX_RATIO} times its size, by line {number}; unpack it yourself",
        )


def _answer(line: bytes, *, where: str) -> dict[str, Any] | SnapshotRefused:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        why = "is nested too deep" if isinstance(error, RecursionError) else f"is not JSON ({str(error)[:100]})"
        return SnapshotRefused("bad_json", f"{where} {why}; write one JSON object a line")
    if not isinstance(answer, dict):
        return SnapshotRefused("bad_json", f"{where} is not a JSON object; write one answer of the Hub a line")
    return answer


def _lines(chunks: Iterator[bytes], *, max_line: int) -> Iterator[bytes | None]:
    """Lines without their ends; None for one that is too long, of which nothing is kept."""
    parts: list[bytes] = []
    length = 0
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            yield b"".join((*parts, piece)) if length + len(piece) <= max_line else None
            parts, length = [], 0
        length += len(rest)
        parts = [*parts, rest] if length <= max_line else []
    if length:
        yield b"".join(parts) if length <= max_line else None


class _Bomb(Exception):
    """A packed file unpacks to far more than any honest one does."""


def _unpacked(file: IO[bytes]) -> Iterator[bytes]:
    """The contents of a gzip file of any number of members, never more than a chunk in memory."""
    packed = unpacked = 0
    member = zlib.decompressobj(wbits=31)
    for chunk in iter(lambda: file.read(_CHUNK), b""):
        packed += len(chunk)
        while chunk:
            if member.eof:
                member = zlib.decompressobj(wbits=31)
            plain = member.decompress(chunk, _CHUNK)
            unpacked += len(plain)
            if unpacked > _SMALL_ENOUGH and unpacked > packed * _MAX_RATIO:
                raise _Bomb
            yield plain
            chunk = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        raise EOFError
