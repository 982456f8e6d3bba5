"""A machine that follows a pickle's instructions without doing what they say.

It keeps stack, marks and memo as the unpickler does, but puts symbols where that would put objects: a constant text,
a name that is imported, the result of a call. Nothing is imported, called or built. What it reports is which names are
imported, what is called, and whether a name was computed where only a constant can be judged.

Source: the opcodes as ``pickletools`` of the standard library documents them, and the behaviour of the unpickler in
``pickle.py`` (CPython 3.11).
"""

from __future__ import annotations

import struct
from typing import Any

from audits.files.pickles.instructions import (
    LINES,
    LONGEST_TEXT,
    PLAIN,
    TEXT_LENGTH,
    TWO_LINES,
    Allowed,
    Instructions,
    utf8,
)
from audits.files.pickles.memory import MOST_REMEMBERED
from audits.files.pickles.symbols import UNKNOWN, VALUE, Broken, Stream, Symbol, Table
from audits.files.sources import CHUNK, Source

_FIRST = 1 << 13
_FOUR = struct.Struct("<I")
MARGIN = 300  # no instruction of the fast path is longer, with its argument

_NUMBER = {0x4B: 1, 0x4D: 2, 0x4A: 4}
_BYTES_LENGTH = {0x42: 4, 0x43: 1, 0x8E: 8, 0x96: 8}  # B C BINBYTES8 BYTEARRAY8


def follow(
    source: Source,
    start: int = 0,
    *,
    arrays: bool = False,
    collect: bool = False,
    arguments_fit: Allowed | None = None,
    breaks: bool = False,
) -> Stream:
    """Follow one pickle from ``start`` on.

    Args:
        source: the bytes.
        arrays: read on behind arrays as joblib does; otherwise their bytes are taken for instructions, as the plain
            unpickler does.
        collect: keep all short constant texts.
        arguments_fit: says whether an imported name may be called with these arguments.
        breaks: stop where the unpickler does because a number or container stands for a name, or for what is called;
            otherwise that counts as computed.

    Returns:
        What it does; never raises for what the bytes hold. Time is linear in the bytes followed, memory is bounded.
    """
    machine = _Machine(source, start, arrays=arrays, collect=collect, arguments_fit=arguments_fit, breaks=breaks)
    try:
        machine.run()
    except Broken as broken:
        machine.stream.why = str(broken)
    except IndexError:
        machine.stream.why = "stack"
    machine.stream.end = min(machine.at, source.size)
    return machine.stream


