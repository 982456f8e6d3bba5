"""When the garbage collector looks, while very many rows are being made."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def collecting_when_told() -> Iterator[Callable[[], object]]:
    """Have the garbage collector look when the function that is given is called, and only at what was made since: a
    batch makes a million small objects, and looking through them again and again was a quarter of the time.
    """
    if not gc.isenabled():
        yield gc.collect
        return
    gc.freeze()
    gc.disable()
    try:
        yield gc.collect
    finally:
        gc.enable()
        gc.unfreeze()
