"""Gaps over time: a planted one is found with its beginning, luck alone is not, and chance is that of dealing anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from audits.measures.drift.gaps import ALLOWANCE, LEAST, followed, gap_of, periods_of
from tests.audits.measures.drift.decisions import compared, rows, widening
from tests.audits.measures.made import LONG

PLAN: dict[str, Any] = {"sensitive": ("group",), "time": "time", "columns": ("score",)}


def gap(document: dict[str, Any], metric: str = "demographic_parity_difference") -> dict[str, Any]:
    (one,) = [row for row in document["gaps"]["followed"] if row["metric"] == metric]
    return dict(one)


def test_a_gap_that_opens_half_way_is_found_with_its_beginning() -> None:
    document = compared(rows(1, 4_000), widening(2, 4_000, since=0.5, by_group=1.5), **PLAN)

    found = gap(document)
    assert (found["verdict"], document["gaps"]["verdict"], document["verdict"]) == ("fail", "fail", "fail")
    assert (found["since"], found["until"]) == ("2000 – 2399", "3600 – 3999")
    assert found["statistic"] > found["alarm"]
    assert found["effect"] > found["threshold"] > found["null_floor"]
    assert len(found["periods"]) == 10
    for one in found["periods"][5:]:
        assert (one["lowest"], one["highest"]) == ("b", "a")
        assert 0 < one["ci_low"] < one["value"] < one["ci_high"]
    reasons = {reason["code"]: reason for reason in document["reasons"]}
    assert reasons["drift.gap_grew_since"]["params"]["since"] == "2000 – 2399"
    # of those that outcomes are known of, and beside the verdict
    assert gap(document, "true_positive_rate_difference")["verdict"] == "fail"
    assert gap(document, "true_positive_rate_difference")["role"] == "informative"


def test_a_gap_that_was_there_before_is_no_drift() -> None:
    document = compared(rows(3, 6_000, by_group=1.5), rows(4, 6_000, by_group=1.5), **PLAN)

    found = gap(document)
    assert found["reference"]["value"] > 0.15
    assert (found["since"], found["verdict"], document["verdict"]) == (None, "pass", "pass")


def test_without_a_time_all_rows_of_today_are_one_period() -> None:
    document = compared(rows(5, 4_000), rows(6, 4_000, by_group=1.5), sensitive=("group",), columns=("score",))

    found = gap(document)
    assert (len(found["periods"]), found["verdict"], document["gaps"]["time"]) == (1, "fail", None)
    assert "drift.gap_grew" in {reason["code"] for reason in document["reasons"]}


def test_the_sum_and_its_chance_are_those_of_dealing_rows_out_one_by_one() -> None:
    random = np.random.default_rng(7)
    group, period = random.integers(0, 3, 900), random.integers(0, 5, 900)
    hit = random.random(900) < 0.4 + 0.1 * (group == 1) * (period > 2)

    def counts(hits: Any) -> tuple[Any, Any]:
        of = np.array([[((group == g) & (period == t)).sum() for t in range(5)] for g in range(3)])
        return np.array([[hits[(group == g) & (period == t)].sum() for t in range(5)] for g in range(3)]), of

    observed, of = counts(hit)
    found = followed(observed, of, np.random.default_rng(0), replicates=4_000)
    assert found is not None

    shuffled = []
    for _ in range(800):
        dealt = hit.copy()
        for one in range(3):
            dealt[group == one] = random.permutation(hit[group == one])
        shuffled.append(counts(dealt)[0])
    shares = np.array([observed, *shuffled]) / of
    gaps = shares.max(axis=1) - shares.min(axis=1)
    beyond = gaps[:, 1:] - gaps[:, :1]
    steps = (beyond - beyond[1:].mean(axis=0)) / beyond[1:].std(axis=0)
    tops = []
    for row in steps:
        now, top = 0.0, 0.0
        for step in row:
            now = max(now + step - ALLOWANCE, 0.0)
            top = max(top, now)
        tops.append(top)
    assert [one.value for one in found.periods] == pytest.approx(gaps[0, 1:])
    assert found.path.max() == pytest.approx(tops[0], abs=0.15)
    assert found.p == pytest.approx(float(np.mean(np.array(tops) >= tops[0])), abs=0.04)
    assert found.alarm == pytest.approx(float(np.quantile(tops[1:], 0.95)), abs=0.4)
    assert found.effect == pytest.approx(_all_of_today(observed, of)) or found.since is not None


def _all_of_today(hits: Any, of: Any) -> float:
    now, then = hits[:, 1:].sum(axis=1) / of[:, 1:].sum(axis=1), hits[:, 0] / of[:, 0]
    return float(now.max() - now.min() - (then.max() - then.min()))


def test_groups_too_small_to_show_make_no_gap() -> None:
    few = LEAST - 1
    hits, of = np.array([[30], [0], [few]]), np.array([[60], [60], [few]])

    assert gap_of(hits, of) == pytest.approx([0.5])
    assert np.isnan(gap_of(hits[1:], of[1:])[0])
    assert followed(np.array([[3, 3], [3, 3]]), np.array([[few, few], [few, few]]), np.random.default_rng(0)) is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"group": np.full(400, "a")}, "too_few_groups"),
        ({"time": np.full(400, "soon")}, "no_time"),
    ],
)
def test_what_cannot_be_followed_is_never_a_pass(changed: dict[str, Any], why: str) -> None:
    made = replace(rows(8, 400), **changed)

    document = compared(made, made, **PLAN)

    assert (gap(document)["why"], gap(document)["verdict"]) == (why, "insufficient_data")
    assert "drift.gap_not_followed" in {reason["code"] for reason in document["reasons"]}
    assert document["verdict"] == "insufficient_data"


def test_rows_of_one_moment_stay_together() -> None:
    times = np.array([3.0, 1.0, 1.0, 1.0, 2.0, np.nan, 3.0])

    assert periods_of(times, 10).tolist() == [2, 0, 0, 0, 1, -1, 2]
    assert periods_of(times, 2).tolist() == [1, 0, 0, 0, 1, -1, 1]
    assert np.bincount(periods_of(np.arange(1_000.0), 10)).tolist() == [100] * 10


def test_where_nothing_changes_an_alarm_is_raised_about_once_in_twenty_times() -> None:
    random = np.random.default_rng(9)
    runs, alarms, beyond = (1_000 if LONG else 60), 0, 0
    for _ in range(runs):
        of = random.integers(20, 80, (3, 7))
        of[:, 0] *= 4
        hits = random.binomial(of, np.array([[0.3], [0.35], [0.5]]))
        found = followed(hits, of, random, replicates=300)
        assert found is not None
        alarms += found.p <= 0.05
        beyond += found.since is None and found.effect > found.floor
    assert stats.binom.sf(alarms - 1, runs, 0.05) > 1e-3
    assert stats.binom.sf(beyond - 1, runs, 0.05) > 1e-3
    if LONG:
        assert stats.binom.cdf(alarms, runs, 0.05) > 1e-3
