"""What was not looked at is no clean bill: each way of seeing nothing has its finding, and none of them passes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from audits.measures.data import near
from audits.measures.data.plan import DataPlan, data_plan_from
from audits.measures.data.reasons import CODES, UNJUDGED
from audits.measures.plan_values import PlanRejected
from governance.evidence.wording.data import SENTENCES
from tests.audits.measures.data.tables import audited, chances, codes, csv, found, varied

ROWS = 200


def table(label: Any = None, **more: Any) -> bytes:
    """Clean rows ``number,text`` with further columns, each given by a function of the row's number."""
    columns = {"label": label, **more} if label is not None else more
    rows = [
        ",".join([row, *(str(made(number)) for made in columns.values())]) for number, row in enumerate(varied(ROWS))
    ]
    return csv(",".join(["number", "text", *columns]), rows)


def test_clean_rows_pass_so_that_what_follows_is_seen() -> None:
    document = audited(table(lambda row: row % 2, split=lambda row: ("train", "test")[row % 3 == 0]), label="label")

    assert (document["verdict"], codes(document) - {"data.language_undetermined"}) == ("pass", set())


@pytest.mark.parametrize(
    ("label", "code", "verdict"),
    [
        (lambda row: "yes", "data.label_says_nothing", "no_information"),
        (lambda row: "", "data.label_says_nothing", "no_information"),
        (lambda row: f"c{row}", "data.label_is_id", "no_information"),
        (lambda row: row + 1_000, "data.label_is_id", "no_information"),
        (lambda row: f"an answer of {row} long words and more", "data.label_is_id", "no_information"),
        (lambda row: f"c{row * 2 // 3}", "data.label_many_classes", "insufficient_data"),
        (lambda row: row * 2 // 3, "data.label_many_classes", "insufficient_data"),
    ],
)
def test_a_label_that_tells_nothing_never_passes(label: Any, code: str, verdict: str) -> None:
    document = audited(table(label), label="label")

    assert document["verdict"] == verdict
    assert code in codes(document)
    assert document["classes"] == []


def test_ten_thousand_classes_are_not_a_label() -> None:
    rows = [f"{row},{number // 2}c" for number, row in enumerate(varied(20_000))]

    document = audited(csv("number,text,label", rows), label="label")

    assert document["verdict"] == "insufficient_data"
    assert found(document, "data.label_many_classes") == {"column": "label", "values": 10_000, "limit": 100}


def test_a_quantity_has_no_classes_and_can_be_given_away() -> None:
    random = np.random.default_rng(0)
    amount = random.gamma(2.0, size=ROWS)
    leaking = table(lambda row: f"{amount[row]:.4f}", paid=lambda row: f"{amount[row] * 1.2 + row * 1e-6:.5f}")
    honest = table(lambda row: f"{amount[row]:.4f}", age=lambda row: row % 60)

    told, quiet = audited(leaking, label="label"), audited(honest, label="label")

    assert found(told, "data.target_leak", "paid")["auc"] == 1.0
    assert "data.target_leak" not in codes(quiet)
    assert quiet["verdict"] == "pass"
    assert found(quiet, "data.label_is_number")["value"] == f"> {quiet['label_above']:g}"
    assert quiet["label_above"] == pytest.approx(np.median(np.round(amount, 4)))


def test_whole_numbers_are_a_quantity_where_the_plan_says_so() -> None:
    data = table(lambda row: row * 2 // 3, price=lambda row: row)

    document = audited(data, label="label", label_kind="number")

    assert "data.label_is_number" in codes(document)
    assert found(document, "data.target_leak", "price")["auc"] == 1.0


def test_one_value_above_which_nobody_is_still_splits_a_quantity() -> None:
    document = audited(table(lambda row: min(row, 60)), label="label", label_kind="number")

    assert document["target_leaks"]
    assert document["label_above"] < 60


@pytest.mark.parametrize(
    "plan",
    [
        {"ignore": ("number", "text")},
        {"ignore": ("text",), "split": "number"},
        {"ignore": ("number", "text", "label"), "label": "label"},
        {"ignore": ("number", "text"), "label": "label"},
    ],
)
def test_a_plan_that_leaves_everything_out_never_passes(plan: dict[str, Any]) -> None:
    data = table(lambda row: row % 2) if "label" in plan else csv("number,text", varied(ROWS))

    document = audited(data, **plan)

    assert document["verdict"] == "no_information"
    assert found(document, "data.nothing_compared")["columns"] == (3 if "label" in plan else 2)


@pytest.mark.parametrize("split", [lambda row: "train", lambda row: "", lambda row: f"fold {row % 30}"])
def test_splits_that_are_none_are_said_not_to_have_been_compared(split: Any) -> None:
    document = audited(table(split=split), split="split")

    assert document["verdict"] == "insufficient_data"
    assert found(document, "data.split_not_splits")["limit"] == 20


@pytest.mark.parametrize("person", [lambda row: "", lambda row: "ann"])
def test_a_group_that_tells_nobody_apart_never_passes(person: Any) -> None:
    data = table(person=person, split=lambda row: "ab"[row % 2])

    document = audited(data, split="split", group="person")

    assert "data.group_says_nothing" in codes(document)
    assert document["verdict"] in ("no_information", "fail")


@pytest.mark.parametrize("group", [lambda row: "f", lambda row: ""])
def test_one_group_is_no_comparison(group: Any) -> None:
    document = audited(table(sex=group), sensitive=("sex",))

    assert document["verdict"] == "no_information"
    assert "data.groups_too_few" in codes(document)


def test_a_population_that_the_table_does_not_spell_is_not_met() -> None:
    data = table(sex=lambda row: "fm"[row % 2])

    document = audited(data, sensitive=("sex",), population={"sex": {"women": 0.5, "men": 0.5}})

    assert document["verdict"] == "insufficient_data"
    assert found(document, "data.population_not_met") == {"attribute": "sex", "rows": 0, "of": ROWS}
    assert document["representation"][0]["population"]["elsewhere"] == ROWS


def test_a_search_that_was_not_made_never_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "MAX_CHARACTERS", 100)

    assert audited(table())["verdict"] == "insufficient_data"


def test_what_is_grave_stays_grave_beside_what_was_not_seen() -> None:
    chance = chances(3)
    data = table(lambda row: "yes", mail=lambda row: f"a{chance.randrange(10**6)}@mail.example")

    assert audited(data, label="label")["verdict"] == "fail"


def test_every_way_of_seeing_nothing_says_how_to_mend_it() -> None:
    assert set(UNJUDGED) <= set(CODES)
    for code in UNJUDGED:
        sentence, mend = (str(part) for part in SENTENCES[code])
        named = set(re.findall(r"%\((\w+)\)", sentence + mend))
        assert named <= set(CODES[code][1]), code
        assert mend


@pytest.mark.parametrize(
    "document",
    [
        {"label": "y", "label_kind": "text"},
        {"label": "y", "probabilities": {"a\ud800": "p", "b": "q"}},
        {"sensitive": ["s"], "population": {"s": {"a\ud800": 0.5, "b": 0.5}}},
        {"ignore": ["\udcff"]},
    ],
)
def test_plans_that_no_document_can_hold_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(PlanRejected):
        data_plan_from(document)


def test_a_plan_is_read_back_as_it_was() -> None:
    plan = DataPlan(label="y", label_kind="number", split="s", ignore=("z",))

    assert data_plan_from(plan.as_document()) == plan
