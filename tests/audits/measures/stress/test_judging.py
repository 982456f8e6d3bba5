"""What answers to changed texts amount to: figures by hand and by another path, verdicts, plans."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import rfc8785

from audits.kinds.base import SEVERITIES
from audits.measures.clustered import mcnemar_exact
from audits.measures.plan_values import PlanRejected
from audits.measures.stress.export import cases_csv
from audits.measures.stress.flips import Baseline, compared
from audits.measures.stress.names import TEXT_FAMILIES
from audits.measures.stress.plan import StressPlan, stress_plan_from
from audits.measures.stress.reasons import CODES
from audits.measures.stress.texts import FamilyAnswers, judged_texts
from governance.evidence.wording.stress import FAMILIES as IN_WORDS
from governance.evidence.wording.stress import SENTENCES

ONE = StressPlan(families=("keyboard_typos",), severities=(2,))


def answers(n: int, *, right: int | None = None, turned: int = 0) -> tuple[Baseline, np.ndarray[Any, Any]]:
    """``n`` texts of two classes in turn, the first ``right`` answered as they should be, the first of these turned."""
    label = np.arange(n) % 2
    said = np.where(np.arange(n) < (n if right is None else right), label, 1 - label)
    after = said.copy()
    after[:turned] = 1 - after[:turned]
    return Baseline(said, label), after


def judged(n: int, *, right: int | None = None, turned: int = 0, plan: StressPlan = ONE) -> dict[str, Any]:
    before, after = answers(n, right=right, turned=turned)
    every = np.ones(n, dtype=bool)
    asked = [FamilyAnswers(family, 2, every, after, 0.02) for family in plan.families]
    return judged_texts(before, asked, plan, names=["no", "yes"])


def test_flips_accuracy_and_the_paired_test_by_hand() -> None:
    # ten texts, two of them not changed; right on six of the eight: two of these turn, one of the other two is mended
    label = np.array([0, 0, 0, 0, 1, 1, 1, 1, 0, 1])
    said = np.array([0, 0, 0, 0, 1, 1, 0, 0, 0, 1])
    after = np.array([1, 1, 0, 0, 1, 1, 1, 0, 0, 1])
    changed = np.array([True] * 8 + [False] * 2)

    found = compared(Baseline(said, label), after, changed)

    assert (found["flips"]["k"], found["flips"]["n"]) == (2, 6)
    assert (found["flips_all"]["k"], found["flips_all"]["n"]) == (3, 8)
    assert (found["clean_accuracy"]["value"], found["accuracy"]["value"]) == (6 / 8, 5 / 8)
    assert (found["drop"]["broken"], found["drop"]["mended"], found["drop"]["value"]) == (2, 1, 1 / 8)
    assert found["drop"]["p"] == mcnemar_exact(2, 1) == 1.0
    # Wilson's interval of 2 of 6, from its formula in another form
    z, p, n = 1.959963984540054, 2 / 6, 6
    centre, half = (
        (p + z * z / 2 / n) / (1 + z * z / n),
        z / (1 + z * z / n) * (p * (1 - p) / n + z * z / 4 / n / n) ** 0.5,
    )
    assert found["flips"]["ci_low"] == pytest.approx(centre - half)
    assert found["flips"]["ci_high"] == pytest.approx(centre + half)


@pytest.mark.parametrize(
    ("n", "turned", "verdict", "code"),
    [
        (400, 0, "pass", None),
        (400, 8, "pass", None),
        (400, 30, "warn", "stress.inconclusive"),
        (400, 80, "fail", "stress.answers_turn"),
        (29, 0, "insufficient_data", "stress.too_few"),
        (60, 0, "insufficient_data", "stress.not_detectable"),
    ],
)
def test_the_verdict_of_a_family(n: int, turned: int, verdict: str, code: str | None) -> None:
    found = judged(n, turned=turned)

    assert found["verdict"] == found["families"][0]["verdict"] == verdict
    assert [one["code"] for one in found["reasons"]] == ([code] if code else [])
    for one in found["reasons"]:
        assert set(CODES[one["code"]][1]) == set(one["params"])
    assert rfc8785.dumps(found)


def test_only_what_was_right_can_turn() -> None:
    found = judged(400, right=200, turned=200)

    (row,) = found["families"][0]["curve"]
    assert (row["flips"]["n"], row["flips"]["value"]) == (200, 1.0)
    assert found["clean"]["value"] == 0.5


def test_a_crafted_change_decides_nothing_unless_the_plan_says_so() -> None:
    crafted = StressPlan(families=("homoglyphs", "keyboard_typos"), severities=(2,))
    before, after = answers(400, turned=300)
    every = np.ones(400, dtype=bool)
    asked = [
        FamilyAnswers("homoglyphs", 2, every, after, 0.1),
        FamilyAnswers("keyboard_typos", 2, every, before.said, 0.1),
    ]

    by_default = judged_texts(before, asked, crafted, names=["no", "yes"])
    gating = StressPlan(families=crafted.families, gating=("homoglyphs",), severities=(2,))
    by_plan = judged_texts(before, asked, gating, names=["no", "yes"])

    assert (by_default["verdict"], by_plan["verdict"]) == ("pass", "fail")
    assert [one["code"] for one in by_default["reasons"]] == ["stress.crafted_turns"]
    # each turns 300 of 400, and together no more: worst case beside the average
    (worst,) = by_default["worst_case"]
    assert (worst["k"], worst["n"], worst["average"]) == (300, 400, 0.375)


def test_a_model_that_breaks_fails_and_the_other_severities_still_count() -> None:
    plan = StressPlan(families=("deletions",), severities=(1, 2))
    before, after = answers(400)
    every = np.ones(400, dtype=bool)
    asked = [
        FamilyAnswers("deletions", 1, every, after, 0.1),
        FamilyAnswers("deletions", 2, every, None, 0.1, "crashed", "it ended"),
    ]

    found = judged_texts(before, asked, plan, names=["no", "yes"])

    assert found["verdict"] == "fail"
    assert [(one["code"], one["params"]["failure"]) for one in found["reasons"]] == [("stress.model_broke", "crashed")]
    assert [row["failure"] for row in found["families"][0]["curve"]] == ["", "crashed"]


def test_answers_that_say_nothing_never_pass() -> None:
    constant = Baseline(np.zeros(400, dtype=np.int64), np.arange(400) % 2)
    never = Baseline(np.ones(400, dtype=np.int64), np.zeros(400, dtype=np.int64))
    every = np.ones(400, dtype=bool)

    found = [
        judged_texts(before, [FamilyAnswers("deletions", 2, every, before.said, 0.1)], ONE, names=["no", "yes"])
        for before in (constant, never)
    ]

    assert [one["verdict"] for one in found] == ["no_information", "insufficient_data"]
    assert [one["reasons"][0]["code"] for one in found] == ["stress.constant_prediction", "stress.nothing_right"]


def test_families_that_change_nothing_neither_pass_nor_fail() -> None:
    before, after = answers(400)
    found = judged_texts(
        before, [FamilyAnswers("yo_as_ye", 2, np.zeros(400, dtype=bool), after, 0.0)], ONE, names=["no", "yes"]
    )

    assert found["families"][0]["verdict"] == "not_measured"
    assert found["verdict"] == "insufficient_data"


def test_without_labels_an_answer_has_to_stay_what_it_was() -> None:
    said = np.arange(400) % 2
    after = np.where(np.arange(400) < 100, 1 - said, said)

    found = judged_texts(
        Baseline(said, None),
        [FamilyAnswers("deletions", 2, np.ones(400, dtype=bool), after, 0.1)],
        ONE,
        names=["a", "b"],
    )

    (row,) = found["families"][0]["curve"]
    assert (row["flips"]["k"], row["flips"]["n"], row["accuracy"], found["clean"]) == (100, 400, None, None)


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"familis": ["x"]}, "plan_key_unknown"),
        ({"families": ["typos"]}, "families_unknown"),
        ({"families": ["deletions"], "gating": ["homoglyphs"]}, "gating_unknown"),
        ({"severities": [0, 1]}, "severities_out_of_range"),
        ({"severities": [2, 1]}, "severities_out_of_range"),
        ({"severities": [1, 3], "judged_at": 2}, "judged_at_out_of_range"),
        ({"warn_at": 0.2, "fail_at": 0.1}, "threshold_out_of_range"),
        ({"rows": 0}, "rows_out_of_range"),
        ({"text": "a", "label": "a"}, "column_named_twice"),
        ({"templates": {"tests": []}}, "tests_missing"),
        ({"templates": 3}, "plan_value_wrong"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(part: dict[str, Any], code: str) -> None:
    with pytest.raises(PlanRejected) as refused:
        stress_plan_from(part)

    assert refused.value.code == code


def test_a_plan_reads_back_what_it_says() -> None:
    plan = stress_plan_from({"severities": 4, "classes": {"0": "no"}, "families": ["deletions"]})

    assert (plan.severities, plan.judged_at) == ((4,), 4)
    assert stress_plan_from(plan.as_document()) == plan


def test_every_code_and_family_has_words() -> None:
    assert set(SENTENCES) == set(CODES)
    assert set(IN_WORDS) == set(TEXT_FAMILIES)
    assert {severity for severity, _params in CODES.values()} <= set(SEVERITIES)


def test_a_spreadsheet_runs_nothing_of_a_case() -> None:
    text = cases_csv([{"part": "texts", "case": "x", "text": "=1+1", "changed": "\udcff@x", "more": {"a": "ё"}}])

    assert text.splitlines() == ["part,case,text,changed,more", 'texts,x,\'=1+1,?@x,"{""a"": ""ё""}"']


def test_what_is_no_answer_is_neither_right_nor_an_answer_that_held() -> None:
    label = np.arange(400) % 2
    every = np.ones(400, dtype=bool)
    # a tenth has no answer; the same texts, and forty others, have none once they are changed
    said = np.where(np.arange(400) < 40, -1, label)
    few = Baseline(said, label)
    found = judged_texts(
        few,
        [FamilyAnswers("deletions", 2, every, np.where(np.arange(400) < 80, -1, label), 0.1)],
        ONE,
        names=["no", "yes"],
    )
    unlabelled, none = Baseline(said, None), Baseline(np.full(400, -1), np.full(400, -1))
    mostly = Baseline(np.where(np.arange(400) < 250, -1, label), None)
    held = [
        judged_texts(before, [FamilyAnswers("deletions", 2, every, before.said, 0.1)], ONE, names=["no", "yes"])
        for before in (unlabelled, none, mostly)
    ]

    assert (found["families"][0]["judged"]["k"], found["families"][0]["judged"]["n"]) == (40, 360)
    assert found["clean"]["k"] == 360
    assert [one["params"] for one in found["reasons"] if one["code"] == "stress.not_answered"] == [{"n": 40, "of": 400}]
    assert [one["verdict"] for one in held] == ["pass", "insufficient_data", "insufficient_data"]
    assert [one["families"][0]["judged"]["n"] for one in held] == [360, 0, 150]
