"""Making suites from templates: every combination is a case, and the table can be audited."""

from __future__ import annotations

from typing import Any

import pytest

from audits.measures.suites.making import HEAD, cases_of, templates_from
from audits.measures.templates import TemplateRejected
from tests.audits.measures.suites.made import audited, functionality, table_of

FILE: dict[str, Any] = {
    "language": "en",
    "slots": {"PLACE": ["the bank", "the old school"]},
    "together": [["WHO_S", "WHO_P"]],
    "target": "WHO_P",
    "tests": [
        {"functionality": "praise", "label": "fine", "templates": ["I like {WHO_P}.", "She is a [WHO_S]."]},
        {
            "functionality": "typos",
            "type": "INV",
            "templates": [{"text": "I like {PLACE}.", "changed": ["I liek {PLACE}."]}],
        },
        {
            "functionality": "emphasis",
            "type": "DIR",
            "expectation": "not_lower",
            "templates": [{"text": "{PLACE} is bad.", "changed": ["{PLACE} is very bad."]}],
        },
    ],
}
SLOTS = {"WHO_S": ["northerner", "easterner"], "WHO_P": ["northerners", "easterners"]}


def rows() -> list[dict[str, str]]:
    return [dict(zip(HEAD, row, strict=True)) for row in cases_of(templates_from(FILE, slots=SLOTS))]


def test_templates_become_cases_with_targets_articles_and_references() -> None:
    made = rows()

    praise = [row for row in made if row["functionality"] == "praise"]
    assert [row["test_case"] for row in praise] == [
        "I like northerners.",
        "I like easterners.",
        "She is a northerner.",
        "She is an easterner.",
    ]
    assert [row["target_ident"] for row in praise] == ["northerners", "easterners"] * 2
    (typo, _) = [row for row in made if row["functionality"] == "typos"]
    (base,) = [row for row in made if row["case_id"] == typo["ref_case_id"]]
    assert (base["test_case"], typo["test_case"]) == ("I like the bank.", "I liek the bank.")
    assert [row["test_case"] for row in made if row["functionality"] == "emphasis"][0] == "The bank is very bad."
    assert len({row["case_id"] for row in made}) == len(made)


def test_a_made_suite_with_answers_can_be_audited() -> None:
    answers = [(*row.values(), "fine", number) for number, row in enumerate(rows())]

    document = audited(table_of(answers, (*HEAD, "prediction", "score")), score="score", min_cases=1)

    assert functionality(document, "praise")["k"] == 4
    assert (functionality(document, "typos")["k"], functionality(document, "emphasis")["k"]) == (2, 2)
    assert document["rows_dropped"] == {"reference_only": 4}


@pytest.mark.parametrize(
    ("tests", "code"),
    [
        ([], "tests_missing"),
        ([{"functionality": "a", "templates": ["x"]}], "value_wrong"),
        ([{"functionality": "a", "type": "INV", "templates": ["x"]}], "value_wrong"),
        ([{"functionality": "a", "type": "DIR", "templates": [{"text": "x", "changed": ["y"]}]}], "value_wrong"),
        ([{"functionality": "a", "label": True, "templates": ["x"]}], "value_wrong"),
        ([{"functionality": "a", "label": "x", "templates": ["{NOBODY}"]}], "slot_not_filled"),
        ([{"functionality": "a", "label": "x", "templates": ["x"], "mean": 1}], "key_unknown"),
    ],
)
def test_a_file_that_cannot_be_carried_out_is_refused(tests: list[Any], code: str) -> None:
    with pytest.raises(TemplateRejected) as refused:
        list(cases_of(templates_from({**FILE, "tests": tests}, slots=SLOTS)))

    assert refused.value.code == code


def test_slots_that_go_together_have_equally_many_values() -> None:
    test = {"functionality": "a", "label": "x", "templates": ["{WHO_S} {WHO_P}"]}

    with pytest.raises(TemplateRejected) as refused:
        list(cases_of(templates_from({**FILE, "tests": [test]}, slots=SLOTS | {"WHO_S": ["one"]})))

    assert refused.value.code == "slots_of_different_length"
