"""Upstreams of upstreams: chains, weaker codes behind models, cycles, choices over the whole case."""

from __future__ import annotations

from typing import Any

import pytest

from licenses.compat.merges import Brought, asks, carried
from licenses.expressions import Term, parse
from tests.licenses.lineages import judge, one, work


# --- derivative chains ----------------------------------------------------------------------------------------------
def test_a_finding_keeps_its_chain_and_the_relation_of_every_hop() -> None:
    base = work("meta/base", "llama3.1", "finetune")
    answer = judge(
        "apache-2.0", work("q/gguf", "apache-2.0", "quantized", work("a/merge", "apache-2.0", "merge", base))
    )

    launder = one(answer, "C-LAUNDER")
    assert launder["chain"] == ["meta/base", "a/merge", "q/gguf", "<artefact>"]
    assert launder["relations"] == ["finetune", "merge", "quantized"]
    assert launder["params"]["work"] == "meta/base"


@pytest.mark.parametrize("path", [("adapter", "finetune"), ("finetune", "adapter"), ("merge", "adapter")])
def test_a_chain_is_judged_by_its_strongest_relation_and_not_by_the_last(path: tuple[str, str]) -> None:
    nearest, further = path
    answer = judge("apache-2.0", work("a", "apache-2.0", nearest, work("nc", "cc-by-nc-4.0", further)))

    # An adapter alone would be W-TRAIN-NC: it holds nothing of its base.
    assert "C-NC" in answer["codes"]


def test_a_column_that_does_not_apply_leaves_the_word_to_one_that_does() -> None:
    answer = judge("apache-2.0", work("m", "apache-2.0", "finetune", work("d", "odbl", "includes")))

    assert "C-SA" in answer["codes"]
    assert "U-TERM" not in answer["codes"]


def test_a_base_that_is_missing_is_unknown_at_any_depth() -> None:
    answer = judge("mit", work("a", "mit", "finetune", work("b", "mit", "finetune", work("c", None, "finetune"))))

    assert one(answer, "U-MISSING")["chain"] == ["c", "b", "a", "<artefact>"]
    assert answer["verdict"] == "unknown"


def test_what_stands_behind_an_unreadable_relation_is_known_by_its_lacks_only() -> None:
    answer = judge("mit", work("a", "mit", "cousin", work("b", "cc-by-nc-4.0", "finetune"), work("c", "gpl", "merge")))

    assert answer["verdict"] == "unknown"
    assert one(answer, "U-RELATION")["chain"] == ["a", "<artefact>"]
    assert one(answer, "U-FAMILY")["chain"] == ["c", "a", "<artefact>"]
    assert "C-NC" not in answer["codes"]


def test_a_relation_left_out_far_up_is_an_obstacle_only_where_it_matters() -> None:
    unsaid = work("b", "cc-by-nc-4.0", None)

    assert "U-RELATION" in judge("cc-by-nc-4.0", work("a", "mit", "adapter", unsaid))["codes"]
    assert "U-RELATION" not in judge("mit", work("a", "mit", "adapter", work("b", "cc0-1.0", None)))["codes"]


# --- training -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("licence", "relation", "own", "behind"),
    [
        ("cc-by-nc-4.0", "train_on", "C-NC", "W-TRAIN-NC"),
        ("cc-by-sa-4.0", "train_on", "C-SA", "W-TRAIN-SA"),
        ("cc-by-nd-4.0", "train_on", "C-ND", "W-TRAIN-ND"),
        ("llama3", "outputs", "C-NOCOMPETE", "W-TRAIN-TERMS"),
        ("llama3.1", "outputs", "C-NAME", "W-TRAIN-TERMS"),
        ("gemma", "distill", "C-LAUNDER", "C-LAUNDER"),
    ],
)
def test_refinement_8_training_behind_somebody_elses_model_has_its_weaker_code(
    licence: str, relation: str, own: str, behind: str
) -> None:
    # Strict, so that the artefact's own training is a conflict and the weaker code can be told from it.
    trained = work("up", licence, relation)

    direct = judge("apache-2.0", trained, strictness="strict")
    remote = judge("apache-2.0", work("m", "apache-2.0", "finetune", trained), strictness="strict")

    assert own in direct["codes"]
    assert behind in remote["codes"]
    assert (behind.startswith("C-")) == (remote["verdict"] == "conflict")


