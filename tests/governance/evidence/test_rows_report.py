"""What a run's page says of rows that belong together, of rankings and of classes, and both limits of a figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.utils import translation

from audits.models import Finding
from governance.evidence import bias_report, leads_report, rows_report, wording
from tests.audits.measures.made import audited, csv_of, plan_of


def numbers(task: str, metric: str, limit: float) -> dict[str, Any]:
    """Quantities or scores of 200 people with three rows each; the women's are too low."""
    random = np.random.default_rng(1)
    lines = []
    for person in range(200):
        level, women = random.normal(50, 10), person % 2
        lines += [f"{max(level, 0):.2f},{level - 6 * women:.2f},{'mw'[women]},p{person}"] * 3
    plan = plan_of(task=task, gating=(metric,), thresholds={metric: limit}, cluster="person", bootstrap=100)
    return audited(csv_of(lines, "label,prediction,group,person"), plan)


@pytest.mark.parametrize(("language", "said"), [("en", "Rows with the same person"), ("ru", "значением person")])
def test_the_range_of_clusters_drawn_anew_stands_beside_the_one_that_decides(language: str, said: str) -> None:
    document = numbers("regression", "mean_error_difference", 2.0)

    with translation.override(language):
        shown = rows_report.parts(document)["redrawn"]

    (row,) = shown["rows"]
    assert said in shown["note"]
    assert "200" in shown["note"]
    assert row["decides"].startswith("[")
    assert row["drawn"].startswith("[")
    assert not row["why"]


def test_a_distance_says_why_it_has_no_such_range() -> None:
    shown = rows_report.parts(numbers("regression", "wasserstein_distance", 2.0))["redrawn"]

    (row,) = shown["rows"]
    assert (row["drawn"], row["why"]) == ("", "a distance is never below 0, so drawing anew gives no range")


def test_who_is_at_the_top_is_shown_of_a_ranking_alone() -> None:
    document = numbers("ranking", "exposure_ratio", 0.9)

    (row,) = rows_report.parts(document)["ranking"]["rows"]

    (told,) = document["ranking"]
    assert (row["lowest"], row["at"]) == (told["lowest_impact_ratio"]["value"], told["lowest_impact_ratio"]["k"])
    assert rows_report.parts(numbers("regression", "mean_error_difference", 2.0))["ranking"] is None


@pytest.mark.parametrize(
    ("kind", "values", "limits"),
    [
        ("difference", [-3.6], {"floor": -3.0}),
        ("difference", [-3.6, 0.5], {"floor": -3.0, "ceiling": 3.0}),
        ("difference", [0.5], {"ceiling": 3.0}),
        ("ratio", [0.9], {"floor": 0.8}),
        ("ratio", [1.4], {"ceiling": 1.25}),
        ("ratio", [None], {"floor": 0.8}),
    ],
)
def test_a_limit_is_drawn_on_the_side_on_which_the_figure_lies(
    kind: str, values: list[float | None], limits: dict[str, float]
) -> None:
    threshold = 0.8 if kind == "ratio" else 3.0
    rows = [{"kind": kind, "value": value, "threshold": threshold} for value in values]

    assert bias_report.limits(*rows) == limits


def test_a_finding_about_a_class_names_it() -> None:
    params = {"metric": "equalized_odds_difference", "attribute": "region", "group": "north", "value": 0.15}
    locus = "class=very red equalized_odds_difference region=north vs east"
    title, _mend = wording.finding_text(Finding(code="bias.inconclusive", params=params, locus=locus))
    other, _mend = wording.finding_text(Finding(code="bias.inconclusive", params=params, locus=locus[15:]))

    assert "largest difference of error rates of class very red is 0.15" in title
    assert "of class" not in other


def test_a_group_of_the_same_column_is_named_without_it() -> None:
    random = np.random.default_rng(2)
    rows = [f"{random.integers(0, 2)},{random.integers(0, 2)},{'ab'[n % 2]},{'xy'[n // 2 % 2]}" for n in range(400)]
    document = audited(csv_of(rows, "label,prediction,group,place"), plan_of(legitimate=("place",)))

    (row,) = leads_report.leads(document)["alike"]["rows"]

    assert row["label"] == "group: b against a"


def test_a_small_q_keeps_the_digit_that_it_has() -> None:
    params = {"column": "income", "q": 0.0031}
    title, _mend = wording.finding_text(Finding(code="drift.values_moved", params=params))

    assert "q 0.003" in title


def test_a_document_from_before_these_parts_were_shown_still_has_a_page() -> None:
    old = {
        "consistency": {
            "value": 0.9,
            "features": ["x"],
            "neighbours": 5,
            "rows_used": 9,
            "rows_left_out": 0,
            "groups": [],
        },
        "ranking": [{"attribute": "group", "ndkl": 0.1, "groups": 2}],
    }

    shown = rows_report.parts(old)

    assert shown["consistency"] is None
    assert shown["ranking"]["rows"][0]["lowest"] is None
