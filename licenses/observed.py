"""What a case says was seen of a work: its licence files, its card, its notices, other records of its licence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from licenses import evidence as showing
from licenses import expressions
from licenses.catalogue import Catalogue
from licenses.evidence import CardSeen, Evidence, FoundText, Record
from licenses.expressions import Expression
from licenses.fields import CaseRejected, flag, get, text
from licenses.fields import texts as strings
from licenses.texts import MAX_LENGTH, lift

MAX_FILES = 100
"""Licence files, notices and records of one work that are read."""

KEYS = (
    "texts",
    "notice_texts",
    "card_text",
    "card_seen",
    "card_names_origins",
    "records",
    "license_at_head",
    "license_before",
)
"""Keys of an artefact that say what was seen of it."""


def declared(given: Mapping[str, Any], table: Catalogue | None, at: str) -> Expression:
    """The declared licence of a work, with ``other`` read by the text in its files where that is a row of the table.

    Raises:
        CaseRejected: ``texts`` is not what it should be.
    """
    written = expressions.parse(given.get("license"), given.get("license_name"), table)
    found = license_texts(given, at)
    if not found:
        return written
    rows = Evidence(license_texts=found).identified
    if table is not None:  # the row as it was corrected
        rows = tuple(row for row in (table.find(row.id) for row in rows) if row is not None)
    return lift(written, rows)


def evidence(given: Mapping[str, Any], at: str) -> Evidence | None:
    """What was seen of an artefact; None where nothing is said of it.

    Raises:
        CaseRejected: a part has the wrong type.
    """
    if all(given.get(key) is None for key in KEYS):
        return None
    head, before = given.get("license_at_head"), given.get("license_before")
    return Evidence(
        license_texts=license_texts(given, at),
        card_text=_long_text(given.get("card_text"), f"{at}.card_text"),
        card_seen=_card_seen(given, at),
        notice_texts=_notices(given, at),
        notices_cut=flag(given, "notices_cut", f"{at}.notices_cut") is True,
        name=text(given, "name", f"{at}.name"),
        records=_records(given, at),
        at_head=None if head is None else Record("head", head),
        before=None if before is None else Record("an earlier revision", before),
    )


def license_texts(given: Mapping[str, Any], at: str) -> tuple[FoundText, ...] | None:
    """The licence files of a work, ``{"path", "sha256_normalised", "copyright"}`` each; None where nobody looked.

    A file that nobody has read has no ``sha256_normalised``. ``copyright``: whether it has such a line.
    """
    several = _objects(given, "texts", at)
    return None if several is None else tuple(_text(one, where) for one, where in several)


def _text(given: Mapping[str, Any], at: str) -> FoundText:
    path, digest = text(given, "path", f"{at}.path"), text(given, "sha256_normalised", f"{at}.sha256_normalised")
    if not path:
        raise CaseRejected(f"{at}.path: is missing; it is the name of the file")
    known = showing.stored_text(path, digest or "")
    has_line = flag(given, "copyright", f"{at}.copyright") is True
    return FoundText(path, known.fingerprint, known.licence, ("copyright",) if has_line else ())


def _card_seen(given: Mapping[str, Any], at: str) -> CardSeen | None:
    if given.get("card_seen") is None:
        return None
    at, seen = f"{at}.card_seen", get(given, "card_seen", Mapping, "an object", {})
    return CardSeen(
        badges=strings(seen, "badges", f"{at}.badges") or (),
        sought=text(seen, "sought", f"{at}.sought") or "",
        copyright=flag(seen, "copyright", f"{at}.copyright") is True,
    )


def _notices(given: Mapping[str, Any], at: str) -> tuple[str, ...] | None:
    several = get(given, "notice_texts", (list, tuple), "a list of strings", None)
    if several is None:
        return None
    return tuple(_long_text(one, f"{at}.notice_texts") or "" for one in several[:MAX_FILES])


def _records(given: Mapping[str, Any], at: str) -> tuple[Record, ...] | None:
    several = _objects(given, "records", at)
    if several is None:
        return None
    return tuple(
        Record(text(one, "source", f"{where}.source") or "a record", one.get("license"), one.get("license_name"))
        for one, where in several
    )


def _objects(given: Mapping[str, Any], key: str, at: str) -> list[tuple[Mapping[str, Any], str]] | None:
    several = given.get(key)
    if several is None:
        return None
    if not isinstance(several, (list, tuple)) or not all(isinstance(one, Mapping) for one in several):
        raise CaseRejected(f"{at}.{key}: is a list of objects")
    if len(several) > MAX_FILES:
        raise CaseRejected(f"{at}.{key}: {len(several)} entries; at most {MAX_FILES} are read")
    return [(one, f"{at}.{key}[{number}]") for number, one in enumerate(several)]


def _long_text(value: Any, at: str) -> str | None:
    """A text of which at most its beginning is looked at."""
    if value is not None and not isinstance(value, str):
        raise CaseRejected(f"{at}: is a string")
    return None if value is None else value[:MAX_LENGTH]
