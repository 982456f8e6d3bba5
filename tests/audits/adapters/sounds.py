"""Sounds and models of sounds, made on the spot."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np


def wav(data: bytes, *, tag: int = 1, channels: int = 1, rate: int = 16_000, bits: int = 16, **wrong: Any) -> bytes:
    """A WAV file around samples as they lie in it; what is ``wrong`` replaces what would be right."""
    block = wrong.get("block", channels * bits // 8)
    form = struct.pack("<HHIIHH", tag, channels, rate, wrong.get("a_second", rate * block) % 2**32, block, bits)
    form += wrong.get("more", b"")
    size = wrong.get("size", len(data))
    chunks = wrong.get("before", b"") + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def tone(seconds: float = 1.0, *, rate: int = 16_000, pitch: float = 440.0, loud: float = 0.5) -> Any:
    """A sine, shape (n,)."""
    return (loud * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def stored(samples: Any, *, rate: int = 16_000) -> bytes:
    """Samples as a file of 16 bits."""
    return wav(np.round(np.asarray(samples) * 32767).astype("<i2").tobytes(), rate=rate)


def loudness(
    shape: list[Any], *, metadata: Mapping[str, str] | None = None, labels: bool = False, outside: str = ""
) -> bytes:
    """A model that gives the mean and the highest of the samples it is given, and where the highest is if asked.

    Args:
        shape: of its input.
        outside: where the factor of its scores, 1, lies, if not in the file itself.
    """
    from onnx import TensorProto, helper

    axes = list(range(1, len(shape)))
    info = helper.make_tensor_value_info
    factor = TensorProto(name="factor", data_type=TensorProto.FLOAT, dims=[1])
    if outside:
        factor.data_location = TensorProto.EXTERNAL
        entry = factor.external_data.add()
        entry.key, entry.value = "location", outside
    else:
        factor.raw_data = np.ones(1, np.float32).tobytes()
    nodes = [
        helper.make_node("ReduceMean", ["wave"], ["middle"], axes=axes, keepdims=0),
        helper.make_node("ReduceMax", ["wave"], ["top"], axes=axes, keepdims=0),
        helper.make_node("Unsqueeze", ["middle", "one"], ["a"]),
        helper.make_node("Unsqueeze", ["top", "one"], ["b"]),
        helper.make_node("Concat", ["a", "b"], ["both"], axis=1),
        helper.make_node("Mul", ["both", "factor"], ["scores"]),
    ]
    outputs = [info("scores", TensorProto.FLOAT, [None, 2])]
    if labels:
        nodes.append(helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0))
        outputs.append(info("label", TensorProto.INT64, [None]))
    one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    graph = helper.make_graph(nodes, "g", [info("wave", TensorProto.FLOAT, shape)], outputs, [one, factor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, dict(metadata or {}))
    content: bytes = model.SerializeToString()
    return content


def adding_up() -> bytes:
    """A model that carries on the sum of all samples it was given, and the rate it was told."""
    from onnx import TensorProto, helper

    info = helper.make_tensor_value_info
    nodes = [
        helper.make_node("ReduceSum", ["wave", "one"], ["here"], keepdims=1),
        helper.make_node("Add", ["here", "state"], ["total"]),
        helper.make_node("Identity", ["total"], ["stateN"]),
        helper.make_node("Cast", ["sr"], ["heard"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["total", "heard"], ["score"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [
            info("wave", TensorProto.FLOAT, [None, None]),
            info("state", TensorProto.FLOAT, [None, 1]),
            info("sr", TensorProto.INT64, []),
        ],
        [info("score", TensorProto.FLOAT, [None, 1]), info("stateN", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor("one", TensorProto.INT64, [1], [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content
