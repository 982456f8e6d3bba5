"""Worst slices: what is planted is found, luck is not, and the rows that find are not the rows that measure."""

from __future__ import annotations

import numpy as np
import pytest
import rfc8785
from scipy import stats
from sklearn.tree import DecisionTreeRegressor

from audits.measures.rates import RATES
from audits.measures.slices import slices_of
from audits.measures.slices.confirmation import attribution, confirm, fisher
from audits.measures.slices.cutting import cuts, factors_of
from audits.measures.slices.discovery import masks
from audits.measures.slices.factors import factor_of, quantile_ranges
from audits.measures.slices.halves import halves
from audits.measures.slices.quantities import Quantity, Rows, quantities, rows_to_sum, summed
from audits.measures.tables.chunks import Column
from tests.audits.measures.made import LONG
from tests.audits.measures.slices.made import plan_for, rows_of, taken


def test_a_planted_slice_is_found_with_its_size_and_shared_out_over_its_two_columns() -> None:
    rows = rows_of(12_000, planted=0.35)

    document = slices_of(rows, plan_for(rows), seed=0)

    first = document["worst_slices"][0]
    assert set(first["slice"]) == {"x0", "x1"}
    assert first["slice"]["x0"] == "c"
    # one row in five shows where the errors begin
    assert float(first["slice"]["x1"].removeprefix("≥ ")) == pytest.approx(0.7, abs=0.25)
    assert first["gap_ci_low"] < first["gap"] < first["gap_ci_high"]
    assert sum(first["parts"].values()) == pytest.approx(first["gap"], abs=1e-9)
    assert min(abs(part) for part in first["parts"].values()) > 0.3 * abs(first["gap"])
    assert first["q"] < 1e-6


def test_a_slice_is_measured_on_rows_that_had_no_part_in_finding_it() -> None:
    rows = rows_of(6_000, planted=0.4)
    plan = plan_for(rows)
    first = halves(rows, seed=3, purpose="slices")

    document = slices_of(rows, plan, seed=3)

    found = document["worst_slices"][0]
    at_least = document["slice_search"]["min_rows"]
    factors = {one.name: one for one in factors_of(rows, plan, learned=first, at_least=at_least)}
    inside = ~first
    for column, value in found["slice"].items():
        inside &= factors[column].codes == factors[column].values.index(value)
    assert found["n"] == inside.sum()
    right = rows.label[inside] == rows.prediction[inside]
    assert found["metric"] == "accuracy"
    assert found["value"] == pytest.approx(right.mean())
    assert found["gap"] == pytest.approx(right.mean() - (rows.label == rows.prediction)[~first].mean())


def test_a_number_is_cut_where_scikit_learns_tree_cuts_it_and_narrower_than_a_quarter() -> None:
    random = np.random.default_rng(4)
    numbers = random.normal(size=8_000)
    wrong = random.random(8_000) < np.where(numbers > 1.5, 0.5, np.where(numbers < -1, 0.3, 0.1))
    targets = np.stack([wrong, random.random(8_000) < 0.5]).astype(float)

    found = cuts(numbers, targets, at_least=200)

    tree = DecisionTreeRegressor(max_leaf_nodes=3, min_samples_leaf=200).fit(numbers[:, None], targets[0])
    theirs = sorted(tree.tree_.threshold[tree.tree_.feature == 0])
    # the limits tried are one row in 64 apart
    ranks = [(numbers < limit).mean() for limit in theirs]
    ours = [(numbers < limit).mean() for limit in found]
    assert [min(abs(rank - own) for own in ours) < 1.5 / 64 for rank in ranks] == [True, True]
    # one limit is left to give, and the largest range has it in its middle
    assert len(found) == 3
    assert ours[1] == pytest.approx((ours[0] + ours[2]) / 2, abs=1 / 64)


def test_where_nothing_changes_numbers_are_cut_into_quarters_nineteen_times_in_twenty() -> None:
    random = np.random.default_rng(5)
    runs, cut = (2_000 if LONG else 200), 0
    for _ in range(runs):
        numbers = random.normal(size=1_000)
        found = cuts(numbers, (random.random((2, 1_000)) < 0.3).astype(float), at_least=30)
        cut += not np.allclose([(numbers < one).mean() for one in found], [0.25, 0.5, 0.75], atol=0.02)
    assert stats.binom.sf(cut - 1, runs, 0.05) > 1e-3
    assert cuts(np.repeat([1.0, 2.0], 50), np.zeros((2, 100)), at_least=10).tolist() == [2.0]
    assert cuts(np.ones(50), np.zeros((2, 50)), at_least=10).size == 0


