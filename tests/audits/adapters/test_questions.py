"""What people type as what models take, and which of the files at hand can be called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audits.adapters.questions import batch_of, told
from audits.adapters.refusals import ModelRefused
from audits.adapters.signature import Signature, Tensor, read
from audits.kinds.base import InputsRejected
from audits.kinds.models_at_hand import at_hand, chosen
from audits.kinds.trial import question

ANY = (None,)
OUT = (Tensor("label", "int64", ANY),)


def takes(*inputs: tuple[str, str, tuple[int | None, ...]]) -> Signature:
    return Signature(tuple(Tensor(*one) for one in inputs), OUT)


def test_texts_and_rows_go_where_they_fit():
    texts = batch_of(["a", "b"], takes(("t", "text", ANY)))
    column = batch_of(["a", "b"], takes(("t", "text", (None, 1))))
    rows = batch_of([[1, "2.5"], [-3, "NaN"]], takes(("X", "float32", (None, 2))))
    mixed = batch_of([["x", 1], ["y", "2"]], takes(("c", "text", (None, 1)), ("n", "int64", (None, 1))))

    assert texts["t"].tolist() == ["a", "b"]
    assert column["t"].tolist() == [["a"], ["b"]]
    assert rows["X"].dtype == np.float32
    np.testing.assert_array_equal(rows["X"], [[1.0, 2.5], [-3.0, np.nan]])
    assert (mixed["c"].tolist(), mixed["n"].tolist()) == ([["x"], ["y"]], [[1], [2]])


@pytest.mark.parametrize(
    ("cells", "signature"),
    [
        (["a"], takes(("X", "float32", (None, 2)))),
        ([[1, 2], [1]], takes(("X", "float32", (None, 2)))),
        ([[1.5]], takes(("n", "int8", ANY))),
        ([[1000]], takes(("n", "int8", ANY))),
        ([["NaN"]], takes(("n", "int8", ANY))),
        ([["9007199254740993"]], takes(("n", "int64", ANY))),
        ([["18446744073709551616"]], takes(("n", "uint64", ANY))),
        ([[1]], takes(("a", "int8", ANY), ("b", "int8", ANY))),
        (["a"], takes(("image", "float32", (None, 3, 224, 224)))),
        ([[1, 2]], takes(("X", "text", (None, 2)))),
    ],
)
def test_what_does_not_fit_is_refused_with_what_the_model_takes(cells: list[Any], signature: Signature):
    with pytest.raises(ModelRefused, match="the model takes '(X|n|a|image)'") as refused:
        batch_of(cells, signature)

    assert refused.value.code == "inputs"


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        (
            takes(("X", "float32", (None, 2))),
            "'X': float32.any, 2.: a row of 2 numbers, with commas between; it was given",
        ),
        (
            takes(("age", "int64", (None, 1)), ("town", "text", (None, 1))),
            "'age': int64.*, 'town': text.*: a row of these 2 columns, in this order, with commas between",
        ),
        (
            Signature((Tensor("X", "float64", (None, 2)),), OUT, columns=("age", "income")),
            "a row of the columns 'age', 'income', in this order, with commas between",
        ),
    ],
)
def test_a_model_of_columns_that_is_given_a_text_says_which_columns_it_wants(signature: Signature, words: str):
    with pytest.raises(ModelRefused, match=words):
        batch_of(["a fine day"], signature)

    assert read(signature.as_document()) == signature


def test_an_answer_is_told_in_json_whatever_it_holds():
    signature = Signature(takes(("t", "text", ANY)).inputs, OUT, ("bad", "good"))
    outputs = {
        "label": np.array(["good \udcff"], dtype=object),
        "score": np.array([[0.25, np.nan]]),
        "far": np.array([-np.inf]),
        "vector": np.arange(40.0).reshape(1, 40),
        "pair": np.array([[1, 2]]),
    }

    assert told(outputs, signature, row=0) == {
        "label": "good ?",
        "score": {"bad": 0.25, "good": "NaN"},
        "far": "-Infinity",
        "vector": {
            "shape": [40],
            "first": [float(n) for n in range(16)],
            "highest": [[39, 39.0], [38, 38.0], [37, 37.0], [36, 36.0], [35, 35.0]],
        },
        "pair": [1, 2],
    }


FILES = [
    {"path": "README.md", "sha256": "r"},
    {"path": "onnx/model.onnx", "sha256": "a"},
    {"path": "onnx/model.onnx_data", "sha256": "b"},
    {"path": "onnx/small.onnx", "sha256": "c"},
    {"filename": "forest.skops", "sha256": "d"},
    {"path": "config.json", "sha256": "e"},
    {"path": "model.safetensors", "sha256": "f"},
    {"path": "1_Pooling/config.json", "sha256": "g"},
    {"path": "../../etc/evil.onnx", "sha256": "h"},
]


def test_what_can_be_called_is_told_by_names_and_goes_with_what_belongs_to_it():
    found = {one.reference: dict(one.files) for one in at_hand(FILES)}

    assert set(found) == {
        "onnx:onnx/model.onnx",
        "onnx:onnx/small.onnx",
        "skops:forest.skops",
        "transformers:.",
        "onnx:etc/evil.onnx",
    }
    assert found["onnx:onnx/model.onnx"] == {"onnx/model.onnx": "a", "onnx/model.onnx_data": "b"}
    assert found["skops:forest.skops"] == {"forest.skops": "d"}
    assert found["transformers:."].keys() >= {"config.json", "model.safetensors", "1_Pooling/config.json"}
    assert not any(name.endswith((".onnx", ".skops")) for name in found["transformers:."])
    assert chosen(FILES, "onnx:onnx/small.onnx").path == chosen(FILES, "onnx/small.onnx").path == "onnx/small.onnx"
    assert chosen(FILES[:3], "").path == "onnx/model.onnx"
    for files, reference, code in (
        (FILES, "", "model_unclear"),
        (FILES[:1], "", "model_missing"),
        (FILES, "onnx:absent.onnx", "model_missing"),
        (FILES, "pickle:model.pkl", "model_missing"),
    ):
        with pytest.raises(InputsRejected) as refused:
            chosen(files, reference)
        assert refused.value.code == code


def test_what_is_said_of_pictures_above_a_graph_goes_with_it():
    said = {"path": "preprocessor_config.json", "sha256": "p"}
    nearer = {"path": "onnx/preprocessor_config.json", "sha256": "q"}

    assert dict(chosen([*FILES[1:2], said], "").files) == {
        "onnx/model.onnx": "a",
        "onnx/preprocessor_config.json": "p",
    }
    assert chosen([*FILES[1:2], said, nearer], "").files["onnx/preprocessor_config.json"] == "q"
    classes = {"path": "config.json", "sha256": "c"}
    assert chosen([*FILES[1:2], said, classes], "").files["onnx/config.json"] == "c"
    assert dict(chosen([*FILES[1:2], classes], "").files) == {"onnx/model.onnx": "a"}


PICTURE = {"picture": "ab" * 32, "media_type": "image/png", "bytes": 5}
SOUND = {"sound": "ab" * 32, "media_type": "audio/wav", "bytes": 5}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([PICTURE, "a text"], "question_odd"),
        ([PICTURE] * 9, "question_odd"),
        ([{**PICTURE, "picture": "../../etc/passwd"}], "question_odd"),
        ([{**PICTURE, "more": 1}], "question_odd"),
        ([PICTURE, SOUND], "question_odd"),
        ([SOUND] * 9, "question_odd"),
        ([{**SOUND, "sound": 5}], "question_odd"),
        ([{**SOUND, "picture": "ab" * 32}], "question_odd"),
        ([], "question_empty"),
        ("abc", "question_empty"),
        ({"a": 1}, "question_empty"),
        (["a"] * 51, "question_too_long"),
        (["a" * 20_001], "question_too_long"),
        ([["1"] * 2001], "question_odd"),
        ([[]], "question_odd"),
        ([1], "question_odd"),
        ([[None]], "question_odd"),
        ([[True]], "question_odd"),
        ([[float("nan")]], "question_odd"),
        ([[2**60]], "question_odd"),
        (["\ud800"], "question_odd"),
    ],
)
def test_a_question_that_is_none_says_so(given: Any, code: str):
    with pytest.raises(InputsRejected) as refused:
        question(given)

    assert refused.value.code == code
    assert question(["a", ["b", 1, 2.5]]) == ["a", ["b", 1, 2.5]]
    assert question([SOUND] * 8) == [SOUND] * 8
