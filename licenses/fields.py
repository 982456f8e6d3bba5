"""Reading the fields of a case: what has the wrong type is refused with its place, nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_TEXT = 1_000
"""Characters of one string, and entries of a list of strings, that are read."""


class CaseRejected(ValueError):
    """The case does not have the shape of a case; the message names the place and what belongs there."""


def get(given: Mapping[str, Any], key: str, kind: type | tuple[type, ...], what: str, default: Any) -> Any:
    """The value of a key where it has its type, ``default`` where the key is missing or null."""
    value = given.get(key, default)
    if value is None:
        return default
    if value is not default and not isinstance(value, kind):
        raise CaseRejected(f"{key}: is {what}")
    return value


def text(given: Mapping[str, Any], key: str, at: str) -> str | None:
    """A string of bearable length, or None."""
    value = given.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise CaseRejected(f"{at}: is a string")
    if len(value) > MAX_TEXT:
        raise CaseRejected(f"{at}: has {len(value)} characters; at most {MAX_TEXT} are read")
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise CaseRejected(f"{at}: holds half a character (a lone surrogate)")
    return value


def texts(given: Mapping[str, Any], key: str, at: str) -> tuple[str, ...] | None:
    """A string or a list of strings, or None."""
    value = given.get(key)
    if value is None:
        return None
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, (list, tuple)) or not all(isinstance(one, str) for one in several):
        raise CaseRejected(f"{at}: is a string or a list of strings")
    if len(several) > MAX_TEXT or any(len(one) > MAX_TEXT for one in several):
        raise CaseRejected(f"{at}: at most {MAX_TEXT} strings of {MAX_TEXT} characters are read")
    return tuple(several)


def flag(given: Mapping[str, Any], key: str, at: str) -> bool | None:
    """True, false or None; ``1`` and ``"yes"`` are refused."""
    value = given.get(key)
    if value is not None and not isinstance(value, bool):
        raise CaseRejected(f"{at}: is true, false or null")
    return value
