"""Decisions whose outcome is known: rates then and now against plain counts, late labels, pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, precision_score, recall_score, roc_auc_score

from audits.measures.drift.plan import OUTCOMES, DriftPlan, drift_plan_from
from audits.measures.drift.tables import audit_drift
from audits.measures.intervals import newcombe
from audits.measures.plan_values import PlanRejected
from audits.measures.tables import TableRejected
from tests.audits.measures.drift.decisions import ROLES, Rows, compared, quantity, rows, without_labels
from tests.audits.measures.made import LONG


def rates(made: Rows) -> dict[str, float]:
    """Every quantity by scikit-learn."""
    known = made.label >= 0
    label, prediction, score = made.label[known], made.prediction[known], made.score[known].astype(float)
    return {
        "accuracy": accuracy_score(label, prediction),
        "selection_rate": float(made.prediction.mean()),
        "true_positive_rate": recall_score(label, prediction),
        "false_positive_rate": 1 - recall_score(label, prediction, pos_label=0),
        "precision": precision_score(label, prediction),
        "roc_auc_score": roc_auc_score(label, score),
    }


def flipped(made: Rows, every: int) -> Rows:
    """The same rows with every n-th decision turned around."""
    turned = np.arange(len(made.label)) % every == 0
    return replace(made, prediction=np.where(turned, 1 - made.prediction, made.prediction))


def test_rates_then_and_now_are_scikit_learns_and_their_change_has_newcombes_limits() -> None:
    then, now = rows(1, 3_000), flipped(without_labels(rows(2, 2_500), np.arange(2_500) % 5 == 0), 4)

    performance = compared(then, now)["performance"]

    before, after = rates(then), rates(now)
    for metric in OUTCOMES:
        row = quantity(performance["quantities"], metric)
        assert (row["reference"], row["current"]) == pytest.approx((before[metric], after[metric]), abs=1e-9)
        assert row["change"] == pytest.approx(after[metric] - before[metric], abs=1e-9)
        assert row["ci_low"] < row["change"] < row["ci_high"]
    row = quantity(performance["quantities"], "accuracy")
    known = now.label >= 0
    right = int((now.label == now.prediction)[known].sum()), int((then.label == then.prediction).sum())
    counts = (right[0], int(known.sum()), right[1], 3_000)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx([float(one) for one in newcombe(*counts)], abs=1e-9)
    # one-sided, pooled: the chance of such a fall
    pooled = sum(right) / (counts[1] + counts[3])
    error = np.sqrt(pooled * (1 - pooled) * (1 / counts[1] + 1 / counts[3]))
    assert row["p"] == pytest.approx(float(stats.norm.sf((before["accuracy"] - after["accuracy"]) / error)), rel=1e-6)
    assert row["null_floor"] == pytest.approx(1.644854 * error, rel=1e-6)
    assert (row["verdict"], performance["verdict"]) == ("fail", "fail")
    assert performance["labels"]["current"] == {"rows": 2_500, "known": 2_000, "waiting": 500}


def test_better_decisions_are_no_drift_of_quality_and_the_same_ones_pass() -> None:
    worse, better = flipped(rows(3, 4_000), 5), rows(4, 4_000)

    up, same = compared(worse, better), compared(better, rows(5, 4_000))

    accuracy = quantity(up["performance"]["quantities"], "accuracy")
    assert accuracy["change"] > 0.05
    assert accuracy["verdict"] == "pass"
    assert "drift.performance_fell" not in {reason["code"] for reason in up["reasons"]}
    assert (same["verdict"], same["reasons"]) == ("pass", [])


def test_labels_that_come_late_are_no_drift_of_the_label() -> None:
    late = without_labels(rows(7, 3_000), np.arange(3_000) % 2 == 0)
    document = compared(rows(6, 3_000), late, columns=("label", "group", "score"))

    (column,) = [row for row in document["columns"] if row["column"] == "label"]
    assert column["verdict"] == "pass"
    assert "missing" not in column
    assert "label" not in document["together"]["columns"]
    assert document["verdict"] == "pass"
    assert document["performance"]["labelled_beside_waiting"]["differ"] is False


def test_labels_that_come_sooner_for_those_who_were_selected_are_told() -> None:
    now = rows(8, 3_000)
    refused = now.prediction == 0

    document = compared(rows(9, 3_000), without_labels(now, refused & (np.arange(3_000) % 3 > 0)))

    beside = document["performance"]["labelled_beside_waiting"]
    assert (beside["waiting"], beside["differ"]) == (0.0, True)
    assert "drift.labels_selective" in {reason["code"] for reason in document["reasons"]}


def test_the_same_cases_are_compared_pair_by_pair() -> None:
    then = rows(10, 400)
    now = flipped(then, 8)
    plan = DriftPlan(**ROLES, row_id="time", columns=("group",))

    paired = audit_drift(then.table(), now.table(order=np.arange(400)[::-1]), plan)["performance"]
    apart = compared(then, now)["performance"]

    row = quantity(paired["quantities"], "accuracy")
    old, new = (one.label == one.prediction for one in (then, now))
    better, worse = int((new & ~old).sum()), int((old & ~new).sum())
    assert (paired["pairs"], apart["pairs"]) == (400, None)
    assert row["change"] == pytest.approx((better - worse) / 400)
    # a fall is what is looked for, so that McNemar's chance is that of one side
    both_sides = stats.binomtest(better, better + worse).pvalue
    assert row["p"] == pytest.approx(both_sides / 2, rel=1e-6)
    loose = quantity(apart["quantities"], "accuracy")
    assert row["ci_high"] - row["ci_low"] < loose["ci_high"] - loose["ci_low"]


def test_a_name_that_stands_on_two_rows_is_refused() -> None:
    made = rows(11, 40)

    with pytest.raises(TableRejected) as refused:
        audit_drift(made.table(), made.table(), DriftPlan(label="label", prediction="prediction", row_id="group"))

    assert refused.value.code == "row_id_repeated"


def test_several_classes_have_an_accuracy_and_a_positive_class_its_rates() -> None:
    random = np.random.default_rng(12)
    made = rows(12, 900)
    classes = replace(made, label=random.integers(0, 3, 900), prediction=random.integers(0, 3, 900))

    open_, named = compared(classes, classes), compared(classes, classes, positive="2")

    (accuracy, *others) = open_["performance"]["quantities"]
    assert accuracy["current"] == pytest.approx(float((classes.label == classes.prediction).mean()))
    assert {row["why"] for row in others} == {"no_rows"}
    assert open_["performance"]["estimated"]["why"] == "more_than_two_values"
    assert open_["verdict"] == "insufficient_data"
    rate = quantity(named["performance"]["quantities"], "selection_rate")
    assert rate["current"] == pytest.approx(float((classes.prediction == 2).mean()))


def test_decisions_that_are_all_the_same_tell_nothing() -> None:
    made = rows(13, 400)
    made = replace(made, prediction=np.ones(400, dtype=int))

    document = compared(made, made)

    assert quantity(document["performance"]["quantities"], "selection_rate")["verdict"] == "no_information"
    assert document["verdict"] == "no_information"


def test_outcomes_and_decisions_in_words_of_their_own_are_held_together_or_refused() -> None:
    then, now = rows(23, 300), rows(24, 300)
    plain = compared(then, now, score=None)

    def said(one: Rows, *words: str) -> Rows:
        return replace(one, prediction=np.array(words, object)[one.prediction])

    def held(*words: str, **plan: Any) -> dict[str, Any]:
        sides = [said(one, *words).table() for one in (then, now)]
        return audit_drift(*sides, DriftPlan(**{**ROLES, "score": None, "columns": ("group",), **plan}))

    assert held("false", "true")["performance"] == plain["performance"]
    assert held("false", "true", positive="1")["performance"] == plain["performance"]
    assert held("-1", "1")["performance"] == plain["performance"]
    for words, plan, code in (
        (("bad", "good"), {}, "positive_not_given"),
        (("bad", "good"), {"positive": "good"}, "positive_not_found"),
    ):
        with pytest.raises(TableRejected) as refused:
            held(*words, **plan)
        assert refused.value.code == code
    classes = replace(then, prediction=np.arange(300) % 3 + 7)
    with pytest.raises(TableRejected) as refused:
        compared(classes, classes)
    assert refused.value.code == "labels_and_predictions_differ"
    # one table has other words than the other: what looks like an accuracy of 0 then is none
    other = replace(then, label=np.array(["no", "yes"], object)[then.label])
    with pytest.raises(TableRejected) as refused:
        compared(other, now)
    assert refused.value.code == "labels_and_predictions_differ"


def test_no_quantity_that_the_verdict_rests_on_is_made_up_for_by_another_that_can_be_told() -> None:
    then, now = rows(21, 6000), rows(22, 6000)
    waiting = without_labels(now, np.arange(6000) >= 0)
    nobody = replace(now, prediction=np.zeros(6000, dtype=int))

    estimated = compared(then, waiting, gating=("accuracy", "roc_auc_score"))
    unselected = compared(then, nobody, gating=("precision",))

    assert quantity(estimated["performance"]["estimated"]["quantities"], "accuracy")["verdict"] == "pass"
    assert estimated["performance"]["verdict"] == "no_information"
    assert unselected["performance"]["verdict"] == "insufficient_data"
    for document, metric, why in (
        (estimated, "roc_auc_score", "not_estimated"),
        (unselected, "precision", "no_rows"),
    ):
        (said,) = [one["params"] for one in document["reasons"] if one["code"] == "drift.quantity_not_measured"]
        assert said == {"metric": metric, "why": why}


@pytest.mark.parametrize("made", [rows(14, 500)])
def test_the_order_of_rows_changes_nothing(made: Rows) -> None:
    plan = DriftPlan(**ROLES, sensitive=("group",), time="time")
    now = without_labels(rows(15, 600, by_group=1.0), np.arange(600) % 3 == 0)
    turned = np.random.default_rng(0).permutation(600)

    first = audit_drift(made.table(), now.table(), plan, seed=7)
    other = audit_drift(made.table(order=np.arange(500)[::-1]), now.table(order=turned), plan, seed=7)

    assert first["digest"] == other["digest"]


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"label": "y"}, "prediction_missing"),
        ({"prediction": "d", "score": "s"}, "label_missing"),
        ({"prediction": "d", "label": "d"}, "column_named_twice"),
        ({"prediction": "d", "time": "t"}, "sensitive_missing"),
        ({"prediction": "d", "gating": ["f1"]}, "plan_value_wrong"),
        ({"prediction": "d", "sensitive": ["g"], "periods": 1}, "plan_value_wrong"),
        ({"gating": ["selection_rate"]}, "prediction_missing"),
        ({"prediction": "d", "gating": ["accuracy"]}, "label_missing"),
        ({"prediction": "d", "label": "y", "gating": ["roc_auc_score"]}, "score_missing"),
        ({"prediction": "d", "label": "y", "gating": ["true_positive_rate_difference"]}, "sensitive_missing"),
        ({"predictoin": "d"}, "plan_key_unknown"),
        ({"thresholds": {"performance_drop": -1}}, "threshold_rejected"),
    ],
)
def test_a_plan_that_no_drift_audit_can_follow_is_refused(part: dict[str, Any], code: str) -> None:
    with pytest.raises(PlanRejected) as refused:
        drift_plan_from(part)

    assert refused.value.code == code


def test_a_plan_is_read_back_from_its_document() -> None:
    plan = DriftPlan(**ROLES, sensitive=("group",), time="time", thresholds={"performance_drop": 0.1})

    assert drift_plan_from(plan.as_document()) == plan


@pytest.mark.long
def test_the_floor_of_each_quantity_is_reached_about_once_in_twenty_times_without_drift() -> None:
    assert LONG
    runs, beyond = 400, dict.fromkeys(OUTCOMES, 0)
    for run in range(runs):
        found = compared(rows(2 * run, 500), rows(2 * run + 1, 700))["performance"]["quantities"]
        for row in found:
            beyond[row["metric"]] += row["effect"] > row["null_floor"]
            assert (row["effect"] > row["null_floor"]) == (row["p"] < 0.05)
    for metric, times in beyond.items():
        assert stats.binom.sf(times - 1, runs, 0.05) > 1e-3, metric
        assert stats.binom.cdf(times, runs, 0.05) > 1e-3, metric
