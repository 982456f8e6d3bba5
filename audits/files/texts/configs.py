"""Settings in JSON: what they make a loader run, and templates in them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from audits.files.places import Place
from audits.files.texts import templates

LONGEST = 16 << 20
_MOST_VALUES = 2_000_000
_KERAS = ("keras", "tensorflow.keras", "tf_keras", "keras_hub", "keras_nlp", "keras_cv")
_KERAS_CODE = ("Lambda", "TorchModuleWrapper", "FlaxLayer", "JaxLayer", "TFSMLayer", "TFOpLambda", "SlicingOpLambda")
_DECISIVE = ("auto_map", "class_name", "chat_template", "module")
_CODE_KEYS = ("auto_map", "custom_pipelines")


class _Pairs(list[tuple[str, Any]]):
    """An object with all its keys, the same one twice included: readers differ in which one they take."""


def judge_json(place: Place, raw: bytes) -> bool:
    """Judge JSON as settings; gives whether it is an object of them. What is no JSON is left to others."""
    if len(raw) > LONGEST:
        return False
    try:
        document = json.loads(raw, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return False
    if not isinstance(document, _Pairs):
        return False
    if {"dsseEnvelope", "verificationMaterial"} <= {key for key, _value in document}:
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
    for key, value in pairs:
        _loader(place, key, value)
        if isinstance(value, str) and "class_name" in keys:
            _keras(place, key, value, is_layer="config" in keys)


def _loader(place: Place, key: str, value: Any) -> None:
    """What makes a loader run code: code of a repository, and templates."""
    if key in _CODE_KEYS and isinstance(value, (_Pairs, str, list)):
        for named in _named(value):
            place.note("files.code_mapped", named)
    elif key == "trust_remote_code" and value is True:
        place.note("files.code_trusted")
    elif key == "template" or key.endswith("chat_template"):
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
    if is_named or (is_layer and key == "module" and not _is_of_keras(value)):
        place.note("files.keras_custom", value)


def _is_of_keras(module: str) -> bool:
    return any(module == known or module.startswith(f"{known}.") for known in _KERAS)


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
