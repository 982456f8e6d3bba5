"""Indices of inequality: AIF360's published values, their properties, the pair behind differential fairness."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audits.measures.inequality.differential import differential_fairness
from audits.measures.inequality.entropy import benefits, between_groups, generalized_entropy, theil
from tests.audits.measures.made import audited, csv_of, examples, plan_of, rate, selected


def cells(*counts: tuple[int, int, int, int]) -> np.ndarray:
    """Counts of (TN, FP, FN, TP) by group as [label, prediction]."""
    return np.array(counts, dtype=float).reshape(-1, 2, 2)


def test_oracle_v13_the_generalized_entropy_index_of_aif360() -> None:
    # ten people, two wrongly chosen and two wrongly passed over
    benefit, people = benefits(cells((2, 2, 2, 4))[0])

    assert generalized_entropy(benefit, people) == pytest.approx(0.2)
    assert generalized_entropy(*benefits(cells((1, 3, 3, 3))[0])) == pytest.approx(0.3)


def test_oracle_v14_the_theil_index_of_aif360() -> None:
    assert theil(*benefits(cells((2, 2, 2, 4))[0])) == pytest.approx(4 * math.log(2) / 10, abs=1e-10)


def test_oracle_v15_between_group_indices_of_aif360() -> None:
    means, people = np.array([1.0, 1.25, 0.75]), np.array([2.0, 4.0, 4.0])
    expected = float((people * (means**2 - 1)).sum()) / 20

    groups = cells((1, 0, 0, 1), (1, 1, 0, 2), (1, 0, 1, 2))

    assert generalized_entropy(means, people) == pytest.approx(expected)
    assert between_groups(groups) == pytest.approx(expected)
    two = np.array([0.5, 1.25])
    assert generalized_entropy(two, np.array([2.0, 4.0])) == pytest.approx(
        float((np.array([2.0, 4.0]) * (two**2 - 1)).sum()) / 12
    )


@example([(0, 39, 16, 33)] * 3, 1.0)  # came out below 0 by rounding
@settings(max_examples=examples(50))
@given(st.lists(st.tuples(*[st.integers(0, 40)] * 4).filter(any), min_size=2, max_size=5), st.sampled_from([1.0, 2.0]))
def test_the_index_of_all_is_that_between_groups_and_that_within(counts: list[Any], alpha: float) -> None:
    table = cells(*counts)
    benefit, people = benefits(table)
    whole = generalized_entropy(benefit, people.sum(axis=0), alpha=alpha)
    between = between_groups(table, alpha=alpha)
    if whole is None or between is None:
        return
    size = people.sum(axis=1)
    means = (people * benefit).sum(axis=1) / size
    overall = float((size * means).sum() / size.sum())
    within = 0.0
    for group in range(len(table)):
        own = generalized_entropy(benefit, people[group], alpha=alpha)
        within += size[group] / size.sum() * (means[group] / overall) ** alpha * (own or 0.0)

    assert whole == pytest.approx(between + within, abs=1e-9)
    assert 0 <= between <= whole + 1e-9


def test_the_index_does_not_depend_on_the_unit_or_the_size_of_the_population() -> None:
    benefit, people = np.array([1.0, 2.0, 5.0]), np.array([3.0, 4.0, 1.0])

    for alpha in (0.0, 1.0, 2.0):
        assert generalized_entropy(3 * benefit, 7 * people, alpha=alpha) == pytest.approx(
            generalized_entropy(benefit, people, alpha=alpha)
        )
        assert generalized_entropy(np.array([4.0]), np.array([9.0]), alpha=alpha) == pytest.approx(0)


def test_where_nobody_benefits_there_is_no_index() -> None:
    assert generalized_entropy(np.array([0.0]), np.array([10.0])) is None
    assert generalized_entropy(np.array([0.0, 1.0]), np.array([1.0, 1.0]), alpha=0) is None


@pytest.mark.parametrize("alike", [pytest.param(1, marks=pytest.mark.long), 6], ids=["rows alone", "clusters"])
def test_the_interval_of_an_index_holds_the_truth_as_often_as_it_says(alike: int) -> None:
    """Of rows alone and of clusters of six equal rows, which are as many as their clusters."""
    random, chances, tries = np.random.default_rng(3), np.array([0.35, 0.1, 0.15, 0.4]), examples(150)
    benefit = benefits(chances.reshape(2, 2))[0]
    truths = {"generalized_entropy_index": 2.0, "theil_index": 1.0}
    held = dict.fromkeys(truths, 0)
    for _ in range(tries):
        kinds = random.choice(4, size=400, p=chances)
        lines = [f"{kind // 2},{kind % 2},a,{number}" for number, kind in enumerate(kinds) for _ in range(alike)]
        plan = plan_of(cluster="person") if alike > 1 else plan_of()
        found = audited(csv_of(lines, "label,prediction,group,person"), plan)["inequality"]
        for name, alpha in truths.items():
            truth = generalized_entropy(benefit, chances, alpha=alpha)
            held[name] += found[name]["ci_low"] <= truth <= found[name]["ci_high"]

    for name in truths:
        assert held[name] / tries >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / tries)


def test_differential_fairness_names_the_pair_and_the_decision() -> None:
    found = differential_fairness(np.array([50.0, 10.0, 30.0]), np.array([100.0, 100.0, 100.0]))

    assert found is not None
    assert (found.high, found.low, found.positive) == (0, 1, True)
    assert found.epsilon == pytest.approx(math.log((50.5 / 101) / (10.5 / 101)))
    denied = differential_fairness(np.array([99.0, 90.0]), np.array([100.0, 100.0]))
    assert denied is not None
    assert (denied.positive, denied.high) == (False, 1)
    assert differential_fairness(np.array([5.0]), np.array([10.0])) is None


def test_epsilon_is_finite_where_a_group_gets_nothing_and_0_where_all_are_alike() -> None:
    nothing = differential_fairness(np.array([0.0, 50.0]), np.array([100.0, 100.0]))
    alike = differential_fairness(np.array([20.0, 20.0]), np.array([100.0, 100.0]))

    assert nothing is not None
    assert math.isfinite(nothing.epsilon)
    assert alike is not None
    assert alike.epsilon == pytest.approx(0)


def test_the_interval_of_epsilon_holds_it_however_the_pair_was_picked() -> None:
    from audits.measures.inequality.part import _epsilon_interval
    from audits.measures.rates import Shares

    random, tries = np.random.default_rng(8), examples(300)
    for truth in (np.full(6, 0.3), np.array([0.2, 0.25, 0.3, 0.35])):
        sizes, held = np.full(len(truth), 200.0), 0
        epsilon = max(math.log(truth.max() / truth.min()), math.log((1 - truth.min()) / (1 - truth.max())))
        for _ in range(tries):
            hits = random.binomial(200, truth).astype(float)
            low, high = _epsilon_interval(Shares(hits, sizes, hits, sizes))
            held += low <= epsilon <= high

        assert held / tries >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / tries)


def test_the_document_names_the_pair_of_every_attribute_and_is_json() -> None:
    document = audited(selected(a=(50, 100), b=(10, 100), c=(30, 100), tiny=(0, 4)))

    (one,) = document["inequality"]["attributes"]
    assert one["groups"] == 3
    found = one["differential_fairness"]
    assert (found["slice"], found["comparator"], found["decision"]) == ({"group": "a"}, {"group": "b"}, "positive")
    assert found["ci_low"] < found["epsilon"] < found["ci_high"]
    assert 0 <= one["between_groups_share"] <= 1
    json.dumps(document, allow_nan=False)


@pytest.mark.parametrize(
    ("favourable", "parity", "ratio"), [("0", 0.19643287553870947, 1.2829626), ("1", -0.1964328755, 0.3576409014)]
)
def test_oracle_v17_v18_parity_of_the_adult_extract(favourable: str, parity: float, ratio: float) -> None:
    # counts of label 0 and 1: privileged 15,119 and 6,660, unprivileged 9,585 and 1,177
    lines = []
    for group, counts in (("privileged", (15_119, 6_660)), ("unprivileged", (9_585, 1_177))):
        for value, count in enumerate(counts):
            lines += [f"{value},{value},{group}"] * count

    document = audited(csv_of(lines), plan_of(positive=favourable, reference={"group": "privileged"}))

    assert rate(document, "base_rate")["n"] == 32_541
    if favourable == "0":
        assert rate(document, "base_rate")["k"] == 24_704
        assert rate(document, "base_rate")["value"] == pytest.approx(0.7591653606219844, abs=1e-10)
    found = {
        row["metric"]: row["value"]
        for row in document["disparities"]
        if row["scope"] == "group" and row["slice"] == {"group": "unprivileged"}
    }
    assert found["demographic_parity_difference"] == pytest.approx(parity, abs=1e-9)
    assert found["demographic_parity_ratio"] == pytest.approx(ratio, abs=1e-6)
