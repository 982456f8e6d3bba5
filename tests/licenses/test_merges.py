"""Licences that meet in one work: what clashes, where it is told, and what is nobody's affair."""

from __future__ import annotations

import pytest

from licenses.compat.merges import Brought, clashes
from licenses.expressions import Term, parse
from licenses.profiles import Profile
from tests.licenses.lineages import judge, one, work


@pytest.mark.parametrize(
    ("licences", "code"),
    [
        (["gpl-3.0", "bigscience-bloom-rail-1.0"], "C-MERGE"),
        (["gpl-3.0", "llama2"], "C-MERGE"),
        (["gpl-2.0", "gpl-3.0"], "C-MERGE"),
        (["cc-by-sa-4.0", "cc-by-nc-4.0"], "C-MERGE"),
        (["cc-by-nc-sa-4.0", "cc-by-sa-4.0"], "C-MERGE"),
        (["cc-by-nc-sa-4.0", "cc-by-nc-4.0"], None),
        (["cc-by-sa-3.0", "cc-by-sa-4.0"], None),
        (["cc-by-sa-4.0", "gpl-3.0"], None),
        (["llama3.1", "llama3.1"], None),
        (["gpl-3.0", "apache-2.0"], None),
        (["llama2", "llama3"], "U-MERGE"),
        (["gemma", "creativeml-openrail-m"], None),
        (["GPL-2.0-or-later", "gpl-3.0"], "U-MERGE"),
    ],
)
@pytest.mark.parametrize("relation", ["merge", "finetune", "quantized"])
def test_what_is_combined_is_compared_pair_by_pair(licences: list[str], code: str | None, relation: str) -> None:
    upstream = [work(f"w{at}", licence, relation, type="model") for at, licence in enumerate(licences)]

    found = [code for code in judge("other", *upstream)["codes"] if code in ("C-MERGE", "U-MERGE")]

    assert found == ([code] if code else [])


@pytest.mark.parametrize(
    ("licences", "strictness", "code"),
    [
        (["odbl", "cc-by-nc-4.0"], "legalistic", "C-MERGE"),
        (["cc-by-sa-4.0", "cc-by-nc-4.0"], "legalistic", None),
        (["cc-by-sa-4.0", "cc-by-nc-4.0"], "conservative", "W-UNCLEAR"),
        (["cc-by-sa-4.0", "cc-by-nc-4.0"], "strict", "C-MERGE"),
    ],
)
def test_a_collection_is_compared_as_far_as_the_texts_reach_it(
    licences: list[str], strictness: str, code: str | None
) -> None:
    parts = [work(f"w{at}", licence, "includes") for at, licence in enumerate(licences)]

    findings = judge("other", *parts, strictness=strictness)["findings"]

    assert [one["code"] for one in findings if "other_work" in one["params"]] == ([code] if code else [])


def test_a_clash_names_both_works_both_licences_and_both_chains() -> None:
    answer = judge(
        "gpl-3.0",
        work("a", "gpl-3.0", "merge", work("g", "gpl-3.0", "finetune")),
        work("b", "apache-2.0", "merge", work("rail", "bigscience-bloom-rail-1.0", "finetune")),
    )

    clash = one(answer, "C-MERGE")
    assert clash["chain"] == ["rail", "b", "<artefact>"]
    assert clash["relations"] == ["finetune", "merge"]
    assert clash["params"]["other_work"] == "a"
    assert clash["params"]["other_licence_id"] == "gpl-3.0"
    assert clash["params"]["other_chain"] == ["a", "<artefact>"]


def test_a_merge_further_up_is_judged_where_it_was_made() -> None:
    merged = work("m", "gpl-3.0", "merge", work("a", "gpl-3.0", "merge"), work("b", "llama2", "merge"))
    answer = judge("gpl-3.0", work("ft", "gpl-3.0", "finetune", {**merged, "relation": "quantized"}))

    clash = one(answer, "C-MERGE")
    assert clash["params"]["combined_in"] == "m"
    assert clash["chain"][-3:] == ["m", "ft", "<artefact>"]


def test_a_clash_is_told_where_the_two_meet_and_not_again_further_down() -> None:
    merged = work("m", "gpl-3.0", "merge", work("a", "gpl-3.0", "merge"), work("b", "llama2", "merge"))
    answer = judge("gpl-3.0", merged, {**merged, "id": "n", "relation": "finetune"})

    places = [one["params"]["combined_in"] for one in answer["findings"] if one["code"] == "C-MERGE"]
    assert places == ["m"]


def test_licences_that_meet_only_across_a_shared_work_are_told_all_the_same() -> None:
    # Both branches hold GPL-2.0 work b; one of them put GPL-3.0 on top of it.
    shared = work("b", "gpl-2.0", "finetune")
    answer = judge("gpl-3.0", work("a", "gpl-3.0", "merge", shared), {**shared, "relation": "merge"})

    assert "C-MERGE" in answer["codes"]


def test_licences_of_one_branch_are_its_own_affair() -> None:
    # GPL-2.0 and GPL-3.0 come one behind the other; nobody merged them here.
    answer = judge("gpl-3.0", work("a", "gpl-3.0", "finetune", work("b", "gpl-2.0", "finetune")))

    assert "C-MERGE" not in answer["codes"]


def test_a_merge_that_somebody_trained_on_is_a_warning() -> None:
    data = work("d", "mit", "train_on", work("s", "odbl", "includes"), work("n", "cc-by-nc-4.0", "includes"))
    answer = judge("mit", data)

    assert "C-MERGE" not in answer["codes"]
    assert "W-TRAIN-TERMS" in answer["codes"]


def test_a_merge_inside_the_house_is_latent() -> None:
    answer = judge("gpl-3.0", work("a", "gpl-3.0", "merge"), work("b", "llama2", "merge"), mode="internal")

    assert "C-MERGE" not in answer["codes"]
    assert "C-MERGE" in {finding["code"] for finding in answer["latent"]}


def test_thirty_bases_under_two_licences_are_one_pair() -> None:
    bases = [work(f"w{at:02}", ("gpl-3.0", "llama2")[at % 2], "merge") for at in range(30)]

    answer = judge("gpl-3.0", *bases)

    assert [finding["params"]["other_work"] for finding in answer["findings"] if finding["code"] == "C-MERGE"] == [
        "w01"
    ]


def test_clashes_of_a_set_of_licences_need_no_names() -> None:
    def brought(written: str) -> Brought:
        term = parse(written)
        assert isinstance(term, Term)
        return Brought(term, frozenset({"merge"}))

    profile = Profile(purpose="commercial", mode="redistribute_weights")

    (clash,) = clashes([[brought("gpl-3.0")], [brought("llama2"), brought("mit")]], profile)

    assert clash.code == "C-MERGE"
    assert not clash.latent
    assert {clash.one.term.licence.id, clash.other.term.licence.id} == {"gpl-3.0", "llama2"}
    assert clashes([[brought("gpl-3.0"), brought("llama2")], [brought("mit")]], profile) == ()
