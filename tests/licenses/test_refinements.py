"""The decided refinements of the procedure, by number; 8 is widened in test_closure, 9 in test_matrix."""

from __future__ import annotations

from typing import Any

import pytest

from licenses import catalogue, matrix
from licenses.compat import check


def judge(declared: Any, *upstream: tuple[Any, str], artefact: Any = None, **profile: Any) -> dict[str, Any]:
    return check(
        {
            "artefact": {"license": declared, "name": "acme/thing", "has_license_file": True, **(artefact or {})},
            "upstream": [
                {"id": f"org/up{at}", "license": licence, "relation": relation}
                for at, (licence, relation) in enumerate(upstream)
            ],
            "use_profile": {
                "purpose": "commercial",
                "mode": "redistribute_weights",
                "territory": "US",
                "mau": 0,
                "revenue_usd_year": 0,
                "actor": "licensor",
                **profile,
            },
        }
    )


def latent(answer: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in answer["latent"]}


# 1 ------------------------------------------------------------------------------------------------------------------
def test_refinement_1_training_on_outputs_and_publishing_them_are_two_relations() -> None:
    trained = judge("apache-2.0", ("llama3", "outputs"))
    published = judge(
        "cc-by-4.0", ("llama3", "generated_by"), artefact={"type": "content"}, mode="redistribute_outputs"
    )

    assert "C-NOCOMPETE" in trained["codes"]
    assert "C-NOCOMPETE" not in published["codes"]
    assert {"outputs", "use_restrictions"} & {finding["term"] for finding in published["findings"]}


def test_refinement_1_published_outputs_are_judged_by_outputs_and_badge_alone() -> None:
    for row in catalogue.all_licences():
        if row.is_own or row.family == "placeholder" or row.evidence == "not_read":
            continue
        answer = judge("cc-by-4.0", (row.id, "generated_by"), artefact={"type": "content"}, mode="redistribute_outputs")
        assert not {"C-LAUNDER", "C-SA", "C-COPYLEFT", "C-NAME", "C-ND"} & set(answer["codes"]), row.id
        assert ("O-BADGE" in answer["codes"]) is bool(row.badge), row.id


# 2 ------------------------------------------------------------------------------------------------------------------
def test_refinement_2_an_alias_is_the_licence_it_stands_for() -> None:
    alias = judge("apache-2.0", ("NVIDIA-open-model-license", "finetune"))
    row = judge("apache-2.0", ("nvidia-open-model", "finetune"))

    assert [(one["code"], one["term"], one["section"]) for one in alias["findings"]] == [
        (one["code"], one["term"], one["section"]) for one in row["findings"]
    ]
    assert "U-UNKNOWN-ID" not in alias["codes"]


def test_refinement_2_proprietary_is_declared_and_never_an_unknown_id() -> None:
    assert judge("proprietary", mode="internal")["verdict"] == "pass"
    assert judge("proprietary", mode="internal", actor="licensee")["codes"] == ["C-NO-LICENSE"]


def test_refinement_2_a_text_that_was_not_read_is_unknown() -> None:
    unread = [row.id for row in catalogue.all_licences() if row.evidence == "not_read"]

    assert unread
    for licence in unread:
        assert "U-NOT-READ" in judge("mit", (licence, "train_on"))["codes"]


def test_refinement_2_a_reviewer_who_read_the_text_lifts_other() -> None:
    own = {"license_name": "ours"}

    assert judge("other", artefact=own)["codes"] == ["U-OTHER"]
    assert judge("other", artefact={**own, "declared_text_reviewed": True})["verdict"] == "pass"


