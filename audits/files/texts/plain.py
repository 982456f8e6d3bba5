"""Texts: settings, templates, programs, pointers, secrets."""

from __future__ import annotations

import codecs
import re

from audits.files.places import Place, Seen
from audits.files.sources import CHUNK
from audits.files.texts import code, configs, secrets, targets, templates

_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_SCRIPT_FOLDER = re.compile(r"!/(?:[^!]*/)?code/.*\.py$")
_OVERLAP = 400
_TEMPLATES = (".jinja", ".jinja2", ".j2")


def inspect(place: Place) -> Seen:
    """Look at a text as what its own bytes and its name make a loader take it for."""
    head = place.source.read_at(0, 512)
    if head.startswith(_LFS) and place.size < 1024:
        place.note("files.lfs_pointer")
        place.note("files.no_bytes")
        return Seen(place.size)
    secrets.search_all(place)
    _names(place)
    if place.name.endswith(".debug_pkl"):
        return Seen(place.size)
    begins = head.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if begins in (b"{", b"["):
        if place.size <= configs.LONGEST:
            if not configs.judge_json(place, place.source.read_at(0, place.size)) and begins == b"{":
                _lines(place)
        elif place.name.endswith(".json"):
            place.not_inspected("too_long", place.size)
            return Seen(0)
        else:
            _lines(place)
    if code.is_code(place.name, head):
        if place.size > code.LONGEST:
            place.not_inspected("too_long", place.size)
            return Seen(0)
        raw = place.source.read_at(0, place.size)
        (code.judge_script if _SCRIPT_FOLDER.search(place.path) else code.judge)(place, raw)
    if place.name.endswith(_TEMPLATES) or "chat_template" in place.name:
        templates.judge(place, place.source.read_at(0, templates.LONGEST + 1).decode("utf-8", "replace"))
    return Seen(place.size)


def _names(place: Place) -> None:
    """What a loader would import by its name, wherever it stands in the text."""
    at = 0
    while chunk := place.source.read_at(at, CHUNK + _OVERLAP):
        targets.search(place, chunk)
        at += CHUNK


def _lines(place: Place) -> None:
    """Lines of JSON, or broken JSON: rows of data. A setting that a loader would take is whole JSON."""
    if place.name in ("config.json", "tokenizer_config.json", "chat_template.json"):
        place.note("files.broken", why="json", at=0)
