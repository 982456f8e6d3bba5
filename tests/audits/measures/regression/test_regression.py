"""Against the approved version: pairing, the change of accuracy and gaps, and when it is called worse."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from audits.measures.intervals import newcombe
from audits.measures.plan import BiasPlan, PlanRejected, Regression, plan_from
from audits.measures.regression import regression_of
from audits.measures.regression.change import mcnemar
from audits.measures.regression.document import reasons_of
from audits.measures.regression.reading import open_for_regression
from audits.measures.tables import TableRejected
from tests.audits.measures.made import LONG, csv_of, plan_of

PLAN = plan_of(gating=("demographic_parity_difference", "demographic_parity_ratio"), bootstrap=1_000)


def compared(new: bytes, old: bytes, plan: BiasPlan = PLAN, *, seed: int = 0) -> dict[str, Any]:
    with open_for_regression(io.BytesIO(new), plan) as one, open_for_regression(io.BytesIO(old), plan) as other:
        return regression_of(one, other, plan, seed=seed)


def people(n: int, *, seed: int = 0, wrong: float = 0.2, unfair: float = 0.0, chance: int = 0) -> list[str]:
    """Lines label, prediction, group of the same people for one ``seed``; ``chance`` draws the model's errors."""
    # 1 +: to numpy [seed, 0] is the same seed as seed, and the errors would follow the people.
    who, luck = np.random.default_rng(seed), np.random.default_rng([seed, 1 + chance])
    label, group = who.random(n) < 0.5, who.random(n) < 0.5
    prediction = label ^ (luck.random(n) < wrong)
    prediction &= ~(group & (luck.random(n) < unfair))
    return [f"{int(y)},{int(p)},{'ab'[int(g)]}" for y, p, g in zip(label, prediction, group, strict=True)]


def row(document: Mapping[str, Any], metric: str) -> Mapping[str, Any]:
    (found,) = [one for one in document["comparisons"] if one["metric"] == metric]
    return found


def test_the_same_people_judged_twice_are_paired_by_position_and_the_margin_is_a_choice() -> None:
    table = csv_of(people(4_000))

    document = compared(table, table)

    assert (document["paired"], document["verdict"]) == ("position", "not_worse")
    assert (document["margin"], document["margin_source"]) == (0.01, "choice")
    assert row(document, "accuracy")["value"] == 0
    assert {one["verdict"] for one in document["comparisons"]} == {"not_worse"}
    assert reasons_of(document) == []


def test_a_version_that_errs_more_is_worse_with_a_reason_of_its_own() -> None:
    document = compared(csv_of(people(2_000, wrong=0.35)), csv_of(people(2_000, wrong=0.2, chance=1)))

    found = row(document, "accuracy")
    assert (document["verdict"], found["verdict"]) == ("worse", "worse")
    assert found["ci_low"] < found["value"] < found["ci_high"] < -0.01
    assert found["value"] == pytest.approx(found["new"] - found["old"])
    (reason,) = [one for one in reasons_of(document) if one["code"] == "regression.accuracy_lower"]
    assert reason["locus"] == "regression accuracy"
    assert reason["params"]["margin"] == 0.01


def test_a_wider_gap_is_told_for_the_group_even_where_accuracy_is_no_worse() -> None:
    plan = plan_of(gating=("demographic_parity_difference",), regression=Regression(margin=0.05))

    document = compared(csv_of(people(4_000, wrong=0.0, unfair=0.4)), csv_of(people(4_000, wrong=0.3)), plan)

    assert row(document, "accuracy")["verdict"] == "not_worse"
    found = row(document, "demographic_parity_difference")
    assert found["verdict"] == "worse"
    assert found["slice"] in ({"group": "a"}, {"group": "b"})
    (reason,) = reasons_of(document)
    assert reason["code"] == "regression.gap_wider"
    assert document["margin_source"] == "plan"