@pytest.mark.parametrize(
    "profile", [{"mau": 10**9, "mau_at_release": 10**9}, {"territory": "KR"}, {"revenue_usd_year": 10**9}]
)
@pytest.mark.parametrize("licence", ["llama3.1", "tencent-hunyuan-3d-2.0", "stability-community"])
def test_limits_on_the_licensee_bind_whoever_trained(licence: str, profile: dict[str, Any]) -> None:
    trained = work("up", licence, "outputs")

    codes = judge("apache-2.0", work("m", "apache-2.0", "finetune", trained), **profile)["codes"]

    assert not {"C-USERCAP", "C-TERRITORY", "C-REVCAP", "U-FACT"} & set(codes)


def test_a_part_of_our_own_training_data_is_our_own_training() -> None:
    data = work("d", "apache-2.0", "train_on", work("part", "cc-by-nc-4.0", "includes"))

    assert "C-NC" in judge("apache-2.0", data, strictness="strict")["codes"]
    assert "W-TRAIN-NC" in judge("apache-2.0", data)["codes"]


def test_synthetic_data_brings_the_terms_on_outputs_of_its_model() -> None:
    for relation in ("outputs", "generated_by"):
        data = work("d", "apache-2.0", "train_on", work("meta/l3", "llama3", relation, type="model"))
        assert one(judge("apache-2.0", data), "C-NOCOMPETE")["chain"] == ["meta/l3", "d", "<artefact>"]


def test_terms_that_follow_a_distilled_model_follow_its_derivatives() -> None:
    distilled = work("m", "apache-2.0", "finetune", work("g", "gemma", "distill"))

    assert "C-LAUNDER" in judge("apache-2.0", distilled)["codes"]
    assert "C-LAUNDER" not in judge("gemma", distilled)["codes"]


def test_a_data_set_nobody_licensed_behind_a_model_stays_unknown() -> None:
    nobodys = work("d", None, "train_on", files_checked=True)

    assert "C-NO-LICENSE" in judge("mit", nobodys)["codes"]
    assert judge("mit", work("m", "mit", "finetune", nobodys))["verdict"] == "unknown"


# --- Spaces ---------------------------------------------------------------------------------------------------------
def test_a_space_is_judged_by_what_the_served_model_was_derived_from() -> None:
    served = work("m", "apache-2.0", "served_in", work("nc", "cc-by-nc-4.0", "finetune"))

    assert "C-NC" in judge("mit", served, mode="saas")["codes"]
    assert (
        "W-TRAIN-NC"
        in judge("mit", work("m", "mit", "served_in", work("nc", "cc-by-nc-4.0", "train_on")), mode="saas")["codes"]
    )


def test_a_space_is_no_derivative_of_the_model_it_serves() -> None:
    served = work("m", "gemma", "served_in", work("g", "gemma", "distill"))

    codes = judge("mit", served, mode="saas")["codes"]

    assert "C-LAUNDER" not in codes
    assert "O-AUP" in codes


# --- choices over the whole case ------------------------------------------------------------------------------------
def test_a_choice_is_taken_for_the_whole_case_and_recorded() -> None:
    # Alone, either branch of the first base fits the declared licence; with the second one only MIT does.
    either = work("a", "GPL-3.0-only OR MIT", "merge")

    alone = judge("gpl-3.0", either)
    merged = judge("gpl-3.0", either, work("b", "llama2", "merge"))

    assert alone["verdict"] == "obligation"
    assert "C-MERGE" not in merged["codes"]
    assert [choice["chosen"] for choice in merged["choices"]] == ["MIT"]


# --- cycles ---------------------------------------------------------------------------------------------------------
def test_a_cycle_is_one_warning_with_its_chain() -> None:
    works = [
        {"id": "a", "license": "mit", "upstream": [{"id": "b", "relation": "merge"}]},
        {"id": "b", "license": "mit", "upstream": [{"id": "a", "relation": "finetune"}]},
    ]
    answer = judge("mit", {"id": "a", "relation": "adapter"}, case={"works": works})

    cycle = one(answer, "W-CYCLE")
    assert cycle["chain"] == ["a", "b", "a", "<artefact>"]
    assert cycle["relations"] == ["finetune", "merge", "adapter"]
    assert answer["verdict"] == "warning"


