from __future__ import annotations

import json
from typing import Any

import pytest

from tests.governance.policies.documents import (
    FILE,
    changed,
    document,
    only,
    policy,
    problems,
    requirement,
)


def test_an_unregistered_kind_cannot_be_published_and_the_refusal_says_so():
    problem = only(changed("kind: bias", "kind: stress"))

    column = FILE.splitlines()[6].index("bias, verdicts") + 1
    assert (problem.code, problem.path) == ("unknown_kind", "requirements[0].kind")
    assert (problem.line, problem.column) == (7, column)
    assert problem.message == (
        "no audit called 'stress' is registered, so this policy cannot be published; registered are bias, card, license"
    )
    assert set(problem.as_json()) >= {"code", "message", "line", "column", "path"}


@pytest.mark.parametrize(
    ("old", "new", "code", "path", "line"),
    [
        ("apiVersion: assay/v1", "apiVersion: assay/v2", "not_allowed", "apiVersion", 2),
        ("kind: Policy", "kind: Polizei", "not_allowed", "kind", 3),
        ("validDays: 90\n", "", "missing_key", "", 2),
        ("name: high-production, ", "", "missing_key", "metadata", 4),
        ("name: high-production", "name: High Production", "bad_name", "metadata.name", 4),
        ("name: high-production", f"name: {'a' * 81}", "too_long", "metadata.name", 4),
        ("name: high-production", "name: yes", "not_text", "metadata.name", 4),
        ("name: high-production", "name: 2026-11-23", "not_text", "metadata.name", 4),
        ('"High risk, in production"', f'"{"t" * 201}"', "too_long", "metadata.title", 4),
        ('title: "High risk, in production"', "labels: []", "not_supported_yet", "metadata.labels", 4),
        ('title: "High risk, in production"', "titel: x", "unknown_key", "metadata.titel", 4),
        ("stages: [production]", "stages: [live]", "not_allowed", "appliesTo.stages[0]", 5),
        ("stages: [production]", "stages: [production, production]", "repeated", "appliesTo.stages[1]", 5),
        ("stages: [production]", "stages: []", "empty_list", "appliesTo.stages", 5),
        ("stages: [production]", "stages: production", "not_a_list", "appliesTo.stages", 5),
        ("tiers: [high]", "tiers: [extreme]", "not_allowed", "appliesTo.tiers[0]", 5),
        ("kinds: [model]", "kinds: [robot]", "not_allowed", "appliesTo.kinds[0]", 5),
        ("id: bias.pass", "id: 'bias pass'", "bad_name", "requirements[0].id", 7),
        ("id: bias.pass", "id: ''", "bad_name", "requirements[0].id", 7),
        ("kind: bias", "kind: ''", "unknown_kind", "requirements[0].kind", 7),
        ("verdicts: [pass]", "verdicts: [obligation]", "unknown_verdict", "requirements[0].verdicts[0]", 7),
        ("verdicts: [pass]", "verdicts: []", "empty_list", "requirements[0].verdicts", 7),
        ("verdicts: [pass]", "verdicts: [pass, pass]", "repeated", "requirements[0].verdicts[1]", 7),
        ("verdicts: [pass]", "verdicts: pass", "not_a_list", "requirements[0].verdicts", 7),
        ("verdicts: [pass]", "verdicts: [no]", "not_text", "requirements[0].verdicts[0]", 7),
        ("verdicts: [pass], ", "", "missing_key", "requirements[0]", 7),
        ("maxAgeDays: 30", "maxAgeDays: 0", "number_out_of_range", "requirements[0].maxAgeDays", 7),
        ("maxAgeDays: 30", "maxAgeDays: 731", "number_out_of_range", "requirements[0].maxAgeDays", 7),
        ("maxAgeDays: 30", "maxAgeDays: 30.0", "not_a_number", "requirements[0].maxAgeDays", 7),
        ("maxAgeDays: 30", "maxAgeDays: 1:30", "not_a_number", "requirements[0].maxAgeDays", 7),
        ("maxAgeDays: 30", "maxAgeDays: 030", "not_a_number", "requirements[0].maxAgeDays", 7),
        ("maxAgeDays: 30", "maxAgeDays: '30'", "not_a_number", "requirements[0].maxAgeDays", 7),
        ("maxAgeDays: 30", "maxAgeDays: .nan", "not_a_number", "requirements[0].maxAgeDays", 7),
        ("maxAgeDays: 30", "maxAgeDays: null", "not_a_number", "requirements[0].maxAgeDays", 7),
        ("maxAgeDays: 30", "maxAgeDays: " + "9" * 5000, "not_a_number", "requirements[0].maxAgeDays", 7),
        ("severity: fail", "severity: fatal", "not_allowed", "requirements[0].severity", 7),
        ("severity: fail", "severity: off", "not_text", "requirements[0].severity", 7),
        ("severity: fail", "overrideIf: 'true'", "not_supported_yet", "requirements[0].overrideIf", 7),
        ("severity: fail", "severty: fail", "unknown_key", "requirements[0].severty", 7),
        ("lane: ethics", "lane: ethic", "not_allowed", "votes[0].lane", 9),
        ("lane: ethics", "lane: domain", "duplicate_lane", "votes[1].lane", 10),
        ("min: 1", "min: 0", "number_out_of_range", "votes[0].min", 9),
        ("veto: -2", "veto: 0", "number_out_of_range", "votes[0].veto", 9),
        ("veto: -2", "veto: -3", "number_out_of_range", "votes[0].veto", 9),
        ("veto: -2", "role: ethics", "not_supported_yet", "votes[0].role", 9),
        ("distinctVoters: 3", "distinctVoters: 4", "distinct_too_many", "distinctVoters", 11),
        ("distinctVoters: 3", "distinctVoters: 0", "number_out_of_range", "distinctVoters", 11),
        ("validDays: 90", "validDays: 0", "number_out_of_range", "validDays", 12),
        ("validDays: 90", "validDays: 731", "number_out_of_range", "validDays", 12),
        ("validDays: 90", "validDays: ninety", "not_a_number", "validDays", 12),
        ("autoDecide: false", "autoDecide: no", "not_true_or_false", "autoDecide", 13),
        ("autoDecide: false", "autoDecide: 'false'", "not_true_or_false", "autoDecide", 13),
        ("autoDecide: false", "overrideIf: 'x'", "not_supported_yet", "overrideIf", 13),
        ("autoDecide: false", "extends: other", "not_supported_yet", "extends", 13),
        ("autoDecide: false", "on: yes", "key_not_text", "", 13),
        ("autoDecide: false", "7: yes", "key_not_text", "", 13),
        ("autoDecide: false", "[a]: yes", "key_not_text", "", 13),
        ("autoDecide: false", "<<: {validDays: 1}", "key_not_text", "", 13),
        ("autoDecide: false", "validDays: 400", "duplicate_key", "validDays", 13),
        ("autoDecide: false", "autoDecide: [false", "not_yaml", "", 14),
        ("autoDecide: false", "\tautoDecide: false", "not_yaml", "", 13),
        ("autoDecide: false", "autoDecide: !!bool false", "tag", "", 13),
        ("autoDecide: false", "autoDecide: &flag false", "anchor", "", 13),
        ("autoDecide: false", "---\nautoDecide: false", "second_document", "", 13),
    ],
)
def test_a_mistake_is_refused_with_its_place(old: str, new: str, code: str, path: str, line: int):
    problem = only(changed(old, new))

    assert (problem.code, problem.path, problem.line) == (code, path, line)
    assert problem.column >= 1
    assert problem.message
    assert "{" not in problem.message


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", "empty_file"),
        ("# only a comment\n", "empty_file"),
        ("just words", "not_a_mapping"),
        ("[1, 2]", "not_a_mapping"),
        (FILE.encode("utf-16"), "not_utf8"),
        (FILE.encode() + b"# \xff", "not_utf8"),
        (FILE + "# \x00", "forbidden_character"),
        (FILE + "# \ud800", "forbidden_character"),
        (changed("High risk", "High \u202eksir"), "forbidden_character"),
        (changed("High risk", "High \\0 risk"), "forbidden_character"),
    ],
)
def test_a_file_that_is_no_policy_is_refused(source: str | bytes, code: str):
    assert only(source).code == code


