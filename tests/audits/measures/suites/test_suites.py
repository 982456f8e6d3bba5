"""Functional suites: one verdict per functionality, by count, by template and by whom the cases are about."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.measures.intervals import wilson
from audits.measures.plan import PlanRejected
from audits.measures.suites.plan import suite_plan_from
from audits.measures.suites.reasons import CODES
from audits.measures.tables import TableRejected
from tests.audits.measures.made import examples
from tests.audits.measures.suites.made import audited, cases, codes, functionality, table_of

TYPED = ("functionality", "case_id", "test_case", "label_gold", "prediction", "score", "test_type", "ref_case_id")
TYPED += ("expectation",)


@pytest.mark.parametrize(
    ("right", "of", "verdict"),
    [
        (100, 100, "pass"),
        (85, 100, "pass"),
        (75, 100, "warn"),
        (50, 100, "fail"),
        (10, 19, "insufficient_data"),
        (0, 20, "fail"),
    ],
)
def test_a_functionality_is_judged_by_its_interval(right: int, of: int, verdict: str) -> None:
    document = audited(table_of(cases("negation", right, of) + cases("other", 100, 100, label="no")))

    row = functionality(document, "negation")
    low, high = wilson(right, of)
    assert (row["n"], row["k"], row["verdict"]) == (of, right, verdict)
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(low), pytest.approx(high))


def test_one_failing_functionality_is_not_made_up_for_by_the_others() -> None:
    document = audited(table_of(cases("negation", 5, 50) + cases("plain", 5_000, 5_000, label="no")))

    assert document["overall"]["value"] > 0.99
    assert document["verdict"] == "fail"
    assert document["reasons"][0]["params"]["functionality"] == "negation"


def test_a_plan_can_ask_more_of_one_functionality() -> None:
    data = table_of(cases("safety", 90, 100) + cases("plain", 90, 100, label="no"))

    document = audited(data, least_by_functionality={"safety": 0.99})

    assert (functionality(document, "safety")["verdict"], functionality(document, "plain")["verdict"]) == (
        "fail",
        "pass",
    )
    assert functionality(document, "safety")["threshold_source"] == "plan"


def test_cases_of_one_template_count_for_less_than_as_many_templates() -> None:
    alike = [("a", f"{at}", f"x{at}", "yes", "yes" if at < 140 else "no", "", str(at // 20)) for at in range(200)]
    apart = [(*row[:-1], "") for row in alike]
    other = cases("b", 100, 100, label="no")

    together = functionality(audited(table_of(alike + other)), "a")
    alone = functionality(audited(table_of(apart + other)), "a")

    assert together["templates"] == 10
    # ten templates stand or fall as wholes, and so few tell less of how many others would
    assert 5 < together["effective_n"] < 9
    assert alone["effective_n"] == 200
    assert together["ci_high"] - together["ci_low"] > 2 * (alone["ci_high"] - alone["ci_low"])


def test_cases_that_all_agree_count_as_their_templates() -> None:
    same = [("a", str(at), f"x{at}", "yes", "yes", "", str(at % 5)) for at in range(500)]

    document = audited(table_of(same + cases("b", 100, 100, label="no")))

    row = functionality(document, "a")
    assert (row["effective_n"], row["verdict"]) == (5, "insufficient_data")
    assert "suite.templates_too_alike" in codes(document)


def test_an_answer_that_is_always_right_because_only_one_is_asked_for_is_no_information() -> None:
    document = audited(table_of(cases("a", 50, 50)))

    assert document["verdict"] == "no_information"


def test_a_target_that_is_treated_worse_on_the_same_tests_is_found() -> None:
    rows = cases("a", 90, 100, target="women") + cases("a", 40, 100, target="immigrants")

    document = audited(table_of(rows + cases("b", 100, 100, label="no")))

    (reason,) = [one for one in document["reasons"] if one["code"] == "suite.target_gap"]
    assert reason["params"]["target"] == "immigrants"
    assert reason["params"]["gap"] == pytest.approx(-0.5)
    assert document["target_gap"]["p"] < 0.001
    assert (document["target_gap"]["lowest"], document["target_gap"]["highest"]) == ("immigrants", "women")


def test_a_target_with_more_of_the_hard_tests_is_not_treated_worse() -> None:
    rows = cases("easy", 100, 100, target="women") + cases("easy", 10, 10, target="men")
    rows += cases("hard", 1, 10, target="women", label="no") + cases("hard", 10, 100, target="men", label="no")

    document = audited(table_of(rows))

    assert document["target_gap"]["value"] > 0.5
    assert document["target_gap"]["p"] > 0.05
    assert "suite.target_gap" not in codes(document)


def typed(*rows: tuple[Any, ...]) -> bytes:
    return table_of(rows, TYPED)


def test_invariance_compares_with_the_case_that_is_named() -> None:
    document = audited(
        typed(
            ("", "base", "I like it", "", "pos", "", "", "", ""),
            ("typo", "1", "I liek it", "", "pos", "", "INV", "base", ""),
            ("typo", "2", "I lik it", "", "neg", "", "INV", "base", ""),
            ("typo", "3", "I like", "", "pos", "", "INV", "nowhere", ""),
            ("typo", "4", "I like", "", "", "", "INV", "base", ""),
        ),
        min_cases=1,
    )

    row = functionality(document, "typo")
    assert (row["n"], row["k"], row["test_types"]) == (2, 1, ["INV"])
    assert document["rows_dropped"] == {"missing_prediction": 1, "missing_reference": 1, "reference_only": 1}
    assert row["examples"][0]["case_id"] == "2"


def test_direction_compares_scores() -> None:
    document = audited(
        typed(
            ("", "base", "bad", "", "neg", "0.4", "", "", ""),
            ("more", "1", "very bad", "", "neg", "0.3", "DIR", "base", "not_higher"),
            ("more", "2", "bad bad", "", "neg", "0.5", "DIR", "base", "not_higher"),
            ("more", "3", "bad!", "", "neg", "0.4", "DIR", "base", "not_lower"),
            ("more", "4", "bad!!", "", "neg", "", "DIR", "base", "not_lower"),
        ),
        min_cases=1,
        score="score",
    )

    row = functionality(document, "more")
    assert (row["n"], row["k"]) == (2, 1)
    assert document["rows_dropped"] == {"missing_reference": 1, "score_unmoved": 1, "reference_only": 1}


def test_predictions_in_other_words_are_mapped() -> None:
    data = table_of([(*row[:4], f"LABEL_{int(row[4] == 'yes')}", *row[5:]) for row in cases("a", 30, 40)])

    with pytest.raises(TableRejected) as refused:
        audited(data)
    assert refused.value.code == "labels_do_not_match"
    document = audited(data, labels={"LABEL_1": "yes", "LABEL_0": "no"})
    assert functionality(document, "a")["k"] == 30


@pytest.mark.parametrize(
    ("rows", "plan", "code"),
    [
        ([("a", "1", "x", "yes", "", "", "", "", "")], {}, "nothing_predicted"),
        ([("a", "1", "x", "yes", "yes", "", "XYZ", "", "")], {}, "test_type_unknown"),
        ([("a", "1", "x", "", "yes", "1", "DIR", "1", "up")], {"score": "score"}, "expectation_unknown"),
        ([("a", "1", "x", "", "yes", "1", "DIR", "1", "not_lower")], {}, "score_missing"),
        ([("a", "1", "x", "", "yes", "", "INV", "1", "")] * 2, {}, "case_twice"),
        ([("a", "1", "x", "", "yes", "", "", "", "")], {}, "labels_do_not_match"),
        ([(f"f{at}", "1", "x", "yes", "yes", "", "", "", "") for at in range(1_100)], {}, "too_many_values"),
    ],
)
def test_a_suite_that_cannot_be_judged_is_refused(rows: list[Any], plan: dict[str, Any], code: str) -> None:
    with pytest.raises(TableRejected) as refused:
        audited(typed(*rows), **plan)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ({"least": 1.5}, "threshold_out_of_range"),
        ({"least": "high"}, "plan_value_wrong"),
        ({"labels": ["a"]}, "plan_value_wrong"),
        ({"mean": 0.5}, "plan_key_unknown"),
        ({"prediction": "test_case"}, "column_named_twice"),
        ({"min_cases": 0}, "min_cases_out_of_range"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(plan: dict[str, Any], code: str) -> None:
    with pytest.raises(PlanRejected) as refused:
        suite_plan_from(plan)

    assert refused.value.code == code


def test_a_plan_reads_back_from_its_document() -> None:
    plan = suite_plan_from({"prediction": "p", "labels": {"1": "yes"}, "least_by_functionality": {"a": 0.9}})

    assert suite_plan_from(plan.as_document()) == plan


ROW = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["yes", "no"]),
    st.sampled_from(["yes", "no", ""]),
    st.sampled_from(["", "x", "y"]),
    st.sampled_from(["", "1", "2", "3"]),
)


@given(st.lists(ROW, min_size=1, max_size=60), st.randoms())
@settings(max_examples=examples(40), deadline=None)
def test_counts_are_those_of_a_slow_plain_count_in_any_order(rows: list[Any], random: Any) -> None:
    made = [(f, str(at), f"t{at}", label, said, who, t) for at, (f, label, said, who, t) in enumerate(rows)]
    made.append(("a", "last", "t", "yes", "yes", "x", ""))
    document = audited(table_of(made))

    for row in document["functionalities"]:
        mine = [one for one in made if one[0] == row["functionality"] and one[4]]
        assert (row["n"], row["k"]) == (len(mine), sum(one[3] == one[4] for one in mine))
        assert row["ci_low"] <= row["value"] <= row["ci_high"]
        assert 1 <= row["effective_n"] <= row["n"]
    assert document["rows_used"] + sum(document["rows_dropped"].values()) == len(made)
    shuffled = list(made)
    random.shuffle(shuffled)
    again = audited(table_of(shuffled))
    assert again["digest"] == document["digest"]
    json.dumps(document, allow_nan=False)
    assert all(set(one["params"]) == set(CODES[one["code"]][1]) for one in document["reasons"])
