"""What changed between two versions of an entry, and which lanes of a review that reopens.

The table is ``REOPENS``; docs/what-a-change-reopens.md prints it. A difference that cannot be seen, because nobody
listed the files of one of the two, counts as every kind of change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from governance.catalog.manifests import CODE, CONFIG, DATA, LICENCE, OTHER, TOKENIZER, WEIGHTS
from governance.catalog.models import Assurance, Relation, Version
from governance.people.models import Lane

EVERY_LANE = frozenset(lane.value for lane in Lane)
_BEHAVIOUR = frozenset({Lane.DOMAIN.value, Lane.ETHICS.value, Lane.SECURITY.value, Lane.RISK.value, Lane.AUDIT.value})

# Lane audit looks at all of it, so everything reopens it.
REOPENS: Mapping[str, frozenset[str]] = {
    "weights": EVERY_LANE,
    "tokenizer": _BEHAVIOUR,
    "config": _BEHAVIOUR,
    "code": frozenset({Lane.DOMAIN.value, Lane.SECURITY.value, Lane.RISK.value, Lane.AUDIT.value}),
    "data": EVERY_LANE,
    "licence": frozenset({Lane.LEGAL.value, Lane.RISK.value, Lane.AUDIT.value}),
    "card_text": frozenset({Lane.DOMAIN.value, Lane.ETHICS.value, Lane.AUDIT.value}),
    "card_metadata": frozenset({Lane.DOMAIN.value, Lane.AUDIT.value}),
    "evaluation_results": frozenset({Lane.DOMAIN.value, Lane.ETHICS.value, Lane.RISK.value, Lane.AUDIT.value}),
    "base_model": EVERY_LANE,
    "datasets": frozenset({Lane.DOMAIN.value, Lane.ETHICS.value, Lane.LEGAL.value, Lane.RISK.value, Lane.AUDIT.value}),
    "other_files": frozenset({Lane.SECURITY.value, Lane.AUDIT.value}),
}
EVERY_KIND = frozenset(REOPENS)

_OF_ROLES = {
    WEIGHTS: "weights",
    TOKENIZER: "tokenizer",
    CONFIG: "config",
    CODE: "code",
    DATA: "data",
    LICENCE: "licence",
    OTHER: "other_files",
}
_LICENCE_KEYS = ("license", "license_name", "license_link")
_RESULT_KEYS = ("model-index", "eval_results", "evaluation")
# Told by the edges, whatever the card's spelling of them.
_LINEAGE_KEYS = ("base_model", "base_model_relation", "datasets", "source_datasets", "models")
_BASES = (Relation.FINETUNE, Relation.ADAPTER, Relation.MERGE, Relation.QUANTIZED)


def between(before: Version, after: Version) -> frozenset[str]:
    """The kinds of change from one version to another of the same entry. At most four queries."""
    if before.pk == after.pk:
        return frozenset()
    if Assurance.CARD_ONLY in (before.assurance, after.assurance):
        return EVERY_KIND
    return frozenset({*_in_files(before, after), *_in_cards(before, after), *_in_lineage(before, after)})


def lanes_reopened(kinds: Iterable[str]) -> frozenset[str]:
    """The lanes whose votes on the version before say nothing of the one after; all for a kind that is not known."""
    return frozenset().union(*(REOPENS.get(kind, EVERY_LANE) for kind in kinds))


def _in_files(before: Version, after: Version) -> set[str]:
    roles = before.role_digests.keys() | after.role_digests.keys()
    other = {role for role in roles if before.role_digests.get(role) != after.role_digests.get(role)}
    return {_OF_ROLES.get(role, "weights") for role in other if role != "card"}


def _in_cards(before: Version, after: Version) -> set[str]:
    found: set[str] = set()
    if before.licenses != after.licenses:
        found.add("licence")
    if before.card_id == after.card_id:
        return found
    old, new = _metadata(before), _metadata(after)
    for key in old.keys() | new.keys():
        if old.get(key) == new.get(key):
            continue
        if key in _LICENCE_KEYS:
            found.add("licence")
        elif key in _RESULT_KEYS:
            found.add("evaluation_results")
        elif key not in _LINEAGE_KEYS:
            found.add("card_metadata")
    if _body(before) != _body(after):
        found.add("card_text")
    return found or {"card_text"}


def _metadata(version: Version) -> dict[str, Any]:
    return dict(version.card.metadata) if version.card is not None else {}


def _body(version: Version) -> bytes:
    return bytes(version.card.raw)[version.card.body_offset :].strip() if version.card is not None else b""


def _in_lineage(before: Version, after: Version) -> set[str]:
    old, new = _edges(before), _edges(after)
    return {"base_model" if relation in _BASES else "datasets" for relation, *_rest in old ^ new}


def _edges(version: Version) -> set[tuple[str, int, str]]:
    rows = version.edges.values_list("relation", "to_entry_id", "to_revision")
    return {(relation, entry, revision or "") for relation, entry, revision in rows}