def test_two_requirements_cannot_share_an_id():
    twice = [requirement(), requirement(kind="card")]

    problem = only(json.dumps(policy(requirements=twice)))

    assert (problem.code, problem.path) == ("duplicate_requirement", "requirements[1].id")


def test_a_policy_without_requirements_is_refused():
    assert only(json.dumps(policy(requirements=[]))).code == "empty_list"
    assert only(json.dumps(policy(requirements=None))).code == "missing_key"


def test_a_policy_decides_alone_only_where_nobody_is_asked_and_little_is_at_stake():
    alone: dict[str, Any] = {"votes": None, "distinctVoters": None, "autoDecide": True}
    low = {"stages": ["prototype"], "tiers": ["minimal", "limited", "high", "critical"]}

    with_votes = problems(json.dumps(policy(autoDecide=True, appliesTo=low)))
    too_high = only(json.dumps(policy(**alone)))

    assert [problem.code for problem in with_votes] == ["auto_decide_with_votes"]
    assert (too_high.code, too_high.params["pairs"]) == ("auto_decide_too_high", "high production")
    assert document(**alone, appliesTo=low).auto_decide
    assert document(**alone, appliesTo={"stages": ["pilot", "production"], "tiers": ["minimal"]}).auto_decide


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file():
    text = FILE.replace("tiers: [high]", "tiers: [hi]").replace("kind: bias", "kind: stress")
    text = text.replace("lane: ethics", "lane: ethic").replace("validDays: 90", "validDays: 900")

    found = problems(text)

    assert [(problem.line, problem.code) for problem in found] == [
        (5, "not_allowed"),
        (7, "unknown_kind"),
        (9, "not_allowed"),
        (12, "number_out_of_range"),
    ]


def test_a_misspelt_key_is_answered_with_the_key_that_may_be_meant():
    assert "maxAgeDays (is that meant?)" in only(changed("maxAgeDays", "maxAgedays")).message


def test_thousands_of_mistakes_make_a_short_answer():
    text = FILE + "".join(f"extra{number}: 1\n" for number in range(1500))

    found = problems(text)

    assert len(found) == 51
    assert found[-1].code == "too_many_problems"


def test_a_long_value_does_not_fill_the_answer():
    for problem in (
        only(changed("kind: bias", f"kind: {'x' * 60_000}")),
        only(changed("autoDecide: false", f"{'y' * 60_000}: 1")),
        only(changed("autoDecide: false", f"autoDecide: !{'z' * 900} 1")),
    ):
        assert len(str(problem)) < 400
