"""Ways round the scan that others could take: each of these ran, or would run, something that was not seen."""

from __future__ import annotations

import datetime as dt
import json
import lzma
import pickle
import struct
import zlib
from typing import Any

import numpy as np
import pytest

from tests.audits.files.made import dumped, ggml_text, keras
from tests.audits.files.scans import SYSTEM, called, codes, named, scanned, text, zipped

EVIL = b"\x80\x04" + SYSTEM
ESCAPE = "{{ cycler.__init__.__globals__.os.popen('id') }}"

# --- joblib: what stands behind an array is instructions or numbers, by what made the array --------------------------

WRAPPER, NDARRAY = named("joblib.numpy_pickle", "NumpyArrayWrapper"), named("numpy", "ndarray")
RUNS = b"cos\nsystem\n(S'id'\ntR."
# Five bytes that joblib takes for an array; whoever takes them for an instruction skips what joblib runs.
FIVE = b"B" + struct.pack("<I", len(RUNS))


def dtype(code: str, *state: bytes) -> bytes:
    made = named("numpy", "dtype") + text(code) + b"\x89\x88\x87R"
    return made + (b"(" + b"".join(state) + b"tb" if state else b"")


def attributes(kind: bytes = dtype("u1"), shape: bytes = b"K\x05\x85", more: bytes = b"") -> bytes:
    said = text("subclass") + NDARRAY + text("order") + text("C") + text("allow_mmap") + b"\x89"
    return b"}(" + said + text("shape") + shape + text("dtype") + kind + more + b"u"


MADE = WRAPPER + b")\x81"
FILLED = b"".join(text(f"k{i}") + b"N" for i in range(80))
DISGUISED = {
    "its attributes in a pair": MADE + attributes() + b"N\x86b",
    "attributes from a call": MADE + named("builtins", "dict") + b"]\x85Rb",
    "a key again, after many": MADE + attributes(shape=b"K\x0a\x85", more=FILLED + text("shape") + b"K\x05\x85") + b"b",
    "a key that is computed": MADE
    + attributes(shape=b"K\x0a\x85", more=called(named("builtins", "str"), text("shape")) + b"K\x05\x85")
    + b"b",
    "made by another": called(named("copyreg", "_reconstructor"), WRAPPER, named("builtins", "object"), b"N")
    + attributes()
    + b"b",
    "made by another, of a computed list": named("copyreg", "_reconstructor")
    + called(named("builtins", "tuple"), b"](" + WRAPPER + named("builtins", "object") + b"Ne")
    + b"R"
    + attributes()
    + b"b",
    "a class that is set": named("argparse", "Namespace")
    + b")\x81"
    + attributes()
    + b"}"
    + text("__class__")
    + WRAPPER
    + b"s\x86b",
    "a class that is set, computed": named("argparse", "Namespace")
    + b")\x81"
    + attributes()
    + b"}"
    + called(named("builtins", "str"), text("__class__"))
    + WRAPPER
    + b"s\x86b",
    "a type that grows": MADE
    + attributes(dtype("V1", b"K\x03", text("|"), b"NNN", b"K\x05K\x01K\x00"), b"K\x01\x85")
    + b"b",
}


@pytest.mark.parametrize("disguise", DISGUISED.values(), ids=DISGUISED)
def test_what_joblib_would_run_behind_an_array_is_not_taken_for_its_numbers(disguise: bytes) -> None:
    assert scanned(b"\x80\x04" + disguise + FIVE + RUNS, "model.joblib")["verdict"] == "fail"


