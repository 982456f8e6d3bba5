"""What a split knows of another through time and through runs of words, against rows that were planted."""

from __future__ import annotations

import datetime as dt
import io
import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.measures.data import near
from audits.measures.data.auditing import audit_data, load_for
from audits.measures.data.contamination import COMMON, shared_runs
from audits.measures.data.near import TooMuchToCompare
from audits.measures.data.plan import DataPlan
from audits.measures.data.words import words_of
from audits.measures.plan_values import PlanRejected
from audits.measures.tables.arrow import strings
from tests.audits.measures.data.tables import audited, chances, codes, csv, found, sentence, varied
from tests.audits.measures.made import examples

START = dt.date(2024, 1, 1)


def timed(times: list[str], splits: list[str]) -> bytes:
    rows = varied(len(times))
    return csv("number,text,when,split", [",".join(row) for row in zip(rows, times, splits, strict=True)])


def days(numbers: list[int]) -> list[str]:
    return [(START + dt.timedelta(days=number)).isoformat() for number in numbers]


IN_ORDER = ["train"] * 150 + ["test"] * 50


def test_a_test_that_comes_after_the_training_passes() -> None:
    document = audited(timed(days(list(range(200))), IN_ORDER), split="split", time="when")

    assert document["verdict"] == "pass"
    (row,) = document["repeats"]["time_leaks"]["splits"]
    assert (row["rows"], row["of"], row["other_rows"], row["other_of"]) == (0, 150, 0, 50)
    assert (row["first"], row["last"]) == ("2024-05-30", "2024-05-29")


def test_training_on_what_comes_after_the_test_is_found_and_counted() -> None:
    # the last ten days of the training lie after the first day of the test, which begins at day 140
    numbers = [*range(151), *range(140, 189)]

    document = audited(timed(days(numbers), ["train"] * 151 + ["test"] * 49), split="split", time="when")

    leak = found(document, "data.split_leak_time")
    assert (leak["split"], leak["other"]) == ("train", "test")
    assert (leak["rows"], leak["of"], leak["other_rows"], leak["other_of"]) == (10, 151, 10, 49)
    assert (leak["first"], leak["last"]) == ("2024-05-20", "2024-05-30")
    assert document["verdict"] == "fail"


@pytest.mark.parametrize(
    "spelt",
    [
        lambda day: (START + dt.timedelta(days=day)).isoformat(),
        lambda day: f"{START + dt.timedelta(days=day)} 12:30:00",
        lambda day: f"{START + dt.timedelta(days=day)}T12:30:00Z",
        lambda day: f"{START + dt.timedelta(days=day)}T12:30:00+03:00",
        lambda day: str(day),
        lambda day: f"{day / 10:.1f}",
    ],
)
def test_dates_and_numbers_are_times(spelt: Any) -> None:
    numbers = [*range(150), *range(145, 195)]

    leak = found(
        audited(timed([spelt(day) for day in numbers], IN_ORDER), split="split", time="when"), "data.split_leak_time"
    )

    assert (leak["rows"], leak["other_rows"]) == (4, 4)


def test_times_of_parquet_are_those_of_text() -> None:
    numbers = [*range(150), *range(145, 195)]
    table = pa.table(
        {
            "text": [row.split(",")[1] for row in varied(200)],
            "split": IN_ORDER,
            "when": pa.array([dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day) for day in numbers]),
        }
    )
    file = io.BytesIO()
    pq.write_table(table, file)
    plan = DataPlan(split="split", time="when")

    document = audit_data(load_for(file, plan), plan)

    assert found(document, "data.split_leak_time")["rows"] == 4


def test_rows_without_a_time_are_counted() -> None:
    times = days(list(range(200)))
    times[3] = times[160] = ""

    document = audited(timed(times, IN_ORDER), split="split", time="when")

    assert found(document, "data.time_unknown") == {"column": "when", "rows": 2, "of": 200}
    assert document["repeats"]["time_leaks"]["splits"][0]["of"] == 149


@pytest.mark.parametrize(
    ("times", "plan", "why"),
    [
        (["soon"] * 200, {}, "not_a_time"),
        ([""] * 200, {}, "no_values"),
        ([*["2024-01-01"] * 150, *[""] * 50], {}, "no_values"),
        (["2024-01-01"] * 200, {"train": "fold"}, "train_unknown"),
        (["01.02.2024"] * 200, {}, "not_a_time"),
    ],
)
def test_time_that_cannot_be_compared_never_passes(times: list[str], plan: dict[str, str], why: str) -> None:
    document = audited(timed(times, IN_ORDER), split="split", time="when", **plan)

    assert document["verdict"] == "insufficient_data"
    assert found(document, "data.time_not_measured")["why"] == why


def test_the_split_that_is_trained_on_can_be_named() -> None:
    numbers = [*range(150), *range(145, 195)]
    splits = ["a"] * 150 + ["b"] * 50

    named = audited(timed(days(numbers), splits), split="split", time="when", train="a")
    unnamed = audited(timed(days(numbers), splits), split="split", time="when")

    assert found(named, "data.split_leak_time")["rows"] == 4
    assert found(unnamed, "data.time_not_measured")["why"] == "train_unknown"


def test_time_needs_a_split() -> None:
    with pytest.raises(PlanRejected, match="split"):
        DataPlan(time="when")


