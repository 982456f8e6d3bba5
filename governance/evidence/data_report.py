"""The documents of data and drift audits as a page shows them. Figures are those that the audit stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from audits.models import Run
from governance.evidence import drift_report
from governance.evidence.wording.drift import MEASURES
from governance.web.templatetags import figures

Document = Mapping[str, Any]
# Columns that are shown at once; the worst stand first, the document has them all.
MOST_COLUMNS = 200
# Columns that a sentence names.
_NAMED = 3


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
    if document is not None and "performance" in document:
        return drift_report.sentence(document, of_columns=_drifted(document))
    return {
        "pass": _("No column has drifted."),
        "warn": _("A column has moved far, and chance cannot be ruled out."),
        "fail": _drifted(document),
        "insufficient_data": _("A column cannot be judged."),
        "no_information": _("There is nothing to compare."),
    }.get(run.verdict, "")


def _drifted(document: Document | None) -> str:
    """Which columns have drifted, the worst first."""
    names = [str(row["column"]) for row in (document or {}).get("columns", ()) if row.get("verdict") == "fail"]
    if not names and ((document or {}).get("together") or {}).get("verdict") == "fail":
        return _("No column has drifted by itself; together they have, further than the limit and beyond chance.")
    if not names:
        return _("A column has drifted, further than the limit and beyond chance.")
    told = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        told = _("%(columns)s and others") % {"columns": told}
    return ngettext(
        "%(n)s column has drifted, further than the limit and beyond chance: %(columns)s.",
        "%(n)s columns have drifted, further than the limit and beyond chance: %(columns)s.",
        len(names),
    ) % {"n": figures.number(len(names)), "columns": told}


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


def drift_rows(document: Document) -> list[dict[str, Any]]:
    """What a drift audit judged: all columns at once, then each, worst first: effect beside its limit and what noise
    reaches, q, verdict."""
    rows = [_drift_row(_("all columns together"), together) for together in _together(document)]
    rows += [
        _drift_row(_("all columns together, principal components"), together["reconstruction"])
        for together in _together(document)
        if "reconstruction" in together
    ]
    for row in list(document.get("columns", ()))[:MOST_COLUMNS]:
        rows.append(_drift_row(row.get("column"), row))
        if "words" in row:
            rows.append(_drift_row(_("%(column)s: its words") % {"column": row.get("column")}, row["words"]))
    return rows


def _together(document: Document) -> list[Mapping[str, Any]]:
    """All columns at once, where there was more than one and enough rows; older documents have none."""
    together = document.get("together")
    return [together] if isinstance(together, Mapping) and together.get("effect") is not None else []


def _drift_row(name: Any, row: Mapping[str, Any]) -> dict[str, Any]:
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
        "q": drift_report.chance(row.get("q")),
        "n": (row.get("n_reference"), row.get("n_current")),
        "verdict": row.get("verdict"),
    }


def rows_named(document: Document | None) -> dict[str, str]:
    """Row numbers to look at by finding (code and place)."""
    where = document.get("where", {}) if document is not None else {}
    return {
        str(place): _("Rows to look at, counted from 1 below the header: %(rows)s.")
        % {"rows": ", ".join(str(row) for row in rows)}
        for place, rows in where.items()
    }
