"""Disparities by hand and by a second way, and what resampling adds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.measures.cube import Slices
from audits.measures.disparities import folded_limits, placed
from audits.measures.intervals import Z95, newcombe, simultaneous_z
from audits.measures.rates import RATES
from audits.measures.resampling import Bootstrap, generator, luck_p
from tests.audits.measures.made import audited, csv_of, disparity, examples, plan_of, rate, rows_of, selected

ODDS = (RATES["true_positive_rate"], RATES["false_positive_rate"])


def slices_of(*cells: tuple[int, int, int, int]) -> Slices:
    counts = np.array(cells, dtype=np.int64).reshape(-1, 2, 2)
    return Slices(("group",), tuple((f"g{n}",) for n in range(len(cells))), counts)


@settings(max_examples=examples(10))
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(60, 90)), min_size=2, max_size=4))
def test_a_gap_to_everybody_counts_the_group_among_everybody(groups: list[tuple[int, int]]) -> None:
    named = {f"g{number}": counts for number, counts in enumerate(groups)}
    k, n = sum(counts[0] for counts in groups), sum(counts[1] for counts in groups)

    document = audited(selected(**named), plan_of(reference="overall"))

    for name, (hits, size) in named.items():
        row = disparity(document, "demographic_parity_difference", group=name)
        assert row["comparator"] == {}
        assert row["value"] == pytest.approx(hits / size - k / n, abs=1e-9)
        # the group's share of everybody shrinks the gap to the others, and its limits with it
        others = (k - hits, n - size)
        expected = [float(limit) * (1 - size / n) for limit in newcombe(hits, size, *others)]
        assert [row["ci_low"], row["ci_high"]] == pytest.approx(expected, abs=1e-9)
        ratio = disparity(document, "demographic_parity_ratio", group=name)
        if k:
            assert ratio["value"] == pytest.approx((hits / size) / (k / n), abs=1e-9)


def test_equalized_odds_is_the_worst_of_two_rates_with_limits_that_hold_for_both() -> None:
    groups = {"a": (450, 150, 120, 480), "b": (200, 100, 90, 210)}

    document = audited(csv_of(rows_of(groups)), plan_of(bootstrap=0))

    row = disparity(document, "equalized_odds_difference", group="b")
    z = simultaneous_z(2)
    tpr, fpr = newcombe(210, 300, 480, 600, z), newcombe(100, 300, 150, 600, z)
    assert row["value"] == pytest.approx(0.1)
    assert row["decided_by"] == "true_positive_rate"
    assert row["ci_low"] == pytest.approx(max(-float(tpr[1]), float(fpr[0])), abs=1e-9)
    assert row["ci_high"] == pytest.approx(max(-float(tpr[0]), float(fpr[1])), abs=1e-9)
    each = [disparity(document, f"{part['rate']}_difference", group="b")["p"] for part in row["parts"]]
    assert row["p"] == pytest.approx(1 - (1 - min(each)) ** 2, rel=1e-6)


def test_the_limits_of_equalized_odds_are_never_those_of_a_single_rate() -> None:
    document = audited(csv_of(rows_of({"a": (450, 150, 120, 480), "b": (200, 100, 90, 210)})), plan_of(bootstrap=2_000))

    worst = disparity(document, "equalized_odds_difference", group="b")
    alone = disparity(document, "true_positive_rate_difference", group="b")
    assert worst["ci_high"] > -alone["ci_low"]
    assert "max-t bootstrap of 2000" in worst["method"]


def test_a_ratio_is_turned_so_that_it_is_at_most_one() -> None:
    value, low, high = folded_limits(
        "ratio", np.array([2.0, 0.5, 1.1]), np.array([1.6, 0.4, 0.9]), np.array([2.5, 0.6, 1.3])
    )

    assert value == pytest.approx([0.5, 0.5, 1 / 1.1])
    assert low == pytest.approx([0.4, 0.4, 1 / 1.3])
    assert high == pytest.approx([1 / 1.6, 0.6, 1.0])


def test_a_difference_loses_its_sign() -> None:
    value, low, high = folded_limits("difference", np.array([-0.3, 0.1]), np.array([-0.4, -0.1]), np.array([-0.2, 0.3]))

    assert value == pytest.approx([0.3, 0.1])
    assert low == pytest.approx([0.2, 0.0])
    assert high == pytest.approx([0.4, 0.3])


@pytest.mark.parametrize(
    ("low", "high", "sides", "beyond", "within"),
    [
        (0.60, 0.79, "low", True, False),
        (0.60, 0.80, "low", False, False),
        (0.80, 1.20, "low", False, True),
        (0.85, 1.40, "low", False, True),
        (0.85, 1.40, "both", False, False),
        (0.85, 1.25, "both", False, True),
        (1.26, 1.40, "both", True, False),
        (1.26, 1.40, "low", False, True),
    ],
)
def test_an_interval_is_beyond_a_ratio_of_four_fifths_or_of_its_inverse_only_as_a_whole(
    low: float, high: float, sides: str, beyond: bool, within: bool
) -> None:
    found = placed("ratio", np.array([low]), np.array([high]), 0.8, sides)

    assert [bool(one[0]) for one in found] == [beyond, within]


def test_the_joint_quantile_of_two_independent_rates_is_sidaks() -> None:
    slices = slices_of((450, 150, 120, 480), (200, 100, 90, 210))
    bootstrap = Bootstrap(slices, replicates=20_000, random=generator(0, "test"))

    assert bootstrap.joint_z(ODDS, [1], [[0], [0]]) == pytest.approx(simultaneous_z(2), abs=0.03)
    assert bootstrap.joint_z(ODDS[:1], [1], [[0]]) == Z95


def test_more_comparisons_need_wider_intervals_but_fewer_than_bonferroni_thinks() -> None:
    slices = slices_of(*[(100, 100, 100, 100)] * 5)
    bootstrap = Bootstrap(slices, replicates=5_000, random=generator(0, "test"))
    pairs = [(one, other) for one in range(5) for other in range(one)]

    z = bootstrap.joint_z((RATES["selection_rate"],), [one for one, _ in pairs], [[other for _, other in pairs]])

    # all pairs of five groups share groups: Tukey's studentised range gives 3.86 / sqrt(2)
    assert z == pytest.approx(3.86 / 2**0.5, abs=0.08)
    assert z < simultaneous_z(10, independent=False)


def test_a_group_without_a_single_success_still_varies_in_the_bootstrap() -> None:
    slices = slices_of((0, 0, 50, 0), (20, 20, 20, 20))
    bootstrap = Bootstrap(slices, replicates=1_000, random=generator(0, "test"))

    assert Z95 <= bootstrap.joint_z(ODDS, [1], [[0], [0]]) <= simultaneous_z(2, independent=False)


def test_luck_makes_wide_gaps_between_small_groups_and_not_between_large_ones() -> None:
    small = slices_of((4, 6, 4, 6), (6, 4, 6, 4))
    large = slices_of((400, 600, 400, 600), (600, 400, 600, 400))
    rates = (RATES["selection_rate"],)

    by_luck = luck_p(small, rates, "difference", replicates=2_000, random=generator(0, "test"))
    really = luck_p(large, rates, "difference", replicates=2_000, random=generator(0, "test"))

    # Fisher's exact test of 12 of 20 against 8 of 20 says .343
    assert by_luck == pytest.approx(0.343, abs=0.04)
    assert really == pytest.approx(1 / 2_001)


def test_numbers_drawn_for_one_purpose_do_not_depend_on_what_else_is_drawn() -> None:
    assert generator(1, "a").random() == generator(1, "a").random()
    assert len({generator(seed, word).random() for seed in (1, 2) for word in ("a", "b")}) == 4


def test_equal_weights_change_nothing_and_unequal_ones_widen_the_interval() -> None:
    lines = rows_of({"a": (40, 60, 30, 70), "b": (70, 30, 60, 40)})
    header = "label,prediction,group,weight"

    plain = audited(csv_of(lines))
    equal = audited(csv_of([f"{line},0.1" for line in lines], header), plan_of(weights="weight"))
    unequal = audited(
        csv_of([f"{line},{1 + 4 * (n % 2)}" for n, line in enumerate(lines)], header), plan_of(weights="weight")
    )

    before, same, wider = (rate(one, "selection_rate", group="a") for one in (plain, equal, unequal))
    assert (same["value"], same["ci_low"], same["ci_high"]) == pytest.approx(
        (before["value"], before["ci_low"], before["ci_high"])
    )
    assert plain["verdict"] == equal["verdict"]
    assert wider["ci_high"] - wider["ci_low"] > before["ci_high"] - before["ci_low"]
    assert "weighted" in disparity(unequal, "demographic_parity_ratio", group="b")["method"]
