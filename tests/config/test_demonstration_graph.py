"""The demonstration's model as ONNX: valid, the same answers as its numbers in JSON, and passed by the scan."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.audits.files.scans import codes, scanned
from tests.servers import PROJECT

RANDOM = np.random.default_rng(0)
COLUMNS = 5
SCALE = {
    "features": [f"column {i}" for i in range(COLUMNS)],
    "median": RANDOM.normal(size=COLUMNS).tolist(),
    "mean": RANDOM.normal(size=COLUMNS).tolist(),
    "spread": RANDOM.uniform(0.5, 3, COLUMNS).tolist(),
}


def member(weight: float) -> dict[str, Any]:
    return {"weight": weight, "coefficients": RANDOM.normal(size=COLUMNS).tolist(), "intercept": RANDOM.normal()}


MODELS = {
    "one member": {**SCALE, "threshold": 0.8, "members": [member(1.0)]},
    "a vote": {**SCALE, "threshold": 0.5, "members": [member(0.4), member(0.3), {"weight": 0.3, "constant": 1}]},
}


def onnx_of() -> Callable[[dict[str, Any]], bytes]:
    spec = importlib.util.spec_from_file_location("demonstration_graphs", PROJECT / "demo" / "graphs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Callable[[dict[str, Any]], bytes] = module.onnx_of
    return made


def answers(model: dict[str, Any], rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The scores as the card words them: medians for what is missing, standardised, a weighted vote."""
    filled = np.where(np.isnan(rows), model["median"], rows)
    given = (filled - model["mean"]) / model["spread"]
    score = np.zeros(len(rows))
    for one in model["members"]:
        if "constant" in one:
            score += one["weight"] * one["constant"]
            continue
        logits = given @ np.array(one["coefficients"]) + one["intercept"]
        score += one["weight"] * (1 / (1 + np.exp(-logits)) if len(model["members"]) == 1 else logits > 0)
    return score


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_the_graph_answers_as_the_numbers_do_and_the_scan_passes_it(model: dict[str, Any]) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="requirements/models.txt is not installed")
    onnx = pytest.importorskip("onnx", reason="requirements/dev.txt is not installed")
    raw = onnx_of()(model)
    onnx.checker.check_model(onnx.load_from_string(raw), full_check=True)
    rows = RANDOM.normal(size=(2_000, COLUMNS))
    rows[RANDOM.random(rows.shape) < 0.1] = np.nan

    score, label = runtime.InferenceSession(raw, providers=["CPUExecutionProvider"]).run(
        None, {"features": rows.astype(np.float32)}
    )

    wanted = answers(model, rows.astype(np.float32).astype(float))
    np.testing.assert_allclose(score, wanted, atol=1e-5)
    far = np.abs(wanted - model["threshold"]) > 1e-5
    assert far.mean() > 0.99
    assert (label[far] == (wanted[far] >= model["threshold"])).all()
    document = scanned(raw, "model.onnx")
    assert document["verdict"] == "pass", codes(document)
