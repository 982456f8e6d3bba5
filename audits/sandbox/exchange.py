"""The outer end of a program's pipes: pieces of one question out, pieces of one answer in, neither ever waiting."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from audits.sandbox.inside import wire

PIECE = 1 << 20


class Writing:
    """A question on its way."""

    def __init__(self, parts: Sequence[memoryview]) -> None:
        self._left = [part for part in parts if part.nbytes]

    @property
    def done(self) -> bool:
        """Whether all of it is written, or nobody listens any more."""
        return not self._left

    def write(self, descriptor: int) -> None:
        """Write as much as there is room for. A program that does not listen any more is seen by its silence."""
        try:
            written = os.write(descriptor, self._left[0][:PIECE])
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._left.clear()
            return
        self._left[0] = self._left[0][written:]
        if not self._left[0].nbytes:
            self._left.pop(0)


class Reading:
    """An answer on its way."""

    def __init__(self, largest: int) -> None:
        self.head: dict[str, Any] = {}
        self.body = memoryview(b"")
        self._largest = largest
        self._sizes: tuple[int, int] | None = None
        self._content = bytearray(wire.SIZES.size)
        self._room = memoryview(self._content)

    def read(self, descriptor: int) -> bool:
        """Read what is there; True when the answer is whole.

        Raises:
            EOFError: the pipe is closed.
            OverflowError: more bytes are announced than may come.
            wire.Broken: it is no message.
        """
        try:
            came = os.readv(descriptor, [self._room[:PIECE]])
        except BlockingIOError:
            return False
        if not came:
            raise EOFError("closed")
        self._room = self._room[came:]
        if self._room.nbytes:
            return False
        if self._sizes is None:
            head, body = self._sizes = wire.sizes(bytes(self._content))
            if head + body > self._largest:
                raise OverflowError(f"an answer of {head + body} bytes; at most {self._largest} are taken")
            self._content = bytearray(head + body)
            self._room = memoryview(self._content)
            return self._whole() if not self._room.nbytes else False
        return self._whole()

    def _whole(self) -> bool:
        head, _ = self._sizes or (0, 0)
        self.head = wire.head_of(bytes(self._content[:head]))
        self.body = memoryview(self._content)[head:]
        return True
