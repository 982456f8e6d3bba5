"""Consistency against scikit-learn's neighbours, by hand, and by simulation of its sample and of its interval."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from audits.measures.bias import audit_table, open_for
from audits.measures.inequality import consistency
from audits.measures.inequality.consistency import consistency_of
from audits.measures.inequality.neighbourhoods import agreement, agreement_with_pulls, points_of
from audits.measures.kept_rows import JudgedRows
from audits.measures.ordering import in_order_of_content
from audits.measures.plan import BiasPlan, Consistency, PlanRejected, plan_from
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

    assert consistency_of(everybody, plan, seed=0)["consistency"]["why"] == "all_predictions_equal"
    by_letter = dataclasses.replace(rows, prediction=rows.features["x0"].codes < 2)  # type: ignore[union-attr]
    alike = consistency_of(by_letter, plan_for(rows, features=("x0",)), seed=0)["consistency"]
    # that nobody was decided otherwise here does not say that nobody ever will be
    assert (alike["value"], alike["ci_high"]) == (1.0, 1.0)
    assert 0.99 < alike["ci_low"] < 1.0
    by_lot = consistency_of(rows, plan, seed=0)["consistency"]
    # a lot agrees with itself in one of five places, and by luck in the others
    share = float(rows.prediction.mean())
    assert by_lot["value"] == pytest.approx(1 - 0.8 * 2 * share * (1 - share), abs=0.03)
    assert by_lot["value"] == pytest.approx(by_lot["by_lot"], abs=0.03)
    assert by_lot["ci_low"] < by_lot["by_lot"] < by_lot["ci_high"]
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


def test_what_rows_pull_is_a_slow_count_of_pairs_and_sums_to_nothing() -> None:
    random = np.random.default_rng(7)
    points, chosen = random.integers(0, 4, size=(60, 2)).astype(float), random.random(60) < 0.5
    asked, weights = np.sort(random.permutation(60)[:40]), random.uniform(0.5, 2, 40)
    part = random.integers(-1, 2, 40)
    slow = np.zeros((60, 60))
    for place, row in enumerate(asked):
        distance = np.square(points - points[row]).sum(axis=1)
        reach = np.sort(distance)[4]
        closer, level = distance < reach, distance == reach
        slow[row] = weights[place] * (closer + level * (5 - closer.sum()) / level.sum()) / 5

    found = agreement_with_pulls(
        points, chosen, asked, neighbours=5, weights=weights, parts=[np.zeros(40, int), part], sizes=[1, 2]
    )

    same = chosen[:, None] == chosen[None]
    mean = (slow * same).sum() / slow.sum()
    pull = ((slow * (same - mean)).sum(axis=1) + (slow * (same - mean)).sum(axis=0)) / slow.sum()
    assert found.pulls[:, 0] == pytest.approx(pull, abs=1e-12)
    assert found.pulls.sum(axis=0) == pytest.approx(0, abs=1e-12)
    assert found.of_rows == pytest.approx((slow * same).sum(axis=1)[asked] / weights, abs=1e-12)
    assert found.itself == pytest.approx(np.diag(slow)[asked] / weights, abs=1e-12)
    assert agreement(points, chosen.astype(float), asked) == pytest.approx(found.of_rows, abs=1e-12)


@pytest.mark.parametrize("clustered", [False, True])
def test_the_interval_holds_what_other_people_of_the_same_kind_would_show(clustered: bool) -> None:
    """Nominal 95 % within Monte-Carlo error, of all rows asked; the truth is that of many tables."""
    runs = 600 if LONG else 100
    told = [_of_people(seed, clustered=clustered) for seed in range(runs)]

    truth = np.mean([one["value"] for one in told])
    # the truth is known to within its own error, which is small beside the intervals
    held = np.mean([one["ci_low"] <= truth <= one["ci_high"] for one in told])
    assert held >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / runs)
    widths = np.mean([one["ci_high"] - one["ci_low"] for one in told])
    spread = np.std([one["value"] for one in told])
    assert widths < 2 * 1.96 * spread * 2


def _of_people(seed: int, *, clustered: bool) -> dict[str, Any]:
    """Three hundred people whose chance of selection rises with a number; of clusters, four answer alike."""
    random = np.random.default_rng([seed, 11])
    people = 75 if clustered else 300
    number = random.normal(size=people)
    chosen = random.random(people) < 1 / (1 + np.exp(-2 * number))
    cluster = np.repeat(np.arange(75), 4) if clustered else None
    if clustered:
        number, chosen = np.repeat(number, 4) + random.normal(size=300) * 0.2, np.repeat(chosen, 4)
    rows = JudgedRows(
        label=chosen,
        prediction=chosen,
        groups={"sex": Column(("f", "m"), np.arange(300) % 2)},
        clusters=cluster,
        features={"x": number},
    )
    return consistency_of(rows, plan_for(rows, cluster="c" if clustered else None), seed=0)["consistency"]  # type: ignore[no-any-return]


def table_of(rows: int, *, alike: float) -> bytes:
    """Selected above 50 but for a share of rows by lot."""
    random = np.random.default_rng(3)
    number = random.integers(0, 100, rows)
    chosen = np.where(random.random(rows) < alike, number >= 50, random.random(rows) < 0.5).astype(int)
    lines = [f"{one % 2},{k},{'ab'[one % 2]},{x},c" for one, (k, x) in enumerate(zip(chosen, number, strict=True))]
    return "\n".join(["label,prediction,group,x,flat", *lines]).encode()


def document_of(data: bytes, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "label": "label",
        "prediction": "prediction",
        "sensitive": ["group"],
        "features": ["x"],
        "gating": ["demographic_parity_difference"],
        "thresholds": {"demographic_parity_difference": 0.5},
        "bootstrap": 0,
    }
    plan = plan_from(given | changes)
    with open_for(io.BytesIO(data), plan) as table:
        return audit_table(table, plan, seed=0)


@pytest.mark.parametrize(
    ("rows", "alike", "at_least", "verdict", "code"),
    [
        (3_000, 0.95, 0.8, "pass", None),
        (3_000, 0.95, 0.96, "warn", "bias.consistency_inconclusive"),
        (3_000, 0.3, 0.9, "fail", "bias.consistency_below_threshold"),
        (120, 0.95, 0.99, "insufficient_data", "bias.consistency_inconclusive"),
    ],
)
def test_a_limit_decides_by_the_interval(
    rows: int, alike: float, at_least: float, verdict: str, code: str | None
) -> None:
    document = document_of(table_of(rows, alike=alike), consistency={"at_least": at_least})

    found = document["consistency"]
    assert (found["verdict"], document["verdict"]) == (verdict, verdict), found
    assert [one["code"] for one in document["reasons"]] == ([] if code is None else [code])
    assert document["plan"]["consistency"] == {"neighbours": 5, "at_least": at_least}
    assert found["features"] == ["x"]


def test_what_is_not_measured_never_passes_and_without_a_limit_nothing_is_decided() -> None:
    data = table_of(3_000, alike=0.3)
    assert document_of(data)["verdict"] == "pass"
    assert "verdict" not in document_of(data)["consistency"]

    document = document_of(data, features=["flat"], consistency={"at_least": 0.5})

    assert (document["verdict"], document["consistency"]["verdict"]) == ("insufficient_data", "insufficient_data")
    (reason,) = document["reasons"]
    assert (reason["code"], reason["params"]["why"]) == ("bias.consistency_not_measured", "no_feature_varies")
    equal = b"label,prediction,group,x\n" + b"".join(
        b"%d,1,%s,%d\n" % (n % 2, b"ab"[n % 2 :][:1], n) for n in range(90)
    )
    assert document_of(equal, consistency={"at_least": 0.5})["consistency"]["verdict"] == "no_information"


def test_of_very_many_rows_neighbours_are_looked_for_in_a_sample_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost beyond reading does not grow: the rows among which, and for which, neighbours are looked for."""
    data = table_of(3_000, alike=0.8)
    whole = document_of(data)["consistency"]
    monkeypatch.setattr(consistency, "MOST_AMONG", 1_000)
    monkeypatch.setattr(consistency, "MOST_DISTANCES", 400_000)

    found = document_of(data)["consistency"]

    assert (found["rows_used"], found["rows_among"], found["rows_asked"]) == (3_000, 1_000, 400)
    assert found["ci_low"] <= whole["value"] <= found["ci_high"]
    assert found["ci_high"] - found["ci_low"] > whole["ci_high"] - whole["ci_low"]
    lines = data.decode().split("\n")
    shuffled = "\n".join([lines[0], *reversed(lines[1:])]).encode()
    assert document_of(shuffled)["digest"] == document_of(data)["digest"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"features": (), "consistency": Consistency(at_least=0.9)}, "consistency_without_features"),
        ({"consistency": Consistency(neighbours=1)}, "neighbours_out_of_range"),
        ({"consistency": Consistency(at_least=1.0)}, "threshold_out_of_range"),
    ],
)
def test_a_plan_that_cannot_be_asked_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(PlanRejected) as refused:
        BiasPlan(**{"label": "y", "prediction": "p", "sensitive": ("g",), "features": ("x",)} | changes)

    assert refused.value.code == code
