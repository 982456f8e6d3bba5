"""Intervals against published tables, against other implementations, and against their own definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.measures.intervals import (
    Z95,
    detectable_difference,
    koopman,
    newcombe,
    score_test,
    simultaneous_z,
    wilson,
)


@st.composite
def two_shares(draw: st.DrawFn) -> tuple[int, int, int, int]:
    n1, n2 = draw(st.integers(1, 3_000)), draw(st.integers(1, 3_000))
    return draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_oracle_v22_wilson_limits_are_those_of_newcombes_table(k: int, n: int, low: float, high: float) -> None:
    found = wilson(k, n)

    assert [round(float(limit), 4) for limit in found] == [low, high]


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((0, 10, 0, 20), -0.1611, 0.2775),
    ],
)
def test_oracle_v23_differences_have_the_limits_of_newcombes_method_10(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    found = newcombe(*counts)

    assert [round(float(limit), 4) for limit in found] == [low, high]


def test_oracle_v24_the_gap_in_false_positives_between_two_groups_of_compas() -> None:
    z, p = score_test(805, 1795, 349, 1488)

    assert [round(float(limit), 7) for limit in newcombe(805, 1795, 349, 1488)] == [0.1820532, 0.2450233]
    assert [round(float(limit), 7) for limit in wilson(805, 1795)] == [0.4255950, 0.4715611]
    assert [round(float(limit), 7) for limit in wilson(349, 1488)] == [0.2137147, 0.2567384]
    assert round(float(z), 4) == 12.7803
    assert 0 < float(p) < 1e-36


def test_the_ratio_of_a_classic_example_has_its_published_score_limits() -> None:
    low, high = koopman(36, 40, 16, 80)

    assert (round(float(low), 2), round(float(high), 2)) == (2.94, 7.15)


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(counts: tuple[int, int]) -> None:
    from scipy.stats import binomtest

    k, n = counts
    expected = binomtest(k, n).proportion_ci(confidence_level=0.95, method="wilson")

    low, high = wilson(k, n)

    assert float(low) == pytest.approx(expected.low, abs=1e-12)
    assert float(high) == pytest.approx(expected.high, abs=1e-12)


@given(two_shares())
def test_the_score_test_is_pearsons_chi_squared(counts: tuple[int, int, int, int]) -> None:
    from scipy.stats import chi2_contingency

    k1, n1, k2, n2 = counts
    z, p = score_test(k1, n1, k2, n2)
    if k1 + k2 in (0, n1 + n2):
        assert (float(z), float(p)) == (0.0, 1.0)
        return
    expected = chi2_contingency([[k1, n1 - k1], [k2, n2 - k2]], correction=False)
    assert float(z) ** 2 == pytest.approx(expected.statistic, rel=1e-9, abs=1e-12)
    assert float(p) == pytest.approx(expected.pvalue, rel=1e-6)


@given(two_shares())
def test_the_limits_of_a_ratio_are_where_the_score_test_begins_to_reject(counts: tuple[int, int, int, int]) -> None:
    k1, n1, k2, n2 = counts
    low, high = (float(limit) for limit in koopman(k1, n1, k2, n2))

    assert low == 0.0 if k1 == 0 else score_by_search(*counts, low) == pytest.approx(Z95**2, rel=1e-4)
    assert math.isinf(high) if k2 == 0 else score_by_search(*counts, high) == pytest.approx(Z95**2, rel=1e-4)


def score_by_search(k1: int, n1: int, k2: int, n2: int, ratio: float) -> float:
    """The score statistic at a ratio, its shares found by maximising the likelihood and not by solving for them."""
    from scipy.optimize import minimize_scalar

    def minus_log_likelihood(p2: float) -> float:
        p1 = ratio * p2
        parts = ((k1, p1), (n1 - k1, 1 - p1), (k2, p2), (n2 - k2, 1 - p2))
        return -sum(count * math.log(max(chance, 1e-300)) for count, chance in parts if count)

    top = min(1.0, 1 / ratio)
    p2 = float(minimize_scalar(minus_log_likelihood, bounds=(0.0, top), method="bounded", options={"xatol": 1e-13}).x)
    # the maximum may sit on the edge, which a bounded search only comes near
    p2 = min((p2, top * (1 - 1e-15)), key=minus_log_likelihood)
    p1 = ratio * p2
    variance = p1 * (1 - p1) / n1 + ratio**2 * p2 * (1 - p2) / n2
    return (k1 / n1 - ratio * k2 / n2) ** 2 / variance


@given(two_shares())
def test_swapping_the_groups_turns_a_difference_and_inverts_a_ratio(counts: tuple[int, int, int, int]) -> None:
    k1, n1, k2, n2 = counts

    low, high = newcombe(k1, n1, k2, n2)
    swapped_low, swapped_high = newcombe(k2, n2, k1, n1)
    assert [float(low), float(high)] == pytest.approx([-float(swapped_high), -float(swapped_low)])

    ratio_low, ratio_high = (float(limit) for limit in koopman(k1, n1, k2, n2))
    inverted_low, inverted_high = (float(limit) for limit in koopman(k2, n2, k1, n1))
    assert (ratio_high == math.inf and inverted_low == 0) or ratio_high * inverted_low == pytest.approx(1, rel=1e-8)
    assert (inverted_high == math.inf and ratio_low == 0) or inverted_high * ratio_low == pytest.approx(1, rel=1e-8)


@given(two_shares())
def test_every_interval_holds_its_estimate_and_narrows_with_more_rows(counts: tuple[int, int, int, int]) -> None:
    k1, n1, k2, n2 = counts
    tenfold = tuple(10 * count for count in counts)
    tiny = 1e-9
    low, high = newcombe(*counts)
    assert low - tiny <= k1 / n1 - k2 / n2 <= high + tiny
    narrow_low, narrow_high = newcombe(*tenfold)
    assert narrow_high - narrow_low < high - low
    if k1 and k2:
        ratio_low, ratio_high = koopman(*counts)
        estimate = (k1 / n1) / (k2 / n2)
        assert ratio_low <= estimate * (1 + tiny)
        assert ratio_high >= estimate * (1 - tiny)
        tenfold_low, tenfold_high = koopman(*tenfold)
        assert tenfold_high / tenfold_low < ratio_high / ratio_low


def test_a_share_of_nobody_has_no_interval() -> None:
    for limits in (wilson(0, 0), newcombe(0, 0, 5, 10), koopman(5, 10, 0, 0), score_test(0, 0, 1, 2)):
        assert all(math.isnan(float(limit)) for limit in limits)


def test_a_ratio_of_nothing_to_nothing_can_be_anything() -> None:
    low, high = koopman(0, 50, 0, 50)

    assert (float(low), float(high)) == (0.0, math.inf)


@pytest.mark.parametrize(("n", "gap"), [(30, 0.362), (50, 0.280), (100, 0.198), (385, 0.101), (1000, 0.063)])
def test_the_smallest_gap_that_would_be_found_shrinks_with_the_rows(n: int, gap: float) -> None:
    assert round(float(detectable_difference(n, n)), 3) == gap


def test_the_gap_that_would_be_found_really_is_found_four_times_in_five() -> None:
    gap = float(detectable_difference(400, 400))
    random = np.random.default_rng(7)
    ours = random.binomial(400, 0.5 + gap / 2, size=4_000)
    theirs = random.binomial(400, 0.5 - gap / 2, size=4_000)

    _, p = score_test(ours, 400, theirs, 400)

    assert np.mean(p < 0.05) == pytest.approx(0.8, abs=0.03)


def test_nothing_can_be_found_in_an_empty_group() -> None:
    assert math.isinf(float(detectable_difference(0, 100)))


def test_intervals_that_hold_together_are_wider() -> None:
    assert simultaneous_z(1) == Z95
    assert Z95 < simultaneous_z(2) < simultaneous_z(2, independent=False) < simultaneous_z(3)
