"""The bias part of an audit plan: what it may say, and what is refused with the key and the way to mend it."""

from __future__ import annotations

from typing import Any

import pytest

from audits.measures.disparities import DISPARITIES
from audits.measures.naming import METRICS
from audits.measures.plan import BiasPlan, PlanRejected, plan_from
from tests.audits.measures.made import audited, plan_of, selected

PLAN: dict[str, Any] = {
    "label": "repaid",
    "prediction": "approved",
    "score": None,
    "positive": 1,
    "sensitive": ["race", "sex"],
    "reference": "best",
    "gating": ["demographic_parity_ratio"],
    "thresholds": {"demographic_parity_ratio": 0.8},
    "required_groups": {"race": ["black", "white"]},
    "min_group": 30,
    "data": "upload",
}


def test_a_plan_is_read_as_it_is_written_in_the_use_case() -> None:
    plan = plan_from(PLAN)

    assert plan == BiasPlan(
        label="repaid",
        prediction="approved",
        positive="1",
        sensitive=("race", "sex"),
        reference="best",
        gating=("demographic_parity_ratio",),
        thresholds={"demographic_parity_ratio": 0.8},
        required_groups={"race": ("black", "white")},
    )
    assert plan_from(plan.as_document()) == plan


def test_a_plan_that_says_little_gates_on_selection_and_odds() -> None:
    plan = plan_from({"label": "y", "prediction": "p", "sensitive": ["g"]})

    assert plan.gating == ("demographic_parity_ratio", "equalized_odds_difference")
    assert (plan.min_group, plan.reference, plan.required_groups) == (30, None, {})
    assert [DISPARITIES[metric].default_threshold for metric in plan.gating] == [0.8, 0.1]


@pytest.mark.parametrize("written", ["race=white", {"race": "white"}])
def test_a_reference_group_can_be_named(written: object) -> None:
    assert plan_from(PLAN | {"reference": written}).reference == {"race": "white"}


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"label": None}, "label_missing", "(label)"),
        ({"prediction": None}, "prediction_missing", "(prediction)"),
        ({"sensitive": []}, "sensitive_missing", "at least one"),
        ({"sensitive": "race"}, "plan_value_wrong", "sensitive must be a list"),
        ({"sensitive": [f"s{n}" for n in range(7)]}, "too_many_sensitive", "at most 6"),
        ({"sensitive": ["race", "approved"]}, "column_named_twice", "'approved' is named twice"),
        ({"gating": []}, "gating_missing", "at least one metric"),
        ({"gating": ["fairness"]}, "metric_unknown", "known: demographic_parity_difference"),
        ({"thresholds": {"demographic_parity_rato": 0.8}}, "metric_unknown", "demographic_parity_rato"),
        ({"thresholds": {"demographic_parity_ratio": 1.0}}, "threshold_out_of_range", "between 0 and 1"),
        ({"thresholds": {"demographic_parity_ratio": float("nan")}}, "threshold_out_of_range", "between 0 and 1"),
        ({"thresholds": {"demographic_parity_ratio": True}}, "plan_value_wrong", "must be a number"),
        ({"required_groups": {"age": ["old"]}}, "attribute_unknown", "'age' is not among"),
        ({"required_groups": {"race": "black"}}, "plan_value_wrong", "required_groups.race must be a list"),
        ({"reference": "white"}, "reference_unknown", "COLUMN=VALUE"),
        ({"reference": "age=old"}, "attribute_unknown", "'age' is not among"),
        ({"min_group": 0}, "min_group_out_of_range", "from 1"),
        ({"min_group": 30.5}, "plan_value_wrong", "a whole number"),
        ({"bootstrap": 5}, "bootstrap_out_of_range", "from 100"),
        ({"required_group": {"race": ["black"]}}, "plan_key_unknown", "no key 'required_group'"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(changes: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(PlanRejected) as refused:
        plan_from(PLAN | changes)

    assert refused.value.code == code
    assert words in str(refused.value)


def test_a_reference_group_that_the_table_lacks_is_named_with_those_it_has() -> None:
    with pytest.raises(PlanRejected, match="it has 'a', 'b'") as refused:
        audited(selected(a=(50, 100), b=(50, 100)), plan_of(reference={"group": "c"}))

    assert refused.value.code == "reference_not_found"


def test_every_metric_that_a_plan_may_name_can_be_measured() -> None:
    assert set(DISPARITIES) == set(METRICS)
    document = audited(selected(a=(50, 100), b=(60, 100)), plan_of(gating=METRICS))
    assert {row["metric"] for row in document["headline"]} == set(METRICS)
