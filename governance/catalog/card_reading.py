"""Cards read by several processes at once, where there are many: reading is most of what a bulk import does.

The processes know nothing of Django and the database; they are given bytes and answer with plain data. This module
is what they import, so it imports nothing heavy.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import wait

from audits.cards import ParsedCard, parse
from licenses.cards import read_card
from licenses.evidence import CardSeen

# Fewer are read where they are: a process takes as long to start as a hundred cards to read.
MANY = 300
_CHUNK = 50
_MOST_PROCESSES = 4


@dataclass(frozen=True, slots=True)
class CardAsked:
    """A card to be read: its bytes, None where there is none; the repository's kind and its files' paths."""

    raw: bytes | None
    kind: str
    paths: tuple[str, ...]
    max_bytes: int


@dataclass(frozen=True, slots=True)
class CardRead:
    """What follows from a card's bytes. ``shows`` is what it shows of what licences ask for, ``seconds`` how long."""

    parsed: ParsedCard
    shows: CardSeen | None
    seconds: float


def read(asked: CardAsked) -> CardRead:
    """Read one card. A broken card has findings; none raises."""
    began = time.perf_counter()
    parsed = parse(asked.raw or b"", kind=asked.kind, files=list(asked.paths), max_bytes=asked.max_bytes)
    shows = None if asked.raw is None else read_card(asked.raw)
    return CardRead(parsed, shows, time.perf_counter() - began)


class CardReaders:
    """Reads cards in as many processes as there are processors to use, or here where they are few. A context manager.

    A process that dies takes nothing with it but time: its cards are read here.
    """

    def __init__(self, *, processes: int | None = None, many: int = MANY) -> None:
        self._processes = min(_processors(), _MOST_PROCESSES) if processes is None else processes
        self._many = many
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> CardReaders:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def begin(self, asked: Sequence[CardAsked]) -> Callable[[], Iterator[CardRead]]:
        """Begin to read cards; the function that is returned waits for them and yields them in their order."""
        if len(asked) < self._many or self._processes < 2 or not _may_have_children():
            return lambda: map(read, asked)
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._processes, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent
            )
        pool = self._pool
        chunks = [asked[start : start + _CHUNK] for start in range(0, len(asked), _CHUNK)]
        try:
            begun = [(chunk, pool.submit(_read_all, chunk)) for chunk in chunks]
        except RuntimeError:  # the pool is broken
            return lambda: map(read, asked)
        return lambda: (one for chunk, future in begun for one in _taken(future, chunk))


def _taken(future: Future[list[CardRead]], chunk: Sequence[CardAsked]) -> list[CardRead]:
    try:
        return future.result()
    except (OSError, RuntimeError):  # BrokenProcessPool is a RuntimeError
        return _read_all(chunk)


def _read_all(chunk: Sequence[CardAsked]) -> list[CardRead]:
    return [read(asked) for asked in chunk]


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _may_have_children() -> bool:
    # a worker process of Celery may not
    return not multiprocessing.current_process().daemon


def _end_with_parent() -> None:
    """Have this process end when the one that started it is gone, however it went."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101 - this runs in a child only

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
