"""Stratified measures against published results, scipy, and what holds of them whatever the numbers."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audits.measures.conditional.stratified import (
    breslow_day,
    cmh_statistic,
    conditional_demographic_disparity,
    mantel_haenszel,
    odds_ratio,
)
from tests.audits.measures.made import LONG, shared_table

COUNTS = st.lists(
    st.tuples(*[st.integers(1, 60)] * 4).map(lambda four: [[four[0], four[1]], [four[2], four[3]]]),
    min_size=1,
    max_size=8,
).map(lambda tables: np.array(tables, dtype=float))


def berkeley() -> np.ndarray:
    """Admissions of men and women to six departments: [department, sex, admitted or not]."""
    tables = np.zeros((6, 2, 2))
    with gzip.open(shared_table("datasets_UCBAdmissions.csv.gz"), "rt") as file:
        for row in csv.DictReader(file):
            place = "ABCDEF".index(row["Dept"]), int(row["Gender"] == "Female"), int(row["Admit"] == "Rejected")
            tables[place] = float(row["Freq"])
    return tables


def test_oracle_berkeley_men_have_better_odds_altogether_and_not_within_departments() -> None:
    tables = berkeley()

    raw, common = odds_ratio(tables.sum(axis=0)), mantel_haenszel(tables)

    assert raw.value == pytest.approx(1.841080, abs=1e-6)
    assert raw.low > 1.6
    # what R's mantelhaen.test prints for UCBAdmissions
    assert (common.value, common.low, common.high) == pytest.approx((0.9046968, 0.7719074, 1.0603298), abs=1e-7)
    assert cmh_statistic(tables, correction=True) == pytest.approx(1.4269, abs=5e-5)
    assert cmh_statistic(tables) == pytest.approx(1.5246, abs=5e-5)
    assert common.p == pytest.approx(0.2169, abs=5e-5)


def test_berkeleys_departments_do_not_agree_on_one_odds_ratio() -> None:
    tables = berkeley()

    statistic, freedom, p = breslow_day(tables, mantel_haenszel(tables).value)

    # department A is the odd one out; without it they agree
    assert freedom == 5
    assert p < 0.01
    assert breslow_day(tables[1:], mantel_haenszel(tables[1:]).value)[2] > 0.1
    assert statistic == pytest.approx(18.8255, abs=1e-3)


def test_one_stratum_gives_its_own_odds_ratio_and_wald_interval() -> None:
    table = np.array([[[12.0, 30.0], [25.0, 20.0]]])

    common, own = mantel_haenszel(table), odds_ratio(table[0])

    assert (common.value, common.low, common.high) == pytest.approx((own.value, own.low, own.high), rel=1e-12)
    theirs = stats.contingency.odds_ratio(table[0].astype(int), kind="sample")
    assert own.value == pytest.approx(theirs.statistic)
    limits = theirs.confidence_interval(0.95)
    assert (own.low, own.high) == pytest.approx((limits.low, limits.high))


def test_the_test_of_one_stratum_is_the_chi_square_on_one_row_less() -> None:
    table = np.array([[12.0, 30.0], [25.0, 20.0]])

    theirs = stats.chi2_contingency(table, correction=False).statistic

    assert cmh_statistic(table[None]) == pytest.approx(theirs * (table.sum() - 1) / table.sum())


@settings(max_examples=60, deadline=None)
@given(COUNTS)
def test_swapping_the_groups_turns_the_ratio_over(tables: np.ndarray) -> None:
    ours, theirs = mantel_haenszel(tables), mantel_haenszel(tables[:, ::-1])

    assert ours.value * theirs.value == pytest.approx(1.0)
    assert (ours.low * theirs.high, ours.p) == pytest.approx((1.0, theirs.p))


@settings(max_examples=60, deadline=None)
@given(COUNTS)
def test_the_conditional_disparities_of_two_groups_cancel(tables: np.ndarray) -> None:
    ours, theirs = conditional_demographic_disparity(tables), conditional_demographic_disparity(tables[:, ::-1])

    assert ours.value == pytest.approx(-theirs.value)
    assert -1 <= ours.low <= ours.value <= ours.high <= 1


def test_conditional_disparity_by_hand() -> None:
    # of the rejected 3 of 4 belong to the group, of the accepted 1 of 4; in the second stratum no difference
    tables = np.array([[[1.0, 3.0], [3.0, 1.0]], [[2.0, 2.0], [2.0, 2.0]]])

    assert conditional_demographic_disparity(tables).value == pytest.approx((0.5 * 8 + 0.0 * 8) / 16)


@pytest.mark.parametrize(
    "tables",
    [
        np.zeros((0, 2, 2)),
        np.array([[[5.0, 0.0], [3.0, 0.0]]]),
        np.array([[[5.0, 2.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 4.0]]]),
    ],
)
def test_where_no_stratum_compares_them_nothing_is_measured(tables: np.ndarray) -> None:
    found = mantel_haenszel(tables)

    assert np.isnan([found.value, found.low, found.high, found.p]).all()
    assert found.strata == 0


def test_intervals_cover_and_the_test_errs_no_more_often_than_it_says() -> None:
    random = np.random.default_rng(5)
    runs = 4_000 if LONG else 600
    covered, erred, fair = 0, 0, 0
    for _ in range(runs):
        size = random.integers(20, 60, (8, 2))
        base = random.uniform(0.2, 0.6, 8)
        odds = base / (1 - base)
        for ratio in (1.0, 1.8):
            chances = np.stack([ratio * odds / (1 + ratio * odds), base], axis=1)
            chosen = random.binomial(size, chances)
            found = mantel_haenszel(np.stack([chosen, size - chosen], axis=2).astype(float))
            covered += found.low <= ratio <= found.high
            if ratio == 1.0:
                erred += found.p <= 0.05
        share = random.uniform(0.2, 0.6)
        accepted, refused = random.binomial(40, share, 8), random.binomial(60, share, 8)
        tables = np.stack([np.stack([accepted, refused], 1), np.stack([40 - accepted, 60 - refused], 1)], axis=1)
        cdd = conditional_demographic_disparity(tables.astype(float))
        fair += cdd.low <= 0 <= cdd.high

    assert stats.binomtest(covered, 2 * runs, 0.95).pvalue > 1e-4
    assert stats.binom.sf(erred - 1, runs, 0.05) > 1e-4
    assert stats.binom.cdf(fair, runs, 0.95) > 1e-4