@pytest.mark.parametrize("runs", [pytest.param(60, id="few"), pytest.param(600, id="many", marks=pytest.mark.long)])
def test_where_nothing_differs_a_discovery_is_made_no_more_often_than_one_time_in_ten(runs: int) -> None:
    made = 0
    for run in range(runs):
        rows = rows_of(1_500, seed=run, features=5, scored=run % 2 == 0)
        made += bool(slices_of(rows, plan_for(rows), seed=run)["worst_slices"])

    # at a chance of one in ten so many or more come up once in ten thousand times
    assert made <= stats.binom.ppf(1 - 1e-4, runs, 0.10)


def test_measured_on_the_rows_that_found_it_a_gap_would_be_too_large() -> None:
    """The reason for two halves: of gaps that luck made, the half that found them shows more than the other."""
    found, tested = [], []
    for run in range(12):
        rows = rows_of(1_500, seed=run, features=5)
        first = halves(rows, seed=run, purpose="slices")
        summable, _ = rows_to_sum(rows)
        factors = [factor_of(name, column) for name, column in rows.features.items()]
        from audits.measures.slices.discovery import search
        from audits.measures.slices.search import _rows_of

        leads = search(_rows_of(factors, first), summable.only(first), quantities(summable), at_least=30).leads[:5]
        for lead in leads:
            found.append(lead.gap * lead.quantity.worse)
            result = confirm(masks(_rows_of(factors, ~first), lead.items), lead.quantity, summable.only(~first))
            tested.append(result.gap * lead.quantity.worse)

    assert np.mean(found) > 0.1
    assert abs(np.mean(tested)) < 0.3 * np.mean(found)


def test_the_order_of_the_rows_changes_nothing() -> None:
    rows = rows_of(3_000, planted=0.4, scored=True, weighted=True)
    order = np.random.default_rng(1).permutation(len(rows))

    one = slices_of(rows, plan_for(rows), seed=5)
    other = slices_of(taken(rows, order), plan_for(rows), seed=5)

    assert one["worst_slices"]
    assert rfc8785.dumps(one) == rfc8785.dumps(other)


def test_many_equal_rows_are_shared_out_evenly_between_the_halves() -> None:
    rows = taken(rows_of(1, features=2), np.zeros(1_001, dtype=int))

    assert halves(rows, seed=0, purpose="slices").sum() == 501


def test_another_seed_makes_other_halves() -> None:
    rows = rows_of(500)

    assert (halves(rows, seed=0, purpose="a") != halves(rows, seed=1, purpose="a")).mean() > 0.3


def test_without_features_in_the_plan_nothing_is_looked_for() -> None:
    rows = rows_of(200)

    assert slices_of(rows, plan_for(rows, features=()), seed=0) == {}


def test_every_frequent_slice_is_summed_up_as_a_loop_would() -> None:
    rows = rows_of(900, features=3, scored=True, weighted=True)
    factors = [factor_of(name, column) for name, column in rows.features.items()]
    summable, _ = rows_to_sum(rows)
    from audits.measures.slices.discovery import _frequent

    seen = {}
    for cells, sums in _frequent(factors, summable, 30):
        for place, items in enumerate(cells):
            seen[items] = (sums.counts[place], sums.loss[place])

    import itertools

    expected = {}
    for depth in (1, 2, 3):
        for some in itertools.combinations(range(3), depth):
            for values in itertools.product(*(range(len(factors[one].values)) for one in some)):
                items = tuple(zip(some, values, strict=True))
                inside = masks(factors, items)
                if inside.sum() >= 30:
                    expected[items] = inside
    assert set(seen) == set(expected)
    for items, inside in expected.items():
        counts, loss = seen[items]
        assert counts.tolist() == np.bincount(summable.outcome[inside], minlength=4).tolist()
        assert loss[3] == pytest.approx((summable.weight * summable.loss)[inside].sum())


