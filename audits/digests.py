"""The digests that say when two runs, or two findings, are the same."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import rfc8785


def inputs_digest(
    *,
    kind: str,
    kind_version: int,
    subject_digest: str,
    inputs: Mapping[str, Any],
    seed: int,
    packages: Mapping[str, str],
) -> str:
    """SHA-256 of all that a run's result depends on, as RFC 8785 JSON. Equal digests are not run twice."""
    document: Any = {
        "kind": kind,
        "kind_version": kind_version,
        "subject": subject_digest,
        "inputs": dict(inputs),
        "seed": seed,
        "packages": dict(packages),
    }
    return hashlib.sha256(canonical(document)).hexdigest()


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode
_LARGEST = 2**53 - 1


def canonical(document: Any) -> bytes:
    """RFC 8785 JSON. Where nothing in the document is written differently by it (numbers with a point, names beyond
    ASCII), Python's own encoder writes the same bytes ten times faster.

    Raises:
        rfc8785.CanonicalizationError: a value that has no such JSON.
    """
    plain = plain_bytes(document)
    return rfc8785.dumps(document) if plain is None else plain


def plain_bytes(document: Any) -> bytes | None:
    """The same where Python's own encoder writes it; None where something in the document is written otherwise."""
    if _is_plain(document):
        try:
            return _encode(document).encode()
        except UnicodeEncodeError:  # half a character: let the error be the usual one
            pass
    return None


# Where a number may begin; the same may stand in a text.
_NUMBER = re.compile(r"(?:^|[:\[,])-?[\dNI]")


def canonical_read(document: Any) -> bytes:
    """The same for a document that was read from JSON, so that its names are texts: where nothing that was written
    may be a number or lies beyond ASCII, the plain encoder is right, and the text is sooner looked at than each value.

    Raises:
        rfc8785.CanonicalizationError: as ``canonical``.
    """
    try:
        text = _encode(document)
    except ValueError:  # not a number: let the error be the usual one
        return canonical(document)
    if not text.isascii() or _NUMBER.search(text) is not None:
        return canonical(document)
    return text.encode()


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return bool(-_LARGEST <= value <= _LARGEST)
    if kind is list:
        return all(map(_is_plain, value))
    if kind is dict:
        names = all(type(name) is str and name.isascii() for name in value)
        return names and all(map(_is_plain, value.values()))
    return False


def fingerprint(*, kind: str, code: str, entry: str, locus: str) -> str:
    """What a finding keeps from version to version: no numbers, no version in it."""
    return hashlib.sha256("\0".join((kind, code, entry, locus)).encode()).hexdigest()
