from __future__ import annotations

from typing import Any

import pytest

from licenses import catalogue
from licenses.cases import CaseRejected
from licenses.compat import check

COMMERCIAL = {
    "purpose": "commercial",
    "mode": "redistribute_weights",
    "territory": "US",
    "mau": 0,
    "revenue_usd_year": 0,
    "strictness": "conservative",
}


def case(
    declared: Any = "apache-2.0",
    upstream: Any = (),
    *,
    artefact: dict[str, Any] | None = None,
    **profile: Any,
) -> dict[str, Any]:
    """A commercial redistribution from the US; upstream is written (licence, relation) or in full."""
    edges = [
        one if isinstance(one, dict) else {"id": f"org/up{at}", "license": one[0], "relation": one[1]}
        for at, one in enumerate(upstream)
    ]
    return {
        "artefact": {"license": declared, "name": "acme/thing", "has_license_file": True, **(artefact or {})},
        "upstream": edges,
        "use_profile": {**COMMERCIAL, **profile},
    }


def latent(answer: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in answer["latent"]}


# --- the artefact's own licence -------------------------------------------------------------------------------------
def test_a_licensee_is_held_to_the_declared_licence_without_any_upstream() -> None:
    assert check(case("cc-by-nc-4.0", mode="saas"))["codes"] == ["C-NC"]
    assert check(case("cc-by-nc-4.0", mode="saas", purpose="research"))["verdict"] == "pass"


def test_a_licensor_is_not_bound_by_their_own_licence() -> None:
    assert check(case("cc-by-nc-4.0", mode="saas", actor="licensor"))["verdict"] == "pass"


def test_an_owners_own_declaration_grants_nothing_to_others() -> None:
    assert check(case("proprietary", mode="internal"))["verdict"] == "pass"
    assert check(case("proprietary", mode="internal", actor="unstated"))["codes"] == ["U-FACT"]
    assert check(case("proprietary", mode="internal", actor="licensee"))["codes"] == ["C-NO-LICENSE"]
    assert check(case("mit", [("proprietary", "finetune")], mode="internal"))["codes"] == ["U-TERM"]


@pytest.mark.parametrize(("seen", "code"), [(False, "W-NO-TEXT"), (None, "O-LICENSE-COPY")])
def test_a_missing_text_warns_and_an_unseen_one_stays_open(seen: bool | None, code: str) -> None:
    answer = check(case("mit", artefact={"has_license_file": seen}))

    assert code in answer["codes"]


def test_obligations_say_whether_they_are_met_attested_or_open() -> None:
    answer = check(
        case(
            "llama3.1",
            artefact={"notices": ["Built with Llama"], "attested": ["O-NOTICE"], "name": "acme/Llama-x"},
        )
    )

    states = {finding["code"]: finding.get("state") for finding in answer["findings"]}
    assert states["O-LICENSE-COPY"] == "met"
    assert states["O-BADGE"] == "met"
    assert states["O-NOTICE"] == "attested"
    assert states["O-AUP"] == "open"


# --- modes ----------------------------------------------------------------------------------------------------------
def test_what_begins_with_distribution_is_latent_inside_the_house() -> None:
    answer = check(case("apache-2.0", [("llama3", "finetune")], mode="internal", purpose="research"))

    assert answer["codes"] == ["O-AUP"]
    assert {"C-LAUNDER", "C-NAME", "O-BADGE", "O-LICENSE-COPY"} <= latent(answer)


def test_a_no_compete_clause_binds_inside_the_house_too() -> None:
    answer = check(case("apache-2.0", [("llama3", "outputs")], mode="internal", purpose="research"))

    assert "C-NOCOMPETE" in answer["codes"]


@pytest.mark.parametrize(("licence", "code"), [("llama3", "C-LAUNDER"), ("agpl-3.0", "C-COPYLEFT")])
def test_hosting_counts_as_distribution_only_where_the_licence_says_so(licence: str, code: str) -> None:
    assert code in check(case("apache-2.0", [(licence, "finetune")], mode="saas"))["codes"]
    assert check(case("apache-2.0", [("gpl-3.0", "finetune")], mode="saas"))["verdict"] == "pass"


