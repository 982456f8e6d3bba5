"""What a drift audit says of columns, each by itself and all together: in a sentence, and as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.evidence.drift_report import chance
from governance.evidence.wording.drift import MEASURES
from governance.web.templatetags import figures

Document = Mapping[str, Any]
# Columns that are shown at once; the worst stand first, the document has them all.
MOST_COLUMNS = 200
# Columns that a sentence names.
_NAMED = 3


def sentence(document: Document, verdict: str) -> str:
    """Why columns come to a verdict: which by themselves, or that it is all of them together.

    "" where no column and not all together come to it.
    """
    names = [str(row["column"]) for row in document.get("columns", ()) if row.get("verdict") == verdict]
    if verdict == "pass":
        if all(row["verdict"] == "pass" for row in _joint(document)) and _together(document):
            return _("No column has drifted, neither by itself nor all columns together.")
        return _("No column has drifted.")
    if verdict == "no_information":
        return _("There is nothing to compare.")
    if not names:
        return _of_all(document, verdict)
    told = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        told = _("%(columns)s and others") % {"columns": told}
    if verdict == "fail":
        said = ngettext(
            "%(n)s column has drifted, further than the limit and beyond chance: %(columns)s.",
            "%(n)s columns have drifted, further than the limit and beyond chance: %(columns)s.",
            len(names),
        )
    elif verdict == "warn":
        said = ngettext(
            "%(n)s column has moved far, and chance cannot be ruled out: %(columns)s.",
            "%(n)s columns have moved far, and chance cannot be ruled out: %(columns)s.",
            len(names),
        )
    else:
        said = ngettext(
            "%(n)s column cannot be judged: %(columns)s.",
            "%(n)s columns cannot be judged: %(columns)s.",
            len(names),
        )
    return said % {"n": figures.number(len(names)), "columns": told}


def _of_all(document: Document, verdict: str) -> str:
    """What all columns together come to where no column comes to it by itself."""
    if verdict not in [row["verdict"] for row in _joint(document)]:
        return ""
    return {
        "fail": _(
            "No column has drifted by itself; all columns together have, further than the limit and beyond chance."
        ),
        "warn": _("No column has moved far by itself; all columns together have, and chance cannot be ruled out."),
        "insufficient_data": _("There are too few rows to judge all columns together."),
    }.get(verdict, "")


def shown(document: Document) -> dict[str, Any]:
    """What was judged, as two tables: what drifted or is not known, worst first, and apart from it what passes.

    ``more`` is how many columns the document has beyond those that are shown.
    """
    rows = [_row(_("all columns together"), together) for together in _together(document)]
    rows += [
        _row(_("all columns together, principal components"), together["reconstruction"])
        for together in _together(document)
        if "reconstruction" in together
    ]
    columns = list(document.get("columns", ()))
    for row in columns[:MOST_COLUMNS]:
        rows.append(_row(row.get("column"), row))
        if "words" in row:
            rows.append(_row(_("%(column)s: its words") % {"column": row.get("column")}, row["words"]))
    passing = [row for row in rows if row["verdict"] == "pass"]
    return {
        "open": [row for row in rows if row["verdict"] != "pass"],
        "passing": passing,
        "more": max(0, len(columns) - MOST_COLUMNS),
    }


def _together(document: Document) -> list[Mapping[str, Any]]:
    """All columns at once, where there was more than one and enough rows; older documents have none."""
    together = document.get("together")
    return [together] if isinstance(together, Mapping) and together.get("effect") is not None else []


def _joint(document: Document) -> list[Mapping[str, Any]]:
    """The questions that were asked of all columns at once."""
    found = _together(document)
    return [*found, *(together["reconstruction"] for together in found if "reconstruction" in together)]


def _row(name: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    told = {
        key: figures.number(row[key], places=3) if row.get(key) is not None else ""
        for key in ("effect", "null_floor", "threshold")
    }
    return {
        "column": name,
        "measure": MEASURES.get(str(row.get("effect_name")), ""),
        "effect": told["effect"],
        "floor": told["null_floor"],
        "threshold": told["threshold"],
        "q": chance(row.get("q")),
        "n": (row.get("n_reference"), row.get("n_current")),
        "verdict": row.get("verdict"),
    }
