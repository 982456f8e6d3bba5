"""Drift between two tables: kinds of columns, decisions, and what cannot be compared."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from audits.measures.drift.judging import Judged, decide, values_judged
from audits.measures.drift.measuring import drift_numeric
from audits.measures.drift.plan import DriftPlan
from audits.measures.drift.reasons import CODES
from audits.measures.drift.tables import audit_drift
from audits.measures.plan_values import PlanRejected
from audits.measures.tables import TableRejected
from audits.measures.tables.loading import load_table
from tests.audits.measures.made import LONG


def csv(**columns: Any) -> bytes:
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(str(cell) for cell in row) for row in rows), ""]).encode()


def compared(reference: bytes, current: bytes, **plan: Any) -> dict[str, Any]:
    return audit_drift(load_table(io.BytesIO(reference)), load_table(io.BytesIO(current)), DriftPlan(**plan))


def row(document: dict[str, Any], column: str) -> dict[str, Any]:
    (one,) = [row for row in document["columns"] if row["column"] == column]
    return dict(one)


def sample(rows: int, *, shift: float = 0.0, seed: int = 0, **more: Any) -> bytes:
    random = np.random.default_rng(seed)
    shares = [0.5, 0.3, 0.2] if not shift else [0.2, 0.3, 0.5]
    return csv(
        amount=np.round(random.normal(shift, 1, rows), 4),
        city=random.choice(["Riga", "Oslo", "Bonn"], rows, p=shares),
        **more,
    )


def test_columns_that_moved_fail_with_effect_q_and_floor() -> None:
    document = compared(sample(1_000), sample(1_000, shift=0.5, seed=1))

    assert document["verdict"] == "fail"
    assert (document["judged"], document["drifted"]) == (2, 2)
    amount, city = row(document, "amount"), row(document, "city")
    assert (amount["kind"], amount["effect_name"]) == ("numeric", "wasserstein_1_over_std")
    assert amount["effect"] > amount["threshold"] > amount["null_floor"]
    assert (city["kind"], city["test"], city["effect_name"]) == ("categorical", "chi_squared", "js_distance")
    assert all(one["p"] <= one["q"] <= 0.05 for one in (amount, city))
    assert {one["value"] for one in city["categories"]} == {"Riga", "Oslo", "Bonn"}
    assert {reason["code"] for reason in document["reasons"]} == {"drift.values_moved"}


def test_the_same_distribution_passes() -> None:
    document = compared(sample(2_000), sample(2_000, seed=1))

    assert document["verdict"] == "pass"
    assert document["reasons"] == []


def test_a_large_sample_makes_a_small_move_significant_and_no_drift() -> None:
    document = compared(
        sample(40_000),
        sample(
            40_000,
            shift=0.0,
            seed=1,
        ),
    )
    moved = csv(amount=np.round(np.random.default_rng(2).normal(0.05, 1, 40_000), 4))
    small = compared(csv(amount=np.round(np.random.default_rng(3).normal(0, 1, 40_000), 4)), moved)

    assert document["verdict"] == "pass"
    assert row(small, "amount")["q"] < 0.05
    assert small["verdict"] == "pass"


def test_few_rows_say_so_and_never_pass() -> None:
    tiny = compared(sample(20), sample(20, seed=1))
    noisy = compared(sample(60), sample(60, seed=1))

    assert tiny["verdict"] == "insufficient_data"
    assert noisy["verdict"] == "insufficient_data", "noise alone reaches the threshold with so few rows"
    assert {reason["code"] for reason in tiny["reasons"]} == {"drift.too_few_rows"}


def test_a_large_effect_that_may_be_chance_warns() -> None:
    judged = Judged("a", "js_distance", 0.2, 0.05, 0.2, 500, 500, 0.1, "default")

    decide([judged])

    assert judged.verdict == "warn"


def test_values_that_go_missing_are_drift_of_their_own() -> None:
    random = np.random.default_rng(0)
    full = csv(amount=random.normal(size=4_000), other=range(4_000))
    holes = [value if i % 4 else "" for i, value in enumerate(random.normal(size=4_000))]

    document = compared(full, csv(amount=holes, other=range(4_000)), columns=("amount",))

    amount = row(document, "amount")
    assert amount["missing"]["verdict"] == "fail"
    assert (amount["missing"]["reference"], amount["missing"]["current"]) == (0, 1_000)
    assert [reason["code"] for reason in document["reasons"]] == ["drift.missing_changed"]


def test_what_cannot_be_compared_is_said_and_is_no_pass() -> None:
    rows = range(100)
    reference = csv(id=rows, gone=[i % 7 for i in rows], kind=[i % 13 for i in rows], const=[1] * 100, hole=[""] * 100)
    current = csv(id=rows, fresh=rows, kind=["x"] * 100, const=[1] * 100, hole=[""] * 100)

    document = compared(reference, current)

    verdicts = {one["column"]: (one["verdict"], one.get("why")) for one in document["columns"]}
    assert verdicts == {
        "gone": ("insufficient_data", "column_gone"),
        "kind": ("insufficient_data", "kind_changed"),
        "hole": ("insufficient_data", "no_values"),
        "const": ("no_information", "constant"),
        "id": ("no_information", "id_like"),
    }
    assert document["columns_new"] == ["fresh"]
    assert document["verdict"] == "insufficient_data"


def test_constant_columns_alone_say_nothing() -> None:
    document = compared(csv(a=[1] * 50), csv(a=[1] * 50))

    assert document["verdict"] == "no_information"
    assert row(document, "a")["q"] is None


def test_a_constant_that_became_another_has_drifted() -> None:
    document = compared(csv(a=["x"] * 50), csv(a=["y"] * 50))

    assert document["verdict"] == "fail"
    assert row(document, "a")["new_share"] == 1.0


def test_infinite_values_are_left_out_and_counted() -> None:
    random = np.random.default_rng(0)
    values = [*np.round(random.normal(size=300), 3), "inf", "-inf"]

    document = compared(csv(a=values), csv(a=[*np.round(random.normal(size=301), 3), "inf"]))

    assert row(document, "a")["not_finite"] == {"reference": 2, "current": 1}
    assert row(document, "a")["n_reference"] == 300
    assert "drift.not_finite" in {reason["code"] for reason in document["reasons"]}


def test_long_texts_are_compared_by_their_length() -> None:
    reference = csv(note=[f"note {i} {'x' * (i % 40)}" for i in range(2_000)])
    current = csv(note=[f"note {i} {'x' * (i % 80)}" for i in range(2_000)])

    document = compared(reference, current)

    assert row(document, "note")["kind"] == "text"
    assert document["verdict"] == "fail"


def test_kinds_can_be_said() -> None:
    table = csv(code=[i % 500 for i in range(2_000)])

    assert row(compared(table, table), "code")["kind"] == "numeric"
    assert row(compared(table, table, categorical=("code",)), "code")["kind"] == "categorical"


@pytest.mark.parametrize(
    "plan",
    [
        {"thresholds": {"psi": 0.1}},
        {"thresholds": {"js_distance": 0.0}},
        {"thresholds": {"js_distance": float("nan")}},
        {"min_rows": 1},
        {"numeric": ("a",), "categorical": ("a",)},
    ],
)
def test_a_plan_that_means_nothing_is_refused(plan: dict[str, Any]) -> None:
    with pytest.raises(PlanRejected) as refused:
        DriftPlan(**plan)

    assert refused.value.code == "threshold_rejected"


def test_a_column_that_is_asked_for_must_be_there() -> None:
    with pytest.raises(TableRejected, match="no column 'b'"):
        compared(csv(a=[1]), csv(a=[1]), columns=("b",))


def test_thresholds_that_are_set_say_so() -> None:
    document = compared(sample(1_000), sample(1_000, shift=0.2, seed=1), thresholds={"wasserstein_1_over_std": 0.5})

    assert row(document, "amount")["verdict"] == "pass"
    assert row(document, "amount")["threshold_source"] == "set by who asked"
    assert "default" in row(document, "city")["threshold_source"]


def test_the_order_of_rows_and_the_process_change_nothing() -> None:
    reference, current = sample(500), sample(500, shift=0.3, seed=1)
    head, *lines = current.decode().strip().split("\n")
    turned = "\n".join([head, *reversed(lines)]).encode()

    assert compared(reference, current)["digest"] == compared(reference, turned)["digest"]


def test_reasons_carry_what_their_codes_promise() -> None:
    documents = [
        compared(sample(1_000), sample(1_000, shift=0.5, seed=1)),
        compared(sample(20), sample(20, seed=1)),
        compared(csv(a=[1] * 50), csv(b=[1] * 50)),
    ]

    for document in documents:
        for reason in document["reasons"]:
            assert set(CODES[reason["code"]][1]) <= set(reason["params"])


@pytest.mark.parametrize("rows", [501, pytest.param(100, marks=pytest.mark.long)])
def test_a_family_without_drift_is_called_drifted_at_most_as_often_as_said(rows: int) -> None:
    """The false alarm of a whole table of ten columns stays within the level, by Benjamini-Hochberg."""
    runs = 1_000 if LONG else 25
    random = np.random.default_rng(rows)
    alarms = significant = 0
    for _ in range(runs):
        columns = [drift_numeric(*random.normal(size=(2, rows))) for _ in range(10)]
        questions = [values_judged(str(number), found, thresholds={}) for number, found in enumerate(columns)]
        decide(questions)
        alarms += any(one.verdict == "fail" for one in questions)
        significant += any(one.q <= 0.05 for one in questions)

    assert significant / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    assert alarms <= significant
