"""Recalibration lines and the test of sufficiency, against scipy's optimiser and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

from audits.measures.scores.recalibration import chi_squared_p, log_odds, slope_and_intercept, sufficiency
from tests.audits.measures.made import examples


def scores(seed: int, size: int = 500) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    score = random.beta(2, 2, size)
    return random.random(size) < 1 / (1 + np.exp(-(0.6 * log_odds(score) - 0.4))), score


def top(design: np.ndarray, label: np.ndarray, weight: np.ndarray) -> optimize.OptimizeResult:
    """The top of the likelihood, found without our own steps."""

    def loss(beta: np.ndarray) -> float:
        linear = design @ beta
        return float((weight * (np.logaddexp(0, linear) - label * linear)).sum())

    return optimize.minimize(loss, np.zeros(design.shape[1]), method="BFGS", options={"gtol": 1e-8})


def test_slope_and_intercept_are_those_at_the_top_of_the_likelihood() -> None:
    label, score = scores(4)
    weight = np.random.default_rng(1).random(len(score)) + 0.5

    slope, intercept = slope_and_intercept(label, score, weight)

    found = top(np.column_stack([np.ones(len(score)), log_odds(score)]), label, weight)
    assert [intercept.value, slope.value] == pytest.approx(found.x, abs=1e-5)


def test_the_line_of_calibrated_scores_holds_1_and_0_as_often_as_it_says() -> None:
    random, tries, held = np.random.default_rng(6), examples(400), np.zeros(2)
    for _ in range(tries):
        score = random.beta(2, 3, 300)
        slope, intercept = slope_and_intercept(random.random(300) < score, score)
        held += [slope.low <= 1 <= slope.high, intercept.low <= 0 <= intercept.high]

    assert (held / tries >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / tries)).all()


def test_there_is_no_line_through_equal_scores_or_separated_classes() -> None:
    label = np.array([False] * 20 + [True] * 20)

    assert not slope_and_intercept(label, np.full(40, 0.3))[0].known
    assert not slope_and_intercept(label, np.linspace(0.1, 0.9, 40))[0].known


@pytest.mark.parametrize("degrees", range(1, 12))
@pytest.mark.parametrize("statistic", [0.0, 0.1, 3.0, 20.0, 300.0])
def test_the_tail_of_chi_squared_is_scipys(statistic: float, degrees: int) -> None:
    assert chi_squared_p(statistic, degrees) == pytest.approx(stats.chi2.sf(statistic, degrees), rel=1e-9)


def test_sufficiency_is_the_likelihood_ratio_of_nested_regressions() -> None:
    label, score = scores(8)
    group = np.random.default_rng(2).integers(0, 3, len(score))
    place = log_odds(score)

    found = sufficiency(label, place, group)

    alone = np.column_stack([np.ones(len(score)), place])
    levels = np.column_stack([group == 1, group == 2]).astype(float)
    ones = np.ones(len(score))
    designs = [alone, np.column_stack([alone, levels]), np.column_stack([alone, levels, levels * place[:, None]])]
    base, shifted, bent = (-top(design, label, ones).fun for design in designs)
    assert found is not None
    whole, interaction = found
    assert (whole.degrees, interaction.degrees) == (4, 2)
    assert whole.statistic == pytest.approx(2 * (bent - base), abs=1e-5)
    assert interaction.statistic == pytest.approx(2 * (bent - shifted), abs=1e-5)


def test_sufficiency_raises_false_alarms_no_more_often_than_it_says() -> None:
    random, tries, alarms = np.random.default_rng(9), examples(400), 0
    for _ in range(tries):
        score = random.beta(2, 2, 400)
        found = sufficiency(random.random(400) < score, log_odds(score), random.integers(0, 2, 400))
        assert found is not None
        alarms += found[0].p < 0.05

    assert alarms / tries <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / tries)
