"""Relations that answers about rows of a table keep or break: models of which one knows what they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from audits.measures.plan_values import PlanRejected
from audits.measures.stress.answers import Answers
from audits.measures.stress.tabular.auditing import audit_tabular
from audits.measures.stress.tabular.changing import GATING, INFORMATIVE, changes
from audits.measures.stress.tabular.plan import TabularPlan, tabular_plan_from

N = 400
RANDOM = np.random.default_rng(7)
FRAME: dict[str, Any] = {
    "income": RANDOM.uniform(10, 100, N),
    "age": np.round(RANDOM.uniform(18, 80, N)),
    "owner": (RANDOM.random(N) < 0.5).astype(float),
    "number": np.arange(N).astype(float),
    "town": np.array(RANDOM.choice(["Riga", "Paris"], N), dtype=object),
}
PLAN = TabularPlan(
    irrelevant=("number",),
    monotone={"income": "increasing", "age": "decreasing"},
    renames={"town": {"Riga": "RIX"}},
    units={"income": 1000.0},
    draws=2,
)
LIMITS: dict[str, Any] = {"warn_at": 0.05, "fail_at": 0.1, "min_rows": 30, "seed": 3}


def steady(frame: Mapping[str, Any]) -> Answers:
    """Yes from an income of 50 on; the score rises with it and falls with age."""
    with np.errstate(over="ignore", invalid="ignore"):
        score = 1 / (1 + np.exp(-np.clip(frame["income"] - 50 - frame["age"] / 1000, -700, 700)))
    return answers(score)


def answers(score: Any) -> Answers:
    known = np.isfinite(score)
    return Answers(
        np.where(score > 0.5, "true", "false").astype(object),
        np.where(known, score, np.nan),
        known,
        np.zeros(len(score), dtype=bool),
    )


def rows_of(document: Mapping[str, Any], relation: str, column: str | None = None) -> list[dict[str, Any]]:
    return [row for row in document["rows"] if row["relation"] == relation and column in (None, row["column"])]


def audit(ask: Any, plan: TabularPlan = PLAN, frame: Mapping[str, Any] = FRAME) -> dict[str, Any]:
    return audit_tabular(frame, ask(frame).words, plan, ask, **LIMITS)


def test_a_model_that_keeps_every_relation_passes_and_is_told_what_it_makes_of_the_odd():
    document = audit(steady)

    assert document["verdict"] == "pass"
    assert {row["relation"] for row in document["rows"]} == {*GATING, *INFORMATIVE}
    for row in rows_of(document, "irrelevant") + rows_of(document, "renamed") + rows_of(document, "monotone"):
        assert (row["k"], row["lost"], row["verdict"]) == (0, 0, "pass")
        assert row["n"] > 0
    # noise turns the answers of the rows that lie within its reach of the cut and of no others
    noise = rows_of(document, "noise")
    assert [row["severity"] for row in noise] == [1, 2, 3, 4, 5]
    near = np.abs(FRAME["income"] - 50 - FRAME["age"] / 1000) < 0.01 * 51
    assert 0 < noise[4]["worst"]["k"] <= near.sum()
    assert noise[0]["k"] <= noise[4]["k"]
    assert noise[4]["n"] == N
    # a missing income is answered by nothing: told, for information
    (missing,) = rows_of(document, "missing", "income")
    assert (missing["role"], missing["lost"], missing["k"]) == ("informative", N, 0)
    assert "verdict" not in missing
    (unit,) = rows_of(document, "unit")
    below = int((FRAME["income"] < 50 + FRAME["age"] / 1000).sum())
    assert unit["k"] == below  # all of them are yes in the other unit
    assert document["clean"]["accuracy"]["value"] == 1


@pytest.mark.parametrize(
    ("broken", "relation", "column"),
    [
        (lambda f: answers(np.where(f["number"] % 2 == 0, 0.9, 0.1)), "irrelevant", "number"),
        (lambda f: answers(1 / (1 + np.exp(np.clip(f["income"] - 50, -700, 700)))), "monotone", "income"),
        (lambda f: answers(1 / (1 + np.exp(-np.clip(f["age"] - 50, -700, 700)))), "monotone", "age"),
        (lambda f: answers(np.where(f["town"] == "Riga", 0.9, 0.1)), "renamed", "town"),
        (lambda f: answers((f["income"] * 1e4 % 1 > 0.5) * 0.8 + 0.1), "noise", ""),
    ],
)
def test_a_model_that_breaks_a_relation_fails_by_it(broken: Any, relation: str, column: str):
    document = audit(broken)

    rows = rows_of(document, relation, column)
    assert "fail" in {row["verdict"] for row in rows}
    assert document["verdict"] == "fail"
    judged = {(row["relation"], row["column"]) for row in document["rows"] if row.get("verdict") == "fail"}
    assert (relation, column) in judged
    assert document["cases_total"] >= len(document["cases"]) > 0
    case = next(one for one in document["cases"] if (one["relation"], one["column"]) == (relation, column))
    if relation in ("irrelevant", "renamed"):
        assert case["value"] != case["changed"]
        assert case["before"] != case["after"]


def test_the_worst_of_several_draws_stands_beside_their_average():
    """Half of all answers are by lot, so that a row keeps its answer through k draws once in 2^k."""

    def by_lot(frame: Mapping[str, Any]) -> Answers:
        return answers(np.where(np.modf(np.abs(frame["income"]) * 12345.678)[0] > 0.5, 0.9, 0.1))

    row = rows_of(audit(by_lot, TabularPlan(draws=4)), "noise")[4]

    assert row["value"] == pytest.approx(0.5, abs=0.05)
    assert row["worst"]["value"] == pytest.approx(1 - 0.5**4, abs=0.05)
    assert row["worst"]["ci_low"] > row["ci_high"]


def test_only_what_is_changed_differs_and_a_seed_changes_it_alike():
    made = list(changes(FRAME, PLAN, seed=1))
    again = list(changes(FRAME, PLAN, seed=1))

    for one, other in zip(made, again, strict=True):
        differing = set()
        for name, column in one.frame.items():
            np.testing.assert_array_equal(column, other.frame[name])
            if column.dtype.kind == "O":
                unlike = column != FRAME[name]
            else:
                unlike = ~((column == FRAME[name]) | (np.isnan(column) & np.isnan(FRAME[name])))
            assert not (unlike & ~one.rows).any()
            if unlike.any():
                differing.add(name)
        assert differing <= ({one.column} if one.column else {"income", "age", "number"})
    exchanged = next(one for one in made if one.relation == "irrelevant")
    assert sorted(exchanged.frame["number"]) == sorted(FRAME["number"])
    noise = [one for one in made if one.relation == "noise" and one.severity == 5]
    assert np.abs(noise[0].frame["income"] / FRAME["income"] - 1).max() <= 0.01
    # whole numbers stay whole, and a yes or no is not measured
    assert (noise[0].frame["age"] == np.round(noise[0].frame["age"])).all()
    assert noise[0].frame["owner"] is FRAME["owner"]
    more = next(one for one in changes({**FRAME, "z": FRAME["income"]}, PLAN, seed=1) if one.relation == "noise")
    np.testing.assert_array_equal(more.frame["income"], made[0].frame["income"])


def test_without_scores_a_direction_is_not_measured_and_that_is_no_pass():
    def without(frame: Mapping[str, Any]) -> Answers:
        found = steady(frame)
        return Answers(found.words, None, found.answered, found.refused)

    document = audit(without)

    (row, *_) = rows_of(document, "monotone")
    assert (row["verdict"], row["why"], row["value"]) == ("insufficient_data", "no_score", None)
    assert document["verdict"] == "insufficient_data"
    few = {name: column[:10] for name, column in FRAME.items()}
    assert audit(steady, frame=few)["verdict"] == "insufficient_data"
    constant = audit_tabular({"owner": FRAME["owner"]}, None, TabularPlan(), lambda f: answers(f["owner"]), **LIMITS)
    assert (constant["judged"], constant["verdict"]) == (0, "insufficient_data")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"irrelevant": ["absent"]}, "column_unknown"),
        ({"monotone": {"town": "increasing"}}, "column_of_texts"),
        ({"renames": {"age": {"1": "2"}}}, "column_of_numbers"),
        ({"monotone": {"age": "upwards"}}, "direction_unknown"),
        ({"units": {"age": -1}}, "unit_out_of_range"),
        ({"error": 0}, "error_out_of_range"),
        ({"errors": {"age": 2}}, "error_out_of_range"),
        ({"draws": 0}, "draws_out_of_range"),
        ({"colums": ["age"]}, "plan_key_unknown"),
        ({"units": [1]}, "plan_value_wrong"),
        ({"columns": ["a", "a"]}, "column_named_twice"),
        ({"columns": ["a"], "irrelevant": ["b"]}, "column_unknown"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(document: dict[str, Any], code: str):
    with pytest.raises(PlanRejected) as refused:
        list(changes(FRAME, tabular_plan_from(document), seed=0))

    assert refused.value.code == code


def test_a_plan_is_read_back_as_it_was_written():
    assert tabular_plan_from(PLAN.as_document()) == PLAN


def test_a_change_that_the_model_s_types_lose_shows_nothing():
    small = TabularPlan(error=1e-13)

    def told(frame: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: column if column.dtype == object else column.astype("float32").astype(float)
            for name, column in frame.items()
        }

    found = {
        name: audit_tabular(FRAME, None, small, lambda frame: steady(told(frame)), told=how, **LIMITS)
        for name, how in {"lost": told, "there": lambda frame: frame}.items()
    }

    assert {name: (one["verdict"], rows_of(one, "noise")[-1]["n"]) for name, one in found.items()} == {
        "lost": ("insufficient_data", 0),
        "there": ("pass", N),
    }
