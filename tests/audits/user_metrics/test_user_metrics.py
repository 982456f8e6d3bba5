"""Metrics of the operator's own: by group with intervals, and only what the operator allows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.test import override_settings
from fairlearn.metrics import MetricFrame
from sklearn.metrics import fbeta_score, recall_score

from audits.kinds import metrics as kind
from audits.kinds.base import InputsRejected, Outcome
from audits.user_metrics import loading
from audits.user_metrics.loading import MetricRefused, load
from tests.audits.measures.made import csv_of
from tests.audits.test_kind_bias import Given, inputs

PLAN = {"label": "label", "prediction": "prediction", "sensitive": ["group"], "metrics": ["mine:recall"]}
CODE = """
import numpy as np

def recall(y_true, y_pred, *, sample_weight=None):
    return np.average(y_pred[y_true == 1], weights=None if sample_weight is None else sample_weight[y_true == 1])

def cost(y_true, y_pred, *, sample_weight=None):
    return 5 * np.sum((y_true == 1) & (y_pred == 0)) + np.sum((y_true == 0) & (y_pred == 1))

def fails(y_true, y_pred, *, sample_weight=None):
    raise KeyError("<script>")

def fails_for_few(y_true, y_pred, *, sample_weight=None):
    if len(y_true) < 150:
        raise ZeroDivisionError("few")
    return 0.5

def infinite(y_true, y_pred, *, sample_weight=None):
    return float("inf")

not_callable = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "metrics"
    place.mkdir(mode=0o755)
    (place / "mine.py").write_text(CODE)
    (place / "broken.py").write_text("import nothing_of_this_name")
    return place


def table(weights: bool = False) -> tuple[bytes, np.ndarray]:
    random = np.random.default_rng(0)
    label, prediction = random.random(600) < 0.5, random.random(600) < 0.6
    group = np.where(
        np.arange(600) < 5, "tiny", np.where(np.arange(600) < 25, "few", np.where(np.arange(600) < 125, "a", "b"))
    )
    rows = np.array([label, prediction, group], dtype=object).T
    weight = ",2.5" if weights else ""
    lines = [f"{int(y)},{int(p)},{g}{weight}" for y, p, g in rows]
    return csv_of(lines, "label,prediction,group,w" if weights else "label,prediction,group"), rows


def measured(folder: Path | None, *allowed: str, data: bytes | None = None, **changes: Any) -> Outcome:
    with override_settings(METRICS_PATH=str(folder or ""), METRICS_ALLOWED=list(allowed)):
        return kind.run(Given(inputs(plan=PLAN | changes), data or table()[0]))


def value(outcome: Outcome, **slice_: str) -> dict[str, Any]:
    (row,) = [one for one in outcome.document["metrics"] if one["slice"] == slice_]
    return row


def test_values_by_group_are_those_of_fairlearns_metric_frame(folder: Path) -> None:
    outcome = measured(folder, "mine:recall")

    rows = table()[1]
    true, predicted = rows[:, 0].astype(int), rows[:, 1].astype(int)
    frame = MetricFrame(metrics=recall_score, y_true=true, y_pred=predicted, sensitive_features=rows[:, 2])
    assert value(outcome)["value"] == pytest.approx(frame.overall)
    for group in ("a", "b"):
        row = value(outcome, group=group)
        assert row["value"] == pytest.approx(frame.by_group[group])
        assert row["ci_low"] < row["value"] < row["ci_high"]
    assert (value(outcome, group="few")["why"], value(outcome, group="few")["n"]) == ("too_small", 20)
    assert (value(outcome, group="tiny")["why"], value(outcome, group="tiny")["n"]) == ("suppressed", None)
    (gap,) = outcome.document["gaps"]
    assert gap["value"] == pytest.approx(abs(frame.by_group["a"] - frame.by_group["b"]))
    assert outcome.verdict == "measured"


def test_intervals_are_about_as_wide_as_the_share_allows(folder: Path) -> None:
    row = value(measured(folder, "mine:recall"), group="b")

    n = 240
    expected = 2 * 1.96 * np.sqrt(row["value"] * (1 - row["value"]) / n)
    assert row["ci_high"] - row["ci_low"] == pytest.approx(expected, rel=0.25)


