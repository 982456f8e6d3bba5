"""Checks the fields of the metadata: the licence first, then the types of the fields that others read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from audits.cards.front_matter import FrontMatter
from audits.cards.notes import Notes, shown
from audits.cards.spec import LEGACY_KEYS, LEGACY_LICENSE_KEYS, SPACE_SDKS

# what the Hub takes: one text, or a text or a list of texts
_ONE_TEXT = (
    "pipeline_tag",
    "library_name",
    "base_model_relation",
    "license_name",
    "license_link",
    "pretty_name",
    "sdk",
)
# a licence's name or a title may well look like a number; it is read as written
_TAKEN = {
    name: ("text", "number", "date") if name in ("license_name", "license_link", "pretty_name") else ("text",)
    for name in _ONE_TEXT
}
_TEXTS = ("language", "tags", "datasets", "metrics", "base_model", "source_datasets", "models")


@dataclass(frozen=True, slots=True)
class Licences:
    """What a card declares: identifiers as written, and the name and link that go with ``other``."""

    ids: tuple[str, ...] = ()
    name: str | None = None
    link: str | None = None


@cache
def hub_licences() -> frozenset[str]:
    """The licence identifiers that the Hub accepts."""
    from licenses.catalogue import hub_identifiers

    return hub_identifiers()


@cache
def _by_plain_name() -> dict[str, str]:
    return {_plain_name(identifier): identifier for identifier in sorted(hub_licences())}


def _meant(identifier: str) -> str:
    """The Hub's identifier that a person may have meant, or "": the same but for spelling, or the only shortest that
    begins so."""
    plain = _plain_name(identifier)
    if plain in _by_plain_name():
        return _by_plain_name()[plain]
    longer = sorted((name for name in _by_plain_name() if name.startswith(plain)), key=len) if len(plain) > 3 else []
    alone = len(longer) == 1 or (len(longer) > 1 and len(longer[0]) < len(longer[1]))
    return _by_plain_name()[longer[0]] if alone else ""


def _plain_name(identifier: str) -> str:
    """An identifier without what people vary: case, separators, the word licence, a trailing ``.0``."""
    plain = re.sub(r"[^a-z0-9.+]", "", re.sub(r"licen[sc]e|\bv(?=\d)", "", identifier.casefold()))
    return re.sub(r"\.0$", "", plain)


def check_licence(front: FrontMatter, notes: Notes) -> Licences:
    """Read and check the declared licence.

    A licence under a key that the Hub does not read is taken for declared: it is the author's word.
    """
    key = _licence_key(front, notes)
    if not key:
        return Licences()
    value = front.data[key]
    ids: list[str] = []
    if isinstance(value, list):
        for index, item in enumerate(value):
            ids += _licence_id(front, item, (key, index), notes)
    else:
        ids += _licence_id(front, value, (key,), notes)
    name, link = _text(front, "license_name"), _text(front, "license_link")
    if "other" in ids:
        if name is None:
            notes.add("card.license.name_missing", field="license_name", line=front.line(key))
        if link is None:
            notes.add("card.license.link_missing", field="license_link", line=front.line(key))
    return Licences(tuple(ids), name, link)


def _licence_key(front: FrontMatter, notes: Notes) -> str:
    """The key under which the licence stands, or ""."""
    if front.says("license"):
        return "license"
    for key in LEGACY_LICENSE_KEYS:
        if front.says(key):
            notes.add("card.license.legacy_key", field="license", line=front.line(key), key=key)
            return key
    if front.lacks("license"):
        notes.add("card.license.missing", field="license", line=front.line("license"))
    return ""


def _licence_id(front: FrontMatter, value: object, path: tuple[str | int, ...], notes: Notes) -> list[str]:
    """One declared identifier as written, in a list; an empty list for null and for what has no text."""
    if isinstance(value, str) and value in hub_licences():
        return [value]
    got = front.type_of(value, *path)
    if got == "text":
        if path[0] == "license":
            line, meant = front.line(*path), _meant(str(value)[:80])
            notes.add("card.license.unknown_id", field="license", line=line, id=shown(value), meant=meant)
        return [str(value)]
    if got == "null":
        return []
    written = front.written(*path)
    notes.add("card.license.type", field="license", line=front.line(*path), written=shown(written), got=got)
    return [written] if written else []


def _text(front: FrontMatter, name: str) -> str | None:
    """A field as text; a number or a date as the author wrote it."""
    value = front.data.get(name)
    if isinstance(value, str):
        return value.strip() or None
    return (front.written(name) or None) if isinstance(value, bool | int | float) else None


def check_types(front: FrontMatter, kind: str, notes: Notes) -> None:
    """Note fields of the wrong type, and keys that the Hub does not read."""
    data = front.data
    for name in _ONE_TEXT:
        _check_type(front, data.get(name), (name,), _TAKEN[name], notes)
    for name in _TEXTS:
        value = data.get(name)
        if isinstance(value, list):
            for index, item in enumerate(value):
                _check_type(front, item, (name, index), ("text",), notes)
        else:
            _check_type(front, value, (name,), ("text", "list"), notes)
    for key in LEGACY_KEYS.keys() & data.keys():
        use = LEGACY_KEYS[key]
        if use not in data and front.says(key):
            notes.add("card.field.legacy_key", field=key, line=front.line(key), use=use)
    if kind == "space" and data.get("sdk") not in SPACE_SDKS and front.known and "sdk" not in front.left_out:
        written = shown(front.written("sdk"))
        notes.add("card.space.sdk", field="sdk", line=front.line("sdk"), written=written, known=", ".join(SPACE_SDKS))


def _check_type(
    front: FrontMatter, value: object, path: tuple[str | int, ...], takes: tuple[str, ...], notes: Notes
) -> None:
    """Note a value that is there and is none of the types in ``takes``."""
    if value is None or (isinstance(value, str) and not front.kept_as_text):
        return
    got = front.type_of(value, *path)
    if got in takes:
        return
    name, written = str(path[0]), front.written(*path)
    if got == "boolean" and written.lower() not in ("true", "false"):
        # the Hub reads YAML 1.2, in which `no` and `on` are words
        line = front.line(*path)
        notes.add("card.field.yaml_boolean", field=name, line=line, written=shown(written), got=str(value).lower())
        return
    expected = " or ".join(one for one in takes if one in ("text", "list"))
    notes.add("card.field.type", field=name, line=front.line(*path), expected=expected, got=got)
