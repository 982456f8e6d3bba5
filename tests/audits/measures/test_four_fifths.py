"""The four-fifths rule of thumb: Fisher's test by scipy, the smallest change by trying, and nothing called a pass."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audits.measures.four_fifths import fisher, flips, is_below
from tests.audits.measures.made import audited, csv_of, examples, plan_of, rows_of, selected, shared_table

PAIRS = st.tuples(st.integers(1, 80), st.integers(1, 80)).flatmap(
    lambda sizes: st.tuples(st.integers(0, sizes[0]), st.just(sizes[0]), st.integers(1, sizes[1]), st.just(sizes[1]))
)


@settings(max_examples=examples(60), deadline=None)
@given(PAIRS)
def test_fishers_test_is_scipys(counts: tuple[int, int, int, int]) -> None:
    k1, n1, k2, n2 = counts

    expected = stats.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue

    assert fisher(k1, n1, k2, n2) == pytest.approx(expected, rel=1e-8)


def test_fishers_test_holds_with_very_many_rows() -> None:
    found = fisher(200_500, 400_000, 300_000, 600_000)

    assert found == pytest.approx(stats.fisher_exact([[200_500, 199_500], [300_000, 300_000]]).pvalue, rel=1e-6)


@settings(max_examples=examples(200), deadline=None)
@given(PAIRS)
def test_one_more_hire_is_the_fewest_decisions_that_flip_the_answer(counts: tuple[int, int, int, int]) -> None:
    k, n, most, of = counts
    before = is_below(k, n, most, of)

    found = flips(k, n, most, of)

    sign = 1 if before else -1
    by_group = next(
        (d for d in range(1, n + 1) if 0 <= k + sign * d <= n and is_below(k + sign * d, n, most, of) is not before),
        None,
    )
    by_highest = next(
        (
            d
            for d in range(1, of + 1)
            if 0 <= most - sign * d <= of and is_below(k, n, most - sign * d, of) is not before
        ),
        None,
    )
    assert found["group"] == (None if by_group is None else sign * by_group)
    assert found["highest"] == (None if by_highest is None else -sign * by_highest)


def test_exactly_four_fifths_is_not_below_it() -> None:
    assert not is_below(4, 10, 5, 10)
    assert is_below(3, 10, 5, 10)
    assert flips(4, 10, 5, 10) == {"group": -1, "highest": 1}


def row_of(document: dict[str, Any], group: str) -> dict[str, Any]:
    (part,) = document["four_fifths"]
    (row,) = [one for one in part["groups"] if one["slice"] == {"group": group}]
    return dict(row)


def test_every_group_meets_the_one_that_is_selected_most() -> None:
    document = audited(selected(a=(48, 80), b=(12, 40), c=(20, 35), few=(3, 12), tiny=(0, 4)))

    row = row_of(document, "b")
    assert document["four_fifths"][0]["highest"] == {"group": "a"}
    assert (row["k"], row["n"], row["impact_ratio"], row["below_four_fifths"]) == (12, 40, 0.5, True)
    # 0.8 x 0.6 x 40 = 19.2: eight more
    assert row["flips"] == {"group": 8, "highest": -18}
    assert row["fisher_p"] == pytest.approx(stats.fisher_exact([[12, 28], [48, 32]]).pvalue, abs=1e-9)
    assert row["beyond_two_deviations"] is True
    assert row_of(document, "few")["state"] == "too_small"
    assert row_of(document, "tiny") == {"slice": {"group": "tiny"}, "n": None, "state": "suppressed"}


def test_where_nobody_is_selected_or_compared_it_is_said_why() -> None:
    assert audited(selected(a=(0, 50), b=(0, 50)))["four_fifths"][0]["why"] == "nobody_selected"
    assert audited(selected(a=(5, 50)))["four_fifths"][0]["why"] == "fewer_than_two_groups"


def test_no_word_of_it_is_a_pass() -> None:
    document = audited(selected(a=(50, 100), b=(50, 100)))

    assert "pass" not in json.dumps(document["four_fifths"])
    assert document["four_fifths"][0]["rule"] == "29 CFR 1607.4(D)"


def test_compas_races_hang_on_more_than_a_few_decisions() -> None:
    from audits.measures.plan import BiasPlan

    plan = BiasPlan(label="label_value", prediction="score", sensitive=("race",), bootstrap=0)
    (part,) = audited(shared_table("compas_for_aequitas.csv.gz"), plan)["four_fifths"]

    assert part["highest"] == {"race": "African-American"}
    (row,) = [one for one in part["groups"] if one["slice"] == {"race": "Caucasian"}]
    assert row["impact_ratio"] == pytest.approx(0.5916375570, abs=1e-9)
    assert row["flips"]["group"] == 301


def test_average_odds_are_half_of_two_differences() -> None:
    document = audited(csv_of(rows_of({"a": (60, 40, 30, 70), "b": (80, 20, 50, 50)})))

    (row,) = [one for one in document["disparities"] if one["metric"] == "average_odds_difference"]
    assert row["value"] == pytest.approx(((50 - 70) / 100 + (20 - 40) / 100) / 2)
    assert row["ci_low"] < row["value"] < row["ci_high"]
    assert (row["role"], row["comparator"]) == ("informative", {"group": "a"})


@pytest.mark.parametrize(
    ("alias", "metric"),
    [
        ("statistical_parity_difference", "demographic_parity_difference"),
        ("disparate_impact", "demographic_parity_ratio"),
    ],
)
def test_a_plan_may_use_the_names_of_aif360(alias: str, metric: str) -> None:
    from audits.measures.plan import plan_from

    given = {"label": "l", "prediction": "p", "sensitive": ["g"], "gating": [alias], "thresholds": {alias: 0.3}}

    plan = plan_from(given)

    assert (plan.gating, dict(plan.thresholds)) == ((metric,), {metric: 0.3})
    assert plan_of().gating == ("demographic_parity_ratio",)
