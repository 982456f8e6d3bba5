"""What is no evidence for a suite: scores that do not move, copies of a case, answers that mean two things."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.measures.plan import PlanRejected
from audits.measures.suites.plan import suite_plan_from
from audits.measures.tables import TableRejected
from tests.audits.measures.made import examples
from tests.audits.measures.suites.made import audited, cases, codes, functionality, table_of
from tests.audits.measures.suites.test_suites import TYPED


def directions(*moves: float, base: float = 0.5, expectation: str = "not_lower") -> list[tuple[Any, ...]]:
    """Tests of direction whose score moves by so much, each against a case of its own."""
    rows: list[tuple[Any, ...]] = []
    for at, move in enumerate(moves):
        rows.append(("", f"b{at}", f"bad {at}", "", "neg", base, "", "", ""))
        rows.append(("more", f"m{at}", f"very bad {at}", "", "neg", base + move, "DIR", f"b{at}", expectation))
    return rows


def judged(rows: list[tuple[Any, ...]], **plan: Any) -> dict[str, Any]:
    return audited(table_of(rows, TYPED), score="score", **plan)


def test_scores_that_never_move_pass_no_test_of_direction() -> None:
    document = judged(directions(*[0.0] * 100))

    assert document["verdict"] == "no_information"
    assert document["rows_used"] == 0
    assert codes(document) == ["suite.constant_score", "suite.left_out_matters", "suite.rows_dropped"]
    assert document["reasons"][0]["params"] == {"score": 0.5, "n": 100}


def test_scores_that_move_by_rounding_alone_do_not_move() -> None:
    document = judged(directions(*[0.1 + 0.2 - 0.3] * 100, base=0.3))

    assert (document["verdict"], document["rows_used"]) == ("no_information", 0)


def test_one_long_text_among_many_costs_no_more_than_its_length() -> None:
    long = ("a" * 3, "long", "x" * 2_000_000, "yes", "yes", "", "t" * 2_000_000)
    rows = [(*row[:2], f"{row[2]} {copy}", *row[3:]) for copy in range(300) for row in cases("a", 90, 100)]

    document = audited(table_of([*rows, long, *cases("b", 50, 50, label="no")]))

    assert (functionality(document, "a")["n"], functionality(document, "aaa")["n"]) == (30_000, 1)


def test_scores_that_do_not_move_are_left_out_and_keep_the_run_from_passing() -> None:
    moved, some, most = (directions(*[0.1] * n, *[0.0] * (100 - n)) for n in (100, 90, 60))

    assert judged(moved)["verdict"] == "pass"
    assert (judged(some)["verdict"], functionality(judged(some), "more")["n"]) == ("pass", 90)
    document = judged(most)
    assert (document["verdict"], functionality(document, "more")["verdict"]) == ("insufficient_data", "pass")
    (reason,) = [one["params"] for one in document["reasons"] if one["code"] == "suite.left_out_matters"]
    assert (reason["right"], reason["n"], reason["left"], reason["unmoved"]) == (60, 60, 40, 40)


@pytest.mark.parametrize(
    ("tolerance", "move", "right", "used"),
    [
        (None, 0.0, 0, 0),
        (None, 1e-6, 40, 40),
        (None, 1e-12, 0, 0),
        (0.0, 0.0, 40, 40),
        (0.0, -0.01, 0, 40),
        (0.05, -0.01, 40, 40),
    ],
)
def test_only_a_plan_that_says_so_takes_an_equal_score_for_right(
    tolerance: float | None, move: float, right: int, used: int
) -> None:
    # one that moves the wrong way by far, so that the scores are not all one
    document = judged(directions(*[move] * 40, -0.4), tolerance=tolerance)

    row = functionality(document, "more")
    assert (row["k"], row["n"]) == (right, used + 1)


def test_one_score_for_everything_says_nothing_whatever_is_tolerated() -> None:
    assert judged(directions(*[0.0] * 100), tolerance=0)["verdict"] == "no_information"
    assert judged(directions(*[0.0] * 100, expectation="not_higher"), tolerance=0.1)["verdict"] == "no_information"


def test_equal_answers_are_no_matter_where_only_scores_are_asked_for() -> None:
    document = judged(directions(*[0.1] * 100))

    assert (document["verdict"], codes(document)) == ("pass", [])


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), float("inf"), True, "0"])
def test_a_tolerance_is_a_number_from_0(tolerance: Any) -> None:
    with pytest.raises(PlanRejected):
        suite_plan_from({"tolerance": tolerance})


def test_copies_of_one_text_count_once_and_are_told() -> None:
    copied = [("a", f"c{at}", "the same", "yes", "yes", f"who {at}", f"t{at}") for at in range(100)]
    other = cases("b", 100, 100, label="no")

    document = audited(table_of(copied + other))

    assert (functionality(document, "a")["n"], functionality(document, "a")["verdict"]) == (1, "insufficient_data")
    assert document["rows_dropped"] == {"copies": 99}
    (reason,) = [one["params"] for one in document["reasons"] if one["code"] == "suite.copies"]
    assert reason == {"copies": 99, "of": 200, "disagreeing": 0}


@pytest.mark.parametrize("last", ["no", ""])
def test_of_copies_the_worst_answer_counts(last: str) -> None:
    rows = cases("a", 30, 30)
    rows += [("a", "again", rows[0][2], "yes", last, "", "")]

    document = audited(table_of(rows + cases("b", 30, 30, label="no")))

    row = functionality(document, "a")
    assert (row["n"], row["k"]) == ((30, 29) if last else (29, 29))
    assert document["rows_dropped"]["copies"] == 1
    (reason,) = [one["params"] for one in document["reasons"] if one["code"] == "suite.copies"]
    assert reason["disagreeing"] == (1 if last else 0)


def test_the_same_text_under_another_test_is_no_copy() -> None:
    rows = [
        ("", "base", "I like it", "", "pos", "0.4", "", "", ""),
        ("", "other", "I love it", "", "pos", "0.4", "", "", ""),
        ("typo", "1", "I liek it", "", "pos", "0.5", "INV", "base", ""),
        ("typo", "2", "I liek it", "", "pos", "0.5", "INV", "other", ""),
        ("typo", "3", "I liek it", "", "pos", "0.5", "DIR", "base", "not_lower"),
        ("praise", "4", "I liek it", "pos", "pos", "0.5", "MFT", "", ""),
    ]

    document = judged(rows, min_cases=1)

    assert functionality(document, "typo")["n"] == 3
    assert document["rows_dropped"] == {"reference_only": 2}


def test_cases_without_a_text_are_alike() -> None:
    rows = [("a", f"c{at}", "", "yes", "yes", "", "") for at in range(50)]

    document = audited(table_of(rows + cases("b", 50, 50, label="no")))

    assert (functionality(document, "a")["n"], document["rows_dropped"]) == (1, {"copies": 49})


@pytest.mark.parametrize(
    "rows",
    [
        [("a", "1", "x", "yes", "yes", "", "", "", ""), ("b", "2", "x", "no", "no", "", "", "", "")],
        [
            ("", "0", "y", "", "yes", 1, "", "", ""),
            ("a", "1", "x", "", "yes", 2, "DIR", "0", "not_lower"),
            ("a", "2", "x", "", "yes", 2, "DIR", "0", "not_higher"),
        ],
    ],
)
def test_one_text_has_no_two_right_answers(rows: list[Any]) -> None:
    with pytest.raises(TableRejected) as refused:
        judged(rows)

    assert refused.value.code == "case_contradicted"
    assert "'1' and '2'" in str(refused.value)


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        ({"LABEL_1": "yes", " LABEL_1 ": "no"}, "labels_contradict"),
        ({"1": "yes", "1.0": "no"}, "labels_contradict"),
        ({"yes": "no", "no": "yes"}, "labels_contradict"),
        ({"LABEL_1": "yes", "no": "yes"}, "labels_contradict"),
        ({"nan": "yes"}, "labels_do_not_match"),
        ({"LABEL_1": " "}, "labels_do_not_match"),
    ],
)
def test_answers_that_mean_two_things_are_refused(labels: dict[str, str], code: str) -> None:
    rows = cases("a", 30, 40) + cases("b", 30, 40, label="no")

    with pytest.raises(TableRejected) as refused:
        audited(table_of([(*row[:4], f"LABEL_{int(row[4] == 'yes')}", *row[5:]) for row in rows]), labels=labels)

    assert refused.value.code == code


def test_answers_that_mean_the_same_are_the_same_for_an_invariance() -> None:
    rows = [
        ("", "base", "I like it", "", "joy", "", "", "", ""),
        ("typo", "1", "I liek it", "", "love", "", "INV", "base", ""),
        ("typo", "2", "I lik it", "", "anger", "", "INV", "base", ""),
        ("praise", "3", "Good", "pos", "joy", "", "", "", ""),
        ("praise", "4", "Bad", "neg", "anger", "", "", "", ""),
    ]

    document = audited(table_of(rows, TYPED), min_cases=1, labels={"joy": "pos", "love": "pos", "anger": "neg"})

    assert (functionality(document, "typo")["k"], functionality(document, "typo")["n"]) == (1, 2)
    assert functionality(document, "typo")["examples"][0]["prediction"] == "neg"


COPIED = st.tuples(st.sampled_from("ab"), st.integers(0, 4), st.sampled_from(["yes", "no", ""]), st.sampled_from("xy"))


@given(st.lists(COPIED, min_size=1, max_size=40), st.randoms())
@settings(max_examples=examples(40), deadline=None)
def test_counts_are_those_of_a_slow_plain_count_of_different_questions(rows: list[Any], random: Any) -> None:
    made = [(name, str(at), f"{text}", "yes", said, who, "") for at, (name, text, said, who) in enumerate(rows)]
    made.append(("a", "last", "last", "yes", "yes", "x", ""))
    document = audited(table_of(made))

    answers: dict[tuple[str, str], set[str]] = {}
    for name, _, text, _, said, *_ in made:
        answers.setdefault((name, text), set()).add(said)
    for row in document["functionalities"]:
        mine = [said for (name, _), said in answers.items() if name == row["functionality"]]
        wrong = sum("no" in said for said in mine)
        right = sum(said == {"yes"} for said in mine)
        assert (row["n"], row["k"]) == (wrong + right, right)
    assert document["rows_dropped"].get("copies", 0) == len(made) - len(answers)
    assert document["rows_used"] + sum(document["rows_dropped"].values()) == len(made)
    random.shuffle(made)
    assert audited(table_of(made))["digest"] == document["digest"]


def test_a_tolerance_that_no_score_can_exceed_says_nothing() -> None:
    rows = directions(*[-0.1] * 60, *[0.1] * 40)

    assert judged(rows, tolerance=0.0)["verdict"] == "fail"
    document = judged(rows, tolerance=0.5)
    assert (document["verdict"], codes(document)) == ("no_information", ["suite.tolerance_too_wide"])
    assert document["reasons"][0]["params"] == {"tolerance": 0.5, "spread": pytest.approx(0.2), "n": 100}


@pytest.mark.parametrize(("nameless", "verdict"), [(10, "pass"), (60, "insufficient_data")])
def test_cases_that_name_no_functionality_count_as_far_as_they_could_matter(nameless: int, verdict: str) -> None:
    rows = cases("a", 100, 100) + cases("b", 100, 100, label="no")
    rows += [("", *row[1:]) for row in cases("hidden", 0, nameless)]

    document = audited(table_of(rows))

    assert (document["verdict"], document["rows_dropped"]) == (verdict, {"missing_functionality": nameless})
    assert ("suite.left_out_matters" in codes(document)) == (verdict != "pass")


def test_blanks_around_a_text_make_no_other_case_of_it() -> None:
    rows = [("a", f"c{at}", "the same" + " " * at, "yes", "yes", "", "") for at in range(50)]

    document = audited(table_of(rows + cases("b", 50, 50, label="no")))

    assert (functionality(document, "a")["n"], document["rows_dropped"]) == (1, {"copies": 49})


@pytest.mark.parametrize("score", ["inf", "-inf", "nan", "1e308"])
def test_a_score_that_cannot_be_computed_with_says_nothing(score: str) -> None:
    rows = directions(*[0.1] * 60)
    lost = [(*row[:1], f"x{row[1]}", f"x{row[2]}", *row[3:5], score, *row[6:]) for row in directions(*[0.1] * 60)]
    lost = [(*row[:7], row[7] and f"x{row[7]}", row[8]) for row in lost]

    document = judged(rows + lost)

    assert (functionality(document, "more")["n"], document["verdict"]) == (60, "insufficient_data")
    assert document["rows_dropped"] == {"missing_reference": 60, "reference_only": 120}