def test_the_same_seed_gives_the_same_document_in_any_order_of_rows(folder: Path) -> None:
    head, *lines = table()[0].splitlines()

    one = measured(folder, "mine:recall")
    other = measured(folder, "mine:recall", data=b"\n".join([head, *lines[::-1], b""]))

    assert one.document["digest"] == other.document["digest"]


def test_weights_are_handed_on(folder: Path) -> None:
    plain = measured(folder, "mine:recall")
    weighted = measured(folder, "mine:recall", data=table(weights=True)[0], weights="w")

    assert value(weighted)["value"] == pytest.approx(value(plain)["value"])


@pytest.mark.parametrize(
    ("reference", "allowed", "code"),
    [
        ("mine:recall", (), "metric_not_allowed"),
        ("mine:recall", ("mine:cost",), "metric_not_allowed"),
        ("os:system", ("mine:recall",), "metric_not_allowed"),
        ("mine:nothing", ("mine:nothing",), "metric_missing"),
        ("mine:not_callable", ("mine:not_callable",), "metric_missing"),
        ("absent:recall", ("absent:recall",), "metric_missing"),
        ("broken:recall", ("broken:recall",), "metric_broken"),
        ("../mine:recall", ("../mine:recall",), "metric_name"),
        ("mine:fails", ("mine:fails",), "metric_failed"),
    ],
)
def test_what_may_not_or_cannot_be_run_is_refused(folder: Path, reference: str, allowed: tuple, code: str) -> None:
    with pytest.raises(InputsRejected) as refused:
        measured(folder, *allowed, metrics=[reference])

    assert refused.value.code == code


def test_without_the_operators_setting_nothing_runs() -> None:
    with pytest.raises(InputsRejected, match="ASSAY_METRICS_PATH") as refused:
        measured(None, "mine:recall")

    assert refused.value.code == "metric_not_allowed"


def test_a_link_that_leads_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text(CODE)
    (folder / "linked.py").symlink_to(tmp_path / "outside.py")

    with pytest.raises(MetricRefused) as refused:
        load("linked:recall", allowed=["linked:recall"], folder=folder)

    assert refused.value.code == "metric_missing"


def test_a_metric_that_fails_for_one_group_is_told_for_it_and_measured_for_the_others(folder: Path) -> None:
    outcome = measured(folder, "mine:fails_for_few", metrics=["mine:fails_for_few"])

    assert value(outcome, group="a")["why"] == "metric_failed"
    assert "ZeroDivisionError" in value(outcome, group="a")["said"]
    assert value(outcome, group="b")["value"] == 0.5


def test_an_answer_that_is_no_number_is_not_measured(folder: Path) -> None:
    outcome = measured(folder, "mine:infinite", metrics=["mine:infinite"])

    assert (value(outcome)["value"], value(outcome)["why"]) == (None, "not_a_number")
    assert outcome.document["gaps"] == []


def evaluate_module(folder: Path) -> None:
    (folder / "fbeta").mkdir()
    (folder / "fbeta" / "fbeta.py").write_text("# a module of the library evaluate")


def test_a_worker_without_evaluate_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate_module(folder)
    monkeypatch.setattr(loading.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(MetricRefused, match="requirements/metrics.txt") as refused:
        load("evaluate:fbeta", allowed=["evaluate:fbeta"], folder=folder)

    assert refused.value.code == "extra_missing"


def test_a_module_of_evaluate_is_loaded_from_its_folder_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library itself is an extra; this stands in for it and remembers what it was asked to load."""
    evaluate_module(folder)
    asked: list[str] = []

    def loaded(path: str) -> SimpleNamespace:
        asked.append(path)
        compute: Callable[..., dict[str, float]] = lambda references, predictions: {  # noqa: E731
            "fbeta": fbeta_score(references, predictions, beta=2)
        }
        return SimpleNamespace(compute=compute)

    real = loading.importlib.util.find_spec
    monkeypatch.setitem(sys.modules, "evaluate", SimpleNamespace(load=loaded))
    monkeypatch.setattr(
        loading.importlib.util, "find_spec", lambda name: object() if name == "evaluate" else real(name)
    )

    outcome = measured(folder, "evaluate:fbeta", metrics=["evaluate:fbeta"])

    rows = table()[1]
    expected = fbeta_score(rows[:, 0].astype(int), rows[:, 1].astype(int), beta=2)
    assert value(outcome)["value"] == pytest.approx(expected)
    assert asked == [str((folder / "fbeta").resolve())]
