"""The three tables: worked by hand, against a second plain path, and in what must hold for any table."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.measures.intervals import koopman, wilson
from tests.audits.measures.ll144.people import audited, counted, rows_of, table, table_of
from tests.audits.measures.made import examples

FOUR = {("F", "Asian"): (30, 100), ("F", "White"): (60, 200), ("M", "Asian"): (50, 100), ("M", "White"): (60, 100)}


def test_selection_rates_and_impact_ratios_as_worked_by_hand() -> None:
    document = audited(table_of(counted(FOUR)))

    sex, race, both = (rows_of(document, name) for name in ("sex", "race", "intersection"))
    assert (sex["F"]["n"], sex["F"]["k"], sex["F"]["rate"]) == (300, 90, 0.3)
    assert (sex["M"]["rate"], sex["M"]["impact_ratio"], sex["M"]["is_highest"]) == (0.55, 1.0, True)
    assert sex["F"]["impact_ratio"] == pytest.approx(0.3 / 0.55, abs=1e-9)
    assert (race["Asian"]["rate"], race["White"]["rate"]) == (0.4, 0.4)
    assert (race["Asian"]["impact_ratio"], race["White"]["impact_ratio"]) == (1.0, 1.0)
    assert {name: row["impact_ratio"] for name, row in both.items()} == {
        "F & Asian": 0.5,
        "F & White": 0.5,
        "M & Asian": pytest.approx(5 / 6, abs=1e-9),
        "M & White": 1.0,
    }


def test_rates_and_ratios_have_their_intervals_and_the_comparator_has_none() -> None:
    sex = rows_of(audited(table_of(counted(FOUR))), "sex")

    low, high = wilson(90, 300)
    assert (sex["F"]["ci_low"], sex["F"]["ci_high"]) == (pytest.approx(low), pytest.approx(high))
    low, high = koopman(90, 300, 110, 200)
    assert (sex["F"]["ratio_ci_low"], sex["F"]["ratio_ci_high"]) == (pytest.approx(low), pytest.approx(high))
    assert (sex["M"]["ratio_ci_low"], sex["M"]["ratio_ci_high"]) == (None, None)


def test_a_scoring_rate_is_the_share_strictly_above_the_median_of_everybody() -> None:
    # scores 1..10: the median is 5.5; people of unknown race count for it, a blank score for nothing
    people = [("F", "Asian", 1), ("F", "Asian", 2), ("F", "White", 3), ("M", "White", 4), ("M", "White", 5)]
    people += [("M", "", 6), ("M", "", 7), ("F", "Asian", 8), ("M", "White", 9), ("F", "", 10), ("F", "White", "")]

    document = audited(table_of(people, ("sex", "race", "score")), score="score")

    assert document["median"] == 5.5
    race = rows_of(document, "race")
    assert (race["Asian"]["n"], race["Asian"]["k"]) == (3, 1)
    assert (race["White"]["n"], race["White"]["k"]) == (4, 1)
    assert race["White"]["impact_ratio"] == 0.75
    assert document["rows_dropped"] == {"unknown_outcome": 1}


def test_a_score_equal_to_the_median_is_not_above_it() -> None:
    people = [("F", "Asian", 1), ("F", "Asian", 3), ("M", "White", 3), ("M", "White", 3), ("M", "White", 7)]

    document = audited(table_of(people, ("sex", "race", "score")), score="score")

    assert document["median"] == 3
    assert {name: row["k"] for name, row in rows_of(document, "sex").items()} == {"F": 0, "M": 1}


def test_the_tables_are_repeated_for_each_group_that_people_are_classified_into() -> None:
    people = [("F", "Asian", "lead"), ("F", "White", "coach"), ("M", "Asian", "lead"), ("M", "White", "lead")]
    people.append(("M", "White", ""))

    document = audited(table_of(people, ("sex", "race", "style")), group="style")

    assert len(document["tables"]) == 6
    lead, coach = (rows_of(document, "sex", group=group) for group in ("lead", "coach"))
    assert (lead["F"]["rate"], lead["M"]["rate"]) == (0.5, 1.0)
    assert (coach["F"]["rate"], coach["M"]["rate"], coach["M"]["impact_ratio"]) == (0.5, 0.0, 0.0)
    assert document["rows_dropped"] == {"unknown_outcome": 1}
    assert {made["unknown_outcome"] for made in document["tables"]} == {1}


def test_people_in_no_group_are_counted_beside_those_without_a_selection() -> None:
    people = [("F", "Asian", 1, "lead"), ("M", "White", "", "lead"), ("M", "White", 0, ""), ("F", "White", 0, "")]

    document = audited(table_of(people, ("sex", "race", "selected", "style")), selected="selected", group="style")

    unknown = {made["outcome"]["kind"]: made["unknown_outcome"] for made in document["tables"]}
    assert unknown == {"selected": 1, "classified": 2}


def test_a_ratio_of_exactly_four_fifths_is_not_below_it() -> None:
    sex = rows_of(audited(table_of(counted({("F", "A"): (24, 100), ("M", "A"): (30, 100)}))), "sex")

    assert (sex["F"]["impact_ratio"], sex["F"]["below_four_fifths"]) == (0.8, False)


def test_a_category_of_nobody_is_listed_and_not_measured() -> None:
    document = audited(table_of(counted({("F", "Asian"): (1, 10), ("M", "White"): (5, 10)})))

    row = rows_of(document, "intersection")["F & White"]
    assert (row["n"], row["rate"], row["impact_ratio"], row["why"]) == (0, None, None, "nobody")


CELL = st.sampled_from(["F", "M", "X", ""])
RACE = st.sampled_from(["Asian", "Black", "White", "", "Unknown"])
PEOPLE = st.lists(st.tuples(CELL, RACE, st.sampled_from(["0", "1", "", "pending"])), min_size=4, max_size=80)


def plainly(people: list[tuple[str, str, str]], key: Any) -> dict[str, tuple[int, int]]:
    """n and k by category, the slow way."""
    n: Counter[str] = Counter()
    k: Counter[str] = Counter()
    for person in people:
        category = key(person)
        if person[2] in ("0", "1") and category is not None:
            n[category] += 1
            k[category] += person[2] == "1"
    return {category: (n[category], k[category]) for category in n}


def known(value: str) -> str | None:
    return None if value in ("", "Unknown") else value


def both(person: tuple[str, str, str]) -> str | None:
    sex, race = known(person[0]), known(person[1])
    return f"{sex} & {race}" if sex and race else None


@given(PEOPLE)
@settings(max_examples=examples(60), deadline=None)
def test_every_figure_is_that_of_a_slow_plain_count(people: list[tuple[str, str, str]]) -> None:
    anchors = [("F", "Asian", "1"), ("M", "White", "0")]
    people = people + anchors
    document = audited(table_of(people))
    of = sum(person[2] in ("0", "1") for person in people)

    for name, key in (("sex", lambda one: known(one[0])), ("race", lambda one: known(one[1])), ("intersection", both)):
        expected = plainly(people, key)
        rows = {category: row for category, row in rows_of(document, name).items() if row["n"]}
        assert {category: (row["n"], row["k"]) for category, row in rows.items()} == expected
        highest = max(k / n for n, k in expected.values())
        for category, (n, k) in expected.items():
            assert rows[category]["rate"] == pytest.approx(k / n, abs=1e-9)
            if highest:
                assert rows[category]["impact_ratio"] == pytest.approx(k / n / highest, abs=1e-9)
        assert table(document, name)["unknown"] == of - sum(n for n, _ in expected.values())
    assert document["rows_used"] == of
    assert document["rows_used"] + document["rows_dropped"].get("unknown_outcome", 0) == len(people)


@given(st.lists(st.tuples(CELL, RACE, st.integers(-5, 5)), min_size=2, max_size=60), st.randoms())
@settings(max_examples=examples(40), deadline=None)
def test_scoring_rates_are_those_of_a_slow_plain_count_in_any_order(people: list[Any], random: Any) -> None:
    people = [*people, ("F", "Asian", 0), ("M", "White", 1)]
    head = ("sex", "race", "score")
    document = audited(table_of(people, head), score="score")
    shuffled = list(people)
    random.shuffle(shuffled)

    middle = statistics.median(score for _, _, score in people)
    for sex, row in rows_of(document, "sex").items():
        scores = [score for one, _, score in people if one == sex]
        assert (row["n"], row["k"]) == (len(scores), sum(score > middle for score in scores))
    assert document["median"] == middle
    assert audited(table_of(shuffled, head), score="score")["digest"] == document["digest"]


@given(PEOPLE)
@settings(max_examples=examples(40), deadline=None)
def test_an_impact_ratio_is_between_0_and_1_and_its_interval_holds_it(people: list[tuple[str, str, str]]) -> None:
    document = audited(table_of([*people, ("F", "Asian", "1"), ("M", "White", "0")]))

    for row in (row for made in document["tables"] for row in made["rows"]):
        if row["impact_ratio"] is not None:
            assert 0 <= row["impact_ratio"] <= 1
            assert (row["impact_ratio"] == 1) >= row["is_highest"]
            if row["ratio_ci_low"] is not None and row["ratio_ci_high"] is not None:
                assert row["ratio_ci_low"] - 1e-9 <= row["impact_ratio"] <= row["ratio_ci_high"] + 1e-9
