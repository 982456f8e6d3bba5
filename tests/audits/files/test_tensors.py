"""Files of tensors: what their headers say against the bytes, and the pickles that are among them."""

from __future__ import annotations

import pickle
import random
import struct
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from audits.files.pickles.engine import TORCH_LEGACY
from tests.audits.files.made import (
    dumped,
    gguf,
    h5,
    npy,
    onnx,
    safetensors,
    saved_model,
    storage,
    tensor,
    torch_zip,
)
from tests.audits.files.scans import SYSTEM, codes, scanned, zipped

EVIL = b"\x80\x04" + SYSTEM


def test_whole_safetensors_pass_and_their_numbers_are_named_as_that() -> None:
    file = safetensors({"__metadata__": {"format": "pt"}, "a": tensor(0, 8), "b": tensor(8, 16)}, b"\1" * 16)

    document = scanned(file, "model.safetensors")

    assert document["verdict"] == "pass"
    assert (document["bytes_inspected"], document["bytes_tensor_data"]) == (len(file), 16)


@pytest.mark.parametrize(
    "file",
    [
        safetensors({"a": tensor(0, 8), "b": tensor(4, 12)}, b"\1" * 12),
        safetensors({"a": tensor(0, 8), "b": tensor(12, 16)}, b"\1" * 16),
        safetensors({"a": tensor(4, 8)}, b"\1" * 8),
        safetensors({"a": tensor(0, 80)}, b"\1" * 8),
        safetensors({"a": tensor(0, 8, "F64", [2])}, b"\1" * 8),
        safetensors({"a": tensor(0, 8, "X9")}, b"\1" * 8),
        safetensors({"a": tensor(0, 8, shape=[-2])}, b"\1" * 8),
        safetensors({"a": tensor(0, 8, shape=[2**40, 2**40])}, b"\1" * 8),
        safetensors(b'{"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}, "a": 1}', b"\1" * 4),
        safetensors({"__metadata__": {"a": 1}}),
        safetensors(b"{" + b"[" * 5000),
        safetensors({"a": {"dtype": "U8", "shape": [True], "data_offsets": [0, 1]}}, b"\1"),
    ],
)
def test_a_header_that_does_not_fit_the_bytes_fails(file: bytes) -> None:
    document = scanned(file, "model.safetensors")

    assert document["verdict"] == "fail"
    assert document["bytes_inspected"] < len(file)


def test_bytes_behind_the_tensors_are_looked_at() -> None:
    file = safetensors({"a": tensor(0, 8)}, b"\1" * 8)

    assert {"trailing_data", "pickle_runs_code"} <= set(codes(scanned(file + EVIL, "model.safetensors")))
    assert scanned(file + zipped({"data.pkl": EVIL}), "model.safetensors")["verdict"] == "fail"


def test_a_torch_file_is_accounted_for_to_the_last_byte() -> None:
    file = torch_zip()

    document = scanned(file, "model.pt")

    assert document["verdict"] == "warn"
    assert set(codes(document)) == {"pickle_present"}
    assert (document["bytes_inspected"], document["bytes_tensor_data"]) == (len(file), 32)


def test_a_storage_of_another_size_is_no_tensor() -> None:
    document = scanned(torch_zip(first=b"\xfe" * 17), "model.pt")

    assert document["verdict"] == "insufficient_data"


def test_a_pickle_in_the_place_of_a_tensor_is_found() -> None:
    hidden = EVIL + b"\0" * (120 - len(EVIL))
    state = b"\x80\x02" + storage("FloatStorage", "0", 30) + b"."

    assert "pickle_runs_code" in codes(scanned(torch_zip(state, hidden), "model.pt"))


def test_torchscript_is_told_with_the_operators_of_its_own() -> None:
    code = b"def forward(self, x):\n  y = ops.acme.run(x)\n  return torch.from_file(y)\n"

    found = codes(scanned(torch_zip(**{"m/code/__torch__/m.py": code}), "model.pt"))

    assert found["torchscript_ops"] == ["ops.acme.run", "torch.from_file"]
    assert "code_present" not in found


def test_torch_files_of_old_are_accounted_for() -> None:
    keys = pickle.dumps(["0"], 2)
    head = TORCH_LEGACY + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    state = b"\x80\x02" + storage("FloatStorage", "0", 4) + b"."
    numbers = struct.pack("<q", 4) + b"\xee" * 16

    whole = scanned(head + state + keys + numbers, "model.bin")

    assert (whole["verdict"], whole["bytes_tensor_data"]) == ("warn", 24)
    assert scanned(head + state + keys + struct.pack("<q", 5) + b"\xee" * 16, "m.bin")["verdict"] == "insufficient_data"
    assert "os.system" in codes(scanned(head + EVIL + keys + numbers, "model.bin"))["pickle_runs_code"]


