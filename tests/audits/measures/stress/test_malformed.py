"""Malformed inputs, outcomes and determinism, with models of which one knows what they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audits.measures.stress.determinism import audit_determinism, compared, ways
from audits.measures.stress.malformed import Observed, audit_malformed, malformed

TAKES = [
    SimpleNamespace(name="X", dtype="float32", shape=(None, 3)),
    SimpleNamespace(name="words", dtype="text", shape=(None,)),
]
GOOD = {"X": np.ones((2, 3), dtype=np.float32), "words": np.array(["a", "b"], dtype=object)}


def test_inputs_are_wrong_in_one_way_each_and_the_rest_is_the_good_one():
    made = list(malformed(TAKES, GOOD))

    assert len({(one.name, one.locus) for one in made}) == len(made)
    names = {one.name for one in made}
    assert {"nan", "infinity", "largest", "one_nan", "lone_surrogate", "nul", "one_long_word", "empty"} <= names
    assert {"no_rows", "missing_input", "extra_input", "wrong_type", "missing_column", "extra_column"} <= names
    for one in made:
        assert all(isinstance(array, np.ndarray) for array in one.batch.values())
        if one.family != "structure":
            (other,) = {"X", "words"} - {one.locus}
            np.testing.assert_array_equal(one.batch[other], GOOD[other][:1])
            assert one.batch[one.locus].shape == GOOD[one.locus][:1].shape
            assert one.batch[one.locus].dtype.kind == GOOD[one.locus].dtype.kind
    by_name = {(one.name, one.locus): one.batch for one in made}
    assert len(by_name["one_long_word", "words"]["words"][0]) == 1_000_000
    assert np.isnan(by_name["one_nan", "X"]["X"]).sum() == 1
    assert by_name["missing_column", "X"]["X"].shape == (1, 2)
    pixels = [SimpleNamespace(name="image", dtype="uint8", shape=(None, 8, 8, 3))]
    images = list(malformed(pixels, {"image": np.zeros((1, 8, 8, 3), np.uint8)}))
    assert {"images", "structure"} == {one.family for one in images}
    assert any(one.batch["image"].size == 0 for one in images if one.name == "no_pixels")
    for bad in ({}, {"X": GOOD["X"]}, {**GOOD, "X": GOOD["X"][:0]}):
        with pytest.raises(ValueError, match="has every input of the model, and a row"):
            list(malformed(TAKES, bad))


@pytest.mark.parametrize(
    ("outcome", "goes_on", "verdict"),
    [
        ("answered", True, "pass"),
        ("refused", True, "pass"),
        ("kept_out", True, "pass"),
        ("not_finite", True, "warn"),
        ("refused", False, "fail"),
        ("crashed", None, "fail"),
        ("hung", None, "fail"),
        ("out_of_memory", None, "fail"),
        ("wrong_answer", True, "fail"),
    ],
)
def test_one_input_that_ends_a_model_fails_it_whatever_the_others_do(outcome: str, goes_on: Any, verdict: str):
    def observe(batch: Mapping[str, Any]) -> Observed:
        given = batch.get("X", np.zeros(0))
        hit = given.shape == (1, 3) and given.dtype.kind == "f" and bool(np.isneginf(given).all())
        return Observed(outcome, "code", "said\x00", goes_on) if hit else Observed("refused")

    document = audit_malformed(TAKES, GOOD, observe)

    assert document["verdict"] == verdict
    (row,) = [row for row in document["outcomes"] if row["input"] == "minus_infinity"]
    assert (row["outcome"], row["goes_on"], row["failed"]) == (outcome, goes_on, verdict == "fail")
    totals = {row["family"]: row for row in document["matrix"]}
    assert sum(row["inputs"] for row in totals.values()) == document["inputs"]
    assert totals["numbers"][outcome] >= 1
    for row in document["matrix"]:
        counted = sum(row[name] for name in ("answered", "refused", "kept_out", "not_finite", "wrong_answer"))
        assert counted + row["crashed"] + row["hung"] + row["out_of_memory"] == row["inputs"]


ROWS = 40
SCORES = np.random.default_rng(0).random(ROWS)


def asked(ask: Any) -> dict[str, dict[str, Any]]:
    document = audit_determinism(ROWS, ask, seed=1, tolerance=1e-5)
    return {"": document, **{row["way"]: row for row in document["ways"]}}


def test_a_function_of_the_row_alone_is_the_same_in_every_way():
    def ask(batches: Sequence[Any], anew: bool) -> dict[str, Any]:
        rows = np.concatenate(batches)
        return {"score": np.where(rows == 3, np.nan, SCORES[rows]), "label": SCORES[rows] > 0.5}

    found = asked(ask)

    assert found[""]["verdict"] == "pass"
    assert list(found)[1:] == [
        "again", "batch_of_1", "batch_of_8", "batch_of_32", "reversed", "shuffled", "doubled", "started_anew",
    ]  # fmt: skip
    assert found["again"]["times"] == 5
    assert all(row["largest_difference"] == 0 for name, row in found.items() if name)
    for way in ways(ROWS, seed=1):
        assert set(np.concatenate(way.batches).tolist()) == set(range(ROWS))


@pytest.mark.parametrize(
    ("leaks", "named"),
    [
        (lambda batch, anew: batch.mean(), {"batch_of_1", "batch_of_8", "batch_of_32"}),
        (lambda batch, anew: batch[0], {"batch_of_1", "batch_of_8", "batch_of_32", "reversed", "shuffled"}),
        (lambda batch, anew: 1.0 * anew, {"started_anew"}),
    ],
    ids=["of the batch", "of the first row", "of the start"],
)
def test_what_leaks_from_elsewhere_into_an_answer_is_seen_by_the_way_it_comes(leaks: Any, named: set[str]):
    def ask(batches: Sequence[Any], anew: bool) -> dict[str, Any]:
        score = np.concatenate([SCORES[rows] + leaks(rows, anew) / 1000 for rows in batches])
        return {"score": score, "label": (np.concatenate(batches) % 7).astype(np.int64)}

    found = asked(ask)

    assert {name for name, row in found.items() if name and row["not_bitwise"]} == named
    assert found[""]["verdict"] == "warn"
    assert not any(row["labels_changed"] for name, row in found.items() if name)


def test_a_label_that_changes_fails_with_its_rate():
    def ask(batches: Sequence[Any], anew: bool) -> dict[str, Any]:
        rows = np.concatenate(batches)
        return {"label": np.where(len(batches) > 1, rows % 4 == 0, False).astype(np.int64)}

    found = asked(ask)

    assert found[""]["verdict"] == "fail"
    assert (found["batch_of_1"]["labels_changed"], found["batch_of_1"]["value"]) == (10, 0.25)
    assert found["reversed"]["labels_changed"] == 0


def test_comparing_by_hand():
    first = {"score": np.array([[0.5, 1.0], [np.nan, 2.0]]), "label": np.array(["a", "b"], dtype=object)}
    second = {"score": np.array([[np.nan, 2.25], [0.5, 1.0]]), "label": np.array(["c", "a"], dtype=object)}

    found = compared(first, second, np.array([1, 0]))
    near = compared(first, second, np.array([1, 0]), tolerance=0.1)

    assert (found.bitwise.tolist(), found.label.tolist(), found.largest) == ([False, True], [False, True], 0.25)
    assert (found.beyond.tolist(), near.beyond.tolist()) == ([False, True], [False, False])
    lost = compared({"score": np.array([1.0])}, {"score": np.array([np.nan])}, np.array([0]), tolerance=1)
    assert (lost.beyond.tolist(), lost.largest) == ([True], float("inf"))
    with pytest.raises(ValueError, match="other names"):
        compared(first, {"label": second["label"]}, np.array([1, 0]))
    with pytest.raises(ValueError, match="other shapes"):
        compared(first, {**second, "score": second["score"][:, :1]}, np.array([1, 0]))
    with pytest.raises(ValueError, match="no rows"):
        audit_determinism(0, lambda batches, anew: {}, seed=0, tolerance=0)
