"""A report for spreadsheets: a zip of CSV files, one for each kind of row.

Every cell goes through ``audits.measures.spreadsheets.defused``: what a spreadsheet would take for a formula is shown
and not run. Files are UTF-8 with a byte order mark, by which spreadsheets know it; lines end with CR LF. The same
document gives the same bytes. What was not measured is an empty cell.
"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import IO, Any

from audits.measures.spreadsheets import defused
from governance.reports.renditions.source import Document, Source

Row = Sequence[object]
Item = Mapping[str, Any]
# Zip knows no time zone and no year before this one; a form has no time of its own.
EPOCH = (1980, 1, 1, 0, 0, 0)
SUBJECT = ("kind", "id", "revision", "digest")

HEADS: Mapping[str, Sequence[str]] = {
    "cover": ("name", "value"),
    "summary": ("group", "name", "before", "now"),
    "differences": ("section", "how", "title", "key", "path", "before", "after"),
    "inventory": (
        *SUBJECT,
        "manifest_digest",
        "assurance",
        "licences",
        "owner",
        "imported_at",
        "files",
        "bytes",
        "library",
        "task",
        "suspended",
    ),
    "lineage": ("digest", "relation", "kind", "id", "revision", "origin"),
    "stages": ("digest", "use_case", "tier", "stage", "verdict", "granted_at", "expires_at"),
    "newest_audits": (
        "digest",
        "run",
        "kind",
        "use_case",
        "state",
        "verdict",
        "origin",
        "finished_at",
        "inputs_digest",
        "result_sha256",
        "error_code",
    ),
    "versions": (*SUBJECT, "card_sha256", *("intended_uses", "limitations", "training_data", "evaluation"), "licence"),
    "use_cases": ("digest", "use_case", "name", "purpose", "people_affected", "tier", "owner"),
    "audits": (
        "digest",
        "run",
        "kind",
        "kind_version",
        "use_case",
        "state",
        "verdict",
        "origin",
        "seed",
        "finished_at",
        "inputs_digest",
        "plan_sha256",
        "result_sha256",
        "result_missing",
        "rows_used",
        "rows_dropped",
        "error_code",
    ),
    "named_numbers": ("digest", "run", "kind", "name", "value"),
    "figures": ("digest", "run", "slice", "metric", "n", "k", "of", "value", "ci_low", "ci_high", "method"),
    "comparisons": (
        "digest",
        "run",
        "role",
        "metric",
        "kind",
        "slice",
        "comparator",
        "n",
        "value",
        "ci_low",
        "ci_high",
        "q",
        "threshold",
        "threshold_source",
        "verdict",
        "method",
    ),
    "ll144": (
        "digest",
        "run",
        "table",
        "outcome",
        "category",
        "n",
        "k",
        "rate",
        "ci_low",
        "ci_high",
        "impact_ratio",
        "ratio_ci_low",
        "ratio_ci_high",
        "excluded",
        "justification",
    ),
    "findings": ("digest", "run", "code", "severity", "locus", "field", "line", "title", "mend"),
    "decisions": (
        "key",
        *SUBJECT,
        "use_case",
        "tier",
        "stage",
        "submission",
        "round",
        "outcome",
        "verdict",
        "automatic",
        "decided_by",
        "decided_at",
        "submitted_by",
        "submitted_at",
        "reason",
        "facts_sha256",
        "granted_at",
        "expires_at",
        "ended_at",
        "ended_reason",
    ),
    "votes": ("decision", "lane", "value", "voter", "round", "cast_at", "reason", "facts_sha256", "copied"),
    "requirements": ("decision", "policy", "requirement", "title", "status", "severity", "code", "run"),
    "exceptions": (
        "key",
        "kind",
        "state",
        *SUBJECT,
        "use_case",
        "stage",
        "what",
        "reason",
        "control",
        "asked_by",
        "asked_at",
        "decided_by",
        "decided_at",
        "expires_at",
        "ended_by",
        "ended_at",
        "ended_reason",
    ),
    "not_checked": ("code", *SUBJECT, "use_case", "words"),
    "control_matrix": ("framework", "control", "section", "name", "facts", "held", "checked"),
    "policies": ("name", "number", "sha256"),
}


class _Tables:
    """The files of the zip, each written to a temporary file first: rows come table by table only at the end."""

    def __init__(self, kept: ExitStack) -> None:
        self._files: dict[str, IO[str]] = {}
        self._writers: dict[str, Any] = {}
        for name, head in HEADS.items():
            raw = kept.enter_context(tempfile.TemporaryFile(prefix="assay-csv-"))  # noqa: SIM115 - kept closes it
            file = io.TextIOWrapper(raw, encoding="utf-8", newline="")
            file.write("\ufeff")
            self._files[name], self._writers[name] = file, csv.writer(file)
            self._writers[name].writerow(head)

    def add(self, name: str, rows: Iterable[Row]) -> None:
        self._writers[name].writerows([_cell(cell) for cell in row] for row in rows)

    def zipped(self, out: IO[bytes]) -> None:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name in sorted(self._files):
                file = self._files[name]
                file.flush()
                file.seek(0)
                info = zipfile.ZipInfo(f"{name}.csv", EPOCH)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                with archive.open(info, "w", force_zip64=True) as entry:
                    raw = file.detach()  # type: ignore[attr-defined]  # a wrapper around bytes
                    while chunk := raw.read(1 << 20):
                        entry.write(chunk)


def _cell(value: object) -> str:
    if isinstance(value, str):
        return defused(value)
    if isinstance(value, Mapping):
        return defused(", ".join(f"{name}={part}" for name, part in value.items()))
    if isinstance(value, (list, tuple)):
        return defused("; ".join(str(part) for part in value))
    return defused(value)


def write(source: Source, out: IO[bytes], *, language: str = "en") -> None:
    """Write the zip. Words that the document holds in several languages are written in ``language``."""
    document = source.document
    with ExitStack() as kept:
        tables = _Tables(kept)
        tables.add("cover", _cover(source))
        _summary(tables, document)
        for item in document.items("inventory"):
            _inventory(tables, item)
        for item in document.items("versions"):
            _version(tables, item, language)
        for item in document.items("decisions"):
            _decision(tables, item)
        tables.add("exceptions", (_exception(item) for item in document.items("exceptions")))
        tables.add("not_checked", (_not_checked(item, language) for item in document.items("not_checked")))
        tables.add("control_matrix", _controls(document, language))
        policies = document.section("reproduction")["policies"]
        tables.add("policies", ([one["name"], one["number"], one["sha256"]] for one in policies))
        tables.zipped(out)


def _of(item: Item, names: Iterable[str]) -> list[object]:
    return [item.get(name) for name in names]


def _subject(item: Item) -> list[object]:
    return _of(item.get("subject") or {}, SUBJECT)


def _cover(source: Source) -> Iterator[Row]:
    told = source.document.cover
    yield ("document_sha256", source.sha256)
    yield from sorted(
        (name, value) for name, value in told.items() if not isinstance(value, Mapping) and name != "previous"
    )
    for part in ("period", "scope", "previous", "ledger"):
        yield from ((f"{part}.{name}", value) for name, value in sorted((told[part] or {}).items()))


def _summary(tables: _Tables, document: Document) -> None:
    told, differences = document.section("summary"), document.differences
    before = {(one.get("group", "counts"), one["name"]): one["before"] for one in differences["counts"]}
    rows = [("counts", one["name"], one["n"]) for one in told["counts"]]
    rows += [("in_force", f"{one['stage']}/{one['tier']}", one["n"]) for one in told["in_force"]]
    rows += [("decisions", one["name"], one["n"]) for one in told["decisions"]]
    rows += [("runs", f"{one['kind']}/{one['verdict']}", one["n"]) for one in told["runs"]]
    tables.add("summary", ([group, name, before.get((group, name)), n] for group, name, n in rows))
    for section in differences["sections"]:
        for item in section["items"]:
            fields = item["fields"] or [{"path": None}]
            tables.add(
                "differences",
                (
                    [
                        section["section"],
                        item["how"],
                        item["title"],
                        item["key"],
                        *_of(field, ("path", "before", "after")),
                    ]
                    for field in fields
                ),
            )


def _inventory(tables: _Tables, item: Item) -> None:
    tables.add("inventory", [[*_subject(item), *_of(item, HEADS["inventory"][4:])]])
    for table, part in (("lineage", "lineage"), ("stages", "stages"), ("newest_audits", "audits")):
        tables.add(table, ([item["key"], *_of(row, HEADS[table][1:])] for row in item[part]))


def _version(tables: _Tables, item: Item, language: str) -> None:
    key, card, licence = item["key"], item["card"] or {}, item["licence"] or {}
    sections = _of(card, ("intended_uses", "limitations", "training_data", "evaluation"))
    tables.add("versions", [[*_subject(item), item["card_sha256"], *sections, licence.get("verdict")]])
    tables.add(
        "use_cases",
        (
            [key, one["slug"], *_of(one, ("name", "purpose", "people_affected", "tier", "owner"))]
            for one in item["use_cases"]
        ),
    )
    for audit in item["audits"]:
        _audit(tables, key, audit, language)


def _audit(tables: _Tables, key: str, audit: Item, language: str) -> None:
    run, result = audit["run"], audit["result"] or {}
    told = {**audit, "rows_used": result.get("rows_used"), "rows_dropped": result.get("rows_dropped")}
    tables.add("audits", [[key, *_of(told, HEADS["audits"][1:])]])
    tables.add("named_numbers", ([key, run, audit["kind"], name, n] for name, n in sorted(audit["summary"].items())))
    if isinstance(rows := result.get("metrics"), list):
        tables.add("figures", ([key, run, *_of(row, HEADS["figures"][2:])] for row in rows if isinstance(row, Mapping)))
    if isinstance(rows := result.get("disparities"), list):
        tables.add("comparisons", ([key, run, *_of(row, HEADS["comparisons"][2:])] for row in rows))
    if audit["kind"] == "ll144":
        for made in result.get("tables") or ():
            outcome = made["outcome"].get("group") or made["outcome"].get("kind")
            rows = made["rows"]
            tables.add("ll144", ([key, run, made["table"], outcome, *_of(row, HEADS["ll144"][4:])] for row in rows))
            unknown = [key, run, made["table"], outcome, "(unknown category, in no figure)", made["unknown"]]
            tables.add("ll144", [[*unknown, *[None] * (len(HEADS["ll144"]) - len(unknown))]])
    for finding in audit["findings"]:
        words = [(finding[part] or {}).get(language) for part in ("title", "mend")]
        tables.add("findings", [[key, run, *_of(finding, ("code", "severity", "locus", "field", "line")), *words]])


def _decision(tables: _Tables, item: Item) -> None:
    names = HEADS["decisions"][5:-4]
    approval = _of(item["approval"] or {}, HEADS["decisions"][-4:])
    tables.add("decisions", [[item["key"], *_subject(item), *_of(item, names), *approval]])
    tables.add("votes", ([item["key"], *_of(vote, HEADS["votes"][1:])] for vote in item["votes"]))
    tables.add(
        "requirements",
        (
            [item["key"], one.get("policy"), one.get("id"), *_of(one, HEADS["requirements"][3:])]
            for one in item["requirements"]
        ),
    )


def _exception(item: Item) -> Row:
    entry = item.get("entry") or {}
    subject = _subject(item) if item.get("subject") else [entry.get("kind"), entry.get("id"), None, None]
    what = [
        str(one.get("title") or one.get("requirement") or one.get("code") or one)
        if isinstance(one, Mapping)
        else str(one)
        for one in item["what"]
    ]
    return [
        *_of(item, ("key", "kind", "state")),
        *subject,
        *_of(item, ("use_case", "stage")),
        what,
        *_of(item, HEADS["exceptions"][10:]),
    ]


def _not_checked(item: Item, language: str) -> Row:
    return [item["code"], *_subject(item), item["use_case"], item["words"].get(language)]


def _controls(document: Document, language: str) -> Iterator[Row]:
    for framework in document.section("control_matrix").get("frameworks") or ():
        for control in framework["controls"]:
            name = (control["names"] or {}).get(language)
            told = _of(control, ("facts", "held", "checked"))
            yield [framework["id"], control["id"], control["section"], name, *told]
