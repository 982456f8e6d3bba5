"""Columns at once, and the words of texts: what no distance of one column sees, and that luck stays luck."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from audits.measures.drift.apart import Apart
from audits.measures.drift.plan import DriftPlan
from audits.measures.drift.tables import audit_drift
from audits.measures.drift.wording import told_apart_by_words
from audits.measures.tables.arrow import strings
from audits.measures.tables.loading import load_table
from tests.audits.measures.made import LONG

SENTENCES = {
    "en": "the bank will not pay my claim because one form is missing please help with this letter",
    "de": "die bank zahlt meinen antrag nicht weil ein formular fehlt bitte helfen sie mir mit dem brief",
}


def table(random: np.random.Generator, rows: int, *, together: float, shift: float = 0.0, order: bool = True) -> bytes:
    """Two numbers with a correlation, and a letter."""
    one = random.normal(size=rows)
    other = together * one + np.sqrt(1 - together**2) * random.normal(size=rows)
    lines = [
        f"{a:.5f},{b + shift:.5f},{c}" for a, b, c in zip(one, other, random.choice(list("xyz"), rows), strict=True)
    ]
    return "\n".join(["income,debt,branch", *(lines if order else lines[::-1]), ""]).encode()


def compared(reference: bytes, current: bytes, **plan: Any) -> dict[str, Any]:
    return audit_drift(load_table(io.BytesIO(reference)), load_table(io.BytesIO(current)), DriftPlan(**plan))


def texts(random: np.random.Generator, count: int, language: str) -> list[str]:
    return [" ".join(random.choice(SENTENCES[language].split(), random.integers(6, 20))) for _ in range(count)]


def test_columns_that_no_longer_go_together_are_drift_though_none_of_them_moved() -> None:
    random = np.random.default_rng(0)
    document = compared(table(random, 3_000, together=0.9), table(random, 3_000, together=0.0))

    assert {row["verdict"] for row in document["columns"]} == {"pass"}
    together = document["together"]
    assert (document["verdict"], together["verdict"]) == ("fail", "fail")
    assert together["columns"] == ["branch", "debt", "income"]
    assert together["ci_low"] > together["threshold"] > together["null_floor"] > together["null_expected"] == 0.5
    assert [reason["code"] for reason in document["reasons"]] == ["drift.moved_together"]
    # nothing can tell them better than the ratio of the two densities, whose area is known by simulation
    reach = random.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 40_000), random.normal(size=(40_000, 2))
    density = [stats.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]]), stats.multivariate_normal([0, 0], np.eye(2))]
    ratio = np.concatenate([density[1].logpdf(side) - density[0].logpdf(side) for side in reach])
    best = roc_auc_score(np.arange(80_000) >= 40_000, ratio)
    assert best - 0.04 < together["effect"] < best + 0.02


def test_a_shift_is_told_as_well_as_a_regression_tells_it_and_no_better_than_can_be() -> None:
    random = np.random.default_rng(1)
    reference, current = table(random, 3_000, together=0.0), table(random, 3_000, together=0.0, shift=0.8)
    found = compared(reference, current)["together"]

    numbers = [np.loadtxt(io.BytesIO(side), delimiter=",", skiprows=1, usecols=(0, 1)) for side in (reference, current)]
    today = np.arange(6_000) >= 3_000
    chances = cross_val_predict(LogisticRegression(), np.concatenate(numbers), today, cv=5, method="decision_function")
    assert found["effect"] == pytest.approx(roc_auc_score(today, chances), abs=0.02)
    assert found["ci_low"] < stats.norm.cdf(0.8 / np.sqrt(2))


def test_the_order_of_rows_changes_nothing_and_one_column_is_judged_alone() -> None:
    made = [
        compared(
            table(np.random.default_rng(2), 6_000, together=0.3, order=order),
            table(np.random.default_rng(3), 700, together=0.3, order=order),
        )
        for order in (True, False)
    ]

    assert made[0]["digest"] == made[1]["digest"]
    assert made[0]["together"]["n_reference"] == 5_000
    alone = compared(*[table(np.random.default_rng(at), 400, together=0.0) for at in (4, 5)], columns=("debt",))
    assert alone["together"] == {
        "columns": ["debt"],
        "columns_left_out": 0,
        "why": "fewer_than_two_columns",
        "verdict": None,
    }


def test_what_a_classifier_reaches_by_luck_is_the_floor_with_few_rows_too() -> None:
    random = np.random.default_rng(6)
    runs = 400 if LONG else 30
    found = [
        compared(table(random, 150, together=0.5), table(random, 250, together=0.5))["together"] for _ in range(runs)
    ]

    beyond = sum(one["effect"] > one["null_floor"] for one in found)
    assert stats.binom.sf(beyond - 1, runs, 0.05) > 1e-3
    assert sum(one["p"] <= 0.05 for one in found) == beyond
    few = Apart(0.55, 0.1, 50, 50)
    assert few.floor > 0.6, "with fifty rows on each side luck alone reaches the limit"


def test_other_words_are_drift_of_their_own_where_lengths_are_the_same() -> None:
    random = np.random.default_rng(7)
    reference = texts(random, 1_500, "en")
    mixed = texts(random, 900, "en") + texts(random, 600, "de")
    document = compared(*["\n".join(["note", *side, ""]).encode() for side in (reference, mixed)])

    (row,) = document["columns"]
    assert row["kind"] == "text"
    assert row["words"]["verdict"] == "fail"
    # two in five are told for certain, the rest by a toss
    assert row["words"]["effect"] == pytest.approx(0.4 + 0.6 * 0.5, abs=0.03)
    assert "drift.words_changed" in {reason["code"] for reason in document["reasons"]}


@pytest.mark.parametrize("count", [120, pytest.param(1_000, marks=pytest.mark.long)])
def test_texts_of_one_sort_are_told_apart_by_luck_alone(count: int) -> None:
    random = np.random.default_rng(count)
    runs, beyond = (300 if LONG else 40), 0
    for _ in range(runs):
        found = told_apart_by_words(*(strings(texts(random, count, "en")) for _ in range(2)))
        assert found is not None
        beyond += found.area > found.floor
    assert stats.binom.sf(beyond - 1, runs, 0.05) > 1e-3


@pytest.mark.parametrize(
    "column",
    [[f"2026-11-{day:02}T10:00:{at:02}" for day in range(1, 31) for at in range(20)], ["12-ab-77-ff-03-19-c2-00"] * 99],
)
def test_dates_and_codes_are_not_compared_by_their_words(column: list[str]) -> None:
    assert told_apart_by_words(strings(column), strings(column)) is None
