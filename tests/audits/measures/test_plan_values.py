"""What all parts of an audit plan refuse, refused by all of them in the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audits.measures.counterfactual.plan import counterfactual_plan_from
from audits.measures.data.plan import data_plan_from
from audits.measures.ll144.plan import ll144_plan_from
from audits.measures.plan import plan_from
from audits.measures.plan_values import PlanRejected
from audits.measures.suites.plan import suite_plan_from

# each part with what it needs at least, and a key that names a column
PARTS: dict[str, tuple[Callable[[Any], Any], dict[str, Any], str]] = {
    "bias": (plan_from, {"label": "y", "prediction": "p", "sensitive": ["g"]}, "score"),
    "ll144": (ll144_plan_from, {"sex": "s", "race": "r", "selected": "c"}, "selected"),
    "data": (data_plan_from, {}, "label"),
    "suite": (suite_plan_from, {}, "score"),
    "counterfactual": (counterfactual_plan_from, {}, "score"),
}
EACH = pytest.mark.parametrize("part", PARTS)


@EACH
@pytest.mark.parametrize("document", [[], "label", 5, None])
def test_a_part_of_a_plan_is_a_mapping(part: str, document: Any) -> None:
    read, _, _ = PARTS[part]

    with pytest.raises(PlanRejected, match=f"the {part} part of the plan must be a mapping") as refused:
        read(document)

    assert refused.value.code == "plan_not_a_mapping"


@EACH
def test_a_key_that_nobody_reads_is_refused_with_those_that_are_read(part: str) -> None:
    read, least, column = PARTS[part]

    with pytest.raises(PlanRejected, match=f"the {part} part of the plan has no key 'fairnes'.*'{column}'") as refused:
        read({**least, "fairnes": 1})

    assert refused.value.code == "plan_key_unknown"


@EACH
@pytest.mark.parametrize("value", ["", 5, ["a"], {"a": "b"}, True])
def test_a_column_is_named_by_a_text(part: str, value: Any) -> None:
    read, least, column = PARTS[part]

    with pytest.raises(PlanRejected, match=f"{column} must be the name of a column") as refused:
        read({**least, column: value})

    assert refused.value.code == "plan_value_wrong"


@pytest.mark.parametrize(
    ("part", "twice"),
    [
        ("bias", {"weights": "g"}),
        ("ll144", {"selected": "s"}),
        ("data", {"label": "a", "split": "a"}),
        ("suite", {"score": "prediction"}),
        ("counterfactual", {"score": "text"}),
    ],
)
def test_a_column_has_one_part(part: str, twice: dict[str, Any]) -> None:
    read, least, _ = PARTS[part]

    with pytest.raises(PlanRejected, match="is named twice; ") as refused:
        read({**least, **twice})

    assert refused.value.code == "column_named_twice"


@EACH
def test_a_part_reads_back_from_its_document(part: str) -> None:
    read, least, _ = PARTS[part]
    plan = read(least)

    assert read(plan.as_document()) == plan


@pytest.mark.parametrize(
    ("part", "key"),
    [("bias", "min_group"), ("suite", "min_cases"), ("counterfactual", "min_pairs")],
)
@pytest.mark.parametrize("value", [0, -1, 1_000_001, 10**400])
def test_a_smallest_number_is_one_that_can_be_asked_for(part: str, key: str, value: int) -> None:
    read, least, _ = PARTS[part]

    with pytest.raises(PlanRejected) as refused:
        read({**least, key: value})

    assert refused.value.code == f"{key}_out_of_range"


@pytest.mark.parametrize("value", [10**400, float("nan"), float("-inf"), "0.5", True])
@pytest.mark.parametrize(("part", "key"), [("suite", "tolerance"), ("counterfactual", "cut"), ("suite", "least")])
def test_a_number_is_one_that_can_be_computed_with(part: str, key: str, value: Any) -> None:
    read, _, _ = PARTS[part]

    with pytest.raises(PlanRejected):
        read({"score": "s", key: value})
