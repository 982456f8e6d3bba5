"""The bytes of a model: what is looked at before anything reads them, and their digest."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from audits.adapters.refusals import ModelRefused

MAX_BYTES = 16 << 30
MAX_FILES = 10_000
PIECE = 1 << 20


@dataclass(frozen=True)
class ModelFiles:
    """A model's file or folder as it was when its digest was made."""

    path: Path
    digest: str
    bytes: int
    stamp: tuple[tuple[str, int, int, int], ...]

    def require_unchanged(self) -> None:
        """Raises ModelRefused when a file is not the one any more whose digest this is."""
        if _stamp(self.path) != self.stamp:
            raise ModelRefused("model_changed", "the model's files changed while it was used; ask again")


def model_files(path: Path, *, max_bytes: int = MAX_BYTES, tick: Callable[[], None] = lambda: None) -> ModelFiles:
    """Look at a model's file or folder and hash it.

    The digest of a file is the SHA-256 of its bytes; that of a folder the SHA-256 of RFC 8785 JSON of
    ``[path, bytes, sha256]`` of each file, by path.

    Raises:
        ModelRefused: not there, links or devices in it, or more than may be; sizes are refused before a byte is read.
    """
    if not path.exists():
        raise ModelRefused("model_missing", "there is no such file or folder")
    path = path.resolve()
    stamp = _stamp(path)
    size = sum(one[1] for one in stamp)
    if not stamp:
        raise ModelRefused("model_missing", "the folder holds no file")
    if size > max_bytes:
        raise ModelRefused("model_too_large", f"the model has {size:,} bytes; at most {max_bytes:,} are read")
    if path.is_file():
        digest = _hashed(path, tick)
    else:
        rows: list[Any] = [[name, length, _hashed(path / name, tick)] for name, length, _, _ in stamp]
        digest = hashlib.sha256(rfc8785.dumps(rows)).hexdigest()
    found = ModelFiles(path, digest, size, stamp)
    found.require_unchanged()
    return found


def _stamp(path: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Name, size, time of change and number of each file, by name."""
    state = path.lstat()
    if stat.S_ISREG(state.st_mode):
        return (_row(path.name, state),)
    found = []
    for number, (name, here) in enumerate(_walk(path)):
        if number >= MAX_FILES:
            raise ModelRefused("model_too_large", f"the model has more than {MAX_FILES:,} files")
        state = here.lstat()
        if not stat.S_ISREG(state.st_mode):
            raise ModelRefused("model_not_files", f"{ascii(name)} is a link or a device; a model is plain files")
        found.append(_row(name, state))
    return tuple(sorted(found))


def _row(name: str, state: os.stat_result) -> tuple[str, int, int, int]:
    return name, state.st_size, state.st_mtime_ns, state.st_ino


def _walk(path: Path) -> Iterator[tuple[str, Path]]:
    if not path.is_dir():
        yield path.name, path
        return
    for folder, folders, files in os.walk(path):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*files, *links):
            here = Path(folder) / name
            yield here.relative_to(path).as_posix(), here


def _hashed(path: Path, tick: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as opened:
        while piece := opened.read(PIECE):
            digest.update(piece)
            tick()
    return digest.hexdigest()
