"""The part ``inequality`` of the document of a bias audit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from audits.measures.clusters import clustered_error
from audits.measures.cube import Slices
from audits.measures.figures import figure
from audits.measures.grouped import Grouped
from audits.measures.inequality.differential import SMOOTHING, differential_fairness
from audits.measures.inequality.entropy import (
    Floats,
    benefits,
    between_groups,
    generalized_entropy,
    influence,
    theil,
)
from audits.measures.intervals import Z95, simultaneous_z
from audits.measures.rates import RATES, Shares, shares

ALPHA = 2.0


def inequality(groups: Grouped) -> dict[str, Any]:
    """Indices of everybody, their part between the groups of each attribute, and the pair furthest apart."""
    everyone = groups.everyone
    benefit, people = benefits(_mass(everyone)[0])
    whole = generalized_entropy(benefit, people, alpha=ALPHA)
    return {
        "benefit": "prediction - label + 1",
        "generalized_entropy_index": {"alpha": ALPHA}
        | _estimated(whole, influence(benefit, people, alpha=ALPHA), people, groups),
        "theil_index": _estimated(theil(benefit, people), influence(benefit, people, alpha=1), people, groups),
        "attributes": [
            _of_attribute(names, slices, whole, groups)
            for names, slices in (*(((name,), one) for name, one in groups.single.items()), *groups.crossed.items())
        ],
    }


def _mass(slices: Slices) -> Floats:
    return (slices.cells if slices.weights is None else slices.weights).astype(float)


def _estimated(value: float | None, pulls: Floats | None, people: Floats, groups: Grouped) -> dict[str, Any]:
    """An index with its interval on the logarithm, below 0 there is none; ``pulls`` is what one more person moves."""
    made: dict[str, Any] = {"value": None if value is None else figure(value), "ci_low": None, "ci_high": None}
    if value is None:
        return made | {"why": "nobody_benefits"}
    if pulls is None or value <= 0:
        return made
    error, method = standard_error(pulls, people, groups)
    if not math.isfinite(error):
        return made | {"why": "too_few_rows"}
    reach = Z95 * error / value
    low, high = figure(value * float(np.exp(-reach))), figure(value * float(np.exp(reach)))
    return made | {"ci_low": low, "ci_high": high, "method": method}


def standard_error(pulls: Floats, people: Floats, groups: Grouped) -> tuple[float, str]:
    """The error of an index from what one more person of each kind moves it, and how it was had; inf if unknown."""
    mass, rows = people / people.sum(), groups.rows
    if rows is not None and rows.clusters is not None:
        weights = np.ones(len(rows)) if rows.weights is None else rows.weights
        kind = rows.label.astype(np.int64) * 2 + rows.prediction
        error, _ = clustered_error(weights / weights.sum() * pulls[kind], rows.clusters)
        return error, "influence function of clusters, log scale"
    everyone = groups.everyone
    squares = everyone.squares
    effective = float(people.sum()) ** 2 / float(people.sum() if squares is None else squares.sum())
    if effective < 2:
        return math.inf, ""
    return float((mass * np.square(pulls)).sum() / effective) ** 0.5, "influence function, log scale"


def _of_attribute(names: tuple[str, ...], slices: Slices, whole: float | None, groups: Grouped) -> dict[str, Any]:
    plan = groups.plan
    large = slices.only(np.flatnonzero(slices.sizes >= plan.min_group))
    made: dict[str, Any] = {"attributes": list(names), "groups": len(large)}
    counted = shares(large, RATES["selection_rate"])
    found = differential_fairness(counted.k, counted.n)
    if found is None:
        return made | {"why": "fewer_than_two_groups"}
    between = between_groups(_mass(large), alpha=ALPHA)
    made["between_group_generalized_entropy_index"] = None if between is None else figure(between)
    share = None if between is None or not whole else between / whole
    made["between_groups_share"] = None if share is None else figure(min(share, 1.0))
    interval = _epsilon_interval(counted)
    made["differential_fairness"] = {
        "epsilon": figure(found.epsilon),
        "ci_low": figure(interval[0]),
        "ci_high": figure(interval[1]),
        "method": "log ratios of all pairs held jointly (Bonferroni)",
        "smoothing": SMOOTHING,
        "decision": "positive" if found.positive else "negative",
        "slice": large.named(found.high),
        "comparator": large.named(found.low),
    }
    return made


def _epsilon_interval(counted: Shares) -> tuple[float, float]:
    """Limits that hold whichever pair is truly furthest apart: the largest limits of all pairs, held jointly."""
    groups = len(counted.n)
    z = simultaneous_z(groups * (groups - 1), independent=False)
    chance = (counted.k + SMOOTHING) / (counted.n + 2 * SMOOTHING)
    limits = []
    for one in (chance, 1 - chance):
        apart = np.log(one)[:, None] - np.log(one)[None, :]
        variance = (1 - one) / (one * (counted.n + 2 * SMOOTHING))
        reach = z * np.sqrt(variance[:, None] + variance[None, :])
        np.fill_diagonal(reach, 0.0)
        limits.append((float((apart - reach).max()), float((apart + reach).max())))
    return max(0.0, *(low for low, _ in limits)), max(high for _, high in limits)
