"""Performance without labels: closed forms, what is never estimated, and how often intervals hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from audits.measures.drift.plan import DriftPlan
from audits.measures.drift.tables import audit_drift
from audits.measures.tables.loading import Loaded
from tests.audits.measures.drift.decisions import Rows, compared, quantity, rows, without_labels
from tests.audits.measures.made import LONG


def floats(made: Rows) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return made.score.astype(float)


def test_plain_estimates_are_those_of_the_closed_form() -> None:
    then, now = rows(1, 3_000), rows(2, 2_000, spread=1.0)

    found = compared(then, without_labels(now))["performance"]["estimated"]["quantities"]

    score, chosen = floats(now), now.prediction == 1
    expected = {
        "accuracy": np.maximum(score, 1 - score).mean(),
        "true_positive_rate": score[chosen].sum() / score.sum(),
        "false_positive_rate": (1 - score)[chosen].sum() / (1 - score).sum(),
        "precision": score[chosen].mean(),
    }
    for metric, value in expected.items():
        row = quantity(found, metric)
        assert row["plain"] == pytest.approx(float(value), rel=1e-9)
        assert row["ci_low"] < row["value"] < row["ci_high"]


def test_scores_are_set_right_by_what_the_reference_shows_in_the_same_bin() -> None:
    then, now = rows(3, 3_000), rows(4, 2_000, spread=1.0)

    row = quantity(compared(then, without_labels(now))["performance"]["estimated"]["quantities"], "accuracy")

    # on each side of the decision five bins of as many rows, written out
    total = 0.0
    for way in (0, 1):
        side = np.flatnonzero(then.prediction == way)
        side = side[np.argsort(floats(then)[side], kind="stable")]
        starts = [int(np.ceil(len(side) * part / 5 - 0.5)) for part in range(5)]
        lowest = [floats(then)[side[at]] for at in starts]
        bins = [side[first:last] for first, last in zip(starts, [*starts[1:], None], strict=True)]
        off = [float(then.label[inside].mean() - floats(then)[inside].mean()) for inside in bins]
        for score in floats(now)[now.prediction == way]:
            place = max(int(np.searchsorted(lowest, score, side="right")) - 1, 0)
            chance = min(max(score + off[place], 0.0), 1.0)
            total += chance if way else 1 - chance
    assert row["value"] == pytest.approx(total / 2_000, rel=1e-6)


def test_harder_cases_are_seen_before_any_outcome_is_known() -> None:
    now = rows(5, 3_000, spread=0.6)

    document = compared(rows(6, 3_000), without_labels(now))

    row = quantity(document["performance"]["estimated"]["quantities"], "accuracy")
    assert row["ci_low"] < float((now.label == now.prediction).mean()) < row["ci_high"]
    assert (row["role"], row["verdict"], document["performance"]["verdict"]) == ("gating", "fail", "fail")
    assert "drift.estimate_fell" in {reason["code"] for reason in document["reasons"]}
    # with outcomes it is told beside them, and does not decide
    known = compared(rows(6, 3_000), now)["performance"]
    assert quantity(known["estimated"]["quantities"], "accuracy")["role"] == "informative"


def boasting(made: Rows) -> Rows:
    """The same rows with scores that are too sure."""
    odds = np.log(floats(made)) - np.log1p(-floats(made))
    return replace(made, score=np.array([float(one) for one in np.round(1 / (1 + np.exp(-4 * odds)), 6)], object))


@pytest.mark.parametrize(
    ("then", "now", "why", "verdict"),
    [
        (
            boasting(rows(7, 3_000, spread=1.0)),
            boasting(rows(8, 3_000, spread=1.0)),
            "not_calibrated",
            "no_information",
        ),
        (
            rows(7, 3_000),
            replace(rows(8, 3_000), score=np.array([float("nan")] * 3_000, object)),
            "no_score",
            "no_information",
        ),
        (
            rows(7, 3_000),
            replace(rows(8, 3_000), score=2 * rows(8, 3_000).score),
            "score_is_no_chance",
            "no_information",
        ),
        (rows(7, 150), rows(8, 3_000), "too_few_rows", "insufficient_data"),
    ],
)
def test_nothing_is_estimated_from_scores_that_are_no_chances(then: Rows, now: Rows, why: str, verdict: str) -> None:
    document = compared(then, without_labels(now))

    estimated = document["performance"]["estimated"]
    assert (estimated["why"], estimated["verdict"], estimated["quantities"]) == (why, verdict, [])
    assert document["verdict"] == verdict
    unknown = [one for one in document["reasons"] if one["code"] == "drift.performance_unknown"]
    assert [one["params"]["why"] for one in unknown] == [why]


def test_a_table_without_the_columns_of_label_and_score_is_one_without_outcomes() -> None:
    then, now = rows(9, 400), rows(10, 400).table()
    bare = Loaded("csv", now.rows, {name: now.raw_texts(name) for name in ("prediction", "group", "time")})
    document = audit_drift(then.table(), bare, DriftPlan(label="label", prediction="prediction", score="score"))

    assert document["performance"]["estimated"]["why"] == "no_score"
    assert document["performance"]["verdict"] == "no_information"
    # a score that is gone is a column that is gone
    assert {one["locus"] for one in document["reasons"] if one["code"] == "drift.column_gone"} == {"score"}


@pytest.mark.parametrize("spread", [2.0, pytest.param(0.8, marks=pytest.mark.long)])
def test_intervals_hold_what_outcomes_would_show_and_no_drift_is_found_where_there_is_none(spread: float) -> None:
    runs, held, found = (500 if LONG else 12), dict.fromkeys(("accuracy", "true_positive_rate", "precision"), 0), 0
    for run in range(runs):
        then, now = rows(3 * run, 1_500), rows(3 * run + 1, 900, spread=spread)
        estimates = compared(then, without_labels(now))["performance"]["estimated"]["quantities"]
        truth = {
            "accuracy": (now.label == now.prediction).mean(),
            "true_positive_rate": now.prediction[now.label == 1].mean(),
            "precision": now.label[now.prediction == 1].mean(),
        }
        for metric, value in truth.items():
            row = quantity(estimates, metric)
            held[metric] += row["ci_low"] <= value <= row["ci_high"]
        found += quantity(estimates, "accuracy")["p"] <= 0.05
    for metric, times in held.items():
        assert stats.binom.cdf(times, runs, 0.95) > 1e-3, metric
        # nor so wide that they tell nothing
        assert stats.binom.sf(times - 1, runs, 0.99) > 1e-3, metric
    if spread == 2.0:
        assert stats.binom.sf(found - 1, runs, 0.05) > 1e-3


@pytest.mark.long
def test_scores_that_are_a_little_off_do_not_move_the_estimate() -> None:
    assert LONG
    runs, held, plain_held = 0, 0, 0
    for run in range(200):
        then, now = rows(5 * run, 3_000), rows(5 * run + 1, 2_000)
        # a score that is three of a hundred too high, which no check of this size can tell for certain
        then, now = (replace(one, score=np.minimum(one.score + 0.03, 1.0)) for one in (then, now))
        estimates = compared(then, without_labels(now))["performance"]["estimated"]["quantities"]
        if not estimates:
            # this reference shows by luck more than the limit
            continue
        runs, row = runs + 1, quantity(estimates, "true_positive_rate")
        truth = now.prediction[now.label == 1].mean()
        held += row["ci_low"] <= truth <= row["ci_high"]
        half = (row["ci_high"] - row["ci_low"]) / 2
        plain_held += abs(row["plain"] - truth) <= half
    assert runs > 150
    assert stats.binom.cdf(held, runs, 0.95) > 1e-3
    assert plain_held < held
