"""What the rarer instructions of a pickle do to stack, memo and the names that it imports, in symbols."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any

from audits.files.pickles.memory import MOST_REMEMBERED, Memory
from audits.files.pickles.symbols import UNKNOWN, VALUE, Array, Broken, Global, Made, Stream, Table, item_size
from audits.files.sources import Source

LONGEST_TEXT = 256
"""Bytes of a constant that may be a name; of longer ones only the place is known."""
LONGEST_LINE = 1 << 16
MOST_NAMES = 10_000
MOST_KEYS = 64

JOBLIB_ARRAY = ("joblib.numpy_pickle", "NumpyArrayWrapper")

# Bytes of argument of instructions that push a plain value; -1 for all others.
PUSH = [-1] * 256
for _op, _length in {"K": 1, "M": 2, "J": 4, "G": 8, "N": 0, "\x88": 0, "\x89": 0, "]": 0, "}": 0, "\x8f": 0}.items():
    PUSH[ord(_op)] = _length
# The same where numbers and tables are followed too.
TRACKED = list(PUSH)
for _op in "KMJN}":
    TRACKED[ord(_op)] = -1

TEXT_LENGTH = {0x58: 4, 0x54: 4, 0x55: 1, 0x8D: 8}  # X T U and BINUNICODE8: constants that may be names

Allowed = Callable[[Global, Any], bool]


class Instructions(Memory):
    """The state of one pickle that is followed, and its instructions.

    ``at`` is the place of the instruction that is being followed; the end once it stopped.
    """

    def __init__(
        self, source: Source, start: int, *, arrays: bool, collect: bool, arguments_fit: Allowed | None, breaks: bool
    ) -> None:
        super().__init__()
        self.source, self.stream = source, Stream(start)
        self.at = start
        self.globals: dict[tuple[str, str], Global] = {}
        self.arrays, self.collect, self.arguments_fit, self.breaks = arrays, collect, arguments_fit, breaks
        self.tracked = collect
        self.pushes = TRACKED if self.tracked else PUSH

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
        width = TEXT_LENGTH[op]
        length = self.length(at + 1, width, signed=op == 0x54)
        start = at + 1 + width
        if length <= LONGEST_TEXT:
            self.stack.append(self.source.read_at(start, length))
            if self.collect:
                self.collected(self.stack[-1])
        else:
            self.stack.append(UNKNOWN)
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

    # Names and calls.
    def imported(self, module: str, name: str) -> Any:
        found = self.globals.get((module, name))
        if found is None:
            if len(self.globals) >= MOST_NAMES:
                raise Broken("names")
            found = self.globals[module, name] = Global(module, name)
            self.stream.globals[module, name] = self.at
            if found.key == JOBLIB_ARRAY or (module.partition(".")[0] == "torch" and name.endswith("Storage")):
                self.tracked, self.pushes = True, TRACKED
        return found

    def call(self, what: Any, args: Any) -> None:
        if type(what) is not Global:
            if self.breaks and (_is_data(what) or type(what) is bytes):
                raise Broken("call")
            self.stream.computed_calls += 1
            self.stack.append(UNKNOWN)
            return
        self.stream.called.add(what.key)
        if self.arguments_fit is not None and not (self.arguments_fit(what, args) and self.makes_no_array(args)):
            self.stream.arguments.add(what.key)
        keeps = self.tracked and what.key in (("numpy", "dtype"), JOBLIB_ARRAY)
        self.stack.append(Made(what, args) if keeps else what.made)

    def makes_no_array(self, args: Any) -> bool:
        """Whether a call cannot make what joblib reads an array for in a way that is not seen here."""
        wrapper = self.globals.get(JOBLIB_ARRAY)
        return wrapper is None or (type(args) is tuple and wrapper not in args)

    def alter(self, what: Any) -> None:
        if type(what) is Global:
            self.stream.changed.add(what.key)

    # Instructions without an argument.
    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is bytes and type(module) is bytes:
            self.stack.append(self.imported(utf8(module), utf8(name)))
        elif self.breaks and any(_is_data(one) or _is_no_text(one) for one in (name, module)):
            raise Broken("name")
        else:
            self.stream.computed_names += 1
            self.stack.append(UNKNOWN)

    def reduce(self) -> None:
        args, what = self.stack.pop(), self.stack.pop()
        self.call(what, args)

    def newobj_ex(self) -> None:
        _keywords, args, what = self.stack.pop(), self.stack.pop(), self.stack.pop()
        if type(what) is Global:  # nothing that is allowed is made with keywords, and they can name what args may not
            self.stream.arguments.add(what.key)
        self.call(what, args)

    def obj(self) -> None:
        items = self.popped()
        self.call(items[0], tuple(items[1:]))

    def build(self) -> None:
        state, what = self.stack.pop(), self.stack[-1]
        self.alter(what)
        if JOBLIB_ARRAY not in self.globals:
            return
        # What is set beside the dictionary of an object may be its very class. Generators have a pair of their own.
        is_generator = type(what) is Made and what.of.module.startswith("numpy.random.")
        if type(state) is tuple and len(state) == 2 and state[1] is not None and not is_generator:
            self.stream.computed_calls += not _is_plain(state[1])
        if type(what) is Made and what.of.key == JOBLIB_ARRAY and self.arrays:
            if type(state) is not Table or not state.whole:
                raise Broken("array")
            self.array(state)
        elif type(what) is Made and what is not what.of.made:
            what.state = state if what.state is VALUE else UNKNOWN

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
                if type(key) is bytes and (key in where or len(where) < MOST_KEYS):
                    where[key] = value
                else:
                    where.whole = False

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
        self.stack.append(UNKNOWN)

    # Instructions with a line as argument.
    def persistent_line(self, line: bytes) -> None:
        self.stream.persistent += 1
        self.stack.append(UNKNOWN)

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
        self.stack.append(decoded if len(decoded) <= LONGEST_TEXT else UNKNOWN)

    def unicode_line(self, line: bytes) -> None:
        try:
            decoded = line.decode("raw-unicode-escape").encode("utf-8", "surrogatepass")
        except ValueError:
            raise Broken("text") from None
        self.stack.append(decoded if len(decoded) <= LONGEST_TEXT else UNKNOWN)

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


# Names of numpy and joblib are classes and functions, and what they make is no text of Python's own class.
_NEVER_TEXTS = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray", "joblib.numpy_pickle")


def _is_data(what: Any) -> bool:
    """Whether something is certainly neither a text nor to be called: the unpickler stops where it would have to be."""
    if type(what) is Made:
        return what.of.module in _NEVER_TEXTS
    return what is VALUE or what is None or type(what) in (int, tuple, Table)


def _is_no_text(what: Any) -> bool:
    """Whether something is a class of numpy, joblib or scikit-learn, or one of its objects."""
    of = what.of if type(what) is Made else what
    return type(of) is Global and (of.module in _NEVER_TEXTS or of.module.startswith("sklearn."))


def _is_plain(state: Any) -> bool:
    """Whether attributes that are set one by one are an object's own."""
    return type(state) is Table and state.whole and not any(key.startswith(b"__") for key in state)


