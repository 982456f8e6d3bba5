"""The part of a bias document about the worst slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audits.measures.figures import figure
from audits.measures.kept_rows import JudgedRows
from audits.measures.multiplicity import benjamini_hochberg
from audits.measures.plan import BiasPlan
from audits.measures.slices import discovery
from audits.measures.slices.confirmation import Confirmed, attribution, confirm
from audits.measures.slices.cutting import factors_of
from audits.measures.slices.discovery import Lead, masks
from audits.measures.slices.factors import Factor, frequent
from audits.measures.slices.halves import halves
from audits.measures.slices.quantities import MEAN_LOSS, Rows, quantities, rows_to_sum

SHOWN = 15
# So many slices are tested at most: each costs the others power.
TESTED = 40
FALSE_DISCOVERIES = 0.10
DEPTH = 3
SMALLEST_SUPPORT = 30


def slices_of(rows: JudgedRows, plan: BiasPlan, *, seed: int) -> dict[str, Any]:
    """``worst_slices`` over features and sensitive columns, and ``slice_search``, how they were looked for.

    Nothing where the plan names no features. Only slices that the second half confirms (q at most .10 among those
    tested) are shown, at most ``SHOWN``.
    """
    if not plan.features:
        return {}
    first = halves(rows, seed=seed, purpose="slices")
    at_least = max(SMALLEST_SUPPORT, -(-len(rows) // 200))
    kept, told = [], []
    for whole in factors_of(rows, plan, learned=first, at_least=at_least):
        factor, about = frequent(whole, at_least=2 * at_least)
        told.append(about)
        if factor is not None:
            kept.append(factor)
    summable, no_loss = rows_to_sum(rows)
    finding, testing = summable.only(first), summable.only(~first)
    measured = quantities(summable)
    found = discovery.Search([], 0)
    if kept:
        found = discovery.search(_rows_of(kept, first), finding, measured, at_least=at_least)
    leads = discovery.distinct(found.leads, _rows_of(kept, first), most=TESTED)
    shown = _confirmed(leads, _rows_of(kept, ~first), testing)
    search: dict[str, Any] = {
        "rows_discovery": int(first.sum()),
        "rows_test": int((~first).sum()),
        "min_rows": at_least,
        "depth": DEPTH,
        "false_discovery_rate": FALSE_DISCOVERIES,
        "quantities": [quantity.name for quantity in measured],
        "columns": told,
        "slices": found.slices,
        "tested": len(leads),
        "found": len(shown),
    }
    if rows.clusters is not None:
        search["clusters"] = int(rows.clusters.max(initial=-1)) + 1
    if no_loss:
        search["not_measured"] = {MEAN_LOSS: no_loss}
    return {"worst_slices": shown[:SHOWN], "slice_search": search}


def _rows_of(factors: Sequence[Factor], half: discovery.Flags) -> list[Factor]:
    return [Factor(one.name, one.kind, one.values, one.codes[half]) for one in factors]


def _confirmed(leads: Sequence[Lead], factors: Sequence[Factor], rows: Rows) -> list[dict[str, Any]]:
    """The leads that hold on these rows, surest first, as rows of the document."""
    tested = [(lead, confirm(masks(factors, lead.items), lead.quantity, rows)) for lead in leads]
    # What cannot be measured has been tested all the same: it must not make the others look surer.
    p = [1.0 if result.p != result.p else result.p for _, result in tested]
    q = benjamini_hochberg(p)
    order = sorted(range(len(tested)), key=lambda at: (p[at], -abs(tested[at][1].gap), at))
    return [
        _row(*tested[at], q=float(q[at]), factors=factors, rows=rows)
        for at in order
        if q[at] <= FALSE_DISCOVERIES and tested[at][1].gap * tested[at][0].quantity.worse > 0
    ]


def _row(lead: Lead, found: Confirmed, *, q: float, factors: Sequence[Factor], rows: Rows) -> dict[str, Any]:
    named = {factors[factor].name: factors[factor].values[value] for factor, value in lead.items}
    parts = attribution([masks(factors, (item,)) for item in lead.items], lead.quantity, rows)
    inside = masks(factors, lead.items)
    counted = int(found.moments.rows[0])
    row: dict[str, Any] = {
        "slice": named,
        "metric": lead.quantity.name,
        "n": int(inside.sum()),
        "k": None if lead.quantity.rate is None else int(found.moments.hits[0]),
        "of": counted,
        "value": figure(float(found.moments.value[0])),
        "ci_low": figure(found.low),
        "ci_high": figure(found.high),
        "overall": figure(found.overall),
        "gap": figure(found.gap),
        "gap_ci_low": figure(found.gap_low),
        "gap_ci_high": figure(found.gap_high),
        "p": figure(found.p),
        "q": figure(q),
        "method": found.method,
        "discovered": {"n": lead.rows, "value": figure(lead.value), "gap": figure(lead.gap)},
        "parts": {name: figure(part) for name, part in zip(named, parts, strict=True)},
    }
    if rows.weight is not None or rows.clusters is not None:
        row["effective_of"] = figure(float(found.moments.n[0]))
    return row
