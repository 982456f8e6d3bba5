"""Functions of Python: for development, in the sandbox even then, and found without being imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from audits.adapters import references
from audits.adapters.endpoints.guard import Allowed
from audits.adapters.isolated import Isolated
from audits.adapters.kept import FolderStore
from audits.adapters.predicting import predict
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.sandbox.levels import Isolation

pytestmark = pytest.mark.sandbox
DEVELOPING = Allowed(python=True)
SOURCE = """
import os
import numpy as np

def longest(texts):
    return [max(text.split() or [""], key=len) for text in texts]

def scored(rows):
    total = rows.sum(axis=1)
    return {"label": (total > 0).astype("int64"), "score": np.stack([-total, total], 1)}

scored.takes = "float64"
scored.gives = {"label": "int64", "score": "float64"}

def spies(texts):
    return [open("/etc/passwd").read() for text in texts]

def starts(texts):
    return [str(os.fork()) for text in texts]

def breaks(texts):
    return {text: 1 / 0 for text in texts}

def loses(texts):
    return texts[1:]

not_a_function = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package whose import would be noticed, with a module of functions."""
    (tmp_path / "developed").mkdir()
    (tmp_path / "developed" / "__init__.py").write_text("raise SystemExit('imported outside')")
    path = tmp_path / "developed" / "model.py"
    path.write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    yield path
    assert "developed" not in sys.modules


def texts(*cells: str) -> dict[str, np.ndarray]:
    return {"X": np.array(cells, dtype=object)}


def test_a_function_answers_in_the_sandbox_and_nothing_of_it_is_kept(
    module: Path, isolation: Isolation, tmp_path: Path
):
    words = references.adapter("python:developed.model:longest", allowed=DEVELOPING)
    rows = references.adapter(f"python:{module}:scored", allowed=DEVELOPING)
    store = FolderStore(tmp_path / "kept")

    found = predict(words, [texts("a bb c", "")], rows=2, data_digest="d", isolation=isolation, store=store)
    again = predict(words, [texts("dddd e")], rows=1, data_digest="d", isolation=isolation, store=store)
    with rows.open(isolation=isolation) as model:
        judged = model.predict({"X": np.array([[1.0, 2.0], [-1.0, 0.0]])})

    assert found.outputs["label"].tolist() == ["bb", ""]
    assert (again.from_store, again.outputs["label"].tolist()) == (False, ["dddd"])
    assert (found.record["origin"], found.record["kind"]) == ("observed", "python")
    assert found.record["isolation"]["level"] == isolation.level.name
    assert judged["label"].tolist() == [1, 0]
    assert judged["score"].tolist() == [[-3.0, 3.0], [1.0, -1.0]]


def test_what_a_function_may_not_do_it_does_not(module: Path, isolation: Isolation):
    codes = {}
    for name in ("spies", "starts", "breaks", "loses"):
        adapter = references.adapter(f"python:{module}:{name}", allowed=DEVELOPING)
        with adapter.open(isolation=isolation) as model, pytest.raises(ModelFailed) as failed:
            model.predict(texts("a", "b"))
        codes[name] = (failed.value.code, str(failed.value)[:20])

    assert codes == {
        "spies": ("model_failed", "FileNotFoundError: ["),
        "starts": ("model_failed", "PermissionError: [Er"),
        "breaks": ("model_failed", "ZeroDivisionError: d"),
        "loses": ("wrong_answer", "the model's answer c"),
    }


@pytest.mark.parametrize(
    ("named", "code"),
    [
        ("developed.model", "model_reference"),
        ("developed.model:os.system", "model_reference"),
        ("developed.absent:f", "model_missing"),
        ("../model:f", "model_reference"),
        ("developed:f", "model_missing"),
        ("numpy._core._multiarray_umath:f", "model_missing"),
    ],
)
def test_what_is_no_function_in_a_file_is_refused(module: Path, named: str, code: str):
    if named == "developed:f":
        (module.parent / "__init__.py").unlink()  # a folder without a file of its own

    with pytest.raises(ModelRefused) as refused:
        references.adapter(f"python:{named}", allowed=DEVELOPING)

    assert refused.value.code == code


def test_a_name_in_it_that_is_no_function_is_refused(module: Path, isolation: Isolation):
    for name in ("not_a_function", "absent"):
        adapter = references.adapter(f"python:{module}:{name}", allowed=DEVELOPING)
        with pytest.raises(ModelRefused, match="has no function"), adapter.open(isolation=isolation):
            pass


def test_without_the_operators_word_no_function_is_called(module: Path):
    with pytest.raises(ModelRefused, match="ASSAY_ALLOW_PYTHON_MODELS=1") as refused:
        references.adapter(f"python:{module}:longest", allowed=Allowed())

    assert refused.value.code == "python_refused"
    assert isinstance(references.adapter(f"python:{module}:longest", allowed=DEVELOPING), Isolated)
