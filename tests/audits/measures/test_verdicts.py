"""The rule of the verdict, case by case."""

from __future__ import annotations

import io
from typing import Any

import pytest

from audits.measures.bias import with_regression
from audits.measures.plan import Consistency
from audits.measures.reasons import CODES
from audits.measures.regression import regression_of
from audits.measures.regression.reading import open_for_regression
from audits.measures.verdicts import worst
from tests.audits.measures.made import audited, codes, csv_of, disparity, plan_of, rate, rows_of, selected

RATIO = "demographic_parity_ratio"
EQUAL = (800, 1000)


def test_a_ratio_that_lies_wholly_beyond_four_fifths_fails() -> None:
    document = audited(selected(a=(500, 1000), b=EQUAL))

    row = disparity(document, RATIO, group="a")
    assert document["verdict"] == row["verdict"] == "fail"
    assert row["value"] == 0.625
    assert row["ci_high"] < 0.8
    assert row["q"] <= 0.05
    assert (row["threshold"], row["threshold_source"], row["role"]) == (0.8, "default", "gating")
    (reason,) = document["reasons"]
    assert reason["code"] == "bias.ratio_below_threshold"
    assert reason["locus"] == "demographic_parity_ratio group=a vs b"
    assert reason["params"]["n"] == 1000


def test_a_ratio_that_lies_wholly_above_four_fifths_passes() -> None:
    document = audited(selected(a=(780, 1000), b=EQUAL))

    assert document["verdict"] == "pass"
    assert document["reasons"] == []


