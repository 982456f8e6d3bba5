"""Intervals of means: they hold what they promise, also for skewed values, weights and clusters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from audits.measures.means import difference, mean, root, student_quantile
from tests.audits.measures.made import examples


@pytest.mark.parametrize("degrees", [5, 9, 29, 200])
def test_the_quantile_of_students_t_is_scipys(degrees: int) -> None:
    assert student_quantile(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), abs=1e-3)


@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda random, n: random.normal(size=n), 0.0),
        (lambda random, n: random.exponential(size=n), 1.0),
        (lambda random, n: np.abs(random.normal(size=n)), math.sqrt(2 / math.pi)),
        (lambda random, n: np.square(random.random(n) - (random.random(n) < 0.5)), 1 / 3),
    ],
)
@pytest.mark.parametrize("size", [30, 120])
def test_an_interval_of_a_mean_holds_the_truth_as_often_as_it_says(draw: object, truth: float, size: int) -> None:
    random, tries = np.random.default_rng(5), examples(800)

    found = [mean(draw(random, size)) for _ in range(tries)]  # type: ignore[operator]

    held = sum(one.low <= truth <= one.high for one in found) / tries
    assert held >= 0.93 - 3 * math.sqrt(0.05 * 0.95 / tries)


def test_whole_weights_give_the_mean_of_repeated_rows() -> None:
    values, weights = np.array([0.1, 0.4, 2.0, 5.0]), np.array([3.0, 1.0, 2.0, 1.0])

    assert mean(values, weights).value == pytest.approx(np.average(values, weights=weights), abs=1e-12)


def test_rows_of_one_cluster_are_not_counted_as_if_each_stood_alone() -> None:
    random = np.random.default_rng(2)
    held, tries, naive = 0, examples(400), 0
    for _ in range(tries):
        effects = random.normal(size=40)
        clusters = np.repeat(np.arange(40), 10)
        values = effects[clusters] + 0.1 * random.normal(size=400)
        found, alone = mean(values, None, clusters), mean(values)
        held += found.low <= 0 <= found.high
        naive += alone.low <= 0 <= alone.high

    assert held / tries >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / tries)
    assert naive / tries < 0.7


def test_what_cannot_be_estimated_is_unknown_and_not_a_number() -> None:
    assert not mean(np.zeros(0)).known
    alone = mean(np.array([3.0]))
    assert alone.value == 3.0
    assert math.isnan(alone.low)


def test_a_difference_and_a_root_carry_their_intervals() -> None:
    one, other = mean(np.array([1.0, 2.0, 3.0, 4.0])), mean(np.array([0.0, 1.0, 1.0, 0.0]))
    gap = difference(one, other)

    assert gap.value == pytest.approx(2.0)
    assert gap.low == pytest.approx(2.0 - math.hypot(one.value - one.low, other.high - other.value))
    assert difference(other, one).high == pytest.approx(-gap.low)
    assert root(one).value == pytest.approx(math.sqrt(2.5))