# 3 ------------------------------------------------------------------------------------------------------------------
MODES = {
    # licence, relation: what binds in internal, saas, redistribute_weights
    ("apache-2.0", "finetune"): ((), (), ("O-LICENSE-COPY", "O-NOTICE", "O-STATE-CHANGES", "O-ATTRIB")),
    ("gpl-3.0", "finetune"): ((), (), ("C-COPYLEFT", "O-SOURCE", "O-LICENSE-COPY")),
    ("agpl-3.0", "finetune"): ((), ("C-COPYLEFT", "O-NETSRC"), ("C-COPYLEFT",)),
    ("creativeml-openrail-m", "finetune"): (("O-AUP",), ("C-LAUNDER", "O-FLOW", "O-AUP"), ("C-LAUNDER", "O-FLOW")),
    ("llama3", "outputs"): (("C-NOCOMPETE", "O-AUP"), ("C-NOCOMPETE",), ("C-NOCOMPETE",)),
    ("cc-by-nc-4.0", "finetune"): (("C-NC",), ("C-NC",), ("C-NC",)),
}


@pytest.mark.parametrize(("asked", "binding"), MODES.items())
def test_refinement_3_what_begins_with_distribution_binds_by_the_table_of_modes(
    asked: tuple[str, str], binding: tuple[tuple[str, ...], ...]
) -> None:
    everything: set[str] = set()
    for mode, codes in zip(("internal", "saas", "redistribute_weights"), binding, strict=True):
        answer = judge("apache-2.0", asked, mode=mode)
        assert set(codes) <= set(answer["codes"]), mode
        everything |= set(codes)
        # What does not bind is kept and shown, not lost.
        missing = everything - set(answer["codes"]) - latent(answer)
        assert not missing, mode
    inside = judge("apache-2.0", asked, mode="internal")
    assert set(inside["codes"]) == set(binding[0])


def test_refinement_3_an_internal_research_fine_tune_of_llama_3_is_no_conflict() -> None:
    answer = judge("apache-2.0", ("llama3", "finetune"), mode="internal", purpose="research")

    assert answer["verdict"] == "obligation"
    assert {"C-LAUNDER", "C-NAME"} <= latent(answer)
    assert "C-NOCOMPETE" in judge("apache-2.0", ("llama3", "outputs"), mode="internal", purpose="research")["codes"]


# 4 ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("strictness", "codes"),
    [
        ("legalistic", []),
        ("conservative", ["W-TRAIN-NC"]),
        ("strict", ["C-NC"]),
        (None, ["W-TRAIN-NC"]),
    ],
)
def test_refinement_4_unsettled_law_is_a_parameter(strictness: str | None, codes: list[str]) -> None:
    assert judge("apache-2.0", ("cc-by-nc-4.0", "train_on"), mode="saas", strictness=strictness)["codes"] == codes


def test_refinement_4_a_cautious_reader_attributes_wherever_an_unclear_term_does() -> None:
    asked = 0
    for row in catalogue.all_licences():
        if row.is_own or row.family == "placeholder" or not row.reach_train_on.unclear:
            continue
        if row.attribution not in ("y", "c"):
            continue
        asked += 1
        assert "O-ATTRIB" in judge("apache-2.0", (row.id, "train_on"))["codes"], row.id
    assert asked


# 5 ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("artefact", "state"),
    [
        ({"notices": ["Built with Llama"]}, "met"),
        ({"notices": [], "attested": ["O-BADGE"]}, "attested"),
        ({"notices": [], "attested": []}, "open"),
    ],
)
def test_refinement_5_an_obligation_is_met_attested_or_open(artefact: dict[str, Any], state: str) -> None:
    answer = judge("llama3.1", ("llama3.1", "finetune"), artefact={"name": "acme/Llama-x", **artefact})

    assert {one["state"] for one in answer["findings"] if one["code"] == "O-BADGE"} == {state}
    assert all("state" in one for one in answer["findings"] if one["severity"] == "obligation")


# 6 ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("actor", "verdict"), [("licensor", "pass"), ("licensee", "conflict"), (None, "conflict")])
def test_refinement_6_declared_limits_bind_licensees(actor: str | None, verdict: str) -> None:
    assert judge("cc-by-nc-4.0", mode="saas", actor=actor)["verdict"] == verdict


def test_refinement_6_upstream_limits_bind_the_licensor_of_the_artefact_too() -> None:
    assert "C-NC" in judge("cc-by-nc-4.0", ("cc-by-nc-4.0", "finetune"), mode="saas", actor="licensor")["codes"]


