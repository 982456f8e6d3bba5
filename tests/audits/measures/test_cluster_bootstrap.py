"""Whole clusters drawn anew: the intervals agree with the design effect, and with those of rows that stand alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.audits.measures.made import audited, csv_of, plan_of


def table(people: int, each: int, *, seed: int, alike: bool) -> bytes:
    """Rows of people, ``each`` of every one; ``alike``: all rows of one person say the same."""
    random = np.random.default_rng(seed)
    lines = []
    for person in range(people):
        group = "ab"[person % 2]
        chance = 0.5 if group == "a" else 0.4
        same = int(random.random() < chance)
        for _ in range(each):
            chosen = same if alike else int(random.random() < chance)
            lines.append(f"{random.integers(0, 2)},{chosen},{group},{person}")
    return csv_of(lines, "label,prediction,group,person")


def intervals(data: bytes, metric: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The interval by drawing clusters, and the comparison with that by the design effect."""
    document = audited(data, plan_of(gating=(metric,), cluster="person", bootstrap=1_000))
    (drawn,) = (one for one in document["cluster_bootstrap"] if one["slice"] == {"group": "b"})
    (stated,) = (one for one in document["disparities"] if one["role"] == "gating" and one["slice"] == {"group": "b"})
    return drawn, stated


@pytest.mark.parametrize("metric", ["demographic_parity_difference", "demographic_parity_ratio"])
def test_it_agrees_with_the_design_effect_where_rows_of_a_person_are_alike(metric: str) -> None:
    drawn, stated = intervals(table(400, 5, seed=1, alike=True), metric)

    wide, other = drawn["ci_high"] - drawn["ci_low"], stated["ci_high"] - stated["ci_low"]
    assert wide == pytest.approx(other, rel=0.12)
    assert drawn["ci_low"] < stated["value"] < drawn["ci_high"]
    assert (drawn["clusters"], drawn["replicates"]) == (400, 1_000)


def test_rows_that_are_alike_make_it_wider_than_rows_that_are_not() -> None:
    alike, _ = intervals(table(400, 5, seed=1, alike=True), "demographic_parity_difference")
    alone, _ = intervals(table(400, 5, seed=1, alike=False), "demographic_parity_difference")

    # five rows that say the same are one row: the interval is about the square root of five times as wide
    ratio = (alike["ci_high"] - alike["ci_low"]) / (alone["ci_high"] - alone["ci_low"])
    assert 1.8 < ratio < 2.7


def test_the_worst_of_several_rates_is_drawn_as_it_is_compared() -> None:
    drawn, stated = intervals(table(400, 2, seed=2, alike=False), "equalized_odds_difference")

    assert 0 <= drawn["ci_low"] <= stated["value"] <= drawn["ci_high"] <= 1


def test_the_order_of_rows_changes_nothing_and_no_cluster_gives_no_part() -> None:
    data = table(60, 3, seed=3, alike=True)
    head, *lines = data.decode().splitlines()
    turned = csv_of(reversed(lines), head)
    plan = plan_of(gating=("demographic_parity_difference",), cluster="person", bootstrap=200)

    assert audited(data, plan)["cluster_bootstrap"] == audited(turned, plan)["cluster_bootstrap"]
    assert "cluster_bootstrap" not in audited(data)
