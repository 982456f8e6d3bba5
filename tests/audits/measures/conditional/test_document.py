"""Conditional disparity in a bias document: COMPAS, Berkeley, and what cannot be adjusted for."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import rfc8785

from audits.measures.conditional import conditional_of
from tests.audits.measures.made import audited, csv_of, plan_of, shared_table
from tests.audits.measures.slices.made import plan_for, rows_of, taken


def found(document: Mapping[str, Any], metric: str, **slice_: str) -> Mapping[str, Any]:
    (row,) = [
        one for one in document["conditional"]["comparisons"] if one["metric"] == metric and one["slice"] == slice_
    ]
    return row


def written(people: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(people[0]))
    writer.writeheader()
    writer.writerows(people)
    return text.getvalue().encode()


def test_oracle_compas_the_adjusted_odds_of_african_americans_are_propublicas() -> None:
    """Their model of a medium or high score: sex, age group, race, priors, charge and two-year recidivism."""
    with gzip.open(shared_table("compas-scores-two-years.csv.gz"), "rt") as file:
        people = [
            row | {"higher": str(int(row["score_text"] != "Low")), "recid": row["two_year_recid"]}
            for row in csv.DictReader(file)
            if row["days_b_screening_arrest"]
            and abs(int(row["days_b_screening_arrest"])) <= 30
            and row["is_recid"] != "-1"
            and row["c_charge_degree"] != "O"
            and row["score_text"] != "N/A"
        ]
    assert len(people) == 6_172
    plan = plan_of(
        label="two_year_recid",
        prediction="higher",
        sensitive=("race",),
        reference={"race": "Caucasian"},
        legitimate=("sex", "age_cat", "priors_count", "c_charge_degree", "recid"),
        min_group=5,
    )

    row = found(audited(written(people), plan), "adjusted_odds_ratio", race="African-American")

    assert row["coefficient"] == pytest.approx(0.47721, abs=5e-6)
    assert row["standard_error"] == pytest.approx(0.06935, abs=5e-6)
    assert row["value"] == pytest.approx(np.exp(0.47721), abs=1e-4)
    assert row["ci_low"] > 1.3
    assert row["q"] >= row["p"]
    assert row["comparator"] == {"race": "Caucasian"}


def test_berkeleys_gap_is_gone_among_applicants_to_the_same_department() -> None:
    people = []
    with gzip.open(shared_table("datasets_UCBAdmissions.csv.gz"), "rt") as file:
        for row in csv.DictReader(file):
            admitted = row["Admit"] == "Admitted"
            made = {"sex": row["Gender"], "dept": row["Dept"], "y": str(len(people) % 2), "p": str(int(admitted))}
            people += [made] * int(row["Freq"])
    people = [row | {"y": str(at % 2)} for at, row in enumerate(people)]
    plan = plan_of(label="y", prediction="p", sensitive=("sex",), legitimate=("dept",))

    document = audited(written(people), plan)

    raw, common = (found(document, metric, sex="Female") for metric in ("odds_ratio", "mantel_haenszel_odds_ratio"))
    assert raw["ci_high"] < 1
    assert common["ci_low"] < 1 < common["ci_high"]
    assert common["value"] == pytest.approx(1 / 0.9046968, abs=1e-6)
    assert common["homogeneity"]["degrees_of_freedom"] == 5
    adjusted = found(document, "adjusted_odds_ratio", sex="Female")
    assert adjusted["ci_low"] < 1 < adjusted["ci_high"]
    assert found(document, "conditional_demographic_disparity", sex="Female")["value"] == pytest.approx(
        -found(document, "conditional_demographic_disparity", sex="Male")["value"]
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_the_order_of_the_rows_changes_nothing(weighted: bool) -> None:
    rows = rows_of(800, weighted=weighted)
    plan = plan_for(rows, legitimate=("x0", "x1"))
    order = np.random.default_rng(0).permutation(len(rows))

    one, other = conditional_of(rows, plan), conditional_of(taken(rows, order), plan)

    assert rfc8785.dumps(one) == rfc8785.dumps(other)


def test_equal_weights_change_nothing() -> None:
    rows = rows_of(800)
    plan = plan_for(rows, legitimate=("x0",))
    weighted = type(rows)(rows.label, rows.prediction, rows.groups, weights=np.full(800, 7.0), features=rows.features)

    one = conditional_of(rows, plan)["conditional"]
    other = conditional_of(weighted, plan)["conditional"]

    assert one["comparisons"] == other["comparisons"]


def test_without_legitimate_factors_nothing_is_measured() -> None:
    rows = rows_of(100)

    assert conditional_of(rows, plan_for(rows)) == {}


@pytest.mark.parametrize(
    ("factor", "why"),
    [
        (lambda group, at, chosen: group, "factors_determine_group"),
        (lambda group, at, chosen: chosen, "factors_determine_outcome"),
    ],
)
def test_what_cannot_be_adjusted_for_is_said_and_not_estimated(factor, why) -> None:
    lines = []
    for at in range(400):
        group, chosen = "ab"[at % 2], at // 2 % 2
        lines.append(f"{at // 4 % 2},{chosen},{group},v{factor(group, at, chosen)}")

    document = audited(csv_of(lines, header="label,prediction,group,f"), plan_of(legitimate=("f",)))

    row = found(document, "adjusted_odds_ratio", group="b")
    assert (row["value"], row["why"]) == (None, why)


@pytest.mark.parametrize("cell", ["", "same", "id{at}"])
def test_empty_constant_and_unique_factors_are_told_and_give_no_false_figure(cell: str) -> None:
    lines = [f"{at // 4 % 2},{at // 2 % 2},{'ab'[at % 2]},{cell.format(at=at)}" for at in range(400)]

    document = audited(csv_of(lines, header="label,prediction,group,f"), plan_of(legitimate=("f",)))

    told = document["conditional"]
    common = [row for row in told["comparisons"] if row["metric"] == "mantel_haenszel_odds_ratio"]
    if cell == "":
        assert (told["rows_used"], told["rows_left_out"], common) == (0, 400, [])
    elif cell == "same":
        assert (told["strata"], common[0]["value"]) == (1, 1.0)
    else:
        assert (told["strata"], common[0]["value"], common[0]["why"]) == (400, None, "no_stratum_compares_them")
