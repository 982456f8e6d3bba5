"""The summary of results under New York City Local Law 144 as a page of its own, and its parts in words.

Pure functions of the document of ``audits.measures.ll144.audit``: they read no database, and the page needs neither
style sheets nor scripts from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from audits.measures.ll144.plan import FOUR_FIFTHS, last_day
from governance.web.templatetags import charts, figures

Document = Mapping[str, Any]


def summary_html(document: Document, *, audited_on: str | None = None, published_on: str | None = None) -> str:
    """The summary of results as one HTML page, for publishing and for A4, in the language in force.

    Args:
        document: of ``audit_ll144``.
        audited_on: the day of the audit, YYYY-MM-DD, where the plan states none.
        published_on: the day of publication, where it is published by this product.
    """
    stated = dict(document["record"])
    audit_date = stated["audit_date"] or audited_on
    context = {
        "language": translation.get_language(),
        "document": document,
        "record": stated,
        "published_on": _in_words(published_on),
        "audit_date": audit_date,
        "last_day": last_day(audit_date) if audit_date else None,
        "facts": facts(document, audit_date=audit_date),
        "tables": tables_shown(document),
        "left_out": [row for made in document["tables"] for row in made["rows"] if row["excluded"]],
    }
    return render_to_string("evidence/ll144_summary.html", context)


def tables_shown(document: Document) -> list[dict[str, Any]]:
    """The tables with titles, and with figures as they are read in the language in force."""
    return [
        {
            **made,
            "title": table_title(made),
            "rows": [
                {**row, **_in_figures(row), "mark": mark} for row, mark in zip(made["rows"], marks(made), strict=True)
            ],
        }
        for made in document["tables"]
    ]


def marks(made: Mapping[str, Any]) -> list[charts.Mark]:
    """Where rates and their intervals stand on a scale from 0 that the rows of a table share."""
    rows = made["rows"]
    scale = charts.scale_for([row[end] for row in rows for end in ("rate", "ci_low", "ci_high")])
    return [
        charts.mark_for(
            scale=scale, value=row["rate"], low=row["ci_low"], high=row["ci_high"], verdict="", few=row["excluded"]
        )
        for row in rows
    ]


def _in_figures(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "rate_shown": figures.figure("rate", row["rate"]),
        "rate_interval": figures.interval("rate", row["ci_low"], row["ci_high"]),
        # rounded, but not onto the number that the EEOC's guidelines name
        "ratio_shown": figures.figure("ratio", row["impact_ratio"], limit=FOUR_FIFTHS),
        "ratio_interval": ""
        if row["ratio_ci_low"] is None
        else figures.interval("ratio", row["ratio_ci_low"], row["ratio_ci_high"]),
    }


def table_title(made: Mapping[str, Any]) -> str:
    """The heading of a table: what by which category."""
    by = {
        "sex": _("by sex"),
        "race": _("by race or ethnicity"),
        "intersection": _("by sex and race or ethnicity"),
    }[made["table"]]
    return f"{outcome_words(made['outcome'])} {by}"


def outcome_words(outcome: Mapping[str, Any]) -> str:
    """What is counted."""
    if outcome["kind"] == "classified":
        return _("Classified into %(group)s") % {"group": outcome["group"]}
    return {"selected": _("Selected"), "scored_above_median": _("Scored above the median")}.get(
        outcome["kind"], str(outcome["kind"])
    )


def facts(document: Document, *, audit_date: str | None) -> list[tuple[str, str | None]]:
    """What a summary has to state beside its figures; None for what nobody has stated."""
    record = document["record"]
    said: list[tuple[str, str | None]] = [
        (_("Tool"), record["tool"]),
        (_("Date of the audit"), _in_words(audit_date)),
        (_("Last day of use on this audit"), _in_words(last_day(audit_date)) if audit_date else None),
        (_("In use since (distribution date)"), _in_words(record["distribution_date"])),
        (_("Kind of data"), _("test data") if record["data"] == "test" else _("historical data")),
        (_("Source of the data"), record["data_source"]),
    ]
    if record["data"] == "test":
        said.append((_("Why no historical data are used"), record["test_data_reason"]))
        said.append((_("How the test data were made and obtained"), record["test_data_method"]))
    said.append((_("Auditor"), record["auditor"]))
    said.append((_("Statement of independence"), record["independence"]))
    return said


def _in_words(day: str | None) -> str | None:
    """A day that is stated as YYYY-MM-DD; what is none stays as it was stated."""
    found = figures.moment(day)
    return day if found is None else figures.day(found)


def sentence(document: Document) -> str:
    """What the audit came to. The law sets no limit, so it never says that a tool passes."""
    return {
        "pass": _("Every table is calculated. The law sets no limit for the ratios: who uses the tool decides."),
        "warn": _(
            "Outcomes are unknown, or the summary lacks a statement; the findings say which. The law sets no limit for"
            " the ratios."
        ),
        "insufficient_data": _("A table has fewer than two categories to compare."),
        "no_information": _("Every rate is the same, 0 or 1, so the ratios say nothing."),
    }.get(str(document.get("verdict")), "")
