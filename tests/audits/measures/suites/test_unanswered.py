"""Cases without an answer, and cases that are compared with themselves, must not make a model look better."""

from __future__ import annotations

import pytest

from tests.audits.measures.suites.made import HEAD, audited, table_of

RULES = (*HEAD, "test_type", "ref_case_id")


def rows(name: str, *, right: int, wrong: int = 0, blank: int = 0) -> list[tuple[str, ...]]:
    """Cases of one functionality; each has a template of its own."""
    answers = ["yes"] * right + ["no"] * wrong + [""] * blank
    names = [f"{name} {at}" for at in range(len(answers))]
    return [(name, own, f"text {own}", "yes", said, "", own) for own, said in zip(names, answers, strict=True)]


def test_a_functionality_that_nobody_answered_keeps_the_run_from_passing() -> None:
    other = [(*row[:3], "no", "no", *row[5:]) for row in rows("b", right=200)]

    assert audited(table_of(rows("a", right=200) + other))["verdict"] == "pass"
    document = audited(table_of(rows("a", right=200) + other + rows("c", right=0, blank=200)))
    assert document["verdict"] == "insufficient_data"
    assert document["rows_dropped"]["missing_prediction"] == 200


@pytest.mark.parametrize(("blank", "verdict"), [(10, "pass"), (150, "insufficient_data")])
def test_answers_left_out_count_as_far_as_they_could_matter(blank: int, verdict: str) -> None:
    other = [(*row[:3], "no", "no", *row[5:]) for row in rows("b", right=200)]

    assert audited(table_of(rows("a", right=200, blank=blank) + other))["verdict"] == verdict


def test_a_fall_stays_a_fall_whatever_else_is_left_out() -> None:
    table = table_of(rows("a", right=20, wrong=180) + rows("c", right=0, blank=200))

    assert audited(table)["verdict"] == "fail"


def test_a_case_that_is_compared_with_itself_tells_nothing() -> None:
    itself = [(*row, "INV", row[1]) for row in rows("a", right=200)]
    plain = [(*row, "MFT", "") for row in rows("b", right=100, wrong=100)]

    document = audited(table_of(itself + plain, RULES))

    assert [row["functionality"] for row in document["functionalities"]] == ["b"]
    assert document["rows_dropped"]["missing_reference"] == 200
