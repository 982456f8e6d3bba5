"""Requirements, reasons and steps read as sentences."""

from __future__ import annotations

import inspect
import re

import pytest
from django.utils import translation

from governance.gates.models import EndedReason
from governance.policies import conditions, evaluation, judging, steps, suspended, wording
from governance.reviews.models import SubmissionState

# What the judging of a requirement can answer: the states of a run, and the words in its code.
LACKING = sorted(code for code in steps._MENDING if code.endswith(("_missing", "_not_of_version")))
CONDITIONS = {conditions.FAILS, conditions.BROKEN}
CODES = sorted({*judging._STATES, *steps._MENDING, "accepted"} - {*LACKING, *CONDITIONS, suspended.CODE})

# No reason of a gate: what is approved has one of its approval, what is in review one of each requirement, and of a
# draft the gate knows nothing (``test_a_draft_starts_nothing_tells_nobody_and_is_unknown_to_the_gate``).
NO_REASON = (SubmissionState.APPROVED, SubmissionState.IN_REVIEW, SubmissionState.DRAFT)


def actions() -> list[str]:
    """The actions that the engine's own source names in a ``Step``."""
    source = inspect.getsource(steps) + inspect.getsource(evaluation)
    return sorted({*steps._ACTIONS, *re.findall(r'Step\("(\w+)"', source)})


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_a_requirement_has_its_words(code: str):
    said = wording.message({"code": code, "params": {"kind": "bias", "verdict": "fail", "accepted": ["pass"]}})

    assert said.endswith(".")
    assert "bias audit" in said
    assert code not in said or code in ("running", "cancelled")


@pytest.mark.parametrize("code", [conditions.FAILS, conditions.BROKEN, conditions.HOLDS, conditions.NOT_ASKED])
def test_every_state_of_a_condition_is_a_sentence_and_names_it_where_it_does_not_hold(code: str):
    said = wording.message({"code": code, "params": {"condition": "metrics.x > 0.5", "error": "no such key"}})

    assert said.endswith(".")
    assert ("metrics.x > 0.5" in said) == (code != conditions.HOLDS)
    assert ("no such key" in said) == (code == conditions.BROKEN)


@pytest.mark.parametrize(
    ("condition", "english", "russian"),
    [
        (
            'has(subject.task) && subject.task == "text-classification"',
            "the task is “text-classification”",
            "задача — «text-classification»",
        ),
        (
            "subject.task in ['a && b', 'c'] && use_case.tier != \"high\"",
            "the task is one of “a && b”, “c” and the risk tier is not high",
            "задача — одно из: «a && b», «c» и уровень риска — не высокий",
        ),
        (
            'stage == "pilot" || has(subject.library)',
            "the stage is pilot or the library is known",
            "этап — пилот или библиотека: значение известно",
        ),
        # that it is known is no matter of course where it is said what it is not
        (
            'has(subject.task) && subject.task != "x"',
            "the task is known and the task is not “x”",
            "задача: значение известно и задача — не «x»",
        ),
        *(
            (said, f"its condition holds ({said})", f"выполняется её условие ({said})")
            for said in (
                '!(stage == "pilot")',
                'stage == "pilot" && (has(subject.task) || stage == "x")',
                'stage == "pilot" && has(subject.task) || stage == "x"',
                "metrics.x > 0.5 && stage == 'pilot'",
                'subject.task == "a\\"b"',
                'card.language == "en"',
            )
        ),
    ],
)
def test_where_a_policy_asks_for_something_is_said_in_words_as_far_as_they_go(
    condition: str, english: str, russian: str
):
    result = {"code": conditions.NOT_ASKED, "params": {"condition": condition}}

    assert wording.message(result).endswith(f"the policy asks for it only where {english}.")
    with translation.override("ru"):
        assert wording.message(result).endswith(f"только если {russian}.")


def test_what_an_audit_lacks_is_said_before_that_it_is_missing():
    said = wording.message({"code": "missing", "params": {"kind": "bias", "lacking": "predictions_missing"}})

    assert said == "No table of predictions is attached, so nothing can be measured."


@pytest.mark.parametrize("lacking", LACKING)
def test_everything_that_an_audit_can_lack_is_said_in_words_of_its_own(lacking: str):
    said = wording.message({"code": "missing", "params": {"kind": "bias", "lacking": lacking}})

    assert said != wording.message({"code": "missing", "params": {"kind": "bias"}})
    assert said.endswith(".")
    assert "_" not in said


def test_what_is_suspended_is_named_without_its_kind():
    result = {"code": suspended.CODE, "params": {"of": ["dataset:acme/rows", "model:acme/base"]}}

    assert wording.message(result) == "Suspended: acme/rows, acme/base."
    assert wording.audit_of(suspended.KIND) == "something suspended"


def test_an_unknown_code_is_no_yes():
    assert wording.message({"code": "future", "params": {}}) == "The state is future; that is not a yes."


@pytest.mark.parametrize("action", actions())
def test_every_step_has_its_words(action: str):
    said = wording.step({"action": action, "target": "bias", "count": 2})

    assert said.endswith(".")
    assert action not in said


@pytest.mark.parametrize(
    "code",
    [
        "no_approval",
        "no_policy",
        "no_requirements",
        "approval:expired",
        "review:awaiting_decision",
        *(f"approval:{reason}" for reason in EndedReason.values),
        *(f"review:{state}" for state in SubmissionState.values if state not in NO_REASON),
    ],
)
def test_every_reason_has_its_words(code: str):
    assert ":" not in wording.reason(code)
    assert wording.reason(code) != code


def test_a_reason_that_names_a_requirement_shows_it():
    assert wording.reason("bias.pass:unsatisfied") == "bias.pass: unsatisfied"
    assert wording.reason("facts_malformed:audits[0].kind") == "the facts cannot be read at audits[0].kind"
