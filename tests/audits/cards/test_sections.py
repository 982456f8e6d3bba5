from __future__ import annotations

import pytest

from audits.cards.sections import read_headings
from tests.audits.cards.cards import GOOD, SECTIONS, body, card, codes
from tests.audits.cards.conftest import Find

DATASET = """\
license: mit
language: en
pretty_name: Letters
size_categories: [n<1K]
task_categories: [text-classification]
source_datasets: [original]"""


def missing(front_matter: str, text: str, kind: str = "model") -> set[str]:
    return {
        finding.params["section"]
        for finding in card(front_matter, text, kind=kind).findings
        if finding.code in ("card.section.missing", "card.section.recommended")
    }


@pytest.mark.parametrize(
    ("title", "section", "code"),
    [
        ("Model description", "description", "card.section.recommended"),
        ("Intended uses", "intended_uses", "card.section.missing"),
        ("Bias, Risks, and Limitations", "limitations", "card.section.missing"),
        ("Training procedure", "training_procedure", "card.section.recommended"),
        ("Evaluation", "evaluation", "card.section.missing"),
        ("How to use", "getting_started", "card.section.recommended"),
        ("Contact", "contact", "card.section.recommended"),
    ],
)
def test_a_missing_section_is_told_by_name(title: str, section: str, code: str, find: Find) -> None:
    sections = {name: text for name, text in SECTIONS.items() if name != title}
    text = "".join(f"# {name}\n\n{text}\n" for name, text in sections.items())

    found = find(card(GOOD, text), code)

    assert (found.params, found.line) == ({"section": section}, None)


def test_training_data_and_results_may_stand_in_the_metadata() -> None:
    text = body(Training_data=None, Evaluation=None)

    assert missing("license: mit", text) == {"training_data", "evaluation"}
    assert missing("license: mit\ndatasets: [acme/letters]\nmodel-index: [{name: a, results: []}]", text) == set()


@pytest.mark.parametrize(
    "heading",
    [
        "## Limitations",
        "##Limitations",
        "## Limitations ##",
        "###### 4.2 Known limitations:",
        "## **Limitations and biases**",
        "## ⚠️ Limitations",
        "## [Limitations](#limits)",
        "## Limitations [optional]",
        "Limitations\n===========",
        "Limitations\n---",
        "<h2 align='center'>Limitations</h2>",
        "**Limitations**",
        "**Ethical considerations:** none known to us.",
        "# Risks",
        "## Ограничения",
        "## 局限性",
        "## Limitaciones y sesgos",
    ],
)
def test_headings_are_taken_as_authors_write_them(heading: str) -> None:
    text = body(Bias__Risks__and_Limitations=None).replace(
        "## Bias, Risks, and Limitations\n\nKnows letters of one language only.", f"{heading}\n\nKnows one language."
    )

    assert missing(GOOD, text) == set()


@pytest.mark.parametrize("heading", ["## Intended uses & limitations", "## Use cases, caveats and biases"])
def test_one_heading_may_be_two_sections(heading: str) -> None:
    text = f"# A\n\nSorts letters that come in by post.\n\n{heading}\n\nMany.\n"

    assert not missing(GOOD, text) & {"intended_uses", "limitations"}


@pytest.mark.parametrize(
    "text",
    [
        "```python\n# Limitations\nprint(1)\n```",
        "~~~\n## Limitations\nx\n~~~",
        "<!--\n## Limitations\nx\n-->",
        "## License disclaimer\n\nMIT.",
        "A sentence about limitations.",
        "## A resource-limited device\n\nFast.",
        "| a |\n---\n",
    ],
)
def test_what_is_no_heading_of_the_section_does_not_count(text: str) -> None:
    assert "limitations" in missing(GOOD, text)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[More Information Needed]",
        "[More Information Needed](https://example.org/how)",
        "More information needed",
        "[Needs More Information]",
        "<!-- what are they? -->\n\n[More Information Needed]",
        "### Recommendations\n\nUsers (both direct and downstream) should be made aware of the risks, biases and"
        " limitations of the model. More information needed for further recommendations.",
        "- **Known:** [More Information Needed]",
        "***",
    ],
)
def test_a_heading_above_nothing_is_a_missing_section_with_its_line(content: str, find: Find) -> None:
    text = body().replace("Knows letters of one language only.", content)

    found = find(card(GOOD, text), "card.section.missing")

    assert found.params == {"section": "limitations"}
    assert f"---\n{GOOD}\n---\n{text}".splitlines()[(found.line or 0) - 1] == "## Bias, Risks, and Limitations"


def test_what_stands_under_a_lower_heading_belongs_to_the_section() -> None:
    text = body().replace("Knows letters of one language only.", "### Known\n\n#### To us\n\nOne language.")

    assert missing(GOOD, text) == set()


def test_the_next_heading_ends_a_section() -> None:
    text = body(Bias__Risks__and_Limitations="").replace("Knows letters of one language only.", "")

    assert missing(GOOD, text) == {"limitations"}


def test_text_under_the_title_is_a_description() -> None:
    text = "# Letters\n\nSorts short letters by the office that has to answer them.\n\n" + body(Model_description=None)

    assert "description" not in missing(GOOD, text.replace("# Letters\n\n##", "##"))


def test_places_never_filled_in_are_counted_from_the_first(find: Find) -> None:
    text = "# A\n\n[More Information Needed]\n\nmore information needed\n\n[Needs More Information]\n"

    found = find(card("license: mit", text), "card.placeholder")

    assert (found.params, found.line, found.severity) == ({"count": 3}, 6, "low")


def test_a_data_set_has_sections_of_its_own() -> None:
    names = {
        "Dataset description": "Letters.",
        "Supported tasks": "Sorting.",
        "Dataset structure": "One letter a row.",
        "Source data": "The post.",
        "Personal and sensitive information": "Names are removed.",
        "Considerations for using the data": "One language.",
        "Citation information": "None.",
    }
    text = "".join(f"## {name}\n\n{words}\n\n" for name, words in names.items())

    assert card(DATASET, text, kind="dataset").findings == ()
    assert missing(DATASET, "## Data fields\n\nOne letter a row.", "dataset") == {
        "description",
        "intended_uses",
        "creation",
        "personal_information",
        "limitations",
        "contact",
    }


def test_a_space_has_no_sections_to_miss() -> None:
    assert not {code for code in codes(card("sdk: static\nlicense: mit", "Hello", kind="space")) if "section" in code}


def test_headings_are_found_with_their_level_and_place() -> None:
    text = "Title\n=====\n\n## Two\n```\n# code\n```\n**Bold** text\n<h3>Three</h3>\n    # code\nrule\n\n---\n"

    found = [(heading.level, heading.title) for heading in read_headings(text)]

    assert found == [(1, "Title"), (2, " Two"), (7, "Bold"), (3, "Three</h3>")]
    assert [text[heading.start :].split("\n")[0] for heading in read_headings(text)] == [
        "Title",
        "## Two",
        "**Bold** text",
        "<h3>Three</h3>",
    ]
