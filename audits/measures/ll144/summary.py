"""The summary of results as a spreadsheet. A pure function of the document; imports neither numpy nor Django."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audits.measures.spreadsheets import csv_text

HEAD = (
    "table",
    "outcome",
    "category",
    "sex",
    "race_ethnicity",
    "applicants",
    "selected",
    "rate",
    "rate_ci_low",
    "rate_ci_high",
    "impact_ratio",
    "impact_ratio_ci_low",
    "impact_ratio_ci_high",
    "highest",
    "excluded",
    "justification",
)


def outcome_name(outcome: Mapping[str, Any]) -> str:
    """An outcome in one cell: its kind, or the group that people were classified into."""
    return f"classified into {outcome['group']}" if outcome["kind"] == "classified" else str(outcome["kind"])


def summary_csv(document: Mapping[str, Any]) -> str:
    """The tables of a document of ``audit_ll144``, one line per category, then the people of unknown category.

    What was not measured is an empty cell. Cells that a spreadsheet would take for formulas are defused.
    """
    return csv_text(HEAD, _rows(document))


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for made in document["tables"]:
        outcome = outcome_name(made["outcome"])
        for row in made["rows"]:
            yield (
                made["table"],
                outcome,
                row["category"],
                row["sex"],
                row["race"],
                row["n"],
                row["k"],
                row["rate"],
                row["ci_low"],
                row["ci_high"],
                row["impact_ratio"],
                row["ratio_ci_low"],
                row["ratio_ci_high"],
                row["is_highest"],
                row["excluded"],
                row["justification"],
            )
        yield (made["table"], outcome, "(unknown category, in no figure)", None, None, made["unknown"], *[None] * 10)
