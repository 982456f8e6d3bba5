"""Terms of a list that somebody brings: found as words, counted, and shown in no document. Harmless words here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.measures.data.asked import Lexicon, word_count
from audits.measures.data.lexicon import masked, terms_found
from audits.measures.data.plan import DataPlan, data_plan_from
from audits.measures.data.words import words_of
from audits.measures.plan_values import PlanRejected
from audits.measures.tables.arrow import strings
from tests.audits.measures.data.tables import audited, codes, csv, found, varied
from tests.audits.measures.made import examples
from tests.audits.test_data_commands import called

LIST = Lexicon("garden words", ("turnip", "old beet", "морковь", "so-called salad"))


def marked(*texts: str) -> list[bool]:
    return list(terms_found(LIST, list(texts), np.ones(len(texts), dtype=np.int64)).holds.tolist())


def test_terms_are_found_as_whole_words_in_any_case() -> None:
    assert marked("A TURNIP!", "turnips", "re-turnip", "Морковь.", "морковью") == [True, False, True, True, False]
    assert marked("an old, old beet", "old red beet", "(so called) SALAD", "so called") == [True, False, True, False]
    assert marked("", "old", "beet old") == [False, False, False]


def test_rows_are_counted_and_terms_stand_in_no_document() -> None:
    rows = varied(200)
    held = [f"{row} turnip" if number % 10 == 0 else row for number, row in enumerate(rows)]
    held[5] += " an old beet"

    document = audited(csv("number,text", held), lexicon=LIST)

    finding = found(document, "data.lexicon_terms")
    assert (finding["rows"], finding["of"], finding["terms"], finding["lexicon"]) == (21, 200, 2, "garden words")
    assert finding["low"] < 21 / 200 < finding["high"]
    assert document["verdict"] == "warn"
    examples_ = [one["examples"] for one in document["findings"] if one["code"] == "data.lexicon_terms"]
    assert examples_ == [[{"shape": "t*****", "rows": 20}, {"shape": "o** ****", "rows": 1}]]
    assert document["where"]["data.lexicon_terms text"][:3] == [1, 6, 11]
    assert document["plan"]["lexicon"] == {"name": "garden words", "terms": 4, "sha256": LIST.sha256}
    assert not re.search("turnip|beet|морковь|salad", json.dumps(document, ensure_ascii=False))


def test_a_list_of_which_nothing_is_found_is_in_the_document_and_passes() -> None:
    document = audited(csv("number,text", varied(60)), lexicon=LIST)

    assert (document["verdict"], [row["rows"] for row in document["lexicon"]]) == ("pass", [0])


def test_a_list_without_texts_never_passes() -> None:
    document = audited(csv("a,b", [f"{row % 7},{row * 31 % 97}" for row in range(60)]), lexicon=LIST)

    assert document["verdict"] == "insufficient_data"
    assert "data.lexicon_not_searched" in codes(document)


@given(
    st.lists(
        st.text("ab ", min_size=1, max_size=5).filter(str.strip),
        min_size=1,
        max_size=6,
        unique_by=lambda term: tuple(term.split()),
    ),
    st.lists(st.text("ab -", max_size=12), min_size=1, max_size=8),
)
@settings(max_examples=examples(80), deadline=None)
def test_what_is_found_is_what_a_plain_search_finds(terms: list[str], texts: list[str]) -> None:
    lexicon = Lexicon("list", tuple(terms))
    rows = np.arange(1, len(texts) + 1)

    result = terms_found(lexicon, texts, rows)

    words = [text.replace("-", " ").split() for text in texts]
    wanted = [term.split() for term in terms]
    holds = [[any(text[at : at + len(term)] == term for at in range(len(text))) for text in words] for term in wanted]
    assert result.holds.tolist() == [any(column) for column in zip(*holds, strict=True)]
    assert result.counts.tolist() == [sum(row for row, hit in zip(rows, line, strict=True) if hit) for line in holds]


@pytest.mark.parametrize("text", ["one", "so-called term", "a.b,c", "e\u0301te\u0301", "हिन्दी शब्द", "  ", "№ 5", "x_y"])
def test_words_of_a_plan_are_counted_as_those_of_texts(text: str) -> None:
    assert word_count(text) == words_of(strings([text])).hashes.size


@pytest.mark.parametrize(
    "lexicon",
    [
        {"name": "x", "terms": []},
        {"name": "x", "terms": ["!?"]},
        {"name": "x", "terms": ["one two three four five six"]},
        {"name": "x", "terms": ["a" * 101]},
        {"name": "x", "terms": "turnip"},
        {"name": "x", "terms": [3]},
        {"name": "", "terms": ["turnip"]},
        {"terms": ["turnip"]},
        ["turnip"],
        {"name": "x", "terms": ["\ud800"]},
    ],
)
def test_lists_that_are_none_are_refused_without_showing_a_term(lexicon: object) -> None:
    with pytest.raises(PlanRejected) as refused:
        data_plan_from({"lexicon": lexicon})

    assert "turnip" not in str(refused.value)


def test_a_plan_with_a_list_is_read() -> None:
    plan = data_plan_from({"lexicon": {"name": "garden words", "terms": list(LIST.terms)}})

    assert plan == DataPlan(lexicon=LIST)


def test_masks_keep_a_letter_and_the_length() -> None:
    assert (masked("turnip"), masked(" old beet "), masked("é")) == ("t*****", "o** ****", "é")


def test_a_list_is_read_from_a_file_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "garden.txt").write_text("# a comment\nturnip\n\nold beet\nturnip\n", encoding="utf-8-sig")
    (tmp_path / "table.csv").write_bytes(csv("number,text", [f"{row} turnip" for row in varied(60)]))

    code, printed = called(
        "audit_data", str(tmp_path / "table.csv"), "--lexicon", str(tmp_path / "garden.txt"), "--format", "json"
    )

    document = json.loads(printed)
    assert (code, document["verdict"]) == (0, "warn")
    assert document["plan"]["lexicon"]["terms"] == 2
    assert found(document, "data.lexicon_terms")["lexicon"] == "garden.txt"
