"""Models at hand as they are laid out: a graph goes with its external data, in trials and in audits alike."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audits.adapters.questions import batch_of_files
from audits.adapters.refusals import ModelRefused
from audits.kinds.models_at_hand import chosen, laid_out
from audits.sandbox.levels import Level
from audits.sandbox.probing import probe
from tests.audits.adapters.sounds import loudness, stored
from tests.audits.files.scans import codes, scanned

pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
pytest.importorskip("onnx", reason="without requirements/dev.txt no model is made")
pytestmark = pytest.mark.sandbox

FACTOR = np.array([2.0], np.float32).tobytes()
HEARS = {"sampling_rate": 8000}


def at_hand(files: Mapping[str, bytes]) -> tuple[list[dict[str, str]], Any]:
    """Files of a version, and what runs them."""
    stored_here = {hashlib.sha256(one).hexdigest(): one for one in files.values()}
    context = SimpleNamespace(
        open_blob=lambda sha256: io.BytesIO(stored_here[sha256]), progress=lambda done, total: None, inputs={}
    )
    return [{"path": path, "sha256": hashlib.sha256(one).hexdigest()} for path, one in files.items()], context


@contextlib.contextmanager
def running(files: Mapping[str, bytes], **how: Any) -> Any:
    if probe().level < Level.L2:
        pytest.skip(f"this machine isolates too little: {probe().lacking}")
    rows, context = at_hand(files)
    with (
        laid_out(chosen(rows, "onnx:onnx/model.onnx"), context, **how) as adapter,
        adapter.open(isolation=probe()) as one,
    ):
        yield one


@pytest.mark.parametrize("encoded", [False, True])
def test_external_data_beside_a_graph_goes_with_it_whatever_it_is_asked(encoded: bool):
    files = {
        "onnx/model.onnx": loudness([None, None], outside="model.onnx_data"),
        "onnx/model.onnx_data": FACTOR,
        "onnx/other.onnx": b"another model",
        "README.md": b"# A model",
    }
    wave = np.array([[0.0, 0.25, 0.5, 0.25]], np.float32)

    with running(files, **({"sounds": HEARS} if encoded else {})) as model:
        asked = batch_of_files([stored(wave[0], rate=8000)], model.signature) if encoded else {"wave": wave}
        scores = model.predict(asked)["scores"]

    np.testing.assert_allclose(scores, [[2 * 0.25, 2 * 0.5]], atol=1e-3)


@pytest.mark.parametrize("outside", ["../secret.bin", "/etc/hostname", "deeper/../../secret.bin"])
def test_external_data_outside_the_models_folder_is_refused_by_the_adapter_and_by_the_scan(outside: str):
    graph = loudness([None, None], outside=outside)
    files = {"onnx/model.onnx": graph, "onnx/notes.txt": b"beside it", "secret.bin": FACTOR}

    with pytest.raises(ModelRefused) as refused, running(files):
        pass

    assert refused.value.code == "model_unreadable"
    assert outside in codes(scanned(files))["onnx_data_outside"]


def test_external_data_that_is_not_at_hand_is_named():
    with (
        pytest.raises(ModelRefused, match="model.onnx_data"),
        running({"onnx/model.onnx": loudness([None, None], outside="model.onnx_data")}),
    ):
        pass
