"""Whole clusters drawn anew: a second path to the intervals of what decides, beside that by the design effect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from audits.measures.clusters import group_of
from audits.measures.comparisons import Comparison
from audits.measures.cube import Slices
from audits.measures.figures import figure
from audits.measures.grouped import Grouped
from audits.measures.kept_rows import Index, JudgedRows
from audits.measures.means import Floats
from audits.measures.naming import DIFFERENCE
from audits.measures.resampling import MIN_REPLICATES, generator

# Clusters times groups that are held as a table of counts, and replicates that are drawn together.
MAX_CELLS = 2_000_000
_TOGETHER = 50
# A share of replicates in which nobody is left to compare, beyond which there is no interval.
_MOST_EMPTY = 0.05


def cluster_bootstrap(groups: Grouped, gating: Sequence[Comparison], *, seed: int) -> dict[str, Any]:
    """Percentile intervals of the gating comparisons under resampling of whole clusters, as a part of the document.

    Clusters are drawn with replacement, as many as there are, each with all of its rows in whatever groups they are,
    so that what rows of a cluster have in common stays together (Davison and Hinkley 1997, Bootstrap Methods and
    their Application, 3.8). The verdict rests on the design effect; this is to be seen beside it.

    Returns:
        ``{"cluster_bootstrap": [{"metric", "slice", "comparator", "ci_low", "ci_high", "replicates", "clusters",
        "why"?}]}``; nothing where the plan names no clusters or no replicates.
    """
    rows, replicates = groups.rows, groups.plan.bootstrap
    if rows is None or rows.clusters is None or replicates < MIN_REPLICATES:
        return {}
    made: list[dict[str, Any]] = []
    for attribute, slices in groups.single.items():
        wanted = [row for row in gating if row.attributes == (attribute,) and row.takes_part]
        if not wanted:
            continue
        codes = rows.clusters
        clusters = int(codes.max()) + 1
        limits: list[tuple[float | None, float | None, str]]
        if clusters * (len(slices) + 1) > MAX_CELLS:
            limits = [(None, None, "too_many_clusters")] * len(wanted)
        else:
            random = generator(seed, "clusters", attribute)
            drawn = _drawn(rows, codes, slices, replicates=replicates, random=random)
            limits = [limits_of(_values(row, slices, drawn)) for row in wanted]
        for row, (low, high, why) in zip(wanted, limits, strict=True):
            one = {
                "metric": row.disparity.name,
                "slice": row.slice,
                "comparator": row.comparator,
                "ci_low": low,
                "ci_high": high,
                "replicates": replicates,
                "clusters": clusters,
            }
            made.append(one | ({"why": why} if why else {}))
    return {"cluster_bootstrap": made}


def redrawn(clusters: int, *, replicates: int, random: np.random.Generator) -> Iterator[Index]:
    """How often every cluster is in each of some replicates, piece by piece: shape (some, clusters)."""
    chances = np.full(clusters, 1 / clusters)
    for begin in range(0, replicates, _TOGETHER):
        yield random.multinomial(clusters, chances, size=min(_TOGETHER, replicates - begin))


def _drawn(rows: JudgedRows, codes: Index, slices: Slices, *, replicates: int, random: np.random.Generator) -> Floats:
    """Confusion counts of every replicate, shape (replicates, groups + 1, 2, 2); the last group is of rows in none.

    ``codes`` are the clusters of the rows, from 0 on.
    """
    size, clusters = len(slices) + 1, int(codes.max()) + 1
    group = np.where((found := group_of(slices, rows)) < 0, len(slices), found)
    cell = ((codes * size + group) * 2 + rows.label) * 2 + rows.prediction
    counts = np.bincount(cell, rows.weights, clusters * size * 4).reshape(clusters, size * 4).astype(float)
    parts = [times @ counts for times in redrawn(clusters, replicates=replicates, random=random)]
    return np.concatenate(parts).reshape(replicates, size, 2, 2)


def _values(row: Comparison, slices: Slices, drawn: Floats) -> Floats:
    """The comparison in every replicate, shape (replicates,); nan where somebody is missing."""
    place = slices.keys.index((row.slice[row.attributes[0]],))
    other = slices.keys.index((row.comparator[row.attributes[0]],)) if row.comparator else None
    values = []
    for rate in row.disparity.rates:
        ours, theirs = (
            np.divide(hits, trials, out=np.full_like(hits, np.nan), where=trials > 0)
            for hits, trials in (
                rate.counted(drawn[:, place]),
                rate.counted(drawn.sum(axis=1) if other is None else drawn[:, other]),
            )
        )
        if row.disparity.kind == DIFFERENCE:
            values.append(ours - theirs)
        else:
            values.append(np.divide(ours, theirs, out=np.full_like(ours, np.nan), where=theirs > 0))
    if not row.disparity.composite:
        return np.asarray(values[0])
    if row.disparity.kind == DIFFERENCE:
        return np.asarray(np.abs(values).max(axis=0))
    with np.errstate(divide="ignore"):
        return np.asarray(np.minimum(values, 1 / np.asarray(values)).min(axis=0))


def limits_of(values: Floats) -> tuple[float | None, float | None, str]:
    """The middle 95 % of some replicates, nan where somebody is missing; with why there is no interval."""
    known = values[~np.isnan(values)]
    if len(known) < (1 - _MOST_EMPTY) * len(values):
        return None, None, "group_vanishes"
    low, high = np.quantile(known, [0.025, 0.975])
    return figure(float(low)), figure(float(high)), ""
