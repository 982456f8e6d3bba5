"""What is otherwise in a report than in the one before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from governance.reports.models import Edition
from governance.reports.reading import DocumentGone, StoredDocument, open_document
from governance.reports.shapes import DifferenceItem, Differences, EditionRef, SectionDifferences
from governance.reports.writing import Content, Place, Section

SECTIONS = ("decisions", "exceptions", "inventory", "not_checked", "versions")
MOST_FIELDS, LONGEST_VALUE = 40, 200
# Figures of audits are told to differ, not how; what is worded follows from the parameters beside it.
_WHOLE, _LEFT_OUT = frozenset({"result", "findings"}), frozenset({"words"})


def reference(edition: Edition) -> EditionRef:
    return {
        "period": edition.period,
        "number": edition.number,
        "document_sha256": edition.document_sha256,
        "content_sha256": edition.content_sha256,
    }


def since(previous: Edition | None, content: Content) -> Differences:
    """The differences of new content from an edition; of one whose document is gone only that it was there."""
    if previous is None:
        return {"against": None, "counts": [], "sections": []}
    try:
        with open_document(previous) as before:
            return {
                "against": reference(previous),
                "counts": counts(before.section("summary"), _value(content.sections["summary"])),
                "sections": [_section(name, before, content.sections[name]) for name in SECTIONS],
            }
    except DocumentGone:
        return {"against": reference(previous), "counts": [], "sections": []}


def between(before: StoredDocument, after: StoredDocument) -> Differences:
    """The differences of two stored editions; ``against`` is left to the caller."""
    return {
        "against": None,
        "counts": counts(before.section("summary"), after.section("summary")),
        "sections": [
            compared(name, before.places(name), after.places(name), before.read, after.read) for name in SECTIONS
        ],
    }


def _value(section: Section) -> Any:
    return json.loads(b"".join(section.chunks()))


def _section(name: str, before: StoredDocument, after: Section) -> SectionDifferences:
    return compared(name, before.places(name), after.places, before.read, lambda place: json.loads(after.read(place)))


def compared(
    name: str, before: Sequence[Place], after: Sequence[Place], read_before: Any, read_after: Any
) -> SectionDifferences:
    """The differences of one section: only items whose digest is another are read."""
    were, are = {one.key: one for one in before}, {one.key: one for one in after}
    items: list[DifferenceItem] = []
    for place in after:
        if place.key not in were:
            items.append({"key": place.key, "title": place.title, "how": "added", "fields": []})
        elif were[place.key].sha256 != place.sha256:
            fields = changed_fields(read_before(were[place.key]), read_after(place))
            items.append({"key": place.key, "title": place.title, "how": "changed", "fields": fields})
    items += [
        {"key": place.key, "title": place.title, "how": "removed", "fields": []}
        for place in before
        if place.key not in are
    ]
    how = [one["how"] for one in items]
    return {
        "section": name,
        "added": how.count("added"),
        "removed": how.count("removed"),
        "changed": how.count("changed"),
        "items": items,
    }


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where two items differ, as paths with what stood and stands there; the rest is counted in ``more``."""
    found = list(_walk("", before, after))
    if len(found) > MOST_FIELDS:
        return [*found[:MOST_FIELDS], {"path": "", "more": len(found) - MOST_FIELDS}]
    return found


def _walk(path: str, before: Any, after: Any) -> Iterator[dict[str, Any]]:
    if before == after and type(before) is type(after):
        return
    is_whole = path.rpartition(".")[2] in _WHOLE
    if isinstance(before, dict) and isinstance(after, dict) and not is_whole:
        for name in sorted({*before, *after} - _LEFT_OUT):
            yield from _walk(f"{path}.{name}" if path else name, before.get(name), after.get(name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after) and not is_whole:
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _walk(f"{path}.{number}", one, other)
    else:
        told: dict[str, Any] = {"path": path}
        if not is_whole and len(json.dumps([before, after], ensure_ascii=False)) <= LONGEST_VALUE:
            told |= {"before": before, "after": after}
        yield told


def counts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every number of two summaries. One that a summary does not tell is null there; audits that it does not name
    were none.
    """
    were, are = _numbers(before), _numbers(after)
    found = []
    for group, name in [*are, *(place for place in were if place not in are)]:
        none = 0 if group == "runs" else None
        told = {"before": were.get((group, name), none), "after": are.get((group, name), none)}
        found.append({"group": group, "name": name, **told})
    return found


def _numbers(summary: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    found = {("counts", one["name"]): one["n"] for one in summary["counts"]}
    found |= {("in_force", f"{one['stage']}/{one['tier']}"): one["n"] for one in summary["in_force"]}
    found |= {("decisions", one["name"]): one["n"] for one in summary["decisions"]}
    return found | {("runs", f"{one['kind']}/{one['verdict']}"): one["n"] for one in summary["runs"]}
