"""Boosted trees: against scikit-learn's on the same rows, what they must see, and that luck is called luck."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from audits.measures.tables.chunks import Column
from audits.measures.trees import Columns, as_columns, boosted, cross_fitted
from audits.measures.trees.boosting import DEPTH, RATE, RIDGE, ROUNDS
from tests.audits.measures.made import LONG


def of_numbers(codes: np.ndarray) -> Columns:
    return Columns(codes, np.ones(codes.shape[1], dtype=bool), int(codes.max()) + 1)


def test_the_log_odds_are_those_of_scikit_learns_histogram_trees() -> None:
    random = np.random.default_rng(0)
    codes = random.integers(0, 10, (6_000, 3))
    truth = 0.6 * codes[:, 0] - 0.4 * codes[:, 1] * (codes[:, 2] > 4) - 1
    positive = random.random(6_000) < 1 / (1 + np.exp(-truth))

    ours = boosted(of_numbers(codes), positive).log_odds(of_numbers(codes))

    peer = HistGradientBoostingClassifier(
        max_iter=ROUNDS,
        learning_rate=RATE,
        max_depth=DEPTH,
        max_leaf_nodes=2**DEPTH,
        l2_regularization=RIDGE,
        min_samples_leaf=20,
        early_stopping=False,
    ).fit(codes.astype(float), positive)
    # the peer grows the best leaf first and holds a leaf to rows, not to curvature: alike, not equal
    theirs = peer.decision_function(codes.astype(float))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.995
    assert roc_auc_score(positive, ours) == pytest.approx(roc_auc_score(positive, theirs), abs=0.003)


def test_one_cut_and_one_step_are_those_written_out() -> None:
    codes = np.repeat([[0], [1]], 100, axis=0)
    positive = np.arange(200) % 100 < np.where(codes[:, 0] == 0, 20, 70)

    log_odds = boosted(of_numbers(codes), positive).log_odds(of_numbers(codes))

    odds = np.array([np.log(0.45 / 0.55)] * 2)
    for _ in range(ROUNDS):
        chance = 1 / (1 + np.exp(-odds))
        slope = np.array([20, 70]) - 100 * chance
        odds += RATE * slope / (100 * chance * (1 - chance) + RIDGE)
    assert log_odds[[0, 100]] == pytest.approx(odds)


def test_values_without_an_order_are_put_together_by_what_they_tell() -> None:
    random = np.random.default_rng(1)
    letters = random.integers(0, 12, 4_000)
    positive = np.isin(letters, [1, 4, 6, 9, 11]) ^ (random.random(4_000) < 0.1)
    columns = as_columns([Column(tuple("abcdefghijkl"), letters)], np.arange(4_000))

    one = boosted(columns, positive).trees[0]

    told = columns.codes[:, 0]
    goes = {letter: bool(one.right[0, told[letters == letter][0]]) for letter in range(12)}
    assert {letter for letter, right in goes.items() if right} == {1, 4, 6, 9, 11}


def test_missing_and_rare_values_are_codes_and_a_constant_is_left_out() -> None:
    numbers = np.array([np.nan, 1.0, 2.0, 3.0] * 50)
    rare = Column(("a", "b", "c"), np.array([0] * 150 + [1] * 40 + [2] * 5 + [-1] * 5))

    columns = as_columns([numbers, np.ones(200), rare], np.arange(200))

    assert columns.ordered.tolist() == [True, False]
    assert len(np.unique(columns.codes[:, 0])) == 4
    assert [len(np.unique(columns.codes[at, 1])) for at in (slice(150), slice(190, 195), slice(195, 200))] == [1, 1, 1]
    assert len(np.unique(columns.codes[:, 1])) == 4


@pytest.mark.parametrize("features", [3, pytest.param(20, marks=pytest.mark.long)])
def test_where_columns_tell_nothing_the_interval_holds_a_half(features: int) -> None:
    random = np.random.default_rng(features)
    runs, beyond = (400 if LONG else 40), 0
    for _ in range(runs):
        columns, positive = of_numbers(random.integers(0, 8, (400, features))), random.random(400) < 0.4
        area, error = cross_fitted(columns, positive, random.permutation(400) % 5, count=5)
        beyond += area - 1.644854 * error > 0.5
    # one-sided 5 %, with the luck of the simulation
    assert stats.binom.sf(beyond - 1, runs, 0.05) > 1e-3
