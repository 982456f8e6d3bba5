"""Gaps between targets and accuracy in templates: against slow plain formulas, and how often intervals hold."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.measures.clustered import clustered_share
from audits.measures.intervals import wilson
from audits.measures.suites.audit import _gap_within
from tests.audits.measures.made import LONG, examples
from tests.audits.measures.suites.made import audited, functionality, table_of

TRIES = 2_000 if LONG else 300
LEAST_HELD = 0.95 - 4 * math.sqrt(0.95 * 0.05 / TRIES)
MOST_ALARMS = 0.05 + 4 * math.sqrt(0.05 * 0.95 / TRIES)

CELL = st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "y", "z", ""]), st.booleans())


def rows_of(cells: list[tuple[str, str, bool]]) -> list[tuple[Any, ...]]:
    return [
        (name, str(at), f"text {at}", "yes", "yes" if right else "no", who, "")
        for at, (name, who, right) in enumerate(cells)
    ]


@given(st.lists(CELL, min_size=1, max_size=80))
@settings(max_examples=examples(40), deadline=None)
def test_a_targets_gap_is_that_of_a_slow_plain_formula(cells: list[tuple[str, str, bool]]) -> None:
    document = audited(table_of(rows_of([*cells, ("a", "x", True), ("a", "y", False)])))
    cells = [*cells, ("a", "x", True), ("a", "y", False)]

    for row in document["targets"]:
        total = weights = 0.0
        for name in "abc":
            mine = [right for one, who, right in cells if one == name and who == row["target"]]
            others = [right for one, who, right in cells if one == name and who not in (row["target"], "")]
            if mine and others:
                weight = len(mine) * len(others) / (len(mine) + len(others))
                total += weight * (sum(mine) / len(mine) - sum(others) / len(others))
                weights += weight
        if weights:
            assert row["gap"] == pytest.approx(total / weights, abs=1e-9)
            assert row["gap_ci_low"] - 1e-9 <= row["gap"] <= row["gap_ci_high"] + 1e-9
        else:
            assert (row["gap"], row["gap_ci_low"], row["p"], row["q"]) == (None, None, None, None)


@pytest.mark.parametrize(
    ("rates", "gap"),
    [((0.9, 0.6, 0.3), 0.0), ((0.8, 0.6, 0.4), -0.2), ((0.99, 0.97, 0.95), 0.0)],
)
def test_a_gap_within_functionalities_is_held_as_often_as_it_says(rates: tuple[float, ...], gap: float) -> None:
    """A target with more of the hard tests, and others with more of the easy ones."""
    random = np.random.default_rng(31)
    n1, n2 = np.array([15.0, 30.0, 60.0]), np.array([80.0, 60.0, 40.0])
    held = alarms = 0
    for _ in range(TRIES):
        k1 = random.binomial(n1.astype(int), np.array(rates) + gap).astype(float)
        k2 = random.binomial(n2.astype(int), np.array(rates)).astype(float)
        _, low, high, p = _gap_within(k1, n1, k2, n2)
        held += low <= gap <= high
        alarms += p <= 0.05

    assert held / TRIES >= LEAST_HELD
    if gap == 0:
        assert alarms / TRIES <= MOST_ALARMS


def test_the_chance_of_the_widest_gap_is_that_of_all_permutations() -> None:
    """Few enough cases to shuffle the targets in every possible way."""
    cells = [("a", "x", False), ("a", "x", False), ("a", "y", True), ("a", "y", True), ("a", "z", True)]
    cells += [("b", "x", False), ("b", "y", True), ("b", "y", False), ("b", "z", True)]

    found = audited(table_of(rows_of(cells)))["target_gap"]

    def gap(first: tuple[str, ...], second: tuple[str, ...]) -> float:
        said = list(zip((*first, *second), [right for *_, right in cells], strict=True))
        rates = [[right for who, right in said if who == name] for name in "xyz"]
        means = [sum(one) / len(one) for one in rates]
        return max(means) - min(means)

    names = [who for _, who, _ in cells]
    seen = gap(tuple(names[:5]), tuple(names[5:]))
    all_ways = [
        gap(first, second) >= seen - 1e-12
        for first in itertools.permutations(names[:5])
        for second in itertools.permutations(names[5:])
    ]
    p = sum(all_ways) / len(all_ways)
    assert found["value"] == pytest.approx(seen)
    # 2,000 drawn ways
    assert found["p"] == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 2_000) + 1 / 2_000)


def test_the_widest_gap_of_targets_that_are_treated_alike_alarms_at_most_as_often_as_it_says() -> None:
    random = np.random.default_rng(32)
    tries = 1_000 if LONG else 100
    alarms = 0
    for _ in range(tries):
        cells = [
            (name, who, bool(random.random() < rate))
            for name, rate, sizes in (("a", 0.9, (30, 5, 5)), ("b", 0.4, (5, 20, 30)))
            for who, size in zip("xyz", sizes, strict=True)
            for _ in range(size)
        ]
        alarms += audited(table_of(rows_of(cells)), seed=int(random.integers(1 << 30)))["target_gap"]["p"] <= 0.05

    assert alarms / tries <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / tries)


@pytest.mark.parametrize(
    ("templates", "each", "alike", "right"),
    [
        (40, 6, 0.0, 0.7),
        (40, 6, 0.6, 0.7),
        (25, 6, 0.9, 0.7),
        (10, 10, 0.6, 0.7),
        (10, 10, 0.9, 0.9),
        (20, 10, 0.5, 0.9),
    ],
)
def test_accuracy_in_templates_is_held_as_often_as_it_says(
    templates: int, each: int, alike: float, right: float
) -> None:
    """Templates are easy or hard, the more so the more ``alike`` their cases are; ``right`` holds on average."""
    random = np.random.default_rng(33)
    codes = np.repeat(np.arange(templates), each)
    held = reached = 0
    for _ in range(TRIES):
        easy = random.random(templates) < right
        rate = (1 - alike) * right + alike * easy
        one = clustered_share(random.random(codes.size) < rate[codes], codes)
        held += one.low <= right <= one.high
        reached += one.low <= right

    assert held / TRIES >= LEAST_HELD
    # the end that a pass rests on
    assert reached / TRIES >= 0.96 - 4 * math.sqrt(0.96 * 0.04 / TRIES)


def test_accuracy_by_functionality_has_wilsons_interval_where_templates_are_apart() -> None:
    cells = [("a", "", at < 37) for at in range(50)] + [("b", "", True)]

    row = functionality(audited(table_of(rows_of(cells))), "a")

    low, high = wilson(37, 50)
    assert (row["n"], row["k"], row["value"]) == (50, 37, 0.74)
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(low), pytest.approx(high))
