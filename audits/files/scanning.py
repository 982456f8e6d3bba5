"""The scan: every file and every member of every container, by the engine of its format, its bytes accounted for."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from audits.files import formats
from audits.files.containers import sevenzip, streams, tars, zips
from audits.files.limits import Budget, Limits
from audits.files.notes import Notes
from audits.files.pickles import engine as pickles
from audits.files.pickles.machine import follow
from audits.files.pickles.names import DANGEROUS, arguments_fit, judge
from audits.files.places import Engine, Place, Seen
from audits.files.sources import CHUNK, Source
from audits.files.texts import plain
from audits.files.weights import gguf, graphs, hdf5, numpy_arrays, pictures, safetensors

MOST_ROWS = 5_000
MOST_SIGNATURES = 20

_ENGINES: Mapping[str, tuple[str, Engine]] = {
    "zip": ("zip", zips.inspect),
    "tar": ("tar", tars.inspect),
    "7z": ("7z", sevenzip.inspect),
    **{form: (form, partial(streams.inspect, form=form)) for form in streams.FORMS},
    "pickle": ("pickle", pickles.inspect),
    "numpy": ("numpy", numpy_arrays.inspect),
    "safetensors": ("safetensors", safetensors.inspect),
    "gguf": ("gguf", gguf.inspect),
    "protobuf": ("protobuf", graphs.inspect),
    "hdf5": ("hdf5", hdf5.inspect),
    "png": ("picture", pictures.png),
    "jpeg": ("picture", pictures.jpeg),
    "riff": ("picture", pictures.riff),
    "text": ("text", plain.inspect),
}
"""Format -> the name of the engine that reads it, and the engine."""


@dataclass
class Row:
    """One file, or one member of a container."""

    path: str
    format: str
    engine: str
    size: int
    inspected: int
    tensor_data: int
    depth: int
    sha256: str = ""
    git_oid: str = ""


@dataclass
class FileScan:
    """One scan of one file or several, under one budget."""

    limits: Limits = field(default_factory=Limits)
    progress: Callable[[int, int | None], None] = lambda _done, _total: None
    hashes: bool = False
    """Whether members of archives are hashed too, and files by git's rule besides: to compare with a manifest."""

    def __post_init__(self) -> None:
        self.notes, self.budget = Notes(), Budget(self.limits)
        self.rows: list[Row] = []
        self.rows_left_out = self.done = 0
        self._facts: dict[str, dict[str, Any]] = {}
        self._elsewhere: dict[str, tuple[str, int]] = {}
        self.on_disk: list[tuple[str, Path]] = []
        self.signatures: list[tuple[str, bytes]] = []

    def file(self, source: Source, path: str) -> Row:
        """Scan one file of its own; hashes it on the way."""
        if source.size > self.limits.size:
            self.notes.add("files.not_inspected", path, why="size", bytes=source.size)
            row = Row(path, "unknown", "", source.size, 0, 0, 0)
            self.rows.append(row)
            return row
        place = len(self.rows)
        self.inside(source, path, 0)
        self._facts.clear()
        self.done += source.size
        return self.rows[place]

    def _hash(self, source: Source, row: Row) -> None:
        sha256, git = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % source.size, usedforsecurity=False)
        for chunk in source.chunks():
            sha256.update(chunk)
            if self.hashes:
                git.update(chunk)
            self.progress(self.done, None)
        row.sha256, row.git_oid = sha256.hexdigest(), git.hexdigest() if self.hashes else ""

    def nothing_at(self, path: str, code: str, **params: Any) -> None:
        """Note a file that has no bytes to be read."""
        self.notes.add(code, path, **params)
        self.rows.append(Row(path, "unknown", "", 0, 0, 0, 0))

    def signature(self, path: str, raw: bytes) -> None:
        """See ``places.Scan.signature``."""
        if len(self.signatures) < MOST_SIGNATURES:
            self.signatures.append((path, raw))
        else:
            self.notes.add("files.signature_unverified", path, why="signature_too_many")

    def elsewhere(self, path: str, model: str, end: int) -> None:
        """See ``places.Scan.elsewhere``; it is settled in ``finish``."""
        known = self._elsewhere.get(path, (model, 0))
        self._elsewhere[path] = (model, max(known[1], end))

    def finish(self) -> None:
        """Settle what one file says of another, once all are scanned: weights beside a model are a tensor's numbers."""
        rows = {row.path: row for row in self.rows}
        for path, (model, end) in self._elsewhere.items():
            row = rows.get(path)
            if row is None:
                self.notes.add("files.onnx_data_absent", model, path.rpartition("/")[2])
            elif row.format == "unknown" and (row.size <= end or not end):
                row.format = row.engine = "tensor"
                row.inspected = row.tensor_data = row.size
                self.notes.drop("files.not_inspected", path)
        self._elsewhere.clear()

    def facts(self, path: str) -> dict[str, Any]:
        """See ``places.Scan.facts``; forgotten with the file that they are of."""
        return self._facts.setdefault(path, {})

    def inside(self, source: Source, path: str, depth: int, *, tensor_bytes: int | None = None) -> Seen:
        """Scan bytes under a path; never raises for what they hold."""
        self.progress(self.done, None)
        place = Place(source, path, depth, self)
        if depth > self.limits.depth:
            place.not_inspected("depth", source.size)
            self._row(Row(path, "unknown", "", source.size, 0, 0, depth))
            return Seen(0)
        row = Row(path, "unknown", "", source.size, 0, 0, depth)
        self._row(row)
        if depth == 0 or (self.hashes and depth == 1):
            self._hash(source, row)
        if tensor_bytes is not None and tensor_bytes == source.size:
            row.format, row.engine = "tensor", "tensor"
            seen = Seen(source.size, source.size)
            self._also_a_pickle(place)
        else:
            row.format = formats.identify(source)
            seen = self._by_format(place, row)
        row.inspected = max(0, min(seen.inspected, source.size))
        row.tensor_data = min(seen.tensor_data, row.inspected)
        return Seen(row.inspected, row.tensor_data)

    def _by_format(self, place: Place, row: Row) -> Seen:
        if row.format == "empty":
            row.engine = "empty"
            return Seen(0)
        if row.format in formats.EXECUTABLE:
            place.note("files.executable", row.format)
            place.not_inspected("executable", place.size)
            return Seen(0)
        _name_fits(place, row.format)
        if row.format != "pickle":
            self._also_a_pickle(place)
        if row.format not in _ENGINES:
            why = "unknown_format" if row.format == "unknown" else "no_engine"
            place.note("files.not_inspected", row.format, why=why, bytes=place.size)
            return Seen(0)
        row.engine, engine = _ENGINES[row.format]
        return engine(place)

    def _also_a_pickle(self, place: Place) -> None:
        """Whoever unpickles a file does not ask for its format: what its first bytes would do is judged in any case."""
        stream = follow(place.source, 0, arguments_fit=arguments_fit)
        if stream.acts or any(judge(*key, 0) == DANGEROUS for key in stream.globals):
            place.note("files.two_formats", "pickle")
            pickles.report(place, stream, breaks_quietly=True)

    def _row(self, row: Row) -> None:
        if len(self.rows) >= MOST_ROWS and row.depth:
            self.rows_left_out += 1
        else:
            self.rows.append(row)


