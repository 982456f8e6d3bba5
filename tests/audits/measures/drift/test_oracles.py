"""Published vectors of drift measures, and what they were published as."""

from __future__ import annotations

import numpy as np
import pytest

from audits.measures.drift import distances
from audits.measures.drift.contingency import fisher_exact, goodness_of_fit
from audits.measures.drift.measuring import drift_categorical, drift_numeric

# Evidently, tests/stattests/test_stattests.py
REFERENCE = np.array([16, 18, 16, 14, 12, 12])
CURRENT = np.array([16, 16, 16, 16, 16, 8])
OF_EIGHT = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0]
OTHER_EIGHT = [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8]


def test_oracle_v25_six_categories() -> None:
    found = drift_categorical(REFERENCE, CURRENT)

    assert {name: measure.value for name, measure in found.measures.items()} == pytest.approx(
        {
            "psi": 0.0372183816,
            "js_distance": 0.0817342133,
            "kl_divergence": 0.0189096770,
            "hellinger": 0.06812774,
            "total_variation": 0.0681818182,
            "l_infinity": 0.0454545455,
        },
        abs=1e-8,
    )
    assert found.measures["js_distance"].value * np.sqrt(np.log(2)) == pytest.approx(0.0680481962, abs=1e-10)


def test_oracle_v25_the_published_p_takes_the_reference_for_the_truth_and_ours_does_not() -> None:
    against_shares, _ = goodness_of_fit(CURRENT, REFERENCE / 88)

    assert against_shares.p == pytest.approx(0.67309, abs=1e-5)
    assert drift_categorical(REFERENCE, CURRENT).p == pytest.approx(0.8985262394, abs=1e-9)


def test_oracle_v26_eight_numbers() -> None:
    found = drift_numeric(OF_EIGHT, OTHER_EIGHT)

    assert found.statistic == 0.625
    assert found.p == pytest.approx(0.0870241, abs=1e-7)
    assert found.measures["wasserstein_1"].value == pytest.approx(4.1625, abs=1e-10)
    assert found.measures["wasserstein_1_over_std"].value == pytest.approx(0.7812361, abs=1e-7)


def test_oracle_v27_g_against_shares_and_fisher() -> None:
    _, likelihood = goodness_of_fit(np.array([4, 6, 8]), np.array([5, 5, 8]) / 18)

    assert likelihood.p == pytest.approx(0.8176220, abs=1e-7)
    assert fisher_exact(np.array([45, 45]), np.array([30, 60])) == pytest.approx(0.03397, abs=1e-5)


def test_oracle_v28_largest_difference_and_a_shift_of_one() -> None:
    one_new = distances.l_infinity(np.array([2, 2, 2, 0]), np.array([2, 2, 2, 1]))
    all_one = distances.l_infinity(np.array([2, 2, 2]), np.array([0, 5, 0]))
    seeded = np.random.RandomState(1)
    reference, current = seeded.normal(0, 1, 10_000), seeded.normal(1, 1, 1_000)

    assert (round(one_new, 2), round(all_one, 2)) == (0.14, 0.67)
    found = drift_numeric(reference, current).measures["wasserstein_1"].value
    assert found == pytest.approx(1.0114449430, abs=1e-9)


def test_oracle_v29_a_grid_that_lost_half_its_points() -> None:
    seeded = np.random.RandomState(1)
    reference = seeded.choice(np.linspace(0, 2, 6), 10_000)
    current = seeded.choice(np.linspace(0, 2, 3), 1_000)

    measures = drift_numeric(reference, current).measures

    assert round(measures["js_distance"].value, 2) == 0.73
    assert round(measures["hellinger"].value, 2) == 0.72
