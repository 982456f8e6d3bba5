from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.policies import shapes
from governance.policies.documents import parse
from governance.policies.problems import MESSAGES, PolicyInvalid
from tests.governance.policies.documents import (
    BOMBS,
    KINDS,
    changed,
    only,
    policy,
    problems,
    requirement,
)


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
        assert shapes.from_json(json.loads(json.dumps(read.as_json()))) == read
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
