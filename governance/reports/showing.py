"""Editions in words and rows, for pages. Reads documents, no database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from governance.reports.errors import ReportRefused
from governance.reports.reading import StoredDocument
from governance.reports.renditions import wording as words

SECTIONS = ("inventory", "versions", "decisions", "exceptions", "not_checked")


def counts(summary: Mapping[str, Any], differences: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The numbers of an edition, each beside the one of the edition before; None where there is none."""
    before = {one["name"]: one["before"] for one in differences["counts"] if one["group"] == "counts"}
    return [
        {
            "name": words.named(words.COUNTS, one["name"]),
            "n": one["n"],
            "before": before.get(one["name"]),
            **_change(before, one),
        }
        for one in summary["counts"]
    ]


def _change(before: Mapping[str, int | None], one: Mapping[str, Any]) -> dict[str, Any]:
    was = before.get(one["name"])
    return {"change": None if was is None else _signed(one["n"] - was)}


def _signed(n: int) -> str:
    return f"+{n}" if n > 0 else f"−{-n}" if n < 0 else "0"


def changes(differences: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The numbers that two editions tell otherwise."""
    return [
        {"name": _number_name(one), "before": one["before"], "after": one["after"]}
        for one in differences["counts"]
        if one["before"] != one["after"]
    ]


def _number_name(one: Mapping[str, Any]) -> str:
    if one["group"] == "counts":
        return words.named(words.COUNTS, one["name"])
    group = {"in_force": _("Approvals in force"), "decisions": _("Decisions"), "runs": _("Audits done")}
    return f"{group.get(one['group'], one['group'])}: {one['name']}"


def sizes(document: StoredDocument) -> list[dict[str, Any]]:
    """How many items each section has."""
    return [{"name": words.named(words.SECTIONS, name), "n": document.count(name)} for name in SECTIONS]


def items(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Differences of a section, with values as text."""
    return [{**one, "fields": [_field(field) for field in one["fields"]]} for one in found]


def _field(field: Mapping[str, Any]) -> dict[str, Any]:
    told = {"path": field["path"], "more": field.get("more"), "has_values": "before" in field}
    if "before" in field:
        told |= {name: json.dumps(field[name], ensure_ascii=False) for name in ("before", "after")}
    return told


def refusal(refused: ReportRefused) -> str:
    """What was refused, in the reader's language."""
    return in_words(refused.code, str(refused))


def in_words(code: str, said: str) -> str:
    """Why something was refused or not made, in the reader's language; ``said`` where the code has no words."""
    return {
        "period_malformed": _(
            "Write a period as 2026-11 (a month), 2026-Q4 (a quarter) or 2026-11-01..2026-11-15 (days, 366 at most)."
        ),
        "period_not_begun": _("This period has not begun: there is nothing to report yet."),
        "not_a_builder": _("Auditors, approvers, risk officers and administrators of the scope have reports built."),
        "not_a_keeper": _("Risk officers and administrators of the scope lay down its schedules."),
        "not_an_admin": _("Administrators of the whole organisation set its time zone."),
        "schedule_exists": _("This scope has such a schedule already; change that one."),
        "scope_not_seen": _("You can be sent the reports of what you see: your teams."),
        "busy": _("Others have just had this report built; look at the list of editions."),
        "broke_off": _("It broke off; the worker’s log says why, and it can be asked for again."),
        "worker_lost": _("The worker was lost each time; its log says why, and it can be asked for again."),
        "document_gone": _("The document’s bytes are no longer what was stored; restore them from a backup."),
        "pango_missing": _(
            "The system’s pango library is missing; install it where workers run, on Debian: apt-get install"
            " libpango-1.0-0 libpangoft2-1.0-0."
        ),
        "printer_missing": _("WeasyPrint is not installed where workers run: pip install -r requirements.txt."),
        "timed_out": _("Printing took longer than it may and was stopped."),
        "out_of_memory": _("Printing needs more memory than it may use and was stopped."),
        "too_many_pages": _("Even the shortest print has more pages than it may."),
        "printing_failed": _("The printing process broke off; the worker’s log has its words."),
    }.get(code, said)
