"""The model as an ONNX graph, so that a worker can run it: written field by field, without a library to install.

Source: onnx.proto3 of ONNX 1.17 (IR version 8) and the operators of opset 17.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

FLOAT, INT64, BOOL = 1, 7, 9  # TensorProto.DataType
OPSET, IR_VERSION = 17, 8


def onnx_of(parameters: dict[str, Any]) -> bytes:
    """A graph from ``features`` (n, d) of 32-bit floats to ``score`` (n,) and ``label`` (n,), 1 where it approves.

    Missing values are replaced by the median, features are standardised, and each member answers: with its
    probability where it is the only one, else with 0 or 1, and the score is the weighted mean.
    """
    members = [one for one in parameters["members"] if "coefficients" in one]
    always = sum(one["weight"] * one["constant"] for one in parameters["members"] if "constant" in one)
    columns = len(parameters["features"])
    alone = len(parameters["members"]) == 1
    constants = [
        _tensor("median", np.array(parameters["median"])),
        _tensor("mean", np.array(parameters["mean"])),
        _tensor("spread", np.array(parameters["spread"])),
        _tensor("coefficients", np.array([one["coefficients"] for one in members]).T.reshape(columns, -1)),
        _tensor("intercepts", np.array([one["intercept"] for one in members])),
        _tensor("weights", np.array([[one["weight"]] for one in members])),
        _tensor("always", np.array([always])),
        _tensor("threshold", np.array([parameters["threshold"]])),
        *([] if alone else [_tensor("zero", np.array([0.0]))]),
        _numbers("last", [1]),
    ]
    nodes = [
        _node("IsNaN", ["features"], "missing"),
        _node("Where", ["missing", "median", "features"], "filled"),
        _node("Sub", ["filled", "mean"], "centred"),
        _node("Div", ["centred", "spread"], "standardised"),
        _node("MatMul", ["standardised", "coefficients"], "products"),
        _node("Add", ["products", "intercepts"], "logits"),
        *(
            [_node("Sigmoid", ["logits"], "answers")]
            if alone
            else [_node("Greater", ["logits", "zero"], "approve"), _node("Cast", ["approve"], "answers", to=FLOAT)]
        ),
        _node("MatMul", ["answers", "weights"], "voted"),
        _node("Add", ["voted", "always"], "mean_answer"),
        _node("Squeeze", ["mean_answer", "last"], "score"),
        _node("GreaterOrEqual", ["score", "threshold"], "approved"),
        _node("Cast", ["approved"], "label", to=INT64),
    ]
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, b"mortgage_approval")
    graph += b"".join(_field(5, constant) for constant in constants)
    graph += _field(11, _value("features", FLOAT, ["n", columns]))
    graph += _field(12, _value("score", FLOAT, ["n"])) + _field(12, _value("label", INT64, ["n"]))
    opset = _field(1, b"") + _field(2, OPSET)
    return _field(1, IR_VERSION) + _field(2, b"assay-demo") + _field(7, graph) + _field(8, opset)


def _field(number: int, value: bytes | int) -> bytes:
    """One field of a protocol buffer: a number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _node(kind: str, inputs: Sequence[str], output: str, **attributes: int) -> bytes:
    node = b"".join(_field(1, name.encode()) for name in inputs) + _field(2, output.encode()) + _field(4, kind.encode())
    for name, number in attributes.items():
        node += _field(5, _field(1, name.encode()) + _field(3, number) + _field(20, 2))  # AttributeProto.INT
    return node


def _tensor(name: str, values: Any) -> bytes:
    """A constant of 32-bit floats."""
    dims = b"".join(_field(1, size) for size in values.shape)
    return dims + _field(2, FLOAT) + _field(8, name.encode()) + _field(9, values.astype("<f4").tobytes())


def _numbers(name: str, values: Sequence[int]) -> bytes:
    return _field(1, len(values)) + _field(2, INT64) + _field(8, name.encode()) + _field(9, struct.pack("<q", *values))


def _value(name: str, kind: int, shape: Iterable[str | int]) -> bytes:
    dims = b"".join(_field(1, _field(1, size) if isinstance(size, int) else _field(2, size.encode())) for size in shape)
    tensor = _field(1, kind) + _field(2, dims)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))