def test_a_ban_on_hosting_is_a_conflict_for_a_service_only() -> None:
    assert "C-HOST" in check(case("falcon-180b", [("falcon-180b", "finetune")], mode="saas"))["codes"]
    assert "C-HOST" not in check(case("falcon-180b", [("falcon-180b", "finetune")], mode="internal"))["codes"]
    assert "C-HOST" in check(case("mit", [("falcon-180b", "served_in")], mode="redistribute_code"))["codes"]


def test_the_source_of_a_network_copyleft_is_owed_to_users_of_the_service() -> None:
    assert "O-NETSRC" in check(case("agpl-3.0", [("agpl-3.0", "finetune")], mode="saas"))["codes"]
    assert "O-NETSRC" not in check(case("agpl-3.0", [("agpl-3.0", "finetune")], mode="internal"))["codes"]


def test_sublicensing_needs_a_right_to_sublicense() -> None:
    assert "C-REDIST-BAN" in check(case("llama2", mode="sublicense"))["codes"]
    assert "C-REDIST-BAN" not in check(case("mit", mode="sublicense"))["codes"]


def test_data_that_may_not_be_passed_on_is_a_conflict_when_it_is() -> None:
    included = [("nvidia-data-training", "includes")]

    assert "C-REDIST-BAN" in check(case("apache-2.0", included, mode="redistribute_data"))["codes"]
    assert "C-REDIST-BAN" not in check(case("apache-2.0", included, mode="internal"))["codes"]


# --- what a licence asks of works made from it ----------------------------------------------------------------------
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


# --- limits ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("licence", "missing"),
    [
        ("llama3.1", "mau"),
        ("qwen", "mau"),
        ("stability-community", "revenue_usd_year"),
        ("tencent-hunyuan-3d-2.0", "territory"),
        ("cc-by-nc-4.0", "purpose"),
        ("mit", "mode"),
    ],
)
def test_a_profile_value_that_is_not_given_clears_no_limit(licence: str, missing: str) -> None:
    answer = check(case(licence, **{missing: None}))

    assert "U-FACT" in answer["codes"]
    assert answer["verdict"] in ("unknown", "conflict")


def test_an_empty_profile_never_passes() -> None:
    answer = check({"artefact": {"license": "mit"}})

    assert answer["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ({"mau": 700_000_000}, None),
        ({"mau": 700_000_001}, "U-FACT"),
        ({"mau": 900_000_000, "mau_at_release": 1}, None),
        ({"mau": 0, "mau_at_release": 700_000_001}, "C-USERCAP"),
    ],
)
def test_a_cap_frozen_at_release_is_held_against_the_users_of_that_day(
    profile: dict[str, Any], code: str | None
) -> None:
    codes = check(case("llama3.1", mode="internal", **profile))["codes"]

    assert [one for one in codes if one in ("U-FACT", "C-USERCAP")] == ([code] if code else [])


def test_a_cap_for_commercial_use_does_not_bind_research() -> None:
    assert "C-USERCAP" in check(case("qwen", mau=200_000_000))["codes"]
    assert "C-USERCAP" not in check(case("qwen", mau=200_000_000, purpose="research"))["codes"]


def test_revenue_above_the_cap_ends_the_grant() -> None:
    assert "C-REVCAP" in check(case("stability-community", revenue_usd_year=1_000_001))["codes"]
    assert "C-REVCAP" not in check(case("stability-community", revenue_usd_year=1_000_000))["codes"]


@pytest.mark.parametrize(
    ("territory", "expected"),
    [("KR", "C-TERRITORY"), ("EU", "C-TERRITORY"), (["US", "UK"], "C-TERRITORY"), ("world", "C-TERRITORY"), ("JP", "")],
)
def test_a_territory_that_is_left_out_is_a_conflict(territory: Any, expected: str) -> None:
    codes = check(case("tencent-hunyuan-3d-2.0", territory=territory))["codes"]

    assert ("C-TERRITORY" in codes) is bool(expected)


def test_an_exclusion_by_domicile_is_not_decided_by_where_something_is_offered() -> None:
    vision = {"modalities": ["text", "image"], "name": "acme/Llama-vis"}

    assert "U-FACT" in check(case("llama3.2", artefact=vision, territory="world"))["codes"]
    assert check(case("llama3.2", artefact=vision, territory="world", domicile="US"))["verdict"] == "obligation"
    assert "C-TERRITORY" in check(case("llama3.2", artefact=vision, territory="US", domicile="DE"))["codes"]