@pytest.mark.parametrize("compress", [0, ("gzip", 3), ("bz2", 3), ("xz", 3)])
def test_joblib_s_arrays_are_read_behind(compress: Any) -> None:
    data = dumped([np.arange(9.0), np.zeros((2, 0)), np.array(["a", None], dtype=object), "end"], compress)

    document = scanned(data, "model.joblib")

    assert set(codes(document)) <= {"pickle_present", "pickle_nested"}
    assert document["bytes_inspected"] == len(data)


def test_what_joblib_would_skip_is_judged_as_the_plain_unpickler_reads_it() -> None:
    payload = SYSTEM + b"\0" * (72 - len(SYSTEM))
    data = dumped(np.frombuffer(payload, dtype=np.float64))
    at = data.index(payload)
    # Without the padding that joblib writes, an unpickler meets the array's bytes as instructions.
    padding = data[:at].rstrip(b"\xff")
    data = padding[:-1] + data[at:]
    data = data.replace(b"numpy_array_alignment_bytes", b"numpy_array_alignment_bytez")

    assert "os.system" in codes(scanned(data, "model.joblib"))["pickle_runs_code"]


@pytest.mark.parametrize("model", [LogisticRegression(), RandomForestClassifier(n_estimators=3)])
def test_a_real_model_of_scikit_learn_is_a_pickle_of_a_known_library(model: Any) -> None:
    rows = np.random.default_rng(1).random((60, 3))
    model.fit(rows, rows[:, 0] > 0.5)

    for data in (pickle.dumps(model), dumped(model)):
        document = scanned(data, "model.pkl")

        assert document["verdict"] == "warn"
        assert set(codes(document)) == {"pickle_present", "pickle_of_library"}


def test_arrays_of_numbers_pass_and_arrays_of_objects_are_pickles() -> None:
    numbers = npy(np.zeros(3, dtype=[("a", "<f4"), ("b", "U5", (2,))]))

    assert scanned(numbers, "a.npy")["verdict"] == "pass"
    assert "numpy_objects" in codes(scanned(npy(np.array([None, "x"], dtype=object)), "a.npy"))
    assert scanned(npy(np.arange(4)) + EVIL, "a.npy")["verdict"] == "fail"
    assert scanned(npy(np.arange(4))[:-1], "a.npy")["verdict"] == "fail"
    evil = npy(np.array([None], dtype=object))
    assert "pickle_runs_code" in codes(
        scanned(evil[: evil.index(b"\x80\x03" if b"\x80\x03" in evil else b"\x80\x04")] + EVIL, "a.npy")
    )


@pytest.mark.parametrize(
    "header",
    [b"{'descr': '<f8', 'shape': (2**60,)}", b"__import__('os')", b"{" * 300, b"{'descr': [('a', '<f4', -1)]}"],
)
def test_a_header_of_an_array_is_not_run(header: bytes) -> None:
    assert scanned(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header, "a.npy")["verdict"] == "fail"


def test_a_whole_gguf_passes() -> None:
    file = gguf({"general.name": "x"}, [("a", [8], 0, 0), ("b", [32], 2, 32)], b"\1" * 50)

    document = scanned(file, "model.gguf")

    assert (document["verdict"], document["bytes_tensor_data"]) == ("pass", 50)


@pytest.mark.parametrize(
    "file",
    [
        gguf({}, [("a", [8], 0, 0), ("b", [8], 0, 0)], b"\1" * 64),
        gguf({}, [("a", [8], 0, 3200)], b"\1" * 64),
        gguf({}, [("a", [2**40, 2**40], 0, 0)], b"\1" * 64),
        gguf({}, [("a", [7], 2, 0)], b"\1" * 64),
        gguf({}, [("a", [8], 99, 0)], b"\1" * 64),
        gguf({}, [("a", [8], 0, 0), ("a", [8], 0, 32)], b"\1" * 64),
        gguf({}, [], b"", count=2**60),
        gguf({"k": "v"}, [], b"")[:40],
        gguf({"tokenizer.chat_template": "{{ ''.__class__.__mro__ }}"}, [], b""),
    ],
)
def test_a_gguf_that_lies_fails(file: bytes) -> None:
    assert scanned(file, "model.gguf")["verdict"] == "fail"


@pytest.mark.parametrize(
    "whole",
    [
        gguf({"a": "b"}, [("a", [8], 0, 0)], b"\1" * 32),
        onnx(location="w.bin"),
        saved_model("MatMul", "ReadFile"),
        torch_zip(),
        safetensors({"a": tensor(0, 8)}, b"\1" * 8),
        npy(np.array([None, "x"], dtype=object)),
        h5({"class_name": "Sequential", "config": {}}),
        dumped([np.arange(9.0), "end"]),
    ],
)
def test_damage_neither_raises_nor_passes_uninspected(whole: bytes) -> None:
    chance = random.Random(5)  # noqa: S311 - the same damage every time
    for _ in range(40):
        damaged = bytearray(whole)
        for _byte in range(chance.randint(1, 5)):
            damaged[chance.randrange(len(damaged))] = chance.choice([0, 255, chance.randrange(256)])
        scanned(bytes(damaged[: chance.randint(len(damaged) // 2, len(damaged))]), "a")
