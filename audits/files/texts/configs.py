"""Settings in JSON: what they make a loader run, and templates in them."""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from audits.files.places import Place
from audits.files.texts import targets, templates

LONGEST = 16 << 20
_MOST_VALUES = 2_000_000
_KERAS = ("keras", "tensorflow.keras", "tf_keras", "keras_hub", "keras_nlp", "keras_cv")
_KERAS_CODE = ("Lambda", "TorchModuleWrapper", "FlaxLayer", "JaxLayer", "TFSMLayer", "TFOpLambda", "SlicingOpLambda")
_DECISIVE = ("auto_map", "class_name", "chat_template", "module")
_CODE_KEYS = ("auto_map", "custom_pipelines")
# Parts of Keras that no layer is of, and functions of it that read or load something else.
_NO_LAYERS = ("utils", "saving", "config", "export", "datasets", "callbacks", "tree", "distribution", "wrappers")
_KERAS_FUNCTIONS = (
    "get_file",
    "load_model",
    "load_weights",
    "load_img",
    "model_from_json",
    "model_from_config",
    "clone_model",
    "deserialize_keras_object",
    "enable_unsafe_deserialization",
)
# What PEFT takes the class of the model that it adapts from: a module, whatever its name.
_PARENTS = ("transformers", "diffusers", "peft", "sentence_transformers", "timm", "torch")
# sentence-transformers lists the modules of a model, and imports whatever class it reads there.
_OF_A_MODULE = {"idx", "path", "type"}
_SENTENCE_TRANSFORMERS = "sentence_transformers."


class _Pairs(list[tuple[str, Any]]):
    """An object with all its keys, the same one twice included: readers differ in which one they take."""


def judge_json(place: Place, raw: bytes) -> bool:
    """Judge JSON as settings; gives whether it is an object or a list of them. What is no JSON is left to others."""
    if len(raw) > LONGEST:
        return False
    try:
        document = json.loads(raw.removeprefix(codecs.BOM_UTF8), object_pairs_hook=_Pairs)
    except RecursionError:  # a loader that is called from less deep may still read it
        place.note("files.broken", why="json", at=0)
        return True
    except ValueError:
        return False
    if not isinstance(document, (_Pairs, list)):
        return False
    if isinstance(document, _Pairs) and {"dsseEnvelope", "verificationMaterial"} <= {key for key, _value in document}:
        place.scan.signature(place.path, raw)
    for pairs in _objects(document):
        _object(place, pairs)
    return True


def _objects(document: Any) -> Iterator[_Pairs]:
    pending, count = [document], 0
    while pending and count < _MOST_VALUES:
        one = pending.pop()
        count += 1
        if isinstance(one, _Pairs):
            yield one
            pending += [value for _key, value in one if isinstance(value, (list, _Pairs))]
            # Keras has put the settings of layers into texts that are JSON themselves.
            pending += [inner for _key, value in one if (inner := _inner(value)) is not None]
        elif isinstance(one, list):
            pending += [value for value in one if isinstance(value, (list, _Pairs))]


def _inner(value: Any) -> Any:
    if not isinstance(value, str) or not value.lstrip().startswith("{") or "class_name" not in value:
        return None
    try:
        return json.loads(value, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return None


def _object(place: Place, pairs: _Pairs) -> None:
    keys = Counter(key for key, _value in pairs)
    for key in _DECISIVE:
        if keys[key] > 1:
            place.note("files.name_twice", key)
    if keys.keys() >= _OF_A_MODULE:
        for _key, value in (pair for pair in pairs if pair[0] == "type"):
            if isinstance(value, str) and not value.startswith(_SENTENCE_TRANSFORMERS):
                place.note("files.code_mapped", value)
    if keys["__class__"] and keys["__module__"]:
        _type_of_skops(place, pairs)
    for key, value in pairs:
        _loader(place, key, value)
        if key == "config" and "class_name" in keys:
            _reads(place, value)
        if isinstance(value, str) and "class_name" in keys:
            _keras(place, key, value, is_layer="config" in keys)


def _loader(place: Place, key: str, value: Any) -> None:
    """What makes a loader run code: code of a repository, and templates."""
    if key in _CODE_KEYS and isinstance(value, (_Pairs, str, list)):
        for named in _named(value):
            place.note("files.code_mapped", named)
    elif key == "trust_remote_code" and value is True:
        place.note("files.code_trusted")
    elif key == "parent_library" and isinstance(value, str) and value.partition(".")[0] not in _PARENTS:
        place.note("files.code_mapped", f"{key}: {value}")
    elif key == "_class_name" and isinstance(value, list):  # diffusers: a module of the repository, and its class
        place.note("files.code_mapped", ".".join(map(str, value)))
    elif key == targets.TARGET and isinstance(value, str) and targets.reaches(value):
        place.note("files.code_dangerous", f"{key}: {value}")
    elif key == "template" or "chat_template" in key:
        for text in _texts(value):
            templates.judge(place, text)
    elif isinstance(value, str) and templates.looks_like(value):
        templates.judge(place, value)


def _keras(place: Place, key: str, value: str, *, is_layer: bool) -> None:
    """What a layer of Keras is made of: code that stands in the file, or code of somebody's own."""
    if key == "class_name" and (value.rpartition(">")[2] in _KERAS_CODE or value == "__lambda__"):
        place.note("files.keras_lambda", value)
        return
    is_named = ">" in value and key in ("class_name", "registered_name")
    is_elsewhere = is_layer and key == "module" and not _is_of_keras(value)
    if is_named or is_elsewhere or (key in ("class_name", "config") and value in _KERAS_FUNCTIONS):
        place.note("files.keras_custom", value)


def _reads(place: Place, config: Any) -> None:
    """A layer whose vocabulary is a path reads it when it is made: any file, or address (CVE-2025-12058)."""
    if isinstance(config, _Pairs):
        for key, value in config:
            if key == "vocabulary" and isinstance(value, str) and value:
                place.note("files.keras_reads", f"{key}: {value}")


def _type_of_skops(place: Place, pairs: _Pairs) -> None:
    """A type that a model kept by skops is made of. Whoever trusts all of its types has it made."""
    said = {key: value for key, value in pairs if isinstance(value, str)}
    name = f"{said.get('__module__', '')}.{said.get('__class__', '')}"
    if targets.reaches(name):
        place.note("files.code_dangerous", name)


def _is_of_keras(module: str) -> bool:
    if not any(module == known or module.startswith(f"{known}.") for known in _KERAS):
        return False
    inner = [part for part in module.split(".") if part not in ("tensorflow", "tf_keras", "keras", "src", "api")]
    return not (inner and inner[0] in _NO_LAYERS)


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, _Pairs):
        for key, inner in value:
            for named in _named(inner):
                yield named if isinstance(inner, (_Pairs, list)) else f"{key}: {named}"
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, _Pairs):
        for _key, inner in value:
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
