"""What must hold for any table."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from audits.measures import bias
from audits.measures.verdicts import ORDER
from tests.audits.measures.made import audited, csv_of, examples, plan_of, rows_of

GATING = ("demographic_parity_ratio", "equalized_odds_difference")

confusions = st.tuples(*[st.integers(0, 120)] * 4)
tables = st.dictionaries(st.sampled_from("abcd"), confusions, min_size=1, max_size=4).filter(
    lambda groups: sum(c[0] + c[1] for c in groups.values()) > 0 and sum(c[2] + c[3] for c in groups.values()) > 0
)


def numbers(document: Any) -> list[float]:
    """Every float of a document."""
    if isinstance(document, float):
        return [document]
    if isinstance(document, dict):
        return [number for value in document.values() for number in numbers(value)]
    if isinstance(document, list):
        return [number for value in document for number in numbers(value)]
    return []


@settings(max_examples=examples(10))
@given(tables, st.sampled_from([None, "best", "largest", "overall"]), st.sampled_from([1, 10, 30]))
def test_whatever_the_table_every_figure_is_a_number_inside_its_interval(
    groups: dict[str, tuple[int, int, int, int]], reference: str | None, smallest: int
) -> None:
    plan = plan_of(gating=GATING, reference=reference, min_group=smallest, bootstrap=100)

    document = audited(csv_of(rows_of(groups)), plan)

    assert document["verdict"] in ORDER
    assert document["rows_used"] == sum(map(sum, groups.values()))
    assert all(number == number and abs(number) != float("inf") for number in numbers(document))
    tiny = 1e-9
    for row in (*document["metrics"], *document["disparities"]):
        if row["value"] is None:
            assert row["why"]
            continue
        assert row["ci_low"] <= row["value"] + tiny
        assert row["ci_high"] is None or row["ci_high"] >= row["value"] - tiny
    for row in document["disparities"]:
        if row["role"] == "gating" and row["verdict"] == "pass":
            assert min(row["n"], row["comparator_n"]) >= smallest


@settings(max_examples=examples(10))
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    groups: dict[str, tuple[int, int, int, int]], shuffle: random.Random
) -> None:
    rows = rows_of(groups)
    plan = plan_of(gating=GATING, bootstrap=100)
    expected = audited(csv_of(rows), plan)

    shuffle.shuffle(rows)

    assert audited(csv_of(rows), plan) == expected


@settings(max_examples=examples(10))
@given(tables)
def test_renaming_the_groups_renames_the_figures_and_no_more(groups: dict[str, tuple[int, int, int, int]]) -> None:
    # names in the opposite order; no two groups of one size, which the name decides between
    assume(len({sum(counts) for counts in groups.values()}) == len(groups))
    names = dict(zip("abcd", "dcba", strict=True))
    plan = plan_of(gating=GATING, reference="largest")

    plain = audited(csv_of(rows_of(groups)), plan)
    renamed = audited(csv_of(rows_of({names[name]: counts for name, counts in groups.items()})), plan)

    def figures(document: dict[str, Any], translate: dict[str, str]) -> set[tuple[Any, ...]]:
        return {
            (
                row["metric"],
                translate[row["slice"]["group"]],
                row["value"],
                row["ci_low"],
                row["ci_high"],
                row["verdict"],
            )
            for row in document["disparities"]
            if row["scope"] == "group"
        }

    assert figures(plain, names) == figures(renamed, {name: name for name in "abcd"})
    assert plain["verdict"] == renamed["verdict"]


@settings(max_examples=examples(10))
@given(tables)
def test_the_table_twice_gives_the_same_values_and_narrower_intervals(
    groups: dict[str, tuple[int, int, int, int]],
) -> None:
    once = audited(csv_of(rows_of(groups)), plan_of(min_group=1))
    twice = audited(csv_of(rows_of(groups) * 2), plan_of(min_group=1))

    compared = 0
    for first, second in zip(once["metrics"], twice["metrics"], strict=True):
        assert first["value"] == second["value"]
        if first["value"] is not None:
            assert second["ci_high"] - second["ci_low"] < first["ci_high"] - first["ci_low"]
            compared += 1
    assert compared


@settings(max_examples=examples(10))
@given(st.integers(1, 20), st.integers(1, 12), st.integers(1, 12), st.data())
def test_thinning_a_required_group_cannot_turn_fail_into_anything_but_too_little_data(
    selected: int, rejected: int, times: int, data: st.DataObject
) -> None:
    """Rows left out at random, so that the rates stay: the interval widens, and that must not help."""
    kept = data.draw(st.integers(0, times))

    def table(copies: int) -> bytes:
        groups = {
            "a": (rejected * copies, selected * copies, rejected * copies, selected * copies),
            "b": (30, 270, 30, 270),
        }
        return csv_of(rows_of(groups))

    plan = plan_of(gating=GATING, required_groups={"group": ("a", "b")})
    assume(audited(table(times), plan)["verdict"] == "fail")

    assert audited(table(kept), plan)["verdict"] in ("fail", "insufficient_data")


@settings(max_examples=examples(10))
@given(
    st.tuples(*[st.integers(15, 120)] * 4),
    st.tuples(*[st.integers(15, 120)] * 4),
    st.sampled_from(["best", "largest", "overall", None]),
    st.sampled_from([GATING, ("demographic_parity_difference",), ("equalized_odds_ratio",), ("precision_ratio",)]),
    st.randoms(use_true_random=False),
)
def test_blanking_cells_of_a_required_group_cannot_turn_fail_into_anything_but_too_little_data(
    ours: tuple[int, int, int, int],
    theirs: tuple[int, int, int, int],
    reference: str | None,
    gating: tuple[str, ...],
    chance: random.Random,
) -> None:
    plan = plan_of(gating=gating, reference=reference, required_groups={"group": ("a", "b")})
    rows = rows_of({"a": ours, "b": theirs})
    assume(audited(csv_of(rows), plan)["verdict"] == "fail")

    # what speaks against the model is blanked more often than the rest, one cell of the row or another
    speaks, shares = chance.choice(["0,0", "0,1", "1,0", "1,1"]), (chance.random(), chance.random() / 4)
    blanked = []
    for row in rows:
        cells = row.split(",")
        if cells[2] == "a" and chance.random() < shares[0 if row.startswith(speaks) else 1]:
            cells[chance.randrange(3)] = ""
        blanked.append(",".join(cells))

    assert audited(csv_of(blanked), plan)["verdict"] in ("fail", "insufficient_data")


@settings(max_examples=examples(10))
@given(tables, st.integers(0, 3))
def test_the_seed_moves_intervals_of_several_rates_and_no_estimate(
    groups: dict[str, tuple[int, int, int, int]], seed: int
) -> None:
    plan = plan_of(gating=GATING, bootstrap=100)

    first, second = audited(csv_of(rows_of(groups)), plan), audited(csv_of(rows_of(groups)), plan, seed=seed + 1)

    assert first["metrics"] == second["metrics"]
    assert [row["value"] for row in first["disparities"]] == [row["value"] for row in second["disparities"]]


def test_very_many_intersections_show_the_rates_that_others_follow_from(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"{row % 2},{row // 2 % 2},a{row // 4 % 2},b{row // 8 % 2}" for row in range(400)]
    data, plan = csv_of(lines, "label,prediction,one,two"), plan_of(sensitive=("one", "two"))

    def shown(depth: int) -> set[str]:
        return {row["metric"] for row in audited(data, plan)["metrics"] if len(row["slice"]) == depth}

    assert shown(2) == shown(1)
    monkeypatch.setattr(bias, "MAX_FULL", 3)
    assert shown(2) < shown(1)
    assert len(shown(2)) == 7
