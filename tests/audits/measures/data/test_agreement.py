"""Agreement of annotators: published figures, second paths, and intervals by simulation."""

from __future__ import annotations

import csv as csv_files
import gzip
import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from audits.measures.data.agreement import (
    UNANIMOUS,
    cohen_kappa,
    counted_labels,
    fleiss_kappa,
    krippendorff_alpha,
)
from tests.audits.measures.data.tables import audited, chances, codes, csv, found, varied
from tests.audits.measures.made import LONG, TABLES, examples

Codes = npt.NDArray[np.int64]

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C to E: four observers, twelve units, 0 for
# no value; alpha .743 nominal, .815 ordinal, .849 interval.
PUBLISHED = """
1 2 3 3 2 1 4 1 2 0 0 0
1 2 3 3 2 2 4 1 2 5 0 3
0 3 3 3 2 3 4 2 2 5 1 0
1 2 3 3 2 4 4 1 2 5 1 0
"""


def published() -> Codes:
    return np.array([line.split() for line in PUBLISHED.strip().splitlines()], dtype=np.int64).T - 1


@pytest.mark.parametrize(("scale", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_that_of_the_published_example(scale: str, alpha: float) -> None:
    result = krippendorff_alpha(counted_labels(published(), 5), scale=scale, numbers=np.arange(1.0, 6.0), bootstrap=0)

    assert result is not None
    assert result.value == pytest.approx(alpha, abs=0.0005)
    assert (result.units, result.labels) == (11, 40)


def test_kappa_of_two_is_that_of_the_textbook() -> None:
    """Fleiss, Levin and Paik 2003, table 18.1: 100 patients, two raters, three diagnoses; kappa .68."""
    table = np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    first, second = (np.repeat(index, table.ravel()) for index in np.divmod(np.arange(9), 3))

    assert cohen_kappa(first, second, 3) == pytest.approx(0.6764, abs=0.0005)


labels = st.lists(st.lists(st.integers(-1, 3), min_size=3, max_size=3), min_size=2, max_size=30)


def slow_alpha(annotations: Codes, distance: npt.NDArray[np.float64]) -> float | None:
    """By pairs, one by one: mean distance within units over mean distance between any two labels."""
    units = [[label for label in unit if label >= 0] for unit in annotations.tolist()]
    units = [unit for unit in units if len(unit) >= 2]
    everything = [label for unit in units for label in unit]
    n = len(everything)
    within = sum(
        sum(distance[one, other] for one, other in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units
    )
    between = sum(distance[one, other] for one, other in itertools.permutations(everything, 2))
    return None if not between or len(units) < 2 else float(1 - (within / n) / (between / (n * (n - 1))))


@given(labels)
@settings(max_examples=examples(60), deadline=None)
def test_alpha_is_that_of_counting_pairs_one_by_one(rows: list[list[int]]) -> None:
    annotations = np.array(rows)
    counts = counted_labels(annotations, 4)
    nominal, squared = 1 - np.eye(4), np.subtract.outer(np.arange(4.0), np.arange(4.0)) ** 2

    for scale, distance in (("nominal", nominal), ("interval", squared)):
        result = krippendorff_alpha(counts, scale=scale, numbers=np.arange(4.0), bootstrap=0)
        slow = slow_alpha(annotations, distance)
        assert (result is None) == (slow is None)
        if result is not None:
            assert result.value == pytest.approx(slow, abs=1e-12)


@given(labels)
@settings(max_examples=examples(60), deadline=None)
def test_kappas_are_those_of_other_paths(rows: list[list[int]]) -> None:
    annotations = np.array(rows)
    first, second = annotations[:, 0], annotations[:, 1]
    both = (first >= 0) & (second >= 0)

    kappa = cohen_kappa(first, second, 4)

    if kappa is None:
        assert not both.any() or np.unique(np.concatenate([first[both], second[both]])).size == 1
    else:
        assert kappa == pytest.approx(cohen_kappa_score(first[both], second[both]), abs=1e-12)
    complete = annotations[(annotations >= 0).all(axis=1)]
    fleiss, alpha = (measure(counted_labels(complete, 4)) for measure in (fleiss_kappa, alpha_of))
    if fleiss is not None and alpha is not None:
        # Krippendorff 2011: alpha corrects the same quantity for small samples
        n = complete.size
        assert alpha == pytest.approx(fleiss + (1 - fleiss) / n, abs=1e-12)


def alpha_of(counts: Codes) -> float | None:
    result = krippendorff_alpha(counts, bootstrap=0)
    return None if result is None else result.value


def test_fleiss_kappa_needs_as_many_labels_everywhere() -> None:
    assert fleiss_kappa(np.array([[2, 0], [1, 0]])) is None
    assert fleiss_kappa(np.array([[3, 0], [3, 0]])) is None
    assert fleiss_kappa(np.array([[2, 0], [0, 2]])) == 1.0


def drawn(random: np.random.Generator, units: int, *, right: float, annotators: int = 3) -> Codes:
    """Annotators who give the true one of three values with a probability, and else any of the three."""
    true = random.choice(3, size=(units, 1), p=(0.5, 0.3, 0.2))
    guessed = random.choice(3, size=(units, annotators), p=(0.5, 0.3, 0.2))
    return np.where(random.random((units, annotators)) < right, true, guessed)


def test_order_of_units_and_annotators_changes_nothing() -> None:
    random = np.random.default_rng(0)
    annotations = drawn(random, 80, right=0.7)
    turned = random.permutation(annotations)[:, ::-1]

    assert krippendorff_alpha(counted_labels(annotations, 3)) == krippendorff_alpha(counted_labels(turned, 3))


@pytest.mark.parametrize(
    ("units", "right"),
    [(100, 0.8), pytest.param(40, 0.6, marks=pytest.mark.long), pytest.param(400, 0.9, marks=pytest.mark.long)],
)
def test_the_interval_of_alpha_covers_it_about_nineteen_times_in_twenty(units: int, right: float) -> None:
    """Two annotators agree beyond chance with probability right squared, which is what alpha is here."""
    if not LONG and (units, right) != (100, 0.8):
        pytest.skip("a simulation: only under LONG=1")
    random = np.random.default_rng(units)
    runs = 2_000 if LONG else 300
    covered = []
    for run in range(runs):
        found_ = krippendorff_alpha(counted_labels(drawn(random, units, right=right), 3), bootstrap=400, seed=run)
        assert found_ is not None
        covered.append(found_.low <= right**2 <= found_.high)

    # percentiles of few units fall a little short
    assert 0.915 - 3 * np.sqrt(0.05 * 0.95 / runs) <= np.mean(covered) <= 0.985


@pytest.mark.parametrize("disagreeing", [0.01, 0.03])
def test_units_that_all_agree_leave_room_for_those_that_would_not(disagreeing: float) -> None:
    """Of 60 units none disagrees in half of all samples or fewer: then too the truth must lie within."""
    random = np.random.default_rng(7)
    missed = 0
    runs = 20_000 if LONG else 2_000
    for _ in range(runs):
        unequal = random.random(60) < disagreeing
        if not unequal.any():
            first = random.integers(0, 2, 60)
            result = krippendorff_alpha(counted_labels(np.column_stack([first, first]), 2))
            assert result is not None
            assert result.method == UNANIMOUS
            assert result.value == result.high == 1
            missed += result.low > 1 - 2 * disagreeing

    assert missed == 0


def annotated(rows: int, *, right: float, names: str = "xyz") -> bytes:
    given_ = drawn(np.random.default_rng(3), rows, right=right)
    lines = [
        f"{row},{','.join(names[label] for label in unit)}"
        for row, unit in zip(varied(rows), given_.tolist(), strict=True)
    ]
    return csv("number,text,ann,bob,cy", lines)


WHO = ("ann", "bob", "cy")


@pytest.mark.parametrize(
    ("rows", "right", "code", "verdict"),
    [
        (300, 0.5, "data.agreement_low", "warn"),
        (60, 0.85, "data.agreement_unsure", "warn"),
        (2_000, 0.87, "data.agreement_tentative", "pass"),
    ],
)
def test_little_agreement_is_told(rows: int, right: float, code: str, verdict: str) -> None:
    document = audited(annotated(rows, right=right), annotators=WHO)

    finding = found(document, code)
    assert finding["low"] < finding["alpha"] < finding["high"]
    assert finding["alpha"] == pytest.approx(right**2, abs=0.1)
    assert document["verdict"] == verdict
    agreement = document["agreement"]
    assert (agreement["units"], agreement["labels"], agreement["values"]) == (rows, 3 * rows, 3)
    assert {(row["first"], row["second"]) for row in agreement["pairs"]} == set(itertools.combinations(WHO, 2))


def test_annotators_who_agree_pass_and_hide_no_copy() -> None:
    data = annotated(200, right=1.0)

    document = audited(data, annotators=WHO)

    assert document["verdict"] == "pass"
    assert not {code for code in codes(document) if code.startswith(("data.agreement", "data.duplicates"))}
    assert document["agreement"]["krippendorff_alpha"] == 1.0
    assert document["agreement"]["ci_low"] < 0.98


def test_annotators_give_no_label_away() -> None:
    document = audited(annotated(200, right=1.0), annotators=("bob", "cy"), label="ann")

    assert "data.target_leak" not in codes(document)


def scaled(values: str) -> bytes:
    chance = chances(5)
    return csv("number,text,ann,bob", [f"{row},{chance.choice(values)},{chance.choice(values)}" for row in varied(90)])


@pytest.mark.parametrize(
    ("data", "plan", "why"),
    [
        (annotated(29, right=0.9), {}, "too_few_units"),
        (csv("number,text,ann,bob", [f"{row},yes,yes" for row in varied(60)]), {}, "one_value"),
        (csv("number,text,ann,bob", [f"{row},yes," for row in varied(60)]), {}, "one_value"),
        (csv("number,text,ann,bob", [f"{row},{i}a,{i}b" for i, row in enumerate(varied(60))]), {}, "too_many_values"),
        (scaled("abc"), {"annotation_scale": "ordinal"}, "not_a_number"),
        (scaled("abc"), {"annotation_scale": "interval"}, "not_a_number"),
        (scaled("abc"), {"annotation_scale": "ordinal", "annotation_order": ("a", "b")}, "value_without_place"),
    ],
)
def test_agreement_that_cannot_be_measured_never_passes(data: bytes, plan: dict[str, object], why: str) -> None:
    document = audited(data, annotators=("ann", "bob"), **plan)

    assert document["verdict"] == "insufficient_data"
    assert found(document, "data.agreement_not_measured")["why"] == why
    assert document["agreement"] == {"measured": False, "why": why}


def test_an_order_of_words_is_that_of_numbers() -> None:
    words, numbers = scaled("abc"), scaled("abc").replace(b",a", b",1").replace(b",b", b",2").replace(b",c", b",3")
    # words of the header and the texts begin with these letters too, and are no labels
    numbers = numbers.replace(b"2ob", b"bob").replace(b"1nn", b"ann")

    ours = audited(words, annotators=("ann", "bob"), annotation_scale="ordinal", annotation_order=("a", "b", "c"))
    theirs = audited(numbers, annotators=("ann", "bob"), annotation_scale="ordinal")

    for key in ("krippendorff_alpha", "ci_low", "ci_high"):
        assert ours["agreement"][key] == theirs["agreement"][key]


def test_real_annotations_by_five_of_ten_people_agree() -> None:
    """HateCheck: every case was labelled by five of ten people."""
    path = TABLES.parent / "text" / "hatecheck_test_suite_annotations.csv.gz"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv_files.DictReader(file))
    values = {"hateful": 0, "non-hateful": 1, "": -1}
    annotations = np.array([[values[row[f"label_{person}"]] for person in range(1, 11)] for row in rows])

    document = audited(gzip.decompress(path.read_bytes()), annotators=tuple(f"label_{i}" for i in range(1, 11)))

    slow = slow_alpha(annotations[:400], 1 - np.eye(2))
    assert alpha_of(counted_labels(annotations[:400], 2)) == pytest.approx(slow, abs=1e-12)
    agreement = document["agreement"]
    assert (agreement["units"], agreement["labels"]) == (3_728, 5 * 3_728)
    assert agreement["krippendorff_alpha"] == pytest.approx(0.9390194, abs=1e-6)
    assert agreement["fleiss_kappa"] == pytest.approx(agreement["krippendorff_alpha"], abs=1e-5)
    assert not {code for code in codes(document) if code.startswith("data.agreement")}
