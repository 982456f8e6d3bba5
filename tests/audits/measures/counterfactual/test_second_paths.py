"""Scores and directions of counterfactual texts: against slow plain formulas, and how often their intervals hold."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audits.measures.counterfactual.comparing import comparison, ctf_gap, excess_of, identity_shift
from audits.measures.counterfactual.pairs import Pairs, open_for, paired
from audits.measures.counterfactual.plan import counterfactual_plan_from
from tests.audits.measures.counterfactual.made import audited, table_of
from tests.audits.measures.made import LONG, examples

TRIES = 2_000 if LONG else 300
# nominal, less four standard errors of the simulation
LEAST_HELD = 0.95 - 4 * math.sqrt(0.95 * 0.05 / TRIES)
MOST_ALARMS = 0.05 + 4 * math.sqrt(0.05 * 0.95 / TRIES)

SCORE = st.floats(0, 1, allow_nan=False).map(lambda value: round(value, 4))
# the score of the original, those of the variants about the two others, those of the controls, and the template
TEXT = st.tuples(
    SCORE, st.lists(SCORE | st.none(), min_size=2, max_size=2), st.lists(SCORE, max_size=3), st.integers(0, 4)
)


@given(st.lists(TEXT, min_size=1, max_size=25))
@settings(max_examples=examples(40), deadline=None)
def test_shifts_and_gaps_of_scores_are_those_of_slow_plain_formulas(found: list[Any]) -> None:
    found = [*found, (0.2, [0.4, 0.5], [0.3], 0)]
    rows: list[tuple[object, ...]] = []
    pairs = []
    for number, (before, others, controls, template) in enumerate(found):
        names = "abc"[number % 3 :] + "abc"[: number % 3]
        own = (f"x{number}", template)
        rows.append((*own, names[0], "original", "", before))
        rows += [(*own, names[0], "control", "", score) for score in controls]
        for name, score in zip(names[1:], others, strict=True):
            if score is not None:
                rows.append((*own, name, "counterfactual", "", score))
                moved = [one - before for one in controls]
                pairs.append((number, names[0], name, score - before, moved))

    document = audited(table_of(rows), score="score", bootstrap=0)

    def close(row: dict[str, Any] | None, plain: list[float]) -> None:
        if not plain:
            assert row is None
        else:
            assert row is not None
            assert (row["n"], row["value"]) == (len(plain), pytest.approx(fmean(plain), abs=1e-9))

    for row in document["comparisons"]:
        mine = [one for one in pairs if {one[1], one[2]} == {row["identity"], row["other"]}]
        sign = [1 if one[2] == row["other"] else -1 for one in mine]
        score = row["score"]
        close(score["mean_abs"], [abs(one[3]) for one in mine])
        close(score["shift"], [s * one[3] for s, one in zip(sign, mine, strict=True)])
        close(score["control_mean_abs"], [fmean(map(abs, one[4])) for one in mine if one[4]])
        close(score["excess_abs"], [abs(one[3]) - fmean(map(abs, one[4])) for one in mine if one[4]])
        close(
            score["excess_shift"], [s * (one[3] - fmean(one[4])) for s, one in zip(sign, mine, strict=True) if one[4]]
        )
    for row in document["identities"]:
        mine = [one for one in pairs if row["identity"] in one[1:3]]
        sign = [1 if one[2] == row["identity"] else -1 for one in mine]
        close(row["shift"], [s * one[3] for s, one in zip(sign, mine, strict=True)])
        close(row["excess_shift"], [s * (one[3] - fmean(one[4])) for s, one in zip(sign, mine, strict=True) if one[4]])
    texts: dict[int, list[Any]] = {}
    for one in pairs:
        texts.setdefault(one[0], []).append(one)
    gaps = [(fmean(abs(one[3]) for one in each), each[0][4]) for each in texts.values()]
    close(document["overall"]["ctf_gap"]["raw"], [gap for gap, _ in gaps])
    close(
        document["overall"]["ctf_gap"]["beyond_control"],
        [gap - fmean(map(abs, moved)) for gap, moved in gaps if moved],
    )


def test_the_worst_pair_is_that_of_a_plain_search() -> None:
    random = np.random.default_rng(3)
    rows: list[tuple[object, ...]] = []
    for number in range(120):
        rows += [(number, number, "a", role, "1", "") for role in ("original", "control")]
        rows += [
            (number, number, name, "counterfactual", str(int(random.random() > share)), "")
            for name, share in (("b", 0.1), ("c", 0.3), ("d", 0.2))
        ]

    document = audited(table_of(rows))

    shares = {name: fmean(row[4] == "0" for row in rows if row[2] == name) for name in "bcd"}
    assert document["worst"]["other"] == max(shares, key=lambda name: shares[name])
    assert document["worst"]["value"] == pytest.approx(max(shares.values()))


def drawn_pairs(templates: int, each: int) -> Pairs:
    """Pairs of a and b, half of the originals about either, with decisions and scores to be put in."""
    rows: list[tuple[object, ...]] = []
    for number in range(templates * each):
        first, second = "ab" if number % 2 else "ba"
        own = (number, number // each)
        rows += [(*own, first, "original", number % 2, 0), (*own, second, "counterfactual", 1, 0)]
        rows.append((*own, first, "control", 0, 0))
    plan = counterfactual_plan_from({"prediction": "prediction", "score": "score"})
    with open_for(io.BytesIO(table_of(rows)), plan) as table:
        return paired(table, plan)


def with_flips(pairs: Pairs, swap: np.ndarray[Any, Any], control: np.ndarray[Any, Any]) -> Pairs:
    answer = np.where(swap, 1 - pairs.answer_before, pairs.answer_before)
    return replace(pairs, answer=answer, control_flip=control.astype(float))


@pytest.mark.parametrize(("swap", "control", "alike"), [(0.1, 0.02, 0.0), (0.15, 0.05, 1.0), (0.3, 0.3, 1.0)])
def test_the_excess_of_texts_in_templates_is_held_as_often_as_it_says(
    swap: float, control: float, alike: float
) -> None:
    random = np.random.default_rng(21)
    base, held, alarms = drawn_pairs(30, 4), 0, 0
    for _ in range(TRIES):
        # templates differ in how often the swap changes an answer; on average it is the same
        spread = random.choice([1 - 0.6 * alike, 1 + 0.6 * alike], size=30)[base.template]
        pairs = with_flips(base, random.random(120) < swap * spread, random.random(120) < control * spread)
        one = excess_of(pairs, np.ones(120, dtype=bool), replicates=200, random=random)
        held += one.low <= swap - control <= one.high
        alarms += one.p <= 0.05

    assert held / TRIES >= LEAST_HELD
    if swap == control:
        assert alarms / TRIES <= MOST_ALARMS


@pytest.mark.parametrize("shape", ["normal", "skewed"])
def test_a_shift_of_scores_is_held_as_often_as_it_says(shape: str) -> None:
    random = np.random.default_rng(22)
    base, held = drawn_pairs(25, 4), {"shift": 0, "excess": 0, "pair": 0}
    sign = np.where(base.identity == base.identities.index("b"), 1.0, -1.0)
    for _ in range(TRIES):
        noise = random.normal(0, 0.1, 25) if shape == "normal" else random.exponential(0.1, 25) - 0.1
        moved, edit = sign * (0.05 + noise[base.template]) + random.normal(0, 0.05, 100), random.normal(0, 0.05, 100)
        pairs = replace(base, score=base.score_before + moved, control_shift=edit, control_abs=np.abs(edit))
        row = identity_shift(pairs, base.identities.index("b"), replicates=200, seed=int(random.integers(1 << 30)))
        assert row is not None
        held["shift"] += row["shift"]["ci_low"] <= 0.05 <= row["shift"]["ci_high"]
        held["excess"] += row["excess_shift"]["ci_low"] <= 0.05 <= row["excess_shift"]["ci_high"]
        first, second = (base.identities.index(name) for name in "ab")
        pair = comparison(pairs, 0, first, second, replicates=200, seed=int(random.integers(1 << 30)))["score"]
        held["pair"] += pair["shift"]["ci_low"] <= 0.05 <= pair["shift"]["ci_high"]

    # few templates of a skewed kind: no interval that knows only these rows holds all of what it says
    least = LEAST_HELD if shape == "normal" else LEAST_HELD - 0.04
    assert min(held.values()) / TRIES >= least, held


def test_the_gap_of_tokens_and_the_mean_change_are_held_as_often_as_they_say() -> None:
    random = np.random.default_rng(23)
    base, held = drawn_pairs(40, 3), 0
    truth = 0.1 * math.sqrt(2 / math.pi) * math.sqrt(2)
    for _ in range(TRIES):
        moved = random.normal(0, 0.1, 40)[base.template] + random.normal(0, 0.1, 120)
        row = ctf_gap(
            replace(base, score=base.score_before + moved), replicates=200, seed=int(random.integers(1 << 30))
        )
        assert row is not None
        held += row["raw"]["ci_low"] <= truth <= row["raw"]["ci_high"]

    assert held / TRIES >= LEAST_HELD


@pytest.mark.parametrize("alike", [0.0, 0.35])
def test_the_test_of_direction_raises_an_alarm_at_most_as_often_as_it_says(alike: float) -> None:
    """Templates lean to one identity or the other; on average to neither."""
    random = np.random.default_rng(24)
    base, alarms = drawn_pairs(24, 5), 0
    base = replace(base, answers=("0", "1"), positive="1")
    first, second = (base.identities.index(name) for name in "ab")
    forward = base.original == first
    for _ in range(TRIES):
        lean = random.choice([0.5 - alike, 0.5 + alike], size=24)[base.template]
        changes, to_first = random.random(120) < 0.4, random.random(120) < lean
        under_first = np.where(changes, to_first, random.random(120) < 0.5)
        under_second = np.where(changes, ~to_first, under_first)
        before, after = np.where(forward, under_first, under_second), np.where(forward, under_second, under_first)
        pairs = replace(base, answer_before=before.astype(np.int64), answer=after.astype(np.int64))
        made = comparison(pairs, 0, first, second, replicates=200, seed=int(random.integers(1 << 30)))
        alarms += made["direction"]["p"] <= 0.05

    assert alarms / TRIES <= MOST_ALARMS


@pytest.mark.parametrize(("b", "c"), [(3, 12), (40, 25), (0, 6)])
def test_the_direction_of_texts_that_stand_alone_is_the_binomial_test(b: int, c: int) -> None:
    rows: list[tuple[object, ...]] = []
    for number in range(b + c + 10):
        answers = ("1", "0") if number < b else ("0", "1") if number < b + c else ("1", "1")
        rows += [
            (number, number, name, role, said, "")
            for name, role, said in zip("ab", ("original", "counterfactual"), answers, strict=True)
        ]

    direction = audited(table_of(rows))["comparisons"][0]["direction"]

    assert (direction["only_identity"], direction["only_other"]) == (b, c)
    assert direction["p"] == pytest.approx(stats.binomtest(b, b + c).pvalue, rel=1e-8)
