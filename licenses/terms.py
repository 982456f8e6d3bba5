"""The words that the licence table may use, and what the composite ones among them say.

Columns hold words of a fixed vocabulary (``DOMAINS``); four kinds of cell are composite and get a type of their own
here: the reach of a licence along a relation, the countries it leaves out, the basis of a user cap, and the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

FAMILIES = (
    "permissive",
    "public-domain",
    "copyleft-weak",
    "copyleft-strong",
    "cc",
    "data",
    "rail",
    "llama",
    "gemma",
    "vendor",
    "research",
    "modelgo",
    "placeholder",
    "own",
)
"""Values of the column ``family``; a ``placeholder`` names no text, ``own`` is declared by an owner only."""

_ANSWER = frozenset({"y", "n", "c", "unstated"})

DOMAINS: dict[str, frozenset[str]] = {
    "family": frozenset(FAMILIES),
    "kind": frozenset({"software", "content", "data", "model", "placeholder", "own"}),
    "use": frozenset({"any", "nc", "research", "computational", "training-only", "none"}),
    "redistribute": _ANSWER,
    "share_modified": _ANSWER,
    "sublicense": _ANSWER | {"auto"},
    "hosted": frozenset({"free", "dist", "network_src", "ban", "c"}),
    "patent": frozenset({"grant", "excluded", "unstated"}),
    "outputs": frozenset({"free", "terms", "restricted", "nc", "unstated"}),
    "train_with_outputs": frozenset(
        {"ok", "ok_with_badge", "ok_with_name_prefix", "no_other_llm", "no_foundation", "no_ai", "terms", "nc"}
    ),
    "attribution": _ANSWER,
    "licence_copy": _ANSWER,
    "notice_file": _ANSWER,
    "state_changes": _ANSWER,
    "disclose_source": _ANSWER,
    "flow_down": _ANSWER,
    "copyleft": frozenset(
        {
            "none",
            "file",
            "module",
            "library",
            "linguistic-resource",
            "source-form",
            "strong",
            "network",
            "sharealike",
            "db-sharealike",
            "use-restrictions",
            "model-terms",
            "research-terms",
        }
    ),
    "revocable": _ANSWER,
    "updatable": _ANSWER,
    "evidence": frozenset(
        {
            "text_scancode",
            "text_repo",
            "text_excerpt",
            "model_sheet",
            "hf_family",
            "hf_list",
            "secondary",
            "not_read",
            "own",
        }
    ),
}
"""Column -> the words it may hold. Columns that are not here hold free text, numbers or a composite cell."""

RELATIONS_WITH_REACH = (
    "finetune",
    "adapter",
    "merge",
    "quantized",
    "distill",
    "outputs",
    "train_on",
    "dataset_inclusion",
)
"""Relations that have a column ``reach_<relation>``."""

REACH_WORDS = frozenset(
    {
        "none",
        "notice",
        "flow",
        "terms",
        "same",
        "nc",
        "nd",
        "no-compete",
        "name-prefix",
        "badge",
        "territory",
        "computational",
        "banned",
        "unknown",
        "na",
    }
)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a licence asks along one relation.

    ``words`` come from ``REACH_WORDS``. ``unclear`` means that the text is silent and the words are the conservative
    reading: they bind under ``strict``, warn under ``conservative`` and fall away under ``legalistic``.
    """

    unclear: bool
    words: tuple[str, ...]


@cache
def reach(cell: str) -> Reach:
    """Read a cell such as ``same``, ``nc+terms`` or ``unclear:nc+same``.

    Raises:
        ValueError: a word that the engine has no rule for, or no word at all.
    """
    unclear = cell.startswith("unclear:")
    words = tuple(cell.removeprefix("unclear:").split("+"))
    for word in words:
        if word not in REACH_WORDS:
            raise ValueError(f"{word!r} is not one of {', '.join(sorted(REACH_WORDS))}")
    if len(words) > 1 and {"none", "unknown", "na"} & set(words):
        raise ValueError("none, unknown and na stand alone")
    return Reach(unclear, words)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Places that a licence leaves out. ``applies`` is ``always`` or ``multimodal`` (for models that take images)."""

    places: frozenset[str]
    applies: str


NOWHERE = Exclusion(frozenset(), "always")
_EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 (a list of countries)
)
_REGIONS = {"EU": _EU, "EEA": _EU | {"IS", "LI", "NO"}, "UK": frozenset({"GB"}), "KR": frozenset({"KR"})}
_EXCLUSION = re.compile(r"(?P<regions>[A-Z]{2}(?:;[A-Z]{2})*)(?: \((?P<condition>.+)\))?")


@cache
def exclusion(cell: str) -> Exclusion:
    """Read a cell of ``territory_excl``: regions joined by ``;`` and an optional condition in brackets.

    ``all … are multimodal`` makes the condition always true, ``has none`` never.

    Raises:
        ValueError: an unknown region, or a condition that the engine cannot judge.
    """
    if not cell:
        return NOWHERE
    found = _EXCLUSION.fullmatch(cell)
    if found is None:
        raise ValueError("is written REGION;REGION (condition)")
    regions, condition = found["regions"].split(";"), found["condition"] or ""
    for region in regions:
        if region not in _REGIONS:
            raise ValueError(f"{region!r} is not one of {', '.join(sorted(_REGIONS))}")
    places = frozenset().union(*(_REGIONS[region] for region in regions))
    if not condition or re.search(r"\ball\b.*\bare multimodal\b", condition):
        return Exclusion(places, "always")
    if "multimodal" not in condition:
        raise ValueError(f"no rule for the condition {condition!r}; rules: multimodal models")
    return NOWHERE if re.search(r"\bhas none\b", condition) else Exclusion(places, "multimodal")


WORLD = "WORLD"
_PLACE = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?")


def places(written: str) -> frozenset[str]:
    """Country codes that a written place stands for; ``world`` stays one word.

    >>> sorted(places("uk")), sorted(places("US-CA")), sorted(places("worldwide"))
    (['GB'], ['US'], ['WORLD'])

    Raises:
        ValueError: not a two-letter country code (or a part of one, ``DE-BY``), a known region, or ``world``.
    """
    name = written.strip().upper()
    if name in (WORLD, "WORLDWIDE", "GLOBAL"):
        return frozenset({WORLD})
    if name in _REGIONS:
        return _REGIONS[name]
    if not _PLACE.fullmatch(name):
        raise ValueError(f"is a two-letter country code, {', '.join(sorted(_REGIONS))} or world")
    return frozenset({name[:2]})


@dataclass(frozen=True, slots=True)
class CapBasis:
    """What a cap on users counts: users when the model was released or users today; commercial use only or any."""

    at_release: bool
    commercial_only: bool


@cache
def cap_basis(cell: str) -> CapBasis:
    """Read a cell of ``mau_basis``."""
    return CapBasis(at_release="release date" in cell, commercial_only="commercial use" in cell)