def _index(line: bytes) -> int:
    try:
        return int(line)
    except ValueError:
        raise Broken("memo") from None


def utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "backslashreplace")


_Plain = Callable[[Instructions], None]
_Line = Callable[[Instructions, bytes], None]
PLAIN: dict[int, _Plain] = {
    0x93: Instructions.stack_global,
    ord("R"): Instructions.reduce,
    0x81: Instructions.reduce,  # NEWOBJ: cls.__new__(cls, *args)
    0x92: Instructions.newobj_ex,
    ord("o"): Instructions.obj,
    ord("b"): Instructions.build,
    ord("a"): Instructions.append_one,
    ord("e"): Instructions.append_many,
    0x90: Instructions.append_many,  # ADDITEMS
    ord("s"): Instructions.set_one,
    ord("u"): Instructions.set_many,
    ord("t"): Instructions.tuple_of,
    ord("l"): Instructions.gather,
    ord("d"): Instructions.gather,
    0x91: Instructions.gather,  # FROZENSET
    ord(")"): Instructions.empty_tuple,
    ord("0"): Instructions.pop,
    ord("1"): Instructions.pop_mark,
    ord("2"): Instructions.dup,
    0x97: Instructions.buffer,
    0x98: Instructions.read_only,
    ord("Q"): Instructions.persistent,
}
LINES: dict[int, _Line] = {
    ord("I"): Instructions.number_line,
    ord("L"): Instructions.number_line,
    ord("F"): Instructions.float_line,
    ord("S"): Instructions.string_line,
    ord("V"): Instructions.unicode_line,
    ord("g"): Instructions.get_line,
    ord("p"): Instructions.put_line,
    ord("P"): Instructions.persistent_line,
}
TWO_LINES = (ord("c"), ord("i"))
