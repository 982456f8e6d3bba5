from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from governance.catalog.models import Stage, SubjectKind, Tier
from governance.people.models import Lane
from governance.policies import documents
from governance.policies.documents import parse
from governance.policies.problems import MESSAGES, PolicyInvalid, Problem
from tests.governance.policies.documents import BOMBS, KINDS, document, policy, requirement

FILE = """\
# What production at high risk needs.
apiVersion: assay/v1
kind: Policy
metadata: {name: high-production, title: "High risk, in production"}
appliesTo: {stages: [production], tiers: [high], kinds: [model]}
requirements:
  - {id: bias.pass, title: "No group is treated worse", kind: bias, verdicts: [pass], maxAgeDays: 30, severity: fail}
votes:
  - {lane: ethics, min: 1, veto: -2}
  - {lane: domain, min: 2, veto: -1}
distinctVoters: 3
validDays: 90
autoDecide: false
"""


def problems(text: str | bytes) -> list[Problem]:
    with pytest.raises(PolicyInvalid) as refused:
        parse(text, known_kinds=KINDS)
    return list(refused.value.problems)


def only(text: str | bytes) -> Problem:
    found = problems(text)
    assert [problem.code for problem in found] == [found[0].code], [str(problem) for problem in found]
    return found[0]


def changed(old: str, new: str) -> str:
    assert FILE.count(old) == 1, f"{old!r} has to stand in the file once"
    return FILE.replace(old, new)


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

    assert documents.from_json(stored) == read
    for spoilt in (
        stored | {"satisfiedIf": "true"},
        {key: value for key, value in stored.items() if key != "votes"},
        stored | {"requirements": [stored["requirements"][0] | {"overrideIf": "false"}]},
        stored | {"requirements": "all"},
        [],
        None,
    ):
        with pytest.raises(ValueError, match="not a policy document"):
            documents.from_json(spoilt)


def test_policies_know_the_same_stages_tiers_subjects_and_lanes_as_the_rest_of_the_product():
    assert list(documents.STAGES) == Stage.values
    assert list(documents.TIERS) == Tier.values
    assert list(documents.SUBJECT_KINDS) == SubjectKind.values
    assert list(documents.LANES) == Lane.values


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


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=list(BOMBS))
def test_fault_v26_a_bomb_is_refused_for_one_reason_and_with_a_place(bomb: str):
    problem = only(bomb)

    assert problem.code in MESSAGES
    assert len(problem.message) < 300


def test_fault_v26_duplicate_keys_and_on_yes_are_told_where_they_stand():
    text = changed("validDays: 90", "validDays: 90\nvalidDays: 730\non: yes")

    found = problems(text)

    assert [(problem.code, problem.line, problem.column) for problem in found] == [
        ("duplicate_key", 13, 1),
        ("key_not_text", 14, 1),
    ]
    assert found[0].params["first_line"] == 12


def test_fault_v26_bombs_need_no_more_than_the_memory_of_a_small_process():
    """All bombs in one process that may have 64 MB of data and no more."""
    program = textwrap.dedent(
        """
        import resource, sys
        from governance.policies.documents import parse
        from governance.policies.problems import PolicyInvalid
        from tests.governance.policies.documents import BOMBS
        megabytes = 2**20
        held = int(next(l for l in open("/proc/self/status") if l.startswith("VmData")).split()[1]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (held + 64 * megabytes, held + 64 * megabytes))
        refused = 0
        for bomb in BOMBS.values():
            try:
                parse(bomb, known_kinds={})
            except PolicyInvalid:
                refused += 1
        print(refused)
        """
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)

    assert (done.returncode, done.stdout.strip()) == (0, str(len(BOMBS))), done.stderr[-2000:]


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400)))
def test_no_input_gets_past_the_reader_but_as_a_policy_or_a_list_of_problems(source: str | bytes):
    with pytest.raises(PolicyInvalid) as refused:
        parse(source, known_kinds=KINDS)

    assert refused.value.problems
    assert all(problem.message and problem.line >= 1 and problem.column >= 1 for problem in refused.value.problems)
    json.dumps([problem.as_json() for problem in refused.value.problems])


SMALL = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 800), st.sampled_from(["pass", "bias", "production", "", "x y"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["id", "kind"]), inner)),
    max_leaves=5,
)


@given(key=st.sampled_from(sorted(policy())), inner=st.sampled_from(sorted(requirement())), value=SMALL)
def test_any_value_in_any_place_is_taken_whole_or_refused(key: str, inner: str, value: Any):
    for text in (
        json.dumps(policy() | {key: value}),
        json.dumps(policy(requirements=[requirement() | {inner: value}])),
    ):
        try:
            read = parse(text, known_kinds=KINDS)
        except PolicyInvalid:
            continue
        assert documents.from_json(json.loads(json.dumps(read.as_json()))) == read
        assert read.requirements
        assert all(asked.kind in KINDS and asked.verdicts for asked in read.requirements)
        assert 1 <= read.valid_days <= 730
        assert read.distinct_voters <= sum(rule.min for rule in read.votes)


def test_every_message_can_be_worded_from_its_parameters():
    """The messages used above are tested as they come; this holds the list itself to plain words."""
    for code, message in MESSAGES.items():
        assert code == code.lower().replace("-", "_")
        assert message[0].islower() or message[0] == "{", message
        assert not message.endswith("."), message


def waivable(value: str) -> str:
    return changed("severity: fail", f"severity: fail, waivable: {value}")


def test_a_requirement_says_who_may_waive_it_and_for_how_long():
    [never] = parse(waivable("false"), known_kinds=KINDS).requirements
    [briefly] = parse(waivable("{maxDays: 30, by: [approver]}"), known_kinds=KINDS).requirements
    [unsaid] = parse(FILE, known_kinds=KINDS).requirements

    assert never.waivable is None
    assert briefly.waivable == documents.Waivable(30, "approver")
    assert unsaid.waivable == documents.Waivable(180, "risk_officer")


def test_no_waiver_is_longer_than_the_tier_allows():
    unsaid = documents.WAIVABLE_UNLESS_SAID

    assert {tier: unsaid.days(tier) for tier in documents.TIERS} == {
        "minimal": 180,
        "limited": 180,
        "high": 90,
        "critical": 30,
    }
    assert documents.Waivable(14).days("critical") == 14
    assert unsaid.days("unheard of") == 30


def test_a_document_that_says_nothing_of_waivers_keeps_its_digest_and_the_default_written_out_is_the_same():
    said = parse(waivable("{maxDays: 180, by: [risk_officer]}"), known_kinds=KINDS)

    assert said.sha256 == parse(FILE, known_kinds=KINDS).sha256
    assert "waivable" not in said.as_json()["requirements"][0]
    for text in (waivable("false"), waivable("{maxDays: 7}")):
        read = parse(text, known_kinds=KINDS)
        assert read.sha256 != said.sha256
        assert documents.from_json(json.loads(json.dumps(read.as_json()))) == read


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
