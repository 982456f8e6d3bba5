"""Several classes: each against the rest, by scikit-learn's figures; AIF360's favourable set; one verdict."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, precision_score, recall_score

from audits.measures.binary import against_rest
from audits.measures.cube import CubeBuilder
from audits.measures.plan import plan_from
from audits.measures.tables.chunks import Chunk, column_of_cells
from audits.measures.tables.refusals import TableRejected
from tests.audits.measures.made import audited, codes, csv_of, plan_of


def table(seed: int = 0, size: int = 3_000, *, unlucky: float = 0.0) -> list[str]:
    """Three classes; for group b ``unlucky`` of the answers "red" are replaced by "green"."""
    random = np.random.default_rng(seed)
    names = np.array(["blue", "green", "red"])
    group = np.array(["a", "b"])[random.integers(0, 2, size)]
    label = names[random.integers(0, 3, size)]
    prediction = np.where(random.random(size) < 0.8, label, names[random.integers(0, 3, size)])
    turned = (group == "b") & (prediction == "red") & (random.random(size) < unlucky)
    prediction = np.where(turned, "green", prediction)
    return [f"{y},{p},{g}" for y, p, g in zip(label, prediction, group, strict=True)]


def audit(lines: list[str], **changes: Any) -> dict[str, Any]:
    return audited(csv_of(lines), plan_of(**{"task": "multiclass", "gating": ("equalized_odds_difference",)} | changes))


def value(document: dict[str, Any], metric: str, class_: str | None, **slice_: str) -> Any:
    (row,) = [
        row
        for row in document["metrics"]
        if row["metric"] == metric and row.get("class") == class_ and row["slice"] == slice_
    ]
    return row["value"]


def test_rates_of_every_class_and_group_are_scikit_learns() -> None:
    lines = table()
    document = audit(lines)
    cells = [line.split(",") for line in lines]

    for group in ("", "a", "b"):
        kept = [cell for cell in cells if not group or cell[2] == group]
        label, prediction = ([cell[place] for cell in kept] for place in (0, 1))
        slice_ = {"group": group} if group else {}
        assert value(document, "accuracy", None, **slice_) == pytest.approx(accuracy_score(label, prediction), abs=1e-9)
        recalls = recall_score(label, prediction, average=None, labels=["blue", "green", "red"])
        precisions = precision_score(label, prediction, average=None, labels=["blue", "green", "red"])
        for name, recall, precision in zip(("blue", "green", "red"), recalls, precisions, strict=True):
            assert value(document, "true_positive_rate", name, **slice_) == pytest.approx(recall, abs=1e-9)
            assert value(document, "precision", name, **slice_) == pytest.approx(precision, abs=1e-9)


def test_the_class_that_a_group_is_denied_decides() -> None:
    document = audit(table(1, unlucky=0.6))

    assert document["verdict"] == "fail"
    assert {row["class"] for row in document["disparities"] if row["verdict"] == "fail"} >= {"red"}
    assert document["headline"][0]["class"] == "red"
    assert any(reason["locus"].startswith("class=red ") for reason in document["reasons"])
    json.dumps(document, allow_nan=False)


def test_classes_alike_for_both_groups_pass_and_their_tests_are_counted_together() -> None:
    document = audit(table(2, 12_000))

    assert document["verdict"] == "pass"
    gating = [row for row in document["disparities"] if row["role"] == "gating"]
    assert {row["class"] for row in gating} == {"blue", "green", "red"}
    assert all(row["q"] == 1 or row["q"] >= 3 * row["p"] - 1e-9 for row in gating)


def test_a_class_that_is_never_predicted_is_shown_and_not_judged() -> None:
    lines = [*table(3, 9_000), *["violet,red,a"] * 40, *["violet,red,b"] * 40]
    document = audit(lines)

    states = {one["class"]: one["state"] for one in document["classes"]}
    assert states == {"blue": "judged", "green": "judged", "red": "judged", "violet": "never_predicted"}
    assert value(document, "true_positive_rate", "violet", group="a") == 0
    assert document["verdict"] == "pass"


def test_one_answer_for_everybody_is_no_information() -> None:
    document = audit([f"{'rgb'[row % 3]},r,{'ab'[row % 2]}" for row in range(600)])

    assert document["verdict"] == "no_information"
    assert "bias.no_information" in codes(document)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([f"{'rgb'[row % 3]},{row % 3},a" for row in range(60)], "classes_differ"),
        ([f"r,{'rgb'[row % 3]},a" for row in range(60)], "label_one_class"),
        ([f"c{row},r,a" for row in range(60)], "label_not_binary"),
    ],
)
def test_classes_that_cannot_be_compared_are_refused(lines: list[str], code: str) -> None:
    with pytest.raises(TableRejected) as refused:
        audit(lines)

    assert refused.value.code == code


def test_the_default_decides_by_error_rates_and_three_labels_stay_refused_for_decisions() -> None:
    plan = plan_from({"label": "y", "prediction": "p", "sensitive": ["g"], "task": "multiclass"})

    assert plan.gating == ("equalized_odds_difference",)
    with pytest.raises(TableRejected) as refused:
        audited(csv_of(table(size=100)), plan_of())
    assert refused.value.code == "label_not_binary"


def test_oracle_v16_a_set_of_favourable_classes() -> None:
    # seven favourable outcomes found, one missed, two unfavourable ones found, none taken for favourable
    label = ["0", "1", "0", "1", "0", "1", "0", "1", "2", "3"]
    prediction = ["1", "1", "0", "0", "0", "1", "0", "2", "2", "3"]
    builder = CubeBuilder(["group", "label", "prediction"])
    columns = {"group": ["x"] * 10, "label": label, "prediction": prediction}
    cells = {name: column_of_cells(values, column=name) for name, values in columns.items()}
    builder.add(Chunk(10, cells, {}))

    favourable = frozenset({"0", "1"})
    found = against_rest(builder.build(), label="label", prediction="prediction", positives=(favourable, favourable))

    assert found.slices([]).cells[0].tolist() == [[2, 0], [1, 7]]


def test_weights_and_the_order_of_rows() -> None:
    lines = table(4, 600)
    shuffled = [lines[place] for place in np.random.default_rng(1).permutation(len(lines))]
    weighted = audited(
        csv_of([f"{line},2" for line in lines], "label,prediction,group,w"),
        plan_of(task="multiclass", gating=("equalized_odds_difference",), weights="w"),
    )

    assert audit(lines)["digest"] == audit(shuffled)["digest"]
    assert value(weighted, "accuracy", None, group="a") == value(audit(lines), "accuracy", None, group="a")
