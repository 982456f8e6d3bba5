"""Scores, quantities, rankings and slices: intervals hold and tests do not err more than they say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from audits.measures.conditional.document import conditional_of
from audits.measures.conditional.stratified import (
    breslow_day,
    conditional_demographic_disparity,
    mantel_haenszel,
    odds_ratio,
)
from audits.measures.four_fifths import fisher
from audits.measures.informative import p_of
from audits.measures.kept_rows import JudgedRows
from audits.measures.means import difference, mean, root
from audits.measures.numeric.ranked import _ratio, discounts
from audits.measures.numeric.regression import LOSSES, _distance
from audits.measures.proxies.alike import impact_ratio_alike
from audits.measures.proxies.document import FOLDS, PENALTY, _cross_fitted_area, _design
from audits.measures.rates import RATES
from audits.measures.roc import auc_limits
from audits.measures.scores.calibration import group_row, judged, losses
from audits.measures.scores.part import _impossibility
from audits.measures.scores.reliability import calibration_error
from audits.measures.scores.scored import Scored, scored
from audits.measures.slices.confirmation import confirm
from audits.measures.slices.factors import factor_of
from audits.measures.slices.quantities import Quantity, Rows
from audits.measures.tables.chunks import Column
from tests.audits.measures.coverage import errs, holds, runs
from tests.audits.measures.made import plan_of


def people(random: np.random.Generator, n: int, *, bent: float = 0.0) -> Scored:
    """Rows with scores whose log-odds are ``bent`` too high."""
    truth = random.beta(2, 3, size=n)
    odds = np.log(truth / (1 - truth)) + bent
    score = 1 / (1 + np.exp(-odds))
    rows = JudgedRows(
        label=random.random(n) < truth,
        prediction=truth > 0.5,
        groups={"group": Column(("a", "b"), random.integers(0, 2, n))},
        score=score,
    )
    return scored(rows, score, "score")


@pytest.mark.parametrize("bent", [0.0, 0.5])
def test_losses_and_errors_of_scores(bent: float) -> None:
    random, times = np.random.default_rng(1), runs(120, 2_000)
    large = people(np.random.default_rng(2), 200_000, bent=bent)
    truths = {name: one.value for name, one in losses(large, 10)[0].items()}
    truths["calibration_in_the_large"] = float((large.score - large.label).mean())
    held, error, plan = dict.fromkeys(truths, 0), 0, plan_of(bootstrap=200)
    # bins are cut anew in each table: the truth is the error of the same bins at the true chances
    for number in range(times):
        rows = people(random, 400, bent=bent)
        found = judged(rows, {}, plan, seed=number)
        for name, truth in truths.items():
            held[name] += found.figures[name].low <= truth <= found.figures[name].high
        assert found.bins is not None
        edges = np.append(np.cumsum(found.bins.rows) - found.bins.rows, len(rows))
        odds = np.log(rows.score / (1 - rows.score)) - bent
        chance = np.add.reduceat(1 / (1 + np.exp(-odds)), edges[:-1]) / found.bins.rows
        truth = float((found.bins.shares * np.abs(chance - found.bins.score)).sum())
        told = group_row(found, rows, plan)["expected_calibration_error"]
        error += told["ci_low"] <= truth <= told["ci_high"]

    for name, count in held.items():
        assert holds(count, times), name
    assert holds(error, times)


def test_perfect_scores_are_seldom_called_ill_calibrated_and_equal_outcomes_unequal() -> None:
    random, times, alarms, unequal = np.random.default_rng(3), runs(120, 3_000), 0, 0
    plan = plan_of(bootstrap=199)
    for number in range(times):
        rows = people(random, 600)
        found = judged(rows, {}, plan, seed=number)
        assert found.luck is not None
        assert found.bins is not None
        as_far = int((found.luck >= float(calibration_error(found.bins)) - 1e-12).sum())
        alarms += (1 + as_far) / (1 + len(found.luck)) <= 0.05
        parts = [judged(rows.take(np.arange(one, 600, 6)), {"group": str(one)}, plan_of(), seed=0) for one in range(6)]
        unequal += _impossibility("group", parts, plan_of()) is not None

    assert errs(alarms, times)
    # the two groups that differ most of six: the interval holds for all pairs
    assert errs(unequal, times)


@pytest.mark.parametrize("metric", LOSSES)
def test_errors_of_quantities_their_differences_and_tests(metric: str) -> None:
    random, times = np.random.default_rng(4), runs(1_000, 10_000)
    loss = LOSSES[metric]

    def drawn(n: int, worse: float) -> np.ndarray:
        label = random.gamma(3.0, size=n)
        return loss(label, label + worse * random.normal(size=n) + 0.1)

    truths = {worse: float(drawn(1_000_000, worse).mean()) for worse in (0.6, 1.0)}
    if metric == "root_mean_squared_error":
        truths = {worse: value**0.5 for worse, value in truths.items()}
    held, apart, alarms = 0, 0, 0
    for _ in range(times):
        one, other, third = (mean(drawn(n, worse)) for n, worse in ((80, 1.0), (200, 0.6), (200, 1.0)))
        if metric == "root_mean_squared_error":
            one, other, third = root(one), root(other), root(third)
        held += one.low <= truths[1.0] <= one.high
        gap = difference(one, other)
        apart += gap.low <= truths[1.0] - truths[0.6] <= gap.high
        alarms += p_of(difference(one, third)) <= 0.05

    # skewed means of eighty rows keep a little less than they say
    assert holds(held, times, 0.94)
    assert holds(apart, times, 0.94)
    assert errs(alarms, times, 0.06)


def test_the_distance_of_equal_distributions_is_seldom_called_one() -> None:
    random, times, alarms = np.random.default_rng(5), runs(100, 1_000), 0
    for number in range(times):
        values = random.gamma(2.0, size=300)
        rows: Any = SimpleNamespace(prediction=np.sort(values), weights=None, clusters=None)
        index = random.permutation(300)
        sides = np.sort(index[:100]), np.sort(index[100:])
        _, p = _distance(rows, *sides, plan_of(bootstrap=200), number, ("group", "a"))
        alarms += p <= 0.05

    assert errs(alarms, times)


def test_exposure_its_ratio_and_test() -> None:
    """Places are drawn by merit; the truth is the mean over very many rankings of as many rows."""
    times, size = runs(500, 5_000), 300
    seen = discounts(size)

    def ranking(random: np.random.Generator, gap: float) -> list[Any]:
        group = random.random(size) < 0.3
        merit = random.normal(size=size) - gap * group
        places = np.argsort(np.argsort(-merit))
        return [seen[places[group]], seen[places[~group]]]

    for gap in (0.0, 0.5):
        random = np.random.default_rng([6, int(10 * gap)])
        many = [ranking(random, gap) for _ in range(8 * times)]
        truth = [float(np.mean([one[side].mean() for one in many])) for side in (0, 1)]
        held, ratios, alarms = 0, 0, 0
        for _ in range(times):
            places = ranking(random, gap)
            ours, theirs = (mean(one) for one in places)
            held += ours.low <= truth[0] <= ours.high
            ratio, p = _ratio(ours, theirs, *(len(one) for one in places), spread=float(seen.std(ddof=1)))
            ratios += ratio.low <= truth[0] / truth[1] <= ratio.high
            alarms += p <= 0.05

        assert holds(held, times, 0.94)
        assert holds(ratios, times)
        if gap == 0:
            assert errs(alarms, times)


def test_odds_and_disparities_among_equals() -> None:
    random, times = np.random.default_rng(7), runs(1_500, 15_000)
    base = np.array([0.2, 0.3, 0.45, 0.6])
    odds = base / (1 - base)
    theirs, mixture = 1.8 * odds / (1 + 1.8 * odds), np.array([0.4, 0.3, 0.2, 0.1])
    raw, common, uneven, fair = 0, 0, 0, 0
    whole = (mixture @ theirs) / (1 - mixture @ theirs) / ((0.25 * base.sum()) / (1 - 0.25 * base.sum()))
    for _ in range(times):
        n1, n0 = random.multinomial(150, mixture), random.multinomial(250, [0.25] * 4)
        k1, k0 = random.binomial(n1, theirs), random.binomial(n0, base)
        tables = np.stack([np.stack([k1, n1 - k1], 1), np.stack([k0, n0 - k0], 1)], axis=1).astype(float)
        found = odds_ratio(tables.sum(axis=0))
        raw += found.low <= whole <= found.high
        shared = mantel_haenszel(tables)
        common += shared.low <= 1.8 <= shared.high
        uneven += breslow_day(tables, shared.value)[2] <= 0.05
        # given the sizes of the strata
        accepted, refused = n1 * theirs + n0 * base, n1 * (1 - theirs) + n0 * (1 - base)
        weight = (n1 + n0) / (n1 + n0).sum()
        truth = float((weight * (n1 * (1 - theirs) / refused - n1 * theirs / accepted)).sum())
        disparity = conditional_demographic_disparity(tables)
        fair += disparity.low <= truth <= disparity.high

    assert holds(raw, times)
    assert holds(common, times)
    assert errs(uneven, times)
    assert holds(fair, times)


def test_adjusted_odds() -> None:
    random, times, held, alarms = np.random.default_rng(8), runs(60, 600), 0, 0
    plan = plan_of(legitimate=("merit",), reference={"group": "a"})
    for _ in range(times):
        merit, group = random.normal(size=500), random.integers(0, 3, 500)
        logit = 0.8 * merit - 0.2 + np.array([0.0, 0.6, 0.0])[group]
        rows = JudgedRows(
            label=random.random(500) < 0.5,
            prediction=random.random(500) < 1 / (1 + np.exp(-logit)),
            groups={"group": Column(("a", "b", "c"), group)},
            features={"merit": merit},
        )
        told = conditional_of(rows, plan)["conditional"]
        found = {row["slice"]["group"]: row for row in told["comparisons"] if row["metric"] == "adjusted_odds_ratio"}
        held += found["b"]["ci_low"] <= np.exp(0.6) <= found["b"]["ci_high"]
        alarms += found["c"]["p"] <= 0.05

    assert holds(held, times)
    assert errs(alarms, times)


def test_fishers_test_errs_less_than_it_says() -> None:
    """Exact, over all pairs of counts."""
    n1, n2 = 20, 30
    p = np.array([[fisher(a, n1, b, n2) for b in range(n2 + 1)] for a in range(n1 + 1)])
    for share in (0.1, 0.3, 0.5):
        chance = np.outer(stats.binom.pmf(np.arange(n1 + 1), n1, share), stats.binom.pmf(np.arange(n2 + 1), n2, share))
        assert chance[p <= 0.05].sum() <= 0.05


@pytest.mark.parametrize("quantity", [Quantity("accuracy", RATES["accuracy"]), Quantity("log_loss", None)])
def test_gaps_of_slices_on_the_second_half(quantity: Quantity) -> None:
    random, times, held, own, alarms = np.random.default_rng(10), runs(400, 4_000), 0, 0, 0
    for _ in range(times):
        inside = random.random(600) < 0.15
        right = random.random(600) < np.where(inside, 0.6, 0.75)
        loss = random.gamma(2.0, np.where(inside, 0.5, 0.35))
        label = random.random(600) < 0.5
        outcome = label * 2 + (label == right)
        found = confirm(inside, quantity, Rows(outcome.astype(np.int64), None, loss))
        ours, rest = (0.6, 0.75) if quantity.rate else (1.0, 0.7)
        held += found.gap_low <= 0.85 * (ours - rest) <= found.gap_high
        own += found.low <= ours <= found.high
        alarms += confirm(random.permutation(inside), quantity, Rows(outcome, None, loss)).p <= 0.05

    assert holds(held, times)
    assert holds(own, times)
    assert errs(alarms, times)


def test_an_impact_ratio_with_a_feature_held_still() -> None:
    random, times, held = np.random.default_rng(11), runs(1_500, 15_000), 0
    base, mixed = np.array([0.2, 0.35, 0.5, 0.7]), np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]])
    for _ in range(times):
        inside = random.random(500) < 0.4
        values = (mixed[inside.astype(int)].cumsum(axis=1) < random.random((500, 1))).sum(axis=1)
        chosen = random.random(500) < base[values] * np.where(inside, 0.8, 1.0)
        found = impact_ratio_alike(values, inside, chosen)
        held += found.low <= 0.8 <= found.high

    assert holds(held, times)


@pytest.mark.parametrize("told", [0.0, 0.3])
def test_the_area_of_all_features_together(told: float) -> None:
    """The truth is the area of the fitted models on very many rows, the mean of the folds.

    Where features tell nothing, the folds' models share their luck.
    """
    random, times, held = np.random.default_rng(12), runs(40, 600), 0

    def drawn(n: int) -> tuple[np.ndarray, list[Column]]:
        inside = random.random(n) < 0.4
        return inside, [
            Column(tuple("abcd"), np.where(random.random(n) < told, 2 * inside, random.integers(0, 4, n)))
            for _ in range(3)
        ]

    for _ in range(times):
        inside, columns = drawn(1_000)
        many, tested = drawn(8_000)
        joined = [
            Column(one.values, np.concatenate([one.codes, other.codes]))
            for one, other in zip(columns, tested, strict=True)
        ]
        design = _design([factor_of(f"x{at}", one) for at, one in enumerate(joined)], np.arange(9_000))
        fold = np.concatenate([random.permutation(1_000) % FOLDS, np.full(8_000, -1)])
        both = np.concatenate([inside, many])
        truth, area, error = cross_fitted_with_truth(design, both, fold)
        low, high = auc_limits(area, error)
        held += low <= truth <= high

    assert holds(held, times)


def cross_fitted_with_truth(design: Any, inside: np.ndarray, fold: np.ndarray) -> tuple[float, float, float]:
    from audits.measures import logistic
    from audits.measures.roc import auc

    own = np.flatnonzero(fold >= 0)
    truths = []
    for part in range(FOLDS):
        rest = own[fold[own] != part]
        fitted = logistic.fit(design, inside, kept=rest, penalty=PENALTY, precision=1e-5)
        outside = np.flatnonzero(fold < 0)
        truths.append(auc(logistic.predicted(design, fitted.coefficients, kept=outside), inside[outside])[0])
    # the measured one sees the first rows alone
    few = _few(design, len(own))
    grams = [few.gram(np.flatnonzero(fold[own] != part)) for part in range(FOLDS)]
    area, error = _cross_fitted_area(few, inside[own], fold[own], grams)
    return float(np.mean(truths)), area, error


def _few(design: Any, rows: int) -> Any:
    from audits.measures.logistic import Design

    made = Design(rows)
    made.names = design.names
    made._parts = [(values[:rows], levels) for values, levels in design._parts]
    return made
