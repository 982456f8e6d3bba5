"""Messages through a pipe: a head in JSON, then as many bytes as it says, or where in lent memory they lie. Both sides
read them with suspicion."""

from __future__ import annotations

import json
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

MAGIC = b"ASY2"
SIZES = struct.Struct("<4sIQq")
# Where a body is: behind the head. Any other place is one in lent memory.
FOLLOWS = -1
MAX_HEAD = 1 << 20
# No more than the kernel takes in one call (IOV_MAX).
AT_ONCE = 1000
_encoder = json.JSONEncoder(allow_nan=False)


class Broken(ValueError):
    """What came through the pipe is no message."""


def packed(head: Mapping[str, Any], body: int, place: int = FOLLOWS) -> bytes:
    """The beginning of a message whose body of ``body`` bytes follows, or lies at ``place`` of lent memory.

    Raises:
        Broken: the head is too large, or holds what JSON has no word for.
    """
    try:
        text = _encoder.encode(head).encode()
    except (TypeError, ValueError) as odd:
        raise Broken(str(odd)) from odd
    if len(text) > MAX_HEAD:
        raise Broken(f"a head of {len(text)} bytes")
    return SIZES.pack(MAGIC, len(text), body, place) + text


def sizes(beginning: bytes) -> tuple[int, int, int]:
    """Bytes of head and of body, and the body's place, from the first ``SIZES.size`` bytes.

    Raises:
        Broken: no message begins so.
    """
    if len(beginning) != SIZES.size:
        raise Broken("it ends before it has begun")
    magic, head, body, place = SIZES.unpack(beginning)
    if magic != MAGIC or head > MAX_HEAD:
        raise Broken("no message begins like this")
    return head, body, place


def head_of(text: bytes) -> dict[str, Any]:
    """The head as written by ``packed``.

    Raises:
        Broken: not a JSON object.
    """
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as odd:
        raise Broken("the head is not JSON") from odd
    if not isinstance(head, dict):
        raise Broken("the head is not an object")
    return head


class Channel:
    """The inner end of the pipes. One question is answered by one message.

    Args:
        lent: memory where bodies of questions may lie, None where there is none.
    """

    def __init__(self, asks: int, answers: int, lent: int | None = None) -> None:
        self._asks, self._answers, self._lent = asks, answers, lent
        self._memory: memoryview | None = None

    def receive(self, *, borrows: bool = False) -> tuple[dict[str, Any], memoryview] | None:
        """The next question, None when there will be no more.

        Args:
            borrows: the body may be memory that cannot be written to, and holds something else once this question is
                answered. Without it the body is the program's own.
        """
        beginning = bytearray(SIZES.size)
        if not self._fill(memoryview(beginning)):
            return None
        head, body, place = sizes(bytes(beginning))
        text = bytearray(head)
        if place != FOLLOWS:
            if not self._fill(memoryview(text)):
                return None
            content = self._borrowed(place, body)
            return head_of(bytes(text)), content if borrows else memoryview(bytearray(content))
        content = memoryview(bytearray(body))
        if not self._fill(memoryview(text), content):
            return None
        return head_of(bytes(text)), content

    def send(self, head: Mapping[str, Any], *parts: Any) -> None:
        """Answer: the head, then the parts (anything with bytes in it) one after another."""
        views = [memoryview(part).cast("B") for part in parts if memoryview(part).nbytes]
        left = [memoryview(packed(head, sum(view.nbytes for view in views))), *views]
        while left:
            # in one call where there is room for all: each wakes whoever reads
            left = beyond(left, os.writev(self._answers, left[:AT_ONCE]))

    def _borrowed(self, place: int, size: int) -> memoryview:
        if self._memory is None:
            if self._lent is None:
                raise Broken("no memory is lent")
            import mmap  # waited for at the first question, not at every start

            self._memory = memoryview(mmap.mmap(self._lent, 0, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ))
        if not 0 <= place <= place + size <= self._memory.nbytes:
            raise Broken("the memory that is lent ends before")
        return self._memory[place : place + size]

    def _fill(self, *rooms: memoryview) -> bool:
        """Read until all of them are full; False when there will be no more."""
        left = [room for room in rooms if room.nbytes]
        while left:
            came = os.readv(self._asks, left)
            if not came:
                return False
            left = beyond(left, came)
        return True


def beyond(views: Sequence[memoryview], done: int) -> list[memoryview]:
    """What is left of some views once their first ``done`` bytes are dealt with."""
    for place, view in enumerate(views):
        if done < view.nbytes:
            return [view[done:], *views[place + 1 :]]
        done -= view.nbytes
    return []
