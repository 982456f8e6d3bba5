"""Reading JSON that strangers send: bounded, strict, and refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import JSONParser

from governance.web.problems import Problem

MAX_DEPTH = 50
BIGGEST = 2**63


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it and PostgreSQL can keep it.

    Refused: more bytes than ``DATA_UPLOAD_MAX_MEMORY_SIZE``, other encodings than UTF-8, NaN and Infinity, a name
    twice in one object, nesting below 50, whole numbers beyond 64 bit, NUL characters and lone surrogates.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise Problem(413, "body_too_large", f"the body is larger than {limit} bytes; large files go to uploads/")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as bad:
            raise Problem(400, "not_utf8", f"the body is not UTF-8: byte {bad.start} cannot be read") from bad
        _shallow(text)
        try:
            parsed = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_object, parse_int=_whole)
        except json.JSONDecodeError as bad:
            raise Problem(400, "not_json", f"the body is not JSON: line {bad.lineno}, column {bad.colno}") from bad
        _clean(parsed)
        return parsed


def _shallow(text: str) -> None:
    """Bound the nesting before the parser recurses; brackets inside strings do not count."""
    depth, quoted, escaped = 0, False, False
    for character in text if text.count("[") + text.count("{") > MAX_DEPTH else "":
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Problem(400, "too_deep", f"the body is nested deeper than {MAX_DEPTH} levels")
        elif character in "]}":
            depth -= 1


def _no_constant(name: str) -> Any:
    raise Problem(400, "not_json", f"{name} is no JSON; leave out what was not measured")


def _whole(digits: str) -> int:
    if len(digits) > 20 or not -BIGGEST <= int(digits) < BIGGEST:
        raise Problem(400, "number_too_large", "a whole number in the body does not fit in 64 bits")
    return int(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Problem(400, "duplicate_name", f"{twice[:60]!r} occurs twice in one object; keep one")
    return built


def _clean(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise Problem(400, "nul_character", "a string in the body holds a NUL character; take it out")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise Problem(400, "lone_surrogate", "a string in the body holds half of a surrogate pair; take it out")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _clean(name)
            _clean(inner)
    elif isinstance(value, list):
        for inner in value:
            _clean(inner)
