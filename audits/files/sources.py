"""Bytes that can be read at any place, and windows on them: nothing is copied to look into a stored member."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

CHUNK = 1 << 20
IN_MEMORY = 4 << 20
"""Bytes of an unpacked member that are held in memory; what is longer goes to a temporary file."""


class Source:
    """A run of bytes within a file that can be sought in."""

    __slots__ = ("_file", "_start", "size")

    def __init__(self, file: IO[bytes], size: int, start: int = 0) -> None:
        self._file, self._start, self.size = file, start, size

    @classmethod
    def of_bytes(cls, data: bytes) -> Source:
        """Bytes that are in memory."""
        return cls(io.BytesIO(data), len(data))

    @classmethod
    def of_file(cls, file: IO[bytes]) -> Source:
        """A whole file that can be sought in."""
        return cls(file, file.seek(0, io.SEEK_END))

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset`` on: fewer where the source ends, none outside it."""
        length = min(length, self.size - offset)
        if length <= 0 or offset < 0:
            return b""
        self._file.seek(self._start + offset)
        return self._file.read(length)

    def window(self, start: int, size: int) -> Source:
        """The bytes from ``start`` on, ``size`` of them or as many as there are."""
        start = min(max(start, 0), self.size)
        return Source(self._file, max(0, min(size, self.size - start)), self._start + start)

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """The bytes from ``start`` to the end, ``CHUNK`` at a time."""
        while chunk := self.read_at(start, CHUNK):
            yield chunk
            start += len(chunk)

    def is_zero(self, start: int) -> bool:
        """Whether nothing but zero bytes stands from ``start`` to the end."""
        return all(not chunk.strip(b"\0") for chunk in self.chunks(start))


@contextmanager
def unpacked() -> Iterator[IO[bytes]]:
    """A place for bytes that are unpacked, gone afterwards."""
    with contextlib.closing(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, prefix="assay-scan-")) as file:
        yield cast(IO[bytes], file)
