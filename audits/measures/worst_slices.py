"""Where a model does worst: leads for a closer look, not findings, because they were picked for being extreme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audits.measures.cube import Slices
from audits.measures.disparities import Contrast
from audits.measures.figures import figure
from audits.measures.intervals import Z95, wilson
from audits.measures.multiplicity import benjamini_hochberg
from audits.measures.naming import DIFFERENCE
from audits.measures.rates import Rate, everyone_else, shares

SHOWN = 10


def worst_slices(
    tables: Sequence[Slices], everyone: Slices, *, rates: Sequence[Rate], min_group: int
) -> list[dict[str, Any]]:
    """Groups and intersections whose rate is worse than everybody's, the surest gaps first.

    Args:
        tables: the groups to look through.
        everyone: one group of all rows.
        rates: what to look at; worse is lower or higher as each rate says.
        min_group: smaller groups are passed over.

    Returns:
        At most ``SHOWN`` of them, ordered by how far the gap surely is from 0; q corrects for every group looked at.
    """
    found: list[tuple[float, dict[str, Any]]] = []
    tests: list[float] = []
    for slices in tables:
        for rate in rates:
            ours, rest = shares(slices, rate), shares(everyone_else(slices), rate)
            overall = shares(everyone, rate)
            mass = rate.counted(slices.cells if slices.weights is None else slices.weights)[1]
            part = mass / mass.sum() if mass.sum() > 0 else np.zeros_like(mass)
            contrast = Contrast(rate, ours, rest, part, np.zeros(len(slices), dtype=bool))
            _, p = contrast.tested()
            gap, gap_low, gap_high = contrast.estimated(DIFFERENCE, Z95)
            low, high = wilson(ours.k, ours.n)
            for group in np.flatnonzero((ours.rows >= min_group) & (rest.rows >= min_group)):
                tests.append(float(p[group]))
                worse_by = -gap_high[group] if rate.best == "high" else gap_low[group]
                row = {
                    "slice": slices.named(int(group)),
                    "metric": rate.name,
                    "n": int(slices.sizes[group]),
                    "k": int(ours.hits[group]),
                    "of": int(ours.rows[group]),
                    "value": figure(ours.value[group]),
                    "ci_low": figure(low[group]),
                    "ci_high": figure(high[group]),
                    "overall": figure(overall.value[0]),
                    "gap": figure(gap[group]),
                    "gap_ci_low": figure(gap_low[group]),
                    "gap_ci_high": figure(gap_high[group]),
                    "p": figure(p[group]),
                }
                found.append((float(worse_by), row))
    for (_, row), q in zip(found, benjamini_hochberg(tests), strict=True):
        row["q"] = figure(q)
    surely_worse = [(worse_by, row) for worse_by, row in found if worse_by > 0]
    surely_worse.sort(key=lambda one: (-one[0], one[1]["metric"], sorted(one[1]["slice"].items())))
    return [row for _, row in surely_worse[:SHOWN]]
