"""The control matrix: which facts of a report speak to which control of which framework.

The rows are data (``data/*.csv``), each with its source, in our own words or, where the text is nobody's to repeat, by
its identifier alone. No row has been compared word for word with its original until its column ``checked`` says when;
until then it is ``unverified``. The matrix says where facts are and where there are none. Whether a control is met is
for a person to decide.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

DATA = Path(__file__).parent / "data"
FRAMEWORKS = "frameworks.csv"
FRAMEWORK_HEAD = ["id", "title", "citation", "dated", "address", "text"]
CONTROL_HEAD = ["id", "section", "name_en", "name_ru", "facts", "checked"]
UNVERIFIED, IDS_ONLY = "unverified", "ids-only"
ANNEX_IV = "eu-ai-act-annex-iv"

_CHECKED = re.compile(r"verified \d{4}-\d{2}-\d{2}")
Count = Callable[[Mapping[str, Any]], int]
Item = TypeVar("Item", bound=Mapping[str, Any])


class MatrixError(ValueError):
    """A file of the matrix breaks its rules; the message names file and row."""


@dataclass(frozen=True)
class Control:
    """One row. ``names`` is None where the framework's text may not be repeated; ``facts`` are keys of ``FACTS``."""

    id: str
    section: str
    names: dict[str, str] | None
    facts: tuple[str, ...]
    checked: str


@dataclass(frozen=True)
class Framework:
    """One text with its controls, in its order. ``digest`` is the SHA-256 of the file that they stand in."""

    id: str
    title: str
    citation: str
    dated: str
    address: str
    digest: str
    controls: tuple[Control, ...]


# --- which facts there are ---------------------------------------------------------------------------------------


def _card(*sections: str) -> Count:
    """One for a version whose card says something under one of the sections."""
    return lambda version: any((version["card"] or {}).get(name) for name in sections)


def _audits(*kinds: str) -> Count:
    """Newest audits of the kinds that came to a verdict."""
    return lambda item: sum(audit["kind"] in kinds and audit["verdict"] is not None for audit in item["audits"])


def _exceptions(*kinds: str) -> Count:
    return lambda item: item["kind"] in kinds


# What Assay can hold: in which section of a report, and how much of it an item of that section has.
FACTS: Mapping[str, tuple[str, Count]] = {
    "identity": ("inventory", lambda _item: 1),
    "versions": ("inventory", lambda _item: 1),
    "card.purpose": ("versions", _card("intended_uses")),
    "card.limits": ("versions", _card("limitations")),
    "card.data": ("versions", _card("training_data", "creation", "structure")),
    "card.evaluation": ("versions", _card("evaluation")),
    "lineage": ("inventory", lambda item: bool(item["lineage"])),
    "licence": ("versions", lambda version: version["licence"] is not None),
    "files": ("inventory", lambda item: item["manifest_digest"] is not None),
    "audit.files": ("inventory", _audits("files")),
    "audit.metrics": ("inventory", _audits("metrics")),
    "audit.bias": ("inventory", _audits("bias", "ll144")),
    "audit.robustness": ("inventory", _audits("counterfactual", "suite", "stress")),
    "audit.data": ("inventory", _audits("data")),
    "audit.drift": ("inventory", _audits("drift")),
    "audit_plan": ("reproduction", lambda told: len(told["audit_plans"])),
    "use_case": ("versions", lambda version: len(version["use_cases"])),
    "decisions": ("decisions", lambda _item: 1),
    "approvals": ("inventory", lambda item: len(item["stages"])),
    "policies": ("reproduction", lambda told: len(told["policies"])),
    "waivers": ("exceptions", _exceptions("waiver", "override", "licence_override")),
    "suspensions": ("exceptions", _exceptions("suspension")),
    "pilot": ("versions", lambda version: len(version["declared"])),
    "limits": ("not_checked", lambda _item: 1),
    "reproduction": ("reproduction", lambda told: len(told["commands"])),
}


