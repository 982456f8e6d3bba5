"""What a licence asks of works that are made from its work."""

from __future__ import annotations

import pytest

from licenses.compat import check
from tests.licenses.compat.cases import case


def test_a_stricter_declared_licence_is_no_conflict() -> None:
    assert check(case("cc-by-nc-4.0", [("apache-2.0", "finetune")], purpose="research"))["verdict"] == "obligation"


def test_permissive_upstreams_merge_without_being_compared() -> None:
    answer = check(case("apache-2.0", [("mit", "merge"), ("apache-2.0", "merge"), ("bsd-3-clause", "merge")]))

    assert answer["verdict"] == "obligation"


@pytest.mark.parametrize(
    ("declared", "upstream", "code"),
    [
        ("mit", "cc-by-sa-4.0", "C-SA"),
        ("cc-by-4.0", "cc-by-sa-4.0", "C-SA"),
        ("gpl-2.0", "gpl-3.0", "C-COPYLEFT"),
        ("mit", "gpl-3.0", "C-COPYLEFT"),
        ("apache-2.0", "gemma", "C-LAUNDER"),
        ("mit", "stability-community", "C-LAUNDER"),
        ("mit", "fair-noncommercial-research-license", "C-LAUNDER"),
        ("mit", "cc-by-nd-4.0", "C-ND"),
    ],
)
def test_a_licence_that_follows_its_works_conflicts_with_another_one(declared: str, upstream: str, code: str) -> None:
    assert code in check(case(declared, [(upstream, "finetune")]))["codes"]


@pytest.mark.parametrize(
    ("declared", "upstream"),
    [
        ("cc-by-sa-4.0", "cc-by-sa-4.0"),
        ("gpl-3.0", "cc-by-sa-4.0"),
        ("cc-by-sa-4.0", "cc-by-sa-3.0"),
        ("GPL-3.0-only", "gpl-3.0"),
        ("gpl-3.0", "GPL-3.0-or-later"),
    ],
)
def test_the_same_and_named_compatible_licences_are_no_conflict(declared: str, upstream: str) -> None:
    assert check(case(declared, [(upstream, "finetune")]))["verdict"] == "obligation"


@pytest.mark.parametrize(
    ("declared", "upstream"),
    [
        ("GPL-3.0-or-later", "gpl-3.0"),
        ("gpl-3.0", "GPL-2.0-or-later"),
        ("GPL-3.0-only WITH GCC-exception-3.1", "gpl-3.0"),
        ("gemma", "creativeml-openrail-m"),
    ],
)
def test_what_the_table_cannot_compare_is_unknown(declared: str, upstream: str) -> None:
    answer = check(case(declared, [(upstream, "finetune")]))

    assert answer["verdict"] == "unknown"
    assert "U-TERM" in answer["codes"]


def test_restrictions_carried_in_own_terms_are_enough_for_a_flow_down() -> None:
    rail = [("creativeml-openrail-m", "finetune")]
    own = {"license_name": "ours", "declared_text_reviewed": True}

    assert "C-LAUNDER" in check(case("other", rail, artefact=own))["codes"]
    assert check(case("other", rail, artefact={**own, "includes_use_restrictions": True}))["verdict"] == "obligation"


def test_a_data_licence_has_no_reading_for_a_fine_tuned_model() -> None:
    assert check(case("apache-2.0", [("odbl", "finetune")]))["codes"][0] == "U-TERM"


def test_an_adaptation_of_data_follows_the_rule_for_inclusion() -> None:
    assert "C-SA" in check(case("cc-by-4.0", [("odbl", "adapted")], mode="redistribute_data"))["codes"]


def test_an_adapter_that_is_served_uses_its_base() -> None:
    adapter = [("cc-by-nc-4.0", "adapter")]

    assert "C-NC" in check(case("apache-2.0", adapter, mode="saas"))["codes"]
    assert "W-TRAIN-NC" in check(case("apache-2.0", adapter))["codes"]
    assert "C-NC" not in check(case("apache-2.0", adapter))["codes"]


def test_the_exception_for_a_family_needs_a_work_derived_from_it() -> None:
    outputs = ("llama2", "outputs")

    assert "C-NOCOMPETE" in check(case("llama2", [outputs]))["codes"]
    assert "C-NOCOMPETE" not in check(case("llama2", [outputs, ("llama2", "finetune")]))["codes"]


@pytest.mark.parametrize(
    ("name", "fits"),
    [("acme/Llama-3-x", True), ("acme/llama3x", True), ("Meta/my-Llama-3", False), ("Llama/model", False)],
)
def test_a_name_prefix_is_held_against_the_name_without_its_owner(name: str, fits: bool) -> None:
    answer = check(case("llama3", [("llama3", "finetune")], artefact={"name": name}))

    assert ("C-NAME" not in answer["codes"]) is fits


def test_a_name_that_nobody_gave_does_not_meet_a_prefix() -> None:
    answer = check(case("llama3", [("llama3", "finetune")], artefact={"name": None}))

    assert answer["verdict"] == "unknown"
