"""One change to a case: what it costs, how it is worded, and what it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Case = Mapping[str, Any]
Answer = Mapping[str, Any]
Check = Callable[[Case], Answer]

COSTS: Mapping[str, int] = {
    "rename": 1,
    "add_licence_text": 1,
    "add_texts": 1,
    "add_notice": 1,
    "show_badge": 1,
    "carry_restrictions": 2,
    "declare": 2,
    "declare_and_rename": 3,
    "change_mode": 5,
    "change_purpose": 6,
    "drop": 8,
    "ask_licensor": 12,
}
"""Action -> what it costs its owner, cheap first: an edit of the card, of the use, of the work, and last a letter.

A pair costs the sum of its parts; a step for several works costs once more for each.
"""

MESSAGES: Mapping[str, str] = {
    "rename": "rename it to {name}: {licence} asks for a name that begins with {prefix!r}",
    "add_licence_text": "add the text of the declared licence to the files",
    "add_texts": "add the texts of {licences} to the files",
    "add_notice": "add a NOTICE that names {works} and {licences}",
    "show_badge": "show the words {words} in the card",
    "carry_restrictions": "carry the use restrictions of {licence} in the terms of this work",
    "declare": "declare {licence_id}, as {licence} asks of what is made from {works}",
    "declare_and_rename": "declare {licence_id} and rename it to {name}",
    "change_mode": "keep it to {mode}",
    "change_purpose": "use it for {purpose}",
    "drop": "build it without {works}",
    "ask_licensor": "ask the licensor of {works} for what {licence} does not grant",
    "several": "do several things together: {steps}",
}
"""Action -> English. A page words a repair in its reader's language from the same parameters."""

MODES: Mapping[str, str] = {
    "internal": "internal use",
    "saas": "a hosted service, without passing it on",
}
"""Narrower modes as they stand in a message."""


@dataclass(frozen=True)
class Step:
    """One change to a case."""

    action: str
    target: str
    change: Callable[[Case], Case]
    params: Mapping[str, Any] = field(default_factory=dict)
    works: int = 1
    meets: frozenset[str] = frozenset()
    """Codes of duties that it is to meet; none where it is to end a conflict."""

    @property
    def cost(self) -> int:
        return COSTS[self.action] + self.works - 1


def message(action: str, params: Mapping[str, Any]) -> str:
    """The English of a repair: lists joined, steps one after the other."""
    worded = {key: ", ".join(map(str, value)) if isinstance(value, list) else value for key, value in params.items()}
    if "steps" in params:
        worded["steps"] = "; ".join(message(one["action"], one["params"]) for one in params["steps"])
    if "mode" in params:
        worded["mode"] = MODES[params["mode"]]
    return MESSAGES[action].format_map(worded)


def on_artefact(**fields: Any) -> Callable[[Case], Case]:
    return lambda case: {**case, "artefact": {**(case.get("artefact") or {}), **fields}}


def on_profile(**fields: Any) -> Callable[[Case], Case]:
    return lambda case: {**case, "use_profile": {**(case.get("use_profile") or {}), **fields}}


def without(ids: frozenset[str]) -> Callable[[Case], Case]:
    return lambda case: {**case, "upstream": [one for one in case.get("upstream") or () if one.get("id") not in ids]}


def granted(lifted: Sequence[Mapping[str, Any]]) -> Callable[[Case], Case]:
    """The case as if the licensor had said yes: what the override of a reviewer does."""
    grants = [{**one, "reason": "permission of the licensor", "by": "licensor", "until": None} for one in lifted]
    return lambda case: {**case, "overrides": [*(case.get("overrides") or ()), *grants]}


def by_licence(found: Iterable[Answer]) -> list[tuple[str, list[Answer]]]:
    groups: dict[str, list[Answer]] = {}
    for one in found:
        groups.setdefault(one["params"]["licence_id"] or one["params"]["work"], []).append(one)
    return list(groups.items())


def licence_of(one: Answer) -> dict[str, str]:
    return {"licence": one["params"]["licence"], "licence_id": one["params"]["licence_id"]}


def unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
