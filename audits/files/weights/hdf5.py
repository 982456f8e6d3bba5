"""HDF5, as Keras writes it: the settings of the layers stand in it as JSON text, which is looked for and read."""

from __future__ import annotations

import json
import re

from audits.files.places import Place, Seen
from audits.files.sources import CHUNK
from audits.files.texts import configs

_OVERLAP = 64
_OPENING = re.compile(rb'\{(?=["\s])')
_BEGINS = re.compile(rb'\{\s*"')
MOST_TRIED = 64 << 20
"""Bytes of JSON that are tried in all: text that never ends would be read again for each of its beginnings."""


def inspect(place: Place) -> Seen:
    """Search all bytes for JSON objects and judge them as settings of Keras.

    The structure of the file is not followed: a text that is packed or cut into pieces is not found, which the format
    does not do to attributes. A model without settings that can be read is not inspected.
    """
    place.note("files.graph_present")
    at, found, named = 0, 0, False
    search = _Search(place)
    while chunk := place.source.read_at(at, CHUNK + _OVERLAP):
        named = named or b"model_config" in chunk
        end = 0
        for match in _OPENING.finditer(chunk, 0, CHUNK + 1):
            if end <= match.start() < CHUNK and not search.stopped:
                raw = search.object_at(at + match.start())
                found += configs.judge_json(place, raw)
                end = match.start() + len(raw)
        at += CHUNK
    if search.stopped or (named and not found):
        place.not_inspected(search.stopped or "settings_not_found", place.size)
        return Seen(0)
    return Seen(place.size)


class _Search:
    """Looks for objects of JSON within a bound; ``stopped`` says why it went no further."""

    def __init__(self, place: Place) -> None:
        self.source, self.tried, self.stopped = place.source, 0, ""

    def object_at(self, at: int) -> bytes:
        """The object that begins at a place; no bytes where none does."""
        head = self.source.read_at(at, 256)
        if not _BEGINS.match(head):
            if len(head) == 256 and head[1:].isspace():
                self.stopped = "settings_not_found"
            return b""
        self.tried += len(head)
        raw = _object(self.source.read_at(at, 1 << 16))
        if not raw and self.source.size - at > 1 << 16:
            whole = self.source.read_at(at, configs.LONGEST)
            self.tried += len(whole)
            raw = _object(whole) if self.tried <= MOST_TRIED else b""
        if self.tried > MOST_TRIED:
            self.stopped = "too_many"
        return raw


def _object(raw: bytes) -> bytes:
    """The JSON object at the beginning of some bytes; no bytes where there is none, or not all of it."""
    text = raw.decode("utf-8", "replace")
    try:
        _value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return b""
    return text[:end].encode()
