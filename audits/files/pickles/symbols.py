"""What stands in the place of objects while a pickle is followed, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Broken(Exception):
    """The stream cannot be followed any further."""


class Symbol:
    """Something that is not known by value."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


VALUE = Symbol("value")  # a number, a container, bytes: nothing that could be called
UNKNOWN = Symbol("unknown")  # anything at all


class Global:
    """A name that the stream imports."""

    __slots__ = ("made", "module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name
        self.made = Made(self)

    @property
    def key(self) -> tuple[str, str]:
        """Module and name."""
        return self.module, self.name


class Made:
    """The result of calling an imported name; ``state`` is what is set on it, ``VALUE`` where nothing is."""

    __slots__ = ("args", "of", "state")

    def __init__(self, of: Global, args: Any = ()) -> None:
        self.of, self.args = of, args
        self.state: Any = VALUE


class Table(dict[bytes, Any]):
    """A dictionary whose texts are kept, while arrays that stand in the stream have to be measured.

    ``whole`` says whether all its keys are constants that are known here.
    """

    whole = True


@dataclass
class Array:
    """An array that joblib writes into the stream itself, after the instruction that describes it."""

    start: int
    size: int
    objects: bool = False


@dataclass
class Stream:
    """What one pickle does, up to its end or to where it cannot be followed.

    Places are bytes of the source.

    Attributes:
        stopped: whether it came to its own end; else ``why`` is a word for what stands at ``end``.
        globals: names that are imported, as (module, name), each with the place of its first import.
        called, changed: those of them that are called, or have something set or appended on them.
        arguments: those that are called with arguments that do not fit.
        computed_names, computed_calls: how often a name that is no constant is imported, or its like called.
        extensions: numbers of the extension registry that are asked for.
        persistent: how often something is asked for that is kept outside.
        storages: of torch by their key: kind and count of numbers.
        texts: short constants in their order, where they are collected.
        nested: place and length of constants that begin as pickles do.
        arrays, tensor_bytes: of joblib, where they are read on behind.
    """

    start: int
    end: int = 0
    stopped: bool = False
    why: str = ""
    protocol: int = 0
    globals: dict[tuple[str, str], int] = field(default_factory=dict)
    called: set[tuple[str, str]] = field(default_factory=set)
    computed_names: int = 0
    computed_calls: int = 0
    extensions: list[int] = field(default_factory=list)
    changed: set[tuple[str, str]] = field(default_factory=set)
    arguments: set[tuple[str, str]] = field(default_factory=set)
    persistent: int = 0
    storages: dict[bytes, tuple[str, int]] = field(default_factory=dict)
    texts: list[bytes] = field(default_factory=list)
    nested: list[tuple[int, int]] = field(default_factory=list)
    arrays: list[Array] = field(default_factory=list)
    tensor_bytes: int = 0

    @property
    def acts(self) -> bool:
        """Whether something is called before the stream ends or breaks."""
        return bool(self.called or self.computed_calls or self.changed or self.computed_names or self.extensions)


# The kinds of numpy types whose size is part of their state.
_FLEXIBLE = (b"S", b"U", b"V")
_HAS_OBJECTS = 1


def item_size(dtype: Any) -> int | None:
    """Bytes of one item of a numpy type as the stream describes it; 0 for objects, None where it is not known.

    A type is made of a code and then given a state, which has the last word on size, fields and objects: where the two
    differ, whoever goes by the code alone takes the wrong bytes for numbers.

    Source: numpy, ``arraydescr_setstate`` in ``descriptor.c``: version, order, subarray, names, fields, size,
    alignment, flags; and the unit, for dates.
    """
    if type(dtype) is not Made or type(dtype.args) is not tuple or not dtype.args or type(dtype.args[0]) is not bytes:
        return None
    code = dtype.args[0]
    width = width_of(code.decode("ascii", "replace"))
    if width is None or dtype.state is VALUE:
        return width
    kind, state = code.lstrip(b"<>|=")[:1], dtype.state
    if type(state) is not tuple or len(state) != (9 if kind in (b"m", b"M") else 8) or type(state[7]) is not int:
        return None
    subarray, names, fields, size, flags = *state[2:6], state[7]
    if flags & _HAS_OBJECTS or not width:
        return 0 if flags & _HAS_OBJECTS else None
    if size != (width if kind in _FLEXIBLE else -1):
        return None
    parts: list[Any] = []
    if fields is not None:
        if kind != b"V" or type(fields) is not Table or not fields.whole:
            return None
        parts = [field[0] if type(field) is tuple and field else None for field in fields.values()]
    elif names is not None:
        return None
    if subarray is not None:
        parts.append(subarray[0] if type(subarray) is tuple and subarray else None)
    return width if all(item_size(part) for part in parts) else None


def width_of(code: str) -> int | None:
    """Bytes of one item of a numpy type code such as ``<f4``; 0 for objects, None where it is not plain."""
    code = code.lstrip("<>|=")
    kind, digits = code[:1], code[1:]
    if kind == "O":
        return 0
    if kind not in "biufcSUVmMa?" or not kind:
        return None
    if kind == "?":
        return 1
    if kind in "mM":
        digits = digits.partition("[")[0]
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12 or not int(digits):
        return None
    return int(digits) * (4 if kind == "U" else 1)