def _name_fits(place: Place, form: str) -> None:
    ending, promised = formats.claimed(place.name)
    if promised is not None and form not in promised:
        place.note("files.name_misleads", said=ending, found=form)


def scan_paths(paths: Sequence[Path], scan: FileScan) -> None:
    """Scan files and folders as they lie on a disk. Links are not followed; what is no file is a finding.

    Raises:
        OSError: one of the paths that were asked for cannot be read.
    """
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            for found in _walk(path):
                _one(scan, found, found.relative_to(path).as_posix())
        else:
            path.lstat()
            _one(scan, path, path.name)


def _walk(folder: Path) -> Iterator[Path]:
    """Everything below a folder that is no folder, in the order of the names."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(path)
        else:
            yield path


def _one(scan: FileScan, path: Path, shown: str) -> None:
    shown = shown.encode("utf-8", "replace").decode("utf-8")
    try:
        if path.is_symlink():
            scan.nothing_at(shown, "files.link", name=f"{shown} -> {os.readlink(path)}")
            return
        with opened(path) as file:
            if file is None:
                scan.nothing_at(shown, "files.special_file", name=shown)
            else:
                scan.on_disk.append((shown, path))
                scan.file(Source.of_file(file), shown)
    except OSError as problem:
        scan.nothing_at(shown, "files.not_inspected", why="unreadable", bytes=0, name=problem.strerror or "")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes] | None]:
    """A regular file for reading; None for anything else. It is not followed as a link and not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            yield None
            return
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
            yield cast(IO[bytes], _Whole(file))
    finally:
        os.close(descriptor)


class _Whole:
    """A file whose reads give all that was asked for, as far as it is there."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.seek = file.seek

    def read(self, length: int = -1) -> bytes:
        pieces = []
        while length > 0 and (piece := self._file.read(min(length, CHUNK * 16))):
            pieces.append(piece)
            length -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
