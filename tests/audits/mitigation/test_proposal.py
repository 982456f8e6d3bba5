"""Mitigation proposals: narrower gaps on rows that nothing was learned on, and their price."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audits.kinds import mitigation as kind
from audits.kinds.base import InputsRejected, get
from audits.measures.bias import open_for
from audits.measures.plan import plan_from
from audits.mitigation.learning import reweighing
from audits.mitigation.proposal import NoProposal, proposal
from tests.audits.measures.made import csv_of
from tests.audits.mitigation.made import HEADER, PLAN, unfair
from tests.audits.test_kind_bias import Given, inputs

GERMAN = Path(__file__).parents[3].parent / "shared" / "data" / "tables" / "german.data.gz"


def proposed(table: bytes, **changes: Any) -> dict[str, Any]:
    plan = plan_from(PLAN | changes)
    with open_for(io.BytesIO(table), plan) as opened:
        return proposal(opened, plan, seed=3)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return proposed(unfair())


def test_weights_make_label_and_group_independent() -> None:
    random = np.random.default_rng(0)
    group = random.integers(0, 3, 900)
    label = random.random(900) < 0.2 + 0.2 * group

    weights = reweighing(label, group)

    shares = [np.average(label[group == one], weights=weights[group == one]) for one in range(3)]
    assert shares == pytest.approx([label.mean()] * 3)
    assert weights.sum() == pytest.approx(900)
    assert [weights[group == one].sum() for one in range(3)] == pytest.approx(np.bincount(group))


@pytest.mark.skipif(not GERMAN.exists(), reason="the table of German credit is not here")
def test_oracle_v20_weights_leave_german_credit_without_a_gap() -> None:
    """AIF360's tutorial has -.169905 before and 0 after on a split that it does not publish; here are all rows."""
    with gzip.open(GERMAN, "rt") as file:
        rows = [line.split() for line in file]
    old = np.array([int(row[12]) >= 25 for row in rows])
    good = np.array([row[20] == "1" for row in rows])

    weights = reweighing(good, old.astype(np.int64))

    gaps = [
        np.average(good[~old], weights=weight[~old]) - np.average(good[old], weights=weight[old])
        for weight in (np.ones(len(rows)), weights)
    ]
    assert len(rows) == 1_000
    assert gaps[0] == pytest.approx(-0.169905, abs=0.05)
    assert gaps[1] == pytest.approx(0, abs=1e-12)


def test_every_way_is_told_with_accuracy_and_gap_before_and_after(document: dict[str, Any]) -> None:
    told = {one["method"]: one for one in document["methods"]}

    assert list(told) == ["present", "refit", "reweighing", "reductions", "thresholds"]
    assert told["present"]["verdict"] == "fail"
    for one in told.values():
        (gap,) = one["gaps"]
        assert gap["ci_low"] <= gap["value"] <= gap["ci_high"]
        assert one["accuracy"]["n"] == document["rows_tested"] == 800
    assert told["thresholds"]["gaps"][0]["worst"] > told["present"]["gaps"][0]["worst"] + 0.2
    assert told["reductions"]["gaps"][0]["worst"] > 0.8
    assert (told["thresholds"]["needs_group"], told["reweighing"]["needs_group"]) == (True, False)


def test_the_suggested_way_is_better_by_the_audit_that_all_are_judged_by(document: dict[str, Any]) -> None:
    told = {one["method"]: one for one in document["methods"]}

    assert document["verdict"] == "proposal"
    assert document["suggested"] in ("reweighing", "reductions", "thresholds")
    assert told[document["suggested"]]["verdict"] in ("warn", "pass")
    assert document["aim"]["metric"] == "demographic_parity_ratio"


def test_what_is_present_is_measured_on_the_other_half_of_the_table_itself(document: dict[str, Any]) -> None:
    lines = [line.split(b",") for line in unfair().splitlines()[1:]]
    accuracy = np.mean([one[0] == one[1] for one in lines])

    assert document["methods"][0]["accuracy"]["value"] == pytest.approx(accuracy, abs=0.04)


def test_the_same_seed_and_another_order_of_rows_give_the_same_proposal(document: dict[str, Any]) -> None:
    head, *lines = unfair().splitlines()

    again = proposed(b"\n".join([head, *lines[::-1], b""]))

    assert again["digest"] == document["digest"]


def test_equalized_odds_are_aimed_at_where_they_decide() -> None:
    document = proposed(unfair(1_000), gating=["equalized_odds_difference"], score="score")

    assert document["constraint"] == "equalized_odds"
    told = {one["method"]: one for one in document["methods"]}
    assert told["thresholds"]["gaps"][0]["worst"] < told["present"]["gaps"][0]["worst"]


def test_decisions_that_are_fair_already_get_no_proposal() -> None:
    random = np.random.default_rng(1)
    lines = [f"{at % 2},{at % 2},{'ab'[at // 2 % 2]},{random.normal():.3f},n,0.5" for at in range(800)]

    document = proposed(csv_of(lines, HEADER))

    assert (document["verdict"], document["suggested"]) == ("no_better", None)


@pytest.mark.parametrize(
    ("table", "changes", "code"),
    [
        (unfair(100), {}, "too_few_rows"),
        (unfair(400), {"features": []}, "features_missing"),
        (
            csv_of([f"{at % 2},{at // 2 % 2},{'ab'[at // 4 % 2]},1,n,0" for at in range(400)], HEADER),
            {},
            "no_feature_varies",
        ),
        (csv_of([f"{at % 2},{at // 2 % 2},a,{at},n,0" for at in range(400)], HEADER), {}, "nothing_to_compare"),
    ],
)
def test_what_a_proposal_cannot_be_made_of_is_refused(table: bytes, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(NoProposal) as refused:
        proposed(table, **changes)

    assert refused.value.code == code


def test_the_kind_gives_one_finding_with_the_price() -> None:
    outcome = kind.run(Given(inputs(plan=PLAN), unfair(1_000)))

    assert outcome.verdict in get("mitigation").verdicts
    (draft,) = outcome.drafts
    assert draft.code == "mitigation.proposed"
    assert set(draft.params) == set(kind.CODES[draft.code])
    assert draft.params["after"] > draft.params["before"]


def test_a_worker_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = kind.importlib.util.find_spec
    monkeypatch.setattr(kind.importlib.util, "find_spec", lambda name: None if name == "fairlearn" else found(name))

    with pytest.raises(InputsRejected, match="requirements/mitigation.txt") as refused:
        kind.run(Given(inputs(plan=PLAN), unfair(400)))

    assert refused.value.code == "extra_missing"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"plan": PLAN | {"features": []}}, "features_missing"),
        ({"plan": None}, "plan_missing"),
        ({"predictions": None}, "predictions_missing"),
        ({"plan": PLAN | {"features": ["=1+1"]}}, "column_missing"),
    ],
)
def test_inputs_that_cannot_be_used_are_refused_with_a_code(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(InputsRejected) as refused:
        kind.run(Given(inputs(**({"plan": PLAN} | changes)), unfair(400)))

    assert refused.value.code == code
