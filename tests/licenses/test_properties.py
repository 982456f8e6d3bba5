"""What holds for every licence, relation and profile."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licenses import cases, catalogue, questions
from licenses.cases import CaseRejected
from licenses.compat import check
from licenses.findings import MESSAGES, RANK, severity

NAMED = [
    row.id
    for row in catalogue.all_licences()
    if row.family not in ("placeholder", "own") and row.evidence != "not_read"
]
NAMELESS = [None, "", "unknown", "other", "no-such-licence", "h-research", 7] + [
    row.id for row in catalogue.all_licences() if row.family == "placeholder"
]
licences = st.sampled_from(NAMED)
nameless = st.sampled_from(NAMELESS)
relations = st.sampled_from(questions.RELATIONS)
profiles = st.fixed_dictionaries(
    {
        "purpose": st.sampled_from(cases.PURPOSES),
        "mode": st.sampled_from(cases.MODES),
        "strictness": st.sampled_from(cases.STRICTNESS),
        "territory": st.sampled_from(["US", "DE", "KR", "world"]),
        "mau": st.sampled_from([0, 5_000_000, 10**9]),
        "revenue_usd_year": st.sampled_from([0, 10**7]),
        "field": st.sampled_from([None, "health", "military"]),
        "actor": st.sampled_from([None, *cases.ACTORS]),
    }
)


def judge(declared: Any, upstream: Any, relation: str, profile: dict[str, Any]) -> dict[str, Any]:
    return check(
        {
            "artefact": {"license": declared, "name": "acme/thing", "has_license_file": True, "modalities": ["text"]},
            "upstream": [{"id": "org/up", "license": upstream, "relation": relation}],
            "use_profile": profile,
        }
    )


def rank(answer: dict[str, Any]) -> int:
    return RANK[answer["verdict"]]


@given(licences, nameless, relations, profiles)
def test_an_upstream_without_a_text_never_passes(
    declared: str, upstream: Any, relation: str, profile: dict[str, Any]
) -> None:
    assert judge(declared, upstream, relation, profile)["verdict"] in ("unknown", "conflict")


@given(nameless, licences, relations, profiles)
def test_an_artefact_without_a_text_never_passes(
    declared: Any, upstream: str, relation: str, profile: dict[str, Any]
) -> None:
    assert judge(declared, upstream, relation, profile)["verdict"] in ("unknown", "conflict")


@given(licences, nameless, licences, relations, profiles)
def test_a_part_without_a_text_spoils_a_sum(
    declared: str, part: Any, other: str, relation: str, profile: dict[str, Any]
) -> None:
    assert judge(declared, [other, part], relation, profile)["verdict"] in ("unknown", "conflict")


@given(licences, licences, nameless, relations, profiles)
def test_making_an_upstreams_terms_unknown_never_improves_the_verdict(
    declared: str, upstream: str, hidden: Any, relation: str, profile: dict[str, Any]
) -> None:
    seen = judge(declared, upstream, relation, profile)

    unseen = judge(declared, hidden, relation, profile)

    assert rank(unseen) >= min(rank(seen), RANK["unknown"])


@given(
    licences,
    licences,
    relations,
    profiles,
    st.sampled_from(["mau", "revenue_usd_year", "territory", "purpose", "mode"]),
)
def test_leaving_out_a_profile_value_never_turns_a_failing_verdict_into_a_passing_one(
    declared: str, upstream: str, relation: str, profile: dict[str, Any], missing: str
) -> None:
    given_all = judge(declared, upstream, relation, profile)

    without = judge(declared, upstream, relation, {**profile, missing: None})

    assert rank(without) >= min(rank(given_all), RANK["unknown"])


@given(licences, licences, relations, profiles)
def test_more_strictness_never_improves_the_verdict(
    declared: str, upstream: str, relation: str, profile: dict[str, Any]
) -> None:
    ranks = [
        rank(judge(declared, upstream, relation, {**profile, "strictness": strictness}))
        for strictness in ("legalistic", "conservative", "strict")
    ]

    assert ranks == sorted(ranks)


@given(licences, licences, relations, profiles)
def test_research_is_never_judged_worse_than_commerce(
    declared: str, upstream: str, relation: str, profile: dict[str, Any]
) -> None:
    research = judge(declared, upstream, relation, {**profile, "purpose": "research"})
    commerce = judge(declared, upstream, relation, {**profile, "purpose": "commercial"})

    assert rank(research) <= rank(commerce)


@given(licences, licences, licences, relations, profiles)
def test_a_sum_is_as_bad_as_its_worst_part_and_a_choice_as_good_as_its_best(
    declared: str, one: str, two: str, relation: str, profile: dict[str, Any]
) -> None:
    apart = [rank(judge(declared, each, relation, profile)) for each in (one, two)]
    spdx = [row.spdx for each in (one, two) if (row := catalogue.find(each)) is not None and row.spdx]

    if len(spdx) == 2:
        assert rank(judge(declared, " AND ".join(spdx), relation, profile)) == max(apart)
        assert rank(judge(declared, " OR ".join(spdx), relation, profile)) == min(apart)
    assert rank(judge(declared, [one, two], relation, profile)) >= max(apart)


@pytest.mark.parametrize("mode", cases.MODES)
def test_every_licence_along_every_relation_gets_findings_that_can_be_read(mode: str) -> None:
    for licence in NAMED:
        for relation in questions.RELATIONS:
            answer = judge("mit", licence, relation, {"purpose": "commercial", "mode": mode})
            for finding in answer["findings"] + answer["latent"]:
                assert finding["severity"] == severity(finding["code"])
                assert finding["message"]
                assert finding["term"]
                assert finding["section"]
                assert finding["chain"] in (["<artefact>"], ["org/up", "<artefact>"])
            assert rank(answer) == max((RANK[one["severity"]] for one in answer["findings"]), default=0)


def test_every_code_has_a_severity_and_words() -> None:
    assert {severity(code) for code in MESSAGES} == {"conflict", "unknown", "warning", "obligation"}
    for code, words in MESSAGES.items():
        assert words.strip(), code


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "license",
    "license_name",
    "name",
    "has_license_file",
    "notices",
    "modalities",
    "type",
    "declared_text_reviewed",
]


@given(
    st.dictionaries(st.sampled_from(KEYS), json_values),
    st.lists(
        st.dictionaries(st.sampled_from(["id", "license", "relation", "known", "upstream"]), json_values), max_size=3
    ),
    st.dictionaries(st.sampled_from(["purpose", "mode", "mau", "territory", "field", "strictness"]), json_values),
)
def test_any_json_is_judged_or_refused(artefact: Any, upstream: Any, profile: Any) -> None:
    with contextlib.suppress(CaseRejected):
        answer = check({"artefact": artefact, "upstream": upstream, "use_profile": profile})
        assert answer["verdict"] in RANK
        json.dumps(answer, allow_nan=False).encode()
