from __future__ import annotations

import hashlib
import json

import pytest
import rfc8785

from governance.catalog.models import Stage, SubjectKind, Tier
from governance.people.models import Lane
from governance.policies import shapes
from governance.policies.documents import parse
from tests.governance.policies.documents import (
    FILE,
    KINDS,
    document,
    requirement,
)


def test_a_policy_file_is_read_into_what_it_asks_for():
    read = parse(FILE, known_kinds=KINDS)

    assert (read.name, read.title) == ("high-production", "High risk, in production")
    assert (read.stages, read.tiers, read.kinds) == (("production",), ("high",), ("model",))
    [asked] = read.requirements
    assert (asked.id, asked.kind, asked.verdicts, asked.severity) == ("bias.pass", "bias", ("pass",), "fail")
    assert asked.max_age_days == 30
    assert asked.known_verdicts == ("fail", "insufficient_data", "no_information", "pass", "warn")
    assert [(rule.lane, rule.min, rule.veto) for rule in read.votes] == [("domain", 2, -1), ("ethics", 1, -2)]
    assert (read.distinct_voters, read.valid_days, read.auto_decide) == (3, 90, False)


def test_what_is_left_out_takes_the_stricter_or_the_plainer_value():
    read = document(
        metadata={"name": "plain"},
        appliesTo={"stages": ["pilot"], "tiers": ["limited"]},
        requirements=[{"id": "card.ok", "kind": "card", "verdicts": ["pass"]}],
        votes=[{"lane": "legal", "min": 2}, {"lane": "risk", "min": 1}],
        distinctVoters=None,
        autoDecide=None,
    )

    assert read.title == "plain"
    assert read.kinds == ("model",)
    assert read.requirements[0].title == "card.ok"
    assert read.requirements[0].severity == "fail"
    assert read.requirements[0].max_age_days is None
    assert [rule.veto for rule in read.votes] == [-2, -2]
    assert read.distinct_voters == 3, "unless said otherwise every vote is another person's"
    assert read.auto_decide is False


def test_files_that_ask_for_the_same_have_one_digest():
    other_way_round = f"""\
validDays: 90   # a quarter
distinctVoters: 3
votes: [{{lane: domain, veto: -1, min: 2}}, {{lane: ethics, min: 1}}]
requirements: {json.dumps([requirement(severity=None)])}
appliesTo: {{tiers: ["high"], stages: ['production']}}
metadata: {{title: "High risk,  in production", name: high-production}}
kind: "Policy"
apiVersion: assay/v1
"""

    assert parse(other_way_round, known_kinds=KINDS).sha256 == parse(FILE, known_kinds=KINDS).sha256
    assert parse(FILE.replace("\n", "\r\n").encode(), known_kinds=KINDS).sha256 == parse(FILE, known_kinds=KINDS).sha256
    assert parse(b"\xef\xbb\xbf" + FILE.encode(), known_kinds=KINDS).sha256 == parse(FILE, known_kinds=KINDS).sha256


def test_the_digest_is_over_the_canonical_json_of_the_document():
    read = parse(FILE, known_kinds=KINDS)

    assert read.sha256 == hashlib.sha256(rfc8785.dumps(json.loads(json.dumps(read.as_json())))).hexdigest()
    assert document(validDays=91).sha256 != document(validDays=90).sha256


def test_a_stored_document_is_read_back_whole_or_not_at_all():
    read = parse(FILE, known_kinds=KINDS)
    stored = json.loads(json.dumps(read.as_json()))

    assert shapes.from_json(stored) == read
    for spoilt in (
        stored | {"satisfiedIf": "true"},
        {key: value for key, value in stored.items() if key != "votes"},
        stored | {"requirements": [stored["requirements"][0] | {"overrideIf": "false"}]},
        stored | {"requirements": "all"},
        [],
        None,
    ):
        with pytest.raises(ValueError, match="not a policy document"):
            shapes.from_json(spoilt)


def test_policies_know_the_same_stages_tiers_subjects_and_lanes_as_the_rest_of_the_product():
    assert list(shapes.STAGES) == Stage.values
    assert list(shapes.TIERS) == Tier.values
    assert list(shapes.SUBJECT_KINDS) == SubjectKind.values
    assert list(shapes.LANES) == Lane.values