@pytest.mark.parametrize(
    "kind",
    [
        dtype("f8", b"K\x03", text("<"), b"NNN", b"J\xff\xff\xff\xff" * 2, b"K\x01"),
        dtype(
            "V8", b"K\x03", text("|"), b"N", text("a") + b"\x85", b"}" + text("a") + dtype("O") + b"K\x00\x86s",
            b"K\x08K\x01K\x00",
        ),
    ],
    ids=["by its flags", "by its fields"],
)  # fmt: skip
def test_an_array_that_is_of_objects_by_its_state_is_read_as_one(kind: bytes) -> None:
    """joblib unpickles it then; numbers of that size could hide the same bytes."""
    data = b"\x80\x04" + MADE + attributes(kind, b"K\x03\x85") + b"b" + b"\x80\x02" + RUNS[:-1] + b"0N." + b"\0" * 8

    document = scanned(data, "model.joblib")

    assert document["verdict"] == "fail"
    assert document["bytes_tensor_data"] == 0


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(5, [("a", "f8"), ("b", "i4", (3,)), ("c", "S3")]),
        np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
        np.array(["2026-01-01"], "M8[D]"),
        np.array(["abc", "d"]),
        np.array([b"x"]),
        np.zeros(3, "V5"),
        np.arange(5, dtype=">i4"),
        np.ma.array([1, 2], mask=[0, 1]),
        np.array([{"a": 1}, None, "b"], object),
        np.array([(1, None)], [("a", "i4"), ("b", "O")]),
        dt.timedelta(1),
    ],
    ids=str,
)
@pytest.mark.parametrize("packed", [0, ("zlib", 3), ("lzma", 3), ("gzip", 3)], ids=str)
def test_real_arrays_of_every_kind_are_still_only_pickles(array: Any, packed: Any) -> None:
    document = scanned(dumped([array, 1], packed), "model.joblib")

    assert document["verdict"] == "warn"
    assert set(codes(document)) - {"pickle_nested"} == {"pickle_present"}


def test_a_plain_unpickler_that_comes_to_an_array_of_objects_is_followed_with_what_it_remembers() -> None:
    """To joblib the array is a pickle of its own, with a memory of its own: there the same names are harmless."""
    outer = text("os") + b"\x940" + text("system") + b"\x940"
    inner = text("builtins") + b"\x940" + text("dict") + b"\x940h\x00h\x01\x93)R."

    document = scanned(
        b"\x80\x04" + outer + MADE + attributes(dtype("O"), b"K\x01\x85") + b"b" + inner + b".", "model.joblib"
    )

    assert codes(document)["pickle_runs_code"] == ["os.system"]


@pytest.mark.parametrize("pack", [zlib.compress, lambda data: lzma.compress(data, lzma.FORMAT_ALONE)])
def test_what_joblib_unpacks_is_unpacked(pack: Any) -> None:
    for data in (pack(EVIL), pack(b"\x80\x04N.") + EVIL):
        for name in ("model.joblib", "README.md"):
            assert "os.system" in codes(scanned(data, name))["pickle_runs_code"]


# --- what is allowed, with what it is not allowed for ---------------------------------------------------------------

INTERFACE = named("types", "SimpleNamespace") + b")R}" + text("__array_interface__") + b"}sb"


@pytest.mark.parametrize(
    "call",
    [
        # an array of whatever lies at an address
        called(named("numpy", "matrix"), INTERFACE),
        called(named("numpy", "float64"), INTERFACE),
        called(named("numpy.ma.core", "MaskedArray"), b"](" + INTERFACE + b"e"),
        # a module of codecs by its name
        called(named("builtins", "str"), b"C\x01a", text("zip")),
        called(named("builtins", "bytearray"), text("a"), text("rot13")),
        called(named("scipy.sparse._csr", "csr_matrix"), INTERFACE),
        named("builtins", "str") + b")}" + text("encoding") + text("zip") + b"s\x92",
        called(named("copyreg", "_reconstructor"), named("numpy", "matrix"), named("numpy", "matrix"), INTERFACE),
    ],
)
def test_harmless_names_are_not_called_with_what_makes_them_harmful(call: bytes) -> None:
    assert "pickle_arguments" in codes(scanned(b"\x80\x04" + call + b"."))


def test_real_pickles_of_texts_and_generators_call_nothing_odd() -> None:
    for value in (bytearray(b"ab"), b"ab", np.random.default_rng(1), np.random.RandomState(1)):
        for protocol in range(6):
            assert set(codes(scanned(pickle.dumps(value, protocol)))) <= {"pickle_present", "numpy_objects"}