def test_an_exclusion_of_multimodal_models_needs_to_know_the_modalities() -> None:
    assert "U-FACT" in check(case("llama3.2", territory="DE"))["codes"]
    assert "C-TERRITORY" in check(case("llama4", territory="DE"))["codes"]
    assert check(case("llama3.3", territory="DE"))["verdict"] == "obligation"


def test_an_excluded_field_is_a_conflict_and_stays_a_restriction_for_every_other_field() -> None:
    assert "C-FIELD" in check(case("deepseek", field="military logistics"))["codes"]
    assert check(case("deepseek", field="health"))["verdict"] == "obligation"
    assert "O-AUP" in check(case("deepseek", field=None))["codes"]


# --- strictness -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("strictness", "code"),
    [("legalistic", None), ("conservative", "W-TRAIN-NC"), ("strict", "C-NC"), (None, "W-TRAIN-NC")],
)
def test_a_silent_text_falls_away_warns_or_binds(strictness: str | None, code: str | None) -> None:
    answer = check(case("apache-2.0", [("cc-by-nc-4.0", "train_on")], mode="saas", strictness=strictness))

    assert answer["codes"] == ([code] if code else [])


# --- unknown --------------------------------------------------------------------------------------------------------
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


# --- expressions ----------------------------------------------------------------------------------------------------
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


# --- content --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("licence", "code"),
    [("llama1", "C-RESEARCH"), ("cc-by-nc-4.0", "C-NC"), ("tencent-hunyuan-3d-2.0", "U-TERM"), ("gemma", "O-AUP")],
)
def test_generated_content_is_judged_by_the_terms_on_outputs(licence: str, code: str) -> None:
    answer = check(
        case("cc-by-4.0", [(licence, "generated_by")], artefact={"type": "content"}, mode="redistribute_outputs")
    )

    assert code in answer["codes"]
    assert "C-LAUNDER" not in answer["codes"]


def test_publishing_outputs_is_not_distributing_the_model() -> None:
    answer = check(case("apache-2.0", [("gemma", "finetune")], mode="redistribute_outputs"))

    assert "C-LAUNDER" in latent(answer)
    assert answer["verdict"] == "obligation"


# --- the shape of a case --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ([], "a case is a JSON object"),
        ({}, "artefact: is missing"),
        ({"artefact": []}, "artefact: is an object"),
        ({"artefact": {}, "upstream": {}}, "upstream: is a list"),
        ({"artefact": {}, "upstream": ["x"]}, r"upstream\[0\]: is an object"),
        ({"artefact": {}, "upstream": [{"license": "mit"}]}, r"upstream\[0\]\.id: is missing"),
        ({"artefact": {}, "upstream": [{"id": 7}]}, r"upstream\[0\]\.id: is a string"),
        ({"artefact": {}, "upstream": [{"id": "x" * 1001}]}, "1001 characters"),
        ({"artefact": {}, "upstream": [{"id": "\ud800"}]}, "half a character"),
        ({"artefact": {}, "upstream": [{"id": "x"}] * 100_001}, "at most 100000"),
        ({"artefact": {"has_license_file": "yes"}}, "has_license_file: is true, false or null"),
        ({"artefact": {"modalities": [1]}}, "modalities: is a string or a list"),
        ({"artefact": {}, "use_profile": []}, "use_profile: is an object"),
        ({"artefact": {}, "use_profile": {"mode": "cloud"}}, r"use_profile\.mode: is one of internal, saas"),
        ({"artefact": {}, "use_profile": {"purpose": []}}, r"use_profile\.purpose: is one of"),
        ({"artefact": {}, "use_profile": {"mau": -1}}, r"use_profile\.mau: is a number of at least 0"),
        ({"artefact": {}, "use_profile": {"mau": float("nan")}}, "mau"),
        ({"artefact": {}, "use_profile": {"mau": True}}, "mau"),
        ({"artefact": {}, "use_profile": {"mau": "5"}}, "mau"),
        ({"artefact": {}, "use_profile": {"territory": "Germany"}}, r"use_profile\.territory: is a two-letter"),
        ({"artefact": {}, "id": 5}, "id: is a string"),
    ],
)
def test_a_case_of_the_wrong_shape_is_refused_with_the_place(broken: Any, said: str) -> None:
    with pytest.raises(CaseRejected, match=said):
        check(broken)


def test_every_decision_carries_the_digest_of_the_table_it_was_taken_from() -> None:
    assert check(case())["table_digest"] == catalogue.table_digest()