class _Machine(Instructions):
    def run(self) -> None:  # noqa: C901 - one loop over the instructions: a call for each would take most of the time
        """Follow to the end. Raises Broken or IndexError where that cannot be; ``at`` is then the place."""
        stack, marks, memo = self.stack, self.marks, self.memo
        source, size = self.source, self.source.size
        base, buf, pos, safe = self.at, b"", 0, -1
        pushes = self.pushes
        append, unpack = stack.append, _FOUR.unpack_from
        made: Any
        while True:
            if pos >= safe:
                base += pos
                if base >= size:
                    self.at = size
                    raise Broken("truncated")
                self.at = base
                self.forget()
                # Little is read at first: most of what is tried as a pickle is none.
                buf, pos = source.read_at(base, CHUNK if buf else _FIRST), 0
                if not buf:
                    raise Broken("truncated")
                # At the end, bytes that are no instruction stand behind the last one, so that it may be cut short.
                if base + len(buf) >= size:
                    safe = len(buf)
                    buf += b"\xff" * MARGIN
                else:
                    safe = max(1, len(buf) - MARGIN)
            op = buf[pos]
            length = pushes[op]
            if length >= 0:
                append(VALUE)
                pos += 1 + length
                continue
            if op == 0x68:  # BINGET
                key = buf[pos + 1]
                append(memo[key] if key < len(memo) else self.recall(key))
                pos += 2
            elif op == 0x94:  # MEMOIZE
                if self.forgotten:  # it comes under a key beyond those that are followed
                    stack[-1]  # noqa: B018 - has to be there
                elif len(memo) < MOST_REMEMBERED and not self.sparse:
                    memo.append(stack[-1])
                else:
                    self.remember(len(memo) + len(self.sparse), stack[-1])
                pos += 1
            elif op == 0x72:  # LONG_BINPUT
                key = unpack(buf, pos + 1)[0]
                if key == len(memo) < MOST_REMEMBERED and not self.sparse:
                    memo.append(stack[-1])
                elif key < len(memo) or not self.forgotten:
                    self.remember(key, stack[-1])
                pos += 5
            elif op == 0x28:  # MARK
                marks.append(len(stack))
                pos += 1
            elif (op == 0x65 or op == 0x75) and marks and type(stack[marks[-1] - 1]) is Symbol:  # APPENDS, SETITEMS
                del stack[marks.pop() :]
                pos += 1
            elif 0x85 <= op <= 0x87:  # TUPLE1, 2, 3
                count = op - 0x84
                if len(stack) < count:
                    self.at = base + pos
                    raise Broken("stack")
                made = tuple(stack[-count:])
                del stack[-count:]
                append(made)
                pos += 1
            elif op == 0x8C:  # SHORT_BINUNICODE
                end = pos + 2 + buf[pos + 1]
                append(buf[pos + 2 : end])
                if self.collect:
                    self.collected(stack[-1])
                pos = end
            elif op == 0x58:  # BINUNICODE
                length = unpack(buf, pos + 1)[0]
                if length > LONGEST_TEXT - 8:
                    self.at = base + pos
                    pos = self.text(op, self.at) - base
                    continue
                end = pos + 5 + length
                append(buf[pos + 5 : end])
                if self.collect:
                    self.collected(stack[-1])
                pos = end
            elif op == 0x71:  # BINPUT
                key = buf[pos + 1]
                if key == len(memo) and not self.sparse:
                    memo.append(stack[-1])
                else:
                    self.remember(key, stack[-1])
                pos += 2
            elif (op == 0x61 or op == 0x73) and len(stack) > 2 and type(stack[-2 - (op == 0x73)]) is Symbol:
                del stack[-1 - (op == 0x73) :]  # APPEND, SETITEM
                pos += 1
            elif op == 0x74 and marks:  # TUPLE
                mark = marks.pop()
                made = tuple(stack[mark:]) if len(stack) - mark <= 64 else VALUE
                del stack[mark:]
                append(made)
                pos += 1
            elif op == 0x95:  # FRAME
                pos += 9
            elif op == 0x6A:  # LONG_BINGET
                key = int.from_bytes(buf[pos + 1 : pos + 5], "little")
                append(memo[key] if key < len(memo) else self.recall(key))
                pos += 5
            elif op == 0x2E:  # STOP
                self.at = base + pos
                if not stack:
                    raise Broken("stack")
                self.at = base + pos + 1
                self.stream.stopped = True
                return
            else:
                self.at = base + pos
                after = self.step(op, buf, pos, base)
                pushes = self.pushes
                if after >= base:
                    pos = after - base
                else:  # pragma: no cover - instructions lead forward only
                    raise Broken("unknown")

    def step(self, op: int, buf: bytes, pos: int, base: int) -> int:  # noqa: C901 - instructions by their arguments
        """Follow one of the rarer instructions; gives the place of the next."""
        at = base + pos
        stack = self.stack
        if op in _NUMBER:
            length = _NUMBER[op]
            stack.append(int.from_bytes(buf[pos + 1 : pos + 1 + length], "little", signed=op == 0x4A))
            return at + 1 + length
        if op == 0x7D:
            stack.append(Table())
            return at + 1
        if op == 0x4E:
            stack.append(None)
            return at + 1
        if op in TEXT_LENGTH:
            return self.text(op, at)
        if op in _BYTES_LENGTH:
            return self.some_bytes(at, _BYTES_LENGTH[op])
        if op in LINES:
            line, after = self.line(at + 1)
            LINES[op](self, line)
            return after
        if op in TWO_LINES:
            module, between = self.line(at + 1)
            name, after = self.line(between)
            imported = self.imported(utf8(module), utf8(name))
            if op == 0x69:  # INST
                self.call(imported, tuple(self.popped()))
            else:
                stack.append(imported)
            return after
        if op in PLAIN:
            PLAIN[op](self)
            return at + 1 if not self.stream.arrays or self.stream.arrays[-1].start != at + 1 else self.behind()
        if op == 0x80:  # PROTO
            if buf[pos + 1] > 5:
                raise Broken("protocol")
            self.stream.protocol = max(self.stream.protocol, buf[pos + 1])
            return at + 2
        if op in (0x8A, 0x8B):  # LONG1, LONG4
            width = 1 if op == 0x8A else 4
            length = self.length(at + 1, width, signed=width == 4)
            stack.append(VALUE)
            return at + 1 + width + length
        if op in (0x82, 0x83, 0x84):  # EXT1, 2, 4
            width = {0x82: 1, 0x83: 2, 0x84: 4}[op]
            code = int.from_bytes(buf[pos + 1 : pos + 1 + width], "little", signed=width == 4)
            if len(self.stream.extensions) < 100:
                self.stream.extensions.append(code)
            stack.append(UNKNOWN)
            return at + 1 + width
        raise Broken("opcode")

    def behind(self) -> int:
        """The place behind the array that stands here."""
        array = self.stream.arrays[-1]
        if not array.objects:
            return array.start + array.size
        if len(self.stream.nested) >= 256:
            raise Broken("array")
        # An array of objects is a pickle of its own in the midst of this one: it is followed for its end, and judged
        # by whoever reads ``nested``.
        inner = follow(self.source, array.start, arguments_fit=self.arguments_fit)
        self.stream.nested.append((array.start, inner.end - array.start))
        if not inner.stopped:
            raise Broken("array")
        return inner.end
