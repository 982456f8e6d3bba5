"""The licence table reads as sentences, in both languages, and every word that it may hold has one."""

from __future__ import annotations

import re

import pytest
from django.utils.translation import override

from governance.evidence.wording import repairs, values
from governance.licensing import wording
from governance.licensing.wording import terms
from governance.licensing.wording.names import STATUS, names
from licenses import catalogue
from licenses.catalogue import FAMILIES, Licence
from licenses.repairs import MESSAGES
from licenses.terms import DOMAINS, REACH_WORDS, Reach

COLUMNS = [column for _key, _title, several in terms.GROUPS for column in several]
# Said of a row, not granted or asked for.
ABOUT_THE_ROW = {"family", "kind", "evidence"}


def row(name: str) -> Licence:
    found = catalogue.find(name)
    assert found is not None
    return found


def test_every_column_of_the_table_with_a_vocabulary_is_told():
    assert set(DOMAINS) - ABOUT_THE_ROW <= set(COLUMNS)
    assert set(terms.COLUMNS) >= set(COLUMNS) | ABOUT_THE_ROW


@pytest.mark.parametrize("column", sorted(set(DOMAINS) - ABOUT_THE_ROW))
def test_every_word_of_a_column_has_a_sentence_of_its_own(column):
    said = terms.SENTENCES[column]

    assert set(said) >= DOMAINS[column]
    assert len({str(sentence) for sentence in said.values()}) == len(said)


def test_families_kinds_evidence_and_reaches_have_words():
    assert set(terms.FAMILIES) == set(FAMILIES)
    assert set(terms.KINDS) == DOMAINS["kind"]
    assert set(terms.EVIDENCE) == DOMAINS["evidence"]
    assert set(terms.REACH) == REACH_WORDS
    assert set(terms.USES) >= DOMAINS["use"]
    assert set(terms.STAYS) >= DOMAINS["copyleft"]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_cell_of_the_table_is_shown_as_a_bare_word(language):
    bare = []
    with override(language):
        for licence in catalogue.all_licences():
            for line in wording.lines(licence, COLUMNS):
                if not line.sentence.endswith((".", "?")) or line.sentence == line.cell or "%(" in line.sentence:
                    bare.append((licence.id, line.column, line.sentence))

    assert bare == []


def test_every_sentence_is_said_in_russian_too():
    english, russian = [], []
    for kept, language in ((english, "en"), (russian, "ru")):
        with override(language):
            for licence in catalogue.all_licences():
                kept += [line.sentence for line in wording.lines(licence, COLUMNS)]

    assert len(english) == len(russian) > 3000
    assert [one for one, other in zip(english, russian, strict=True) if one == other] == []


def test_a_silent_text_is_told_as_one():
    silent = wording.reach_sentence(Reach(unclear=True, words=("same",)))
    plain = wording.reach_sentence(Reach(unclear=False, words=("same",)))

    assert silent == f"{plain} The text is silent; this is the cautious reading."


def test_figures_and_texts_of_a_licence_stand_in_its_sentences():
    assert "700,000,000" in wording.sentence(row("llama3.1"), "mau_cap")
    assert "“Built with Llama”" in wording.sentence(row("llama3.1"), "badge")
    assert wording.sentence(row("mit"), "mau_cap") == "Any number."


def test_a_section_is_shown_where_it_speaks_of_the_term_and_nowhere_else():
    apache = row("apache-2.0")

    assert wording.section_of(apache, "patent") == "s.3 patent grant+litigation termination"
    assert wording.section_of(apache, "notice_file").startswith("s.4(a-d)")
    assert wording.section_of(apache, "mau_cap") == ""
    assert wording.section_of(apache, "reach_adapter") == "", "a reading of relations is no section"


def test_what_narrows_is_marked_and_what_every_licence_asks_is_not():
    narrow = {line.column for line in wording.lines(row("cc-by-nc-4.0"), COLUMNS) if line.narrows}

    assert {"use", "reach_finetune"} <= narrow
    assert not narrow & {"attribution", "licence_copy", "redistribute"}