def test_few_rows_leave_it_open() -> None:
    document = compared(csv_of(people(150, wrong=0.25)), csv_of(people(150, wrong=0.2, chance=1)))

    assert document["verdict"] == "inconclusive"
    assert reasons_of(document) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda lines: lines[:-1], "no_row_ids"),
        (lambda lines: [line.replace("a", "c") for line in lines], "other_rows"),
        (lambda lines: ["1" + line[1:] for line in lines[:300]] + lines[300:], "other_labels"),
    ],
)
def test_other_people_are_two_samples_and_it_is_said_why(change, why: str) -> None:
    document = compared(csv_of(change(people(1_000))), csv_of(people(1_000, chance=1)))

    assert (document["paired"], document["why_not_paired"]) == (None, why)
    assert row(document, "accuracy")["method"].startswith("unpaired")


def test_row_ids_pair_tables_in_any_order_and_of_unlike_length() -> None:
    header = "label,prediction,group,id"
    old = [f"{line},person{at}" for at, line in enumerate(people(900))]
    new = [f"{line},person{at}" for at, line in enumerate(people(900, wrong=0.3, chance=2))]
    plan = plan_of(regression=Regression(row_id="id"), gating=("demographic_parity_difference",))

    in_order = compared(csv_of(new[50:], header), csv_of(old, header), plan)
    turned = compared(csv_of(new[:49:-1], header), csv_of(old, header), plan)

    assert (in_order["paired"], in_order["rows"], in_order["old_rows"]) == ("row_id", 850, 850)
    assert in_order["comparisons"] == turned["comparisons"]
    twice = compared(csv_of([*new, new[0]], header), csv_of(old, header), plan)
    assert (twice["paired"], twice["why_not_paired"]) == (None, "row_ids_not_unique")
    others = [line.replace("person", "other") for line in old]
    assert compared(csv_of(new, header), csv_of(others, header), plan)["why_not_paired"] == "other_rows"


def test_unpaired_accuracy_has_newcombes_interval() -> None:
    new, old = people(700, wrong=0.3), people(800, seed=1)

    found = row(compared(csv_of(new), csv_of(old)), "accuracy")

    k1, k0 = (sum(line[0] == line[2] for line in lines) for lines in (new, old))
    assert (found["ci_low"], found["ci_high"]) == pytest.approx([float(one) for one in newcombe(k1, 700, k0, 800)])


@pytest.mark.parametrize(("better", "worse"), [(3, 12), (0, 0), (7, 7), (40, 61)])
def test_mcnemars_p_is_the_binomial_test(better: int, worse: int) -> None:
    expected = stats.binomtest(better, better + worse).pvalue if better + worse else 1.0

    assert mcnemar(better, worse) == pytest.approx(expected)


def test_pairing_tells_a_change_that_two_samples_cannot() -> None:
    old = people(1_500, wrong=0.2)
    new = [
        f"{line[0]},{1 - int(line[0])}{line[3:]}" if at % 25 == 0 else line for at, line in enumerate(old)
    ]  # one in 25 is now wrong

    paired = row(compared(csv_of(new), csv_of(old)), "accuracy")
    apart = row(compared(csv_of(new[1:]), csv_of(old)), "accuracy")

    assert paired["verdict"] == "worse"
    assert apart["verdict"] == "inconclusive"


def test_a_weight_of_two_for_everybody_changes_nothing_but_the_method() -> None:
    old, new = people(800), people(800, wrong=0.3, chance=1)
    plan = plan_of(weights="w", gating=("demographic_parity_difference",))
    header = "label,prediction,group,w"

    weighted = compared(csv_of([f"{one},2" for one in new], header), csv_of([f"{one},2" for one in old], header), plan)
    plain = compared(csv_of(new), csv_of(old), plan_of(gating=("demographic_parity_difference",)))

    for metric in ("accuracy", "demographic_parity_difference"):
        for key in ("old", "new", "value"):
            assert row(weighted, metric)[key] == pytest.approx(row(plain, metric)[key])
        assert row(weighted, metric)["ci_low"] == pytest.approx(row(plain, metric)["ci_low"], abs=0.003)


