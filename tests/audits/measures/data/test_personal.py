"""Personal data: what is told by its form, its checksum and the words around it; never shown."""

from __future__ import annotations

import json

import numpy as np
import pytest

from audits.measures.data import personal
from audits.measures.data.personal import iban, inn, luhn, personal_data, shape, snils
from tests.audits.measures.data.tables import audited, chances, codes, csv, found, varied

# Numbers published as examples by those who issue the schemes, and shops' test numbers; nobody's own.
CARD, IBAN, INN, INN_12, SNILS = (
    "4111 1111 1111 1111",
    "GB82 WEST 1234 5698 7654 32",
    "7707083893",
    "500100732259",
    "112-233-445 95",
)


def kinds(cell: str, name: str = "note") -> set[str]:
    return {one.what for one in personal_data(name, [cell], np.array([1]))}


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("write to ann.lee+x@mail.co.example, please", "email"),
        (f"account {IBAN}.", "iban"),
        (f"Visa {CARD} exp", "payment_card"),
        (f"карта {CARD.replace(' ', '')}", "payment_card"),
        (f"ИНН {INN}", "inn"),
        (f"инн: {INN_12}", "inn"),
        (f"страховой {SNILS}", "snils"),
        ("СНИЛС 11223344595", "snils"),
        ("паспорт 45 06 № 123456", "passport"),
        ("серия 4506 123456", "passport"),
        ("passport 4506 123456", "passport"),
        ("call +7 (495) 123-45-67", "phone"),
        ("8 (495) 123-45-67", "phone"),
        ("(212) 555-0142", "phone"),
        ("from 8.8.4.4 at", "ip_address"),
        ("from 2001:4860:4860:0000:0000:0000:0000:8888 at", "ip_address"),
    ],
)
def test_each_kind_is_found(cell: str, what: str) -> None:
    assert kinds(cell) == {what}


@pytest.mark.parametrize(
    "cell",
    [
        "version 10.0.0.1 of 192.168.1.20",
        "order 4111 1111 1111 1112",
        "GB82 WEST 1234 5698 7654 33",
        "no number at all, @ six",
        "112-233-445 96",
        "ИНН 7707083894",
        "СНИЛС 11223344596",
        "45 06 123456",
        "2026-11-29 12:30:00",
        "0000000000",
        "1.2.3",
        "ratio 3-4, pages 120-130",
    ],
)
def test_what_only_looks_like_it_is_not(cell: str) -> None:
    assert kinds(cell) == set()


def test_a_number_alone_needs_a_word_or_many_that_pass() -> None:
    assert kinds(CARD) == set()
    assert kinds(CARD, name="card_number") == {"payment_card"}
    assert kinds(INN, name="инн") == {"inn"}


def test_numbers_that_pass_by_chance_are_no_taxpayers() -> None:
    chance = chances(2)
    numbers = [str(chance.randrange(10**9, 10**10)) for _ in range(2_000)]
    right = [number for number in numbers if inn(number)]

    assert 100 < len(right) < 320, "one in eleven passes"
    assert personal_data("order", numbers, np.ones(2_000, dtype=np.int64)) == []
    (taken,) = personal_data("order", right, np.ones(len(right), dtype=np.int64))
    assert (taken.what, len(taken.values)) == ("inn", len(right))


def plain_luhn(number: str) -> bool:
    """The rule as it is told: every second digit from the right doubled, its digits added."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        total += sum(map(int, str(int(digit) * 2))) if place % 2 else int(digit)
    return total % 10 == 0


def test_checksums_against_rules_written_out() -> None:
    chance = chances(5)
    for _ in range(500):
        card = str(chance.randrange(10**15, 10**16))
        assert luhn(card) == plain_luhn(card)
        digits = [chance.randrange(10) for _ in range(9)]
        control = sum(w * d for w, d in zip((2, 4, 10, 3, 5, 9, 4, 6, 8), digits, strict=True)) % 11 % 10
        if len({*digits, control}) > 1:
            assert inn("".join(map(str, [*digits, control])))
            assert not inn("".join(map(str, [*digits, (control + 1) % 10])))


def test_one_wrong_digit_is_seen_by_every_checksum() -> None:
    for check, number in ((luhn, CARD), (iban, IBAN), (inn, INN), (inn, INN_12), (snils, SNILS)):
        assert check(number)
        for place, char in enumerate(number):
            if char.isdigit() and (check is not iban or place > 3):
                wrong = number[:place] + str((int(char) + 1) % 10) + number[place + 1 :]
                assert not check(wrong), wrong


def test_the_document_shows_the_shape_and_nothing_of_the_content() -> None:
    cell = f"Ann Lee ann.lee@mail.example; card {CARD}; ИНН {INN}"
    document = audited(csv("number,text", [*varied(40), f'1,"{cell}"']))

    text = json.dumps(document, ensure_ascii=False)
    assert {row["what"] for row in document["personal"]} == {"email", "payment_card", "inn"}
    assert found(document, "data.personal", "text email")["rows"] == 1
    assert document["where"]["data.personal text email"] == [41]
    for secret in ("Ann", "ann.lee", "mail.example", "4111", INN):
        assert secret not in text
    assert document["verdict"] == "fail"


def test_telephones_and_addresses_warn_and_do_not_fail() -> None:
    document = audited(csv("number,text", [*varied(40), "1,the line +7 (495) 123-45-67 was busy again"]))

    assert "data.personal_possible" in codes(document)
    assert document["verdict"] == "warn"


def test_measurements_hold_no_numbers_of_people() -> None:
    rows = [f"{i / 7:.10f}" for i in range(10_000_000, 10_000_300)]

    assert audited(csv("value", rows))["personal"] == []


def test_shapes_keep_no_letter_or_digit_and_have_an_end() -> None:
    assert shape("Ёлка-7" * 50) == ("xxxx-0" * 50)[:40]
    assert personal.examples({"b": 1, "a": 1, "c": 5, "d": 1}) == [
        {"shape": "c", "rows": 5},
        {"shape": "a", "rows": 1},
        {"shape": "b", "rows": 1},
    ]
