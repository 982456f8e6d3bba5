"""Conditions and tests in a policy file: what is read, and what is refused with its place."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from governance.policies import shapes
from governance.policies.documents import parse
from governance.policies.problems import PolicyInvalid
from governance.policies.trying import failures
from tests.governance.policies.documents import KINDS, document, need, policy


def problems(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(PolicyInvalid) as refused:
        parse(json.dumps(policy(**changes)), known_kinds=KINDS)
    return [(problem.code, problem.path) for problem in refused.value.problems]


def test_the_keys_of_the_format_are_read_and_read_back():
    read = document(
        metadata={
            "name": "high-production",
            "version": 7,
            "effectiveFrom": "2026-12-01",
            "graceDays": 30,
            "description": "What the board decided.",
        },
        appliesWhen='subject.library == "onnx"',
        appliesTo=None,
        requirements=[need(needs=["bias"], maps=["NIST.MEASURE-2.11", "LL144.5-301"], applicableIf='stage == "pilot"')],
        votes=[
            {"lane": "ethics", "min": 1, "copyIf": "card_text_only"},
            {"lane": "domain", "min": 1, "copyIf": "never"},
        ],
        distinctVoters=2,
        tests=[
            {
                "name": "low",
                "facts": {"stage": "pilot", "metrics": {"bias_min_ratio": 0.5}},
                "expect": {"bias.ratio": "ERROR"},
            }
        ],
    )

    assert (read.version, read.grace_days, read.description) == (7, 30, "What the board decided.")
    assert read.effective_at == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    assert (read.stages, read.tiers, read.kinds) == (shapes.STAGES, shapes.TIERS, ("model",))
    assert read.requirements[0].maps == ("NIST.MEASURE-2.11", "LL144.5-301")
    assert read.requirements[0].reads == ("bias",)
    assert {rule.lane: rule.copy_if for rule in read.votes} == {"domain": "never", "ethics": "card_text_only"}
    assert shapes.from_json(json.loads(json.dumps(read.as_json()))) == read


def test_a_moment_is_kept_in_one_spelling_and_what_is_none_is_refused():
    def published(value: str) -> str:
        return document(metadata={"name": "x", "effectiveFrom": value}).effective_from

    assert published("2026-12-01T10:00:00+02:00") == published("2026-12-01T08:00:00Z") == "2026-12-01T08:00:00Z"
    for wrong in ("tomorrow", "2026-13-01", "2026-12-01T10:00:00", "9999-12-31T23:00:00-09:00"):
        assert problems(metadata={"name": "x", "effectiveFrom": wrong}) == [("not_a_date", "metadata.effectiveFrom")]


def test_the_audits_that_a_condition_names_are_made_and_may_be_listed_instead():
    text = 'audits.exists(a, a.kind == "bias") && license.unknown_count == 0'

    assert document(requirements=[need(text)]).requirements[0].reads == ("bias", "license")
    assert document(requirements=[need(text, needs=["card"])]).requirements[0].reads == ("card",)
    assert document(requirements=[need(text, needs=[])]).requirements[0].reads == ()
    assert problems(requirements=[need(text, needs=["stress"])]) == [("unknown_kind", "requirements[0].needs[0]")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"requirements": [need("metrics.a >= 'x'")]}, ("expression_invalid", "requirements[0].satisfiedIf")),
        (
            {"requirements": [need("true", applicableIf="1")]},
            ("expression_not_boolean", "requirements[0].applicableIf"),
        ),
        (
            {"requirements": [need("true", applicableIf="audits.exists(a, a.age_days < 3.0)")]},
            ("expression_timed", "requirements[0].applicableIf"),
        ),
        ({"appliesWhen": "waivers.size() == 0"}, ("expression_timed", "appliesWhen")),
        ({"requirements": [need("true", maps=["a\nb"])]}, ("bad_reference", "requirements[0].maps[0]")),
        ({"requirements": [{"id": "x"}]}, ("missing_key", "requirements[0]")),
        ({"requirements": [need("true", verdicts=["pass"])]}, ("missing_key", "requirements[0]")),
        ({"metadata": {"name": "x", "graceDays": 366}}, ("number_out_of_range", "metadata.graceDays")),
        ({"metadata": {"name": "x", "description": "d" * 2001}}, ("too_long", "metadata.description")),
        ({"tests": [{"name": "n", "facts": {}, "expect": {}}]}, ("empty_test", "tests[0].expect")),
        (
            {"tests": [{"name": "n", "facts": {}, "expect": {"no.such": "ERROR"}}]},
            ("unknown_key", "tests[0].expect.no.such"),
        ),
        (
            {"tests": [{"name": "n", "facts": {}, "expect": {"bias.pass": "GOOD"}}]},
            ("not_allowed", "tests[0].expect.bias.pass"),
        ),
        (
            {"tests": [{"name": "n", "facts": [], "expect": {"bias.pass": "ERROR"}}]},
            ("not_a_mapping", "tests[0].facts"),
        ),
    ],
)
def test_a_mistake_in_a_condition_or_test_is_refused_with_its_place(changes: dict[str, Any], expected: tuple[str, str]):
    assert expected in problems(**changes)


def test_fault_v21_the_place_is_that_in_the_file():
    text = "\n".join(
        [
            "apiVersion: assay/v1",
            "kind: Policy",
            "metadata: {name: typed}",
            "appliesTo: {stages: [pilot], tiers: [high]}",
            "requirements:",
            "  - id: quoted",
            """    satisfiedIf: 'stage == ''pilot'' && metrics.a >= "x"'""",
            "  - id: plain",
            "    satisfiedIf: metrics.a >= stage",
            "  - id: folded",
            "    satisfiedIf: >",
            "      metrics.a >= stage",
            "validDays: 30",
        ]
    )
    lines = text.splitlines()

    with pytest.raises(PolicyInvalid) as refused:
        parse(text, known_kinds=KINDS)

    assert [(one.line, one.column) for one in refused.value.problems] == [
        (7, lines[6].index(">=") + 1),
        (9, lines[8].index(">=") + 1),
        (11, lines[10].index(">") + 1),
    ]
    assert "at 1:11" in refused.value.problems[2].message


def test_a_test_that_fails_is_told_with_its_line_and_what_came_out():
    text = json.dumps(policy(requirements=[need()], tests=[]), indent=1).replace(
        '"tests": []',
        '"tests": [\n{"name": "none denies", "facts": {}, "expect": {"bias.ratio": "UNSATISFIED"}},\n'
        '{"name": "low passes", "facts": {"metrics": {"bias_min_ratio": 0.5}},\n'
        '"expect": {"bias.ratio": "SATISFIED"}}]',
    )
    line = 1 + text[: text.index('"expect": {"bias.ratio": "SATISFIED"')].count("\n")

    [failed] = failures(parse(text, known_kinds=KINDS))

    assert (failed.code, failed.line) == ("test_failed", line)
    assert failed.message == ("the test low passes expects bias.ratio to be SATISFIED, but it came out as UNSATISFIED")


def test_what_a_test_leaves_out_is_filled_with_what_the_policy_applies_to():
    fresh = {"audits": [{"kind": "bias", "verdict": "pass"}]}
    cases = [
        {"name": "fresh", "facts": fresh, "expect": {"bias.pass": "SATISFIED", "verdict": "allow"}},
        {
            "name": "old",
            "facts": {"audits": [{"kind": "bias", "verdict": "pass", "age_days": 31}]},
            "expect": {"bias.pass": "UNSATISFIED"},
        },
        {
            "name": "under way",
            "facts": {"audits": [{"kind": "bias", "state": "queued"}]},
            "expect": {"verdict": "pending"},
        },
        {"name": "nothing", "facts": {}, "expect": {"bias.pass": "UNSATISFIED", "verdict": "deny"}},
        {"name": "spoilt", "facts": {"audits": "x"}, "expect": {"verdict": "error"}},
    ]

    assert failures(document(tests=cases)) == []
    assert [one.params["found"] for one in failures(document(tests=[cases[0] | {"expect": {"verdict": "deny"}}]))] == [
        "allow"
    ]


def test_a_failing_test_of_an_error_says_what_went_wrong():
    [failed] = failures(
        document(
            requirements=[need("metrics.x > 0.5")],
            tests=[{"name": "n", "facts": {}, "expect": {"bias.ratio": "SATISFIED"}}],
        )
    )

    assert failed.params["found"] == "ERROR"
    assert "x" in failed.params["why"]


def test_the_example_of_the_documentation_can_be_published_and_its_tests_pass():
    text = (Path(__file__).parents[3] / "docs" / "policies.md").read_text(encoding="utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]

    assert failures(parse(example, known_kinds=KINDS)) == []
