"""What could end a conflict, from what its findings name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from licenses.findings import ARTEFACT
from licenses.repairs.steps import (
    MODES,
    Answer,
    Case,
    Step,
    by_licence,
    granted,
    licence_of,
    on_artefact,
    on_profile,
    unique,
    without,
)

# What a licensor's permission can lift, and what a licence that is declared can.
_GRANTED = re.compile(r"C-(?!NAME\Z|MERGE\Z)")
_DECLARED = frozenset({"C-SA", "C-COPYLEFT", "C-LAUNDER", "C-MERGE"})


def candidates(case: Case, answer: Answer) -> Iterator[Step]:
    found = [one for one in answer["findings"] if one["severity"] == "conflict"]
    if not found:
        return
    seen: set[tuple[str, str]] = set()
    for step in (
        *_renames(case, found),
        *_declarations(case, found),
        *_restrictions(found),
        *_uses(case),
        *_drops(case, found),
        *_permissions(found),
    ):
        if (step.action, step.target) not in seen:
            seen.add((step.action, step.target))
            yield step


def _renames(case: Case, found: Iterable[Answer]) -> Iterator[Step]:
    name = (case.get("artefact") or {}).get("name")
    if not isinstance(name, str):
        return
    for one in found:
        if one["code"] == "C-NAME" and one["params"].get("value"):
            prefix = one["params"]["value"]
            renamed = prefixed(name, prefix)
            params = {"name": renamed, "prefix": prefix, **licence_of(one)}
            yield Step("rename", renamed, on_artefact(name=renamed), params)


def prefixed(name: str, prefix: str) -> str:
    """A repository's name with a prefix in front, its owner kept.

    >>> prefixed("someone/finetune-8b", "Llama 3")
    'someone/Llama-3-finetune-8b'
    """
    owner, slash, own = name.rpartition("/")
    return f"{owner}{slash}{'-'.join(prefix.split())}-{own}"


def _declarations(case: Case, found: Sequence[Answer]) -> Iterator[Step]:
    asking = (one for one in found if one["code"] in _DECLARED and one["params"]["licence_id"])
    for row, several in by_licence(asking):
        works = unique(one["params"]["work"] for one in several if one["params"]["work"] != ARTEFACT)
        params = {**licence_of(several[0]), "works": works}
        yield Step("declare", row, on_artefact(license=row, license_name=None, declared_text_reviewed=False), params)


def _restrictions(found: Sequence[Answer]) -> Iterator[Step]:
    for row, several in by_licence(one for one in found if one["code"] == "C-LAUNDER"):
        yield Step("carry_restrictions", row, on_artefact(includes_use_restrictions=True), licence_of(several[0]))


def _uses(case: Case) -> Iterator[Step]:
    profile = case.get("use_profile") or {}
    if profile.get("purpose") == "commercial":
        yield Step("change_purpose", "research", on_profile(purpose="research"), {"purpose": "research"})
    if profile.get("mode") not in (None, "internal"):
        for mode in MODES:
            if mode != profile["mode"]:
                yield Step("change_mode", mode, on_profile(mode=mode), {"mode": mode})


def _drops(case: Case, found: Sequence[Answer]) -> Iterator[Step]:
    """Without one upstream; and, where a licence comes by several of them, without all of these."""
    kinds = {str(one.get("id")): one.get("type") or "model" for one in case.get("upstream") or ()}
    chained = [one for one in found if len(one["chain"]) > 1]
    groups = [(one["chain"][-2],) for one in chained]
    for code in unique(one["code"] for one in chained):
        groups.append(tuple(unique(one["chain"][-2] for one in chained if one["code"] == code)))
    for several in unique(groups):
        params = {"works": list(several), "types": [kinds.get(one, "model") for one in several]}
        yield Step("drop", ", ".join(several), without(frozenset(several)), params, works=len(several))


def _permissions(found: Sequence[Answer]) -> Iterator[Step]:
    """What the licensor of one licence could grant: every conflict that rests on it, on every chain."""
    for _row, several in by_licence(one for one in found if _GRANTED.match(one["code"])):
        works = unique(one["params"]["work"] for one in several)
        lifted = [{"code": one["code"], "chain": list(one["chain"])} for one in several]
        params = {**licence_of(several[0]), "works": works, "lifted": lifted}
        yield Step("ask_licensor", ", ".join(works), granted(lifted), params, works=len(works))