@pytest.mark.parametrize("nested", [True, False])
def test_an_artefact_upstream_of_itself_is_a_cycle(nested: bool) -> None:
    itself = {"id": "acme/thing", "license": "mit", "relation": "finetune"}
    upstream = [work("a", "mit", "finetune", itself)] if nested else [itself]

    answer = judge("mit", *upstream, artefact={"type": "model"})

    assert one(answer, "W-CYCLE")["chain"][0] == "acme/thing"


# --- the two forms --------------------------------------------------------------------------------------------------
def test_a_name_takes_from_works_what_it_does_not_say_itself() -> None:
    works = [
        {"id": "a", "license": "mit", "upstream": [{"id": "b", "relation": "finetune"}]},
        {"id": "b", "license": "cc-by-nc-4.0"},
    ]

    assert "C-NC" in judge("mit", {"id": "a", "relation": "finetune"}, case={"works": works})["codes"]
    own = {"id": "a", "relation": "finetune", "license": "gpl-3.0", "upstream": []}
    assert judge("mit", own, case={"works": works})["codes"][0] == "C-COPYLEFT"


def test_two_statements_about_one_work_do_not_hide_each_other() -> None:
    answer = judge(
        "mit", work("a", "mit", "finetune"), work("b", "mit", "finetune", work("a", "cc-by-nc-4.0", "merge"))
    )

    assert "C-NC" in answer["codes"]


@pytest.mark.parametrize(
    ("works", "said"),
    [
        ({}, "works: is a list"),
        ([7], r"works\[0\]: is an object"),
        ([{"license": "mit"}], r"works\[0\]\.id: is missing"),
        ([{"id": "a"}, {"id": "a"}], r"works\[1\]: a stands in the list twice"),
        ([{"id": "a", "upstream": 7}], r"works\[0\]\.upstream: is a list"),
        ([{"id": "a", "upstream": [{"id": 7}]}], r"works\[0\]\.upstream\[0\]\.id: is a string"),
        ([{"id": "a", "known": "yes"}], "known: is true, false or null"),
    ],
)
def test_works_of_the_wrong_shape_are_refused_with_the_place(works: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        judge("mit", {"id": "a", "relation": "finetune"}, case={"works": works})


def test_a_reviewed_text_upstream_is_open_and_not_unknown() -> None:
    reviewed = work("a", "other", "finetune", license_name="ours", declared_text_reviewed=True)

    assert judge("mit", reviewed)["codes"] == ["W-UNCLEAR"]


# --- bad input ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "licence",
    [
        "",
        "   ",
        "???",
        "(" * 10_000,
        "MIT AND (Apache-2.0",
        "x" * 10_240,
        "MIT OR " * 1_500,
        [["mit"]],
        {"a": 1},
        7,
        [],
    ],
)
@pytest.mark.parametrize("place", ["artefact", "direct", "deep", "head"])
def test_a_licence_that_cannot_be_read_is_a_finding_and_never_a_pass(licence: Any, place: str) -> None:
    bad = work("bad", licence, "finetune")
    if place == "artefact":
        answer = judge(licence)
    elif place == "direct":
        answer = judge("mit", bad)
    elif place == "deep":
        answer = judge("mit", work("a", "mit", "finetune", bad))
    else:
        answer = judge("mit", work("a", "mit", "finetune", license_at_head=licence))
        assert ("W-CHANGED-LICENSE" in answer["codes"]) is (licence is not None)
        return

    assert answer["verdict"] == "unknown"


def test_a_licence_carried_on_keeps_only_the_relations_that_change_what_it_asks() -> None:
    term = parse("gpl-3.0")
    assert isinstance(term, Term)
    near = carried(carried(Brought(term, frozenset()), "adapter"), "merge")

    # For this licence an adapter is an open question and a merge is not; a further quantisation adds nothing.
    assert asks(*near)[0] == {"same"}
    assert carried(near, "quantized") == near
    assert carried(near, "finetune") == carried(carried(near, "finetune"), "adapter")
