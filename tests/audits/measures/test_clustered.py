"""Shares and means of rows in clusters: by hand, against slow plain formulas, and how often intervals hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from audits.measures.clustered import clustered_mean, clustered_share, mcnemar_exact
from audits.measures.intervals import wilson
from tests.audits.measures.made import LONG


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 9), (5, 5), (0, 12), (700, 650), (3_000, 2_800)])
def test_the_exact_test_of_changed_pairs_is_the_binomial_one(b: int, c: int) -> None:
    expected = stats.binomtest(b, b + c).pvalue if b + c else 1.0

    assert mcnemar_exact(b, c) == pytest.approx(expected, rel=1e-9)
    assert mcnemar_exact(c, b) == mcnemar_exact(b, c)


def test_rows_of_clusters_of_their_own_are_independent_rows() -> None:
    hits = np.arange(200) % 3 == 0

    one = clustered_share(hits, np.arange(200))

    assert (one.k, one.n, one.clusters, one.effective_n) == (67, 200, 200, 200)
    assert (one.low, one.high) == tuple(float(limit) for limit in wilson(67, 200))


def test_rows_that_are_copies_of_one_count_once_at_most() -> None:
    hits = np.repeat(np.arange(40) % 4 == 0, 10)

    one = clustered_share(hits, np.repeat(np.arange(40), 10))

    assert 34 < one.effective_n < 39
    assert one.value == 0.25


def test_the_effective_size_is_that_of_a_slow_plain_formula() -> None:
    random = np.random.default_rng(7)
    sizes = random.integers(1, 9, size=12)
    clusters = np.repeat(np.arange(12), sizes)
    hits = random.random(clusters.size) < 0.8

    one = clustered_share(hits, clusters)

    # each cluster with weight 1, one of hits alone and one of misses alone with weight 0.15 and the usual size
    usual = len(hits) / 12
    each = [(float(hits[clusters == at].sum()), float(sizes[at]), 1.0) for at in range(12)]
    each += [(usual, usual, 0.15), (0.0, usual, 0.15)]
    rows, count = (sum(weight * part for _, part, weight in each), sum(weight for *_, weight in each))
    p = sum(weight * right for right, _, weight in each) / rows
    between = count / (count - 1) * sum(weight * (right - p * part) ** 2 for right, part, weight in each) / rows**2
    effective = min(p * (1 - p) / between * len(hits) / rows, len(hits))
    expected = max(effective * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 11)) ** 2, 1.0)
    assert one.effective_n == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("value", [True, False])
def test_where_all_agree_clusters_are_counted(value: bool) -> None:
    one = clustered_share(np.full(100, value), np.repeat(np.arange(10), 10))

    assert one.effective_n == 10
    assert (one.low, one.high) == tuple(float(limit) for limit in wilson(10 * value, 10))


def test_no_rows_are_no_share() -> None:
    one = clustered_share(np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64))

    assert (one.n, one.effective_n) == (0, 0)
    assert math.isnan(one.value)


def test_the_error_of_a_mean_is_the_cluster_robust_one() -> None:
    random = np.random.default_rng(1)
    clusters = np.repeat(np.arange(30), random.integers(1, 9, size=30))
    values = random.normal(size=clusters.size) + 2 * random.normal(size=30)[clusters]

    one = clustered_mean(values, clusters, replicates=0, random=random)

    # the slow plain way
    mean = sum(values) / len(values)
    sums = [sum(value - mean for value, at in zip(values, clusters, strict=True) if at == name) for name in range(30)]
    error = math.sqrt(30 / 29 * sum(total**2 for total in sums)) / len(values)
    assert one.value == pytest.approx(mean, rel=1e-12)
    assert one.error == pytest.approx(error, rel=1e-9)


def test_too_few_clusters_have_no_interval() -> None:
    one = clustered_mean(np.arange(40.0), np.repeat(np.arange(4), 10), replicates=500, random=np.random.default_rng(0))

    assert one.value == 19.5
    assert math.isnan(one.low)
    assert math.isnan(one.p)


def test_values_that_do_not_differ_have_no_error_however_they_are_rounded() -> None:
    one = clustered_mean(
        np.full(300, 0.1) + 0.2, np.repeat(np.arange(50), 6), replicates=500, random=np.random.default_rng(0)
    )

    assert one.error == 0
    assert one.low == one.high == one.value


@pytest.mark.parametrize("clusters", [8, 30])
def test_intervals_of_means_hold_the_truth_as_often_as_they_say(clusters: int) -> None:
    random = np.random.default_rng(11)
    tries = 2_000 if LONG else 300
    codes = np.repeat(np.arange(clusters), 5)
    held = 0
    for _ in range(tries):
        values = random.normal(size=codes.size) + random.normal(size=clusters)[codes]
        one = clustered_mean(values, codes, replicates=300, random=random)
        held += one.low <= 0 <= one.high

    # four standard errors of the simulation below the nominal share
    assert held / tries >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / tries)


def test_the_test_of_a_mean_raises_an_alarm_at_most_as_often_as_it_says() -> None:
    random = np.random.default_rng(12)
    tries = 2_000 if LONG else 300
    codes = np.repeat(np.arange(12), 4)
    alarms = 0
    for _ in range(tries):
        values = random.normal(size=codes.size) + random.normal(size=12)[codes]
        alarms += clustered_mean(values, codes, replicates=300, random=random).p <= 0.05

    assert alarms / tries <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / tries)
