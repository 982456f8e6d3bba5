"""Making counterfactual texts: what is changed, what has to follow, and what is left out because nobody is sure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from audits.measures.counterfactual.making import CONTROL, COUNTERFACTUAL, Made, from_templates, from_texts
from audits.measures.counterfactual.swaps import SHIPPED, SwapSet, shipped, swaps_from
from audits.measures.counterfactual.words import words_of
from audits.measures.templates import TemplateRejected, spoken_with_vowel


def variants(text: str, name: str | SwapSet) -> tuple[list[str], list[str], dict[str, int]]:
    """Counterfactuals, controls and reasons of one text."""
    made = Made()
    rows = list(from_texts([("1", "1", text)], shipped(name) if isinstance(name, str) else name, made))
    told = {role: [row[4] for row in rows if row[5] == role] for role in (COUNTERFACTUAL, CONTROL)}
    return told[COUNTERFACTUAL], told[CONTROL], dict(made.skipped)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("He said that his car was fast.", "She said that her car was fast."),
        ("She hurt herself.", "He hurt himself."),
        ("We saw her.", "We saw him."),
        ("We saw her at home.", "We saw him at home."),
        ("We spoke with her sister.", "We spoke with his brother."),
        ("Her car is red.", "His car is red."),
        ("It was his.", "It was hers."),
        ("The red car is hers.", "The red car is his."),
        ("HE IS HERE.", "SHE IS HERE."),
        ("He's here, isn't he?", "She's here, isn't she?"),
        ("This is an uncle and a father.", "This is an aunt and a mother."),
    ],
)
def test_english_people_are_swapped_with_their_pronouns(text: str, other: str) -> None:
    assert variants(text, "gender_en")[0] == [other]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("The house is red.", "no_term"),
        ("He told her.", "several_identities"),
        ("We gave her books.", "ambiguous_form"),
        ("Yesterday John said he left.", "possible_name"),
        ("John said he left.", "possible_name"),
        ("The man-eater bites.", "compound_word"),
    ],
)
def test_english_texts_that_nobody_is_sure_of_are_left_out_with_the_reason(text: str, reason: str) -> None:
    assert variants(text, "gender_en") == ([], [], {reason: 1})


@pytest.mark.parametrize(
    ("text", "control"),
    [
        # the same place and group
        ("The man is here.", "The guy is here."),
        # the nearest words that change nobody, as many as the swap changes
        ("He has a big car.", "He has a large car."),
        ("He said his film was very big.", "He said his movie was really big."),
    ],
)
def test_a_control_is_an_edit_of_the_same_kind_that_changes_nobody(text: str, control: str) -> None:
    assert variants(text, "gender_en")[1] == [control]


def test_articles_follow_the_new_word() -> None:
    assert variants("An old man came.", "age_en")[:2] == (["A young man came."], ["An aged man came."])
    assert variants("This is an old car.", "age_en")[2] == {"no_term": 1}
    assert [spoken_with_vowel(word) for word in ("hour", "user", "uncle", "one-eyed", "European", "umbrella")] == [
        True,
        False,
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Он не пришёл и не позвонил.", "Она не пришла и не позвонила."),
        ("Она вернулась, села и тоже заплакала.", "Он вернулся, сел и тоже заплакал."),
        ("Она готова помочь.", "Он готов помочь."),
        ("Он мог бы помочь.", "Она могла бы помочь."),
        ("Она вела машину.", "Он вёл машину."),
        ("Мы говорили о ней.", "Мы говорили о нём."),
        ("Мы идём к ней.", "Мы идём к нему."),
        ("Мы идём с ней.", "Мы идём с ним."),
        ("Ему часто звонят.", "Ей часто звонят."),
        ("Это её книга.", "Это его книга."),
        ("Я сказал ему.", "Я сказал ей."),
        ("Женщина вошла и поздоровалась.", "Мужчина вошёл и поздоровался."),
        ("ОН УСТАЛ.", "ОНА УСТАЛА."),
    ],
)
def test_russian_endings_follow_the_person(text: str, other: str) -> None:
    assert variants(text, "gender_ru")[0] == [other]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Она сказала, что доклад устарел.", "agreement_unknown"),
        ("Он высокий.", "agreement_unknown"),
        ("Она была весёлая.", "agreement_unknown"),
        ("Он врач.", "agreement_unknown"),
        ("К нам вошла молодая женщина.", "agreement_unknown"),
        ("Эта женщина вошла.", "agreement_unknown"),
        ("Женщина, которую знают все, молчит.", "agreement_unknown"),
        ("Все гордятся ей.", "ambiguous_form"),
        ("Он говорит с ней.", "several_identities"),
        ("Вчера Иванов сказал, что он придёт.", "possible_name"),
        ("Анна говорит, что она придёт.", "possible_name"),
    ],
)
def test_russian_texts_that_nobody_is_sure_of_are_left_out_with_the_reason(text: str, reason: str) -> None:
    assert variants(text, "gender_ru") == ([], [], {reason: 1})


def test_russian_controls_are_words_that_do_not_bend() -> None:
    assert variants("Она сейчас говорит.", "gender_ru")[1] == ["Она теперь говорит."]


@pytest.mark.parametrize(
    ("name", "text", "other", "control"),
    [
        ("spelling_en", "The gray theater is really large.", "The grey theatre is really large.", None),
        ("spelling_en", "Our neighbours travelled often.", "Our neighbors traveled often.", None),
        ("spelling_en", "The center is big.", "The centre is big.", "The center is large."),
        ("spelling_ru", "Самолёт ещё тёплый.", "Самолет еще теплый.", None),
        ("spelling_ru", "Он еще здесь.", "Он ещё здесь.", "Он еще тут."),
    ],
)
def test_one_word_in_two_spellings_is_swapped_and_nothing_else(
    name: str, text: str, other: str, control: str | None
) -> None:
    others, controls, left_out = variants(text, name)

    assert (others, left_out) == ([other], {})
    assert control is None or controls == [control]


@pytest.mark.parametrize(
    ("name", "text"), [("spelling_en", "The program checks a meter."), ("spelling_ru", "Все сели.")]
)
def test_a_word_that_its_other_spelling_would_change_is_left_alone(name: str, text: str) -> None:
    assert variants(text, name) == ([], [], {"no_term": 1})


def test_two_spellings_of_russian_differ_by_the_dots_alone() -> None:
    for term in shipped("spelling_ru").terms:
        dotted, plain = term.forms["with_yo"], term.forms["without_yo"]
        assert [form.replace("ё", "е") for form in dotted] == list(plain) != list(dotted)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_sets_have_no_names_and_swap_back(name: str) -> None:
    swaps = shipped(name)

    for term in swaps.terms:
        # countries and nationalities are the only words with a large letter
        assert name == "nationality_en" or all(form == form.lower() for forms in term.forms.values() for form in forms)
    assert all(swaps.neutral[other.lower()] for other in swaps.neutral.values())


@pytest.mark.parametrize(
    ("name", "text", "others", "control"),
    [
        ("disability_en", "I met a blind man.", ["I met a sighted man."], "I met a deaf man."),
        ("disability_en", "Deaf people work here.", ["Sighted people work here."], "Blind people work here."),
        ("disability_en", "A disabled worker left.", ["A non-disabled worker left."], None),
        ("orientation_en", "A gay couple moved in.", ["A straight couple moved in."], None),
        (
            "orientation_en",
            "She is a lesbian woman.",
            ["She is a bisexual woman.", "She is a straight woman."],
            "She is a homosexual woman.",
        ),
        ("nationality_en", "He is from Uganda.", ["He is from Norway."], "He is from Rwanda."),
        ("nationality_en", "A Swedish man lives in Japan.", ["A Ugandan man lives in Uganda."], None),
    ],
)
def test_what_people_are_is_swapped_beside_the_person(
    name: str, text: str, others: list[str], control: str | None
) -> None:
    found, controls, _ = variants(text, name)

    assert found == others
    assert control is None or controls == [control]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("disability_en", "Love is blind."),
        ("disability_en", "A hearing was held for the man."),
        ("orientation_en", "Go straight on."),
        ("nationality_en", "She speaks Norwegian."),
        ("disability_en", "A non-disabled man left."),
    ],
)
def test_the_same_words_said_of_something_else_are_left_alone(name: str, text: str) -> None:
    assert variants(text, name)[:2] == ([], [])


def test_swapping_twice_gives_the_text_again() -> None:
    for name, text in (
        ("gender_en", "She said that the red car is hers and hurt herself."),
        ("gender_ru", "Она пришла, села и тоже заплакала."),
    ):
        (other,) = variants(text, name)[0]
        assert variants(other, name)[0] == [text]


OWN: dict[str, Any] = {
    "name": "origin",
    "language": "en",
    "identities": ["north", "south", "east"],
    "forms": [{"slot": "who", "north": ["northerner"], "south": ["southerner"], "east": ["easterner", "eastman"]}],
    "neutral": [["big", "large"]],
}


def test_a_set_of_ones_own_makes_a_counterfactual_for_each_other_identity() -> None:
    others, controls, _ = variants("I met a southerner in a big house.", swaps_from(OWN))

    assert others == ["I met a northerner in a big house.", "I met an easterner in a big house."]
    assert controls == ["I met a southerner in a large house."]


def test_every_identity_is_the_original_of_templates_equally_often() -> None:
    made = Made()
    rows = list(
        from_templates(
            ["A {who} lives in a {kind} house.", "[TOWN] has a {who}."],
            swaps_from(OWN),
            made,
            slots={"kind": ["red", "big"], "TOWN": ["here"]},
        )
    )

    originals = [row for row in rows if row[5] == "original"]
    assert [row[2] for row in originals] == ["north", "south", "east"]
    assert [row[4] for row in originals] == [
        "A northerner lives in a red house.",
        "A southerner lives in a big house.",
        "Here has an easterner.",
    ]
    assert sum(row[5] == COUNTERFACTUAL for row in rows) == 6
    assert [row[4] for row in rows if row[5] == CONTROL] == [
        "A southerner lives in a large house.",
        "Here has an eastman.",
    ]
    assert (made.used, made.without_control) == (3, 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"identities": ["north"]}, "value_wrong"),
        ({"forms": [{"north": "a", "west": "b"}]}, "identity_unknown"),
        ({"forms": [{"north": "a"}]}, "value_wrong"),
        ({"rule": "guess"}, "value_wrong"),
        ({"neutral": [["a"]]}, "value_wrong"),
        ({"names": True}, "value_wrong"),
        ({"colour": "red"}, "key_unknown"),
        ({"forms": [{"north": False, "south": "b"}]}, "value_wrong"),
    ],
)
def test_a_set_that_cannot_be_used_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(TemplateRejected) as refused:
        swaps_from(OWN | change)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("templates", "slots", "code"),
    [
        (["Nobody is here."], {}, "template_names_nobody"),
        (["A {who} in [TOWN]."], {}, "slot_not_filled"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused(
    templates: Sequence[str], slots: dict[str, list[str]], code: str
) -> None:
    with pytest.raises(TemplateRejected) as refused:
        list(from_templates(templates, swaps_from(OWN), Made(), slots=slots))

    assert refused.value.code == code


def test_words_know_where_sentences_begin() -> None:
    assert [word.text for word in words_of("Stop! He's here… Or not?\nYes") if word.first] == [
        "Stop",
        "He",
        "Or",
        "Yes",
    ]
