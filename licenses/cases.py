"""A case to judge, read from JSON: an artefact, the works upstream of it, and the use it is meant for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from licenses import expressions, works
from licenses.catalogue import Catalogue
from licenses.expressions import Expression
from licenses.fields import CaseRejected, flag, get, text, texts
from licenses.profiles import ACTORS, MODES, PURPOSES, STRICTNESS, Profile, profile
from licenses.works import Graph

__all__ = [
    "ACTORS",
    "MODES",
    "PURPOSES",
    "STRICTNESS",
    "Artefact",
    "Case",
    "CaseRejected",
    "Override",
    "Profile",
    "profile",
    "read",
]


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
class Override:
    """A reviewer's decision about one finding: it is shown with it, and not counted in the verdict."""

    code: str
    chain: tuple[str, ...]
    term: str | None
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One artefact, the graph of works that it was made from, the profile, and the overrides in force."""

    id: str | None
    artefact: Artefact
    graph: Graph
    profile: Profile
    overrides: tuple[Override, ...] = ()


def read(case: Mapping[str, Any], table: Catalogue | None = None) -> Case:
    """Read a case; keys that the engine does not know are left alone.

    Args:
        case: as ``compat.check`` takes it.
        table: the licence table that declared licences are looked up in (None: the project's own).

    Raises:
        CaseRejected: a part has the wrong type, or a profile value is outside its vocabulary. What a stranger wrote
            into a card (licences, relations) is never a reason: it is judged, as unknown if need be.
    """
    if not isinstance(case, Mapping):
        raise CaseRejected("a case is a JSON object with artefact, upstream and use_profile")
    if "artefact" not in case:
        raise CaseRejected("artefact: is missing; it is an object with type and license")
    given = get(case, "artefact", Mapping, "an object", {})
    return Case(
        id=text(case, "id", "id"),
        artefact=_artefact(given, table),
        graph=works.read(case, table),
        profile=profile(get(case, "use_profile", Mapping, "an object", {})),
        overrides=tuple(
            _override(one, f"overrides[{at}]")
            for at, one in enumerate(get(case, "overrides", (list, tuple), "a list of objects", ()))
        ),
    )


def _override(given: Any, at: str) -> Override:
    if not isinstance(given, Mapping):
        raise CaseRejected(f"{at}: is an object with code and chain")
    code, chain = text(given, "code", f"{at}.code"), texts(given, "chain", f"{at}.chain")
    if not code or not chain:
        raise CaseRejected(f"{at}: needs a code and a chain; an override is about one finding")
    return Override(code, chain, text(given, "term", f"{at}.term"), dict(given))


def _artefact(given: Mapping[str, Any], table: Catalogue | None) -> Artefact:
    at = "artefact"
    return Artefact(
        type=text(given, "type", f"{at}.type") or "model",
        license=expressions.parse(given.get("license"), given.get("license_name"), table),
        name=text(given, "name", f"{at}.name"),
        has_license_file=flag(given, "has_license_file", f"{at}.has_license_file"),
        files_checked=flag(given, "files_checked", f"{at}.files_checked") is True,
        notices=texts(given, "notices", f"{at}.notices") or (),
        attested=texts(given, "attested", f"{at}.attested") or (),
        includes_use_restrictions=flag(given, "includes_use_restrictions", f"{at}.includes_use_restrictions") is True,
        declared_text_reviewed=flag(given, "declared_text_reviewed", f"{at}.declared_text_reviewed") is True,
        modalities=texts(given, "modalities", f"{at}.modalities"),
    )
