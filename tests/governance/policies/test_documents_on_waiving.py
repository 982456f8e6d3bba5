from __future__ import annotations

import json

import pytest

from governance.policies import shapes
from governance.policies.documents import parse
from tests.governance.policies.documents import (
    FILE,
    KINDS,
    changed,
    only,
)


def waivable(value: str) -> str:
    return changed("severity: fail", f"severity: fail, waivable: {value}")


def test_a_requirement_says_who_may_waive_it_and_for_how_long():
    [never] = parse(waivable("false"), known_kinds=KINDS).requirements
    [briefly] = parse(waivable("{maxDays: 30, by: [approver]}"), known_kinds=KINDS).requirements
    [unsaid] = parse(FILE, known_kinds=KINDS).requirements

    assert never.waivable is None
    assert briefly.waivable == shapes.Waivable(30, "approver")
    assert unsaid.waivable == shapes.Waivable(180, "risk_officer")


def test_no_waiver_is_longer_than_the_tier_allows():
    unsaid = shapes.WAIVABLE_UNLESS_SAID

    assert {tier: unsaid.days(tier) for tier in shapes.TIERS} == {
        "minimal": 180,
        "limited": 180,
        "high": 90,
        "critical": 30,
    }
    assert shapes.Waivable(14).days("critical") == 14
    assert unsaid.days("unheard of") == 30


def test_a_document_that_says_nothing_of_waivers_keeps_its_digest_and_the_default_written_out_is_the_same():
    said = parse(waivable("{maxDays: 180, by: [risk_officer]}"), known_kinds=KINDS)

    assert said.sha256 == parse(FILE, known_kinds=KINDS).sha256
    assert "waivable" not in said.as_json()["requirements"][0]
    for text in (waivable("false"), waivable("{maxDays: 7}")):
        read = parse(text, known_kinds=KINDS)
        assert read.sha256 != said.sha256
        assert shapes.from_json(json.loads(json.dumps(read.as_json()))) == read


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        ("true", "waivable_true", "requirements[0].waivable"),
        ("30", "not_a_mapping", "requirements[0].waivable"),
        ("{}", "missing_key", "requirements[0].waivable"),
        ("{maxDays: 0}", "number_out_of_range", "requirements[0].waivable.maxDays"),
        ("{maxDays: 181}", "number_out_of_range", "requirements[0].waivable.maxDays"),
        ("{maxDays: 30, by: risk_officer}", "not_a_list", "requirements[0].waivable.by"),
        ("{maxDays: 30, by: []}", "empty_list", "requirements[0].waivable.by"),
        ("{maxDays: 30, by: [submitter]}", "not_allowed", "requirements[0].waivable.by[0]"),
        ("{maxDays: 30, by: [approver, admin]}", "one_waiver", "requirements[0].waivable.by"),
        ("{maxDays: 30, until: 3}", "unknown_key", "requirements[0].waivable.until"),
    ],
)
def test_what_is_wrong_with_waivable_is_told_with_its_place(value: str, code: str, path: str):
    problem = only(waivable(value))

    assert (problem.code, problem.path) == (code, path)
    assert "{" not in problem.message.replace("{maxDays: 30, by: [risk_officer]}", "")
