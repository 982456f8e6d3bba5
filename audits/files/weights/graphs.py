"""Graphs in protocol buffers: ONNX models, TensorFlow's saved models and frozen graphs. Read on the wire only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from audits.files.containers.paths import escapes
from audits.files.places import Place, Seen
from audits.files.texts import configs, secrets
from audits.files.weights.protobuf import Field, Message, NotAMessage

MOST_NODES = 2_000_000
_DEEPEST = 16
_ONNX_DOMAINS = frozenset(
    ("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training")
)
# Operators that come with onnxruntime itself.
_RUNTIME_DOMAINS = frozenset(("com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"))
_PYTHON_OPS = frozenset(("PyOp", "PythonOp", "PythonOpGrad", "PyCustomOp"))
# Operators of TensorFlow that run Python, load code, or read and write files while the graph runs.
_DANGEROUS_OPS = frozenset(
    [
        "PyFunc",
        "PyFuncStateless",
        "EagerPyFunc",
        "ReadFile",
        "WriteFile",
        "MatchingFiles",
        "AppendFile",
        "Save",
        "SaveSlices",
        "ShardedFilename",
        "TextLineReader",
        "WholeFileReader",
        "TFRecordReader",
        "FixedLengthRecordReader",
        "WholeFileReaderV2",
        "TextLineReaderV2",
        "TFRecordReaderV2",
        "TextLineDataset",
        "TFRecordDataset",
        "FixedLengthRecordDataset",
        "FixedLengthRecordDatasetV2",
        "GeneratorDataset",
        "LoadDataset",
        "LoadDatasetV2",
        "SaveDataset",
        "SaveDatasetV2",
        "SnapshotDataset",
        "RegisterDataset",
        "DebugIdentity",
        "DebugIdentityV2",
        "DebugIdentityV3",
        "PrintV2",
        "XlaLaunch",
        "TPUExecute",
        "CustomPyFunc",
        "RpcCall",
        "RpcServer",
        "RpcServerStart",
        "RpcClient",
        "DataServiceDataset",
        "DataServiceDatasetV2",
        "DataServiceDatasetV3",
        "LoadAndRemapMatrix",
    ]
)


class _TooMany(Exception):
    """The message has more parts, or lies deeper, than is looked at."""


@dataclass
class _Counted:
    """What was seen of an ONNX model so far: nodes, and bytes of tensors' numbers."""

    nodes: int = 0
    tensor_bytes: int = 0


def inspect(place: Place) -> Seen:
    """Read a message as every graph that it could be, and look at every node; others are searched for texts.

    A field that a format does not know is passed over by its readers, so no field speaks against a format.
    """
    tensor_data, root = 0, Message(place.source)
    try:
        seen = _fields(root)
        if (7, 2) in seen and (1, 0) in seen:
            tensor_data = _onnx(place)
        elif (7, 2) in seen:
            _perhaps(_onnx, place)
        if {(1, 0), (2, 2)} <= seen and (7, 2) not in seen:
            place.note("files.graph_present")
        _perhaps(_tensorflow, place)
        if not tensor_data:
            _texts(place, root)
    except NotAMessage as wrong:
        place.note("files.broken", why=str(wrong), at=0)
        place.not_inspected("broken", place.size)
        return Seen(0)
    except _TooMany:
        place.not_inspected("too_many", place.size)
        return Seen(0)
    return Seen(place.size, min(tensor_data, place.size))


def _perhaps(read: Callable[[Place], object], place: Place) -> None:
    """Read a message as something that it need not be: a runtime refuses what cannot be read as that."""
    with contextlib.suppress(NotAMessage):
        read(place)


def _fields(message: Message) -> set[tuple[int, int]]:
    """The numbers of fields with the forms that they have."""
    seen = set()
    for count, field in enumerate(message.fields()):
        seen.add((field.number, field.wire))
        if count > MOST_NODES:
            raise _TooMany
    return seen


# ONNX (onnx.proto): ModelProto 7 graph, 8 opset, 25 functions; GraphProto 1 node, 5 initializer; NodeProto 4 type,
# 5 attribute, 7 domain; AttributeProto 5 tensor, 6 graph, 10 tensors, 11 graphs; TensorProto 9 raw, 13 external data.
def _onnx(place: Place) -> int:
    counted = _Counted()
    root = Message(place.source)
    for field in _parts(root):
        inner = root.inner(field)
        if field.number == 7:
            _onnx_graph(place, inner, counted, 0)
        elif field.number == 25:
            for node in _parts(inner, 7):
                _onnx_node(place, inner.inner(node), counted, 0)
        elif field.number == 20:
            for graph in _parts(inner, 1, 2):
                _onnx_graph(place, inner.inner(graph), counted, 0)
        elif field.number == 14:
            for text in _parts(inner):
                secrets.search_text(place, inner.text(text))
    return counted.tensor_bytes


def _parts(message: Message, *numbers: int) -> Iterator[Field]:
    """The fields of a message that have bytes, of these numbers or of any."""
    return (field for field in message.fields() if field.wire == 2 and (not numbers or field.number in numbers))


