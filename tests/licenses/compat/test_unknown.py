"""What cannot be decided, and licences that are written as expressions."""

from __future__ import annotations

from typing import Any

import pytest

from licenses.compat import check
from tests.licenses.compat.cases import case


@pytest.mark.parametrize(
    ("upstream", "code"),
    [
        ({"license": "mit", "relation": "finetune", "known": False}, "U-MISSING"),
        ({"license": None, "relation": "finetune"}, "U-MISSING"),
        ({"license": "mit", "relation": "cousin"}, "U-RELATION"),
        ({"license": "mit", "relation": {"a": 1}}, "U-RELATION"),
        ({"license": "mit", "type": "dataset"}, "U-RELATION"),
        ({"license": "mit", "relation": "self"}, "U-RELATION"),
        ({"license": "mit", "relation": "finetune", "upstream": [{"id": "x"}]}, "U-MISSING"),
        ({"license": "cc-by-4.0", "relation": "code"}, "U-CELL"),
        ({"license": "intel-research", "relation": "finetune"}, "U-NOT-READ"),
        ({"license": ["mit", "cc-by-nc-4.0"], "relation": "finetune"}, "U-MULTI"),
    ],
)
def test_what_cannot_be_decided_is_unknown_with_its_code(upstream: dict[str, Any], code: str) -> None:
    answer = check(case("apache-2.0", [{"id": "org/up", **upstream}]))

    assert code in answer["codes"]
    assert answer["verdict"] in ("unknown", "conflict")


def test_nobody_granted_anything_where_card_and_files_are_silent() -> None:
    answer = check(case("mit", [{"id": "a/b", "license": None, "relation": "finetune", "files_checked": True}]))

    assert answer["codes"][0] == "C-NO-LICENSE"
    assert check(case(None, artefact={"files_checked": True}))["codes"][0] == "C-NO-LICENSE"


def test_a_relation_left_out_is_no_obstacle_where_all_that_it_could_be_agree() -> None:
    unsaid = [{"id": "org/up", "license": "mit"}]

    assert check(case("apache-2.0", unsaid, mode="internal", actor="licensor"))["verdict"] == "unknown"
    assert check(case("apache-2.0", [{"id": "u", "license": "cc0-1.0"}]))["verdict"] == "obligation"


def test_a_list_matters_only_where_sum_and_choice_differ() -> None:
    assert "U-MULTI" in check(case(["mit", "cc-by-nc-4.0"], mode="saas"))["codes"]
    assert check(case(["mit", "apache-2.0"], mode="saas"))["verdict"] == "pass"


def test_the_branch_of_an_or_that_was_taken_is_recorded() -> None:
    answer = check(case("apache-2.0", [("GPL-3.0-only OR MIT", "finetune")]))

    assert answer["verdict"] == "obligation"
    assert answer["choices"] == [
        {"chain": ["org/up0", "<artefact>"], "offered": ["GPL-3.0-only", "MIT"], "chosen": "MIT"}
    ]


def test_who_offers_a_choice_of_licences_offers_each_of_them() -> None:
    answer = check(case("cc-by-sa-4.0 OR MIT", [("cc-by-sa-4.0", "finetune")]))

    assert "C-SA" in answer["codes"]


def test_an_exception_is_named_and_not_judged() -> None:
    answer = check(case("GPL-3.0-only WITH GCC-exception-3.1", mode="internal"))

    assert answer["codes"] == ["W-EXCEPTION"]


def test_a_licence_that_changed_since_is_a_warning_about_the_upstream() -> None:
    def since(head: Any) -> list[str]:
        upstream = {"id": "a/b", "license": "mit", "relation": "train_on", "license_at_head": head}
        codes: list[str] = check(case("mit", [upstream], mode="saas"))["codes"]
        return codes

    assert since("MIT") == []
    assert since(None) == []
    assert since("apache-2.0") == ["W-CHANGED-LICENSE"]
