"""The same figures as fairlearn's MetricFrame, on random tables and on a real one."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audits.measures.made import audited, csv_of, disparity, examples, plan_of, rate, shared_table

RATES = ("selection_rate", "true_positive_rate", "false_positive_rate", "false_negative_rate", "true_negative_rate")


def frame(label: Any, prediction: Any, groups: dict[str, Any]) -> Any:
    from fairlearn import metrics
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, precision_score

    functions = {name: getattr(metrics, name) for name in RATES}
    functions |= {"accuracy": accuracy_score, "precision": precision_score, "f1_score": f1_score}
    functions |= {"balanced_accuracy_score": balanced_accuracy_score, "base_rate": lambda y, p: np.mean(y)}
    functions["negative_predictive_value"] = lambda y, p: precision_score(y, p, pos_label=0)
    functions["false_discovery_rate"] = lambda y, p: 1 - precision_score(y, p)
    functions["false_omission_rate"] = lambda y, p: np.mean(y[p == 0])
    return metrics.MetricFrame(metrics=functions, y_true=label, y_pred=prediction, sensitive_features=groups)


@settings(max_examples=examples(3))
@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(2, 3))
def test_every_rate_of_every_group_and_intersection_is_fairlearns(seed: int, first: int, second: int) -> None:
    random = np.random.default_rng(seed)
    size = 300
    one = np.array([f"a{code}" for code in random.integers(0, first, size)])
    two = np.array([f"b{code}" for code in random.integers(0, second, size)])
    label, prediction = random.integers(0, 2, size), random.integers(0, 2, size)
    lines = [f"{y},{p},{a},{b}" for y, p, a, b in zip(label, prediction, one, two, strict=True)]

    document = audited(csv_of(lines, "label,prediction,one,two"), plan_of(sensitive=("one", "two"), min_group=1))

    for groups in ({"one": one}, {"two": two}, {"one": one, "two": two}):
        expected = frame(label, prediction, groups)
        for key, row in expected.by_group.iterrows():
            slice_ = dict(zip(groups, key if isinstance(key, tuple) else (key,), strict=True))
            for metric in expected.by_group.columns:
                assert rate(document, metric, **slice_)["value"] == pytest.approx(row[metric], abs=1e-9)
        for metric in ("true_positive_rate", "false_positive_rate"):
            assert rate(document, metric)["value"] == pytest.approx(expected.overall[metric], abs=1e-9)


@settings(max_examples=examples(3))
@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_widest_gaps_are_fairlearns_differences_and_ratios(seed: int, groups: int) -> None:
    from fairlearn import metrics

    random = np.random.default_rng(seed)
    size = 300
    group = np.array([f"g{code}" for code in random.integers(0, groups, size)])
    label, prediction = random.integers(0, 2, size), (random.random(size) < 0.4).astype(int)
    lines = [f"{y},{p},{g}" for y, p, g in zip(label, prediction, group, strict=True)]

    document = audited(csv_of(lines), plan_of(min_group=1))

    for metric in (
        "demographic_parity_difference",
        "demographic_parity_ratio",
        "equalized_odds_difference",
        "equalized_odds_ratio",
    ):
        expected = getattr(metrics, metric)(label, prediction, sensitive_features=group)
        found = disparity(document, metric, scope="range", group="")
        assert found["value"] == pytest.approx(expected, abs=1e-9)
        assert found["ci_low"] <= found["value"] <= found["ci_high"]


def test_weighted_rates_are_those_of_a_frame_with_sample_weights() -> None:
    from fairlearn import metrics

    random = np.random.default_rng(11)
    size = 2_000
    group = np.array(["x", "y"])[random.integers(0, 2, size)]
    label, prediction = random.integers(0, 2, size), random.integers(0, 2, size)
    weight = random.integers(1, 9, size) / 4
    lines = [f"{y},{p},{g},{w}" for y, p, g, w in zip(label, prediction, group, weight, strict=True)]

    document = audited(csv_of(lines, "label,prediction,group,weight"), plan_of(weights="weight"))

    for metric in ("selection_rate", "true_positive_rate"):
        expected = metrics.MetricFrame(
            metrics=getattr(metrics, metric),
            y_true=label,
            y_pred=prediction,
            sensitive_features=group,
            sample_params={"sample_weight": weight},
        ).by_group
        for name in ("x", "y"):
            row = rate(document, metric, group=name)
            assert row["value"] == pytest.approx(expected[name], abs=1e-9)
            assert "effective n" in row["method"]
            assert row["effective_of"] < row["of"]


def test_rates_of_the_mortgage_table_are_fairlearns() -> None:
    import pandas as pd
    from fairlearn import metrics

    with gzip.open(shared_table("loanapp.csv.gz"), "rt") as file:
        loans = pd.read_csv(file)
    race = np.select([loans["black"] == 1, loans["hispan"] == 1], ["black", "hispanic"], "white")
    # a rule that anybody can recompute stands in for a model
    approve = ((loans["obrat"] < 40) & (loans["loanprc"] < 0.95)).astype(int)
    lines = [f"{y},{p},{r}" for y, p, r in zip(loans["approve"], approve, race, strict=True)]

    document = audited(csv_of(lines))

    expected = metrics.MetricFrame(
        metrics=metrics.selection_rate, y_true=loans["approve"], y_pred=approve, sensitive_features=race
    )
    assert document["rows_used"] == 1989
    for name, value in expected.by_group.items():
        assert rate(document, "selection_rate", group=str(name))["value"] == pytest.approx(value, abs=1e-9)
    worst = min(row["value"] for row in document["disparities"] if row["role"] == "gating")
    assert worst == pytest.approx(expected.ratio(), abs=1e-9)
