"""Numbers at the ends of what a float holds, and weights of nothing: a figure, or a refusal that names the cause."""

from __future__ import annotations

import re
from typing import Any

import pytest

from audits.measures.tables.refusals import TableRejected
from tests.audits.measures.made import audited, csv_of, plan_of

pytestmark = pytest.mark.filterwarnings("error")

HEADER = "label,prediction,group,x"


def table(*cells: str, labels: tuple[str, ...] = ("0", "1", "1"), predictions: tuple[str, ...] = ("1", "0")) -> bytes:
    """240 rows of two groups; ``cells`` take turns in the column x."""
    rows = range(240)
    return csv_of(
        [
            f"{labels[row % len(labels)]},{predictions[row * row % 7 % len(predictions)]},{'ab'[row // 3 % 2]},"
            f"{cells[row % len(cells)]}"
            for row in rows
        ],
        HEADER,
    )


def refused(data: bytes, **plan: Any) -> TableRejected:
    with pytest.raises(TableRejected) as found:
        audited(data, plan_of(bootstrap=100, **plan))
    return found.value


@pytest.mark.parametrize(
    "task",
    [
        {"weights": "x"},
        {"weights": "x", "task": "regression", "gating": ()},
        {"weights": "x", "task": "multiclass", "gating": ("equalized_odds_difference",)},
    ],
    ids=["decisions", "quantities", "classes"],
)
@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (("0",), "weight 0 in column 'x', so nobody counts"),
        (("-1", "1"), "below 0"),
        (("1e308",), r"such as 1e\+308"),
        (("5e-324",), "such as 4.94066e-324"),
        (("1", "1e-300"), "such as 1e-300"),
    ],
    ids=["nothing", "negative", "enormous", "subnormal", "mixed"],
)
def test_weights_that_no_sum_can_hold_are_refused_by_their_name(
    task: dict[str, Any], cells: tuple[str, ...], words: str
) -> None:
    found = refused(table(*cells), **task)

    assert found.code == "weight_invalid"
    assert re.search(words, str(found))


@pytest.mark.parametrize("unit", ["1e-40", "1e40"])
def test_the_unit_of_the_weights_changes_no_figure(unit: str) -> None:
    """Also those that are found step by step, whose last step must not depend on it."""
    parts = ["metrics", "disparities", "calibration", "conditional", "inequality"]
    score = [f"0.{row % 9 + 1}" for row in range(9)]
    lines = [
        f"{row % 3 % 2},{row * row % 7 % 2},{'ab'[row // 3 % 2]},{{}},{score[row % 9]},{'uv'[row % 2]}"
        for row in range(360)
    ]
    found = []
    for suffix in ("", unit[1:]):
        data = csv_of(
            [line.format(f"{row % 4 + 1}{suffix}") for row, line in enumerate(lines)],
            "label,prediction,group,weight,score,factor",
        )
        document = audited(data, plan_of(weights="weight", score="score", legitimate=("factor",), bootstrap=100))
        found.append({part: document[part] for part in parts})

    assert _near(found[0], found[1])


def _near(one: Any, other: Any) -> bool:
    """Equal but for the tenth digit, which scaling by a power of ten may turn."""
    if isinstance(one, dict):
        return set(one) == set(other) and all(_near(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(_near(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-6, abs=1e-9)
    return bool(one == other)


def test_a_group_whose_rows_weigh_nothing_has_no_figure_and_takes_no_part() -> None:
    lines = [f"{row % 3 % 2},{row % 2},{'ab'[row % 4 // 2]},{(1, 0)[row % 4 // 2]}" for row in range(240)]

    document = audited(csv_of(lines, HEADER), plan_of(weights="x"))

    assert document["verdict"] == "insufficient_data"
    values = {row["slice"].get("group"): row["value"] for row in document["metrics"] if row["metric"] == "accuracy"}
    assert values["b"] is None
    assert values["a"] is not None


@pytest.mark.parametrize("cells", [("1e308",), ("-1e308", "1e308"), ("5e-324", "1"), ("1e308", "0.5")])
def test_scores_of_any_size_are_places_in_an_order(cells: tuple[str, ...]) -> None:
    document = audited(table(*cells), plan_of(score="x", bootstrap=100))

    assert document["calibration"]["rows_used"] == 240
    areas = [row for row in document["metrics"] if row["metric"] == "roc_auc_score"]
    assert all(0 <= row["value"] <= 1 for row in areas if row["value"] is not None)


@pytest.mark.parametrize("cells", [("1e308",), ("-1e308", "1e308", "3"), tuple(map(str, range(20))) + ("1e308",)])
def test_features_of_any_size_are_read(cells: tuple[str, ...]) -> None:
    document = audited(table(*cells), plan_of(features=("x",), bootstrap=100))
    alike = audited(table(*cells), plan_of(legitimate=("x",), bootstrap=100))

    assert document["proxies"]["features"][0]["column"] == "x"
    assert alike["conditional"]["factors"][0]["column"] == "x"


@pytest.mark.parametrize("number", ["1e308", "-1e308", "1e99", "5e-324", "1e-60"])
@pytest.mark.parametrize("task", ["regression", "ranking"])
def test_quantities_whose_squares_are_no_numbers_are_refused_with_another_unit(task: str, number: str) -> None:
    found = refused(table("1", labels=(number, "0")), task=task, gating=())

    assert found.code == "number_out_of_scale"
    assert "give it in another unit" in str(found)
    if task == "ranking":
        assert audited(table("1", predictions=(number, "0")), plan_of(task=task, gating=()))["rows_used"] == 240
    else:
        assert refused(table("1", predictions=(number, "0")), task=task, gating=()).code == "number_out_of_scale"


def test_quantities_in_a_tiny_unit_have_intervals_as_wide_as_in_another() -> None:
    """Spread is small or not beside the numbers themselves, not beside 1."""
    limits = []
    for unit in ("", "e-20"):
        lines = [f"{row % 9 + 1}{unit},{row * row % 11 + 1}{unit},{'ab'[row % 2]},1" for row in range(200)]
        document = audited(csv_of(lines, HEADER), plan_of(task="regression", gating=()))
        row = next(one for one in document["metrics"] if one["metric"] == "mean_absolute_error" and not one["slice"])
        limits.append((row["ci_high"] - row["ci_low"]) / row["value"])

    assert limits[0] > 0.01
    assert limits[0] == pytest.approx(limits[1], rel=1e-6)
