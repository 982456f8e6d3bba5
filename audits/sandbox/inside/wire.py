"""Messages through a pipe: a head in JSON, then as many bytes as it says. Both sides read them with suspicion."""

from __future__ import annotations

import json
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MAGIC = b"ASY1"
SIZES = struct.Struct("<4sIQ")
MAX_HEAD = 1 << 20


class Broken(ValueError):
    """What came through the pipe is no message."""


def packed(head: Mapping[str, Any], body: int) -> bytes:
    """The beginning of a message whose body of ``body`` bytes follows.

    Raises:
        Broken: the head is too large, or holds what JSON has no word for.
    """
    try:
        text = json.dumps(head, allow_nan=False).encode()
    except (TypeError, ValueError) as odd:
        raise Broken(str(odd)) from odd
    if len(text) > MAX_HEAD:
        raise Broken(f"a head of {len(text)} bytes")
    return SIZES.pack(MAGIC, len(text), body) + text


def sizes(beginning: bytes) -> tuple[int, int]:
    """Bytes of head and of body, from the first ``SIZES.size`` bytes.

    Raises:
        Broken: no message begins so.
    """
    if len(beginning) != SIZES.size:
        raise Broken("it ends before it has begun")
    magic, head, body = SIZES.unpack(beginning)
    if magic != MAGIC or head > MAX_HEAD:
        raise Broken("no message begins like this")
    return head, body


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
    """The inner end of the pipes. One question is answered by one message."""

    def __init__(self, asks: int, answers: int) -> None:
        self._asks, self._answers = asks, answers

    def receive(self) -> tuple[dict[str, Any], memoryview] | None:
        """The next question, None when there will be no more."""
        beginning = self._read(SIZES.size)
        if beginning is None:
            return None
        head, body = sizes(bytes(beginning))
        text, content = self._read(head), self._read(body)
        if text is None or content is None:
            return None
        return head_of(bytes(text)), content

    def send(self, head: Mapping[str, Any], *parts: Any) -> None:
        """Answer: the head, then the parts (anything with bytes in it) one after another."""
        views = [memoryview(part).cast("B") for part in parts if memoryview(part).nbytes]
        for view in (memoryview(packed(head, sum(view.nbytes for view in views))), *views):
            while view.nbytes:
                view = view[os.write(self._answers, view[: 1 << 20]) :]

    def _read(self, size: int) -> memoryview | None:
        content = bytearray(size)
        view = memoryview(content)
        while view.nbytes:
            came = os.readv(self._asks, [view[: 1 << 20]])
            if not came:
                return None
            view = view[came:]
        return memoryview(content)
