"""The documents of data and drift audits as a page shows them. Figures are those that the audit stored."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from audits.models import Run
from governance.evidence import drift_columns, drift_report

Document = Mapping[str, Any]
# Columns that are shown at once; the worst stand first, the document has them all.
MOST_COLUMNS = 200


def sentence(run: Run, document: Document | None = None) -> str:
    """What a run says of its table, in one sentence."""
    if run.kind == "data":
        return {
            "pass": _("Nothing was found that speaks against using this data."),
            "warn": _("Something was found that should be looked at before the data is used."),
            "fail": _("What was found makes results from this data unreliable, or concerns people."),
            "insufficient_data": _("There are too few rows to say that nothing is wrong."),
            "no_information": _("Every column is empty or has one value."),
        }.get(run.verdict, "")
    if document is None:
        return ""
    of_columns = partial(drift_columns.sentence, document)
    if "performance" in document:
        return drift_report.sentence(document, of_columns=of_columns)
    return of_columns(run.verdict)


def column_rows(document: Document) -> list[dict[str, Any]]:
    """The columns of a data set: what each looks like, how many values it has, how often it is empty."""
    kinds = {
        "number": _("number"),
        "category": pgettext("kind of column", "category"),
        "text": _("text"),
        "id": _("names rows"),
        "constant": _("one value"),
        "empty": _("empty"),
    }
    return [
        {
            "column": row.get("column"),
            "kind": kinds.get(str(row.get("kind")), row.get("kind")),
            "values": row.get("values"),
            "missing": row.get("missing"),
            "share": _share(row.get("missing"), row.get("rows")),
        }
        for row in list(document.get("columns", ()))[:MOST_COLUMNS]
    ]


def _share(part: Any, whole: Any) -> float | None:
    return part / whole if isinstance(part, int) and isinstance(whole, int) and whole else None


def rows_named(document: Document | None) -> dict[str, str]:
    """Row numbers to look at by finding (code and place)."""
    where = document.get("where", {}) if document is not None else {}
    return {
        str(place): _("Rows to look at, counted from 1 below the header: %(rows)s.")
        % {"rows": ", ".join(str(row) for row in rows)}
        for place, rows in where.items()
    }
