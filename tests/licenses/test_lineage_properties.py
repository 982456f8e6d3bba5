"""What holds for every graph of works: more upstreams never help, order and form do not matter, everything ends."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from licenses import catalogue, questions
from licenses.compat import check
from licenses.findings import RANK

NAMED = [
    row.id
    for row in catalogue.all_licences()
    if row.family not in ("placeholder", "own") and row.evidence != "not_read"
]
# Licences that ask for something, often; a uniform draw would meet few of them in one graph.
TELLING = [
    row.id for row in catalogue.all_licences() if row.id in NAMED and set(row.reach_finetune.words) - {"none", "notice"}
]
licences = st.one_of(
    st.sampled_from(TELLING), st.sampled_from([*NAMED, None, "other", "gpl", "MIT OR GPL-3.0-only", "???"])
)
relations = st.sampled_from([*questions.RELATIONS, "finetune", "merge", "train_on", None, "cousin"])
kinds = st.sampled_from(["model", "model", "dataset"])
profiles = st.fixed_dictionaries(
    {
        "purpose": st.sampled_from(["research", "commercial", None]),
        "mode": st.sampled_from(["internal", "saas", "redistribute_weights"]),
        "strictness": st.sampled_from(["legalistic", "conservative", "strict"]),
        "territory": st.sampled_from(["US", "DE", None]),
        "mau": st.sampled_from([0, 10**9]),
        "revenue_usd_year": st.just(0),
        "actor": st.just("licensor"),
    }
)


def trees(depth: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Nested upstreams with names that do not repeat."""
    inner = trees(depth - 1) if depth else st.just([])
    work = st.fixed_dictionaries({"type": kinds, "license": licences, "relation": relations, "upstream": inner})
    return st.lists(work, max_size=3)


def name(upstream: list[dict[str, Any]], prefix: str = "w") -> list[dict[str, Any]]:
    return [
        {**one, "id": f"{prefix}{at}", "upstream": name(one["upstream"], f"{prefix}{at}.")}
        for at, one in enumerate(upstream)
    ]


def judge(declared: Any, upstream: Any, profile: dict[str, Any], **more: Any) -> dict[str, Any]:
    artefact = {"license": declared, "name": "acme/Llama-3-x", "has_license_file": True, "modalities": ["text"]}
    return check({"artefact": artefact, "upstream": upstream, "use_profile": profile, **more})


def rank(answer: dict[str, Any]) -> int:
    return RANK[answer["verdict"]]


def flat(upstream: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The form with ``works``: names with a relation, and every work once."""
    names = [{key: one[key] for key in ("id", "type", "relation")} for one in upstream]
    works = []
    for one in upstream:
        above, more = flat(one["upstream"])
        works += [{**{key: one[key] for key in ("id", "type", "license")}, "upstream": above}, *more]
    return names, works


def shuffled(upstream: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "upstream": shuffled(one["upstream"])} for one in reversed(upstream)]


@given(licences, trees(2).map(name), licences, relations, kinds, profiles, st.data())
def test_another_upstream_never_improves_the_verdict(
    declared: Any,
    upstream: list[dict[str, Any]],
    licence: Any,
    relation: Any,
    kind: str,
    profile: dict[str, Any],
    data: st.DataObject,
) -> None:
    # The one exception: a licence that lets its outputs improve its own derivatives is asked whether there is one.
    excepted = {row.id for row in catalogue.all_licences() if row.train_with_outputs == "no_other_llm"}
    if licence in excepted:
        licence = "mit"
    before = judge(declared, upstream, profile)
    another = {"id": "another", "type": kind, "license": licence, "relation": relation, "upstream": []}
    place = upstream
    while place and data.draw(st.booleans()):
        place = data.draw(st.sampled_from(place))["upstream"]
    place.append(another)

    after = judge(declared, upstream, profile)

    assert rank(after) >= rank(before)


@given(licences, trees(2).map(name), profiles)
def test_the_order_of_upstreams_does_not_matter(
    declared: Any, upstream: list[dict[str, Any]], profile: dict[str, Any]
) -> None:
    assert judge(declared, shuffled(upstream), profile) == judge(declared, upstream, profile)


@given(licences, trees(2).map(name), profiles)
def test_nested_and_flat_form_give_the_same_answer(
    declared: Any, upstream: list[dict[str, Any]], profile: dict[str, Any]
) -> None:
    names, works = flat(upstream)

    assert judge(declared, names, profile, works=works) == judge(declared, upstream, profile)


@given(licences, trees(2).map(name), profiles)
def test_a_licence_that_is_not_known_anywhere_upstream_never_passes(
    declared: Any, upstream: list[dict[str, Any]], profile: dict[str, Any]
) -> None:
    deep = [{"id": "deep", "type": "model", "license": None, "relation": "finetune"}]
    for at in range(6):
        deep = [{"id": f"n{at}", "type": "model", "license": "mit", "relation": "finetune", "upstream": deep}]

    assert judge(declared, [*upstream, *deep], profile)["verdict"] in ("unknown", "conflict")


@given(
    st.lists(st.tuples(licences, kinds, st.lists(st.tuples(relations, st.integers(0, 5)), max_size=4)), max_size=6),
    profiles,
)
def test_graphs_with_cycles_end_with_findings_that_can_be_read(
    written: list[tuple[Any, str, list[tuple[Any, int]]]], profile: dict[str, Any]
) -> None:
    works = [
        {
            "id": f"w{at}",
            "type": kind,
            "license": licence,
            "upstream": [{"id": f"w{to}", "type": "model", "relation": relation} for relation, to in hops],
        }
        for at, (licence, kind, hops) in enumerate(written)
    ]

    answer = judge("apache-2.0", [{"id": "w0", "relation": "finetune"}], profile, works=works)

    for finding in answer["findings"] + answer["latent"]:
        assert finding["chain"][-1] == "<artefact>"
        assert len(finding["relations"]) == len(finding["chain"]) - 1
        assert finding["message"]
    assert json.loads(json.dumps(answer)) == answer


@settings(max_examples=30)
@given(st.sampled_from([row.id for row in catalogue.all_licences() if row.use in ("nc", "research")]), profiles)
def test_a_stricter_declaration_is_no_conflict(declared: str, profile: dict[str, Any]) -> None:
    open_to_all = {"id": "o", "type": "model", "license": "apache-2.0", "relation": "finetune"}

    answer = judge(declared, [open_to_all], {**profile, "purpose": "research"})

    assert answer["verdict"] != "conflict"


@given(st.lists(licences, min_size=2, max_size=4), profiles)
def test_a_choice_upstream_is_never_worse_than_its_best_branch(several: list[Any], profile: dict[str, Any]) -> None:
    spdx = [row.spdx for one in several if isinstance(one, str) and (row := catalogue.find(one)) and row.spdx]
    other = {"id": "b", "type": "model", "license": "llama3", "relation": "merge"}

    def merged(licence: str) -> dict[str, Any]:
        return judge("llama3", [{"id": "a", "type": "model", "license": licence, "relation": "merge"}, other], profile)

    if spdx:
        best = min(rank(merged(one)) for one in spdx)
        assert rank(merged(" OR ".join(spdx))) == best
