"""Memory that a program may read and this process alone writes: questions lie there instead of going through a pipe."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
from collections.abc import Sequence
from types import TracebackType

# Less than this is sent faster than it is lent.
LEAST = 16 << 10
# Of one question. Memory that was never written takes none.
MOST = 16 << 20
# As the kernel numbers them (include/uapi/linux/fcntl.h): a Python that was built against an older C library has no
# names for them. The last one is from Linux 5.1: nobody else writes, whatever they open it for.
F_ADD_SEALS = 1033
F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_FUTURE_WRITE = 0x0001, 0x0002, 0x0004, 0x0010
SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | F_SEAL_FUTURE_WRITE


class Lending:
    """Room for as many questions as may be on their way at once, one after another in turns.

    It is sealed: the program can neither write to it nor shorten it, which would end whoever writes beyond its end.
    Nothing of it is ever read on this side.

    Args:
        slots: questions at once.

    Raises:
        OSError: the kernel or this Python has no such memory, or no such seals; then everything goes through the pipe.
    """

    def __init__(self, slots: int) -> None:
        self._slots, self._turn = slots, 0
        if not hasattr(os, "memfd_create"):
            raise OSError(errno.ENOSYS, "this Python was built without memfd_create")
        with contextlib.ExitStack() as held:
            whole = os.memfd_create("questions", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            held.callback(os.close, whole)
            os.ftruncate(whole, slots * MOST)
            self._memory = held.enter_context(mmap.mmap(whole, slots * MOST))
            fcntl.fcntl(whole, F_ADD_SEALS, SEALS)
            self.descriptor = os.open(f"/proc/self/fd/{whole}", os.O_RDONLY | os.O_CLOEXEC)
            held.callback(os.close, self.descriptor)
            self._held = held.pop_all()

    def __enter__(self) -> Lending:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def lend(self, parts: Sequence[memoryview]) -> int | None:
        """Write the parts one after another where the program finds them.

        The question of as many turns ago must be answered: this one takes its place.

        Returns:
            Where they begin, None where they are better sent.
        """
        size = sum(part.nbytes for part in parts)
        if not LEAST <= size <= MOST:
            return None
        begin = at = self._turn * MOST
        self._turn = (self._turn + 1) % self._slots
        for part in parts:
            self._memory[at : at + part.nbytes] = part
            at += part.nbytes
        return begin
