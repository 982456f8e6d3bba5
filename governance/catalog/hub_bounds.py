"""How long and how large one answer of the Hub may be.

Imported by ``hub`` when the first question is asked, not before: the HTTP library is no business of the web process.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import httpx2


class Unbounded(Exception):
    """An answer is other than any honest one; the message says in which way."""


class TooSlow(Unbounded):
    """An answer trickles in, never silent for long enough to time out."""


@dataclass
class _Allowance:
    bytes_left: int
    deadline: float


_allowance: ContextVar[_Allowance | None] = ContextVar("_allowance", default=None)


@contextmanager
def bounded(session: httpx2.Client, *, limit: int, seconds: float) -> Iterator[None]:
    """Within it, no answer to this thread is longer than ``limit`` bytes, takes longer than ``seconds`` or is packed.

    Other users of the session, which the client shares in the whole process, are not concerned.
    """
    hooks = session.event_hooks["response"]
    if _watch not in hooks:
        hooks.append(_watch)
    mark = _allowance.set(_Allowance(limit, time.monotonic() + seconds))
    try:
        yield
    finally:
        _allowance.reset(mark)


def _watch(response: httpx2.Response) -> None:
    """Called by the session with every answer, before its body is read."""
    allowance = _allowance.get()
    if allowance is None:
        return
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Unbounded("is packed though that was declined")
    if isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _Watched(response.stream, allowance)


class _Watched(httpx2.SyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream, allowance: _Allowance) -> None:
        self.stream, self.allowance = stream, allowance

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.stream:
            self.allowance.bytes_left -= len(chunk)
            if self.allowance.bytes_left < 0:
                raise Unbounded("is longer than any repository's")
            if time.monotonic() > self.allowance.deadline:
                raise TooSlow
            yield chunk

    def close(self) -> None:
        self.stream.close()
