"""HDF5, as Keras writes it: the settings of the layers stand in it as JSON text, which is looked for and read."""

from __future__ import annotations

import json
import re

from audits.files.places import Place, Seen
from audits.files.sources import CHUNK
from audits.files.texts import configs

_OVERLAP = 64
_OPENING = re.compile(rb'\{\s*"')
_NAMED = (b"model_config", b"keras_version", b"layer_names")
# Data that lies in another file, named by a path.
_ELSEWHERE = (b"EXTERNAL_FILE",)
MOST_TRIED = 64 << 20
"""Bytes of JSON that are tried in all: text that never ends would be read again for each of its beginnings."""


def inspect(place: Place) -> Seen:
    """Search all bytes for JSON objects and judge them as settings of Keras.

    The structure of the file is not followed: a text that is packed or cut into pieces is not found, which the format
    does not do to attributes. A model without settings that can be read is not inspected.
    """
    place.note("files.graph_present")
    at, tried, found, named = 0, 0, 0, False
    while True:
        chunk = place.source.read_at(at, CHUNK + _OVERLAP)
        if not chunk:
            break
        named = named or b"model_config" in chunk
        skip = 0
        for match in _OPENING.finditer(chunk):
            if match.start() < skip or match.start() >= CHUNK:
                continue
            raw = _object(place.source.read_at(at + match.start(), 1 << 16))
            if raw is None:
                raw = _object(place.source.read_at(at + match.start(), configs.LONGEST)) if tried < MOST_TRIED else None
                tried += configs.LONGEST if raw is None else 0
            tried += 1 << 8
            if tried > MOST_TRIED:
                place.not_inspected("too_many", place.size)
                return Seen(0)
            if raw is not None:
                found += configs.judge_json(place, raw)
                skip = match.start() + len(raw)
        at += CHUNK
    if named and not found:
        place.not_inspected("settings_not_found", place.size)
        return Seen(0)
    return Seen(place.size)


def _object(raw: bytes) -> bytes | None:
    """The JSON object at the beginning of some bytes; None where there is none, or not all of it."""
    text = raw.decode("utf-8", "replace")
    try:
        _value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return text[:end].encode()
