"""The four-fifths rule of thumb with what it lacks: a test, and how many decisions it hangs on.

The rule: 29 CFR 1607.4(D), Uniform Guidelines on Employee Selection Procedures (1978). It is the agencies' rule of
thumb for a closer look and no threshold of legality: smaller differences may be adverse impact where they are
significant, larger ones may not be where they rest on small numbers. No figure here is a pass.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from audits.measures.cube import Slices
from audits.measures.figures import figure
from audits.measures.grouped import Grouped
from audits.measures.intervals import score_test
from audits.measures.rates import RATES, shares

RULE = "29 CFR 1607.4(D)"
# Beyond "two or three standard deviations" the Supreme Court doubted chance: Hazelwood, 433 U.S. 299, note 14 (1977).
TWO_DEVIATIONS = 2.0
# Selected people whose split between two groups is gone through one by one.
MOST_SPLITS = 2_000_000
# Tables count as unlikely as the one seen within this much, as R and scipy have it.
_AS_UNLIKELY = 1e-7


def four_fifths(groups: Grouped) -> list[dict[str, Any]]:
    """For each attribute every group against the one that is selected most: the part ``four_fifths``.

    Plain counts, without weights: the rule counts people. Where rows come in clusters there is no test. An attribute
    where fewer than two groups are large enough, or where nobody is selected, says why.
    """
    return [_of_attribute(name, slices, groups) for name, slices in groups.single.items()]


def _of_attribute(attribute: str, slices: Slices, groups: Grouped) -> dict[str, Any]:
    plan = groups.plan
    counted = shares(slices, RATES["selection_rate"])
    selected, sizes = counted.hits.astype(np.int64), counted.rows.astype(np.int64)
    made: dict[str, Any] = {"attribute": attribute, "rule": RULE, "highest": None, "groups": []}
    large = np.flatnonzero(sizes >= plan.min_group)
    if len(large) < 2:
        return made | {"why": "fewer_than_two_groups"}
    best = int(max(large, key=lambda one: (selected[one] / sizes[one], sizes[one])))
    if selected[best] == 0:
        return made | {"why": "nobody_selected"}
    made["highest"] = slices.named(best)
    for group in range(len(slices)):
        if group == best or sizes[group] == 0:
            continue
        row: dict[str, Any] = {"slice": slices.named(group), "n": int(sizes[group])}
        if sizes[group] < plan.suppress_below:
            made["groups"].append(row | {"n": None, "state": "suppressed"})
            continue
        k, n, most, of = (int(one) for one in (selected[group], sizes[group], selected[best], sizes[best]))
        # several rows of one person are not as many people: the tests would find too much
        alone = groups.rows is None or groups.rows.clusters is None
        z = float(score_test(k, n, most, of)[0]) if alone else math.nan
        p = fisher(k, n, most, of) if alone else None
        made["groups"].append(
            row
            | {
                "state": "judged" if n >= plan.min_group else "too_small",
                "k": k,
                "value": figure(k / n),
                "highest_value": figure(most / of),
                "impact_ratio": figure(k * of / (n * most)),
                "below_four_fifths": is_below(k, n, most, of),
                "fisher_p": None if p is None else figure(p),
                "z": figure(z),
                "beyond_two_deviations": abs(z) > TWO_DEVIATIONS if alone else None,
                "flips": flips(k, n, most, of),
                **({} if alone else {"why_no_test": "clustered"}),
            }
        )
    return made


def is_below(k: int, n: int, most: int, of: int) -> bool:
    """Whether k / n is below four fifths of most / of; in whole numbers, so that exactly four fifths is not."""
    return 5 * k * of < 4 * most * n


def flips(k: int, n: int, most: int, of: int) -> dict[str, int | None]:
    """How few decisions would turn the answer of the rule around, between these two groups.

    Returns:
        ``group``: people of the group who would have to be selected more (above 0) or fewer (below 0);
        ``highest``: the same of the group selected most. None where no number of them would do.
    """
    if is_below(k, n, most, of):
        more = -(-4 * most * n // (5 * of)) - k
        fewer = most - (5 * k * of) // (4 * n)
        return {"group": more if k + more <= n else None, "highest": -fewer if fewer <= most else None}
    fewer = k - ((4 * most * n - 1) // (5 * of))
    more = (5 * k * of) // (4 * n) + 1 - most
    return {"group": -fewer if fewer <= k else None, "highest": more if most + more <= of else None}


def fisher(k1: int, n1: int, k2: int, n2: int) -> float | None:
    """Fisher's exact test that two groups are selected alike, two-sided.

    The chances of all tables with these margins that are no likelier than the one seen.

    Returns:
        p in (0, 1]; None for more selected people than ``MOST_SPLITS``.

    Source:
        Fisher 1935; the two-sided form of R's fisher.test.

    >>> round(fisher(1, 10, 9, 10), 6)
    0.001095
    """
    selected = k1 + k2
    low, high = max(0, selected - n2), min(n1, selected)
    if high - low > MOST_SPLITS:
        return None
    split = np.arange(low, high, dtype=float)
    # the chance of the next split over that of this one
    with np.errstate(divide="ignore"):
        ratios = np.log(n1 - split) + np.log(selected - split) - np.log(split + 1) - np.log(n2 - selected + split + 1)
    chances = np.concatenate([[0.0], np.cumsum(ratios)])
    chances -= chances.max()
    as_unlikely = chances <= chances[k1 - low] + math.log1p(_AS_UNLIKELY)
    weights = np.exp(chances)
    return min(float(weights[as_unlikely].sum() / weights.sum()), 1.0)
