"""Sensitive attributes: who is in the table, and whose cells are empty; as findings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from audits.measures.data.columns import Column
from audits.measures.data.findings import Findings
from audits.measures.data.groups import Gap, against_population, missing_by_group, shares_of_groups
from audits.measures.data.plan import DataPlan
from audits.measures.data.thresholds import ALPHA, MIN_ROWS, MISSING_GAP
from audits.measures.figures import figure
from audits.measures.multiplicity import benjamini_hochberg
from audits.measures.tables.refusals import TooManyValues

Columns = dict[str, Column]
MAX_GROUPS = 1_000


def at_groups(columns: Columns, plan: DataPlan, findings: Findings, *, tick: Callable[[], None]) -> dict[str, Any]:
    """Representation and missingness by group of each sensitive attribute.

    Raises:
        TooManyValues: an attribute has more than ``MAX_GROUPS`` groups.
    """
    if not plan.sensitive:
        return {}
    representation, tables = [], []
    gaps: list[Gap] = []
    for name in plan.sensitive:
        attribute = columns[name]
        if len(attribute.values) > MAX_GROUPS:
            # no examples: they could be names of people
            raise TooManyValues(name, MAX_GROUPS, ["(not shown)"])
        representation.append(_represented(attribute, plan, findings))
        for column in columns.values():
            if column.name != name and 0 < column.missing < column.rows:
                rows, gap = missing_by_group(column, attribute)
                tables.append({"column": column.name, "attribute": name, "groups": rows[:20]})
                gaps += [gap] if gap is not None else []
        tick()
    _judge(gaps, findings)
    tests: list[dict[str, Any]] = [
        {
            "column": gap.column,
            "attribute": gap.attribute,
            "gap": figure(gap.size),
            "p": figure(gap.p),
            "q": figure(gap.q),
        }
        for gap in gaps
    ]
    tests.sort(key=lambda row: (row["q"], row["column"], row["attribute"]))
    tables.sort(key=lambda table: (table["attribute"], table["column"]))
    return {"representation": representation, "missing_by_group": tables, "missing_tests": tests}


def _represented(attribute: Column, plan: DataPlan, findings: Findings) -> dict[str, Any]:
    name = attribute.name
    counts = attribute.counts
    tiny = counts < MIN_ROWS
    if tiny.any():
        found: dict[str, Any] = {"groups": int(tiny.sum()), "rows": int(counts[tiny].sum()), "min_rows": MIN_ROWS}
        findings.add("data.group_tiny", name, attribute=name, **found)
    if len(attribute.values) < 2:
        findings.add("data.groups_too_few", name, attribute=name, groups=len(attribute.values))
    if attribute.missing:
        findings.add("data.group_unknown", name, attribute=name, rows=attribute.missing, of=attribute.rows)
    made: dict[str, Any] = {
        "attribute": name,
        "groups": shares_of_groups(attribute)[:100],
        "unknown": attribute.missing,
    }
    population = plan.population.get(name)
    if population:
        rows, p = against_population(attribute, dict(population))
        met = sum(row["n"] for row in rows)
        if met < MIN_ROWS:
            findings.add("data.population_not_met", name, attribute=name, rows=met, of=attribute.present)
        made["population"] = {"groups": rows, "p": figure(p), "elsewhere": attribute.present - met}
        if met >= MIN_ROWS and p <= ALPHA:
            worst = max(rows, key=lambda row: (abs(row["share"] - row["population_share"]), row["group"]))
            findings.add("data.represented_otherwise", name, attribute=name, q=figure(p), **worst)
    return made


def _judge(gaps: list[Gap], findings: Findings) -> None:
    for gap, q in zip(gaps, benjamini_hochberg([gap.p for gap in gaps]), strict=True):
        gap.q = float(q)
        if gap.q <= ALPHA and gap.size >= MISSING_GAP:
            worst = {key: gap.worst[key] for key in ("group", "share", "low", "high", "n")}
            findings.add(
                "data.missing_by_group",
                f"{gap.column} by {gap.attribute}",
                column=gap.column,
                attribute=gap.attribute,
                other=gap.best["group"],
                other_share=gap.best["share"],
                q=figure(gap.q),
                **worst,
            )