# --- settings that make a loader import what they name --------------------------------------------------------------


def layer(**said: Any) -> bytes:
    return keras({"module": "keras.layers", "class_name": "Dense", "registered_name": None, "config": {}, **said})


SETTINGS = [
    ("modules.json", b'[{"idx": 0, "name": "0", "path": "", "type": "evil_module.Evil"}]', "code_mapped"),
    ("model_index.json", b'{"_class_name": ["my_pipeline", "MyPipe"]}', "code_mapped"),
    ("adapter_config.json", b'{"auto_mapping": {"base_model_class": "A", "parent_library": "evil"}}', "code_mapped"),
    ("modules.json", b"[" * 5000 + b'{"auto_map": {"x": "y.z"}}' + b"]" * 5000, "broken"),
    ("config.json", b'\xef\xbb\xbf{"auto_map": {"AutoModel": "a.b"}}', "code_mapped"),
    ("config.json", b'[{"auto_map": {"AutoModel": "a.b"}}]', "code_mapped"),
    ("config.json", b'{"encoder": {"_target_": "os.system", "command": "id"}}', "code_dangerous"),
    ("model_config.yaml", b"model:\n  _target_: os.system\n  command: id\n", "code_dangerous"),
    ("model_config.yaml", b"model: {_target_: builtins.eval, _args_: ['1']}\n", "code_dangerous"),
    ("a.yaml", b"!<tag:yaml.org,2002:python/object/apply:os.system> ['id']\n", "code_dangerous"),
    ("a.yml", b"%TAG !e! tag:yaml.org,2002:pyth\n---\n!e!on/object/apply:os.system ['id']\n", "code_dangerous"),
    ("a.yaml", b"a: !!pytho%6e/object/apply:os.system ['id']\n", "code_dangerous"),
    ("processor_config.json", json.dumps({"chat_templates": {"x": ESCAPE}}).encode(), "template_escapes"),
    (
        "model.gguf",
        b"GGUF"
        + struct.pack("<IQQ", 3, 0, 1)
        + ggml_text("tokenizer.chat_template")
        + struct.pack("<IIQIQ", 9, 9, 1, 8, 1)
        + ggml_text(ESCAPE),
        "template_escapes",
    ),
    ("model.skops", zipped({"schema.json": b'{"__class__": "system", "__module__": "os"}'}), "code_dangerous"),
    ("model.keras", layer(module="keras.utils", class_name="get_file"), "keras_custom"),
    (
        "model.keras",
        layer(config={"activation": {"module": "keras.models", "class_name": "function", "config": "load_model"}}),
        "keras_custom",
    ),
    ("model.keras", layer(class_name="StringLookup", config={"vocabulary": "/etc/passwd"}), "keras_reads"),
]


@pytest.mark.parametrize(("name", "data", "code"), SETTINGS)
def test_a_setting_that_names_what_is_run_or_read_fails(name: str, data: bytes, code: str) -> None:
    document = scanned(data, name)

    assert document["verdict"] == "fail"
    assert code in codes(document)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("modules.json", b'[{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}]'),
        ("model_index.json", b'{"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DModel"]}'),
        ("model_config.yaml", b"model:\n  _target_: nemo.collections.asr.Model\n  rate: 20%\n  x: !!str 5\n"),
        ("model.keras", layer(config={"activation": "relu", "vocabulary": ["a", "b"]})),
        ("model.keras", layer(module="keras.src.layers.preprocessing.normalization", class_name="Normalization")),
        ("adapter_config.json", b'{"auto_mapping": {"parent_library": "transformers.models.llama.modeling_llama"}}'),
        ("rows.json", b'[{"path": "a.png", "type": "cat"}]'),
        ("README.md", b"x^2 + y^2 and ![a picture](https://example.org/a%20b.png)\n"),
    ],
)
def test_ordinary_settings_pass(name: str, data: bytes) -> None:
    assert scanned(data, name)["verdict"] == "pass"
