"""The outer end of a program's pipes: pieces of one question out, pieces of one answer in, neither ever waiting."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from audits.sandbox.inside import wire

# What the pipe holds is read so often in one go; in between the program is looked at.
AT_ONCE = 8


class Writing:
    """Questions on their way.

    Attributes:
        added, written: bytes of all questions so far, and of these those that the pipe has taken.
    """

    def __init__(self) -> None:
        self.added = self.written = 0
        self._left: list[memoryview] = []

    @property
    def done(self) -> bool:
        """Whether all is written, or nobody listens any more."""
        return not self._left

    def add(self, parts: Sequence[memoryview]) -> None:
        """One more, behind those that are not written yet."""
        self._left += [part for part in parts if part.nbytes]
        self.added += sum(part.nbytes for part in parts)

    def write(self, descriptor: int) -> None:
        """Write as much as there is room for. A program that does not listen any more is seen by its silence."""
        try:
            written = os.writev(descriptor, self._left[: wire.AT_ONCE])
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._left.clear()
            return
        self.written += written
        self._left = wire.beyond(self._left, written)


class Reading:
    """An answer on its way."""

    def __init__(self, largest: int) -> None:
        self.head: dict[str, Any] = {}
        self.body = memoryview(b"")
        self._largest = largest
        self._beginning, self._text = bytearray(wire.SIZES.size), bytearray()
        self._rooms = [memoryview(self._beginning)]
        self._is_begun = False

    def read(self, descriptor: int) -> bool:
        """Read what is there, and what comes meanwhile for a while; True when the answer is whole.

        Raises:
            EOFError: the pipe is closed.
            OverflowError: more bytes are announced than may come.
            wire.Broken: it is no message.
        """
        for _ in range(AT_ONCE):
            try:
                came = os.readv(descriptor, self._rooms)
            except BlockingIOError:
                return False
            if not came:
                raise EOFError("closed")
            self._rooms = wire.beyond(self._rooms, came)
            if self._rooms:
                continue
            if not self._is_begun:
                self._begin()
            if not self._rooms:
                self.head = wire.head_of(bytes(self._text))
                return True
        return False

    def _begin(self) -> None:
        self._is_begun = True
        head, body, place = wire.sizes(bytes(self._beginning))
        if place != wire.FOLLOWS:
            raise wire.Broken("answers lie in no lent memory")
        if head + body > self._largest:
            raise OverflowError(f"an answer of {head + body} bytes; at most {self._largest} are taken")
        # apart, so that numbers at the beginning of the body lie as numbers do in memory
        self._text, self.body = bytearray(head), memoryview(bytearray(body))
        self._rooms = [room for room in (memoryview(self._text), self.body) if room.nbytes]
