"""The three tables: rates, impact ratios, who is unknown, who is left out and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audits.measures.cube import Counts
from audits.measures.figures import figure
from audits.measures.intervals import koopman, share, wilson
from audits.measures.ll144.outcomes import Assessed, Outcome
from audits.measures.ll144.plan import LL144Plan
from audits.measures.naming import listed, quoted
from audits.measures.plan import PlanRejected

SEX, RACE, INTERSECTION = "sex", "race", "intersection"
TABLES = (SEX, RACE, INTERSECTION)
BETWEEN = " & "
# "less than 2 % of the data being used for the bias audit", 6 RCNY 5-301
LEAST_SHARE = 0.02
# Below it a rate says little; the rule knows no such number, so nothing is hidden by it.
SMALL = 30


@dataclass(frozen=True)
class Category:
    """One line of a table: what it is called, and the parts of its name."""

    name: str
    sex: str | None
    race: str | None


def exclusions(plan: LL144Plan, counted: Assessed) -> dict[str, dict[str, str]]:
    """Justifications by table and category name.

    A category is named as it stands in its table: a value of the column of sex or of race, or the two joined by
    ``" & "``. ``COLUMN:VALUE`` says which column where both have the value. Leaving a race out of its table leaves
    no intersection out: each is a choice of its own.

    Raises:
        PlanRejected: no such category, one of two tables without saying which, or one with 2 % of the data or more.
    """
    made: dict[str, dict[str, str]] = {table: {} for table in TABLES}
    for asked, justification in plan.exclude.items():
        places = [place for place in _places(plan, counted) if asked in place[2]]
        if not places:
            known = [*counted.sexes, *counted.races]
            raise PlanRejected(
                "category_not_found",
                f"there is no category {quoted(asked)} to leave out; there are {listed(known)}, and two of them joined"
                f" by {quoted(BETWEEN)}",
            )
        if len(places) > 1:
            raise PlanRejected(
                "category_ambiguous",
                f"{quoted(asked)} is a category of more than one table; write {quoted(plan.sex + ':' + asked)} or"
                f" {quoted(plan.race + ':' + asked)}",
            )
        table, name, _ = places[0]
        for outcome in counted.outcomes:
            _require_small(outcome, table, name, counted)
        made[table][name] = justification.strip()
    return made


def _places(plan: LL144Plan, counted: Assessed) -> list[tuple[str, str, set[str]]]:
    """(table, category, all ways to name it)."""
    places = [(SEX, sex, {sex, f"{plan.sex}:{sex}"}) for sex in counted.sexes]
    places += [(RACE, race, {race, f"{plan.race}:{race}"}) for race in counted.races]
    names = [f"{sex}{BETWEEN}{race}" for sex in counted.sexes for race in counted.races]
    return places + [(INTERSECTION, name, {name}) for name in names]


def _require_small(outcome: Outcome, table: str, name: str, counted: Assessed) -> None:
    categories, people, _, _ = _lines(outcome, table, counted)
    n = int(people[[category.name for category in categories].index(name)])
    of = int(outcome.people.sum())
    if n >= LEAST_SHARE * of:
        raise PlanRejected(
            "category_too_large",
            f"{quoted(name)} has {n:,} of {of:,} people ({n / of:.2%}); only a category with less than 2 % of the data"
            " may be left out (6 RCNY 5-301)",
        )


def _lines(outcome: Outcome, table: str, counted: Assessed) -> tuple[list[Category], Counts, Counts, int]:
    """Categories of a table with people and hits, and how many people are of unknown category in this table.

    Who is unknown in one table still counts in the others.
    """
    people, hits = outcome.people, outcome.hits
    total = int(people.sum())
    if table == SEX:
        categories = [Category(sex, sex, None) for sex in counted.sexes]
        n, k = people[:-1].sum(axis=1), hits[:-1].sum(axis=1)
    elif table == RACE:
        categories = [Category(race, None, race) for race in counted.races]
        n, k = people[:, :-1].sum(axis=0), hits[:, :-1].sum(axis=0)
    else:
        categories = [Category(f"{sex}{BETWEEN}{race}", sex, race) for sex in counted.sexes for race in counted.races]
        n, k = people[:-1, :-1].ravel(), hits[:-1, :-1].ravel()
    return categories, n, k, total - int(n.sum())


def table_of(outcome: Outcome, table: str, counted: Assessed, excluded: Mapping[str, str]) -> dict[str, Any]:
    """One table of one outcome, JSON-ready.

    The impact ratio of a category is its rate over the highest rate of the categories that are not left out (6 RCNY
    5-300). Rates have Wilson's interval, ratios Koopman's with the comparator taken as given: that it was chosen for
    having the highest rate widens the true uncertainty. A left-out category has n, rate and justification, and no
    impact ratio. Categories of nobody have null figures.
    """
    categories, n, k, unknown = _lines(outcome, table, counted)
    everybody = int(outcome.people.sum())
    rates = share(k, n)
    low, high = wilson(k, n)
    takes_part = (n > 0) & np.array([category.name not in excluded for category in categories], dtype=bool)
    comparator = _highest(categories, rates, n, takes_part)
    ratio, ratio_low, ratio_high = (np.full(len(categories), np.nan) for _ in range(3))
    if comparator is not None and rates[comparator] > 0:
        ratio = rates / rates[comparator]
        ratio_low, ratio_high = koopman(k, n, k[comparator], n[comparator])
    rows = []
    for at, category in enumerate(categories):
        is_out = category.name in excluded
        row: dict[str, Any] = {
            "category": category.name,
            "sex": category.sex,
            "race": category.race,
            "n": int(n[at]),
            "k": int(k[at]),
            "rate": figure(rates[at]),
            "ci_low": figure(low[at]),
            "ci_high": figure(high[at]),
            "share": figure(n[at] / everybody),
            "excluded": is_out,
            "justification": excluded.get(category.name),
            "is_highest": at == comparator,
            "impact_ratio": None,
            "ratio_ci_low": None,
            "ratio_ci_high": None,
            "below_four_fifths": None,
        }
        if is_out:
            row["why"] = "excluded"
        elif n[at] == 0:
            row["why"] = "nobody"
        elif math.isnan(ratio[at]):
            row["why"] = "highest_rate_is_zero"
        else:
            row["impact_ratio"] = figure(ratio[at])
            # exact in whole numbers: 0.8 has no exact double
            best_k, best_n = int(k[comparator]), int(n[comparator])
            row["below_four_fifths"] = bool(5 * int(k[at]) * best_n < 4 * best_k * int(n[at]))
            if at != comparator:
                row |= {"ratio_ci_low": figure(ratio_low[at]), "ratio_ci_high": figure(ratio_high[at])}
        rows.append(row)
    measured = rates[takes_part]
    flat = measured.size > 0 and bool(np.all(measured == 0) or np.all(measured == 1))
    return {
        "table": table,
        "outcome": {"kind": outcome.kind, "group": outcome.group},
        "rows": rows,
        "people": int(n.sum()),
        "unknown": unknown,
        "unknown_outcome": counted.rows - everybody,
        "highest": None if comparator is None else categories[comparator].name,
        "compared": int(takes_part.sum()),
        "large": int((takes_part & (n >= SMALL)).sum()),
        "no_information": flat,
    }


def _highest(categories: Sequence[Category], rates: Any, n: Counts, takes_part: Any) -> int | None:
    """The category with the highest rate; of equals the one with the most people, then by name."""
    among = [at for at in range(len(categories)) if takes_part[at]]
    if not among:
        return None
    return min(among, key=lambda at: (-rates[at], -int(n[at]), categories[at].name))
