"""What other tools get wrong: who sets the highest rate, who is unknown, what a blank means, what .80 is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audits.measures.ll144.plan import last_day, ll144_plan_from
from audits.measures.ll144.reasons import CODES
from audits.measures.plan import PlanRejected
from audits.measures.tables import TableRejected
from tests.audits.measures.ll144.people import audited, counted, rows_of, table, table_of

# Two people of "Other" (1 % of 200), both selected.
SMALL = {("F", "Asian"): (55, 100), ("M", "White"): (56, 98), ("M", "Other"): (2, 2)}
WHY = "2 people say nothing"


def codes(document: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in document["reasons"]]


def test_a_category_that_is_left_out_does_not_set_the_highest_rate() -> None:
    document = audited(table_of(counted(SMALL)), exclude={"Other": WHY})

    race = rows_of(document, "race")
    assert (race["White"]["impact_ratio"], race["White"]["is_highest"]) == (1.0, True)
    assert race["Asian"]["impact_ratio"] == pytest.approx(0.55 / (56 / 98), abs=1e-9)
    assert (race["Other"]["n"], race["Other"]["rate"]) == (2, 1.0)
    assert (race["Other"]["excluded"], race["Other"]["justification"], race["Other"]["impact_ratio"]) == (
        True,
        WHY,
        None,
    )
    assert "ll144.excluded_has_highest_rate" in codes(document)


def test_without_the_choice_the_small_category_counts_and_is_named() -> None:
    document = audited(table_of(counted(SMALL)))

    assert rows_of(document, "race")["White"]["impact_ratio"] == pytest.approx(56 / 98, abs=1e-9)
    assert {"code": "ll144.small_comparator", "locus": "race"}.items() <= next(
        one for one in document["reasons"] if one["locus"] == "race" and one["code"] == "ll144.small_comparator"
    ).items()


def test_leaving_out_a_race_leaves_out_no_intersection() -> None:
    document = audited(table_of(counted(SMALL)), exclude={"Other": WHY})

    assert not rows_of(document, "intersection")["M & Other"]["excluded"]
    named = audited(table_of(counted(SMALL)), exclude={"M & Other": WHY})
    assert rows_of(named, "intersection")["M & Other"]["excluded"]
    assert not rows_of(named, "race")["Other"]["excluded"]


@pytest.mark.parametrize(
    ("exclude", "code"),
    [
        ({"Asian": "inconvenient"}, "category_too_large"),
        ({"Other": "  "}, "justification_missing"),
        ({"Martian": "none here"}, "category_not_found"),
    ],
)
def test_a_category_is_left_out_only_below_2_percent_and_with_a_reason(exclude: dict[str, str], code: str) -> None:
    with pytest.raises(PlanRejected) as refused:
        audited(table_of(counted(SMALL)), exclude=exclude)

    assert refused.value.code == code


def test_exactly_2_percent_is_not_below_2_percent() -> None:
    people = counted({("F", "Asian"): (1, 49), ("M", "Asian"): (9, 49), ("M", "Other"): (1, 2)})

    with pytest.raises(PlanRejected, match=r"2 of 100 people \(2\.00%\)"):
        audited(table_of(people), exclude={"Other": WHY})
    # one more of unknown race: the denominator is everybody with a known outcome
    audited(table_of([*people, ("F", "", 1)]), exclude={"Other": WHY})


def test_a_name_of_two_tables_has_to_say_which() -> None:
    people = counted({("F", "Asian"): (10, 100), ("M", "White"): (20, 100), ("Other", "Other"): (1, 2)})

    with pytest.raises(PlanRejected, match="race:Other") as refused:
        audited(table_of(people), exclude={"Other": WHY})

    assert refused.value.code == "category_ambiguous"
    document = audited(table_of(people), exclude={"race:Other": WHY})
    assert rows_of(document, "race")["Other"]["excluded"]
    assert not rows_of(document, "sex")["Other"]["excluded"]


def test_who_is_unknown_in_one_table_counts_in_the_others() -> None:
    people = [*counted(SMALL), ("", "Asian", 1), ("F", "Unknown", 1), ("F", "Prefer not to say", 0), ("", "", 1)]

    document = audited(table_of(people))

    assert [table(document, name)["unknown"] for name in ("sex", "race", "intersection")] == [2, 3, 4]
    assert rows_of(document, "sex")["F"]["n"] == 102
    assert rows_of(document, "race")["Asian"]["n"] == 101
    assert document["unknown_categories"]["race"] == {"": 1, "Prefer not to say": 1, "Unknown": 1}


def test_a_plan_can_name_more_words_for_unknown() -> None:
    document = audited(table_of([*counted(SMALL), ("F", "n. d.", 1)]), unknown=["n. d."])

    assert table(document, "race")["unknown"] == 1


def test_a_blank_or_strange_outcome_is_unknown_and_never_not_selected() -> None:
    people = [*counted(SMALL), ("F", "Asian", ""), ("F", "Asian", "pending"), ("M", "White", "pending")]

    document = audited(table_of(people))

    assert rows_of(document, "race")["Asian"]["n"] == 100
    assert document["rows_dropped"] == {"unknown_outcome": 3}
    assert document["unread_outcomes"] == {"pending": 2, "": 1}
    assert "ll144.unknown_outcomes" in codes(document)


@pytest.mark.parametrize(
    ("words", "plan", "selected", "unknown"),
    [
        (("hired", "rejected"), {"positive": "hired"}, 1, 0),
        (("hired", "rejected", "pending"), {"positive": "hired", "negative": ["rejected"]}, 1, 1),
        (("hired", "no", "pending"), {"positive": "hired"}, 1, 1),
        (("Yes", "no", "maybe"), {}, 1, 1),
        (("interview", "offer", "rejected"), {"positive": ["interview", "offer"]}, 2, 0),
    ],
)
def test_words_for_selected_are_the_ones_that_are_named(
    words: tuple[str, ...], plan: dict[str, Any], selected: int, unknown: int
) -> None:
    people = [("F" if at % 2 else "M", "Asian" if at % 2 else "White", word) for at, word in enumerate(words)]

    document = audited(table_of(people), **plan)

    assert sum(row["k"] for row in table(document, "sex")["rows"]) == selected
    assert document["rows_dropped"].get("unknown_outcome", 0) == unknown


@pytest.mark.parametrize(
    ("words", "plan"),
    [
        (("hired", "rejected"), {}),
        (("hired", "rejected", "pending"), {"positive": "hired"}),
        (("hired", "rejected"), {"positive": "employed"}),
        (("1", "0", "yes"), {}),
        (("hired", "rejected"), {"negative": "rejected"}),
    ],
)
def test_what_could_mean_either_is_refused(words: tuple[str, ...], plan: dict[str, Any]) -> None:
    with pytest.raises(TableRejected) as refused:
        audited(table_of([("F", "Asian", word) for word in words]), **plan)

    assert refused.value.code == "outcome_not_clear"


@pytest.mark.parametrize(("k", "rate"), [(0, 0.0), (10, 1.0)])
def test_rates_that_are_all_0_or_all_1_are_no_information(k: int, rate: float) -> None:
    document = audited(table_of(counted({("F", "Asian"): (k, 10), ("M", "White"): (k, 10)})))

    assert document["verdict"] == "no_information"
    assert codes(document).count("ll144.no_information") == 3
    ratios = [row["impact_ratio"] for row in table(document, "sex")["rows"]]
    assert ratios == ([None, None] if rate == 0 else [1.0, 1.0])


def test_one_category_alone_is_too_little_data() -> None:
    document = audited(table_of(counted({("F", "Asian"): (3, 10), ("M", "Asian"): (5, 10)})))

    assert document["verdict"] == "insufficient_data"
    assert "ll144.too_few_categories" in codes(document)


@pytest.mark.parametrize(("each", "verdict"), [(1, "insufficient_data"), (29, "insufficient_data"), (30, "pass")])
def test_a_few_people_are_no_evidence_though_their_rates_are_printed(each: int, verdict: str) -> None:
    groups = {("F", "Asian"): (max(each // 2, 1), each), ("M", "White"): (each // 3, each)}

    document = audited(table_of(counted(groups)), **COMPLETE)

    assert document["verdict"] == verdict
    found = [reason for reason in document["reasons"] if reason["code"] == "ll144.too_few_people"]
    assert [reason["params"]["table"] for reason in found] == ([] if verdict == "pass" else ["sex", "race"])
    assert [row["n"] for row in table(document, "sex")["rows"]] == [each, each]
    assert all(row["rate"] is not None for row in table(document, "sex")["rows"])


def test_intersections_may_be_small_where_their_parts_are_not() -> None:
    groups = {(sex, race): (5, 15) for sex in "FM" for race in ("Asian", "Black", "White")}

    document = audited(table_of(counted(groups)), **COMPLETE)

    assert document["verdict"] == "pass"
    assert table(document, "intersection")["large"] == 0


COMPLETE = {
    "tool": "Ranker 2",
    "data_source": "applications of 2025",
    "audit_date": "2026-11-29",
    "distribution_date": "2025-01-07",
    "auditor": "Some Auditors",
    "independence": "We took no part in making, selling or using the tool.",
}


def test_no_ratio_is_a_pass_or_a_failure_under_the_law() -> None:
    low = audited(table_of(counted({("F", "Asian"): (100, 1000), ("M", "White"): (900, 1000)})), **COMPLETE)

    assert low["verdict"] == "pass"
    assert low["rule"]["limit"] is None
    assert low["four_fifths"] == {"value": 0.8, "source": "29 CFR 1607.4(D)", "role": "information"}
    assert CODES["ll144.below_four_fifths"][0] == "info"
    assert codes(low) == ["ll144.below_four_fifths"] * 3


def test_a_summary_that_lacks_statements_says_which() -> None:
    document = audited(table_of(counted(SMALL)), **{**COMPLETE, "auditor": None})

    assert document["verdict"] == "warn"
    assert document["record"]["gaps"] == ["auditor"]


def test_the_last_day_of_use_is_a_year_after_the_audit() -> None:
    document = audited(table_of(counted(SMALL)), **COMPLETE)

    assert document["last_day_of_use"] == "2027-11-29"
    assert last_day("2024-02-29") == "2025-02-28"


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ({"sex": "sex", "race": "race"}, "outcome_missing"),
        ({"sex": "sex", "race": "race", "selected": "a", "score": "b"}, "outcome_named_twice"),
        ({"sex": "sex", "race": "sex", "selected": "a"}, "column_named_twice"),
        ({"race": "race", "selected": "a"}, "sex_missing"),
        ({"sex": "sex", "race": "race", "score": "a", "positive": 1}, "positive_without_selected"),
        ({"sex": "sex", "race": "race", "selected": "a", "threshold": 0.8}, "plan_key_unknown"),
        ({"sex": "sex", "race": "race", "selected": "a", "data": "test"}, "test_data_unexplained"),
        ({"sex": "sex", "race": "race", "selected": "a", "audit_date": "last May"}, "plan_value_wrong"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(plan: dict[str, Any], code: str) -> None:
    with pytest.raises(PlanRejected) as refused:
        ll144_plan_from(plan)

    assert refused.value.code == code


def test_a_plan_reads_back_from_its_document() -> None:
    plan = ll144_plan_from({"sex": "s", "race": "r", "selected": "x", "exclude": {"a": "few"}, **COMPLETE})

    assert ll144_plan_from(plan.as_document()) == plan


@pytest.mark.parametrize(
    ("people", "plan", "code"),
    [
        ([("F", "Asian", "inf")], {"score": "score"}, "score_not_finite"),
        ([("F", "Asian", "")], {"score": "score"}, "no_outcome"),
        ([("F", "", "1"), ("M", "", "2")], {"score": "score"}, "categories_unknown"),
        ([("F", "Asian", "high")], {"score": "score"}, "not_a_number"),
        ([(str(at), "Asian", "1") for at in range(200)], {"score": "score"}, "too_many_values"),
    ],
)
def test_a_table_that_cannot_support_the_audit_is_refused(people: list[Any], plan: dict[str, Any], code: str) -> None:
    with pytest.raises(TableRejected) as refused:
        audited(table_of(people, ("sex", "race", "score")), **plan)

    assert refused.value.code == code


def test_the_document_is_plain_json() -> None:
    document = audited(table_of(counted(SMALL)), exclude={"Other": WHY})

    json.dumps(document, allow_nan=False)
    assert all(set(one["params"]) == set(CODES[one["code"]][1]) for one in document["reasons"])
