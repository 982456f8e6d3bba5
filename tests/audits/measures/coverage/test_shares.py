"""Rates, differences, ratios, figures made of them, and the tests beside them."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from audits.measures.average_odds import average_odds
from audits.measures.cube import Slices
from audits.measures.disparities import Contrast
from audits.measures.intervals import koopman, newcombe, score_test, wilson
from audits.measures.multiplicity import benjamini_hochberg, holm
from audits.measures.naming import DIFFERENCE, RATIO
from audits.measures.rates import RATES, Shares, balanced_accuracy, f1, shares
from audits.measures.resampling import generator, luck_p
from tests.audits.measures.coverage import errs, holds, runs
from tests.audits.measures.made import audited, csv_of, plan_of


@pytest.mark.parametrize(("n", "least"), [(30, 0.92), (100, 0.93), (1_000, 0.94)])
def test_wilsons_interval_on_average_and_at_its_worst(n: int, least: float) -> None:
    """Exact: the sum of the chances of all counts whose interval holds the rate."""
    k = np.arange(n + 1)
    low, high = wilson(k, n)
    held = [stats.binom.pmf(k[(low <= p) & (p <= high)], n, p).sum() for p in np.linspace(0.05, 0.95, 91)]

    assert np.mean(held) >= 0.95 - 0.002
    assert min(held) >= least


@pytest.mark.parametrize(("n1", "n2"), [(30, 120), (100, 100)])
def test_intervals_and_test_of_two_shares_are_as_good_as_they_say(n1: int, n2: int) -> None:
    """Exact, over all pairs of counts. Near 0 and 1 intervals of few rows have to hold more often than they say."""
    k1, k2 = (one.ravel() for one in np.meshgrid(np.arange(n1 + 1), np.arange(n2 + 1), indexing="ij"))
    gap, ratio, p = newcombe(k1, n1, k2, n2), koopman(k1, n1, k2, n2), score_test(k1, n1, k2, n2)[1]
    of_gap, of_ratio, alarms = [], [], []
    for p1, p2 in itertools.product([0.1, 0.3, 0.5, 0.7, 0.9], repeat=2):
        chance = stats.binom.pmf(k1, n1, p1) * stats.binom.pmf(k2, n2, p2)
        of_gap.append(chance[(gap[0] <= p1 - p2) & (p1 - p2 <= gap[1])].sum())
        of_ratio.append(chance[(ratio[0] <= p1 / p2) & (p1 / p2 <= ratio[1])].sum())
        if p1 == p2:
            alarms.append(chance[p <= 0.05].sum())

    for held in (of_gap, of_ratio):
        assert np.mean(held) >= 0.948
        assert min(held) >= 0.93
    # Pearson's test without correction errs between 5 and 6 in a hundred where counts can hit its limit exactly
    assert np.mean(alarms) <= 0.053
    assert max(alarms) <= 0.06


def drawn_cells(random: np.random.Generator, n: int, chances: np.ndarray, times: int) -> Slices:
    """Tables of n rows over (label, prediction) as the groups of one slicing."""
    cells = random.multinomial(n, chances, size=times).reshape(times, 2, 2)
    return Slices(("group",), tuple((str(one),) for one in range(times)), cells)


@pytest.mark.parametrize("n", [60, 400])
@pytest.mark.parametrize("chances", [(0.4, 0.1, 0.15, 0.35), (0.7, 0.1, 0.05, 0.15)])
def test_figures_made_of_two_rates(n: int, chances: tuple[float, ...]) -> None:
    tn, fp, fn, tp = chances
    times = runs(4_000, 40_000)
    tables = drawn_cells(np.random.default_rng(n), n, np.array(chances), times)

    for found, truth in (
        (balanced_accuracy(tables), (tp / (tp + fn) + tn / (tn + fp)) / 2),
        (f1(tables), 2 * tp / (2 * tp + fp + fn)),
    ):
        known = ~np.isnan(found.value)
        assert known.mean() > 0.9
        assert holds(int(((found.low <= truth) & (truth <= found.high))[known].sum()), int(known.sum()), 0.945)


@pytest.mark.parametrize("kind", [DIFFERENCE, RATIO])
def test_a_gap_to_everybody_whose_share_is_drawn_too(kind: str) -> None:
    """The group is a part of everybody, and how large a part is luck as well."""
    random, times = np.random.default_rng(9), runs(4_000, 40_000)
    sizes = random.binomial(500, 0.2, size=times)
    ours, others = random.binomial(sizes, 0.45), random.binomial(500 - sizes, 0.6)

    def counted(k: np.ndarray, n: np.ndarray) -> Shares:
        return Shares(*(one.astype(float) for one in (k, n, k, n)))

    contrast = Contrast(
        RATES["selection_rate"],
        counted(ours, sizes),
        counted(others, 500 - sizes),
        sizes / 500,
        np.zeros(times, dtype=bool),
    )

    _, low, high = contrast.estimated(kind, 1.959964)
    everybody = 0.2 * 0.45 + 0.8 * 0.6
    truth = 0.45 - everybody if kind == DIFFERENCE else 0.45 / everybody
    assert holds(int(((low <= truth) & (truth <= high)).sum()), times)


def test_the_average_of_two_odds_gaps() -> None:
    random, times, held, alarms = np.random.default_rng(3), runs(200, 4_000), 0, 0
    odds = ((400, 0.8, 0.2), (200, 0.7, 0.26), (150, 0.8, 0.2))
    chances = [[0.5 * (1 - fpr), 0.5 * fpr, 0.5 * (1 - tpr), 0.5 * tpr] for _, tpr, fpr in odds]
    for _ in range(times):
        cells = np.stack([random.multinomial(size, one) for (size, _, _), one in zip(odds, chances, strict=True)])
        slices = Slices(("group",), (("a",), ("b",), ("c",)), cells.reshape(-1, 2, 2))
        groups = SimpleNamespace(single={"group": slices}, plan=plan_of(), named_reference={})
        other, alike = average_odds(groups)  # type: ignore[arg-type]
        held += other["ci_low"] <= -0.02 <= other["ci_high"]
        alarms += alike["p"] <= 0.05

    assert holds(held, times)
    assert errs(alarms, times)


@pytest.mark.parametrize("kind", [DIFFERENCE, RATIO])
@pytest.mark.parametrize("names", [("selection_rate",), ("true_positive_rate", "false_positive_rate")])
def test_the_widest_gap_of_equal_groups_is_called_more_than_luck_one_time_in_twenty(
    kind: str, names: tuple[str, ...]
) -> None:
    random, times, alarms = np.random.default_rng(4), runs(200, 3_000), 0
    for number in range(times):
        cells = np.stack([random.multinomial(n, [0.35, 0.15, 0.15, 0.35]) for n in (60, 100, 150, 300)])
        groups = Slices(("group",), tuple((one,) for one in "abcd"), cells.reshape(-1, 2, 2))
        p = luck_p(groups, [RATES[name] for name in names], kind, replicates=199, random=generator(number, "luck"))
        alarms += p is not None and p <= 0.05

    assert errs(alarms, times)


def test_corrections_keep_what_they_promise_when_some_tests_are_true() -> None:
    """Of ten tests five are of something: Holm errs at all one time in twenty, of BH's finds one in ten is false."""
    random, times = np.random.default_rng(5), runs(4_000, 40_000)
    z = random.normal(size=(times, 10)) + np.array([3.0] * 5 + [0.0] * 5)
    p = 2 * stats.norm.sf(np.abs(z))
    family, false = 0, []
    for one in p:
        family += bool((holm(one)[5:] <= 0.05).any())
        found = benjamini_hochberg(one) <= 0.10
        false.append(found[5:].sum() / max(found.sum(), 1))

    assert errs(family, times)
    assert np.mean(false) <= 0.10


