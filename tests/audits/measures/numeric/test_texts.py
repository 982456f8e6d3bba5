"""Transcripts and entities by group: counts against plain loops, ratios and their intervals by simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from audits.measures.bias import audit_table, open_for
from audits.measures.data.words import words_of
from audits.measures.numeric.edits import word_edits
from audits.measures.numeric.ratios import ratio
from audits.measures.numeric.spans import TagsDiffer, TagUnknown, entities
from audits.measures.plan import BiasPlan, PlanRejected
from audits.measures.tables.arrow import strings
from tests.audits.measures.made import LONG, examples

SPOKEN = st.lists(st.sampled_from(["one", "two", "three", "four"]), max_size=7).map(" ".join)
TAGS = st.lists(st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]), min_size=1, max_size=8)


def slow_distance(one: list[str], other: list[str]) -> int:
    """The table of Wagner and Fischer, cell by cell."""
    table = [[i + j if i * j == 0 else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i, word in enumerate(one, 1):
        for j, said in enumerate(other, 1):
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (word != said))
    return table[-1][-1]


def slow_entities(tags: list[str]) -> set[tuple[int, int, str]]:
    found, first, kind = set(), 0, ""
    for place, tag in enumerate([*tags, "O"]):
        prefix, _, now = tag.partition("-")
        if kind and (prefix != "I" or now != kind):
            found.add((first, place - 1, kind))
            kind = ""
        if prefix == "B" or (prefix == "I" and not kind):
            first, kind = place, now
    return found


def table(**columns: Any) -> pa.Table:
    return pa.table(columns)


def audited(rows: pa.Table, **plan: Any) -> dict[str, Any]:
    given_: dict[str, Any] = {"label": "said", "prediction": "heard", "sensitive": ("accent",), "gating": ()}
    made = BiasPlan(**given_ | plan)
    with open_for(rows, made) as opened:
        return audit_table(opened, made)


def figure(document: dict[str, Any], metric: str, **slice_: str) -> dict[str, Any]:
    (row,) = [row for row in document["metrics"] if row["metric"] == metric and row["slice"] == slice_]
    return dict(row)


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(st.tuples(SPOKEN, SPOKEN), min_size=1, max_size=12))
def test_edits_are_those_of_the_table_filled_in_cell_by_cell(pairs: list[tuple[str, str]]) -> None:
    ours, theirs = (words_of(strings([pair[side] for pair in pairs])) for side in (0, 1))

    found = word_edits(ours, theirs, rows=len(pairs))

    assert found.tolist() == [slow_distance(one.split(), other.split()) for one, other in pairs]


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(st.tuples(TAGS, st.randoms()), min_size=1, max_size=12))
def test_entities_are_those_of_reading_tag_by_tag(rows: list[tuple[list[str], Any]]) -> None:
    ours = [tags for tags, _ in rows]
    theirs = [[one if random.random() < 0.7 else random.choice(ours[0]) for one in tags] for tags, random in rows]

    found = entities(*(strings([" ".join(one) for one in side]) for side in (ours, theirs)), columns=("a", "b"))

    slow = [(slow_entities(one), slow_entities(other)) for one, other in zip(ours, theirs, strict=True)]
    assert found.wanted.tolist() == [len(one) for one, _ in slow]
    assert found.predicted.tolist() == [len(other) for _, other in slow]
    assert found.shared.tolist() == [len(one & other) for one, other in slow]


def test_the_published_example_of_conll_tags() -> None:
    # U.N. official Ekeus heads for Baghdad . of CoNLL-2003, with Ekeus missed and Baghdad's type wrong
    found = entities(
        strings(["B-ORG O B-PER O O B-LOC O"]), strings(["B-ORG O O O O B-ORG O"]), columns=("gold", "guess")
    )
    assert (found.wanted[0], found.predicted[0], found.shared[0]) == (3, 2, 1)


@pytest.mark.parametrize(
    ("one", "other", "refusal"), [("B-PER O", "O", TagsDiffer), ("PER", "O", TagUnknown), ("B-", "O", TagUnknown)]
)
def test_tags_that_cannot_be_read_are_refused_and_say_what_is_wanted(one: str, other: str, refusal: type) -> None:
    with pytest.raises(refusal, match="tag"):
        entities(strings([one]), strings([other]), columns=("gold", "guess"))


def speech(random: np.random.Generator, speakers: int, *, rate: tuple[float, float]) -> pa.Table:
    """Eight sentences of ten words for each speaker; a speaker is heard worse or better than the own group."""
    said, heard, accent, who = [], [], [], []
    for speaker in range(speakers):
        group = speaker % 2
        wrong = random.beta(8 * rate[group], 8 * (1 - rate[group]))
        for _ in range(8):
            words = random.choice(["red", "green", "blue", "grey"], 10).tolist()
            said.append(" ".join(words))
            heard.append(" ".join("black" if random.random() < wrong else word for word in words))
            accent.append("ab"[group])
            who.append(f"s{speaker}")
    return table(said=said, heard=heard, accent=accent, who=who)


def test_word_error_rate_by_group_is_edits_over_words_and_a_gap_between_accents_is_found() -> None:
    rows = speech(np.random.default_rng(0), 300, rate=(0.1, 0.3))
    document = audited(
        rows,
        task="transcription",
        cluster="who",
        thresholds={"word_error_rate_difference": 0.05},
        gating=("word_error_rate_difference",),
    )

    pairs = [
        (a.split(), b.split(), g)
        for a, b, g in zip(*(rows[c].to_pylist() for c in ("said", "heard", "accent")), strict=True)
    ]
    for group in "ab":
        edits = sum(slow_distance(one, other) for one, other, of in pairs if of == group)
        words = sum(len(one) for one, _, of in pairs if of == group)
        assert figure(document, "word_error_rate", accent=group)["value"] == pytest.approx(edits / words)
    (row,) = document["disparities"]
    assert (document["verdict"], row["metric"]) == ("fail", "word_error_rate_difference")
    assert row["ci_low"] < 0.2 < row["ci_high"]
    (drawn,) = document["cluster_bootstrap"]
    # whole speakers drawn anew: a second path to the same interval
    assert [drawn["ci_low"], drawn["ci_high"]] == pytest.approx([row["ci_low"], row["ci_high"]], abs=0.012)
    shuffled = rows.take(pa.array(np.random.default_rng(1).permutation(rows.num_rows)))
    again = audited(
        shuffled, **{k: v for k, v in document["plan"].items() if k in ("task", "cluster", "thresholds", "gating")}
    )
    assert again["metrics"] == document["metrics"]


def test_entity_scores_by_group_are_precision_recall_and_f1_over_all_entities() -> None:
    random = np.random.default_rng(2)
    gold, guess, accent = [], [], []
    for row in range(400):
        tags = random.choice(["O", "B-PER", "B-LOC"], 12, p=[0.6, 0.2, 0.2]).tolist()
        missed = 0.1 if row % 2 else 0.4
        gold.append(" ".join(tags))
        guess.append(" ".join("O" if random.random() < missed else tag for tag in tags))
        accent.append("ab"[row % 2])
    document = audited(
        table(said=gold, heard=guess, accent=accent),
        task="entities",
        thresholds={"entity_recall_difference": 0.1},
        gating=("entity_recall_difference",),
    )

    slow = [(slow_entities(a.split()), slow_entities(b.split())) for a, b in zip(gold[::2], guess[::2], strict=True)]
    both, wanted, said = (
        sum(len(f(a, b)) for a, b in slow) for f in (set.intersection, lambda a, _: a, lambda _, b: b)
    )
    assert figure(document, "entity_recall", accent="a")["value"] == pytest.approx(both / wanted)
    precision = figure(document, "entity_precision", accent="a")
    assert precision["value"] == pytest.approx(both / said) == 1.0
    assert precision["ci_low"] < 1.0, "no mistake in so many rows is no proof that there is none"
    assert figure(document, "entity_f1", accent="a")["value"] == pytest.approx(2 * both / (wanted + said))
    assert document["verdict"] == "fail"


def test_what_was_not_heard_counts_as_left_out_and_tags_that_lack_do_not_count() -> None:
    spoken = table(said=["one two", "three", None] * 20, heard=["one two", None, "x"] * 20, accent=["a"] * 60)
    document = audited(spoken, task="transcription")
    assert figure(document, "word_error_rate")["value"] == pytest.approx(1 / 3)
    assert document["rows_dropped"] == {"missing_label": 20}
    tags = table(said=["B-PER", "B-PER"] * 20, heard=["B-PER", None] * 20, accent=["a"] * 40)
    assert audited(tags, task="entities")["rows_dropped"] == {"missing_prediction": 20}


def test_without_a_limit_or_without_words_nothing_passes() -> None:
    rows = table(said=["one"] * 40, heard=["one"] * 40, accent=["a", "b"] * 20)
    assert audited(rows, task="transcription")["verdict"] == "no_information"
    with pytest.raises(PlanRejected, match="threshold"):
        BiasPlan("said", "heard", ("accent",), task="transcription", gating=("word_error_rate_difference",))
    with pytest.raises(Exception, match="no row of column 'said'"):
        audited(table(said=["..."] * 40, heard=["one"] * 40, accent=["a", "b"] * 20), task="transcription")
    nested = table(said=[["B-PER"]] * 40, heard=["B-PER"] * 40, accent=["a", "b"] * 20)
    with pytest.raises(Exception, match="one text"):
        audited(nested, task="entities")


@pytest.mark.parametrize("speakers", [40, pytest.param(15, marks=pytest.mark.long)])
def test_the_interval_of_an_error_rate_holds_under_speakers_that_differ(speakers: int) -> None:
    random = np.random.default_rng(speakers)
    runs, held = (3_000 if LONG else 300), 0
    for _ in range(runs):
        wrong = np.repeat(random.beta(2, 10, speakers), 6)
        words = random.integers(4, 20, speakers * 6).astype(float)
        edits = random.binomial(words.astype(int), wrong).astype(float)
        found = ratio(edits, words, clusters=np.repeat(np.arange(speakers), 6))
        held += found.low <= 2 / 12 <= found.high
    # nominal 95 %; fifteen speakers come within two points of it
    assert stats.binom.cdf(held, runs, 0.93 if speakers < 30 else 0.94) > 1e-3
