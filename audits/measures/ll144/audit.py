"""The audit under Local Law 144: a table of people and a plan in, the document with the three tables out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import rfc8785

from audits.measures.figures import figure
from audits.measures.ll144.outcomes import Assessed, Progress, assessed
from audits.measures.ll144.plan import FOUR_FIFTHS, LL144Plan, last_day
from audits.measures.ll144.reasons import CODES
from audits.measures.ll144.tables import INTERSECTION, LEAST_SHARE, SMALL, TABLES, exclusions, table_of
from audits.measures.tables.opening import Table, open_table
from audits.measures.verdicts import worst

RULE = {
    "law": "New York City Local Law 144 of 2021",
    "rule": "6 RCNY 5-300 to 5-304",
    "enforced_from": "2023-07-05",
    "limit": None,
}
_MOST_NAMED = 20


def open_for(source: str | Path | IO[bytes], plan: LL144Plan, *, counting: Callable[[], None] | None = None) -> Table:
    """Open a table with the columns that a plan reads.

    Raises:
        TableRejected: not a table, or a column is missing.
    """
    columns = [plan.sex, plan.race, *(name for name in (plan.selected, plan.group) if name)]
    return open_table(source, columns=columns, numbers=[plan.score] if plan.score else [], counting=counting)


def audit_ll144(table: Table, plan: LL144Plan, *, progress: Progress | None = None) -> dict[str, Any]:
    """Selection or scoring rates and impact ratios by sex, race or ethnicity, and both (6 RCNY 5-301).

    Args:
        table: opened by ``open_for`` with the same plan; it is read once. One row per person assessed.
        plan: the columns, the categories that are left out with the auditor's justification, what is published.
        progress: told rows done and rows known after every chunk; what it raises passes through.

    Returns:
        The document, JSON-ready; ``digest`` is the SHA-256 of the RFC 8785 form of all the rest, the same for the same
        rows in any order. ``verdict`` is about the calculation alone, because the law sets no limit: *pass*, every
        table could be calculated and the record for the summary is complete; *warn*, calculated, with outcomes or
        statements missing; *insufficient_data*, a table has fewer than two categories to compare, or that by sex or by
        race fewer than two of at least ``SMALL`` people; *no_information*, every rate of every table is 0 or every one
        is 1. Never *fail*.

    Raises:
        TableRejected: the table cannot be read or cannot support the audit.
        PlanRejected: a category cannot be left out.
    """
    counted = assessed(table, plan, progress=progress)
    excluded = exclusions(plan, counted)
    tables = [table_of(outcome, name, counted, excluded[name]) for outcome in counted.outcomes for name in TABLES]
    reasons = _reasons(tables, counted, plan)
    audit_date = plan.record.audit_date
    document: dict[str, Any] = {
        "verdict": _verdict(tables, reasons),
        "rows": counted.rows,
        "rows_used": counted.rows - counted.unknown_outcomes,
        "rows_dropped": {"unknown_outcome": counted.unknown_outcomes} if counted.unknown_outcomes else {},
        "unread_outcomes": _counts(counted.unread),
        "unknown_categories": {name: _counts(said) for name, said in counted.unknown_values.items()},
        "read_as": {name: list(values) for name, values in counted.read_as.items()},
        "median": next((figure(one.median) for one in counted.outcomes if one.median is not None), None),
        "tables": tables,
        "exclusion": {
            "share_below": LEAST_SHARE,
            "of": "people with a known outcome, those of unknown category included",
            "denominators": [
                {"outcome": {"kind": outcome.kind, "group": outcome.group}, "people": int(outcome.people.sum())}
                for outcome in counted.outcomes
            ],
            "comparator": "categories that are left out do not set the highest rate",
        },
        "four_fifths": {"value": FOUR_FIFTHS, "source": "29 CFR 1607.4(D)", "role": "information"},
        "rule": RULE,
        "record": {**_record(plan), "gaps": plan.record.gaps()},
        "last_day_of_use": None if audit_date is None else last_day(audit_date),
        "reasons": reasons,
        "plan": plan.as_document(),
        "methods": {"rate": "Wilson", "impact_ratio": "Koopman, comparator taken as given"},
    }
    document["digest"] = hashlib.sha256(rfc8785.dumps(document)).hexdigest()
    return document


def _record(plan: LL144Plan) -> dict[str, Any]:
    stated = plan.as_document()
    return {
        name: stated[name]
        for name in (
            "tool",
            "data",
            "data_source",
            "test_data_reason",
            "test_data_method",
            "audit_date",
            "distribution_date",
            "auditor",
            "independence",
        )
    }


def _counts(said: Any) -> dict[str, int]:
    """Spellings with their counts, the most frequent twenty; "" is a blank cell."""
    ordered = sorted(said.items(), key=lambda one: (-one[1], one[0]))
    return {value: rows for value, rows in ordered[:_MOST_NAMED] if rows}


def _verdict(tables: list[dict[str, Any]], reasons: list[dict[str, Any]]) -> str:
    if all(made["no_information"] for made in tables):
        return "no_information"
    found = ["pass"]
    if any(made["compared"] < 2 or _has_too_few_people(made) for made in tables):
        found.append("insufficient_data")
    if any(CODES[reason["code"]][0] != "info" for reason in reasons):
        found.append("warn")
    return worst(found)


def _reasons(tables: list[dict[str, Any]], counted: Assessed, plan: LL144Plan) -> list[dict[str, Any]]:
    made = [reason for one in tables for reason in _of_table(one)]
    if counted.unknown_outcomes:
        values = [value or "(blank)" for value in _counts(counted.unread)]
        made.append(
            _reason("ll144.unknown_outcomes", "", rows=counted.unknown_outcomes, of=counted.rows, values=values)
        )
    if gaps := plan.record.gaps():
        made.append(_reason("ll144.record_incomplete", "", fields=gaps))
    return made


def _has_too_few_people(made: dict[str, Any]) -> bool:
    """Whether a table by sex or by race has fewer than two categories of which a rate can be told at all.

    The rule knows no such number and wants the figures published; that they can be calculated does not make them data.
    Intersections are small by nature, and their parts are in the other two tables.
    """
    return bool(made["table"] != INTERSECTION and made["large"] < 2)


def _of_table(made: dict[str, Any]) -> Iterable[dict[str, Any]]:
    table, group = made["table"], made["outcome"]["group"] or ""
    locus = f"{table} {group}".strip()
    told = {"table": table, "outcome": group or made["outcome"]["kind"]}
    rows = {row["category"]: row for row in made["rows"]}
    best = rows.get(made["highest"])
    if made["compared"] < 2:
        yield _reason("ll144.too_few_categories", locus, **told, categories=made["compared"])
    elif _has_too_few_people(made):
        yield _reason("ll144.too_few_people", locus, **told, categories=made["large"], least=SMALL)
    if made["no_information"] and best is not None:
        yield _reason("ll144.no_information", locus, **told, rate=best["rate"], n=made["people"])
        return
    if best is None:
        return
    if best["n"] < SMALL:
        yield _reason("ll144.small_comparator", locus, **told, category=best["category"], n=best["n"])
    left_out = [row for row in made["rows"] if row["excluded"] and row["rate"] is not None]
    above = [row for row in left_out if row["rate"] > best["rate"]]
    if above:
        top = max(above, key=lambda row: (row["rate"], row["category"]))
        yield _reason(
            "ll144.excluded_has_highest_rate",
            locus,
            **told,
            category=top["category"],
            rate=top["rate"],
            comparator=best["category"],
            comparator_rate=best["rate"],
        )
    below = [row for row in made["rows"] if row["below_four_fifths"]]
    if below:
        lowest = min(row["impact_ratio"] for row in below)
        names = [row["category"] for row in below]
        yield _reason("ll144.below_four_fifths", locus, **told, categories=names, lowest=lowest)


def _reason(code: str, locus: str, **params: Any) -> dict[str, Any]:
    assert set(params) == set(CODES[code][1]), code  # noqa: S101 - a code always carries the same parameters
    return {"code": code, "locus": locus, "params": params}
