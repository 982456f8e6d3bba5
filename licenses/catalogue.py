"""The licence table: one row per licence, read once, checked cell by cell.

``data/licences.csv`` holds the terms, ``data/hf_ids.csv`` the Hub's identifiers, ``data/clauses.csv`` what a text says
beyond the columns. A table that breaks its own rules is refused as a whole, with file, line and column. Corrections
of single cells can be laid over it (``corrected``); the result is a table like any other, with a digest of its own.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from licenses.table_cells import read_on, value_of
from licenses.terms import FAMILIES, Reach

__all__ = [
    "FAMILIES",
    "Catalogue",
    "Licence",
    "TableError",
    "all_licences",
    "corrected",
    "find",
    "hub_identifiers",
    "hub_name",
    "load",
    "table_digest",
]

DATA = Path(__file__).parent / "data"
LICENCES, HUB_IDENTIFIERS, CLAUSES, TEXTS = "licences.csv", "hf_ids.csv", "clauses.csv", "texts.csv"

HUB_STATUS = frozenset(
    {"spdx_current", "spdx_deprecated", "renamed", "family", "licenseref", "no_identifier", "placeholder"}
)
DUTIES = frozenset({"O-DOC"})
UNDECIDED = frozenset({"U-OTHER", "U-UNKNOWN-ID"})


class TableError(ValueError):
    """The licence table breaks its own rules; the message names file, line, row and column."""


@dataclass(frozen=True)
class Clause:
    """What a text says beyond the columns, with the section that says it."""

    value: str
    source_ref: str


@dataclass(frozen=True, eq=False, slots=True)
class Licence:
    """One row of the table: what the text of a licence says, in the table's vocabulary (``licenses.terms``).

    Yes-or-no columns hold ``y``, ``n``, ``c`` (on a condition) or ``unstated``. A licence that an owner declares for
    their own work (family ``own``) grants nothing, and its term columns are empty. ``read_on`` is the day, or the month
    where no day was written down, on which the row was read from its source.
    """

    id: str
    hf_id: bool
    spdx: str
    scancode_key: str
    name: str
    family: str
    kind: str
    use: str
    redistribute: str
    share_modified: str
    sublicense: str
    hosted: str
    patent: str
    outputs: str
    train_with_outputs: str
    attribution: str
    licence_copy: str
    notice_file: str
    state_changes: str
    disclose_source: str
    badge: str
    name_prefix: str
    flow_down: str
    copyleft: str
    reach_finetune: Reach
    reach_adapter: Reach
    reach_merge: Reach
    reach_quantized: Reach
    reach_distill: Reach
    reach_outputs: Reach
    reach_train_on: Reach
    reach_dataset_inclusion: Reach
    use_restrictions: str
    mau_cap: int | None
    mau_basis: str
    revenue_cap_usd_year: int | None
    territory_excl: str
    field_excl: tuple[str, ...]
    revocable: str
    updatable: str
    termination: tuple[str, ...]
    osi_approved: bool | None
    source_ref: str
    source_url: str
    evidence: str
    aliases: tuple[str, ...]
    read_on: str
    clauses: Mapping[str, tuple[Clause, ...]] = field(default_factory=dict)

    def says(self, clause: str) -> tuple[Clause, ...]:
        """The clauses of that name, such as ``compatible`` or ``duty``."""
        return self.clauses.get(clause, ())

    @property
    def is_own(self) -> bool:
        """Declared by the owner of a work for that work; the table grants nothing by it."""
        return self.family == "own"


class HubName(NamedTuple):
    """An identifier of the Hub: how it stands to other lists of names (``HUB_STATUS``), and its name there, if any."""

    status: str
    other: str


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The table as read: rows by id and every name a row answers to; ``cells`` is what stands in the file."""

    rows: Mapping[str, Licence]
    names: Mapping[str, Licence]
    hub: Mapping[str, HubName]
    digest: str
    cells: Mapping[str, tuple[int, Mapping[str, str]]]

    def find(self, identifier: str) -> Licence | None:
        """The row of a Hub id, an SPDX id or an alias, whatever its case; None when the table has none."""
        return self.names.get(identifier.strip().casefold())


@cache
def table() -> Catalogue:
    """The project's own table."""
    return load(DATA)


def hub_identifiers() -> frozenset[str]:
    """The values that the Hub takes for ``license`` in a card, in lower case."""
    return frozenset(table().hub)


