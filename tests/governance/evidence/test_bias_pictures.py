"""The pictures of a bias run and its sentence: what they show, what they hide, what is said beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from django.utils import translation

from governance.evidence import bias_charts, bias_pictures, bias_report
from governance.web.templatetags import curves, heat
from tests.audits.measures.made import audited, csv_of, plan_of, selected
from tests.governance.web.gallery import NB, rendered, text_of


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def scored(**changes: Any) -> dict[str, Any]:
    """Two attributes, a score that is too high for one group, a group of nine and one of twenty."""
    random = np.random.default_rng(4)
    lines = []
    for group, size, bent in (("a", 900, 0.0), ("b", 600, -0.2), ("c", 20, 0.0), ("d", 9, 0.0)):
        score = random.random(size)
        label = random.random(size) < np.clip(score + bent, 0, 1)
        lines += [
            f"{int(y)},{int(s > 0.5)},{group},{'xy'[row % 2]},{s:.4f}"
            for row, (y, s) in enumerate(zip(label, score, strict=True))
        ]
    plan = plan_of(**{"score": "score", "sensitive": ("group", "sex"), "bootstrap": 100} | changes)
    return audited(csv_of(lines, "label,prediction,group,sex,score"), plan)


def cells_of(table: bias_pictures.HeatTable) -> dict[tuple[str, str], heat.Cell]:
    laid = heat.heat(table.cells, table.down, table.across)
    return {(row, column): cell for row, cells in laid.rows for column, cell in zip(laid.across, cells, strict=True)}


def test_an_intersection_has_its_number_its_interval_and_n_in_the_cell() -> None:
    document = scored()
    table = bias_pictures.heat_tables(document)[0]

    (row,) = [
        one
        for one in document["metrics"]
        if one["slice"] == {"group": "a", "sex": "x"} and one["metric"] == "selection_rate"
    ]
    cell = cells_of(table)["a", "x"]
    assert (table.down, table.across) == (["a", "b", "c", "d"], ["x", "y"])
    assert cell.value.replace(NB, " ") == f"{100 * row['value']:.1f} %"
    assert cell.n.replace(NB, " ") == f"n {row['n']}"
    assert cell.interval.startswith("[")
    assert cell.shade in {f"heat-{step}" for step in range(6)}


def test_small_intersections_are_marked_and_smaller_ones_hidden() -> None:
    cells = cells_of(bias_pictures.heat_tables(scored())[0])

    assert (cells["c", "x"].shade, cells["c", "x"].state) == ("heat-few", "few")
    assert cells["c", "x"].value
    assert (cells["d", "x"].value, cells["d", "x"].state) == ("", "hidden")
    page = rendered("{% heat_table table %}", table=bias_pictures.heat_tables(scored())[0])
    assert "hidden, too few rows" in page
    assert "style=" not in page


def test_the_darkest_cell_is_the_highest_that_is_shown() -> None:
    given: Mapping[tuple[str, str], Any] = {
        ("a", "x"): {"n": 50, "value": 0.6, "low": 0.5, "high": 0.7},
        ("a", "y"): {"n": 50, "value": 0.3, "low": 0.2, "high": 0.4},
        ("b", "x"): {"n": 50, "value": 0.0, "low": 0.0, "high": 0.1},
        ("b", "y"): {"n": None, "value": None, "low": None, "high": None},
    }

    laid = heat.heat(given, ["a", "b"], ["x", "y"])

    assert [[cell.shade for cell in cells] for _, cells in laid.rows] == [["heat-5", "heat-3"], ["heat-0", "heat-few"]]
    nothing = heat.heat({("a", "x"): {"n": 50, "value": 0.0, "low": 0.0, "high": 0.1}}, ["a"], ["x"])
    assert nothing.rows[0][1][0].shade == "heat-0"


def test_a_curve_puts_every_bin_in_its_place_and_in_its_table() -> None:
    document = scored()
    (by_group, by_sex) = bias_pictures.calibration_curves(document)

    drawn = curves.panels(by_group.groups)

    assert [panel.label for panel in drawn] == ["Everybody", "a", "b", "c", "d"]
    bins = document["calibration"]["groups"][1]["bins"]
    assert len(drawn[1].points) == len(bins) == 10
    first = drawn[1].points[0]
    assert float(first.x[:-1]) == pytest.approx(100 * bins[0]["score"], abs=0.01)
    assert float(first.y[:-1]) == pytest.approx(100 * (1 - bins[0]["value"]), abs=0.01)
    assert float(first.y_high[:-1]) < float(first.y[:-1]) < float(first.y_low[:-1])
    assert drawn[4].hidden
    assert drawn[3].few
    page = rendered("{% calibration_chart groups title=title %}", groups=by_group.groups, title=by_group.title)
    assert page.count("<tr><th") == sum(max(len(panel.points), 1) for panel in drawn) + 1
    assert "style=" not in page
    assert not re.search(r'="[^"]*[0-9],[0-9]+%"', page)
    assert len(by_sex.groups) == 3


def test_a_group_whose_scores_are_too_high_is_told_so_in_words() -> None:
    (by_group, _) = bias_pictures.calibration_curves(scored())

    said = {group["label"]: group["said"] for group in by_group.groups}
    assert re.fullmatch(r"on the whole 1\d\.\d points too high", said["b"])
    assert said["a"] == "right on the whole, as far as can be told"


def test_scores_that_are_no_probabilities_have_no_curve_and_still_a_spread() -> None:
    rows = [f"{row % 2},{row % 2},{'ab'[row // 2 % 2]},{row % 10 + 1}" for row in range(400)]
    document = audited(csv_of(rows, "label,prediction,group,score"), plan_of(score="score"))

    assert bias_pictures.calibration_curves(document) == []
    (spread,) = bias_pictures.score_spread(document)
    assert (spread.kind, [row["label"] for row in spread.rows]) == ("number", ["a", "b"])


def test_a_run_without_a_score_or_a_second_attribute_has_no_such_picture() -> None:
    document = audited(selected(a=(50, 100), b=(50, 100)))

    assert bias_pictures.calibration_curves(document) == []
    assert bias_pictures.score_spread(document) == []
    assert bias_pictures.heat_tables(document) == []


@pytest.mark.parametrize(
    ("data", "say", "why"),
    [
        (
            selected(a=(800, 1000), b=(500, 1000)),
            "Of 100 people each, about 50 of b and 80 of a get the positive decision: ratio of approval rates 0.63"
            " [0.58–0.67], n 1,000. The limit is 0.80.",
            "beyond the limit",
        ),
        (
            selected(a=(800, 1000), b=(790, 1000)),
            "No group is beyond the limit of 0.80. Furthest apart: of 100 people each, about 79 of b and 80 of a get"
            " the positive decision",
            "keeps within the limit",
        ),
        (
            selected(a=(800, 1000), b=(400, 600)),
            "It cannot be told yet: of 100 people each, about 67 of b and 80 of a get the positive decision",
            "both answers are still possible",
        ),
        (selected(a=(0, 100), b=(0, 100)), "The model answers everybody alike", ""),
        (selected(a=(8, 20), b=(4, 20)), "No group could be compared", ""),
    ],
)
def test_the_verdict_is_a_sentence_for_people_who_know_no_statistics(data: bytes, say: str, why: str) -> None:
    document = audited(data)

    assert text_of(bias_report.in_plain_words(document)).startswith(say)
    assert why in bias_report.reason(document)


def test_errors_are_told_among_the_people_they_concern() -> None:
    lines = [f"1,{int(row < 700)},a" for row in range(1000)] + [f"1,{int(row < 300)},b" for row in range(1000)]
    lines += ["0,0,a", "0,0,b"] * 500
    document = audited(csv_of(lines), plan_of(gating=("equalized_odds_difference",)))

    assert "of 100 people each whose true outcome is positive, about 30 of b and 70 of a" in bias_report.in_plain_words(
        document
    ).replace("Of 100", "of 100")


def test_four_fifths_are_told_with_the_decisions_that_they_hang_on() -> None:
    document = audited(selected(a=(48, 80), b=(12, 40), c=(40, 70), few=(3, 12), tiny=(0, 4)))

    (part,) = bias_pictures.four_fifths(document)

    assert (part["attribute"], part["highest"]) == ("group", "a")
    told = {row["label"]: row["hangs_on"] for row in part["groups"]}
    assert told == {"b": "8 more selected", "c": "7 fewer selected", "few": "3 more selected", "tiny": ""}
    assert bias_pictures.four_fifths(audited(selected(a=(0, 50), b=(0, 50)))) == []


def test_a_quantity_is_shown_in_its_unit_and_a_class_by_its_name() -> None:
    numbers = [f"{row % 7},{row % 7 + (row % 2) * 3},{'ab'[row % 2]}" for row in range(400)]
    plan = plan_of(task="regression", gating=("mean_error_difference",), thresholds={"mean_error_difference": 1.0})
    regression = audited(csv_of(numbers), plan)
    names = [f"{'xyz'[row % 3]},{'xyz'[row % 3 if row % 2 else row % 2]},{'ab'[row % 2]}" for row in range(600)]
    classes = audited(csv_of(names), plan_of(task="multiclass", gating=("equalized_odds_difference",)))

    assert bias_report.in_plain_words(regression) == (
        f"b against a: difference of mean errors 3 [3{chr(0x2013)}3], n{NB}200. The limit is 1."
    )
    assert {chart.kind for chart in bias_charts.rate_charts(regression)} == {"number"}
    assert [chart.title for chart in bias_charts.comparison_charts(classes)] == [
        f"Largest difference of error rates of class {name} by group" for name in "xyz"
    ]
    assert "of class " in bias_report.in_plain_words(classes)
    assert set(bias_charts.overall(classes)) == {"accuracy"}


def test_figures_without_a_limit_are_said_not_to_be_judged() -> None:
    numbers = [f"{row % 7},{row % 5},{'ab'[row % 2]}" for row in range(200)]

    document = audited(csv_of(numbers), plan_of(task="regression", gating=()))

    assert "sets no limit" in bias_report.in_plain_words(document)
