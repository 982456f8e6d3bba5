"""Rows that come in clusters, such as several of one person or one template: they tell less than as many strangers.

The variance of every rate is taken from the sums of clusters. Where it is larger than that of independent rows, the
rows count for fewer (the design effect), and every interval, test, minimum size and detectable gap follows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from audits.measures.cube import Slices, Sums
from audits.measures.intervals import Z95
from audits.measures.kept_rows import Index, JudgedRows
from audits.measures.means import Floats, student_quantile
from audits.measures.rates import JACCARD, RATES, Rate

# Below this many clusters in a group its own intervals are rough.
FEW_CLUSTERS = 30


def with_clusters(slices: Slices, rows: JudgedRows | None) -> Slices:
    """The same groups with their design effects; unchanged where rows stand alone."""
    if rows is None or rows.clusters is None:
        return slices
    group = group_of(slices, rows)
    inside = np.flatnonzero(group >= 0)
    design = design_effects(
        (*RATES.values(), JACCARD),
        group[inside],
        len(slices),
        outcome=(rows.label * 2 + rows.prediction)[inside],
        weights=None if rows.weights is None else rows.weights[inside],
        clusters=rows.clusters[inside],
    )
    return replace(slices, design=design)


def design_effects(
    rates: Sequence[Rate], group: Index, groups: int, *, outcome: Index, weights: Floats | None, clusters: Index
) -> dict[str, Sums]:
    """By how much clusters stretch the variance of each rate in each group: rate -> shape (groups,), at least 1.

    Args:
        group, outcome, clusters: shape (rows,): positions of groups, 2 label + prediction, a number for each cluster.
        weights: shape (rows,), or None.
    """
    many = int(clusters.max(initial=0)) + 1
    # one number for each cluster within a group
    pairs, cluster = np.unique(group * many + clusters, return_inverse=True)
    one = np.ones(len(group)) if weights is None else weights
    cell = cluster * 4 + outcome
    sums, squares = (
        np.asarray(np.bincount(cell, power, 4 * len(pairs)), dtype=float).reshape(-1, 2, 2) for power in (one, one**2)
    )
    return {rate.name: _design(rate, sums, squares, pairs // many, groups) for rate in rates}


def clustered_error(pulls: Floats, clusters: Index) -> tuple[float, float]:
    """Standard error of a sum of what rows pull, those of a cluster together, and the degrees of freedom of it.

    Args:
        pulls: shape (rows,), which sum to about 0: how much each row moves the figure.
        clusters: shape (rows,).

    Returns:
        The error with Student's quantile of the clusters in place of the normal one, so that the normal quantile
        times it is half of an interval; inf for fewer than two clusters, of which nothing can be told.

    Source:
        Liang and Zeger 1986, Biometrika 73:13, with clusters / (clusters - 1).
    """
    _, code = np.unique(clusters, return_inverse=True)
    count = int(code.max(initial=-1)) + 1
    if count < 2:
        return math.inf, float(max(count - 1, 0))
    sums = np.bincount(code, pulls, count)
    error = math.sqrt(float(np.square(sums).sum()) * count / (count - 1))
    return error * student_quantile(count - 1) / Z95, float(count - 1)


def group_of(slices: Slices, rows: JudgedRows) -> Index:
    """The position of every row's group in ``slices``; -1 where it is in none."""
    positions = {key: number for number, key in enumerate(slices.keys)}
    columns = [rows.groups[name] for name in slices.attributes]
    if not columns:
        return np.zeros(len(rows), dtype=np.int64)
    size = [len(column.values) + 1 for column in columns]
    code = np.zeros(len(rows), dtype=np.int64)
    for column, width in zip(columns, size, strict=True):
        code = code * width + (column.codes + 1)
    seen, inverse = np.unique(code, return_inverse=True)
    found = np.full(len(seen), -1, dtype=np.int64)
    for number, one in enumerate(seen):
        key, rest = [], int(one)
        for column, width in zip(reversed(columns), reversed(size), strict=True):
            rest, place = divmod(rest, width)
            key.append(column.values[place - 1] if place else None)
        found[number] = positions.get(tuple(reversed(key)), -1)  # type: ignore[arg-type]
    return found[inverse]


def _design(rate: Rate, sums: Floats, squares_of: Floats, group_of_cluster: Index, groups: int) -> Sums:
    """By how much clusters stretch one rate's variance, shape (groups,), at least 1.

    Source:
        The linearised ratio estimator (Cochran 1977, Sampling Techniques, 6.4 and 9A) over the variance of as many
        independent rows; Student's quantile of the clusters takes the place of the normal one.
    """
    hits, trials = rate.counted(sums)
    _, squares = rate.counted(squares_of)
    total, chosen, square = (np.bincount(group_of_cluster, one, groups) for one in (trials, hits, squares))
    share = np.divide(chosen, total, out=np.zeros(groups), where=total > 0)
    clusters = np.bincount(group_of_cluster, trials > 0, groups)
    off = np.square(hits - share[group_of_cluster] * trials)
    spread = np.bincount(group_of_cluster, off, groups) * clusters / np.maximum(clusters - 1, 1)
    alone = share * (1 - share) * square
    # a rate of 0 or 1 shows no spread: then every cluster counts as one row
    mean_size = np.divide(np.square(total), square * np.maximum(clusters, 1), out=np.ones(groups), where=square > 0)
    # so does the one cluster of a group: it is all that is known of any
    told = (alone > 1e-12 * np.maximum(square, 1e-300)) & (clusters > 1)
    effect = np.divide(spread, alone, out=mean_size, where=told)
    student = np.array([student_quantile(max(int(one) - 1, 1)) / Z95 if one else 1.0 for one in clusters])
    return np.asarray(np.maximum(effect, 1.0) * np.square(student))


def few_clusters(slices: Slices, rows: JudgedRows) -> tuple[int, int]:
    """The fewest clusters of any group with rows, and how many clusters there are in all."""
    if rows.clusters is None:
        return 0, 0
    group = group_of(slices, rows)
    inside = np.flatnonzero(group >= 0)
    many = int(rows.clusters.max()) + 1
    pairs = np.unique(group[inside] * many + rows.clusters[inside])
    counts = np.bincount(pairs // many, minlength=len(slices))
    return int(counts[counts > 0].min()), len(np.unique(rows.clusters))
