"""What a pickle would run is found by following it, and nothing that is not on the list passes."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import io
import pickle
import pickletools
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.files.pickles.machine import follow
from audits.files.pickles.names import ALLOWED, LIBRARY, judge
from audits.files.sources import CHUNK, Source
from tests.audits.files.scans import SYSTEM, called, codes, named, scanned, text

PROTO0 = b"cos\nsystem\n(S'id'\ntR."
GETATTR = named("builtins", "getattr")

ATTACKS = {
    "protocol 0": PROTO0,
    "protocol 4": b"\x80\x04" + SYSTEM,
    "no protocol": SYSTEM,
    "instance by line": b"(S'id'\nios\nsystem\n.",
    "object of the mark": b"(cos\nsystem\nS'id'\no.",
    "new object": b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85\x81.",
    "new object with keywords": b"\x80\x04" + named("subprocess", "Popen") + text("id") + b"\x85}\x92.",
    "imported and not called": b"\x80\x04" + named("os", "system") + b".",
    "getattr chain": b"\x80\x04" + called(called(GETATTR, named("os", "path"), text("os")), text("id")) + b".",
    "attrgetter": b"\x80\x04"
    + called(called(named("operator", "attrgetter"), text("system")), named("os", "x"))
    + b".",
    "methodcaller": b"\x80\x04" + called(named("operator", "methodcaller"), text("system"), text("id")) + b".",
    "dotted name": b"\x80\x04" + called(named("collections", "abc.sys.modules"), text("id")) + b".",
    "pip": b"\x80\x04" + called(named("pip", "main"), b"]" + text("install") + b"a" + text("x") + b"a") + b".",
    "pip's inner parts": b"\x80\x04" + called(named("pip._internal.cli.main", "main"), text("x")) + b".",
    "torch hub": b"\x80\x04" + called(named("torch.hub", "load"), text("a/b"), text("c")) + b".",
    "numpy's runner": b"\x80\x04" + called(named("numpy.testing._private.utils", "runstring"), text("x"), b"}") + b".",
    "python 2's names": b"(S'id'\nicommands\ngetoutput\n.",
    "python 2's builtins": b"c__builtin__\neval\n(S'1'\ntR.",
    "partial": b"\x80\x04" + called(named("functools", "partial"), text("x")) + b".",
    "nested loads": b"\x80\x04" + called(named("pickle", "loads"), b"C\x03\x80\x04.") + b".",
    "torch's loads": b"\x80\x04" + called(named("torch.storage", "_load_from_bytes"), b"C\x03\x80\x04.") + b".",
    "mailcap": b"\x80\x04" + called(named("mailcap", "findmatch"), b"}", text("x")) + b".",
    "logging's configuration": b"\x80\x04" + called(named("logging.config", "valid_ident"), text("x")) + b".",
    "nobody's module": b"\x80\x04" + called(named("acme_weights", "restore"), text("x")) + b".",
    "escaped letters": b"V\\u006fs\nS'\\x73ystem'\n\x93(S'id'\ntR.",
    "name from the memo": b"\x80\x04" + text("system") + b"\x940" + text("os") + b"h\x00\x93" + text("id") + b"\x85R.",
    "memo overwritten": b"\x80\x02X\x04\x00\x00\x00dictq\x000"
    b"X\x06\x00\x00\x00systemq\x000X\x02\x00\x00\x00osh\x00\x93)R.",
    "name twice on the stack": b"\x80\x04" + text("os") + b"2\x930" + SYSTEM,
    "popped marks": b"\x80\x04((((1(101" + SYSTEM,
    "thrown away": b"\x80\x04" + SYSTEM[:-1] + b"0N.",
    "bytes before it": b"\x80\x04\x8e" + (2000).to_bytes(8, "little") + b"\x00" * 2000 + b"0" + SYSTEM,
    "across the buffer": b"\x80\x04B" + (CHUNK - 12).to_bytes(4, "little") + b"\x00" * (CHUNK - 12) + b"0" + SYSTEM,
    "a frame that lies": b"\x80\x04\x95\x01\x00\x00\x00\x00\x00\x00\x00" + SYSTEM,
    "encode with a codec": b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00zip\x86R.",
    "changed class": b"\x80\x04" + named("collections", "OrderedDict") + b"}" + text("update") + b"NsbN.",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_fails_the_scan(attack: bytes) -> None:
    document = scanned(attack)

    assert document["verdict"] == "fail"
    assert document["bytes_inspected"] == len(attack)


@pytest.mark.parametrize("name", ["weights.txt", "model.safetensors", "README.md", "model.bin", "a"])
@pytest.mark.parametrize("attack", [PROTO0, b"\x80\x04" + SYSTEM, SYSTEM])
def test_a_name_hides_nothing(attack: bytes, name: str) -> None:
    assert "os.system" in codes(scanned(attack, name))["pickle_runs_code"]


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        (
            b"\x80\x04" + called(named("_codecs", "encode"), text("os"), text("utf8")) + text("x") + b"\x93.",
            "pickle_computed_global",
        ),
        (b"\x80\x04" + text("os") + b"K\x01\x93.", "pickle_computed_global"),
        (b"\x80\x04" + called(called(named("builtins", "dict")), text("x")) + b".", "pickle_calls_computed"),
        (b"\x80\x02\x82\x07.", "pickle_extension"),
        (b"\x80\x02\x84\x07\x00\x00\x00.", "pickle_extension"),
        (b"\x80\x04" + named("builtins", "dict") + b"(" + text("a") + b"Nu.", "pickle_changes_global"),
        (b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00rot-13\x86R.", "pickle_arguments"),
        (b"\x80\x04}" + text("a") + b"C\x05\x80\x04K\x01.s.", "pickle_nested"),
    ],
)
def test_what_cannot_be_judged_is_named_as_that(attack: bytes, code: str) -> None:
    assert code in codes(scanned(attack))


@pytest.mark.parametrize(
    "broken",
    [
        b"\x80\x04" + SYSTEM[:-1],
        b"\x80\x04" + SYSTEM[:-1] + b"\xff\xff",
        b"\x80\x04" + SYSTEM[:-1] + b"\x80\x09.",
        b"\x80\x04" + SYSTEM[:-1] + b"h\x63.",
        b"\x80\x04" + SYSTEM[:-1] + b"0t.",
        b"\x80\x04" + SYSTEM[:-1] + b"B\xff\xff\xff\x7f.",
    ],
)
def test_what_stands_before_a_break_is_judged(broken: bytes) -> None:
    found = codes(scanned(broken))

    assert found["pickle_runs_code"] == ["os.system"]
    assert "pickle_broken" in found


def test_what_stands_behind_a_break_is_not_inspected() -> None:
    document = scanned(b"\x80\x04N\xff" + b"\x01" * 50)

    assert document["bytes_inspected"] == 3
    assert "not_inspected" in codes(document)


def test_every_pickle_in_a_row_is_judged() -> None:
    row = pickle.dumps([1]) + pickle.dumps("a", 0) + b"\x80\x04" + SYSTEM

    assert "os.system" in codes(scanned(row))["pickle_runs_code"]


def test_bytes_behind_the_last_pickle_are_looked_at_and_not_passed() -> None:
    unknown = pickle.dumps([1]) + bytes(range(128, 256)) * 4

    document = scanned(unknown)

    assert document["verdict"] == "insufficient_data"
    assert {"trailing_data", "not_inspected"} <= set(codes(document))
    assert scanned(pickle.dumps([1]) + b"\0" * 64)["verdict"] == "warn"


HARMLESS: list[Any] = [
    {"a": [1, 2.5, None, True], "b": ("x", b"y")},
    collections.OrderedDict(a=1),
    {1, 2, 3},
    [10**40, -(10**20), 2**31, 1.5e300],
    np.arange(12.0).reshape(3, 4),
    np.float32(1.5),
    np.array(["a", "bc"]),
    dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC),
    bytearray(b"abc"),
    "long " * 200,
    [["deep"] * 300] * 3,
    complex(1, 2),
]


@pytest.mark.parametrize("protocol", range(6))
def test_harmless_values_have_no_finding_but_that_they_are_pickles(protocol: int) -> None:
    for value in HARMLESS:
        found = codes(scanned(pickle.dumps(value, protocol)))

        assert set(found) <= {"pickle_present", "numpy_objects"}, (value, found)


def test_a_plain_pickle_warns_and_names_a_better_way() -> None:
    assert scanned(pickle.dumps({"a": 1}))["verdict"] == "warn"


def test_the_list_holds_nothing_that_runs_code() -> None:
    for module, name in [
        *[("builtins", name) for name in ("eval", "exec", "getattr", "compile", "__import__", "open", "type")],
        ("os", "system"),
        ("functools", "partial"),
        ("operator", "attrgetter"),
        ("collections", "namedtuple"),
        ("torch._tensor", "_rebuild_from_type_v2"),
        ("numpy", "load"),
        ("torch", "load"),
        ("joblib", "load"),
    ]:
        for protocol in range(6):
            assert judge(module, name, protocol) not in (ALLOWED, LIBRARY)


identifiers = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)


@settings(max_examples=80, deadline=None)
@given(
    module=st.lists(identifiers, min_size=1, max_size=3).map(".".join),
    name=st.lists(identifiers, min_size=1, max_size=2).map(".".join),
    form=st.integers(0, 3),
    before=st.lists(
        st.sampled_from([b"N0", b"]0", b"(1", b"K\x010", b"\x8c\x01a0", b"}0", b")0", b"(tN0"]), max_size=4
    ),
)
def test_a_name_that_is_not_on_the_list_never_passes(module: str, name: str, form: int, before: list[bytes]) -> None:
    imports = [
        b"c" + module.encode() + b"\n" + name.encode() + b"\n",
        named(module, name),
        b"V" + module.encode() + b"\nV" + name.encode() + b"\n\x93",
        b"(i" + module.encode() + b"\n" + name.encode() + b"\n",
    ]
    document = scanned(b"\x80\x04" + b"".join(before) + imports[form] + b".")

    listed = judge(module, name, 4) in (ALLOWED, LIBRARY)
    assert listed or document["verdict"] == "fail"


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\x80\x02", b"\x80\x04", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"GGUF\x03\0\0\0"]),
)
def test_no_bytes_raise_and_none_pass_uninspected(data: bytes, head: bytes) -> None:
    scanned(head + data)


class Recorder:
    """What the real unpickler is given instead of anything that a stream names: takes every call and does nothing."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Recorder:
        return object.__new__(cls)

    def __init__(self, *_args: Any, **_kwargs: Any) -> None: ...
    def __call__(self, *_args: Any, **_kwargs: Any) -> Recorder:
        return Recorder()

    def __setstate__(self, _state: Any) -> None: ...
    def __setitem__(self, _key: Any, _value: Any) -> None: ...
    def append(self, _value: Any) -> None: ...
    def extend(self, _values: Any) -> None: ...
    def add(self, _value: Any) -> None: ...
    def update(self, *_values: Any) -> None: ...


