"""An ONNX model, called by ONNX Runtime on the CPU. No operators but the runtime's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.adapters.guests import serving
from audits.adapters.guests.pictures import Pictures, pictures_of
from audits.adapters.guests.sounds import Listener
from audits.adapters.guests.tokens import tokens_of
from audits.sandbox.inside.wire import Channel

TYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(string)": tensors.TEXT,
    "tensor(bool)": "bool",
    **{f"tensor({name})": name for name in tensors.NUMBERS if name != "bool"},
    # a map from class to score for each row, which becomes a row of scores
    "seq(map(int64,tensor(float)))": "float32",
    "seq(map(string,tensor(float)))": "float32",
}
ERRORS_ONLY = 3


def serve(channel: Channel) -> None:
    """Load one model, then answer batch after batch."""
    serving.serve(channel, _model, borrows=True)


def _model(told: dict[str, Any]) -> serving.Model:
    session, folder = _session(told)
    if "sounds" in told:
        return Listener(session, folder, told["sounds"], _signature(session))
    return Graph(session, folder, told)


class Graph:
    """An ONNX graph in a session of its own."""

    def __init__(self, session: Any, folder: Path | None, told: dict[str, Any]) -> None:
        self._session = session
        self._names = [one.name for one in self._session.get_outputs()]
        self._pictures: Pictures | None = None
        if told.get("pictures"):
            (taken, *others) = self._session.get_inputs()
            if others or taken.type != "tensor(float)":
                raise serving.Refusal("inputs", "a model of pictures has one input, of float32")
            sizes = [size if isinstance(size, int) else None for size in taken.shape]
            self._pictures = pictures_of(sizes, folder)
        self._tokens = tokens_of(self._session, folder) if told.get("texts") and folder is not None else None

    def signature(self) -> dict[str, Any]:
        if self._tokens is not None:
            return self._tokens.signature()
        declared = _signature(self._session)
        if self._pictures is not None:
            declared["inputs"] = [{**declared["inputs"][0], "dtype": tensors.BYTES, "shape": [None]}]
        return declared

    def predict(self, batch: dict[str, tensors.Array]) -> dict[str, tensors.Array]:
        if self._tokens is not None:
            return self._tokens.predict(batch)
        if self._pictures is not None:
            batch = {name: self._pictures.array(contents.tolist()) for name, contents in batch.items()}
        found = self._session.run(self._names, batch)
        return {name: _array(one) for name, one in zip(self._names, found, strict=True)}


def _session(told: dict[str, Any]) -> tuple[Any, Path | None]:
    """The session, and the folder that the model came in, where it came in one."""
    import onnxruntime as ort  # an extra

    path = Path(told["path"])
    folder = path if path.is_dir() else None
    if folder is not None:
        found = sorted(path.glob("*.onnx"))
        if len(found) != 1:
            raise ValueError(f"the folder holds {len(found)} files that end with .onnx; name the one that is meant")
        path = found[0]
    options = ort.SessionOptions()
    options.intra_op_num_threads = told["cores"]
    options.inter_op_num_threads = 1
    # between batches the core is the worker's, which has the answer to take and the next batch to bring
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = ERRORS_ONLY
    return ort.InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"]), folder


def _signature(session: Any) -> dict[str, Any]:
    def told(one: Any) -> dict[str, Any]:
        if one.type not in TYPES:
            raise ValueError(f"{one.name!r} is a {one.type}, which is neither numbers nor texts")
        mapped = one.type.startswith("seq")
        shape = [None, None] if mapped else [size if isinstance(size, int) else None for size in one.shape]
        return {"name": one.name, "dtype": TYPES[one.type], "shape": shape}

    return {
        "inputs": [told(one) for one in session.get_inputs()],
        "outputs": [told(one) for one in session.get_outputs()],
        "classes": [],
    }


def _array(found: Any) -> tensors.Array:
    if isinstance(found, list):  # of maps; the classes are in order
        keys = sorted(found[0]) if found else []
        return np.array([[row[key] for key in keys] for row in found], dtype=np.float32).reshape(len(found), len(keys))
    return np.asarray(found)
