"""By simulation, in minutes: do intervals cover what they should, and does chance alone seldom look like bias?"""

from __future__ import annotations

import numpy as np
import pytest

from audits.measures.intervals import koopman, newcombe, wilson
from tests.audits.measures.made import LONG, audited, csv_of, disparity, plan_of, rows_of

pytestmark = [pytest.mark.long, pytest.mark.skipif(not LONG, reason="a simulation: only under LONG=1")]

RUNS = 20_000


@pytest.mark.parametrize("n", [30, 100, 1000])
@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.9])
def test_the_interval_of_a_rate_covers_it_about_nineteen_times_in_twenty(n: int, p: float) -> None:
    k = np.random.default_rng(1).binomial(n, p, size=RUNS)

    low, high = wilson(k, n)

    assert 0.925 <= np.mean((low <= p) & (p <= high)) <= 0.985


@pytest.mark.parametrize(("n1", "n2"), [(30, 300), (100, 100), (197, 1681)])
@pytest.mark.parametrize(("p1", "p2"), [(0.5, 0.5), (0.7, 0.88), (0.1, 0.3), (0.98, 0.99)])
def test_intervals_of_differences_and_ratios_cover_them_about_nineteen_times_in_twenty(
    n1: int, n2: int, p1: float, p2: float
) -> None:
    random = np.random.default_rng(2)
    k1, k2 = random.binomial(n1, p1, size=RUNS), random.binomial(n2, p2, size=RUNS)

    # near 1 a hundred rows hold too few exceptions for an exact 95 %; then it has to be more
    low, high = newcombe(k1, n1, k2, n2)
    assert 0.935 <= np.mean((low <= p1 - p2) & (p1 - p2 <= high)) <= 0.995
    low, high = koopman(k1, n1, k2, n2)
    assert 0.935 <= np.mean((low <= p1 / p2) & (p1 / p2 <= high)) <= 0.995


def table(random: np.random.Generator, groups: dict[str, tuple[int, float, float, float]]) -> bytes:
    """Rows drawn for groups of (size, share of positives, true and false positive rate)."""
    drawn = {}
    for name, (size, base, tpr, fpr) in groups.items():
        positives = int(random.binomial(size, base))
        hits, alarms = int(random.binomial(positives, tpr)), int(random.binomial(size - positives, fpr))
        drawn[name] = (size - positives - alarms, alarms, positives - hits, hits)
    return csv_of(rows_of(drawn))


def test_the_interval_of_equalized_odds_covers_the_worst_of_its_two_rates() -> None:
    random = np.random.default_rng(3)
    groups = {"a": (600, 0.5, 0.80, 0.20), "b": (400, 0.4, 0.70, 0.30)}
    plan = plan_of(reference="largest", bootstrap=500)
    covered = []

    for _ in range(400):
        row = disparity(audited(table(random, groups), plan), "equalized_odds_difference", group="b")
        covered.append(row["ci_low"] <= 0.10 <= row["ci_high"])

    # joint limits of two rates: never less than promised, but for the luck of 400 draws
    assert np.mean(covered) >= 0.93


def test_the_widest_gap_of_equal_groups_includes_none_and_its_p_is_honest() -> None:
    """Six equal groups: the percentile interval of the widest gap would exclude 0 every time."""
    random = np.random.default_rng(4)
    groups = {name: (200, 0.5, 0.3, 0.3) for name in "abcdef"}
    plan = plan_of(bootstrap=400)
    excluded, alarmed = [], []

    for _ in range(300):
        row = disparity(audited(table(random, groups), plan), "demographic_parity_difference", scope="range", group="")
        excluded.append(row["ci_low"] > 0)
        alarmed.append(row["p"] <= 0.05)

    assert np.mean(excluded) <= 0.08
    assert np.mean(alarmed) == pytest.approx(0.05, abs=0.035)


@pytest.mark.parametrize("gating", [("demographic_parity_ratio", "equalized_odds_difference")])
def test_equal_groups_hardly_ever_fail(gating: tuple[str, ...]) -> None:
    random = np.random.default_rng(5)
    groups = {"a": (1500, 0.5, 0.6, 0.4), "b": (150, 0.5, 0.6, 0.4), "c": (60, 0.5, 0.6, 0.4)}

    verdicts = [audited(table(random, groups), plan_of(gating=gating))["verdict"] for _ in range(400)]

    assert verdicts.count("fail") <= 400 * 0.05


def test_a_group_at_the_very_limit_seldom_fails_or_passes() -> None:
    """At four fifths exactly the verdict has to stay open: each wrong side at most about one time in forty."""
    random = np.random.default_rng(6)
    groups = {"a": (1000, 0.5, 0.48, 0.48), "b": (3000, 0.5, 0.6, 0.6)}

    verdicts = [audited(table(random, groups), plan_of())["verdict"] for _ in range(600)]

    assert verdicts.count("fail") <= 600 * 0.045
    assert verdicts.count("pass") <= 600 * 0.045
    assert verdicts.count("warn") >= 600 * 0.9