class Watched(pickle._Unpickler):  # type: ignore[name-defined,misc]  # the one in Python, which can be watched
    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.asked: list[tuple[str, str]] = []

    def find_class(self, module: str, name: str) -> type[Recorder]:
        self.asked.append((module, name))
        return Recorder

    def persistent_load(self, _pid: Any) -> Recorder:
        return Recorder()


FRAGMENTS = [
    *[b"N", b"K\x05", b"M\x01\x02", b"J\x01\x02\x03\x04", b"G" + b"\0" * 8, b"\x88", b"]", b"}", b")", b"\x8f", b"("],
    *[b"t", b"l", b"d", b"a", b"e", b"s", b"u", b"0", b"1", b"2", b"\x85", b"\x86", b"\x87", b"\x90", b"\x91", b"\x94"],
    *[
        b"q\x00",
        b"q\x01",
        b"h\x00",
        b"h\x01",
        b"p1\n",
        b"g1\n",
        b"R",
        b"\x81",
        b"\x92",
        b"b",
        b"o",
        b"Q",
        b"P1\n",
        b"\x93",
    ],
    *[b"cos\nsystem\n", b"ibuiltins\neval\n", b"\x8c\x02os", b"\x8c\x06system", b"X\x02\x00\x00\x00os", b"U\x04exec"],
    *[
        b"S'builtins'\n",
        b"Vev\\u0061l\n",
        b"C\x02os",
        b"I01\n",
        b"I7\n",
        b"L5L\n",
        b"F1.5\n",
        b"\x8a\x01\x05",
        b"\x80\x02",
    ],
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=24))
def test_whatever_the_real_unpickler_asks_for_was_seen(parts: list[bytes]) -> None:
    data = b"".join(parts) + b"."
    real = Watched(data)
    with contextlib.suppress(Exception):  # a stream that breaks has asked for what it asked for
        real.load()

    stream = follow(Source.of_bytes(data))
    assert set(real.asked) <= set(stream.globals) or stream.computed_names