def test_an_equally_good_version_is_called_worse_by_luck_less_than_one_time_in_forty() -> None:
    runs, worse, covered = (400 if LONG else 60), 0, 0
    plan = plan_of(gating=("demographic_parity_difference",), regression=Regression(margin=0.0))
    for run in range(runs):
        old = csv_of(people(400, seed=run, chance=1, unfair=0.2))
        new = csv_of(people(400, seed=run, chance=2, unfair=0.2))
        document = compared(new, old, plan, seed=run)
        found = row(document, "accuracy")
        worse += found["verdict"] == "worse"
        gap = row(document, "demographic_parity_difference")
        covered += gap["ci_low"] <= 0 <= gap["ci_high"]

    assert stats.binom.sf(worse - 1, runs, 0.025) > 1e-4
    assert stats.binom.cdf(covered, runs, 0.95) > 1e-4


@pytest.mark.parametrize("paired", [True, False])
def test_rows_of_a_person_are_not_as_many_people(paired: bool) -> None:
    """Each person is asked six times and answered alike: without clusters half of the intervals would miss."""
    runs, covered, gaps, alone = (400 if LONG else 30), 0, 0, 0
    header = "label,prediction,group,person"
    given: dict[str, Any] = {"gating": ("demographic_parity_difference",), "bootstrap": 200}
    for run in range(runs):
        tables = [people(300, seed=run if paired else 2 * run + side, chance=side, unfair=0.2) for side in (0, 1)]
        old, new = (
            csv_of([f"{line},{person}" for person, line in enumerate(one) for _ in range(6)], header) for one in tables
        )
        document = compared(new, old, plan_of(cluster="person", **given), seed=run)
        assert bool(document["paired"]) == paired
        accuracy, gap = row(document, "accuracy"), row(document, "demographic_parity_difference")
        assert "clusters" in gap["method"]
        covered += accuracy["ci_low"] <= 0 <= accuracy["ci_high"]
        gaps += gap["ci_low"] <= 0 <= gap["ci_high"]
        plain = row(compared(new, old, plan_of(**given), seed=run), "accuracy")
        alone += plain["ci_low"] <= 0 <= plain["ci_high"]

    assert stats.binom.cdf(covered, runs, 0.95) > 1e-4
    assert stats.binom.cdf(gaps, runs, 0.95) > 1e-4
    assert alone / runs < 0.8


def test_the_same_answers_of_clusters_are_as_accurate_with_as_many_clusters() -> None:
    table = csv_of([f"{line},{at % 200}" for at, line in enumerate(people(800))], "label,prediction,group,person")
    found = row(compared(table, table, plan_of(cluster="person", gating=("demographic_parity_ratio",))), "accuracy")

    assert found["value"] == 0
    assert found["ci_high"] == pytest.approx(1.959964 / 202, abs=1e-6)


def test_the_same_seed_gives_the_same_document() -> None:
    new, old = csv_of(people(500, wrong=0.3)), csv_of(people(500))

    assert compared(new, old, seed=4) == compared(new, old, seed=4)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ({"margin": 1.0}, "margin_out_of_range"),
        ({"margin": "a lot"}, "plan_value_wrong"),
        ({"margins": 0.1}, "plan_key_unknown"),
        ({"row_id": "label"}, "column_named_twice"),
    ],
)
def test_what_cannot_be_a_margin_is_refused(written: object, code: str) -> None:
    with pytest.raises(PlanRejected) as refused:
        plan_from({"label": "label", "prediction": "p", "sensitive": ["g"], "regression": written})

    assert refused.value.code == code


def test_a_plan_with_a_margin_reads_back_and_one_without_says_nothing() -> None:
    plan = plan_of(regression=Regression(margin=0.02, row_id="id"))

    assert plan_from(plan.as_document()) == plan
    assert "regression" not in plan_of().as_document()


def test_an_approved_table_without_the_columns_is_refused() -> None:
    with pytest.raises(TableRejected):
        compared(csv_of(people(100)), csv_of(["1,1"], "label,prediction"))
