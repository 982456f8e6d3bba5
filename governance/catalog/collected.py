"""A folder of what somebody has collected of the Hub: cards, and answers of its API. Read one at a time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from governance.catalog import manifests
from governance.catalog.answers import api_answers, snapshot_from_answer
from governance.catalog.manifests import ManifestFile
from governance.catalog.repository_names import repo_id_of_file_name, valid_repo_id
from governance.catalog.snapshots import CARD_ONLY, MAX_CARD_BYTES, Snapshot, SnapshotRefused
from governance.catalog.subject_kinds import valid_kind

ANSWERS = (".jsonl", ".jsonl.gz")
MAX_FILE = 64 * 1024 * 1024  # bytes of one card's file, all of which are hashed


def read_folder(
    path: str | os.PathLike[str], *, kind: str, source: str, max_card_bytes: int
) -> Iterator[Snapshot | SnapshotRefused]:
    """Snapshots of everything in a folder, in the order of the files' names.

    Files ``namespace__name.md``, or ``name.md`` for a repository without a namespace, are cards; ``README.md`` tells
    of the folder and is passed over. Files ``*.jsonl`` and ``*.jsonl.gz`` hold answers of the Hub's API, one a line,
    with the card as ``cardText``. Other files are passed over. What cannot be read is a refusal, and reading goes on.

    Raises:
        SnapshotRefused: there is no such folder, or nothing in it is of these shapes.
    """
    valid_kind(kind)
    folder = Path(path).expanduser()
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SnapshotRefused("no_such_folder", f"cannot read the folder {ascii(str(folder))}: {reason}") from None
    names = [name for name in names if _is_card(name) or name.endswith(ANSWERS)]
    if not names:
        raise SnapshotRefused(
            "nothing_to_import",
            f"{ascii(str(folder))} holds neither cards (namespace__name.md) nor answers of the Hub (*.jsonl,"
            " *.jsonl.gz); name the folder that does",
        )
    return _read(folder, names, kind=kind, source=source, max_card_bytes=max_card_bytes)


def _is_card(name: str) -> bool:
    return name.endswith(".md") and name != manifests.CARD_NAME


def _read(
    folder: Path, names: list[str], *, kind: str, source: str, max_card_bytes: int
) -> Iterator[Snapshot | SnapshotRefused]:
    for name in names:
        if _is_card(name):
            yield _card(folder / name, kind=kind, source=source, max_card_bytes=max_card_bytes)
            continue
        for number, answer in enumerate(api_answers(folder / name), start=1):
            if isinstance(answer, SnapshotRefused):
                yield answer
            else:
                where = f"{ascii(name)} answer {number}"
                yield _answer(answer, where=where, kind=kind, source=source, max_card_bytes=max_card_bytes)


def _card(path: Path, *, kind: str, source: str, max_card_bytes: int) -> Snapshot | SnapshotRefused:
    try:
        repo_id = repo_id_of_file_name(path.name)
        if not path.is_file():
            return SnapshotRefused("not_a_file", f"{ascii(path.name)} is not a file; remove it")
        with open(path, "rb") as file:
            card = file.read(MAX_FILE + 1)
        if len(card) > MAX_FILE:
            return SnapshotRefused("card_file_too_large", f"{ascii(path.name)} is larger than {MAX_FILE} bytes")
        return from_card(card, kind=kind, source=source, repo_id=repo_id, max_card_bytes=max_card_bytes)
    except SnapshotRefused as refused:
        return SnapshotRefused(refused.code, f"{ascii(path.name)}: {refused.message}")
    except OSError as error:
        return SnapshotRefused("unreadable", f"cannot read {ascii(path.name)}: {error.strerror or error}")


def from_card(card: bytes, *, kind: str, source: str, repo_id: str, max_card_bytes: int = MAX_CARD_BYTES) -> Snapshot:
    """The snapshot of a repository of which nothing but the card is at hand.

    Raises:
        SnapshotRefused: ``unknown_kind``, ``bad_repo_id``.
    """
    row = ManifestFile(manifests.CARD_NAME, len(card), hashlib.sha256(card).hexdigest(), None, manifests.CARD)
    return Snapshot(
        kind=valid_kind(kind),
        source=source,
        repo_id=valid_repo_id(repo_id),
        revision=None,
        files=(row,),
        card=card[:max_card_bytes],
        card_too_large=len(card) > max_card_bytes,
        assurance=CARD_ONLY,
    )


def _answer(
    answer: Mapping[str, Any], *, where: str, kind: str, source: str, max_card_bytes: int
) -> Snapshot | SnapshotRefused:
    try:
        snapshot = snapshot_from_answer(answer, kind=kind, source=source, max_card_bytes=max_card_bytes)
    except SnapshotRefused as refused:
        return SnapshotRefused(refused.code, f"{where}: {refused.message}")
    if "cardText" not in answer and any(file.path == manifests.CARD_NAME for file in snapshot.files):
        return SnapshotRefused(
            "card_not_given",
            f"{where}: {snapshot.repo_id} has a README.md that the answer does not hold; put its text in"
            " `cardText`, or null if there is none",
        )
    return snapshot
