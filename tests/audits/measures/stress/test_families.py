"""Changes to texts: what severity means, what is changed and what never is."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.measures.stress.choosing import RATES
from audits.measures.stress.corpus import Edits, corpus_of, edited
from audits.measures.stress.families import FAMILIES, at_severities
from audits.measures.stress.letters import KEYBOARD, LOOK_ALIKES
from audits.measures.stress.names import TEXT_FAMILIES

TEXTS = [
    "The quick brown fox, jumps over the lazy dog and doesn't stop!",
    "Ёжик и ещё «пять» йогов — naïve café.",
    "",
    " ",
    "a",
    "\udcffё 𝒳 e\u0301",
    "слово " * 40,
]
SEVERITIES = (1, 2, 3, 4, 5)


def changed(family: str, texts: list[str], severity: int = 5, seed: int = 0) -> list[str]:
    return at_severities(FAMILIES[family], corpus_of(texts), [severity], seed=seed)[severity].texts()


def test_every_name_of_a_plan_has_its_change() -> None:
    assert list(FAMILIES) == list(TEXT_FAMILIES)


@pytest.mark.parametrize("family", TEXT_FAMILIES)
def test_severity_zero_is_the_text_itself_and_a_seed_always_gives_the_same(family: str) -> None:
    corpus = corpus_of(TEXTS)

    first = at_severities(FAMILIES[family], corpus, (0, *SEVERITIES), seed=7)
    again = at_severities(FAMILIES[family], corpus_of(TEXTS), (0, *SEVERITIES), seed=7)

    assert first[0].texts() == TEXTS
    assert [first[one].texts() for one in SEVERITIES] == [again[one].texts() for one in SEVERITIES]
    assert first[5].texts()[2:4] == ["", " "] or family in ("other_blanks",)


@pytest.mark.parametrize("family", TEXT_FAMILIES)
def test_what_a_text_becomes_does_not_hang_on_the_texts_after_it(family: str) -> None:
    # a corpus is one array; an edit at the end of a text must not reach into the next one
    whole = changed(family, TEXTS)

    assert len(whole) == len(TEXTS)
    assert all(one == text for one, text in zip(whole, TEXTS, strict=True) if not text)


@given(st.lists(st.text(max_size=30), max_size=6), st.sampled_from(sorted(TEXT_FAMILIES)), st.integers(0, 9))
def test_a_harder_severity_keeps_the_edits_of_a_milder_one(texts: list[str], family: str, seed: int) -> None:
    corpus = corpus_of(texts)
    ranked = FAMILIES[family].ranked(corpus, np.random.default_rng(seed))

    at = [set(ranked.at(severity, corpus).at.tolist()) for severity in SEVERITIES]

    assert all(milder <= harder for milder, harder in zip(at, at[1:], strict=False))
    # whatever can be changed is changed at the mildest severity already
    able = set(corpus.owner[ranked.edits.at].tolist())
    assert {int(corpus.owner[one]) for one in at[0]} == able
    assert edited(corpus, ranked.at(5, corpus)).texts() == [
        str(one) for one in edited(corpus, ranked.at(5, corpus)).texts()
    ]


def test_a_severity_changes_its_share_of_the_characters() -> None:
    text = "abcdefghij" * 100
    for severity, rate in zip(SEVERITIES, RATES, strict=True):
        (found,) = changed("keyboard_typos", [text], severity)

        assert sum(one != other for one, other in zip(found, text, strict=True)) == round(rate * 1000)


def test_typos_are_neighbours_on_the_keyboard_of_the_letter() -> None:
    # by hand, from pictures of both keyboards
    assert set(KEYBOARD["g"]) == set("ftyhbv")
    assert set(KEYBOARD["п"]) == set("аенрми")
    assert set(KEYBOARD["Q"]) == set("WA")
    text = "Шифр and cipher"
    for seed in range(20):
        (found,) = changed("keyboard_typos", [text], seed=seed)
        assert all(one == other or one in KEYBOARD[other] for one, other in zip(found, text, strict=True))
    # touching goes both ways
    assert all(letter in KEYBOARD[near] for letter, found in KEYBOARD.items() for near in found)


def test_look_alikes_are_letters_of_the_other_alphabet() -> None:
    for letter, other in LOOK_ALIKES.items():
        scripts = {unicodedata.name(one).split()[0] for one in (letter, other)}
        assert scripts == {"LATIN", "CYRILLIC"}


@pytest.mark.parametrize(
    ("family", "text", "wanted"),
    [
        ("yo_as_ye", "ёж", "еж"),
        ("lost_diacritics", "naïve", "naive"),
        ("decomposed_letters", "й", "и\u0306"),
        ("lost_punctuation", "yes!", "yes"),
        ("upper_case", "straße", "STRASSE"),
        ("lower_case", "ДА", "да"),
        ("lost_spaces", "one two", "onetwo"),
        ("transpositions", "ab", "ba"),
        ("flipped_case", "я", "Я"),
    ],
)
def test_the_only_thing_that_can_change_does(family: str, text: str, wanted: str) -> None:
    assert changed(family, [text], 1) == [wanted]


def test_decomposed_letters_are_the_same_text_in_another_form() -> None:
    for text, found in zip(TEXTS, changed("decomposed_letters", TEXTS), strict=True):
        assert unicodedata.normalize("NFC", found) == unicodedata.normalize("NFC", text)


def test_transpositions_keep_the_letters_of_every_word() -> None:
    text = "abcdefg hijk lm Щщукарь"
    for seed in range(20):
        (found,) = changed("transpositions", [text], seed=seed)
        assert [sorted(word) for word in found.split()] == [sorted(word) for word in text.split()]


def test_edits_are_what_replacing_slices_from_the_end_gives() -> None:
    # the plain way, one edit after the other
    random = np.random.default_rng(3)
    texts = ["abcdef", "", "gh", "ijklmnop"]
    corpus = corpus_of(texts)
    at, removed = np.array([1, 3, 6, 9, 14]), np.array([2, 1, 1, 3, 2])
    put = random.integers(97, 123, size=(5, 4)).astype(np.uint32)
    length = np.array([0, 4, 1, 2, 3])

    found = edited(corpus, Edits(at, removed, put, length)).texts()

    whole, ends = list("".join(texts)), [6, 6, 8, 16]
    pieces = ["".join(map(chr, put[row, :n].tolist())) for row, n in enumerate(length.tolist())]
    for begin, gone, piece in reversed(list(zip(at.tolist(), removed.tolist(), pieces, strict=True))):
        whole[begin : begin + gone] = [piece, *[""] * (gone - 1)]
    starts = [0, *ends[:-1]]
    assert found == ["".join(whole[begin:end]) for begin, end in zip(starts, ends, strict=True)]
