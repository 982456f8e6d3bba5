"""Drift of one column against a second path, against formulas written out, and by its properties."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from audits.measures.drift import distances
from audits.measures.drift.contingency import chi_squared, fisher_exact, g_test, homogeneity, pooled
from audits.measures.drift.floors import cell_floors, wasserstein_floor
from audits.measures.drift.kolmogorov import ks_distance, ks_p
from audits.measures.drift.measuring import NotMeasurable, drift_categorical, drift_numeric
from tests.audits.measures.made import LONG, examples

# Coarse enough for ties, wide enough for gaps, and with both zeros.
NUMBERS = st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6), st.just(-0.0))
SAMPLES = st.lists(NUMBERS, min_size=1, max_size=300)


@given(SAMPLES, SAMPLES)
@settings(max_examples=examples(150), deadline=None)
def test_distances_of_any_two_samples_are_those_of_scipy(reference: list[float], current: list[float]) -> None:
    found = drift_numeric(reference, current)

    with warnings.catch_warnings(record=True) as gave_up:
        warnings.simplefilter("always")
        expected = stats.ks_2samp(reference, current, method="exact")
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-12)
    # scipy cannot count the paths of two nearly equal samples of one size, and says so
    if not gave_up:
        assert found.p == pytest.approx(expected.pvalue, abs=1e-10)
    assert found.measures["wasserstein_1"].value == pytest.approx(
        stats.wasserstein_distance(reference, current), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize(("n", "m"), [(5_000, 5_000), (20_000, 15_000), (3_001, 40_000)])
@pytest.mark.parametrize("shape", ["apart", "same", "ties", "one block"])
def test_large_samples_are_searched_in_part_and_found_whole(n: int, m: int, shape: str) -> None:
    random = np.random.default_rng(n + m)
    reference, current = random.normal(size=n), random.normal(0.05 if shape == "apart" else 0, size=m)
    if shape == "ties":
        reference, current = np.round(reference, 1), np.round(current, 1)
    if shape == "one block":
        # everything but a few rows equal: the maximum hides between two looked-at values
        current[: m // 2] = 0.123456

    found = drift_numeric(reference, current)

    expected = stats.ks_2samp(reference, current, method="asymp")
    assert found.test == "kolmogorov_smirnov_asymptotic"
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-12)
    # for so many rows both are asymptotic; for the smallest of them the expansions differ in the tenth digit
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9, rel=1e-4)
    assert found.measures["wasserstein_1"].value == pytest.approx(
        stats.wasserstein_distance(reference, current), abs=1e-9
    )


@pytest.mark.parametrize("rows", [300, 2_000, 10_000, 10_001, 100_000, 1_000_000])
@pytest.mark.parametrize("z", [0.02, 0.2, 0.5, 0.9, 1.2, 1.48, 1.49, 2, 3, 5])
def test_p_is_that_of_the_one_sample_statistic(rows: int, z: float) -> None:
    if rows > 100_000 and not LONG:
        rows = 100_000

    p, method = ks_p(z / np.sqrt(rows), 2 * rows, 2 * rows)

    expected = stats.kstwo.sf(z / np.sqrt(rows), rows)
    assert method == "asymptotic"
    assert p == pytest.approx(expected, abs=2e-8 if rows < 10_000 else 1e-9)
    if z > 1.5:
        assert p == pytest.approx(expected, rel=1e-4), "a small p has digits too"


def test_paths_are_counted_where_both_samples_are_small() -> None:
    assert ks_p(1.0, 2, 3) == (pytest.approx(2 / 10), "exact")
    assert ks_p(0.5, 400, 601)[1] == "asymptotic"
    assert ks_p(0.0, 3, 3) == (1.0, "exact")


def test_a_jump_at_one_value_is_found_whatever_lies_around_it() -> None:
    reference = np.sort(np.concatenate([np.zeros(500), np.linspace(1, 2, 500)]))
    current = np.sort(np.concatenate([np.full(500, 1e-9), np.linspace(1, 2, 500)]))

    assert ks_distance(reference, current) == 0.5


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=12))
@settings(max_examples=examples(150), deadline=None)
def test_cells_against_scipy(pairs: list[tuple[int, int]]) -> None:
    reference, current = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
    if not reference.sum() or not current.sum():
        with pytest.raises(NotMeasurable):
            drift_categorical(reference, current)
        return

    found = drift_categorical(reference, current)

    p, q = reference / reference.sum(), current / current.sum()
    values = {name: measure.value for name, measure in found.measures.items()}
    expected = distance.jensenshannon(p, q, base=2)
    assert values["js_distance"] == pytest.approx(0 if np.isnan(expected) else expected, abs=1e-7)
    assert values["hellinger"] == pytest.approx(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2), abs=1e-7)
    assert values["total_variation"] == pytest.approx(np.abs(p - q).sum() / 2)
    assert found.new_share == pytest.approx(q[p == 0].sum())
    assert all(np.isfinite(value) and value >= -1e-12 for value in values.values())
    held = (reference + current) > 0
    if held.sum() > 1:
        table = np.vstack([reference, current])[:, held]
        for ours, name in ((chi_squared, "pearson"), (g_test, "log-likelihood")):
            other = stats.chi2_contingency(table, correction=False, lambda_=name)
            assert ours(reference, current).statistic == pytest.approx(other.statistic, abs=1e-8)
            assert ours(reference, current).p == pytest.approx(other.pvalue, abs=1e-9)
    if (p[held] > 0).all() and (q[held] > 0).all():
        assert values["kl_divergence"] == pytest.approx(stats.entropy(p[held], q[held]), abs=1e-9)


@given(st.lists(st.integers(0, 40), min_size=4, max_size=4).filter(lambda n: n[0] + n[1] > 0 and n[2] + n[3] > 0))
@settings(max_examples=examples(100), deadline=None)
def test_fisher_is_that_of_scipy(cells: list[int]) -> None:
    table = np.array(cells).reshape(2, 2)

    assert fisher_exact(table[0], table[1]) == pytest.approx(stats.fisher_exact(table).pvalue, abs=1e-9)


def test_rare_cells_are_tested_together_and_two_sparse_cells_exactly() -> None:
    reference, current = pooled(np.array([50, 50, 1, 2, 0]), np.array([50, 50, 0, 1, 3]))
    _, _, test = homogeneity(np.array([9, 1]), np.array([3, 7]))

    assert (reference.tolist(), current.tolist()) == ([50, 50, 3], [50, 50, 4])
    assert test == "fisher_exact"


def test_order_missing_values_and_sides_change_nothing() -> None:
    random = np.random.default_rng(0)
    reference, current = random.normal(size=500), random.normal(0.3, size=700)

    found = drift_numeric(reference, current)

    shuffled = drift_numeric(
        np.append(random.permutation(reference), np.nan), np.append(random.permutation(current), [np.nan] * 3)
    )
    turned = drift_numeric(current, reference)
    assert shuffled == found
    assert turned.p == found.p
    assert turned.measures["wasserstein_1"].value == pytest.approx(found.measures["wasserstein_1"].value, abs=1e-12)


def test_psi_of_a_value_that_came_is_finite_and_large() -> None:
    found = drift_categorical([100, 0], [50, 50])

    assert found.measures["psi"].value > 1
    assert found.new_share == 0.5


def test_a_reference_with_one_value_is_judged_by_shares() -> None:
    same, moved = drift_numeric([7.0] * 50, [7.0] * 60), drift_numeric([7.0] * 50, [7.0] * 30 + [9.0] * 15 + [1.0] * 15)

    assert same.is_constant
    assert not moved.is_constant
    assert moved.effect == "js_distance"
    assert moved.measures["total_variation"].value == 0.5
    assert "wasserstein_1_over_std" not in moved.measures


def test_a_heavy_value_is_a_cell_of_its_own() -> None:
    reference = np.concatenate([np.zeros(600), np.linspace(1, 2, 400)])
    current = np.concatenate([np.full(600, -1.0), np.linspace(1, 2, 400)])

    assert drift_numeric(reference, current).measures["total_variation"].value == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("reference", "current", "code"),
    [([], [1.0], "no_values"), ([np.nan], [1.0], "no_values"), ([1.0], [np.inf], "not_finite")],
)
def test_what_cannot_be_measured_is_refused(reference: Any, current: Any, code: str) -> None:
    with pytest.raises(NotMeasurable) as refused:
        drift_numeric(reference, current)

    assert refused.value.code == code


@pytest.mark.parametrize("counts", [([1, -1], [1, 1]), ([1], [1, 2]), ([[1]], [[1]])])
def test_counts_that_are_none_are_refused(counts: Any) -> None:
    with pytest.raises(ValueError, match="two rows"):
        drift_categorical(*counts)


@pytest.mark.parametrize(("n", "m"), [(200, 200), (1_000, 4_000)])
def test_floors_are_what_noise_reaches(n: int, m: int) -> None:
    """Mean and 95th percentile over samples without drift, within Monte-Carlo error."""
    runs = 4_000 if LONG else 1_000
    random = np.random.default_rng(n)
    psi, hellinger, w1 = [], [], []
    share = np.full(10, 0.1)
    for _ in range(runs):
        reference, current = random.multinomial(n, share), random.multinomial(m, share)
        psi.append(distances.psi(reference, current))
        hellinger.append(distances.hellinger(reference, current))
        ours, theirs = np.sort(random.normal(size=n)), np.sort(random.normal(size=m))
        w1.append(distances.wasserstein_1(ours, theirs))
    floors = cell_floors(10, n, m)
    of_w1 = wasserstein_floor(0.0, np.sort(random.normal(size=100_000)), 10**9)
    scale = np.sqrt((1 / n + 1 / m) / (1 / 100_000 + 1e-9))

    assert np.mean(psi) == pytest.approx(floors.mean, rel=0.06)
    assert np.mean(np.array(psi) > floors.high) == pytest.approx(0.05, abs=0.025)
    assert np.mean(np.array(hellinger) > floors.of(0.0, 0.125, root=True).floor) == pytest.approx(0.05, abs=0.025)
    assert of_w1.expected is not None
    assert of_w1.floor is not None
    assert np.mean(w1) == pytest.approx(of_w1.expected * scale, rel=0.06)
    assert np.mean(np.array(w1) > of_w1.floor * scale) == pytest.approx(0.05, abs=0.025)


@pytest.mark.parametrize("n", [40, *(pytest.param(n, marks=pytest.mark.long) for n in (300, 3_000))])
def test_no_drift_is_called_significant_at_most_as_often_as_said(n: int) -> None:
    """Type-I error of every test at a level of 5 %, continuous, tied, few and sparse categories."""
    runs = 3_000 if LONG else 800
    random = np.random.default_rng(n)
    share = np.array([0.4, 0.3, 0.2, 0.06, 0.03, 0.01])
    rejected = {"continuous": 0, "ties": 0, "categories": 0, "two": 0}
    for _ in range(runs):
        reference, current = random.normal(size=n), random.normal(size=n)
        rejected["continuous"] += drift_numeric(reference, current).p <= 0.05
        rejected["ties"] += drift_numeric(np.round(reference), np.round(current)).p <= 0.05
        counts = random.multinomial(n, share, size=2)
        rejected["categories"] += drift_categorical(*counts).p <= 0.05
        two = random.binomial(n, 0.1, size=2)
        rejected["two"] += drift_categorical([two[0], n - two[0]], [two[1], n - two[1]]).p <= 0.05

    # three standard errors of the simulation above the nominal level; chi-squared is an approximation
    limit = 0.055 + 3 * np.sqrt(0.05 * 0.95 / runs)
    assert {name: count / runs for name, count in rejected.items() if count / runs > limit} == {}


def test_a_goodness_of_fit_against_a_sample_would_cry_wolf() -> None:
    """Why the contingency test is used: the same data, judged as if the reference had no noise."""
    random = np.random.default_rng(5)
    share = np.full(6, 1 / 6)
    pairs = [random.multinomial(1_000, share, size=2) for _ in range(400)]

    naive = np.mean([stats.chisquare(now, before).pvalue <= 0.05 for before, now in pairs])
    ours = np.mean([drift_categorical(before, now).p <= 0.05 for before, now in pairs])

    assert naive > 0.2
    assert ours < 0.09