def hub_name(licence: str) -> HubName | None:
    """What is known of an identifier of the Hub; None where the Hub has none of that name."""
    return table().hub.get(licence)


def find(identifier: str) -> Licence | None:
    """The row of the project's own table for a name (see ``Catalogue.find``)."""
    return table().find(identifier)


def all_licences() -> tuple[Licence, ...]:
    """Every row, in the table's order."""
    return tuple(table().rows.values())


def table_digest() -> str:
    """SHA-256 (hex) over the table's files; stored with every decision that was taken from them."""
    return table().digest


def load(folder: Path) -> Catalogue:
    """Read and check the files of a table; the list of texts is part of its digest and is read by ``licenses.texts``.

    Raises:
        TableError: a file is missing or not UTF-8, a cell is outside its column's vocabulary, a section reference is
            missing, two rows answer to one name, or the Hub's list and the table disagree.
    """
    digest = hashlib.sha256()
    content: dict[str, str] = {}
    for name in (LICENCES, HUB_IDENTIFIERS, CLAUSES, TEXTS):
        try:
            raw = (folder / name).read_bytes()
            content[name] = raw.decode("utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise TableError(f"{name}: cannot be read as UTF-8 text ({exc})") from exc
        digest.update(f"{name} {hashlib.sha256(raw).hexdigest()}\n".encode())
    cells: dict[str, tuple[int, Mapping[str, str]]] = {}
    for line, row in _rows(LICENCES, content[LICENCES], COLUMNS):
        if row["id"] in cells:
            raise TableError(f"{LICENCES} line {line}, column id: {row['id']!r} stands in the table twice")
        cells[row["id"]] = (line, row)
    said = _clauses(content[CLAUSES], frozenset(cells))
    rows = {name: _licence(line, row, said.get(name, {})) for name, (line, row) in cells.items()}
    names = _names(rows)
    hub = _hub(content[HUB_IDENTIFIERS], rows)
    return Catalogue(rows, names, hub, digest.hexdigest(), cells)


def corrected(corrections: Iterable[Mapping[str, str]]) -> Catalogue:
    """The project's own table with single cells replaced; rows without a correction stay the same objects.

    Args:
        corrections: objects with ``licence`` (id of a row), ``column``, ``value`` and ``source_ref`` (the section that
            says so; it is added to the row's own). Of two for one cell the later counts.

    Raises:
        TableError: no such row or column, or a value that the file itself could not hold; the message names which.
    """
    laid: dict[tuple[str, str], tuple[str, str]] = {}
    for at, one in enumerate(corrections):
        where = f"corrections[{at}]"
        if not isinstance(one, Mapping):
            raise TableError(f"{where}: is an object with licence, column, value and source_ref")
        for key in ("licence", "column", "value", "source_ref"):
            if not isinstance(one.get(key), str):
                raise TableError(f"{where}.{key}: is a string")
        if not one["source_ref"].strip():
            raise TableError(f"{where}.source_ref: empty; name the section that says so")
        laid[one["licence"], one["column"]] = (one["value"], one["source_ref"].strip())
    return _laid_over(tuple(sorted((*cell, *what) for cell, what in laid.items()))) if laid else table()


@lru_cache(maxsize=16)
def _laid_over(corrections: tuple[tuple[str, str, str, str], ...]) -> Catalogue:
    shipped = table()
    cells = dict(shipped.cells)
    for name, column, value, source_ref in corrections:
        if name not in cells:
            raise TableError(f"correction of {name!r}: not a row of {LICENCES}")
        if column not in COLUMNS or column in FIXED:
            raise TableError(f"correction of {name}, column {column!r}: not a column that can be corrected")
        line, row = cells[name]
        # The row keeps where it was read and says where the correction was.
        seen = value if column == "source_ref" else f"{row['source_ref']}; {column}: {source_ref}"
        cells[name] = (line, {**row, column: value, "source_ref": seen})
    changed = {name for name, *_ in corrections}
    rows = {name: _licence(*cells[name], row.clauses) if name in changed else row for name, row in shipped.rows.items()}
    digest = hashlib.sha256(json.dumps([shipped.digest, corrections]).encode()).hexdigest()
    return Catalogue(rows, _names(rows), shipped.hub, digest, cells)


def _rows(file: str, text: str, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = tuple(next(reader, ()))
        if header != columns:
            wrong = sorted(set(header) ^ set(columns)) or ["the order of the columns"]
            raise TableError(f"{file} line 1: the header differs from the known columns in {', '.join(wrong)}")
        found = []
        for cells in reader:
            if len(cells) != len(columns):
                raise TableError(f"{file} line {reader.line_num}: {len(cells)} cells, the header has {len(columns)}")
            found.append((reader.line_num, dict(zip(columns, cells, strict=True))))
    except csv.Error as exc:
        raise TableError(f"{file} line {reader.line_num}: {exc}") from exc
    return found


def _names(rows: Mapping[str, Licence]) -> dict[str, Licence]:
    names: dict[str, Licence] = {}
    for licence in rows.values():
        # An alias with a condition in brackets is a label that several texts share: a name alone does not decide it.
        plain = [alias for alias in licence.aliases if "(" not in alias]
        if licence.family not in ("placeholder", "own") and "(" not in licence.name:
            plain.append(licence.name)
        for name in {written.casefold() for written in (licence.id, licence.spdx, *plain) if written}:
            other = names.setdefault(name, licence)
            if other is not licence:
                raise TableError(f"{LICENCES}: {licence.id} and {other.id} both answer to {name!r}")
    return names


def _hub(text: str, rows: Mapping[str, Licence]) -> dict[str, HubName]:
    listed: dict[str, HubName] = {}
    for line, cells in _rows(HUB_IDENTIFIERS, text, ("hf_id", "status", "spdx_or_licenseref")):
        if cells["status"] not in HUB_STATUS:
            raise TableError(f"{HUB_IDENTIFIERS} line {line}, column status: {cells['status']!r} is not a known status")
        listed[cells["hf_id"]] = HubName(cells["status"], cells["spdx_or_licenseref"])
    marked = {licence.id for licence in rows.values() if licence.hf_id}
    if listed.keys() != marked:
        raise TableError(
            f"{HUB_IDENTIFIERS} and column hf_id of {LICENCES} disagree on {', '.join(sorted(listed.keys() ^ marked))}"
        )
    return listed


def _clauses(text: str, rows: frozenset[str]) -> dict[str, dict[str, tuple[Clause, ...]]]:
    allowed: dict[str, Callable[[str], bool]] = {
        "compatible": rows.__contains__,
        "duty": DUTIES.__contains__,
        # The text of another row that belongs beside this one, such as the licence that it adds permissions to.
        "read_with": rows.__contains__,
        "territory_basis": frozenset({"domicile"}).__contains__,
        "undecided": UNDECIDED.__contains__,
    }
    found: dict[str, dict[str, tuple[Clause, ...]]] = {}
    for line, cells in _rows(CLAUSES, text, ("id", "clause", "value", "source_ref")):
        where = f"{CLAUSES} line {line} ({cells['id']}), column"
        if cells["id"] not in rows:
            raise TableError(f"{where} id: not a row of {LICENCES}")
        if cells["clause"] not in allowed:
            raise TableError(f"{where} clause: {cells['clause']!r} is not one of {', '.join(sorted(allowed))}")
        if not allowed[cells["clause"]](cells["value"]):
            raise TableError(f"{where} value: {cells['value']!r} is not a value of {cells['clause']}")
        if not cells["source_ref"].strip():
            raise TableError(f"{where} source_ref: empty; name the section that says so")
        said = found.setdefault(cells["id"], {})
        said[cells["clause"]] = (*said.get(cells["clause"], ()), Clause(cells["value"], cells["source_ref"]))
    return found


def _licence(line: int, cells: Mapping[str, str], clauses: Mapping[str, tuple[Clause, ...]]) -> Licence:
    own = cells["family"] == "own"
    values: dict[str, Any] = {}
    for column, cell in cells.items():
        try:
            values[column] = value_of(column, cell, own=own)
        except ValueError as exc:
            named = cells["id"] or "row without id"
            raise TableError(f"{LICENCES} line {line} ({named}), column {column}: {exc}") from exc
    return Licence(**values, clauses=clauses)


def reading_date(cell: str, where: str) -> str:
    """The date of a reading, a day or a month in ISO form; ``where`` names the cell in the error.

    Raises:
        TableError: it is neither.
    """
    try:
        return read_on(cell)
    except ValueError as exc:
        raise TableError(f"{where}: {exc}") from exc


COLUMNS = tuple(one.name for one in fields(Licence) if one.name != "clauses")
FIXED = frozenset({"id", "hf_id"})
"""Columns that name a row: a correction is about a row, it does not make another one."""
