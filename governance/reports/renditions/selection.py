"""What the printed report holds in full: what changed, failed, expired or was waived, as far as the pages go.

Where the pages do not suffice, the worst comes first, and the print says how much is left to the full annex.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.reports.renditions.source import Document

MOST_PAGES = 150
# So much of a section of a card is printed; the annex has it all.
CARD_PRINTED = 600
FAILED, WAIVED, EXPIRED, CHANGED = "failed", "waived", "expired", "changed"
WHY = (FAILED, WAIVED, EXPIRED, CHANGED)
_FAILING = frozenset({"fail", "conflict", "deny"})
_BROKEN = frozenset({"errored", "timed_out"})


@dataclass(frozen=True)
class Budget:
    """How many lines of each part are printed."""

    differences: int = 400
    decisions: int = 900
    exceptions: int = 600
    not_checked: int = 500
    versions: int = 3000

    def scaled(self, by: float) -> Budget:
        return Budget(*(int(lines * by) for lines in vars(self).values()))


@dataclass(frozen=True)
class Selection:
    """The versions that are printed in full with the reason, in the order of the document, and how many are not."""

    versions: Mapping[int, str] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)


def select(document: Document, *, budget: Budget | None = None) -> Selection:
    """Choose by going through the versions once."""
    budget = budget or Budget()
    waived, expired = _excepted(document)
    changed = _changed(document)
    found: dict[str, list[tuple[int, int]]] = {why: [] for why in WHY}
    for place, version in enumerate(document.items("versions")):
        why = _why(version, waived, expired, changed)
        if why:
            found[why].append((place, lines_of(version)))
    taken: dict[int, str] = {}
    left: dict[str, int] = {}
    room = budget.versions
    for why in WHY:
        for place, lines in found[why]:
            if lines <= room:
                taken[place], room = why, room - lines
            else:
                left[why] = left.get(why, 0) + 1
    return Selection(dict(sorted(taken.items())), left, budget)


def _excepted(document: Document) -> tuple[set[str], set[str]]:
    """Digests of versions with a waiver or override, and of those of which one expired."""
    waived: set[str] = set()
    expired: set[str] = set()
    for item in document.items("exceptions"):
        subject = item.get("subject")
        if subject and item["kind"] in ("waiver", "override", "licence_override", "suspension"):
            (expired if item["state"] == "expired" else waived).add(subject["digest"])
    for decision in document.items("decisions"):
        if (decision["approval"] or {}).get("ended_reason") == "expired":
            expired.add(decision["subject"]["digest"])
    return waived, expired


def _changed(document: Document) -> set[str]:
    sections = {one["section"]: one["items"] for one in document.differences["sections"]}
    return {item["key"] for item in sections.get("versions", ()) if item["how"] != "removed"}


def _why(version: Mapping[str, Any], waived: set[str], expired: set[str], changed: set[str]) -> str:
    audits = version["audits"]
    if any(audit["verdict"] in _FAILING or audit["state"] in _BROKEN for audit in audits):
        return FAILED
    for why, digests in ((WAIVED, waived), (EXPIRED, expired), (CHANGED, changed)):
        if version["key"] in digests:
            return why
    return ""


def lines_of(version: Mapping[str, Any]) -> int:
    """About how many lines a version takes when it is printed."""
    lines = 12 + 4 * len(version["use_cases"])
    for words in (version["card"] or {}).values():
        printed = str(words)[:CARD_PRINTED]
        lines += 2 + len(printed) // 90 + printed.count("\n")
    return lines + sum(_audit_lines(audit) for audit in version["audits"])


_SHOWN = frozenset({"selection_rate", "accuracy", "true_positive_rate", "false_positive_rate", "precision"})


def _audit_lines(audit: Mapping[str, Any]) -> int:
    lines = 8 + 2 * min(len(audit["findings"]), 20)
    result = audit["result"] or {}
    if audit["kind"] == "bias":
        lines += 12 + sum(row.get("metric") in _SHOWN for row in result.get("metrics") or ())
        lines += 2 * sum(row.get("role") == "gating" for row in result.get("disparities") or ())
    elif audit["kind"] == "ll144":
        lines += 14 + sum(len(made["rows"]) + 4 for made in result.get("tables") or ())
    else:
        lines += len(audit["summary"])
    return lines
