"""Whole clusters drawn anew where answers are numbers: a second path to the intervals of what decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from audits.measures.cluster_bootstrap import MAX_CELLS, limits_of, redrawn
from audits.measures.numeric.ranked import EXPOSURE_RATIO, discounts
from audits.measures.numeric.ratios import RATIOS
from audits.measures.numeric.regression import DISTANCE, LOSSES
from audits.measures.numeric.rows import Floats, Index, NumericRows
from audits.measures.ordering import starts_of_runs
from audits.measures.plan import BiasPlan
from audits.measures.resampling import MIN_REPLICATES, generator

# Rows times replicates of a ranking, whose places are shared out anew in each.
MOST_PLACES = 100_000_000

Limits = tuple[float | None, float | None, str]


def cluster_bootstrap(
    rows: NumericRows, plan: BiasPlan, comparisons: Sequence[dict[str, Any]], *, seed: int
) -> dict[str, Any]:
    """Percentile intervals of the gating comparisons when whole clusters are drawn anew, as a part of the document.

    As ``audits.measures.cluster_bootstrap`` has it of decisions, in the same shape. Of a ranking the places are shared
    out anew in every replicate. The distance of two distributions is above 0 in every replicate, so that percentiles of
    it would be no interval: it has none, and says so.
    """
    replicates = plan.bootstrap
    if rows.clusters is None or replicates < MIN_REPLICATES:
        return {}
    clusters = int(rows.clusters.max()) + 1
    made = []
    for attribute in plan.sensitive:
        wanted = [row for row in comparisons if row["role"] == "gating" and set(row["slice"]) == {attribute}]
        if wanted:
            random = generator(seed, "clusters", attribute)
            limits = _limits(rows, rows.clusters, attribute, wanted, replicates=replicates, random=random)
            made += [_told(row, one, replicates, clusters) for row, one in zip(wanted, limits, strict=True)]
    return {"cluster_bootstrap": made}


def _told(row: dict[str, Any], limits: Limits, replicates: int, clusters: int) -> dict[str, Any]:
    low, high, why = limits
    told = {key: row[key] for key in ("metric", "slice", "comparator")}
    told |= {"ci_low": low, "ci_high": high, "replicates": replicates, "clusters": clusters}
    return told | ({"why": why} if why else {})


def _limits(
    rows: NumericRows,
    clusters: Index,
    attribute: str,
    wanted: Sequence[dict[str, Any]],
    *,
    replicates: int,
    random: np.random.Generator,
) -> Iterator[Limits]:
    column = rows.groups[attribute]
    places = {value: place for place, value in enumerate(column.values)}
    size, many = len(column.values) + 1, int(clusters.max()) + 1
    # one drawing of clusters for all metrics, so that they stand beside each other
    state = random.bit_generator.state
    drawn: dict[str, Floats] = {}
    for row in wanted:
        metric = str(row["metric"])
        if metric == DISTANCE:
            yield None, None, "never_below_zero"
            continue
        if metric == EXPOSURE_RATIO and len(rows) * replicates > MOST_PLACES:
            yield None, None, "too_many_rows"
            continue
        if metric != EXPOSURE_RATIO and many * size > MAX_CELLS:
            yield None, None, "too_many_clusters"
            continue
        if metric not in drawn:
            random.bit_generator.state = state
            if metric == EXPOSURE_RATIO:
                down = rows.prediction[::-1], column.codes[::-1], clusters[::-1]
                drawn[metric] = exposures_redrawn(*down, size, replicates=replicates, random=random)
            else:
                drawn[metric] = _means_redrawn(
                    rows, column.codes, clusters, size, metric, replicates=replicates, random=random
                )
        ours, theirs = (drawn[metric][:, places[row[side][attribute]]] for side in ("slice", "comparator"))
        if metric == EXPOSURE_RATIO:
            yield limits_of(np.divide(ours, theirs, out=np.full_like(ours, np.nan), where=theirs > 0))
        else:
            yield limits_of(ours - theirs)


def _means_redrawn(
    rows: NumericRows,
    codes: Index,
    clusters: Index,
    size: int,
    metric: str,
    *,
    replicates: int,
    random: np.random.Generator,
) -> Floats:
    """One figure of every group in every replicate, shape (replicates, size); nan where a group is not drawn."""
    name = metric.removesuffix("_difference")
    above, below = _added(rows, name)
    weight = np.ones(len(rows)) if rows.weights is None else rows.weights
    many = int(clusters.max()) + 1
    cell = clusters * size + np.where(codes < 0, size - 1, codes)
    sums, held = (np.bincount(cell, weight * one, many * size).reshape(many, size) for one in (above, below))
    parts = []
    for times in redrawn(many, replicates=replicates, random=random):
        total = times @ held
        parts.append(np.divide(times @ sums, total, out=np.full_like(total, np.nan), where=total > 0))
    found = np.concatenate(parts)
    return np.asarray(np.sqrt(found) if name == "root_mean_squared_error" else found)


def _added(rows: NumericRows, name: str) -> tuple[Floats, Floats]:
    """What each row adds above and below; of a mean, one below."""
    for of_task in RATIOS.values():
        if name in of_task:
            return of_task[name](rows)
    return LOSSES[name](rows.label, rows.prediction), np.ones(len(rows))


def exposures_redrawn(
    score: Floats, codes: Index, clusters: Index, size: int, *, replicates: int, random: np.random.Generator
) -> Floats:
    """Mean exposure of every group in rankings of whole clusters drawn anew, shape (replicates, size).

    Args:
        score: shape (rows,), from the highest to the lowest; rows of equal score, and a row and its copies, share
            their places.
        codes: shape (rows,), the group of the row; -1 where it has none, which is the last of the ``size`` groups.
        clusters: shape (rows,), from 0 on.

    Returns:
        nan where a group is not drawn.
    """
    run = np.zeros(len(score), dtype=np.int64)
    starts = starts_of_runs(score)
    run[starts[1:]] = 1
    run = np.cumsum(run)
    group = np.where(codes < 0, size - 1, codes)
    found = np.full((replicates, size), np.nan)
    number, places = 0, np.zeros(1)
    for times in redrawn(int(clusters.max()) + 1, replicates=replicates, random=random):
        for one in times:
            copies = one[clusters]
            length = np.add.reduceat(copies, starts)
            ends = np.cumsum(length)
            if ends[-1] >= len(places):
                places = np.append(0.0, np.cumsum(discounts(2 * int(ends[-1]))))
            gained = places[ends] - places[ends - length]
            each = np.divide(gained, length, out=np.zeros(len(length)), where=length > 0)
            members = np.bincount(group, copies, size)
            seen = np.bincount(group, copies * each[run], size)
            found[number] = np.divide(seen, members, out=np.full(size, np.nan), where=members > 0)
            number += 1
    return found
