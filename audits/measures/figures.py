"""Measured things as JSON-ready data: numbers that mean something, null and a reason where nothing was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from audits.measures.comparisons import Comparison, Part, with_whom
from audits.measures.cube import Slices
from audits.measures.intervals import wilson
from audits.measures.means import Estimated
from audits.measures.rates import CORE, RATES, Combined, balanced_accuracy, f1, shares

# Other processors round the last digits of a logarithm differently; a replay must give the same bytes.
_DIGITS = 10


def figure(number: float) -> float | None:
    """A number of ten significant digits; None for nan and infinity, which JSON does not have."""
    if math.isnan(number) or math.isinf(number):
        return None
    # adding 0 turns -0.0, which prints otherwise, into 0.0
    return float(f"{number:.{_DIGITS}g}") + 0.0


def estimate_of(found: Estimated, *, why: str | None = None) -> dict[str, Any]:
    """A figure with its interval. ``why`` says why there is none, or no interval."""
    made: dict[str, Any] = {
        "value": figure(found.value),
        "ci_low": figure(found.low),
        "ci_high": figure(found.high),
        "method": found.method,
    }
    if why is None and not found.known:
        why = "too_few_rows"
    return made if why is None else made | {"why": why}


def rate_rows(slices: Slices, *, suppress_below: int, core: bool = False) -> list[dict[str, Any]]:
    """Every rate of every group, with its interval; ``core`` only those that others follow from.

    Groups without rows are left out.
    """
    method = "Wilson" + with_whom(slices)
    columns = []
    combined = () if core else (balanced_accuracy(slices), f1(slices))
    for rate in RATES.values():
        if core and rate.name not in CORE:
            continue
        counted = shares(slices, rate)
        columns.append((rate.name, counted, counted.value, *wilson(counted.k, counted.n)))
    rows = []
    for group, size in enumerate(slices.sizes):
        if size == 0:
            continue
        for name, counted, value, low, high in columns:
            row: dict[str, Any] = {"slice": slices.named(group), "metric": name}
            trials = int(counted.rows[group])
            if size < suppress_below or 0 < trials < suppress_below:
                row |= _unmeasured("suppressed", method, n=None if size < suppress_below else int(size))
            elif trials == 0 or math.isnan(value[group]):
                row |= _unmeasured("no_rows", method, n=int(size))
            else:
                row |= {
                    "n": int(size),
                    "k": int(counted.hits[group]),
                    "of": trials,
                    "value": figure(value[group]),
                    "ci_low": figure(low[group]),
                    "ci_high": figure(high[group]),
                    "method": method,
                }
                if slices.weights is not None or slices.design is not None:
                    row["effective_of"] = figure(counted.n[group])
            rows.append(row)
        rows += [_combined_row(one, slices, group, suppress_below) for one in combined]
    return rows


def _combined_row(one: Combined, slices: Slices, group: int, suppress_below: int) -> dict[str, Any]:
    size, trials = int(slices.sizes[group]), int(one.trials[group])
    method = one.method + with_whom(slices)
    row: dict[str, Any] = {"slice": slices.named(group), "metric": one.name}
    if size < suppress_below or 0 < trials < suppress_below:
        return row | _unmeasured("suppressed", method, n=None if size < suppress_below else size)
    if trials == 0 or math.isnan(one.value[group]):
        return row | _unmeasured("no_rows", method, n=size)
    return row | {
        "n": size,
        "k": None,
        "of": None,
        "value": figure(one.value[group]),
        "ci_low": figure(one.low[group]),
        "ci_high": figure(one.high[group]),
        "method": method,
    }


def _unmeasured(why: str, method: str, *, n: int | None) -> dict[str, Any]:
    return {"n": n, "k": None, "of": None, "value": None, "ci_low": None, "ci_high": None, "method": method, "why": why}


def comparison_row(row: Comparison) -> dict[str, Any]:
    """One comparison."""
    needed, comparator_needed = row.rows_needed or (None, None)
    made: dict[str, Any] = {
        "metric": row.disparity.name,
        "kind": row.disparity.kind,
        "scope": row.scope,
        "role": row.role,
        "slice": row.slice,
        "comparator": row.comparator,
        "n": row.n,
        "comparator_n": row.comparator_n,
        "value": figure(row.value),
        "ci_low": figure(row.low),
        "ci_high": figure(row.high),
        "z": figure(row.z),
        "p": figure(row.p),
        "q": figure(row.q),
        "p_holm": figure(row.p_holm),
        "mde": figure(row.mde),
        "threshold": figure(row.threshold),
        "threshold_source": row.threshold_source,
        "takes_part": row.takes_part,
        "verdict": row.verdict,
        "rows_needed": needed,
        "comparator_rows_needed": comparator_needed,
        "method": row.method,
    }
    if row.disparity.composite:
        made["decided_by"] = row.rate if row.n is not None else None
        made["parts"] = [_part(part) for part in row.parts]
    why = row.why or _why_no_value(row)
    if why:
        made["why"] = why
    return made


def _why_no_value(row: Comparison) -> str | None:
    if not math.isfinite(row.value):
        return "comparator_rate_is_zero"
    # the other limits are finite by construction
    return "no_upper_limit" if math.isinf(row.high) else None


def _part(part: Part) -> dict[str, Any]:
    return {
        "rate": part.rate,
        "comparator": dict(part.comparator),
        "n": part.n,
        "comparator_n": part.comparator_n,
        "value": figure(part.value),
        "ci_low": figure(part.low),
        "ci_high": figure(part.high),
        "p": figure(part.p),
    }


def counted_groups(
    slices: Slices,
    *,
    min_group: int,
    suppress_below: int,
    listed: bool,
    missing: int = 0,
    required: Sequence[str] = (),
    lost: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """How many rows each group has, and which take part.

    Hidden groups are named without a number, and counted together. ``listed`` adds the groups one by one.
    """
    sizes = slices.sizes
    lost = lost or {}
    hidden = (sizes > 0) & (sizes < suppress_below)
    small = (sizes >= suppress_below) & (sizes < min_group)
    made: dict[str, Any] = {
        "attributes": list(slices.attributes),
        "groups": int((sizes > 0).sum()),
        "missing_rows": missing,
        "suppressed": {"groups": int(hidden.sum()), "rows": int(sizes[hidden].sum())},
        "too_small": {"groups": int(small.sum()), "rows": int(sizes[small].sum())},
    }
    if listed:
        made["values"] = []
        for group, size in enumerate(sizes):
            value = slices.keys[group][0]
            state = (
                "empty" if size == 0 else "suppressed" if hidden[group] else "too_small" if small[group] else "judged"
            )
            made["values"].append(
                {
                    "value": value,
                    "n": None if hidden[group] else int(size),
                    "state": state,
                    "required": value in required,
                    "dropped_rows": None if hidden[group] else int(lost.get(value, 0)),
                }
            )
        absent = [value for value in required if (value,) not in slices.keys]
        made["values"] += [
            {"value": value, "n": 0, "state": "absent", "required": True, "dropped_rows": 0} for value in absent
        ]
    return made
