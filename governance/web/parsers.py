"""Reading JSON that strangers send: bounded, strict, and refused with a reason."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import JSONParser

from governance.web.problems import Problem

MAX_BYTES = 2 * 1024 * 1024  # two million empty lists in six megabytes would be 150 MB of objects
MAX_DEPTH = 50
BIGGEST = 2**63
# Only such a text can hold NUL characters or halves of surrogate pairs: as bytes neither gets through the decoders.
ESCAPED = re.compile(r"\\u(0000|[dD][89a-fA-F])")


class StrictJSONParser(JSONParser):
    """JSON as RFC 8259 has it and PostgreSQL can keep it.

    Refused: more than ``MAX_BYTES``, compressed bodies, other encodings than UTF-8, NaN and Infinity, a name twice in
    one object, nesting below ``MAX_DEPTH``, whole numbers beyond 64 bits, NUL characters and lone surrogates.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        request = (parser_context or {}).get("request")
        if request is not None and request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise Problem(415, "encoding_unsupported", "send the body as it is, without Content-Encoding")
        raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            why = f"the body is larger than {MAX_BYTES} bytes; large files go to uploads/"
            raise Problem(413, "body_too_large", why)
        return read(raw)


def read(raw: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        Problem: 400 with what is wrong and where.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as bad:
        raise Problem(400, "not_utf8", f"the body is not UTF-8: byte {bad.start} cannot be read") from bad
    try:
        parsed = json.loads(
            text, parse_constant=_no_constant, object_pairs_hook=_object, parse_int=_whole, parse_float=_finite
        )
    except json.JSONDecodeError as bad:
        raise Problem(400, "not_json", f"the body is not JSON: line {bad.lineno}, column {bad.colno}") from bad
    except RecursionError as bad:
        raise _too_deep() from bad
    if text.count("[") + text.count("{") > MAX_DEPTH or ESCAPED.search(text):
        _walk(parsed, strings=ESCAPED.search(text) is not None)
    return parsed


def _walk(parsed: Any, *, strings: bool) -> None:
    """Go through the value level by level: how deep it is, and what its strings hold."""
    level = [parsed]
    for _depth in range(MAX_DEPTH):
        if strings:
            _refuse_unstorable(level)
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += [*value, *value.values()] if strings else value.values()
            elif isinstance(value, list):
                below += value
        level = below if strings else [value for value in below if isinstance(value, (dict, list))]
        if not level:
            return
    if any(isinstance(value, (dict, list)) for value in level):
        raise _too_deep()
    _refuse_unstorable(level)


def _refuse_unstorable(values: list[Any]) -> None:
    for value in values:
        if not isinstance(value, str):
            continue
        if "\0" in value:
            raise Problem(400, "nul_character", "a string in the body holds a NUL character; take it out")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise Problem(400, "lone_surrogate", "a string in the body holds half of a surrogate pair; take it out")


def _too_deep() -> Problem:
    return Problem(400, "too_deep", f"the body is nested deeper than {MAX_DEPTH} levels")


def _no_constant(name: str) -> Any:
    raise Problem(400, "not_json", f"{name} is no JSON; leave out what was not measured")


def _whole(digits: str) -> int:
    if len(digits) > 20 or not -BIGGEST <= int(digits) < BIGGEST:
        raise Problem(400, "number_too_large", "a whole number in the body does not fit in 64 bits")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Problem(400, "number_too_large", "a number in the body does not fit in a double")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        seen: set[str] = set()
        for name, _value in pairs:
            if name in seen:
                shown = ascii(name[:60])
                raise Problem(400, "duplicate_name", f"{shown} occurs twice in one object; keep one")
            seen.add(name)
    return built
