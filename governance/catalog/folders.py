"""A local folder as a snapshot: every byte of it read and hashed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from governance.catalog import manifests
from governance.catalog.manifests import ManifestFile
from governance.catalog.repository_names import valid_repo_id
from governance.catalog.snapshots import (
    HASHED,
    LOCAL,
    MAX_CARD_BYTES,
    MAX_FILES,
    MAX_TEXT_BYTES,
    Progress,
    Snapshot,
    SnapshotRefused,
    shown,
    texts_among,
)
from governance.catalog.subject_kinds import guess_kind, valid_kind

MAX_DEPTH = 64  # folders within folders

_READ_AT_ONCE = 1024 * 1024


def from_folder(
    path: str | os.PathLike[str],
    *,
    kind: str | None = None,
    repo_id: str,
    progress: Progress | None = None,
    max_card_bytes: int = MAX_CARD_BYTES,
    max_files: int = MAX_FILES,
) -> Snapshot:
    """The snapshot of a local folder: every byte read and hashed, streamed.

    Left out, and named in ``skipped``: folders called ``.git`` and the Hub client's own ``.cache/huggingface``.
    A link is followed only to a file inside the folder.

    Args:
        kind: guessed from the card and the names of the files where it is not given.
        progress: called with bytes read and bytes to read.

    Raises:
        SnapshotRefused: ``no_such_folder``, ``not_a_folder``, ``empty_folder``, ``unreadable``, ``bad_file_name``,
            ``too_many_files``, ``too_deep``, ``link_leaves_folder``, ``broken_link``, ``link_to_folder``,
            ``not_a_file``, ``changed_while_reading``, ``file_too_large``, ``bad_repo_id``, ``unknown_kind``.
    """
    repo_id = valid_repo_id(repo_id)
    root = _folder(path)
    skipped: list[str] = []
    found: list[tuple[str, str, int]] = []
    for found_file in _walk(root, skipped=skipped):
        found.append(found_file)
        if len(found) > max_files:
            raise SnapshotRefused(
                "too_many_files", f"{root} holds more than {max_files} files; import the repository's folder alone"
            )
    if not found:
        raise SnapshotRefused("empty_folder", f"{root} holds no files; name the folder that holds README.md")
    kind = valid_kind(kind) if kind else guess_kind([name for name, _, _ in found], card=_head_of_card(found))
    count = _Counter(progress, total=sum(size for _, _, size in found))
    files: list[ManifestFile] = []
    card: bytes | None = None
    card_name = _card_among(name for name, _, _ in found)
    kept = dict.fromkeys(texts_among((name, size, manifests.role_of(name, kind)) for name, _, size in found), b"")
    for name, real, _size in sorted(found):
        keep = max_card_bytes + 1 if name == card_name else MAX_TEXT_BYTES if name in kept else 0
        size, sha256, head = _read(name, real, count=count, keep=keep)
        files.append(ManifestFile(name, size, sha256, None, manifests.role_of(name, kind)))
        if name == card_name:
            card = head
        elif name in kept:
            kept[name] = head
    return Snapshot(
        kind=kind,
        source=LOCAL,
        repo_id=repo_id,
        revision=None,
        files=tuple(files),
        card=None if card is None else card[:max_card_bytes],
        card_too_large=card is not None and len(card) > max_card_bytes,
        assurance=HASHED,
        skipped=tuple(skipped),
        texts=tuple(kept.items()),
    )


def _card_among(names: Iterator[str]) -> str | None:
    """README.md at the top, in whatever case where that spelling is missing."""
    spellings = sorted(name for name in names if name.lower() == manifests.CARD_NAME.lower())
    return manifests.CARD_NAME if manifests.CARD_NAME in spellings else next(iter(spellings), None)


def _head_of_card(found: list[tuple[str, str, int]]) -> bytes | None:
    card_name = _card_among(name for name, _, _ in found)
    for name, real, _size in found:
        if name == card_name:
            return _read(name, real, count=_Counter(None, total=0), keep=65536, stop_at=65536)[2]
    return None


def _folder(path: str | os.PathLike[str]) -> Path:
    named = shown(os.fspath(path))
    try:
        root = Path(path).expanduser().resolve(strict=True)
        is_folder = root.is_dir()
    except (FileNotFoundError, NotADirectoryError):
        raise SnapshotRefused("no_such_folder", f"there is no folder {named}; check the path") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise SnapshotRefused("unreadable", f"cannot open the folder {named}: {_reason(error)}") from None
    if not is_folder:
        raise SnapshotRefused("not_a_folder", f"{named} is not a folder; name the folder that holds README.md")
    return root


def _walk(root: Path, *, skipped: list[str]) -> Iterator[tuple[str, str, int]]:
    """Path within the folder, path to open, size; of every regular file."""
    pending: list[tuple[str, int]] = [("", 0)]
    while pending:
        folder, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise SnapshotRefused("too_deep", f"folders lie more than {MAX_DEPTH} deep at {shown(folder[:80])}…")
        try:
            with os.scandir(os.path.join(root, folder)) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            raise _unreadable(folder or str(root), error) from None
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.name == ".git" or name == ".cache/huggingface":
                skipped.append(name)
                continue
            if why := manifests.bad_path(name):
                raise SnapshotRefused("bad_file_name", f"{shown(name)} {why}; rename it")
            if entry.is_symlink():
                yield name, *_link(name, entry.path, root)
            elif entry.is_dir(follow_symlinks=False):
                pending.append((name, depth + 1))
            elif entry.is_file(follow_symlinks=False):
                yield name, entry.path, entry.stat(follow_symlinks=False).st_size
            else:
                raise SnapshotRefused("not_a_file", f"{shown(name)} is a socket, pipe or device; remove it")


def _link(name: str, path: str, root: Path) -> tuple[str, int]:
    """Where a link inside the folder leads to, and the size of the file there."""
    try:
        target = Path(path).resolve(strict=True)
        state = target.stat()
    except (OSError, RuntimeError):
        raise SnapshotRefused("broken_link", f"{shown(name)} is a link that leads nowhere; remove it") from None
    if not target.is_relative_to(root):
        raise SnapshotRefused(
            "link_leaves_folder",
            f"{shown(name)} is a link to a file outside the folder; copy the folder with `cp -rL` and import the copy",
        )
    if stat.S_ISDIR(state.st_mode):
        raise SnapshotRefused("link_to_folder", f"{shown(name)} is a link to a folder; copy what it leads to")
    if not stat.S_ISREG(state.st_mode):
        raise SnapshotRefused("not_a_file", f"{shown(name)} leads to a socket, pipe or device; remove it")
    return str(target), state.st_size


class _Counter:
    """Bytes read of bytes to read."""

    def __init__(self, progress: Progress | None, *, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def add(self, number: int) -> None:
        self.done += number
        if self.progress is not None:
            self.progress(self.done, self.total)


def _read(
    name: str, path: str, *, count: _Counter, keep: int = 0, stop_at: int | None = None
) -> tuple[int, str, bytes]:
    """Size, SHA-256 and the first ``keep`` bytes of a file that nobody changes meanwhile."""
    hashed, size, head = hashlib.sha256(), 0, b""
    try:
        # A name that turned into a link or a pipe since it was listed is neither followed nor waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb", buffering=0) as file:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise _changed(name)
            while chunk := file.read(min(_READ_AT_ONCE, stop_at) if stop_at else _READ_AT_ONCE):
                hashed.update(chunk)
                size += len(chunk)
                if len(head) < keep:
                    head += chunk[: keep - len(head)]
                count.add(len(chunk))
                if size > before.st_size:
                    raise _changed(name)  # a file that grows as fast as it is read has no end
                if stop_at is not None and size >= stop_at:
                    return size, "", head
            after = os.fstat(descriptor)
    except OSError as error:
        raise _unreadable(name, error) from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        raise _changed(name)
    if size > manifests.MAX_SIZE:
        raise SnapshotRefused("file_too_large", f"{shown(name)} is larger than {manifests.MAX_SIZE} bytes")
    return size, hashed.hexdigest(), head


def _changed(name: str) -> SnapshotRefused:
    return SnapshotRefused("changed_while_reading", f"{shown(name)} changed while it was read; import it again")


def _unreadable(name: str, error: OSError) -> SnapshotRefused:
    return SnapshotRefused("unreadable", f"cannot read {shown(name)}: {_reason(error)}; give the right to read it")


def _reason(error: Exception) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else str(error)[:80]