# 7 ------------------------------------------------------------------------------------------------------------------
def test_refinement_7_a_list_is_a_question_only_where_sum_and_choice_differ() -> None:
    assert "U-MULTI" in judge(["mit", "cc-by-nc-4.0"], mode="saas", actor="licensee")["codes"]
    assert "U-MULTI" not in judge(["mit", "apache-2.0"], mode="saas", actor="licensee")["codes"]
    assert "U-MULTI" in judge("mit", (["mit", "cc-by-nc-4.0"], "finetune"), mode="saas")["codes"]


# 8 ------------------------------------------------------------------------------------------------------------------
def test_refinement_8_the_strongest_reach_on_a_path_counts() -> None:
    def through(*relations: str) -> set[str]:
        above: list[dict[str, Any]] = []
        for at, relation in enumerate(reversed(relations)):
            licence = "apache-2.0" if at else "cc-by-nc-4.0"
            above = [{"id": f"w{at}", "license": licence, "relation": relation, "upstream": above}]
        profile = {"purpose": "commercial", "mode": "redistribute_weights", "actor": "licensor"}
        answer = check(
            {
                "artefact": {"license": "cc-by-nc-4.0", "has_license_file": True},
                "upstream": above,
                "use_profile": profile,
            }
        )
        return set(answer["codes"])

    assert "W-TRAIN-NC" in through("adapter")
    assert "C-NC" in through("finetune")
    assert "C-NC" in through("adapter", "finetune")
    assert "C-NC" in through("finetune", "adapter")
    assert "W-TRAIN-NC" in through("finetune", "train_on")


# 9 ------------------------------------------------------------------------------------------------------------------
def test_refinement_9_the_matrix_is_named_and_asked_for_code_only() -> None:
    code = judge("apache-2.0", ("gpl-3.0", "code"), mode="redistribute_code")
    weights = judge("apache-2.0", ("gpl-3.0", "finetune"))

    assert code["matrix"] == {"name": matrix.NAME, "stamp": matrix.stamp()}
    assert weights["matrix"] is None
    assert "value" in next(one for one in code["findings"] if one["code"] == "C-COPYLEFT")["params"]


# 10 -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("licence", "value"),
    [
        ("qwen", "mau"),
        ("llama3.1", "mau"),
        ("stability-community", "revenue_usd_year"),
        ("tencent-hunyuan-3d-2.0", "territory"),
        ("cc-by-nc-4.0", "purpose"),
    ],
)
def test_refinement_10_a_value_that_is_null_clears_nothing(licence: str, value: str) -> None:
    missing = judge(licence, (licence, "finetune"), **{value: None})

    assert missing["verdict"] in ("unknown", "conflict")
    assert value in {one["params"].get("value") for one in missing["findings"] if one["code"] == "U-FACT"}


def test_refinement_10_caps_carry_date_and_purpose() -> None:
    frozen = judge("llama3.1", ("llama3.1", "finetune"), mau=10**9)
    commercial = judge("qwen", ("qwen", "finetune"), mau=2 * 10**8, purpose="research")

    assert "mau_at_release" in {one["params"].get("value") for one in frozen["findings"] if one["code"] == "U-FACT"}
    assert "C-USERCAP" not in commercial["codes"]
    cap = judge("qwen", ("qwen", "finetune"), mau=2 * 10**8)
    assert next(one for one in cap["findings"] if one["code"] == "C-USERCAP")["params"]["basis"]


@pytest.mark.parametrize("territory", ["world", ["US", "KR"], "EU"])
def test_refinement_10_territory_means_the_places_of_distribution_too(territory: Any) -> None:
    # The licence is granted "exclusively in the Territory": an upload for the whole world leaves it.
    upload = judge("tencent-hunyuan-3d-2.0", ("tencent-hunyuan-3d-2.0", "finetune"), territory=territory)

    assert "C-TERRITORY" in upload["codes"]
    assert "C-TERRITORY" not in judge("tencent-hunyuan-3d-2.0", ("tencent-hunyuan-3d-2.0", "finetune"))["codes"]