def _onnx_graph(place: Place, graph: Message, counted: _Counted, depth: int) -> None:
    if depth > _DEEPEST:
        raise _TooMany
    for field in _parts(graph, 1, 5, 15):
        inner = graph.inner(field)
        if field.number == 1:
            _onnx_node(place, inner, counted, depth)
        elif field.number == 5:
            _onnx_tensor(place, inner, counted)
        else:
            for part in _parts(inner):
                _onnx_tensor(place, inner.inner(part), counted)


def _onnx_node(place: Place, node: Message, counted: _Counted, depth: int) -> None:
    counted.nodes += 1
    if counted.nodes > MOST_NODES:
        raise _TooMany
    kind = domain = ""
    for field in _parts(node, 4, 5, 7):
        if field.number == 4:
            kind = node.text(field, 200)
        elif field.number == 7:
            domain = node.text(field, 200)
        else:
            attribute = node.inner(field)
            for part in _parts(attribute, 5, 10):
                _onnx_tensor(place, attribute.inner(part), counted)
            for part in _parts(attribute, 6, 11):
                _onnx_graph(place, attribute.inner(part), counted, depth + 1)
    if kind in _PYTHON_OPS:
        place.note("files.onnx_python_op", f"{domain}:{kind}")
    elif domain not in _ONNX_DOMAINS and domain not in _RUNTIME_DOMAINS:
        place.note("files.onnx_custom_ops", f"{domain}:{kind}")


def _onnx_tensor(place: Place, tensor: Message, counted: _Counted) -> None:
    said: dict[str, str] = {}
    for field in tensor.fields():
        if field.wire != 2:
            continue
        if field.number in (4, 5, 7, 9, 10, 11):
            counted.tensor_bytes += field.size
        elif field.number == 13:
            pair = {part.number: tensor.text(part) for part in tensor.inner(field).fields() if part.wire == 2}
            said[pair.get(1, "")] = pair.get(2, "")
    if "location" not in said:
        return
    if escapes(said["location"]):
        place.note("files.onnx_data_outside", said["location"])
        return
    end = [int(said.get(key, "0")) if said.get(key, "0").isdecimal() else 0 for key in ("offset", "length")]
    place.scan.elsewhere(f"{place.path.rpartition('/')[0]}/{said['location']}".lstrip("/"), place.path, sum(end))


# TensorFlow: SavedModel 2 meta graph; MetaGraphDef 2 graph; GraphDef 1 node, 2 library; NodeDef 2 op;
# FunctionDefLibrary 1 function; FunctionDef 3 node.
def _tensorflow(place: Place) -> None:
    for count, node in enumerate(_tensorflow_nodes(Message(place.source))):
        if count > MOST_NODES:
            raise _TooMany
        with contextlib.suppress(NotAMessage):
            for field in _parts(node, 2):
                kind = node.text(field, 200)
                if kind.rpartition(">")[2] in _DANGEROUS_OPS:
                    place.note("files.graph_present")
                    place.note("files.graph_dangerous_ops", kind)


def _tensorflow_graphs(root: Message) -> Iterator[Message]:
    """A message as a graph, as the graph's container, and as a saved model."""
    yield root
    for meta in _parts(root, 2):
        inner = root.inner(meta)
        yield inner
        with contextlib.suppress(NotAMessage):
            for graph in _parts(inner, 2):
                yield inner.inner(graph)


def _tensorflow_nodes(root: Message) -> Iterator[Message]:
    for graph in _tensorflow_graphs(root):
        yield from _parts_if(graph, 1)
        for library in _parts_if(graph, 2):
            for function in _parts_if(library, 1):
                yield from _parts_if(function, 3)


def _parts_if(message: Message, number: int) -> Iterator[Message]:
    """The inner messages of a number, as long as the bytes are fields."""
    with contextlib.suppress(NotAMessage):
        for field in _parts(message, number):
            yield message.inner(field)


def _texts(place: Place, message: Message) -> None:
    """Look at the texts of a message: settings of Keras layers, secrets."""
    pending = [(message, 0)]
    count = 0
    while pending:
        at, level = pending.pop()
        try:
            fields = list(_some(at))
        except NotAMessage:
            continue
        for field in fields:
            count += 1
            if count > MOST_NODES:
                raise _TooMany
            if field.wire != 2 or field.size < 8:
                continue
            head = at.source.read_at(field.start, 1)
            if head == b"{" and field.size <= configs.LONGEST:
                configs.judge_json(place, at.source.read_at(field.start, field.size))
            elif field.size <= 1 << 16 and (raw := at.source.read_at(field.start, field.size)).isascii():
                secrets.search(place, raw)
            if level < _DEEPEST and field.size <= 16 << 20:
                pending.append((at.inner(field), level + 1))


def _some(message: Message) -> Iterator[Field]:
    for count, field in enumerate(message.fields()):
        if count > MOST_NODES:
            raise _TooMany
        yield field
