"""The document of a file scan as a page shows it. Figures are those that the audit stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from audits.models import Run
from governance.web.templatetags import figures

Document = Mapping[str, Any]
MOST_FILES = 500
_GRAVEST = ("critical", "high", "medium", "low", "info")


def sentence(document: Document) -> str:
    """What a scan says, in one sentence."""
    return {
        "pass": _("Every byte was inspected, and nothing was found that a loader would run."),
        "warn": _("Every byte was inspected; something was found that should be looked at first."),
        "fail": _("Something was found that a loader would run, that is not known, or that is not what it seems."),
        "insufficient_data": _("Some bytes were not inspected or not at hand, so nothing can be said of them."),
        "no_information": _("There is no byte to inspect."),
    }.get(str(document.get("verdict")), "")


def shown(_run: Run, document: Document) -> dict[str, Any]:
    """The table of files: those with the gravest findings first, and how many bytes of each were inspected."""
    files = list(document.get("files", ()))
    rows = [
        {
            "path": one.get("path"),
            "inside": one.get("inside"),
            "format": one.get("format"),
            "engine": one.get("engine") or _("none"),
            "bytes": one.get("bytes"),
            "inspected": one.get("bytes_inspected"),
            "tensor_data": one.get("bytes_tensor_data"),
            "is_whole": one.get("bytes_inspected") == one.get("bytes"),
            "gravest": next((word for word in _GRAVEST if word in _severities(one)), ""),
            "count": len(one.get("findings", ())),
        }
        for one in files
    ]
    rows.sort(key=lambda row: (_GRAVEST.index(row["gravest"]) if row["gravest"] else 9, row["is_whole"]))
    return {
        "files": rows[:MOST_FILES],
        "files_more": max(0, len(rows) - MOST_FILES) + int(document.get("rows_left_out", 0)),
        "total_shown": figures.number(document.get("bytes_total", 0)),
        "inspected_shown": figures.number(document.get("bytes_inspected", 0)),
        "tensor_shown": figures.number(document.get("bytes_tensor_data", 0)),
    }


def _severities(one: Mapping[str, Any]) -> set[str]:
    return {str(found.get("severity")) for found in one.get("findings", ())}
