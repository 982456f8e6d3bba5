"""Requirements of a policy file, with what they need, whom they let waive them and which paragraphs they map to."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from governance.policies import expressions, reading
from governance.policies.documents.conditions import condition, timeless_condition
from governance.policies.reading import Reader
from governance.policies.shapes import (
    MAX_DAYS,
    MAX_REQUIREMENTS,
    SEVERITIES,
    WAIVABLE_UNLESS_SAID,
    WAIVER_DAYS,
    WAIVING_ROLES,
    Requirement,
    Waivable,
)
from governance.policies.yaml_source import Node

MAX_MAPS = 30
_REFERENCE = re.compile(r"[A-Za-z0-9]+(?:[ ._:/()-]+[A-Za-z0-9]+)*\)?", re.ASCII)

_LATER_IN_REQUIREMENT = ("overrideIf",)


def requirements_of(
    reader: Reader, node: Node | None, known_kinds: Mapping[str, Collection[str]]
) -> tuple[Requirement, ...]:
    found = []
    ids: dict[str, Node] = {}
    for path, item in reader.items(node, "requirements", longest=MAX_REQUIREMENTS):
        conditional = any(key.text == "satisfiedIf" for key, _value in item.pairs)
        by_kind = not conditional or any(key.text in ("kind", "verdicts", "maxAgeDays") for key, _value in item.pairs)
        row = reader.mapping(
            item,
            path,
            required=("id", *(("kind", "verdicts") if by_kind else ())),
            optional=("title", "maxAgeDays", "severity", "waivable", "satisfiedIf", "applicableIf", "needs", "maps"),
            later=_LATER_IN_REQUIREMENT,
        )
        id_ = reader.name(row.get("id"), f"{path}.id", separators="._-")
        reader.once(id_, row.get("id"), f"{path}.id", "duplicate_requirement", ids)
        title = reader.line(row.get("title"), f"{path}.title", default=id_)
        severity = reader.word(row.get("severity"), f"{path}.severity", SEVERITIES, default="fail")
        kind = reader.text(row.get("kind"), f"{path}.kind")
        known = tuple(sorted(known_kinds.get(kind, ())))
        verdicts: tuple[str, ...] = ()
        if kind in known_kinds:
            told = reading.shown(kind)
            verdicts = reader.words(row.get("verdicts"), f"{path}.verdicts", known, "unknown_verdict", kind=told)
        elif "kind" in row and row["kind"].shape == "text":
            names = reading.listed(known_kinds)
            reader.problem("unknown_kind", row["kind"], f"{path}.kind", value=reading.shown(kind), known=names)
        age = None
        if "maxAgeDays" in row:
            age = reader.integer(row["maxAgeDays"], f"{path}.maxAgeDays", 1, MAX_DAYS, default=0)
        satisfied_if = condition(reader, row.get("satisfiedIf"), f"{path}.satisfiedIf")
        found.append(
            Requirement(
                id=id_,
                title=title,
                kind=kind,
                verdicts=verdicts,
                known_verdicts=known,
                severity=severity,
                max_age_days=age,
                waivable=_waivable(reader, row.get("waivable"), f"{path}.waivable"),
                applicable_if=timeless_condition(reader, row.get("applicableIf"), f"{path}.applicableIf"),
                satisfied_if=satisfied_if,
                needs=_needs(reader, row.get("needs"), f"{path}.needs", kind, satisfied_if, known_kinds),
                maps=_maps(reader, row.get("maps"), f"{path}.maps"),
            )
        )
    return tuple(found)


def _needs(
    reader: Reader, node: Node | None, path: str, kind: str, text: str, known_kinds: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """The audits that a condition rests on: those that are listed, else those that it names."""
    if node is None:
        named = expressions.audits_in(text)
        return tuple(sorted(name for name in known_kinds if name in named and name != kind))
    told = tuple(sorted(known_kinds))
    found = []
    for here, item in reader.items(node, path, longest=len(known_kinds) or 1, may_be_empty=True):
        word = reader.text(item, here)
        if item.shape == "text" and word not in told:
            known = reading.listed(known_kinds)
            reader.problem("unknown_kind", item, here, value=reading.shown(word), known=known)
        elif word in found:
            reader.problem("repeated", item, here, value=reading.shown(word), what=path)
        found.append(word)
    return tuple(sorted(name for name in found if name != kind))


def _maps(reader: Reader, node: Node | None, path: str) -> tuple[str, ...]:
    """Paragraphs of frameworks, as NIST.MEASURE-2.11, in the order of the file."""
    found: list[str] = []
    for here, item in reader.items(node, path, longest=MAX_MAPS, may_be_empty=True):
        word = reader.text(item, here)
        if item.shape != "text":
            continue
        if not _REFERENCE.fullmatch(word) or len(word) > reading.MAX_NAME:
            reader.problem("bad_reference", item, here, value=reading.shown(word))
        elif word in found:
            reader.problem("repeated", item, here, value=reading.shown(word), what=path)
        found.append(word)
    return tuple(found)


def _waivable(reader: Reader, node: Node | None, path: str) -> Waivable | None:
    """``false``, or who may waive it for how long."""
    if node is None:
        return WAIVABLE_UNLESS_SAID
    if node.shape == "boolean":
        if reader.boolean(node, path, default=False):
            reader.problem("waivable_true", node, path)
        return None
    row = reader.mapping(node, path, required=("maxDays",), optional=("by",), later=())
    longest = max(WAIVER_DAYS.values())
    days = reader.integer(row.get("maxDays"), f"{path}.maxDays", 1, longest, default=longest)
    if "by" not in row:
        return Waivable(days)
    by = reader.words(row["by"], f"{path}.by", WAIVING_ROLES)
    if len(by) > 1:
        reader.problem("one_waiver", row["by"], f"{path}.by")
    return Waivable(days, by[0] if by else Waivable.by)