def test_a_ratio_whose_interval_holds_four_fifths_is_open_and_says_how_many_rows_would_tell() -> None:
    document = audited(selected(a=(400, 600), b=EQUAL))

    row = disparity(document, RATIO, group="a")
    assert document["verdict"] == row["verdict"] == "warn"
    assert row["ci_low"] < 0.8 < row["ci_high"]
    assert codes(document) == ["bias.inconclusive"]
    more = row["rows_needed"]
    assert more > 0
    assert row["comparator_rows_needed"] == 0
    # in threes, to keep the rate
    enough, too_few = 200 + -(-more // 3), 200 + more // 6
    assert audited(selected(a=(enough * 2, enough * 3), b=EQUAL))["verdict"] == "pass"
    assert audited(selected(a=(too_few * 2, too_few * 3), b=EQUAL))["verdict"] == "warn"


def test_a_gap_that_could_not_be_found_is_too_little_data_even_where_the_interval_looks_good() -> None:
    document = audited(selected(a=(59, 60), b=(59, 60)))

    row = disparity(document, RATIO, group="b")
    assert row["ci_low"] > 0.8
    assert row["mde"] > 0.2
    assert document["verdict"] == "insufficient_data"
    assert codes(document) == ["bias.gap_not_detectable"]
    assert row["rows_needed"] > 0


def test_a_small_group_is_shown_and_takes_no_part() -> None:
    document = audited(selected(a=EQUAL, b=EQUAL, few=(2, 29)))

    row = disparity(document, RATIO, group="few")
    assert document["verdict"] == "pass"
    assert rate(document, "selection_rate", group="few")["value"] == pytest.approx(2 / 29)
    assert (row["takes_part"], row["role"], row["verdict"]) == (False, "informative", "insufficient_data")
    assert row["p"] is None
    assert row["q"] is None
    assert codes(document) == ["bias.groups_too_small"]


def test_a_group_of_fewer_than_ten_is_hidden_and_counted() -> None:
    document = audited(selected(a=EQUAL, b=EQUAL, tiny=(9, 9)))

    row = rate(document, "selection_rate", group="tiny")
    assert (row["n"], row["k"], row["of"], row["value"], row["why"]) == (None, None, None, None, "suppressed")
    assert disparity(document, RATIO, group="tiny")["value"] is None
    (groups,) = document["groups"]
    assert groups["suppressed"] == {"groups": 1, "rows": 9}
    assert {"value": "tiny", "n": None, "state": "suppressed", "required": False, "dropped_rows": None} in groups[
        "values"
    ]
    assert codes(document) == ["bias.groups_suppressed"]


def test_a_rate_over_fewer_than_ten_is_hidden_in_a_group_that_is_not() -> None:
    document = audited(csv_of(rows_of({"a": (100, 100, 100, 100), "b": (50, 50, 3, 4)})))

    assert rate(document, "selection_rate", group="b")["of"] == 107
    hidden = rate(document, "true_positive_rate", group="b")
    assert (hidden["n"], hidden["value"], hidden["why"]) == (107, None, "suppressed")


def test_nobody_has_a_rate_where_nobody_is_counted() -> None:
    document = audited(csv_of(rows_of({"a": (100, 100, 100, 100), "b": (50, 50, 0, 0)})))

    row = rate(document, "true_positive_rate", group="b")
    assert (row["value"], row["ci_low"], row["ci_high"], row["why"]) == (None, None, None, "no_rows")


def test_where_every_group_is_small_there_is_no_verdict() -> None:
    document = audited(selected(a=(20, 29), b=(2, 29)))

    assert document["verdict"] == "insufficient_data"
    assert codes(document) == ["bias.nothing_to_compare", "bias.groups_too_small"]


def test_one_group_alone_cannot_be_compared() -> None:
    document = audited(selected(a=(50, 100)))

    assert document["verdict"] == "insufficient_data"
    assert codes(document) == ["bias.nothing_to_compare"]


@pytest.mark.parametrize("everybody", [0, 1000])
def test_equal_predictions_say_nothing(everybody: int) -> None:
    document = audited(selected(a=(everybody, 1000), b=(everybody, 1000)))

    assert document["verdict"] == "no_information"
    assert codes(document) == ["bias.no_information"]
    assert disparity(document, RATIO, group="b")["verdict"] == "no_information"


def test_equal_predictions_in_all_groups_that_count_say_nothing_whatever_a_small_group_shows() -> None:
    document = audited(selected(a=(0, 1000), b=(0, 1000), few=(5, 20)))

    assert document["verdict"] == "no_information"


def test_the_worst_attribute_and_metric_decide() -> None:
    lines = [f"{row % 2},{int(row % 1000 < 800)},{'ab'[row < 1000]},{'xy'[row % 2]}" for row in range(2000)]
    unequal = [line.replace(",1,a", ",0,a") if number % 3 else line for number, line in enumerate(lines)]
    plan = plan_of(sensitive=("one", "two"))
    header = "label,prediction,one,two"

    assert audited(csv_of(lines, header), plan)["verdict"] == "pass"
    document = audited(csv_of(unequal, header), plan)
    assert document["verdict"] == "fail"
    assert {row["verdict"] for row in document["disparities"] if row["role"] == "gating"} >= {"fail", "pass"}


def test_the_order_of_verdicts() -> None:
    assert worst(["pass", "warn"]) == "warn"
    assert worst(["warn", "insufficient_data", "pass"]) == "insufficient_data"
    assert worst(["insufficient_data", "no_information"]) == "no_information"
    assert worst(["no_information", "fail", "pass"]) == "fail"


def test_an_unfair_intersection_informs_and_does_not_decide() -> None:
    # each attribute by itself is even; together they are not
    lines = [
        f"{row % 2},{int(((one == 'm') == (two == 'old')) == (row % 10 < 8))},{one},{two}"
        for one in ("m", "w")
        for two in ("old", "young")
        for row in range(500)
    ]
    document = audited(csv_of(lines, "label,prediction,sex,age"), plan_of(sensitive=("sex", "age")))

    assert document["verdict"] == "pass"
    row = disparity(document, RATIO, sex="m", age="young")
    assert (row["role"], row["verdict"]) == ("informative", "fail")
    assert row["value"] == pytest.approx(0.25)
    assert document["worst_slices"][0]["slice"] in ({"sex": "m", "age": "young"}, {"sex": "w", "age": "old"})


def test_a_small_q_is_needed_to_fail() -> None:
    # a strict threshold: b's interval lies beyond it, but one of nine comparisons looks so by luck
    groups: dict[str, tuple[int, int]] = {"a": (700, 1000), "b": (655, 1000)} | {f"c{n}": (699, 1000) for n in range(8)}
    strict = plan_of(thresholds={RATIO: 0.997})

    alone = disparity(audited(selected(a=groups["a"], b=groups["b"]), strict), RATIO, group="b")
    among = disparity(audited(selected(**groups), strict), RATIO, group="b")

    assert alone["ci_high"] == among["ci_high"] < 0.997
    assert (alone["verdict"], among["verdict"]) == ("fail", "insufficient_data")
    assert among["q"] > 0.05 > among["p"]


def test_a_named_group_is_the_comparator_and_may_be_the_one_that_is_worse_off() -> None:
    document = audited(selected(a=(400, 1000), b=EQUAL), plan_of(reference={"group": "a"}))

    row = disparity(document, RATIO, group="b")
    assert (row["value"], row["comparator"], row["verdict"]) == (2.0, {"group": "a"}, "fail")
    assert codes(document) == ["bias.ratio_above_threshold"]
    (headline,) = document["headline"]
    assert headline["worst"] == 0.5


def test_a_named_group_nobody_of_which_is_selected_has_no_ratio_and_still_fails() -> None:
    document = audited(selected(a=(0, 1000), b=EQUAL), plan_of(reference={"group": "a"}))

    row = disparity(document, RATIO, group="b")
    assert (row["value"], row["ci_high"], row["why"]) == (None, None, "comparator_rate_is_zero")
    assert row["ci_low"] > 100
    assert document["verdict"] == "fail"
    assert document["headline"] == [document["headline"][0]]
    assert document["headline"][0]["worst"] == 0.0


def test_a_named_group_that_is_too_small_leaves_nothing_to_compare() -> None:
    document = audited(selected(a=(10, 20), b=EQUAL, c=EQUAL), plan_of(reference={"group": "a"}))

    assert document["verdict"] == "insufficient_data"


@pytest.mark.parametrize(("reference", "comparator"), [("largest", {"group": "big"}), ("best", {"group": "good"})])
def test_groups_are_compared_with_the_largest_or_the_best(reference: str, comparator: dict[str, str]) -> None:
    table = selected(big=(1000, 2000), good=(600, 1000), bad=(400, 1000))

    document = audited(table, plan_of(reference=reference))

    rows = [row for row in document["disparities"] if row["role"] == "gating"]
    assert all(row["comparator"] == comparator for row in rows)
    assert len(rows) == 2


def test_by_default_ratios_are_to_the_best_and_differences_to_the_largest() -> None:
    plan = plan_of(gating=("demographic_parity_ratio", "demographic_parity_difference"))

    document = audited(selected(big=(1000, 2000), good=(600, 1000), bad=(400, 1000)), plan)

    assert disparity(document, "demographic_parity_ratio", group="bad")["comparator"] == {"group": "good"}
    assert disparity(document, "demographic_parity_difference", group="bad")["comparator"] == {"group": "big"}


def test_without_a_word_the_ratio_of_selection_and_the_difference_of_odds_decide() -> None:
    given: dict[str, Any] = {"gating": ("demographic_parity_ratio", "equalized_odds_difference")}
    fair_selection = {"a": (450, 50, 50, 450), "b": (300, 200, 200, 300)}

    document = audited(csv_of(rows_of(fair_selection)), plan_of(**given))

    assert disparity(document, "demographic_parity_ratio", group="b")["verdict"] == "pass"
    odds = disparity(document, "equalized_odds_difference", group="b")
    assert (odds["value"], odds["verdict"]) == (pytest.approx(0.3), "fail")
    assert {part["rate"] for part in odds["parts"]} == {"true_positive_rate", "false_positive_rate"}
    assert document["verdict"] == "fail"


# groups that must be judged

MUST = {"required_groups": {"group": ("a", "b")}}


def test_a_required_group_that_is_absent_leaves_too_little_data() -> None:
    document = audited(selected(b=EQUAL, c=EQUAL), plan_of(**MUST))

    assert document["verdict"] == "insufficient_data"
    assert codes(document) == ["bias.required_group_missing"]
    assert {"value": "a", "n": 0, "state": "absent", "required": True, "dropped_rows": 0} in document["groups"][0][
        "values"
    ]


def test_a_required_group_that_is_too_small_leaves_too_little_data() -> None:
    document = audited(selected(a=(23, 29), b=EQUAL, c=EQUAL), plan_of(**MUST))

    assert document["verdict"] == "insufficient_data"
    assert "bias.required_group_too_small" in codes(document)


def test_a_required_group_that_looks_too_bad_to_be_open_leaves_too_little_data() -> None:
    table = selected(a=(300, 500), b=EQUAL)

    assert audited(table)["verdict"] == "warn"
    document = audited(table, plan_of(**MUST))
    assert document["verdict"] == "insufficient_data"
    assert codes(document) == ["bias.required_group_inconclusive"]


def test_a_failing_group_outweighs_a_required_one_that_is_absent() -> None:
    document = audited(selected(b=EQUAL, c=(400, 1000)), plan_of(**MUST))

    assert document["verdict"] == "fail"


@pytest.mark.parametrize("blank", ["{label},,a", ",{prediction},a", "{label},{prediction},"])
def test_rows_of_a_required_group_that_were_blanked_are_held_against_it(blank: str) -> None:
    full = [f"{row % 2},{int(row < 500)},a" for row in range(1000)] + [
        f"{row % 2},{int(row < 800)},b" for row in range(1000)
    ]
    blanked = [
        blank.format(label=row % 2, prediction=0) if line.endswith(",0,a") and row < 900 else line
        for row, line in enumerate(full)
    ]
    plan = plan_of(**MUST)

    assert audited(csv_of(full), plan)["verdict"] == "fail"
    document = audited(csv_of(blanked), plan)
    assert document["verdict"] == "insufficient_data"
    assert "bias.required_group_rows_left_out" in codes(document)
    assert audited(csv_of(blanked))["verdict"] == "pass"


def test_a_few_lost_rows_change_nothing() -> None:
    lines = [f"{row % 2},{int(row < 790)},a" for row in range(1000)] + [
        f"{row % 2},{int(row < 800)},b" for row in range(1000)
    ]

    document = audited(csv_of([*lines, "1,,a", ",1,b", "1,1,"]), plan_of(**MUST))

    assert document["verdict"] == "pass"
    assert document["rows_used"] == 2000
    assert document["rows_dropped"] == {"missing_label": 1, "missing_prediction": 1, "missing_sensitive": 1}


def test_a_row_without_one_attribute_still_counts_for_the_other() -> None:
    lines = [f"{row % 2},{row // 2 % 2},{'ab'[row % 2]},{'xy'[row % 2]}" for row in range(400)]

    document = audited(
        csv_of([*lines, "1,1,,x", "1,1,a,"], "label,prediction,one,two"), plan_of(sensitive=("one", "two"))
    )

    assert document["rows_used"] == 402
    assert rate(document, "selection_rate")["n"] == 402
    assert rate(document, "selection_rate", two="x")["n"] == 201
    assert rate(document, "selection_rate", one="a")["n"] == 201
    assert [made["missing_rows"] for made in document["groups"][:2]] == [1, 1]


def against_a_better_one() -> dict[str, Any]:
    """The comparison of a version that errs more, and more for one group, with one that does not err."""
    plan = plan_of(gating=("demographic_parity_difference",), bootstrap=1_000)
    old = csv_of([f"{row % 2},{row % 2},{'ab'[row // 2 % 2]}" for row in range(2_000)])
    new = csv_of([f"{row % 2},{row % 2 * (row // 2 % 2)},{'ab'[row // 2 % 2]}" for row in range(2_000)])
    with open_for_regression(io.BytesIO(new), plan) as one, open_for_regression(io.BytesIO(old), plan) as other:
        return regression_of(one, other, plan, seed=0)


HEAD_X = "label,prediction,group,x"


def test_every_reason_carries_what_its_code_promises() -> None:
    tables = [
        audited(selected(a=(500, 1000), b=EQUAL, few=(2, 29), tiny=(1, 5))),
        audited(selected(a=(400, 600), b=EQUAL)),
        audited(selected(a=(59, 60), b=(59, 60))),
        audited(selected(a=(0, 100), b=(0, 100)), plan_of(score="label")),
        audited(selected(a=(50, 100))),
        audited(selected(a=(300, 500), b=EQUAL), plan_of(**MUST)),
        audited(selected(b=EQUAL, c=EQUAL), plan_of(**MUST)),
        audited(selected(a=(20, 29), b=EQUAL), plan_of(**MUST)),
        audited(selected(a=(400, 1000), b=EQUAL), plan_of(reference={"group": "a"})),
        audited(selected(a=(500, 1000), b=EQUAL), plan_of(gating=("demographic_parity_difference",))),
        audited(
            csv_of([*rows_of({"a": (400, 0, 0, 400), "b": (400, 0, 0, 400)}), *["1,,a"] * 300, "1,1,"]), plan_of(**MUST)
        ),
        audited(
            csv_of([f"{row % 2},{row // 3 % 2},a,{row % 9}" for row in range(200)], "label,prediction,group,person"),
            plan_of(cluster="person"),
        ),
        *(
            audited(
                csv_of([f"{row % 2},{row * 7 % 5 // 3},{'ab'[row % 2]},{row % 9}" for row in range(rows)], HEAD_X),
                plan_of(features=("x",), consistency=Consistency(at_least=least)),
            )
            for rows, least in ((2_000, 0.9), (200, 0.5), (20, 0.5))
        ),
        audited(
            csv_of([f"{row % 9},{row % 7},{'ab'[row % 2]}" for row in range(200)]),
            plan_of(task="regression", gating=()),
        ),
        *(
            audited(csv_of(rows, "label,prediction,group,score"), plan_of(score="score"))
            for rows in (
                [f"{row % 4 // 3},{row % 2},{'ab'[row % 2]},{(row % 4 + 1) / 5}" for row in range(2_000)] + ["1,1,a,"],
                [f"{row % 2},{row % 2},a,3.5" for row in range(100)],
            )
        ),
    ]
    tables += [
        with_regression(tables[0], found) for found in (against_a_better_one(), {"not_compared": "upload_erased"})
    ]
    seen = {}
    for document in tables:
        for reason in document["reasons"]:
            severity, params = CODES[reason["code"]]
            assert set(reason["params"]) == set(params), reason
            seen[reason["code"]] = severity
    assert set(seen) == set(CODES)