@pytest.mark.parametrize("table", [(3, 10, 9, 12), (0, 8, 5, 30), (7, 7, 1, 40), (120, 400, 90, 410)])
def test_fishers_p_is_scipys(table: tuple[int, int, int, int]) -> None:
    k1, n1, k2, n2 = table

    assert fisher(*table) == pytest.approx(stats.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue, rel=1e-9)


def test_the_loss_is_tested_as_scipys_welch_test_does() -> None:
    rows = rows_of(2_000, scored=True, planted=0.5)
    summable, _ = rows_to_sum(rows)
    letters = rows.features["x0"]
    assert isinstance(letters, Column)
    inside = letters.codes == 2

    found = confirm(inside, Quantity("log_loss", None), summable)

    theirs = stats.ttest_ind(summable.loss[inside], summable.loss[~inside], equal_var=False)
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-9)
    limits = theirs.confidence_interval(0.95)
    outside = (~inside).mean()
    assert (found.gap_low, found.gap_high) == pytest.approx((limits.low * outside, limits.high * outside))


def test_one_item_has_the_whole_gap_and_a_useless_one_nothing() -> None:
    rows = rows_of(4_000)
    summable, _ = rows_to_sum(rows)
    inside = np.arange(4_000) < 1_000
    everybody = np.ones(4_000, dtype=bool)
    quantity = Quantity("accuracy", RATES["accuracy"])

    (alone,) = attribution([inside], quantity, summable)
    first, second = attribution([inside, everybody], quantity, summable)

    right = rows.label == rows.prediction
    assert alone == pytest.approx(right[:1_000].mean() - right.mean())
    assert (first, second) == pytest.approx((alone, 0.0))


def test_ranges_hold_about_equally_many_rows_and_equal_numbers_are_together() -> None:
    numbers = np.array([0.0] * 500 + list(range(1, 501)) + [np.nan] * 10)

    values, codes = quantile_ranges(numbers, bins=4)

    assert values == ("< 250", "≥ 250")
    assert set(codes[:500].tolist()) == {0}
    assert set(codes[-10:].tolist()) == {-1}
    assert np.bincount(codes[codes >= 0]).sum() == 1_000


def test_what_no_slice_can_be_made_of_is_said() -> None:
    rows = rows_of(2_000)
    n = len(rows)
    odd = {
        "constant": Column(("same",), np.zeros(n, dtype=int)),
        "empty": Column((), np.full(n, -1)),
        "rare": Column(tuple(f"{one:05}" for one in range(n)), np.arange(n)),
        "=cmd|' /C calc'!A0": Column(("a", "b"), np.arange(n) % 2),
    }
    rows = type(rows)(rows.label, rows.prediction, rows.groups, features=rows.features | odd)

    told = {one["column"]: one for one in slices_of(rows, plan_for(rows), seed=0)["slice_search"]["columns"]}

    assert [told[name]["why"] for name in ("constant", "empty", "rare")] == [
        "constant",
        "all_missing",
        "every_value_too_rare",
    ]
    assert told["rare"]["values"] == n
    assert "why" not in told["=cmd|' /C calc'!A0"]


def test_a_score_beyond_0_and_1_is_no_probability_and_gives_no_loss() -> None:
    rows = rows_of(2_000, scored=True)
    assert rows.score is not None
    rows = type(rows)(rows.label, rows.prediction, rows.groups, rows.score * 10, features=rows.features)

    search = slices_of(rows, plan_for(rows), seed=0)["slice_search"]

    assert search["not_measured"] == {"log_loss": "score_is_no_probability"}
    assert "log_loss" not in search["quantities"]


def test_subtracting_a_slice_leaves_the_rest() -> None:
    rows = Rows(np.array([0, 1, 2, 3, 3]), np.array([1.0, 2.0, 1.0, 1.0, 4.0]), None)
    sums = summed(np.array([0, 0, 1, 1, 1]), 2, rows)
    everyone = summed(np.zeros(5, dtype=int), 1, rows)

    rest = everyone - sums

    assert rest.counts[0].tolist() == sums.counts[1].tolist()
    assert rest.weights is not None
    assert rest.weights[1].tolist() == [1.0, 2.0, 0.0, 0.0]
