"""Consistency against scikit-learn's neighbours, by hand, and by simulation of its sample."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from audits.measures.inequality import consistency
from audits.measures.inequality.consistency import agreement, consistency_of, points_of
from audits.measures.kept_rows import JudgedRows
from audits.measures.ordering import in_order_of_content
from audits.measures.tables.chunks import Column
from tests.audits.measures.made import LONG
from tests.audits.measures.slices.made import plan_for, rows_of, taken


def of_scikit_learn(points: np.ndarray, outcome: np.ndarray, neighbours: int) -> float:
    """AIF360's definition on scikit-learn's neighbours."""
    _, near = NearestNeighbors(n_neighbors=neighbours, algorithm="ball_tree").fit(points).kneighbors(points)
    return float(1 - np.abs(outcome - outcome[near].mean(axis=1)).mean())


@pytest.mark.parametrize(("rows", "columns", "neighbours"), [(40, 1, 5), (500, 3, 5), (300, 2, 1), (200, 6, 20)])
def test_without_equal_rows_it_is_that_of_aif360_on_scikit_learns_neighbours(
    rows: int, columns: int, neighbours: int
) -> None:
    random = np.random.default_rng([rows, columns])
    points, outcome = random.normal(size=(rows, columns)), (random.random(rows) < 0.4).astype(float)

    ours = agreement(points, outcome, np.arange(rows), neighbours=neighbours).mean()

    assert ours == pytest.approx(of_scikit_learn(points, outcome, neighbours), abs=1e-12)


def test_rows_that_are_equally_far_count_alike_whatever_their_order() -> None:
    """Three rows at 0 and four at 1; of the four, two fill the five places of a row at 0."""
    points = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0], [1.0]])
    outcome = np.array([1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0])

    found = agreement(points, outcome, np.arange(7))

    at_0, at_1 = (2 + 2 * 0.25) / 5, (1 + 1 * 2 / 3) / 5
    assert found == pytest.approx(1 - np.abs(outcome - np.array([at_0] * 3 + [at_1] * 4)))
    order = np.random.default_rng(0).permutation(7)
    assert agreement(points[order], outcome[order], np.arange(7)).mean() == pytest.approx(found.mean(), abs=1e-12)


def test_with_ties_it_is_a_slow_count_over_all_rows_that_are_near() -> None:
    random = np.random.default_rng(3)
    points, outcome = random.integers(0, 3, size=(80, 2)).astype(float), (random.random(80) < 0.5).astype(float)
    slow = []
    for row in range(80):
        distance = np.square(points - points[row]).sum(axis=1)
        reach = np.sort(distance)[4]
        closer, level = outcome[distance < reach], outcome[distance == reach]
        slow.append(1 - abs(outcome[row] - (closer.sum() + (5 - len(closer)) * level.mean()) / 5))

    assert agreement(points, outcome, np.arange(80)) == pytest.approx(slow, abs=1e-12)


def test_equal_decisions_are_consistent_and_decisions_by_lot_are_not() -> None:
    rows = in_order_of_content(rows_of(2_000))
    plan = plan_for(rows)
    everybody = JudgedRows(rows.label, np.ones(2_000, dtype=bool), rows.groups, features=rows.features)

    assert consistency_of(everybody, plan, seed=0)["consistency"]["value"] == 1.0
    by_lot = consistency_of(rows, plan, seed=0)["consistency"]
    # a lot agrees with itself in one of five places, and by luck in the others
    share = float(rows.prediction.mean())
    assert by_lot["value"] == pytest.approx(1 - 0.8 * 2 * share * (1 - share), abs=0.03)
    assert {row["slice"]["sex"] for row in by_lot["groups"]} == {"f", "m"}


def test_the_order_of_the_rows_changes_nothing_and_small_or_flat_tables_have_none() -> None:
    rows = rows_of(400)
    order = np.random.default_rng(1).permutation(400)
    plan = plan_for(rows)

    first, second = (consistency_of(in_order_of_content(one), plan, seed=0) for one in (rows, taken(rows, order)))

    assert first == second
    assert consistency_of(rows_of(20), plan, seed=0)["consistency"]["why"] == "too_few_rows"
    flat = JudgedRows(rows.label, rows.prediction, rows.groups, features={"x": Column(("a",), np.zeros(400, int))})
    assert consistency_of(flat, plan_for(flat), seed=0)["consistency"]["why"] == "no_feature_varies"
    assert consistency_of(rows, plan_for(rows, features=()), seed=0) == {}


def test_rows_without_a_number_are_counted_and_two_values_are_one_apart() -> None:
    rows = rows_of(400)
    numbers = rows.features["x1"]
    assert isinstance(numbers, np.ndarray)
    numbers[:7] = np.nan

    told = consistency_of(rows, plan_for(rows), seed=0)["consistency"]

    assert (told["rows_left_out"], told["rows_used"]) == (7, 393)
    points = points_of([Column(("a", "b", "c"), np.array([0, 1, 2, 0, -1]))])
    apart = np.square(points[:, None] - points[None]).sum(axis=2)
    assert apart[0, 1] == apart[1, 2] == apart[0, 4] == pytest.approx(1)
    assert apart[0, 3] == 0


def test_the_interval_of_a_sample_holds_the_figure_of_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, runs = in_order_of_content(rows_of(1_200, seed=5)), 400 if LONG else 80
    plan = plan_for(rows)
    truth = consistency_of(rows, plan, seed=0)["consistency"]["value"]
    monkeypatch.setattr(consistency, "MOST_DISTANCES", 300 * 1_200)

    held = 0
    for seed in range(runs):
        told = consistency_of(rows, plan, seed=seed)["consistency"]
        assert told["rows_asked"] == 300
        held += told["ci_low"] <= truth <= told["ci_high"]

    assert held / runs >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / runs)
