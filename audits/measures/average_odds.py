"""The average odds difference, which lets an advantage in one error rate make up for a disadvantage in the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from audits.measures.comparisons import enough_rows
from audits.measures.cube import Slices
from audits.measures.disparities import TEN_POINTS
from audits.measures.grouped import Grouped
from audits.measures.informative import informative_row, judged_family, p_of
from audits.measures.intervals import newcombe
from audits.measures.means import Estimated
from audits.measures.rates import RATES, shares

METRIC = "average_odds_difference"


def average_odds(groups: Grouped) -> list[dict[str, Any]]:
    """Every group of single attributes against the named one, or the largest: for information."""
    rows = []
    for slices in groups.single.values():
        rows += judged_family(_of_attribute(groups, slices))
    return rows


def _of_attribute(groups: Grouped, slices: Slices) -> list[dict[str, Any]]:
    rates = (RATES["true_positive_rate"], RATES["false_positive_rate"])
    enough = enough_rows(slices, rates, groups.plan.min_group)
    (attribute,) = slices.attributes
    named = groups.named_reference.get(attribute)
    if not enough.any():
        return []
    largest = int(np.argmax(np.where(enough, slices.sizes, -1)))
    other = largest if named is None else slices.keys.index((named,))
    if not enough[other]:
        return []
    values, below, above = [], [], []
    for rate in rates:
        counted = shares(slices, rate)
        theirs = counted.take(np.full(len(slices), other))
        low, high = newcombe(counted.k, counted.n, theirs.k, theirs.n)
        value = counted.value - theirs.value
        values.append(value)
        below.append(value - low)
        above.append(high - value)
    mean = (values[0] + values[1]) / 2
    low, high = mean - np.hypot(*below) / 2, mean + np.hypot(*above) / 2
    rows = []
    for group in np.flatnonzero(enough):
        if group == other:
            continue
        found = Estimated(
            float(mean[group]),
            float(low[group]),
            float(high[group]),
            "mean of two differences, Newcombe 10 joined by squares",
        )
        rows.append(
            informative_row(
                METRIC,
                found,
                slice_=slices.named(int(group)),
                comparator=slices.named(other),
                n=int(slices.sizes[group]),
                comparator_n=int(slices.sizes[other]),
                p=p_of(found),
                threshold=TEN_POINTS,
                threshold_source="default",
            )
        )
    return rows
