"""Corrections for many tests: by hand, and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.measures.multiplicity import benjamini_hochberg, holm

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(p_values)
def test_q_values_agree_with_scipy(p: list[float]) -> None:
    from scipy.stats import false_discovery_control

    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p), abs=1e-12)


@given(p_values)
def test_holms_p_is_the_running_maximum_of_p_times_what_is_left(p: list[float]) -> None:
    expected, largest = {}, 0.0
    for left, number in enumerate(sorted(range(len(p)), key=lambda one: p[one])):
        largest = max(largest, p[number] * (len(p) - left))
        expected[number] = min(largest, 1.0)

    assert list(holm(p)) == pytest.approx([expected[number] for number in range(len(p))])


@given(p_values)
def test_a_corrected_p_is_never_smaller_and_holm_never_kinder_than_q(p: list[float]) -> None:
    q, adjusted = benjamini_hochberg(p), holm(p)

    assert np.all(q >= np.array(p) - 1e-12)
    assert np.all(adjusted >= q - 1e-12)


@given(p_values, st.randoms(use_true_random=False))
def test_the_order_of_the_tests_does_not_matter(p: list[float], random: np.random.Generator) -> None:
    order = list(range(len(p)))
    random.shuffle(order)

    assert benjamini_hochberg([p[one] for one in order]) == pytest.approx(benjamini_hochberg(p)[order])


def test_ranks_are_ranks_and_not_positions_of_the_sorted_list() -> None:
    # sorting positions are (1, 2, 0); taken for ranks they would give 0.06 / 2, 0.01 / 3, 0.03 / 1
    q = benjamini_hochberg([0.06, 0.01, 0.03])

    assert list(q) == pytest.approx([0.06, 0.03, 0.045])


def test_twenty_true_nulls_seldom_give_a_discovery() -> None:
    random = np.random.default_rng(3)

    discoveries = [bool(np.any(benjamini_hochberg(random.random(20)) <= 0.1)) for _ in range(4_000)]

    assert np.mean(discoveries) == pytest.approx(0.1, abs=0.02)