def test_a_person_in_both_splits_is_found_beside_the_time() -> None:
    """Group leakage stands by itself: the same people, in the right order of time."""
    rows = [
        f"{row},{when},{split},p{number % 40}"
        for number, (row, when, split) in enumerate(zip(varied(200), days(list(range(200))), IN_ORDER, strict=True))
    ]

    document = audited(csv("number,text,when,split,person", rows), split="split", time="when", group="person")

    leak = found(document, "data.split_leak_group")
    assert (leak["split"], leak["other"], leak["rows"], leak["groups"]) == ("test", "train", 50, 40)
    assert "data.split_leak_time" not in codes(document)


# --- runs of words ---------------------------------------------------------------------------------------------------


def written(texts: list[str], splits: list[str]) -> bytes:
    return csv("text,split", [f'"{text}",{split}' for text, split in zip(texts, splits, strict=True)])


def long(number: int, words: int = 40) -> str:
    chance = chances(number)
    return " ".join(f"{sentence(chance, 1)}{chance.randrange(1_000)}" for _ in range(words))


def test_a_quoted_run_of_thirteen_words_is_found_and_twelve_are_not() -> None:
    texts = [long(number) for number in range(80)]
    words = texts[0].split()
    texts[70] = " ".join([*long(900, 30).split(), *words[5:18], *long(901, 30).split()])
    texts[71] = " ".join([*long(902, 30).split(), *words[5:17], *long(903, 30).split()])
    splits = ["train"] * 60 + ["test"] * 20

    document = audited(written(texts, splits), split="split")

    leak = found(document, "data.split_leak_words")
    assert (leak["split"], leak["other"], leak["rows"], leak["of"], leak["words"]) == ("test", "train", 1, 20, 13)
    assert leak["low"] < 1 / 20 < leak["high"]
    assert document["verdict"] == "warn"


def test_case_and_punctuation_hide_no_run() -> None:
    texts = [long(number) for number in range(40)]
    quoted = ", ".join(texts[0].upper().split()[:15])
    texts[35] = f"{long(99, 50)} -- “{quoted}!” -- {long(98, 50)}"
    splits = ["train"] * 30 + ["test"] * 10

    document = audited(written(texts, splits), split="split")

    assert found(document, "data.split_leak_words")["rows"] == 1


def test_a_form_that_everybody_fills_in_is_no_leak() -> None:
    form = long(500, 20)
    texts = [f"{form} {long(number)}" for number in range(60)]
    splits = ["train"] * 40 + ["test"] * 20

    document = audited(written(texts, splits), split="split")

    assert "data.split_leak_words" not in codes(document)


def test_texts_too_short_for_a_run_are_not_among_those_looked_at() -> None:
    texts = [long(number, 40 if number % 2 else 8) for number in range(80)]
    splits = ["train"] * 60 + ["test"] * 20

    document = audited(written(texts, splits), split="split")

    shared = document["repeats"]["near"]["shared_words"]
    assert shared["long_enough"] == [{"split": "test", "rows": 10}, {"split": "train", "rows": 30}]


@given(
    st.lists(
        st.tuples(st.text("ab ", max_size=16), st.integers(1, 3)),
        min_size=1,
        max_size=9,
        unique_by=lambda pair: pair[0],
    )
)
@settings(max_examples=examples(80), deadline=None)
def test_shared_runs_are_those_of_comparing_word_by_word(rows: list[tuple[str, int]]) -> None:
    texts = [text for text, _ in rows]
    marks = np.array([[bool(bits & 1), bool(bits & 2)] for _, bits in rows])

    shared = shared_runs(strings(texts), marks, words=3)

    runs = [set(zip(*(text.split()[start:] for start in range(3)), strict=False)) for text in texts]
    common = {run for run in set().union(*runs) if sum(run in held for held in runs) > COMMON}
    for place, held in enumerate(runs):
        assert shared.long[place] == bool(held)
        for split in range(2):
            others = set().union(*(runs[other] for other in range(len(texts)) if marks[other, split]))
            assert shared.reached[place, split] == bool((held & others) - common)


def test_too_much_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audits.measures.data.contamination.MAX_CHARACTERS", 10)
    assert near.MAX_CHARACTERS > 10

    with pytest.raises(TooMuchToCompare):
        shared_runs(strings(["more than ten characters"]), np.ones((1, 1), dtype=bool))


def test_words_are_cut_where_people_would() -> None:
    one = words_of(strings(["Naïve, СЛОВО-слово 3.5!", "", None, "  ", "nai\u0308ve"]))
    other = words_of(strings(["naïve слово слово 3 5"]))

    assert one.owner.tolist() == [0, 0, 0, 0, 0, 4]
    assert one.hashes[:5].tolist() == other.hashes.tolist()
    assert one.hashes[5] == one.hashes[0]


def test_different_words_and_orders_have_different_hashes() -> None:
    words = ["".join(letters) for size in (1, 2, 3) for letters in itertools.product("abcdefgh", repeat=size)]
    hashes = words_of(strings(words)).hashes
    runs = words_of(strings(["a b c", "c b a", "a b b", "b a a", "a a b"])).runs(3).hashes

    assert np.unique(hashes).size == len(words)
    assert np.unique(runs).size == 5
