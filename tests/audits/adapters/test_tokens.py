"""Graphs in ONNX that read tokens are asked with texts: what they say is what numpy says of the same tokens."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audits.adapters import references
from audits.adapters.guests import texts as reading
from audits.adapters.refusals import ModelRefused
from audits.kinds.models_at_hand import chosen, laid_out
from audits.sandbox.levels import Isolation

pytest.importorskip("onnx", reason="without requirements/dev.txt no model is made")
pytest.importorskip("tokenizers", reason="without requirements/models.txt no text becomes tokens")
from tests.audits.adapters.graphs import (  # noqa: E402 - the packages it needs may not be there
    CLASSES,
    LONGEST,
    TABLE,
    WEIGHTS,
    folder_of,
    mean,
)

pytestmark = pytest.mark.sandbox
TEXTS = ["a fine day", "bad", "", "a bad film a fine day a bad film", "ёж", "half \udcff", "fine fine fine"]


def scores(text: str) -> Any:
    raised = np.exp(mean(text) @ WEIGHTS)
    return raised / raised.sum()


def texts(cells: Sequence[str]) -> dict[str, Any]:
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return {"text": array}


@contextlib.contextmanager
def opened(folder: Path, isolation: Isolation) -> Iterator[Any]:
    with references.adapter(f"onnx:{folder}").open(isolation=isolation) as running:
        yield running


@pytest.mark.parametrize("sizes", [("n", "s"), (1, "s"), ("n", LONGEST), (3, LONGEST)])
def test_a_classifier_of_texts_says_what_numpy_says_whatever_sizes_its_graph_has(
    tmp_path: Path, isolation: Isolation, sizes: Any
) -> None:
    cells = [*TEXTS, *TEXTS[::-1]] * 3
    with opened(folder_of(tmp_path / "model", sizes=sizes), isolation) as running:
        found = running.predict(texts(cells))
        declared = running.signature

    expected = np.array([scores(cell.replace("\udcff", "?")) for cell in cells])
    np.testing.assert_allclose(found["score"], expected, atol=1e-6)
    assert found["label"].tolist() == [CLASSES[str(row.argmax())] for row in expected]
    assert found["truncated"].tolist() == [len(cell.split()) > LONGEST - 2 for cell in cells]
    assert [str(one) for one in declared.inputs] == ["'text': text[any]"]
    assert declared.classes == ("bad", "fair", "good")


def test_states_of_tokens_become_one_vector_as_the_folder_says(tmp_path: Path, isolation: Isolation) -> None:
    folder = folder_of(tmp_path / "model", output="last_hidden_state")
    with opened(folder, isolation) as running:
        plain = running.predict(texts(TEXTS))["embedding"]
    (folder / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.Normalize"}]))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    with opened(folder, isolation) as running:
        first = running.predict(texts(TEXTS))["embedding"]

    np.testing.assert_allclose(plain, [mean(cell.replace("\udcff", "?")) for cell in TEXTS], atol=1e-6)
    np.testing.assert_allclose(first, [TABLE[2] / np.linalg.norm(TABLE[2])] * len(TEXTS), atol=1e-6)


def test_what_no_tokenizer_gives_and_what_nobody_can_read_is_refused(tmp_path: Path, isolation: Isolation) -> None:
    more = folder_of(tmp_path / "more", takes=["past_key_values.0.key"])
    other = folder_of(tmp_path / "other", output="reconstruction")
    broken = folder_of(tmp_path / "broken")
    (broken / "tokenizer.json").write_text('{"model": ')
    odd = folder_of(tmp_path / "odd")
    (odd / "config.json").write_text("[" * 100_000)
    twice, short = folder_of(tmp_path / "twice"), folder_of(tmp_path / "short")
    (twice / "config.json").write_text(json.dumps({"id2label": {**CLASSES, "2": "bad"}}))
    (short / "config.json").write_text(json.dumps({"max_position_embeddings": 1}))
    refused = {}
    for folder in (more, other, broken, odd, twice, short):
        with pytest.raises(ModelRefused) as found, opened(folder, isolation):
            pass
        refused[folder.name] = (found.value.code, str(found.value))

    assert {name: code for name, (code, _) in refused.items()} == {
        "more": "inputs",
        "other": "model_unreadable",
        "broken": "model_unreadable",
        "odd": "model_unreadable",
        "twice": "model_unreadable",
        "short": "model_unreadable",
    }
    assert "past_key_values.0.key" in refused["more"][1]
    assert "logits" in refused["other"][1]
    assert "config.json" in refused["odd"][1]
    assert "two classes 'bad'" in refused["twice"][1]
    assert "adds 2 marks" in refused["short"][1]


@pytest.mark.parametrize("sizes", [(10**9, "s"), ("n", 10**9), ("n", 900_000), (1_000, 100_000)])
def test_a_graph_for_more_tokens_than_memory_holds_is_refused_before_one_is_made(
    tmp_path: Path, isolation: Isolation, sizes: Any
) -> None:
    folder = folder_of(tmp_path / "model", sizes=sizes)
    with pytest.raises(ModelRefused, match="export it with sizes left open"), opened(folder, isolation):
        pass


@pytest.mark.parametrize("shape", [(1, 3), (4, 1), (1,), (4, 3, 1), (5, 3)])
def test_an_answer_that_is_not_one_for_each_text_is_not_spread_over_them(shape: tuple[int, ...]) -> None:
    four, classes = ["a", "b", "c", "d"], reading.Classes(("x", "y", "z"), several=False)

    with pytest.raises(ValueError, match="4 texts were read"):
        reading.answers(four, lambda whole: (np.ones(shape), [False] * 4), classes=classes, width=3)
    with pytest.raises(ValueError, match="the states are"):
        reading.Pooling(reading.MEAN, normalizes=False).vectors(np.ones((1, 7, 3)), np.ones((4, 7)))


class Stored:
    """What a worker has of a version, as far as a model is laid out."""

    def __init__(self, folder: Path) -> None:
        self.blobs = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in folder.rglob("*.*")}

    def open_blob(self, sha256: str) -> Any:
        return io.BytesIO(self.blobs[sha256].read_bytes())

    def progress(self, done: int, total: int | None) -> None:
        return None


def test_a_graph_goes_with_the_tokenizer_above_it_as_exporters_lay_it_out(tmp_path: Path, isolation: Isolation) -> None:
    folder = folder_of(tmp_path / "model")
    stored = Stored(folder)
    laid = [
        {"path": f"onnx/{path.name}" if path.suffix == ".onnx" else path.name, "sha256": sha256}
        for sha256, path in stored.blobs.items()
    ]
    context: Any = stored
    with laid_out(chosen(laid, ""), context) as adapter, adapter.open(isolation=isolation) as running:
        found = running.predict(texts(TEXTS[:2]))

    np.testing.assert_allclose(found["score"], [scores(cell) for cell in TEXTS[:2]], atol=1e-6)
    assert adapter.runtime["packages"].keys() >= {"tokenizers", "onnxruntime"}
