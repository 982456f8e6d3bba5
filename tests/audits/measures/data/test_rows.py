"""Copies, near copies, leaks between splits and conflicting labels, against rows that were planted."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.measures.data import near
from audits.measures.data.near import TooMuchToCompare, components, near_pairs
from audits.measures.data.rows import conflicting_labels, seen_elsewhere
from tests.audits.measures.data.tables import audited, chances, codes, csv, found, sentence, varied
from tests.audits.measures.made import examples


def test_copies_are_counted_and_their_rows_named() -> None:
    rows = varied(100)

    document = audited(csv("number,text", [*rows, rows[3], rows[3], rows[8]]))

    exact = document["repeats"]["exact"]
    assert (exact["rows"], exact["groups"], exact["of"]) == (3, 2, 103)
    assert exact["expected_pairs"] < 0.01
    assert document["where"]["data.duplicates rows"] == [4, 9, 101, 102, 103]
    assert document["verdict"] == "warn"


def test_spelling_that_people_would_not_see_makes_no_difference() -> None:
    rows = [f"{i},caf\u00e9 number {i} in a street of many houses" for i in range(40)]
    twin = "7.0,  cafe\u0301   number 7 in a street of many houses "

    assert found(audited(csv("number,text", [*rows, twin])), "data.duplicates")["rows"] == 1


def test_a_column_of_names_hides_no_copy() -> None:
    rows = [f"{i},{row}" for i, row in enumerate([*varied(60), varied(1)[0]])]

    document = audited(csv("id,number,text", rows))

    assert found(document, "data.id_like")["column"] == "id"
    assert document["repeats"]["exact"]["rows"] == 1


def test_equal_rows_of_few_small_categories_are_no_copies() -> None:
    chance = chances(1)
    rows = [f"{chance.choice('ab')},{chance.choice('xyz')},{'test' if i % 4 == 0 else 'train'}" for i in range(200)]

    document = audited(csv("sex,job,split", rows), split="split")

    assert {"data.duplicates_few", "data.split_leak_by_chance"} <= codes(document)
    assert document["verdict"] == "pass"


def test_what_the_test_knows_of_the_training_is_found() -> None:
    rows = varied(200)
    splits = [f"{row},{'test' if i % 5 == 0 else 'train'}" for i, row in enumerate(rows)]
    planted = [f"{rows[i]},test" for i in (1, 2, 3)]

    document = audited(csv("number,text,split", [*splits, *planted]), split="split")

    leak = found(document, "data.split_leak")
    assert (leak["split"], leak["other"], leak["rows"], leak["of"]) == ("test", "train", 3, 43)
    assert leak["low"] < 3 / 43 < leak["high"]
    assert document["verdict"] == "fail"


def test_a_changed_word_does_not_hide_a_leak() -> None:
    rows = varied(200)
    splits = [f"{row},{'test' if i % 5 == 0 else 'train'}" for i, row in enumerate(rows)]
    planted = [f"{rows[i].replace(' ', '  ', 1).upper().replace('E', 'F', 1)},test" for i in (1, 2)]

    document = audited(csv("number,text,split", [*splits, *planted]), split="split")

    leak = found(document, "data.split_leak_near")
    assert (leak["split"], leak["other"], leak["rows"]) == ("test", "train", 2)
    assert document["repeats"]["near"]["groups"] == 2


def test_a_person_in_two_splits_is_found() -> None:
    rows = [f"{row},p{i // 2},{'test' if i % 2 and i < 8 else 'train'}" for i, row in enumerate(varied(120))]

    document = audited(csv("number,text,person,split", rows), split="split", group="person")

    leak = found(document, "data.split_leak_group")
    assert (leak["split"], leak["rows"], leak["groups"]) == ("test", 4, 4)


def test_equal_features_with_two_labels_are_found() -> None:
    rows = varied(80)
    labels = [f"{row},{i % 2}" for i, row in enumerate(rows)]

    document = audited(csv("number,text,label", [*labels, f"{rows[0]},1", f"{rows[1]},1"]), label="label")

    assert found(document, "data.conflicting_labels") == {"rows": 2, "of": 82, "groups": 1}
    assert document["where"]["data.conflicting_labels label"] == [1, 81]


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 2)), min_size=1, max_size=60))
@settings(max_examples=examples(100), deadline=None)
def test_leaks_and_conflicts_are_those_of_a_plain_count(pairs: list[tuple[int, int]]) -> None:
    of_row, other = (np.array([pair[side] for pair in pairs]) for side in (0, 1))

    leaks, conflicts = seen_elsewhere(of_row, other, 3), conflicting_labels(of_row, other)

    for one, two in itertools.permutations(range(3), 2):
        theirs = {group for group, split in pairs if split == two and group >= 0}
        assert leaks[one, two] == sum(split == one and group in theirs for group, split in pairs)
    mixed = [len({label for group, label in pairs if group == mine and label >= 0}) > 1 for mine, _ in pairs]
    assert conflicts.rows.tolist() == [there and label >= 0 for there, (_, label) in zip(mixed, pairs, strict=True)]


def shingles(text: str) -> set[str]:
    return {text[i : i + 5] for i in range(len(text) - 4)}


def test_similarity_is_that_of_sets_of_five_characters() -> None:
    chance = chances(3)
    texts = [sentence(chance, 12) for _ in range(60)]
    texts += [text.replace("o", "u", 1) for text in texts[:20]] + ["abc", "абвгд ежзик", "абвгд ежзил"]
    texts = sorted(set(texts))

    pairs = near_pairs(pa.array(texts), jaccard=0.5)

    slow = {
        (i, j): len(shingles(a) & shingles(b)) / len(shingles(a) | shingles(b))
        for (i, a), (j, b) in itertools.combinations(enumerate(texts), 2)
        if len(a) >= 5 and len(b) >= 5
    }
    fast = {
        (int(i), int(j)): similarity
        for i, j, similarity in zip(pairs.first, pairs.second, pairs.similarity, strict=True)
    }
    assert fast == pytest.approx({pair: slow[pair] for pair in fast})
    assert {pair for pair, similarity in slow.items() if similarity >= 0.9} <= fast.keys()
    assert len(fast) >= 10


def test_a_bucket_of_many_near_copies_is_found_whole_and_soon() -> None:
    chance = chances(4)
    base = sentence(chance, 40)
    texts = sorted({f"{base} {chance.randrange(10**4)}" for _ in range(2_000)})

    pairs = near_pairs(pa.array(texts))

    label = components(len(texts), pairs.first, pairs.second)
    assert pairs.first.size < 40 * len(texts), "not every pair is compared"
    assert (label == label[0]).mean() > 0.99


def test_what_would_take_minutes_is_not_searched_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "MAX_CHARACTERS", 100)

    with pytest.raises(TooMuchToCompare):
        near_pairs(pa.array(["x" * 101]))
    document = audited(csv("number,text", varied(50)))

    assert found(document, "data.near_duplicates_not_searched") == {"why": "characters", "limit": 100}
    assert document["repeats"]["near"]["measured"] is False
    assert "rows" not in document["repeats"]["near"]


def test_components_join_chains() -> None:
    label = components(7, np.array([0, 1, 5]), np.array([1, 2, 6]))

    assert label.tolist() == [0, 0, 0, 3, 4, 5, 5]


@pytest.mark.parametrize("seed", [0, 7])
def test_the_order_of_rows_changes_row_numbers_alone(seed: int) -> None:
    made = varied(120)
    splits = ["test", *["train"] * 4]
    rows = [f"{row},{splits[i % 5]},{i % 3},{'fm'[i % 2]}" for i, row in enumerate([*made, *made[:4]])]
    rows += ["1,ann.lee@mail.example wrote this sentence to bob@mail.example,test,2,"]
    turned = chances(1).sample(rows, len(rows))
    plan: dict[str, Any] = {"label": "label", "split": "split", "sensitive": ("sex",)}

    first = audited(csv("number,text,split,label,sex", rows), seed=seed, **plan)
    second = audited(csv("number,text,split,label,sex", turned), seed=seed, **plan)

    assert first["digest"] == second["digest"]
    assert {**first, "where": 0} == {**second, "where": 0}
    assert first["where"] != second["where"]
