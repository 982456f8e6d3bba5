"""What an unpickler remembers while it works: its stack, its marks and its memo, with symbols for objects.

Memory is bounded: what lies deep on a high stack and what comes under too many keys is forgotten, and forgotten is not
known, which is never safe.
"""

from __future__ import annotations

from typing import Any

from audits.files.pickles.symbols import UNKNOWN, Broken

MOST_REMEMBERED = 400_000
MOST_ON_STACK = 4_000_000
# From this height of the stack on, texts that lie deeper than so many places below its top are forgotten.
_HIGH, _NEAR = 100_000, 1_000


class Memory:
    """Stack, marks and memo of one pickle."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: list[Any] = []
        self.sparse: dict[int, Any] = {}
        self.forgotten = False
        self.forgotten_to = 0

    def forget(self) -> None:
        """Keep memory in bounds: texts that lie deep on a high stack are forgotten, and are no names any more."""
        height = len(self.stack)
        if height > MOST_ON_STACK or len(self.marks) > MOST_ON_STACK:
            raise Broken("too_deep")
        if height > _HIGH:
            for place in range(min(self.forgotten_to, height), height - _NEAR):
                if type(self.stack[place]) is bytes:
                    self.stack[place] = UNKNOWN
            self.forgotten_to = height - _NEAR

    def popped(self) -> list[Any]:
        """What stands above the newest mark, taken off with it."""
        if not self.marks:
            raise Broken("mark")
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def remember(self, key: int, value: Any) -> None:
        if key < 0:
            raise Broken("memo")
        if key < len(self.memo):
            self.memo[key] = value
        elif self.forgotten:
            return
        elif key in self.sparse:
            self.sparse[key] = value
        elif len(self.memo) + len(self.sparse) >= MOST_REMEMBERED:
            # From here on values come under keys that are not followed: what is known under such keys may be old.
            self.forgotten = True
            self.sparse.clear()
        elif key == len(self.memo) and not self.sparse:
            self.memo.append(value)
        else:
            self.sparse[key] = value

    def recall(self, key: int) -> Any:
        if 0 <= key < len(self.memo):
            return self.memo[key]
        if key in self.sparse:
            return self.sparse[key]
        if self.forgotten:
            return UNKNOWN
        raise Broken("memo")