@settings(max_examples=30, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300) | st.binary(max_size=300),
        lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner, max_size=6),
        max_leaves=40,
    ),
    st.integers(0, 5),
)
def test_a_real_pickle_is_followed_to_the_end_that_pickletools_finds(value: Any, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    end = max(at for _opcode, _arg, at in pickletools.genops(data)) + 1

    stream = follow(Source.of_bytes(data))

    assert (stream.stopped, stream.end, stream.why) == (True, end, "")
    assert set(stream.globals) <= {("_codecs", "encode"), ("__builtin__", "bytes"), ("__builtin__", "bytearray")}


def test_a_long_pickle_is_followed_piece_by_piece() -> None:
    data = pickle.dumps([["a", i, "b" * (i % 300)] for i in range(40_000)], 4)

    stream = follow(Source.of_bytes(data))

    assert len(data) > 3 * CHUNK
    assert (stream.stopped, stream.end) == (True, len(data))


@pytest.mark.parametrize(
    "again",
    [
        b"N" + b"\x94" * 400_100 + b"0" + text("os") + b"r" + struct.pack("<I", 450_000) + b"0",
        b"N" + b"\x94" * 449_999 + b"0" + text("os") + b"\x940",
    ],
    ids=["put again", "reached by memoizing"],
)
def test_a_key_that_gets_another_value_after_too_many_is_no_longer_known(again: bytes) -> None:
    """An unpickler takes the newest value under a key; the one of before would stand for a harmless name."""
    key = struct.pack("<I", 450_000)
    data = b"\x80\x04" + text("collections") + b"r" + key + b"0" + again + b"j" + key + text("OrderedDict") + b"\x93)R."

    document = scanned(data)

    assert "pickle_computed_global" in codes(document)
    assert document["verdict"] == "fail"
