"""The use that licences are judged for, with its vocabularies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from licenses import terms
from licenses.fields import CaseRejected, flag, texts

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
        field=texts(given, "field", f"{at}.field"),
        strictness=_choice(given, "strictness", STRICTNESS) or "conservative",
        actor=_choice(given, "actor", ACTORS),
        source_offered=flag(given, "source_offered", f"{at}.source_offered"),
    )


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
    written = texts(given, key, f"use_profile.{key}")
    if not written:
        return None
    try:
        return frozenset().union(*(terms.places(one) for one in written))
    except ValueError as exc:
        raise CaseRejected(f"use_profile.{key}: {exc}") from exc
