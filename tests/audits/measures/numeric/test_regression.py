"""Predicted quantities: scikit-learn's and scipy's figures, intervals that hold, verdicts only where a limit is set."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sklearn

from audits.measures.numeric.regression import moved, wasserstein
from audits.measures.plan import PlanRejected, plan_from
from audits.measures.tables.refusals import TableRejected
from tests.audits.measures.made import audited, codes, csv_of, examples, plan_of, rate


def table(seed: int = 0, size: int = 1_200, *, bias: float = 0.0) -> list[str]:
    """Predictions of a quantity, too high by ``bias`` for group b."""
    random = np.random.default_rng(seed)
    group = np.array(["a", "b"])[random.integers(0, 2, size)]
    label = random.gamma(4, 2, size)
    prediction = label + random.normal(size=size) + bias * (group == "b")
    return [f"{y:.6f},{p:.6f},{g}" for y, p, g in zip(label, prediction, group, strict=True)]


def audit(lines: list[str], **changes: Any) -> dict[str, Any]:
    given_ = {"task": "regression", "gating": tuple(changes.get("thresholds", {}))}
    return audited(csv_of(lines), plan_of(**given_ | changes))


def arrays(lines: list[str], group: str = "") -> tuple[np.ndarray, np.ndarray]:
    cells = [line.split(",") for line in lines]
    kept = [cell for cell in cells if not group or cell[2] == group]
    return np.array([float(cell[0]) for cell in kept]), np.array([float(cell[1]) for cell in kept])


def row_of(document: Mapping[str, Any], metric: str) -> dict[str, Any]:
    (found,) = [row for row in document["disparities"] if row["metric"] == metric]
    return dict(found)


def test_errors_are_scikit_learns_for_everybody_and_every_group() -> None:
    lines = table()
    document = audit(lines)

    for group in ("", "a", "b"):
        label, prediction = arrays(lines, group)
        expected = {
            "mean_absolute_error": sklearn.mean_absolute_error(label, prediction),
            "root_mean_squared_error": sklearn.root_mean_squared_error(label, prediction),
            "mean_pinball_loss_10": sklearn.mean_pinball_loss(label, prediction, alpha=0.1),
            "mean_pinball_loss_90": sklearn.mean_pinball_loss(label, prediction, alpha=0.9),
            "mean_error": float((prediction - label).mean()),
            "mean_prediction": prediction.mean(),
        }
        for metric, value in expected.items():
            found = rate(document, metric, **({"group": group} if group else {}))
            assert found["value"] == pytest.approx(value, abs=1e-8)
            assert found["ci_low"] < found["value"] < found["ci_high"]


@settings(max_examples=examples(30), deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.integers(2, 60))
def test_the_distance_of_two_distributions_is_scipys(seed: int, one: int, other: int) -> None:
    random = np.random.default_rng(seed)
    first, second = np.sort(random.integers(0, 9, one) / 2), np.sort(random.normal(size=other))
    weights, others = random.random(one) + 0.1, random.random(other) + 0.1

    assert wasserstein(first, second) == pytest.approx(stats.wasserstein_distance(first, second), abs=1e-9)
    assert wasserstein(first, second, weights, others) == pytest.approx(
        stats.wasserstein_distance(first, second, weights, others), abs=1e-9
    )


def test_the_interval_of_a_distance_holds_it_although_it_is_never_below_0() -> None:
    random, tries = np.random.default_rng(4), examples(150)
    for shift in (0.0, 0.3):
        held = 0
        for _ in range(tries):
            one, other = np.sort(random.normal(size=150)), np.sort(random.normal(size=300) + shift)
            value = wasserstein(one, other)
            noise = [moved(values, len(values), replicates=200, random=random) for values in (one, other)]
            assert noise[0] is not None
            assert noise[1] is not None
            reach = float(np.quantile(noise[0] + noise[1], 0.95))
            held += value - reach <= shift <= value + reach
        assert held / tries >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / tries)


@pytest.mark.parametrize(("bias", "threshold", "verdict"), [(0.0, 0.5, "pass"), (1.0, 0.5, "fail"), (0.5, 0.5, "warn")])
def test_a_limit_makes_a_verdict_by_the_rule_of_decisions(bias: float, threshold: float, verdict: str) -> None:
    document = audit(table(1, 2_000, bias=bias), thresholds={"mean_error_difference": threshold})

    row = row_of(document, "mean_error_difference")
    assert (document["verdict"], row["verdict"], row["role"]) == (verdict, verdict, "gating")
    assert row["threshold_source"] == "plan"
    assert document["headline"][0]["worst"] == abs(row["value"])
    assert abs(row["value"]) == pytest.approx(bias, abs=0.15)


def test_too_few_rows_for_the_limit_are_no_pass() -> None:
    document = audit(table(2, 120), thresholds={"mean_error_difference": 0.1})

    assert document["verdict"] == "insufficient_data"
    assert "bias.gap_not_detectable" in codes(document)


def test_without_a_limit_nothing_is_judged() -> None:
    document = audit(table())

    assert document["verdict"] == "no_information"
    assert codes(document) == ["bias.no_threshold"]
    assert {row["role"] for row in document["disparities"]} == {"informative"}


def test_equal_predictions_are_no_information_and_one_group_is_insufficient() -> None:
    equal = audit([f"{row % 7},3,{'ab'[row % 2]}" for row in range(200)], thresholds={"mean_error_difference": 0.5})
    alone = audit([f"{row % 7},{row % 5},a" for row in range(200)], thresholds={"mean_error_difference": 0.5})

    assert (equal["verdict"], codes(equal)[0]) == ("no_information", "bias.no_information")
    assert (alone["verdict"], codes(alone)[0]) == ("insufficient_data", "bias.nothing_to_compare")


@pytest.mark.parametrize(
    ("cell", "code"), [("inf", "number_not_finite"), ("much", "not_a_number")], ids=["infinite", "word"]
)
def test_what_is_no_number_is_refused(cell: str, code: str) -> None:
    with pytest.raises(TableRejected) as refused:
        audit([*table(size=60), f"{cell},1,a"])

    assert refused.value.code == code


def test_rows_without_a_number_are_counted() -> None:
    document = audit([*table(size=60), ",1,a", "1,nan,a", "1,1,"])

    assert document["rows_used"] == 60
    assert document["rows_dropped"] == {"missing_label": 1, "missing_prediction": 1, "missing_sensitive": 1}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"gating": ["mean_error_difference"]}, "threshold_missing"),
        ({"thresholds": {"mean_error_difference": 0}}, "threshold_out_of_range"),
        ({"thresholds": {"demographic_parity_ratio": 0.8}}, "metric_unknown"),
        ({"score": "s"}, "score_not_for_task"),
        ({"required_groups": {"group": ["a"]}}, "key_not_for_task"),
        ({"task": "poetry"}, "task_unknown"),
        ({"task": "ranking", "weights": "w"}, "key_not_for_task"),
    ],
)
def test_a_plan_that_means_nothing_for_the_task_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(PlanRejected) as refused:
        plan_from({"label": "y", "prediction": "p", "sensitive": ["group"], "task": "regression"} | changes)

    assert refused.value.code == code


def test_a_plan_reads_itself_back_and_the_order_of_rows_changes_nothing() -> None:
    lines = table(3, 300)
    shuffled = [lines[place] for place in np.random.default_rng(1).permutation(len(lines))]
    document = audit(lines, thresholds={"mean_error_difference": 0.5}, bootstrap=200)

    assert document["digest"] == audit(shuffled, thresholds={"mean_error_difference": 0.5}, bootstrap=200)["digest"]
    assert plan_from(document["plan"]).as_document() == document["plan"]
    json.dumps(document, allow_nan=False)


def test_small_groups_are_hidden_and_counted() -> None:
    document = audit([*table(size=200), *["1,2,few"] * 12, *["1,2,tiny"] * 4])

    assert rate(document, "mean_error", group="tiny")["n"] is None
    assert rate(document, "mean_error", group="few")["value"] == 1
    assert {"bias.groups_suppressed", "bias.groups_too_small"} <= set(codes(document))
