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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
FRAMEWORKS = "frameworks.csv"
FRAMEWORK_HEAD = ["id", "title", "citation", "dated", "address", "text"]
CONTROL_HEAD = ["id", "section", "name_en", "name_ru", "facts", "checked"]
UNVERIFIED, IDS_ONLY = "unverified", "ids-only"
ANNEX_IV = "eu-ai-act-annex-iv"

_CHECKED = re.compile(r"verified \d{4}-\d{2}-\d{2}")
Content = Mapping[str, Any]


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


def _card(*sections: str) -> Callable[[Content], int]:
    """Versions whose card says something under one of the sections."""
    return lambda content: sum(
        any((version["card"] or {}).get(name) for name in sections) for version in content["versions"]
    )


def _audits(*kinds: str) -> Callable[[Content], int]:
    """Newest audits of the kinds that came to a verdict."""

    def count(content: Content) -> int:
        every = (audit for item in content["inventory"] for audit in item["audits"])
        return sum(audit["kind"] in kinds and audit["verdict"] is not None for audit in every)

    return count


def _exceptions(*kinds: str) -> Callable[[Content], int]:
    return lambda content: sum(item["kind"] in kinds for item in content["exceptions"])


def _use_cases(content: Content) -> int:
    return len({use_case["slug"] for version in content["versions"] for use_case in version["use_cases"]})


# What Assay can hold, and how much of it the content of a report has.
FACTS: Mapping[str, Callable[[Content], int]] = {
    "identity": lambda content: len(content["inventory"]),
    "versions": lambda content: len(content["inventory"]),
    "card.purpose": _card("intended_uses"),
    "card.limits": _card("limitations"),
    "card.data": _card("training_data", "creation", "structure"),
    "card.evaluation": _card("evaluation"),
    "lineage": lambda content: sum(bool(item["lineage"]) for item in content["inventory"]),
    "licence": lambda content: sum(version["licence"] is not None for version in content["versions"]),
    "files": lambda content: sum(item["manifest_digest"] is not None for item in content["inventory"]),
    "audit.files": _audits("files"),
    "audit.metrics": _audits("metrics"),
    "audit.bias": _audits("bias", "ll144"),
    "audit.robustness": _audits("counterfactual", "suite", "stress"),
    "audit.data": _audits("data"),
    "audit.drift": _audits("drift"),
    "audit_plan": lambda content: len(content["reproduction"]["audit_plans"]),
    "use_case": _use_cases,
    "decisions": lambda content: len(content["decisions"]),
    "approvals": lambda content: sum(len(item["stages"]) for item in content["inventory"]),
    "policies": lambda content: len(content["reproduction"]["policies"]),
    "waivers": _exceptions("waiver", "override", "licence_override"),
    "suspensions": _exceptions("suspension"),
    "pilot": lambda content: sum(len(version["declared"]) for version in content["versions"]),
    "limits": lambda content: len(content["not_checked"]),
    "reproduction": lambda content: len(content["reproduction"]["commands"]),
}


def counts(content: Content) -> dict[str, int]:
    """How many items of every fact the content of a report (``governance.reports.shapes.Content``) holds."""
    return {name: count(content) for name, count in FACTS.items()}


def matrix(content: Content) -> dict[str, Any]:
    """Section 7 of a report: every control with the facts that speak to it and how many of each there are.

    The content needs every section but this one. JSON-ready::

        {"facts": {"identity": 12, …}, "frameworks": [{"id", "title", "citation", "dated", "address", "digest",
         "controls": [{"id", "section", "names": {"en", "ru"} | null, "facts": ["identity"], "held": 1, "checked"}]}]}

    ``held`` is how many of its facts the report holds at least one item of; a control without facts, or with 0 held,
    has nothing in this report that speaks to it.
    """
    have = counts(content)
    return {
        "facts": have,
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
