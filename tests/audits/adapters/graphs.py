"""A graph in ONNX that reads tokens, made by hand with its tokenizer, and the same in numpy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tokenizers

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "fine", "bad", "day", "film", "a"]
LONGEST, WIDTH = 8, 4
TABLE = np.random.default_rng(5).normal(size=(len(WORDS), WIDTH)).astype(np.float32)
WEIGHTS = np.random.default_rng(6).normal(size=(WIDTH, 3)).astype(np.float32)
PLACE = 0.125
CLASSES = {"0": "bad", "1": "fair", "2": "good"}


def folder_of(folder: Path, *, output: str = "logits", takes: Sequence[str] = (), sizes: Any = ("n", "s")) -> Path:
    """A graph that adds the place of each token to its vector, averages over the mask and multiplies; its tokenizer."""
    folder.mkdir()
    states = output == "last_hidden_state"
    nodes = [
        onnx.helper.make_node("Gather", ["table", "input_ids"], ["looked_up"]),
        onnx.helper.make_node("Cast", ["position_ids"], ["places"], to=onnx.TensorProto.FLOAT),
        onnx.helper.make_node("Mul", ["places", "step"], ["steps"]),
        onnx.helper.make_node("Unsqueeze", ["steps", "last"], ["shifts"]),
        onnx.helper.make_node("Add", ["looked_up", "shifts"], ["last_hidden_state"]),
        onnx.helper.make_node("Cast", ["attention_mask"], ["mask"], to=onnx.TensorProto.FLOAT),
        onnx.helper.make_node("Unsqueeze", ["mask", "last"], ["wide_mask"]),
        onnx.helper.make_node("Mul", ["last_hidden_state", "wide_mask"], ["kept"]),
        onnx.helper.make_node("ReduceSum", ["kept", "second"], ["sums"], keepdims=0),
        onnx.helper.make_node("ReduceSum", ["mask", "second"], ["counts"], keepdims=1),
        onnx.helper.make_node("Div", ["sums", "counts"], ["means"]),
        onnx.helper.make_node("MatMul", ["means", "weights"], [output if not states else "unused"]),
    ]
    constants = {"table": TABLE, "weights": WEIGHTS, "step": np.float32(PLACE)}
    constants |= {"last": np.array([-1]), "second": np.array([1])}
    shape = [*sizes, WIDTH] if states else [sizes[0], 3]
    graph = onnx.helper.make_graph(
        nodes,
        "made",
        [
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT64, list(sizes))
            for name in ("input_ids", "attention_mask", "position_ids", *takes)
        ],
        [onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, shape)],
        [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(dict(zip(WORDS, range(9), strict=True)), unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made.save(str(folder / "tokenizer.json"))
    said = {"config.json": {"id2label": CLASSES, "max_position_embeddings": LONGEST}}
    said["tokenizer_config.json"] = {"pad_token": "[PAD]", "model_max_length": int(1e30)}
    for name, settings in said.items():
        (folder / name).write_text(json.dumps(settings))
    return folder


def tokens(text: str) -> list[int]:
    """As the tokenizer is to make them, cut in the middle so that the end mark stays."""
    words = [WORDS.index(word) if word in WORDS else 1 for word in text.split()]
    return [2, *words[: LONGEST - 2], 3]


def mean(text: str) -> Any:
    ids = tokens(text)
    return (TABLE[ids] + PLACE * np.arange(len(ids))[:, None]).mean(axis=0)
