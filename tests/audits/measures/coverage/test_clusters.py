"""Rows that come in clusters: what is measured of them is no surer than as many clusters are."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audits.measures.bias import open_for, read_once
from audits.measures.cluster_bootstrap import cluster_bootstrap
from audits.measures.clusters import clustered_error, with_clusters
from audits.measures.conditional import stratified
from audits.measures.conditional.document import conditional_of
from audits.measures.cube import Slices
from audits.measures.gathering import gather
from audits.measures.grouped import Grouped
from audits.measures.intervals import wilson
from audits.measures.kept_rows import JudgedRows
from audits.measures.means import mean
from audits.measures.numeric.ranked import _ratio, _stretch, discounts, ndcg, ndcg_estimated
from audits.measures.ordering import in_order_of_content
from audits.measures.proxies import proxies_of
from audits.measures.proxies.alike import impact_ratio_alike
from audits.measures.rates import RATES, shares
from audits.measures.roc import auc, auc_limits
from audits.measures.scores.reliability import bins_of
from audits.measures.slices import slices_of
from audits.measures.slices.confirmation import confirm
from audits.measures.slices.halves import halves
from audits.measures.slices.quantities import Quantity, Rows
from audits.measures.tables.chunks import Column
from tests.audits.measures.coverage import errs, holds, runs
from tests.audits.measures.made import audited, csv_of, plan_of
from tests.audits.measures.slices.made import plan_for, taken


def persons(random: np.random.Generator, many: int, each: int) -> tuple[np.ndarray, np.ndarray]:
    """A number for each of the rows of ``many`` persons, who have 1 to 2 ``each`` - 1 rows, and their leanings."""
    person = np.repeat(np.arange(many), random.integers(1, 2 * each, many))
    return person, random.beta(2, 2, many)[person]


@pytest.mark.parametrize("quantity", [Quantity("accuracy", RATES["accuracy"]), Quantity("log_loss", None)])
def test_slices_of_persons(quantity: Quantity) -> None:
    random, times, held, own, alarms, alone = np.random.default_rng(1), runs(250, 2_500), 0, 0, 0, 0
    for _ in range(times):
        person, leaning = persons(random, 120, 6)
        inside = (random.random(120) < 0.3)[person]
        right = random.random(len(person)) < leaning
        label = random.random(len(person)) < 0.5
        rows = Rows((label * 2 + (label == right)).astype(np.int64), None, random.gamma(2.0, leaning), person)
        found = confirm(inside, quantity, rows)
        truth = 0.5 if quantity.rate else 1.0
        held += found.gap_low <= 0 <= found.gap_high
        own += found.low <= truth <= found.high
        alarms += found.p <= 0.05
        alone += confirm(inside, quantity, Rows(rows.outcome, None, rows.loss)).p <= 0.05

    assert holds(held, times)
    assert holds(own, times)
    assert errs(alarms, times)
    assert alone > 3 * 0.05 * times


def test_no_cluster_is_in_both_halves_and_the_order_of_rows_changes_nothing() -> None:
    random = np.random.default_rng(2)
    person, leaning = persons(random, 300, 5)
    rows = JudgedRows(
        label=random.random(len(person)) < 0.5,
        prediction=random.random(len(person)) < leaning,
        groups={"sex": Column(("f", "m"), random.integers(0, 2, len(person)))},
        clusters=person,
        features={"x": Column(tuple("abc"), random.integers(0, 3, len(person))), "y": random.normal(size=len(person))},
    )

    first = halves(rows, seed=0, purpose="slices")

    assert not set(person[first]) & set(person[~first])
    assert abs(int(first.sum()) - len(person) / 2) <= np.bincount(person).max()
    order = random.permutation(len(person))
    again = taken(rows, order)
    again = JudgedRows(again.label, again.prediction, again.groups, clusters=person[order], features=again.features)
    plan = plan_for(rows, legitimate=(), cluster="person")
    for part in (slices_of, proxies_of):
        assert part(in_order_of_content(rows), plan, seed=0) == part(in_order_of_content(again), plan, seed=0)


def test_areas_and_bins_of_persons() -> None:
    random, times, held, alone, bins, curves = np.random.default_rng(3), runs(300, 3_000), 0, 0, 0, 0
    for _ in range(times):
        person, leaning = persons(random, 100, 5)
        inside = (random.random(100) < 0.4)[person]
        score = random.normal(size=100)[person] + 0.3 * random.normal(size=len(person))
        low, high = auc_limits(*auc(score, inside, person))
        held += low <= 0.5 <= high
        low, high = auc_limits(*auc(score, inside))
        alone += low <= 0.5 <= high
        label = random.random(len(person)) < leaning
        order = np.argsort(random.random(100)[person], kind="stable")
        found = bins_of(label[order], np.sort(random.random(len(person))), None, person[order])
        limits = found.intervals
        bins += int(((limits[0] <= 0.5) & (limits[1] >= 0.5)).sum())
        curves += len(found)

    assert holds(held, times)
    assert alone < 0.85 * times
    assert holds(bins // 10, curves // 10)


def test_gaps_among_equals_of_persons() -> None:
    random, times = np.random.default_rng(4), runs(120, 1_200)
    metrics = (
        "odds_ratio",
        "mantel_haenszel_odds_ratio",
        "adjusted_odds_ratio",
        "conditional_demographic_disparity",
    )
    held, alarms, alone = dict.fromkeys(metrics, 0), dict.fromkeys(metrics, 0), 0
    plan = plan_of(legitimate=("x",), reference={"group": "a"})
    for _ in range(times):
        person, leaning = persons(random, 120, 6)
        given: dict[str, Any] = {
            "label": leaning > 0.5,
            "prediction": random.random(len(person)) < leaning,
            "groups": {"group": Column(("a", "b"), (random.random(120) < 0.4).astype(np.int64)[person])},
            "features": {"x": Column(tuple("pq"), random.integers(0, 2, 120)[person])},
        }
        told = conditional_of(JudgedRows(**given, clusters=person), plan)["conditional"]["comparisons"]
        for row in told:
            if row["slice"] == {"group": "b"}:
                parity = 0 if row["metric"].startswith("cond") else 1
                held[row["metric"]] += row["ci_low"] <= parity <= row["ci_high"]
                alarms[row["metric"]] += (row["p"] or 1) <= 0.05
        plain = conditional_of(JudgedRows(**given), plan)["conditional"]["comparisons"]
        alone += sum(row["metric"] == "mantel_haenszel_odds_ratio" and row["p"] <= 0.05 for row in plain)

    for metric in metrics:
        assert holds(held[metric], times), metric
        assert errs(alarms[metric], times), metric
    assert alone > 2 * 0.05 * times


def test_impact_ratios_with_a_feature_held_still_of_persons() -> None:
    random, times, held = np.random.default_rng(5), runs(300, 3_000), 0
    for _ in range(times):
        person, leaning = persons(random, 120, 6)
        inside, values = (random.random(120) < 0.4)[person], random.integers(0, 3, 120)[person]
        found = impact_ratio_alike(values, inside, random.random(len(person)) < leaning, person)
        held += found.low <= 1 <= found.high

    assert holds(held, times)


def test_whole_clusters_drawn_anew_hold_the_gap() -> None:
    random, times, held = np.random.default_rng(6), runs(25, 400), 0
    plan = plan_of(cluster="person", bootstrap=200, reference="largest", gating=("demographic_parity_difference",))
    for number in range(times):
        person, leaning = persons(random, 160, 4)
        group = (random.random(160) < 0.35)[person]
        chosen = random.random(len(person)) < leaning
        lines = [
            f"{one % 2},{int(p)},{'ab'[int(g)]},{who}"
            for one, (p, g, who) in enumerate(zip(chosen, group, person, strict=True))
        ]
        with open_for(io.BytesIO(csv_of(lines, "label,prediction,group,person")), plan) as table:
            counts, rows = read_once(table, plan)
        groups = Grouped(counts, plan, rows)
        gathered = gather(groups, seed=number)
        (row,) = cluster_bootstrap(groups, gathered.gating, seed=number)["cluster_bootstrap"]
        held += row["ci_low"] <= 0 <= row["ci_high"]

    assert holds(held, times)


@pytest.mark.long
def test_classes_of_persons() -> None:
    """Three classes; every person is right by a leaning of their own, whatever the group."""
    random, times = np.random.default_rng(8), runs(20, 500)
    held = {"accuracy": 0, "gap": 0, "drawn": 0, "alone": 0}
    # a group of few persons takes part too, so that every table has its gap
    decides = {"gating": ("true_positive_rate_difference",), "reference": {"group": "a"}, "min_group": 10}
    plan = plan_of(task="multiclass", **decides)
    for number in range(times):
        person, leaning = persons(random, 160, 4)
        group = (random.random(160) < 0.35)[person]
        label = random.integers(0, 3, len(person))
        right = random.random(len(person)) < leaning
        answer = np.where(right, label, (label + random.integers(1, 3, len(person))) % 3)
        lines = [
            f"{'xyz'[y]},{'xyz'[p]},{'ab'[int(g)]},{who}"
            for y, p, g, who in zip(label, answer, group, person, strict=True)
        ]
        data = csv_of(lines, "label,prediction,group,person")
        told = audited(data, replace(plan, cluster="person", bootstrap=100), seed=number)
        for name, document in (("accuracy", told), ("alone", audited(data, plan))):
            (row,) = (one for one in document["metrics"] if "class" not in one and one["slice"] == {})
            held[name] += row["ci_low"] <= 0.5 <= row["ci_high"]
        (row,) = (one for one in told["disparities"] if one["role"] == "gating" and one["class"] == "x")
        held["gap"] += row["ci_low"] <= 0 <= row["ci_high"]
        (row,) = (one for one in told["cluster_bootstrap"] if one["class"] == "x")
        held["drawn"] += row["ci_low"] <= 0 <= row["ci_high"]

    assert holds(held["accuracy"], times)
    assert holds(held["gap"], times)
    # percentiles of a hundred drawings of clusters, which are for information
    assert holds(held["drawn"], times, 0.93)
    if times > 100:
        assert held["alone"] < held["accuracy"]


@pytest.mark.parametrize("gap", [0.0, 0.5])
def test_rankings_of_sellers(gap: float) -> None:
    """Some sellers have several goods of like merit; the truth is the mean over very many rankings."""
    times = runs(150, 2_000)
    random = np.random.default_rng([9, int(10 * gap)])
    many = [_ranking(random, gap) for _ in range(4 * times)]
    truth = [float(np.mean([one[1][one[2] == side].mean() for one in many])) for side in (True, False)]
    gain = float(np.mean([ndcg(one[3], np.arange(len(one[3]), 0, -1.0)) for one in many]))
    held, ratios, alarms, gains = 0, 0, 0, 0
    for seller, seen, group, relevance in many[:times]:
        stretch = _stretch(seen, seller)
        sides = [(mean(seen[one], None, seller[one]), seller[one]) for one in (group, ~group)]
        sizes = [min(len(own) / stretch, float(len(np.unique(own)))) for _, own in sides]
        held += sides[1][0].low <= truth[1] <= sides[1][0].high
        ratio, p = _ratio(sides[0][0], sides[1][0], *sizes, spread=float(seen.std(ddof=1)))
        ratios += ratio.low <= truth[0] / truth[1] <= ratio.high
        alarms += p <= 0.05
        found, _ = ndcg_estimated(relevance, np.arange(len(seen), 0, -1.0), seller)
        gains += found.low <= gain <= found.high

    assert holds(held, times, 0.93)
    assert holds(ratios, times)
    assert holds(gains, times, 0.93)
    if gap == 0:
        assert errs(alarms, times)


def _ranking(random: np.random.Generator, gap: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sellers, exposures, groups and relevances of goods from the first place to the last."""
    seller = np.repeat(np.arange(100), random.integers(1, 7, 100))
    group = (random.random(100) < 0.3)[seller]
    merit = random.normal(size=100)[seller] + 0.5 * random.normal(size=len(seller)) - gap * group
    down = np.argsort(-merit)
    relevance = (random.random(len(seller)) < 1 / (1 + np.exp(1 - merit))).astype(float)
    return seller[down], discounts(len(seller)), group[down], relevance[down]