def test_a_cell_can_be_written_back_as_the_table_has_it():
    for licence in catalogue.all_licences():
        for column in COLUMNS:
            if column.startswith("reach_"):
                assert wording.cell(licence, column).removeprefix("unclear:").split("+") == list(
                    getattr(licence, column).words
                )


def test_links_lead_to_texts_and_never_to_a_path():
    for licence in catalogue.all_licences():
        for link in wording.links(licence):
            assert link["url"] == "" or link["url"].startswith("https://")


def test_a_text_on_a_forge_is_linked_where_it_stands():
    (first, *_rest) = wording.links(row("llama3"))

    assert first["url"] == "https://github.com/meta-llama/llama-models/blob/HEAD/models/llama3/LICENSE"


def test_a_repair_without_words_is_shown_and_not_hidden():
    assert repairs.repair_text({"action": "from_the_future", "target": "a/b"}) == ("from the future: a/b", "")


def test_every_action_of_the_engine_has_words_and_somebody_who_can():
    assert {*repairs.SENTENCES, "several"} == set(MESSAGES)


@pytest.mark.parametrize("action", sorted(repairs.SENTENCES))
def test_every_repair_says_what_to_do_and_who_can(action):
    named = re.findall(r"\{(\w+)", MESSAGES[action])
    params = dict.fromkeys([*named, "licence"], "MIT") | {"works": ["<artefact>", *"abcdef"]}

    said, who = repairs.repair_text({"action": action, "target": "a/b", "params": params})

    assert said.endswith(".")
    assert "%(" not in said
    assert "?" not in said
    assert "<artefact>" not in said
    assert who


def test_several_steps_are_told_one_after_the_other():
    steps = [
        {"action": "declare", "target": "gemma", "params": {"licence": "Gemma"}},
        {"action": "change_purpose", "target": "research", "params": {"purpose": "research"}},
    ]

    said, who = repairs.repair_text({"action": "several", "target": "gemma", "params": {"steps": steps}})

    assert said == "Declare Gemma in the card. Limit the use to this purpose: research."
    assert who == "who keeps the card; a risk officer, in the use case’s profile"


def test_a_value_without_words_is_shown_as_it_is():
    assert values.engine_value("US, DE") == "US, DE"
    assert values.engine_value("dynamic:AUP") == "a policy that its author may change: AUP"


@pytest.mark.parametrize(
    ("licence", "code", "said"),
    [
        ("apache-2.0", "license: apache-2.0", "SPDX knows it by the same name: Apache-2.0."),
        ("gpl-3.0", "license: gpl-3.0", "reads it as GPL-3.0-only"),
        ("odbl", "license: odbl", "SPDX calls the same licence ODbL-1.0."),
        ("llama3.1", "license: llama3.1", "LicenseRef-scancode-llama-3.1-license-2024"),
        ("llama3", "license: llama3", "Neither SPDX nor ScanCode"),
        ("openrail", "license: openrail", "a family of licences and no text"),
        ("other", "license: other", "names no licence"),
    ],
)
def test_a_name_of_the_hub_says_what_it_means_elsewhere(licence, code, said):
    hub, elsewhere, *_rest = names(row(licence))

    assert hub["code"] == code
    assert hub["value"] == "one of the Hub’s 83 identifiers"
    assert said in elsewhere["value"]


def test_a_licence_without_a_name_of_the_hub_says_what_cards_write():
    hub, spdx, *_rest = names(row("mistral-research-0.1"))

    assert hub["code"] == ""
    assert "cards write “other” with a name" in hub["value"]
    assert spdx == {"label": "SPDX", "code": "", "value": "no identifier"}


def test_every_row_has_its_names_in_both_languages():
    told = {language: [] for language in ("en", "ru")}
    for language, kept in told.items():
        with override(language):
            for licence in catalogue.all_licences():
                kept += [one["value"] for one in names(licence) if one["value"]]

    assert len(told["en"]) == len(told["ru"]) > 200
    assert not {*told["en"]} & {*told["ru"]}
    assert {one.status for one in map(catalogue.hub_name, catalogue.hub_identifiers())} == set(STATUS)


def test_other_spellings_are_told():
    (spellings,) = [one for one in names(row("apache-2.0")) if one["label"] == "Other spellings"]

    assert "apache-2" in spellings["code"].split(", ")
