"""Parts of a bias document that lead to a closer look: worst slices, as the run page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.evidence.bias_report import capital, metric_name
from governance.web.templatetags import figures

Document = Mapping[str, Any]


def leads(document: Document) -> dict[str, Any]:
    """Context of ``evidence/partials/leads.html``; empty for a document without these parts."""
    return {"slices": _slices(document)}


def named(part: Mapping[str, Any]) -> str:
    """A slice with the names of its columns: values of features say little alone."""
    return "; ".join(f"{column}: {value}" for column, value in part.items())


def _slices(document: Document) -> dict[str, Any] | None:
    search = document.get("slice_search")
    if not search:
        return None
    rows = [
        {
            "label": named(row["slice"]),
            "metric": capital(metric_name(row["metric"])),
            "is_share": row["metric"] != "log_loss",
            "n": row["of"],
            "value": row["value"],
            "low": row["ci_low"],
            "high": row["ci_high"],
            "gap": row["gap"],
            "gap_low": row["gap_ci_low"],
            "gap_high": row["gap_ci_high"],
            "mostly": _mostly(row["parts"]),
        }
        for row in document.get("worst_slices", ())
    ]
    said = _(
        "%(slices)s slices were looked at on one half of the rows (%(first)s), the %(tested)s surest tested on the"
        " other half (%(second)s), and %(found)s held. About %(share)s of such finds are luck."
    ) % {
        "slices": figures.number(search["slices"]),
        "first": figures.number(search["rows_discovery"]),
        "tested": figures.number(search["tested"]),
        "second": figures.number(search["rows_test"]),
        "found": figures.number(search["found"]),
        "share": figures.share(search["false_discovery_rate"], places=0),
    }
    return {"rows": rows, "note": said, "aside": [_left_out(column) for column in search["columns"] if "why" in column]}


def _mostly(parts: Mapping[str, float | None]) -> str:
    """The column that a gap comes from, where one has more than half of it."""
    known = {column: part for column, part in parts.items() if part is not None}
    total = sum(known.values())
    if len(known) < 2 or not total:
        return ""
    column, most = max(known.items(), key=lambda one: one[1] / total)
    share = most / total
    return _("mostly %(column)s") % {"column": column} if share > 0.5 else ""


def _left_out(column: Mapping[str, Any]) -> str:
    values = int(column["values"])
    return {
        "constant": _("%(column)s has the same value in every row, so no slice was made of it."),
        "all_missing": _("%(column)s is empty in every row, so no slice was made of it."),
        "every_value_too_rare": ngettext(
            "%(column)s has %(n)s value, which too few rows have, so no slice was made of it.",
            "%(column)s has %(n)s different values, each in too few rows, so no slice was made of it.",
            values,
        ),
    }[column["why"]] % {"column": column["column"], "n": figures.number(values)}