def test_one_person_of_very_many_rows_tells_next_to_nothing() -> None:
    """However many rows one person has, how another one would fare is not known."""
    rows = JudgedRows(
        label=np.tile([True, False], 3_000),
        prediction=np.arange(6_000) % 3 == 0,
        groups={"group": Column(("a",), np.zeros(6_000, dtype=np.int64))},
        clusters=np.zeros(6_000, dtype=np.int64),
    )
    cells = np.bincount(rows.label * 2 + rows.prediction, minlength=4).reshape(1, 2, 2)
    found = shares(with_clusters(Slices(("group",), (("a",),), cells), rows), RATES["selection_rate"])
    low, high = wilson(found.k, found.n)

    assert high[0] - low[0] > 0.8
    assert clustered_error(np.array([0.1, -0.1]), np.array([3, 3]))[0] == np.inf


def test_pulls_are_how_far_one_more_row_moves_the_figure() -> None:
    random = np.random.default_rng(7)
    tables = random.integers(5, 40, size=(4, 2, 2)).astype(float)
    step = 1e-5

    def moved(figure: Any) -> np.ndarray:
        made = np.zeros_like(tables)
        for cell in np.ndindex(tables.shape):
            nearby = tables.copy()
            nearby[cell] += step
            made[cell] = (figure(nearby) - figure(tables)) / step
        return made

    common = moved(lambda one: np.log(stratified.mantel_haenszel(one).value))
    raw = moved(lambda one: np.log(stratified.odds_ratio(one.sum(axis=0)).value))

    assert stratified.pulls_on_common_odds(tables) == pytest.approx(common, abs=1e-4)
    assert np.broadcast_to(stratified.pulls_on_odds(tables.sum(axis=0)), tables.shape) == pytest.approx(raw, abs=1e-4)
    # given the sizes of strata: within one stratum alone they are the whole of it
    alone = tables[:1]
    disparity = np.zeros_like(alone)
    for cell in np.ndindex(alone.shape):
        nearby = alone.copy()
        nearby[cell] += step
        change = stratified.conditional_demographic_disparity(nearby).value
        disparity[cell] = (change - stratified.conditional_demographic_disparity(alone).value) / step
    assert stratified.pulls_on_disparity(alone) == pytest.approx(disparity, abs=1e-4)


def test_without_people_of_their_own_rows_are_not_tested_against_four_fifths() -> None:
    lines = [f"{row % 2},{int(row % 5 < 2 + row % 2)},{'ab'[row % 2]},{row // 8}" for row in range(400)]

    document = audited(csv_of(lines, "label,prediction,group,person"), plan_of(cluster="person"))

    (part,) = document["four_fifths"]
    assert [row["fisher_p"] for row in part["groups"]] == [None]
    assert part["groups"][0]["why_no_test"] == "clustered"
    assert part["groups"][0]["beyond_two_deviations"] is None
    plain = audited(csv_of(lines, "label,prediction,group,person"))
    assert plain["four_fifths"][0]["groups"][0]["fisher_p"] is not None
