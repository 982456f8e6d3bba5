"""What the page of a run shows beside the parts that all runs have: by kind, a partial and its context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from audits.models import Run
from governance.evidence import files_report, ll144_summary, stress_report, text_reports, trial_report

Document = Mapping[str, Any]


def report_of(run: Run, document: Document) -> dict[str, Any]:
    """``report`` (a template) and what it shows; empty for a kind that has none."""
    found = _REPORTS.get(run.kind)
    return {} if found is None else {"report": found[0], **found[1](run, document)}


def sentence_of(run: Run, document: Document) -> str:
    """The verdict of a kind in a sentence; "" for a kind that has none here."""
    found = _SENTENCES.get(run.kind)
    return "" if found is None else found(document)


def question_of(kind: str) -> str:
    """What an audit asks, for the line below the title."""
    return {
        "bias": _("Are all groups treated alike within the limits of the audit plan?"),
        "license": _("Does the declared licence allow the declared use?"),
        "card": _("Does the card say what a reviewer needs?"),
        "metrics": _("What do metrics of our own say of each group?"),
        "mitigation": _("How could the gap be narrowed, and at what cost?"),
        "data": _("Can results that rest on this data be relied on?"),
        "drift": _("Is the data of today still like the data that was judged?"),
        "ll144": _("How often is each category selected, and how does that compare? (6 RCNY 5-300 to 5-304)"),
        "counterfactual": _("Do answers follow whom a text is about, more than any edit at that place explains?"),
        "files": _("Would loading these files run anything, and was every byte of them looked at?"),
        "stress": _("Do answers hold when inputs change as people and machines change them?"),
        "suite": _("Is the model right in each kind of case that it has to master?"),
        "trial": _("What does the model answer to what somebody typed?"),
    }.get(kind, "")


def _ll144(run: Run, document: Document) -> dict[str, Any]:
    tables = [
        {
            **made,
            "ratios": [
                {
                    "label": row["category"],
                    "n": row["n"],
                    "value": row["impact_ratio"],
                    "low": row["ratio_ci_low"],
                    "high": row["ratio_ci_high"],
                }
                for row in made["rows"]
                if row["impact_ratio"] is not None
            ],
        }
        for made in ll144_summary.tables_shown(document)
    ]
    audited_on = audit_date(run)
    return {
        "tables": tables,
        "facts": ll144_summary.facts(document, audit_date=document["record"]["audit_date"] or audited_on),
    }


def audit_date(run: Run) -> str | None:
    """The day on which a run ended, for documents that state no day of their own."""
    return None if run.finished_at is None else run.finished_at.date().isoformat()


def _counterfactual(_run: Run, document: Document) -> dict[str, Any]:
    return {
        "excess": text_reports.excess_chart(document),
        "flips": text_reports.flip_charts(document),
        "shift": text_reports.shift_chart(document),
        "directions": text_reports.directions(document),
    }


def _suite(_run: Run, document: Document) -> dict[str, Any]:
    return {
        "functionality_charts": text_reports.suite_charts(document),
        "target_chart": text_reports.target_chart(document),
        "gap": text_reports.target_gap(document),
        "wrong": text_reports.suite_examples(document),
    }


_REPORTS: dict[str, tuple[str, Callable[[Run, Document], dict[str, Any]]]] = {
    "ll144": ("evidence/partials/ll144.html", _ll144),
    "counterfactual": ("evidence/partials/counterfactual.html", _counterfactual),
    "suite": ("evidence/partials/suite.html", _suite),
    "files": ("evidence/partials/files.html", files_report.shown),
    "stress": ("evidence/partials/stress.html", stress_report.shown),
    "trial": ("evidence/partials/trial.html", trial_report.shown),
}
_SENTENCES: dict[str, Callable[[Document], str]] = {
    "ll144": ll144_summary.sentence,
    "counterfactual": text_reports.counterfactual_sentence,
    "suite": text_reports.suite_sentence,
    "files": files_report.sentence,
    "stress": stress_report.sentence,
    "trial": trial_report.sentence,
}