def test_holms_promise_where_nothing_is_true() -> None:
    random, times = np.random.default_rng(6), runs(4_000, 40_000)
    alarms = sum(bool((holm(random.random(12)) <= 0.05).any()) for _ in range(times))

    assert errs(alarms, times)


def test_rates_with_unequal_weights_hold_on_average() -> None:
    """Weights that do not go along with the outcome: Kish's size in Wilson's interval."""
    random, times, held = np.random.default_rng(7), runs(2_000, 20_000), 0
    weights = random.lognormal(sigma=0.8, size=(times, 200))
    hits = random.random((times, 200)) < 0.3
    yes, no = (np.stack([(one * side).sum(axis=1) for one in (weights, weights**2)]) for side in (hits, ~hits))
    empty = np.zeros(times)
    cells, mass, squares = (
        np.stack([empty, a, empty, b], axis=1).reshape(times, 2, 2)
        for a, b in ((hits.sum(axis=1), (~hits).sum(axis=1)), (yes[0], no[0]), (yes[1], no[1]))
    )
    # all predictions positive: the base rate's complement is what is drawn
    tables = Slices(("g",), tuple((str(one),) for one in range(times)), cells.astype(np.int64), mass, squares)
    found = shares(tables, RATES["base_rate"])
    low, high = wilson(found.k, found.n)
    held = int(((low <= 0.7) & (high >= 0.7)).sum())

    assert holds(held, times, 0.945)


def test_equal_classes_hardly_ever_fail() -> None:
    """Each class against the rest, all of them decide: still at most one time in twenty."""
    random, times, failed = np.random.default_rng(8), runs(4, 150), 0
    confusion = np.array([[0.7, 0.2, 0.1], [0.15, 0.7, 0.15], [0.1, 0.2, 0.7]])
    plan = plan_of(task="multiclass", gating=("equalized_odds_difference", "demographic_parity_ratio"))
    for _ in range(times):
        label, group = random.integers(0, 3, 900), random.integers(0, 2, 900)
        prediction = (confusion[label].cumsum(axis=1) < random.random((900, 1))).sum(axis=1)
        lines = [f"c{y},c{p},{'ab'[g]}" for y, p, g in zip(label, prediction, group, strict=True)]
        failed += audited(csv_of(lines), plan)["verdict"] == "fail"

    assert errs(failed, times)
