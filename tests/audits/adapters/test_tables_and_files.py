"""The table of predictions, the bytes of models, what is kept and what goes over the wire: no extra package needed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audits.adapters import kept, references, tensors
from audits.adapters.files import model_files
from audits.adapters.isolated import Isolated, Loaded
from audits.adapters.kept import FolderStore
from audits.adapters.predicting import predict
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.adapters.signature import Signature, Tensor, read
from audits.sandbox.levels import Level
from audits.sandbox.probing import probe

CSV = "id,label,score\n1,yes,0.5\n2,no,0.25\n3,,0.125\n"


@pytest.mark.sandbox
def test_a_table_of_predictions_is_asked_by_row(tmp_path: Path):
    if probe().level < Level.L2:
        pytest.skip(f"this machine isolates too little: {probe().lacking}")
    path = tmp_path / "predictions.csv"
    path.write_text(CSV)
    adapter = references.table(path, outputs=["label", "score"])
    asked: dict[str, Any] = {"rows": None, "data_digest": "a", "isolation": probe()}

    found = predict(adapter, [{"row": np.array([1, 0])}, {"row": np.array([0])}], **asked)

    assert found.outputs["label"].tolist() == ["no", "yes", "yes"]
    assert found.outputs["score"].tolist() == [0.25, 0.5, 0.5]
    with adapter.open(isolation=probe()) as model:
        for rows, words in ([2], "number 2 has no 'label'"), ([3], "has 3 rows and none with the number 3"):
            with pytest.raises(ModelRefused, match=words) as refused:
                model.predict({"row": np.array(rows)})
            assert refused.value.code == "no_prediction"
    absent = references.table(path, outputs=["absent"])
    with pytest.raises(ModelRefused, match="absent"), absent.open(isolation=probe()):
        pass


def test_models_are_named_by_their_bytes(tmp_path: Path):
    import hashlib

    (tmp_path / "folder" / "below").mkdir(parents=True)
    (tmp_path / "folder" / "a").write_bytes(b"one")
    (tmp_path / "folder" / "below" / "b").write_bytes(b"two")

    of_file = model_files(tmp_path / "folder" / "a")
    of_folder = model_files(tmp_path / "folder")
    (tmp_path / "folder" / "below" / "b").rename(tmp_path / "folder" / "b")
    moved = model_files(tmp_path / "folder")

    assert of_file.digest == hashlib.sha256(b"one").hexdigest()
    hashes = [hashlib.sha256(one).hexdigest() for one in (b"one", b"two")]
    rows = f'[["a",3,"{hashes[0]}"],["below/b",3,"{hashes[1]}"]]'
    assert of_folder.digest == hashlib.sha256(rows.encode()).hexdigest()
    assert (of_folder.bytes, moved.bytes) == (6, 6)
    assert moved.digest != of_folder.digest


def test_what_is_no_plain_file_or_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("audits.adapters.files._hashed", lambda path, tick: pytest.fail("a byte was read"))
    sparse, folder = tmp_path / "sparse.onnx", tmp_path / "folder"
    with sparse.open("wb") as opened:
        opened.truncate(100 << 30)
    folder.mkdir()
    codes = {}
    for name in ("link", "folder link", "pipe"):
        (folder / name).symlink_to("/etc" if name == "folder link" else "/etc/passwd") if "link" in name else os.mkfifo(
            folder / name
        )
        with pytest.raises(ModelRefused) as refused:
            model_files(folder)
        codes[name] = refused.value.code
        (folder / name).unlink()

    with pytest.raises(ModelRefused, match="107,374,182,400 bytes; at most 17,179,869,184") as large:
        model_files(sparse)
    with pytest.raises(ModelRefused, match="holds no file"):
        model_files(folder)

    assert large.value.code == "model_too_large"
    assert set(codes.values()) == {"model_not_files"}


def test_a_worker_without_the_packages_says_which_and_where_they_are(tmp_path: Path):
    (tmp_path / "model").write_bytes(b"x")
    adapter = Isolated("onnx", model_files(tmp_path / "model"), ("no-such-runtime",))

    with pytest.raises(ModelRefused, match="no no-such-runtime; install requirements/models.txt") as refused:
        adapter.open(isolation=probe()).__enter__()

    assert refused.value.code == "extra_missing"


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("model.onnx", "model_reference"),
        ("onnx:", "model_reference"),
        ("pickle:model.pkl", "pickle_refused"),
        ("joblib:model.joblib", "pickle_refused"),
        ("keras:model.keras", "model_kind"),
        ("onnx:/nowhere/model.onnx", "model_missing"),
        ("transformers:/nowhere", "model_missing"),
        ("python:json:dumps", "python_refused"),
        ("http:http://127.0.0.1/embed", "endpoint_refused"),
    ],
)
def test_a_reference_that_cannot_be_used_says_why(reference: str, code: str):
    with pytest.raises(ModelRefused) as refused:
        references.adapter(reference).open(isolation=probe()).__enter__()

    assert refused.value.code == code


ARRAYS = {
    "floats": np.array([[1.5, np.nan], [np.inf, -0.0]]),
    "none": np.empty((0, 3), np.float32),
    "texts": np.array([["a", ""], ["ё", "\udcff\0"]], dtype=object),
    "whole": np.arange(6, dtype=np.int8).reshape(1, 2, 3),
    "yes": np.array([True, False]),
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
}


def over_the_wire(batch: tensors.Batch) -> dict[str, tensors.Array]:
    described, parts = tensors.packed(batch)
    body = b"".join(bytes(memoryview(part).cast("B")) if memoryview(part).nbytes else b"" for part in parts)
    return tensors.unpacked(described, memoryview(body))


def test_arrays_come_through_the_wire_as_they_are():
    came = over_the_wire(ARRAYS)

    assert list(came) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert came[name].shape == array.shape
        assert tensors.dtype_of(came[name]) == tensors.dtype_of(array)
        np.testing.assert_array_equal(came[name], array)
    other_end = over_the_wire({"numbers": np.array([1.5, -2.0], dtype=">f4"), "counts": np.array([1, 2], dtype=">i8")})
    assert [array.tolist() for array in other_end.values()] == [[1.5, -2.0], [1, 2]]
    with pytest.raises(tensors.Malformed, match="no text"):
        tensors.packed({"objects": np.array([1, None], dtype=object)})
    with pytest.raises(tensors.Malformed, match="neither numbers nor texts"):
        tensors.packed({"dates": np.array(["2026-11-29"], dtype="datetime64[D]")})


class Says:
    """In the place of a cell: a model that answers what it likes."""

    def __init__(self, **outputs: Any) -> None:
        self._outputs = outputs

    def ask_each(self, questions: Iterable[Any]) -> Iterator[tuple[dict[str, Any], memoryview]]:
        for _question in questions:
            described, answered = tensors.packed(self._outputs)
            yield {"outputs": described}, memoryview(b"".join(map(bytes, answered)))


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ({"label": np.arange(2)}, "3 rows were given, and the answer is .2."),
        ({"label": np.arange(3.0)}, "declares 'label': int64.any. and answers something else"),
        ({"label": np.arange(3).reshape(3, 1)}, "answers something else"),
        ({"other": np.arange(3)}, "answers something else"),
        ({"label": np.array(5)}, "the answer is .."),
        ({"label": np.arange(3), "talk": np.full((3, 101), "x", dtype=object)}, "more than 100 texts for each row"),
    ],
    ids=["rows", "type", "shape", "name", "one number", "texts"],
)
def test_an_answer_that_is_not_what_was_declared_is_a_fact_about_the_model(outputs: dict[str, Any], words: str):
    declared = Signature((Tensor("X", "float64", (None,)),), (Tensor("label", "int64", (None,)),))
    given = {"X": np.zeros(3)}
    assert Loaded(Says(label=np.arange(3)), declared).predict(given)["label"].tolist() == [0, 1, 2]  # type: ignore[arg-type]  # stands for a cell

    with pytest.raises(ModelFailed, match=words) as failed:
        Loaded(Says(**outputs), declared).predict(given)  # type: ignore[arg-type]  # stands for a cell

    assert failed.value.code == "wrong_answer"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["int64", "text"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["name", "dtype", "shape", "bytes", "x"]), inner, max_size=5)
    ),
    max_leaves=12,
)
likely = st.fixed_dictionaries(
    {
        "name": st.text(max_size=3),
        "dtype": st.sampled_from(tensors.DTYPES),
        "shape": st.lists(st.integers(-1, 1 << 70), max_size=3),
        "bytes": st.integers(-1, 40),
    }
)


@given(st.lists(likely, max_size=3) | json_values, st.binary(max_size=40))
@example([{"name": "a", "dtype": "int8", "shape": [0, 1 << 62, 1 << 62], "bytes": 0}], b"")
@example([{"name": "a", "dtype": "text", "shape": [0, 1 << 70], "bytes": 0}], b"")
@example([{"name": "a", "dtype": "text", "shape": [1 << 60], "bytes": 40}], b"[" * 40)
@example([{"name": "a", "dtype": "text", "shape": [2], "bytes": 10}], b"\xff\xff\xff\xff\3\0\0\0ab")
@example([{"name": "a", "dtype": "text", "shape": [1], "bytes": 5}], b"\1\0\0\0\xff")
def test_no_answer_whatever_it_says_is_more_than_malformed(described: Any, body: bytes):
    try:
        batch = tensors.unpacked(described, memoryview(body))
    except tensors.Malformed:
        return
    assert sum(array.nbytes for array in batch.values() if array.dtype != object) <= len(body)


@given(json_values)
def test_no_signature_whatever_it_says_is_more_than_wrong(document: Any):
    try:
        found = read(document)
    except ModelFailed:
        return
    assert found.inputs


def test_a_digest_of_data_is_that_of_its_content():
    one = {"a": np.arange(3), "b": np.array(["x", "y"], dtype=object)}

    assert tensors.digest(one) == tensors.digest(dict(reversed(one.items())))
    others = [{**one, "a": np.arange(3.0)}, {**one, "a": np.array([0, 1, 3])}, {"a": one["a"], "c": one["b"]}]
    assert len({tensors.digest(other) for other in (one, *others)}) == 4


def test_what_is_kept_is_whole_or_not_there_and_has_its_bounds(tmp_path: Path):
    store = FolderStore(tmp_path, max_bytes=10_000)
    runtime = {"packages": {"onnxruntime": "1"}}
    keys = [kept.key(model="m", data=data, transform="t", kind="onnx", runtime=runtime) for data in "abc"]
    outputs = {"score": np.arange(500.0)}

    store.put(keys[0], {"rows": 500}, outputs)
    os.utime(tmp_path / keys[0][:2] / keys[0], (1, 1))
    first = store.get(keys[0])
    store.put(keys[1], {"rows": 500}, outputs)
    os.utime(tmp_path / keys[0][:2] / keys[0], (1, 1))
    store.put(keys[2], {"rows": 500}, outputs)
    store.put("d" * 64, {}, {"score": np.arange(5000.0)})

    assert first is not None
    assert first[0] == {"rows": 500}
    np.testing.assert_array_equal(first[1]["score"], outputs["score"])
    assert [store.get(key) is None for key in (*keys, "d" * 64)] == [True, False, False, True]

    damaged = tmp_path / keys[1][:2] / keys[1]
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\xff")
    (tmp_path / keys[2][:2] / keys[2]).write_bytes(b"short")
    assert [store.get(key) for key in keys[1:]] == [None, None]
    assert not damaged.exists()


def test_every_part_of_what_predictions_depend_on_is_in_their_key():
    base: dict[str, Any] = {"model": "m", "data": "d", "transform": "t", "kind": "onnx", "runtime": {"v": "1"}}
    changes = [{"model": "x"}, {"data": "x"}, {"transform": "x"}, {"kind": "skops"}, {"runtime": {"v": "2"}}]

    assert len({kept.key(**base)} | {kept.key(**{**base, **change}) for change in changes}) == 6
