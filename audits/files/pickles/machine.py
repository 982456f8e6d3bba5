"""A machine that follows a pickle's instructions without doing what they say.

It keeps stack, marks and memo as the unpickler does, but puts symbols where that would put objects: a constant text,
a name that is imported, the result of a call. Nothing is imported, called or built. What it reports is which names are
imported, what is called, and whether a name was computed where only a constant can be judged.

Source: the opcodes as ``pickletools`` of the standard library documents them, and the behaviour of the unpickler in
``pickle.py`` (CPython 3.11).
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from typing import Any

from audits.files.pickles.symbols import UNKNOWN, VALUE, Array, Broken, Global, Made, Stream, Symbol, Table, item_size
from audits.files.sources import CHUNK, Source

LONGEST_TEXT = 256
"""Bytes of a constant that may be a name; of longer ones only the place is known."""
LONGEST_LINE = 1 << 16
MOST_REMEMBERED = 400_000
MOST_ON_STACK = 4_000_000
MOST_NAMES = 10_000
_FIRST = 1 << 13
# From this height of the stack on, texts that lie deeper than so many places below its top are forgotten.
_HIGH, _NEAR = 100_000, 1_000
_FOUR = struct.Struct("<I")
MARGIN = 300  # no instruction of the fast path is longer, with its argument

JOBLIB_ARRAY = ("joblib.numpy_pickle", "NumpyArrayWrapper")

# Bytes of argument of instructions that push a plain value; -1 for all others.
_PUSH = [-1] * 256
for _op, _length in {"K": 1, "M": 2, "J": 4, "G": 8, "N": 0, "\x88": 0, "\x89": 0, "]": 0, "}": 0, "\x8f": 0}.items():
    _PUSH[ord(_op)] = _length
_TRACKED = list(_PUSH)
for _op in "KMJ}":
    _TRACKED[ord(_op)] = -1
_NUMBER = {0x4B: 1, 0x4D: 2, 0x4A: 4}

_TEXT_LENGTH = {0x58: 4, 0x54: 4, 0x55: 1, 0x8D: 8}  # X T U and BINUNICODE8: constants that may be names
_BYTES_LENGTH = {0x42: 4, 0x43: 1, 0x8E: 8, 0x96: 8}  # B C BINBYTES8 BYTEARRAY8

Allowed = Callable[[Global, Any], bool]


def follow(
    source: Source, start: int = 0, *, arrays: bool = False, collect: bool = False, arguments_fit: Allowed | None = None
) -> Stream:
    """Follow one pickle from ``start`` on.

    Args:
        source: the bytes.
        arrays: read on behind arrays as joblib does; otherwise their bytes are taken for instructions, as the plain
            unpickler does.
        collect: keep all short constant texts.
        arguments_fit: says whether an imported name may be called with these arguments.

    Returns:
        What it does; never raises for what the bytes hold. Time is linear in the bytes followed, memory is bounded.
    """
    machine = _Machine(source, start, arrays=arrays, collect=collect, arguments_fit=arguments_fit)
    try:
        machine.run()
    except Broken as broken:
        machine.stream.why = str(broken)
    except IndexError:
        machine.stream.why = "stack"
    machine.stream.end = min(machine.at, source.size)
    return machine.stream


class _Machine:
    def __init__(
        self, source: Source, start: int, *, arrays: bool, collect: bool, arguments_fit: Allowed | None
    ) -> None:
        self.source, self.stream = source, Stream(start)
        self.at = start  # of the instruction that is being followed; the end once it stopped
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: list[Any] = []
        self.sparse: dict[int, Any] = {}
        self.forgotten = False
        self.forgotten_to = 0
        self.globals: dict[tuple[str, str], Global] = {}
        self.arrays, self.collect, self.arguments_fit = arrays, collect, arguments_fit
        self.tracked = collect
        self.pushes = _TRACKED if self.tracked else _PUSH

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
        if op in _TEXT_LENGTH:
            return self.text(op, at)
        if op in _BYTES_LENGTH:
            return self.some_bytes(at, _BYTES_LENGTH[op])
        if op in _LINES:
            line, after = self.line(at + 1)
            _LINES[op](self, line)
            return after
        if op in _TWO_LINES:
            module, between = self.line(at + 1)
            name, after = self.line(between)
            imported = self.imported(_utf8(module), _utf8(name))
            if op == 0x69:  # INST
                self.call(imported, tuple(self.popped()))
            else:
                stack.append(imported)
            return after
        if op in _PLAIN:
            _PLAIN[op](self)
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

    # Arguments.
    def length(self, at: int, width: int, *, signed: bool = False) -> int:
        raw = self.source.read_at(at, width)
        if len(raw) < width:
            raise Broken("truncated")
        length = int.from_bytes(raw, "little", signed=signed)
        if length < 0:
            raise Broken("length")
        if at + width + length > self.source.size:
            raise Broken("truncated")
        return length

    def text(self, op: int, at: int) -> int:
        width = _TEXT_LENGTH[op]
        length = self.length(at + 1, width, signed=op == 0x54)
        start = at + 1 + width
        if length <= LONGEST_TEXT:
            self.stack.append(self.source.read_at(start, length))
            if self.collect:
                self.collected(self.stack[-1])
        else:
            self.stack.append(VALUE)
        return start + length

    def collected(self, text: bytes) -> None:
        if len(self.stream.texts) < MOST_NAMES:
            self.stream.texts.append(text)

    def some_bytes(self, at: int, width: int) -> int:
        length = self.length(at + 1, width)
        start = at + 1 + width
        head = self.source.read_at(start, 2)
        if len(head) == 2 and head[0] == 0x80 and head[1] <= 5 and len(self.stream.nested) < 256:
            self.stream.nested.append((start, length))
        self.stack.append(VALUE)
        return start + length

    def line(self, at: int) -> tuple[bytes, int]:
        """The bytes up to the end of a line, and the place behind it."""
        raw = self.source.read_at(at, LONGEST_TEXT)
        found = raw.find(b"\n")
        if found < 0:
            raw = self.source.read_at(at, LONGEST_LINE)
            found = raw.find(b"\n")
        if found < 0:
            raise Broken("truncated" if len(raw) < LONGEST_LINE else "line")
        return raw[:found], at + found + 1

    # Stack and memo.
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

    # Names and calls.
    def imported(self, module: str, name: str) -> Any:
        found = self.globals.get((module, name))
        if found is None:
            if len(self.globals) >= MOST_NAMES:
                raise Broken("names")
            found = self.globals[module, name] = Global(module, name)
            self.stream.globals[module, name] = self.at
            if found.key == JOBLIB_ARRAY or (module.partition(".")[0] == "torch" and name.endswith("Storage")):
                self.tracked, self.pushes = True, _TRACKED
        return found

    def call(self, what: Any, args: Any) -> None:
        if type(what) is not Global:
            self.stream.computed_calls += 1
            self.stack.append(UNKNOWN)
            return
        self.stream.called.add(what.key)
        if self.arguments_fit is not None and not self.arguments_fit(what, args):
            self.stream.arguments.add(what.key)
        keeps = self.tracked and what.key in (("numpy", "dtype"), JOBLIB_ARRAY)
        self.stack.append(Made(what, args) if keeps else what.made)

    def alter(self, what: Any) -> None:
        if type(what) is Global:
            self.stream.changed.add(what.key)

    # Instructions without an argument.
    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is bytes and type(module) is bytes:
            self.stack.append(self.imported(_utf8(module), _utf8(name)))
        else:
            self.stream.computed_names += 1
            self.stack.append(UNKNOWN)

    def reduce(self) -> None:
        args, what = self.stack.pop(), self.stack.pop()
        self.call(what, args)

    def newobj_ex(self) -> None:
        _keywords, args, what = self.stack.pop(), self.stack.pop(), self.stack.pop()
        self.call(what, args)

    def obj(self) -> None:
        items = self.popped()
        self.call(items[0], tuple(items[1:]))

    def build(self) -> None:
        state, what = self.stack.pop(), self.stack[-1]
        self.alter(what)
        if type(what) is Made and what.of.key == JOBLIB_ARRAY and self.arrays and isinstance(state, Table):
            self.array(state)

    def append_one(self) -> None:
        self.stack.pop()
        self.alter(self.stack[-1])

    def append_many(self) -> None:
        self.popped()
        self.alter(self.stack[-1])

    def set_one(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.put(self.stack[-1], [key, value])

    def set_many(self) -> None:
        items = self.popped()
        self.put(self.stack[-1], items)

    def put(self, where: Any, items: list[Any]) -> None:
        self.alter(where)
        if type(where) is Table:
            for key, value in zip(items[::2], items[1::2], strict=False):
                if type(key) is bytes and len(where) < 16:
                    where[key] = value

    def tuple_of(self) -> None:
        items = self.popped()
        self.stack.append(tuple(items) if len(items) <= 64 else VALUE)

    def gather(self) -> None:
        self.popped()
        self.stack.append(VALUE)

    def empty_tuple(self) -> None:
        self.stack.append(())

    def pop(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.stack.pop()

    def pop_mark(self) -> None:
        self.popped()

    def dup(self) -> None:
        self.stack.append(self.stack[-1])

    def buffer(self) -> None:
        self.stack.append(VALUE)

    def read_only(self) -> None:
        self.stack[-1]  # noqa: B018 - has to be there

    def persistent(self) -> None:
        named = self.stack.pop()
        self.stream.persistent += 1
        if (
            type(named) is tuple
            and len(named) >= 5
            and named[0] == b"storage"
            and type(named[1]) is Global
            and type(named[2]) is bytes
            and type(named[4]) is int
            and len(self.stream.storages) < MOST_REMEMBERED
        ):
            self.stream.storages[named[2]] = (named[1].name, named[4])
        self.stack.append(VALUE)

    # Instructions with a line as argument.
    def persistent_line(self, line: bytes) -> None:
        self.stream.persistent += 1
        self.stack.append(VALUE)

    def number_line(self, line: bytes) -> None:
        text = line.strip().removesuffix(b"L")
        for base in (0, 8):
            try:
                int(text, base)
            except ValueError:
                continue
            self.stack.append(VALUE)
            return
        raise Broken("number")

    def float_line(self, line: bytes) -> None:
        try:
            float(line)
        except ValueError:
            raise Broken("number") from None
        self.stack.append(VALUE)

    def string_line(self, line: bytes) -> None:
        line = line.strip()
        if len(line) < 2 or line[0] != line[-1] or line[:1] not in (b"'", b'"'):
            raise Broken("text")
        try:
            decoded = codecs.escape_decode(line[1:-1])[0]
        except ValueError:
            raise Broken("text") from None
        self.stack.append(decoded if len(decoded) <= LONGEST_TEXT else VALUE)

    def unicode_line(self, line: bytes) -> None:
        try:
            decoded = line.decode("raw-unicode-escape").encode("utf-8", "surrogatepass")
        except ValueError:
            raise Broken("text") from None
        self.stack.append(decoded if len(decoded) <= LONGEST_TEXT else VALUE)

    def get_line(self, line: bytes) -> None:
        self.stack.append(self.recall(_index(line)))

    def put_line(self, line: bytes) -> None:
        self.remember(_index(line), self.stack[-1])

    # Arrays that joblib writes between the instructions.
    def array(self, state: Table) -> None:
        start, width = self.at + 1, item_size(state.get(b"dtype"))
        shape = state.get(b"shape")
        if width is None or type(shape) is not tuple or not all(type(one) is int and one >= 0 for one in shape):
            raise Broken("array")
        if width == 0:
            self.stream.arrays.append(Array(start, 0, objects=True))
            return
        count = 1
        for one in shape:
            count *= one
        padding = 0
        if b"numpy_array_alignment_bytes" in state:
            padding = 1 + self.length(start, 1)
        size = padding + count * width
        if start + size > self.source.size:
            raise Broken("truncated")
        self.stream.tensor_bytes += size
        if len(self.stream.arrays) > MOST_NAMES:
            self.stream.arrays.clear()
        self.stream.arrays.append(Array(start, size))

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


def _index(line: bytes) -> int:
    try:
        return int(line)
    except ValueError:
        raise Broken("memo") from None


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "backslashreplace")


_Plain = Callable[[_Machine], None]
_Line = Callable[[_Machine, bytes], None]
_PLAIN: dict[int, _Plain] = {
    0x93: _Machine.stack_global,
    ord("R"): _Machine.reduce,
    0x81: _Machine.reduce,  # NEWOBJ: cls.__new__(cls, *args)
    0x92: _Machine.newobj_ex,
    ord("o"): _Machine.obj,
    ord("b"): _Machine.build,
    ord("a"): _Machine.append_one,
    ord("e"): _Machine.append_many,
    0x90: _Machine.append_many,  # ADDITEMS
    ord("s"): _Machine.set_one,
    ord("u"): _Machine.set_many,
    ord("t"): _Machine.tuple_of,
    ord("l"): _Machine.gather,
    ord("d"): _Machine.gather,
    0x91: _Machine.gather,  # FROZENSET
    ord(")"): _Machine.empty_tuple,
    ord("0"): _Machine.pop,
    ord("1"): _Machine.pop_mark,
    ord("2"): _Machine.dup,
    0x97: _Machine.buffer,
    0x98: _Machine.read_only,
    ord("Q"): _Machine.persistent,
}
_LINES: dict[int, _Line] = {
    ord("I"): _Machine.number_line,
    ord("L"): _Machine.number_line,
    ord("F"): _Machine.float_line,
    ord("S"): _Machine.string_line,
    ord("V"): _Machine.unicode_line,
    ord("g"): _Machine.get_line,
    ord("p"): _Machine.put_line,
    ord("P"): _Machine.persistent_line,
}
_TWO_LINES = (ord("c"), ord("i"))
