"""Answers that follow whom a text is about: what counts, beyond what, and for whom it is bad."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.measures.clustered import mcnemar_exact, paired_interval
from audits.measures.counterfactual.plan import counterfactual_plan_from
from audits.measures.counterfactual.reasons import CODES
from audits.measures.intervals import wilson
from audits.measures.plan import PlanRejected
from audits.measures.tables import TableRejected
from tests.audits.measures.counterfactual.made import HEAD, audited, codes, only, table_of, texts
from tests.audits.measures.made import LONG, examples


def test_changed_answers_are_counted_and_the_controls_are_taken_off() -> None:
    document = audited(
        table_of(texts((60, "1", "1", "1"), (30, "1", "0", "1"), (4, "0", "0", "1"), (6, "0", "1", "1")))
    )

    row = only(document)
    assert (row["flips"]["k"], row["flips"]["n"], row["flips"]["value"]) == (36, 100, 0.36)
    assert row["control_flips"]["value"] == pytest.approx(0.1)
    assert row["value"] == pytest.approx(0.26)
    low, high = wilson(36, 100)
    assert (row["flips"]["ci_low"], row["flips"]["ci_high"]) == (pytest.approx(low), pytest.approx(high))
    assert row["direction"] == {
        "positive": "1",
        "only_identity": 30,
        "only_other": 6,
        "p": pytest.approx(mcnemar_exact(30, 6)),
        "q": pytest.approx(mcnemar_exact(30, 6)),
        "method": "McNemar, exact, at the sample size that templates leave",
    }


@pytest.mark.parametrize(
    ("kinds", "verdict"),
    [
        # every answer that changes under the swap changes under any edit: the others say enough, or too little
        (((600, "1", "1", "1"), (400, "1", "0", "0")), "pass"),
        (((60, "1", "1", "1"), (40, "1", "0", "0")), "insufficient_data"),
        (((400, "1", "1", "1"), (100, "0", "0", "0")), "pass"),
        (((60, "1", "1", "1"), (40, "1", "0", "1")), "fail"),
        (((92, "1", "1", "1"), (8, "1", "0", "1")), "warn"),
        (((20, "1", "1", "1"), (9, "1", "0", "1")), "insufficient_data"),
        (((100, "1", "1", "1"),), "no_information"),
        (((60, "1", "1", "-"), (40, "1", "0", "-")), "insufficient_data"),
    ],
)
def test_the_verdict_rests_on_what_the_control_does_not_explain(kinds: Any, verdict: str) -> None:
    document = audited(table_of(texts(*kinds)))

    assert document["verdict"] == verdict


def test_an_edit_that_changes_answers_as_often_as_the_swap_is_no_effect_of_identity() -> None:
    document = audited(table_of(texts((150, "1", "1", "1"), (50, "1", "0", "1"), (50, "1", "1", "0"))))

    row = only(document)
    assert row["flips"]["value"] == row["control_flips"]["value"] == 0.2
    assert row["value"] == 0
    assert row["verdict"] != "fail"
    assert row["ci_low"] < 0 < row["ci_high"]


def test_without_controls_raw_figures_are_shown_and_decide_nothing() -> None:
    document = audited(table_of(texts((60, "1", "1", "-"), (40, "1", "0", "-"))))

    row = only(document)
    assert row["flips"]["value"] == 0.4
    assert (row["control_flips"], row["value"], row["n"]) == (None, None, 0)
    assert "counterfactual.no_control" in codes(document)


def test_variants_of_one_template_are_not_as_many_texts() -> None:
    apart = texts((200, "1", "1", "1"), (100, "1", "0", "1"))
    together = [(row[0], f"t{int(str(row[0])[1:]) % 6}", *row[2:]) for row in apart]

    wide, narrow = only(audited(table_of(together))), only(audited(table_of(apart)))

    assert (wide["templates"], narrow["templates"]) == (6, 300)
    assert only(audited(table_of(texts((300, "1", "1", "1"), (3, "0", "0", "0"), template="t"))))["templates"] == 1
    assert audited(table_of(texts((300, "1", "1", "1"), (3, "0", "0", "0"), template="t")))["verdict"] != "pass"


def test_scores_shift_one_way_and_have_their_intervals() -> None:
    random = np.random.default_rng(4)
    rows: list[tuple[object, ...]] = []
    for number in range(200):
        score = random.random()
        # half of the originals are about b, so that the sign has to be turned
        first, second, step = ("a", "b", 0.2) if number % 2 else ("b", "a", -0.2)
        rows.append((number, number // 4, first, "original", "", score))
        rows.append((number, number // 4, second, "counterfactual", "", score + step + random.normal(0, 0.01)))
        rows.append((number, number // 4, first, "control", "", score + random.normal(0, 0.01)))

    document = audited(table_of(rows), score="score")

    row = only(document)
    assert row["score"]["shift"]["value"] == pytest.approx(0.2, abs=0.01)
    assert row["score"]["excess_abs"]["value"] == pytest.approx(0.19, abs=0.02)
    assert row["score"]["shift"]["ci_low"] < 0.2 < row["score"]["shift"]["ci_high"]
    shifts = {one["identity"]: one["excess_shift"]["value"] for one in document["identities"]}
    assert shifts["a"] == pytest.approx(-shifts["b"])
    assert document["overall"]["ctf_gap"]["raw"]["value"] == pytest.approx(0.2, abs=0.01)
    assert document["verdict"] == "insufficient_data"
    assert {"counterfactual.no_decisions", "counterfactual.score_shift"} <= set(codes(document))


def test_a_cut_makes_decisions_of_scores() -> None:
    rows = [(n, n, "a", "original", "", 0.6) for n in range(40)] + [(n, n, "a", "control", "", 0.6) for n in range(40)]
    rows += [(n, n, "b", "counterfactual", "", 0.4) for n in range(40)]

    document = audited(table_of(rows), score="score", cut=0.5)

    assert (only(document)["flips"]["value"], document["verdict"]) == (1.0, "fail")


def test_the_direction_is_told_of_the_answer_that_is_named() -> None:
    rows = texts((40, "hire", "reject", "hire"), (40, "hire", "hire", "hire"), (20, "reject", "reject", "reject"))

    assert only(audited(table_of(rows)))["direction"] is None
    told = only(audited(table_of(rows), positive="hire"))["direction"]
    assert (told["only_identity"], told["only_other"]) == (40, 0)


def test_several_identities_are_compared_in_pairs_and_the_worst_is_named() -> None:
    rows: list[tuple[object, ...]] = []
    for number in range(60):
        answers = {"a": "1", "b": "1", "c": "0" if number < 30 else "1"}
        rows += [(number, number, name, "counterfactual", said, "") for name, said in answers.items() if name != "a"]
        rows += [(number, number, "a", role, "1", "") for role in ("original", "control")]
    rows += [
        (f"n{number}", f"n{number}", name, role, "0", "")
        for number in range(5)
        for name, role in (("a", "original"), ("b", "counterfactual"), ("a", "control"))
    ]

    document = audited(table_of(rows))

    assert [(row["identity"], row["other"]) for row in document["comparisons"]] == [("a", "b"), ("a", "c")]
    assert (document["worst"]["other"], document["worst"]["verdict"]) == ("c", "fail")
    assert {example["other"] for example in document["examples"]} == {"c"}


@pytest.mark.parametrize(
    ("rows", "plan", "code"),
    [
        ([(1, 1, "a", "before", "1", "")], {}, "role_unknown"),
        ([(1, 1, "a", "original", "1", "")] * 2, {}, "original_twice"),
        ([(1, 1, "a", "original", "1", ""), (2, 2, "b", "counterfactual", "1", "")], {}, "no_pairs"),
        ([(1, 1, "a", "original", "1", ""), (1, 1, "a", "counterfactual", "1", "")], {}, "no_pairs"),
        ([(1, 1, "a", "original", "", "inf")], {"score": "score"}, "score_not_finite"),
        ([(1, 1, "a", "original", "", "-1e308")], {"score": "score"}, "score_not_finite"),
        (texts((3, "yes", "no", "yes")), {"positive": "maybe"}, "positive_not_found"),
    ],
)
def test_a_table_that_cannot_be_paired_is_refused(rows: list[Any], plan: dict[str, Any], code: str) -> None:
    with pytest.raises(TableRejected) as refused:
        audited(table_of(rows), **plan)

    assert refused.value.code == code


def test_rows_that_are_left_out_are_counted_with_the_reason() -> None:
    rows = texts((40, "1", "1", "1"), (5, "1", "0", "1"))
    rows += [("y", "t", "b", "counterfactual", "1", ""), ("x1", "t1", "b", "counterfactual", "", "")]
    rows += [("z", "t", "", "original", "1", ""), ("x2", "t2", "a", "counterfactual", "1", "")]

    document = audited(table_of(rows))

    assert document["rows_dropped"] == {
        "missing_answer": 1,
        "missing_id_role_or_identity": 1,
        "without_original": 1,
        "same_identity": 1,
    }
    assert document["rows_used"] == 135


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ({"warn_at": 0.2, "fail_at": 0.1}, "threshold_out_of_range"),
        ({"cut": 0.5}, "cut_without_score"),
        ({"bootstrap": 7}, "bootstrap_out_of_range"),
        ({"min_pairs": 0}, "min_pairs_out_of_range"),
        ({"text": "text_id"}, "column_named_twice"),
        ({"threshold": 0.1}, "plan_key_unknown"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(plan: dict[str, Any], code: str) -> None:
    with pytest.raises(PlanRejected) as refused:
        counterfactual_plan_from(plan)

    assert refused.value.code == code


def test_a_plan_reads_back_from_its_document() -> None:
    plan = counterfactual_plan_from({"score": "s", "cut": 0.5, "positive": 1})

    assert counterfactual_plan_from(plan.as_document()) == plan


ANSWER = st.sampled_from(["0", "1", ""])


@given(st.lists(st.tuples(ANSWER, ANSWER, ANSWER, st.integers(0, 3)), min_size=1, max_size=50), st.randoms())
@settings(max_examples=examples(30), deadline=None)
def test_figures_are_those_of_a_slow_plain_count_in_any_order(found: list[Any], random: Any) -> None:
    found = [*found, ("1", "0", "1", 0), ("0", "0", "0", 1)]
    rows: list[tuple[object, ...]] = []
    for number, (original, other, control, template) in enumerate(found):
        own = (f"x{number}", template)
        rows += [(*own, "a", "original", original, ""), (*own, "b", "counterfactual", other, "")]
        rows.append((*own, "a", "control", control, ""))

    document = audited(table_of(rows), bootstrap=0)

    row = only(document)
    pairs = [one for one in found if one[0] and one[1]]
    assert (row["flips"]["k"], row["flips"]["n"]) == (sum(one[0] != one[1] for one in pairs), len(pairs))
    both = [(one[0] != one[1]) - (one[0] != one[2]) for one in pairs if one[2]]
    assert row["n"] == len(both)
    assert row["value"] == pytest.approx(sum(both) / len(both), abs=1e-9)
    assert row["ci_low"] - 1e-9 <= row["value"] <= row["ci_high"] + 1e-9
    random.shuffle(rows)
    assert audited(table_of(rows, HEAD), bootstrap=0)["digest"] == document["digest"]
    json.dumps(document, allow_nan=False)
    assert all(set(one["params"]) == set(CODES[one["code"]][1]) for one in document["reasons"])


def test_the_same_rows_and_seed_give_the_same_digest_in_any_order() -> None:
    rows = texts((60, "1", "1", "1"), (30, "1", "0", "1"))

    assert audited(table_of(rows))["digest"] == audited(table_of(rows[::-1]))["digest"]
    assert audited(table_of(rows))["digest"] != audited(table_of(rows), seed=1)["digest"]


@pytest.mark.parametrize(("swap", "control"), [(0.0, 0.0), (0.02, 0.02), (0.10, 0.03), (0.3, 0.3)])
def test_the_interval_of_the_excess_holds_the_truth_as_often_as_it_says(swap: float, control: float) -> None:
    """Answers drawn from known shares; the reported interval is never narrower than this one."""
    random = np.random.default_rng(5)
    tries = 20_000 if LONG else 2_000
    held = 0
    for _ in range(tries):
        flips, controls = random.random(80) < swap, random.random(80) < control
        only_swap, only_control = float((flips & ~controls).mean()), float((controls & ~flips).mean())
        low, high = paired_interval(only_swap, only_control, 80)
        held += low - 1e-12 <= swap - control <= high + 1e-12

    assert held / tries >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / tries)
