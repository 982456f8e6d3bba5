"""A case to judge, read from JSON: an artefact, what stands directly upstream of it, and the use it is meant for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from licenses import expressions, terms
from licenses.expressions import Expression

MAX_TEXT = 1_000
MAX_UPSTREAM = 5_000

PURPOSES = ("research", "commercial")
MODES = (
    "internal",
    "saas",
    "redistribute_weights",
    "redistribute_data",
    "redistribute_outputs",
    "redistribute_code",
    "sublicense",
)
STRICTNESS = ("legalistic", "conservative", "strict")
ACTORS = ("licensee", "licensor", "unstated")


class CaseRejected(ValueError):
    """The case does not have the shape of a case; the message names the place and what belongs there."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The use that licences are judged for. None is "not given", which clears no limit.

    ``mau`` and ``mau_at_release`` are monthly active users, today and when the model was released;
    ``revenue_usd_year`` is in US dollars a year. ``territory`` and ``domicile`` are country codes or ``WORLD``.
    ``actor`` tells an artefact's owner (``licensor``), whom its own licence does not bind, from everybody else.
    """

    purpose: str | None = None
    mode: str | None = None
    territory: frozenset[str] | None = None
    domicile: frozenset[str] | None = None
    mau: float | None = None
    mau_at_release: float | None = None
    revenue_usd_year: float | None = None
    field: tuple[str, ...] | None = None
    strictness: str = "conservative"
    actor: str | None = None
    source_offered: bool | None = None


@dataclass(frozen=True, slots=True)
class Artefact:
    """The work that is to be used or published, with what is known of its files (None: not looked at)."""

    type: str
    license: Expression
    name: str | None = None
    has_license_file: bool | None = None
    files_checked: bool = False
    notices: tuple[str, ...] = ()
    attested: tuple[str, ...] = ()
    includes_use_restrictions: bool = False
    declared_text_reviewed: bool = False
    modalities: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """A work that the artefact was made from. ``known`` is False where only its name is known."""

    id: str
    type: str
    license: Expression
    relation: str | None
    known: bool = True
    files_checked: bool = False
    license_at_head: Expression | None = None
    modalities: tuple[str, ...] | None = None
    nested: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One artefact, its direct upstreams and the profile."""

    id: str | None
    artefact: Artefact
    upstream: tuple[Upstream, ...]
    profile: Profile


def read(case: Mapping[str, Any]) -> Case:
    """Read a case; keys that the engine does not know are left alone.

    Raises:
        CaseRejected: a part has the wrong type, or a profile value is outside its vocabulary. What a stranger wrote
            into a card (licences, relations) is never a reason: it is judged, as unknown if need be.
    """
    if not isinstance(case, Mapping):
        raise CaseRejected("a case is a JSON object with artefact, upstream and use_profile")
    if "artefact" not in case:
        raise CaseRejected("artefact: is missing; it is an object with type and license")
    upstream = _get(case, "upstream", list, "a list of objects", ()) or ()
    if len(upstream) > MAX_UPSTREAM:
        raise CaseRejected(f"upstream: {len(upstream)} entries; at most {MAX_UPSTREAM} are read")
    return Case(
        id=_text(case, "id", "id"),
        artefact=_artefact(_get(case, "artefact", Mapping, "an object", {}) or {}),
        upstream=tuple(_upstream(one, f"upstream[{index}]") for index, one in enumerate(upstream)),
        profile=profile(_get(case, "use_profile", Mapping, "an object", {}) or {}),
    )


def profile(given: Mapping[str, Any]) -> Profile:
    """Read a use profile.

    Raises:
        CaseRejected: a value has the wrong type or is outside its vocabulary.
    """
    at = "use_profile"
    return Profile(
        purpose=_choice(given, "purpose", PURPOSES),
        mode=_choice(given, "mode", MODES),
        territory=_places(given, "territory"),
        domicile=_places(given, "domicile"),
        mau=_number(given, "mau"),
        mau_at_release=_number(given, "mau_at_release"),
        revenue_usd_year=_number(given, "revenue_usd_year"),
        field=_texts(given, "field", f"{at}.field"),
        strictness=_choice(given, "strictness", STRICTNESS) or "conservative",
        actor=_choice(given, "actor", ACTORS),
        source_offered=_flag(given, "source_offered", f"{at}.source_offered"),
    )