class Tally:
    """Counts facts while the sections of a report pass by, so that none has to be read twice or kept."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(FACTS, 0)
        self._of: dict[str, list[tuple[str, Count]]] = {}
        for fact, (section, count) in FACTS.items():
            self._of.setdefault(section, []).append((fact, count))

    def see(self, section: str, item: Mapping[str, Any]) -> None:
        """Count an item of a section, or a section that is no list."""
        for fact, count in self._of.get(section, ()):
            self.counts[fact] += int(count(item))

    def watching(self, section: str, items: Iterable[tuple[str, Item]]) -> Iterator[tuple[str, Item]]:
        """The items, each with its title, as they come; each is counted when it passes."""
        for title, item in items:
            self.see(section, item)
            yield title, item


def matrix(have: Mapping[str, int]) -> dict[str, Any]:
    """Section 7 of a report: every control with the facts that speak to it and how many of each there are.

    JSON-ready::

        {"facts": {"identity": 12, …}, "frameworks": [{"id", "title", "citation", "dated", "address", "digest",
         "controls": [{"id", "section", "names": {"en", "ru"} | null, "facts": ["identity"], "held": 1, "checked"}]}]}

    ``held`` is how many of its facts the report holds at least one item of; a control without facts, or with 0 held,
    has nothing in this report that speaks to it.

    Args:
        have: items by fact, as a ``Tally`` has counted them.
    """
    return {
        "facts": dict(have),
        "frameworks": [
            {
                "id": framework.id,
                "title": framework.title,
                "citation": framework.citation,
                "dated": framework.dated,
                "address": framework.address,
                "digest": framework.digest,
                "controls": [
                    {
                        "id": control.id,
                        "section": control.section,
                        "names": control.names,
                        "facts": list(control.facts),
                        "held": sum(have[fact] > 0 for fact in control.facts),
                        "checked": control.checked,
                    }
                    for control in framework.controls
                ],
            }
            for framework in frameworks()
        ],
    }


# --- reading the files -------------------------------------------------------------------------------------------


@cache
def frameworks() -> tuple[Framework, ...]:
    """The frameworks that are shipped, read once."""
    return load(DATA)


def load(folder: Path) -> tuple[Framework, ...]:
    """Read a folder of frameworks: ``frameworks.csv`` and one file for each.

    Raises:
        MatrixError: a file is missing, a column or cell is wrong, a row stands twice, a fact is unknown, or a text that
            may not be repeated is repeated.
    """
    made = []
    for row in _rows(folder / FRAMEWORKS, FRAMEWORK_HEAD):
        where = f"{FRAMEWORKS}, {row['id']}"
        _date(row["dated"], where)
        if not row["address"].startswith("https://"):
            raise MatrixError(f"{where}: the address is not https")
        if row["text"] not in ("own-words", IDS_ONLY):
            raise MatrixError(f"{where}: text is own-words or {IDS_ONLY}")
        file = folder / f"{row['id']}.csv"
        controls = tuple(_control(file.name, cells, row["text"]) for cells in _rows(file, CONTROL_HEAD))
        about = {key: row[key] for key in ("id", "title", "citation", "dated", "address")}
        made.append(Framework(**about, digest=hashlib.sha256(file.read_bytes()).hexdigest(), controls=controls))
    return tuple(made)


def _rows(file: Path, head: list[str]) -> Iterable[dict[str, str]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise MatrixError(f"{file.name} cannot be read: {unreadable}") from unreadable
    reader = csv.reader(text.splitlines())
    if next(reader, None) != head:
        raise MatrixError(f"{file.name}: the first line has to be {','.join(head)}")
    seen: set[str] = set()
    found = []
    for number, cells in enumerate(reader, 2):
        if len(cells) != len(head):
            raise MatrixError(f"{file.name}, line {number}: {len(cells)} cells, and {len(head)} are needed")
        row = dict(zip(head, cells, strict=True))
        if not row["id"] or row["id"] in seen:
            raise MatrixError(f"{file.name}, line {number}: the id is empty or stands twice: {row['id']!r}")
        seen.add(row["id"])
        found.append(row)
    if not found:
        raise MatrixError(f"{file.name} has no rows")
    return found


def _control(file: str, row: Mapping[str, str], text: str) -> Control:
    where = f"{file}, {row['id']}"
    named = [row["name_en"], row["name_ru"]]
    if text == IDS_ONLY and any(named):
        raise MatrixError(f"{where}: only identifiers may stand here, its text may not be repeated")
    if text != IDS_ONLY and not all(named):
        raise MatrixError(f"{where}: a name is missing")
    facts = tuple(row["facts"].split())
    if unknown := [fact for fact in facts if fact not in FACTS]:
        raise MatrixError(f"{where}: no such fact: {unknown[0]}; known: {', '.join(FACTS)}")
    if not row["section"]:
        raise MatrixError(f"{where}: the section that it stands in is missing")
    if row["checked"] != UNVERIFIED:
        if not _CHECKED.fullmatch(row["checked"]):
            raise MatrixError(f"{where}: checked is {UNVERIFIED}, or 'verified' and the day")
        _date(row["checked"].split()[1], where)
    names = None if text == IDS_ONLY else {"en": row["name_en"], "ru": row["name_ru"]}
    return Control(row["id"], row["section"], names, facts, row["checked"])


def _date(text: str, where: str) -> None:
    try:
        dt.date.fromisoformat(text)
    except ValueError as wrong:
        raise MatrixError(f"{where}: {text!r} is no day (YYYY-MM-DD)") from wrong
