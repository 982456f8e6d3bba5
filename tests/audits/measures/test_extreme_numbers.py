"""Numbers at the ends of what a double holds: a refusal that names the cause, and never a warning of numpy's."""

from __future__ import annotations

import io
import random
from typing import Any

import numpy as np
import pytest

from audits.measures.drift.measuring import NotMeasurable, drift_numeric
from audits.measures.drift.tables import audit_drift
from audits.measures.tables import TableRejected
from audits.measures.tables.loading import load_table
from tests.audits.measures.data.tables import audited as audited_data
from tests.audits.measures.made import audited, csv_of, plan_of

# pytest turns every warning into an error, so that each of these tests would notice one


def weighted(*weights: str, rows: int = 400) -> bytes:
    chance = random.Random(0)  # noqa: S311 - rows of a test
    lines = [
        f"{row % 2},{chance.randrange(2)},{'ab'[row // 2 % 2]},{weights[row % len(weights)]},{chance.random()}"
        for row in range(rows)
    ]
    return csv_of(lines, header="label,prediction,group,weight,score")


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (("0",), "has the weight 0 in column 'weight'"),
        (("1", "-2"), "below 0"),
        (("1e308",), "lie between 1e-50 and 1e.50"),
        (("1e308", "1"), "lie between 1e-50 and 1e.50"),
        (("1e-320",), "lie between 1e-50 and 1e.50"),
        (("inf",), "weights such as inf"),
    ],
)
@pytest.mark.parametrize(
    "task",
    [
        {},
        {"score": "score", "bootstrap": 200},
        {"task": "regression", "label": "score", "gating": ()},
        {"task": "multiclass"},
    ],
)
def test_weights_that_cannot_be_calculated_with_are_refused_by_their_cause(
    weights: tuple[str, ...], says: str, task: dict[str, Any]
) -> None:
    with pytest.raises(TableRejected, match=says) as refused:
        audited(weighted(*weights), plan_of(weights="weight", **task))

    assert refused.value.code == "weight_invalid"


@pytest.mark.parametrize("task", [{}, {"score": "score"}, {"bootstrap": 200}])
def test_weights_that_add_up_to_nothing_where_it_counts_are_refused(task: dict[str, Any]) -> None:
    # the rows with a weight have no label
    rows = weighted("0").decode().splitlines()
    data = "\n".join([*rows, *[",1,a,5,0.5"] * 40, ""]).encode()

    with pytest.raises(TableRejected, match="has the weight 0"):
        audited(data, plan_of(weights="weight", **task))


def test_a_group_without_weight_is_never_a_result() -> None:
    # rows of b, two of every four, weigh nothing
    document = audited(weighted("1", "1", "0", "0"), plan_of(weights="weight", score="score", bootstrap=200))

    assert document["verdict"] == "insufficient_data"


@pytest.mark.parametrize("large", [1e40, 1e-40])
def test_only_ratios_of_weights_count(large: float) -> None:
    plain, scaled = weighted("1", "1", "3"), weighted(str(large), str(large), str(3 * large))

    ours, theirs = (audited(data, plan_of(weights="weight"))["disparities"] for data in (plain, scaled))

    assert [row["value"] for row in ours] == pytest.approx([row["value"] for row in theirs])
    assert [row["ci_low"] for row in ours] == pytest.approx([row["ci_low"] for row in theirs])


def test_outcomes_that_no_square_can_hold_are_refused() -> None:
    chance = random.Random(1)  # noqa: S311 - rows of a test
    lines = [f"{chance.choice((-1, 1)) * 1.6e308},{chance.random()},{'ab'[row % 2]}" for row in range(400)]
    plan = plan_of(task="regression", gating=())

    with pytest.raises(TableRejected, match="in another unit") as refused:
        audited(csv_of(lines), plan)

    assert refused.value.code == "number_out_of_scale"


def test_scores_of_any_size_are_ranked() -> None:
    chance = random.Random(2)  # noqa: S311 - rows of a test
    lines = [f"{row % 2},{row % 2},{'ab'[row // 2 % 2]},{chance.uniform(-1, 1) * 1.7e308}" for row in range(400)]

    document = audited(csv_of(lines, header="label,prediction,group,score"), plan_of(score="score", bootstrap=200))

    assert "bias.score_not_probability" in {reason["code"] for reason in document["reasons"]}


def vast(seed: int) -> bytes:
    values = np.random.default_rng(seed).uniform(-1, 1, size=1_500) * 1.7e308
    return ("amount\n" + "\n".join(repr(float(value)) for value in values)).encode()


def test_drift_of_what_no_square_can_hold_is_not_measured() -> None:
    with pytest.raises(NotMeasurable) as refused:
        drift_numeric(np.linspace(-1, 1, 50) * 1.7e308, np.linspace(-1, 1, 50) * 1.6e308)
    document = audit_drift(load_table(io.BytesIO(vast(0))), load_table(io.BytesIO(vast(1))))

    assert refused.value.code == "out_of_range"
    assert document["verdict"] == "insufficient_data"
    assert [(row["verdict"], row["why"]) for row in document["columns"]] == [("insufficient_data", "out_of_range")]
    assert document["reasons"][0]["code"] == "drift.out_of_range"


@pytest.mark.parametrize("unit", [1e-300, 1e-150, 1e140])
def test_drift_does_not_depend_on_the_unit(unit: float) -> None:
    random_ = np.random.default_rng(3)
    reference, current = random_.normal(size=400), random_.normal(0.4, size=500)

    found, scaled = drift_numeric(reference, current), drift_numeric(reference * unit, current * unit)

    assert scaled.p == found.p
    assert scaled.measures["js_distance"] == found.measures["js_distance"]
    if "wasserstein_1_over_std" in scaled.measures:
        assert scaled.measures["wasserstein_1_over_std"].value == pytest.approx(
            found.measures["wasserstein_1_over_std"].value
        )


def test_measurements_beyond_whole_numbers_are_no_names() -> None:
    document = audited_data(vast(4))

    assert {row["column"]: row["kind"] for row in document["columns"]} == {"amount": "number"}
