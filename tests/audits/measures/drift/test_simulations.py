"""By simulation: floors are what noise reaches, no test cries wolf, and tables without drift seldom fail.

KS, chi-squared and Fisher's test of values are in ``test_measuring.py``, with the floors of PSI, Hellinger and W1.
"""

from __future__ import annotations

import io

import numpy as np
import pytest

from audits.measures.drift.judging import missing_judged
from audits.measures.drift.measuring import drift_categorical, drift_numeric
from audits.measures.drift.tables import audit_drift
from audits.measures.tables.loading import load_table
from tests.audits.measures.made import LONG

RUNS = 6_000 if LONG else 800


def at_most(level: float, runs: int) -> float:
    """A level and three standard errors of the simulation above it."""
    return float(level + 3 * np.sqrt(level * (1 - level) / runs))


# What second-order floors are too low by with few rows; total variation has a bound, which noise hardly ever reaches.
FLOORS = {
    "ks_distance": (0.03, 0.06),
    "js_distance": (0.03, 0.07),
    "kl_divergence": (0.03, 0.08),
    "total_variation": (0.0, 0.02),
    "wasserstein_1_over_std": (0.03, 0.07),
}


@pytest.mark.parametrize(("n", "m"), [(200, 200), (1_000, 4_000)])
def test_noise_reaches_the_floor_of_each_measure_about_once_in_twenty_times(n: int, m: int) -> None:
    random = np.random.default_rng(n)
    reached = dict.fromkeys(FLOORS, 0)
    for _ in range(RUNS):
        measures = drift_numeric(random.normal(size=n), random.normal(size=m)).measures
        for name in FLOORS:
            floor = measures[name].floor
            assert floor is not None
            reached[name] += measures[name].value > floor

    error = 3 * np.sqrt(0.05 * 0.95 / RUNS)
    outside = {
        name: reached[name] / RUNS
        for name, (low, high) in FLOORS.items()
        if not low - error <= reached[name] / RUNS <= high + error
    }
    assert outside == {}


@pytest.mark.parametrize(
    ("n", "m", "share"), [(40, 40, 0.1), (300, 300, 0.02), (1_000, 3_000, 0.5), (100, 2_000, 0.01)]
)
def test_cells_that_are_empty_as_often_as_before_are_seldom_called_changed(n: int, m: int, share: float) -> None:
    random = np.random.default_rng(n)
    judged = [
        missing_judged("c", (int(before), int(now)), (n, m), thresholds={})
        for before, now in zip(random.binomial(n, share, RUNS), random.binomial(m, share, RUNS), strict=True)
    ]

    assert np.mean([one.p <= 0.05 for one in judged]) <= at_most(0.05, RUNS)
    # of few rare cells the share has few values: never more than twice the level
    assert np.mean([one.floor is not None and one.effect > one.floor for one in judged]) <= at_most(0.06, RUNS)


@pytest.mark.parametrize("n", [40, 300])
def test_the_likelihood_ratio_that_stands_beside_chi_squared_is_an_approximation(n: int) -> None:
    """It decides nothing; with sparse cells it is too eager by a point and a half."""
    random = np.random.default_rng(n)
    share = (0.4, 0.3, 0.2, 0.06, 0.03, 0.01)

    p = [drift_categorical(*random.multinomial(n, share, size=2)).others["g_test"][1] for _ in range(RUNS)]

    assert np.mean(np.array(p) <= 0.05) <= at_most(0.07, RUNS)


def table(random: np.random.Generator, rows: int) -> bytes:
    """Ten numbers, ten categories, a tenth of the cells empty; nothing has to do with anything."""
    lines = [",".join(f"c{number}" for number in range(20))]
    for _ in range(rows):
        cells = [f"{number:.5f}" for number in random.standard_exponential(10)]
        cells += ["abcd"[one] for one in random.choice(4, size=10, p=(0.5, 0.3, 0.15, 0.05))]
        lines.append(",".join("" if random.random() < 0.1 else cell for cell in cells))
    return "\n".join(lines).encode()


def test_a_table_without_drift_hardly_ever_fails() -> None:
    """Twenty columns with two questions each are one family; the threshold makes false alarms rarer still."""
    random = np.random.default_rng(5)
    runs = 300 if LONG else 25

    verdicts = [
        audit_drift(load_table(io.BytesIO(table(random, 300))), load_table(io.BytesIO(table(random, 300))))["verdict"]
        for _ in range(runs)
    ]

    assert verdicts.count("fail") <= runs * at_most(0.05, runs)