def _artefact(given: Mapping[str, Any]) -> Artefact:
    at = "artefact"
    return Artefact(
        type=_text(given, "type", f"{at}.type") or "model",
        license=expressions.parse(given.get("license"), given.get("license_name")),
        name=_text(given, "name", f"{at}.name"),
        has_license_file=_flag(given, "has_license_file", f"{at}.has_license_file"),
        files_checked=_flag(given, "files_checked", f"{at}.files_checked") is True,
        notices=_texts(given, "notices", f"{at}.notices") or (),
        attested=_texts(given, "attested", f"{at}.attested") or (),
        includes_use_restrictions=_flag(given, "includes_use_restrictions", f"{at}.includes_use_restrictions") is True,
        declared_text_reviewed=_flag(given, "declared_text_reviewed", f"{at}.declared_text_reviewed") is True,
        modalities=_texts(given, "modalities", f"{at}.modalities"),
    )


def _upstream(given: Any, at: str) -> Upstream:
    if not isinstance(given, Mapping):
        raise CaseRejected(f"{at}: is an object with id, type, license and relation")
    name = _text(given, "id", f"{at}.id")
    if not name:
        raise CaseRejected(f"{at}.id: is missing; every upstream needs a name for the chain")
    relation = given.get("relation")
    head = given.get("license_at_head")
    return Upstream(
        id=name,
        type=_text(given, "type", f"{at}.type") or "model",
        license=expressions.parse(given.get("license"), given.get("license_name")),
        # A relation is what somebody wrote into a card: any value is judged, none is refused.
        relation=_relation(relation),
        known=_flag(given, "known", f"{at}.known") is not False,
        files_checked=_flag(given, "files_checked", f"{at}.files_checked") is True,
        license_at_head=None if head is None else expressions.parse(head),
        modalities=_texts(given, "modalities", f"{at}.modalities"),
        nested=bool(given.get("upstream")),
    )


def _relation(written: Any) -> str | None:
    if written is None or written == "":
        return None
    return expressions.shorten(written.strip().casefold()) if isinstance(written, str) else "not a word"


def _get(given: Mapping[str, Any], key: str, kind: type, what: str, default: Any) -> Any:
    value = given.get(key, default)
    if value is not None and value is not default and not isinstance(value, kind):
        raise CaseRejected(f"{key}: is {what}")
    return value


def _text(given: Mapping[str, Any], key: str, at: str) -> str | None:
    value = given.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise CaseRejected(f"{at}: is a string")
    if len(value) > MAX_TEXT:
        raise CaseRejected(f"{at}: has {len(value)} characters; at most {MAX_TEXT} are read")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise CaseRejected(f"{at}: holds half a character (a lone surrogate)")
    return value


def _texts(given: Mapping[str, Any], key: str, at: str) -> tuple[str, ...] | None:
    value = given.get(key)
    if value is None:
        return None
    several = [value] if isinstance(value, str) else value
    if not isinstance(several, (list, tuple)) or not all(isinstance(one, str) for one in several):
        raise CaseRejected(f"{at}: is a string or a list of strings")
    if len(several) > MAX_TEXT or any(len(one) > MAX_TEXT for one in several):
        raise CaseRejected(f"{at}: at most {MAX_TEXT} strings of {MAX_TEXT} characters are read")
    return tuple(several)


def _flag(given: Mapping[str, Any], key: str, at: str) -> bool | None:
    value = given.get(key)
    if value is not None and not isinstance(value, bool):
        raise CaseRejected(f"{at}: is true, false or null")
    return value


def _choice(given: Mapping[str, Any], key: str, words: tuple[str, ...]) -> str | None:
    value = given.get(key)
    if value is not None and value not in words:
        raise CaseRejected(f"use_profile.{key}: is one of {', '.join(words)}, or null")
    return value


def _number(given: Mapping[str, Any], key: str) -> float | None:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (0 <= value < math.inf):
        raise CaseRejected(f"use_profile.{key}: is a number of at least 0, or null where it is not known")
    return value


def _places(given: Mapping[str, Any], key: str) -> frozenset[str] | None:
    written = _texts(given, key, f"use_profile.{key}")
    if not written:
        return None
    try:
        return frozenset().union(*(terms.places(one) for one in written))
    except ValueError as exc:
        raise CaseRejected(f"use_profile.{key}: {exc}") from exc
