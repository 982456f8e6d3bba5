"""Predictions that were made once are not made again: kept by what they depend on. Losing them costs time alone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import rfc8785

from audits.adapters import tensors
from audits.adapters.tensors import Array
from audits.sandbox.inside import wire


def key(*, model: str, data: str, transform: str, kind: str, runtime: Mapping[str, Any]) -> str:
    """SHA-256 of all that predictions depend on: the digests of model, data and transform, and what calls the model."""
    whole: Any = {"model": model, "data": data, "transform": transform, "kind": kind, "runtime": dict(runtime)}
    return hashlib.sha256(rfc8785.dumps(whole)).hexdigest()


class Store(Protocol):
    """Where predictions are kept."""

    def get(self, key: str) -> tuple[dict[str, Any], dict[str, Array]] | None:
        """What was put under a key, None where there is nothing whole."""

    def put(self, key: str, record: Mapping[str, Any], outputs: Mapping[str, Array]) -> None:
        """Keep a record and outputs. What cannot be kept is not: nothing is raised for a full disk."""


class NoStore:
    """Keeps nothing."""

    def get(self, key: str) -> None:
        return None

    def put(self, key: str, record: Mapping[str, Any], outputs: Mapping[str, Array]) -> None:
        return None


class FolderStore:
    """A folder of this machine's own, with at most so many bytes; what was not used for longest goes first."""

    def __init__(self, folder: Path, *, max_bytes: int = 4 << 30) -> None:
        self._folder, self._max_bytes = folder, max_bytes

    def get(self, key: str) -> tuple[dict[str, Any], dict[str, Array]] | None:
        path = self._path(key)
        try:
            content = path.read_bytes()
            head_size, body_size, _follows = wire.sizes(content[: wire.SIZES.size])
            head = wire.head_of(content[wire.SIZES.size : wire.SIZES.size + head_size])
            body = content[wire.SIZES.size + head_size :]
            if len(body) != body_size or hashlib.sha256(body).hexdigest() != head["sha256"]:
                raise ValueError("damaged")
            found = head["record"], tensors.unpacked(head["outputs"], memoryview(body))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return found

    def put(self, key: str, record: Mapping[str, Any], outputs: Mapping[str, Array]) -> None:
        described, parts = tensors.packed(outputs)
        body = b"".join(bytes(memoryview(part).cast("B")) if memoryview(part).nbytes else b"" for part in parts)
        sha256 = hashlib.sha256(body).hexdigest()
        beginning = wire.packed({"record": dict(record), "outputs": described, "sha256": sha256}, len(body))
        if len(body) + len(beginning) > self._max_bytes:
            return
        path = self._path(key)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._make_room(len(body) + len(beginning))
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix="draft-", delete=False) as draft:
                try:
                    draft.write(beginning)
                    draft.write(body)
                    draft.close()
                    os.replace(draft.name, path)
                except OSError:
                    os.unlink(draft.name)
                    raise

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key

    def _make_room(self, size: int) -> None:
        files = []
        for path in self._folder.glob("??/*"):
            with contextlib.suppress(OSError):
                state = path.stat()
                files.append((state.st_mtime_ns, state.st_size, path))
        held = sum(length for _, length, _ in files)
        for _, length, path in sorted(files):
            if held + size <= self._max_bytes:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            held -= length
