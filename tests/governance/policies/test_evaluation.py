"""Requirements held against runs: what satisfies, until when, and what an unsatisfied one means."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from governance.policies.evaluation import Step
from tests.governance.policies.documents import requirement
from tests.governance.policies.evaluated import NOON, audit, judged


def test_an_accepted_fresh_run_satisfies_until_it_goes_stale():
    evaluation = judged(audit(days=10))

    [result] = evaluation.requirements
    assert evaluation.verdict == "allow"
    assert (result.status, result.code, result.run, result.policy) == ("satisfied", "accepted", 7, "high-production")
    assert result.holds_until == NOON + dt.timedelta(days=20)
    assert evaluation.next_boundary == result.holds_until
    assert evaluation.reason_codes == ()
    assert evaluation.next_steps == ()
    assert evaluation.valid_days == 90


@pytest.mark.parametrize(
    ("audits", "status", "code", "verdict", "action"),
    [
        ([], "unsatisfied", "missing", "deny", "run"),
        ([audit("card")], "unsatisfied", "missing", "deny", "run"),
        ([{"kind": "bias", "state": "missing"}], "unsatisfied", "missing", "deny", "run"),
        ([{"kind": "bias", "state": "outdated", "run": 3}], "unsatisfied", "outdated", "deny", "run"),
        ([audit(state="queued", verdict="", finished_at=None)], "pending", "queued", "pending", "wait"),
        ([audit(state="running", verdict="", finished_at=None)], "pending", "running", "pending", "wait"),
        ([audit(state="errored", verdict="")], "error", "errored", "error", "retry"),
        ([audit(state="timed_out", verdict="")], "error", "timed_out", "error", "retry"),
        ([audit(state="cancelled", verdict="")], "error", "cancelled", "error", "retry"),
        ([audit(state="errored", verdict="pass")], "error", "errored", "error", "retry"),
        ([audit(state="done")], "error", "state_unknown", "error", "retry"),
        ([audit(state=None)], "error", "state_unknown", "error", "retry"),
        ([audit(verdict="warn")], "unsatisfied", "verdict_not_accepted", "deny", "repair"),
        ([audit(verdict="fail")], "unsatisfied", "verdict_not_accepted", "deny", "repair"),
        ([audit(verdict="insufficient_data")], "unsatisfied", "verdict_not_accepted", "deny", "repair"),
        ([audit(verdict="no_information")], "unsatisfied", "verdict_not_accepted", "deny", "repair"),
        ([audit(verdict="passed")], "error", "verdict_unknown", "error", "retry"),
        ([audit(verdict="")], "error", "verdict_unknown", "error", "retry"),
        ([audit() | {"verdict": None}], "error", "verdict_unknown", "error", "retry"),
        ([audit() | {"verdict": ["pass"]}], "error", "verdict_unknown", "error", "retry"),
        ([audit() | {"verdict": True}], "error", "verdict_unknown", "error", "retry"),
        ([audit(days=30)], "unsatisfied", "stale", "deny", "run"),
        ([audit(days=400)], "unsatisfied", "stale", "deny", "run"),
        ([audit(days=-1)], "error", "finished_in_future", "error", "retry"),
        ([audit(finished_at="yesterday")], "error", "age_unknown", "error", "retry"),
        ([audit(finished_at="2026-11-22T12:00:00")], "error", "age_unknown", "error", "retry"),
        ([audit(finished_at=None, age_days=None)], "error", "age_unknown", "error", "retry"),
        ([audit(finished_at=None, age_days=-1)], "error", "age_unknown", "error", "retry"),
        ([audit(finished_at=None, age_days=True)], "error", "age_unknown", "error", "retry"),
        ([audit(finished_at="0001-01-01T00:00:00+00:00")], "unsatisfied", "stale", "deny", "run"),
        ([audit() | {"run": None}], "error", "run_unreadable", "error", "retry"),
        ([audit() | {"run": True}], "error", "run_unreadable", "error", "retry"),
        ([audit(), audit(verdict="fail")], "error", "run_ambiguous", "error", "retry"),
    ],
)
def test_whatever_is_not_an_accepted_fresh_run_closes_the_gate(
    audits: list[dict[str, Any]], status: str, code: str, verdict: str, action: str
):
    evaluation = judged(*audits)

    [result] = evaluation.requirements
    assert (result.status, result.code) == (status, code)
    assert evaluation.verdict == verdict
    assert not evaluation.opens
    assert evaluation.reason_codes == (f"bias.pass:{status}",)
    assert [(step.action, step.target, step.requirements) for step in evaluation.next_steps] == [
        (action, "bias", ("bias.pass",))
    ]
    assert result.holds_until is None


def test_a_run_is_fresh_until_the_end_of_its_last_day_and_not_at_it():
    finished = audit(finished_at="2026-11-01T12:00:00+00:00")
    end = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)

    before, at_the_end = judged(finished, at=end - dt.timedelta(microseconds=1)), judged(finished, at=end)

    assert (before.verdict, before.next_boundary) == ("allow", end)
    assert (at_the_end.verdict, at_the_end.requirements[0].code) == ("deny", "stale")


def test_without_a_finishing_time_the_age_on_the_day_of_the_facts_counts():
    aged = audit(finished_at=None, age_days=29.5)

    assert judged(aged).requirements[0].holds_until == NOON + dt.timedelta(hours=12)
    assert judged(aged, at=NOON + dt.timedelta(hours=12)).verdict == "deny"


def test_where_no_age_is_asked_for_an_old_run_holds_for_ever():
    evaluation = judged(audit(days=5000), requirements=[requirement(maxAgeDays=None)])

    assert (evaluation.verdict, evaluation.next_boundary) == ("allow", None)


def test_the_newest_run_counts_even_where_an_older_one_was_better():
    passed, failed = audit(run=7), audit(verdict="fail", run=8)

    assert judged(passed, failed).requirements[0].run == 8
    assert judged(failed, passed).verdict == "deny"
    assert judged(audit(verdict="fail", run=7), audit(run=8)).verdict == "allow"
    assert judged(passed, audit(state="queued", run=8)).verdict == "pending"
    assert judged(passed, audit(state="errored", run=8)).verdict == "error"


def test_a_run_that_lacks_its_inputs_says_who_brings_them():
    plan = judged({"kind": "bias", "state": "missing", "lacking": "audit_plan_missing"})
    table = judged({"kind": "bias", "state": "missing", "lacking": "predictions_missing"})

    assert plan.next_steps == (Step("write_audit_plan", "bias", "risk_officer", requirements=("bias.pass",)),)
    assert table.next_steps == (Step("attach_predictions", "bias", "submitter", requirements=("bias.pass",)),)
    assert plan.requirements[0].params["lacking"] == "audit_plan_missing"


def test_a_result_carries_what_its_sentence_needs():
    params = judged(audit(verdict="fail", days=2)).requirements[0].params

    assert params == {
        "kind": "bias",
        "accepted": ["pass"],
        "state": "succeeded",
        "verdict": "fail",
        "origin": "declared",
        "waivable": {"max_days": 90, "by": "risk_officer"},
    }
    assert judged(audit(days=31.5)).requirements[0].params == params | {
        "verdict": "pass",
        "max_age_days": 30,
        "age_days": 31,
    }


@pytest.mark.parametrize(
    ("bad", "fail", "warn"),
    [
        (audit(verdict="fail"), "deny", "warn"),
        (audit(days=99), "deny", "warn"),
        ({"kind": "bias", "state": "missing"}, "deny", "warn"),
        (audit(state="errored"), "error", "warn"),
        (audit(state="running"), "pending", "pending"),
    ],
)
def test_severity_says_what_an_unsatisfied_requirement_means(bad: dict[str, Any], fail: str, warn: str):
    card = requirement(id="card.ok", kind="card", verdicts=["pass"])

    for severity, verdict in (("fail", fail), ("warn", warn), ("info", "allow")):
        evaluation = judged(bad, audit("card"), requirements=[card, requirement(severity=severity)])

        assert evaluation.verdict == verdict
        assert bool(evaluation.reason_codes) == bool(evaluation.next_steps) == (severity != "info")


def test_the_gravest_state_gives_the_verdict_and_leads_the_reasons():
    asked = [
        requirement(id="a.warn", kind="card", severity="warn"),
        requirement(id="b.pending", kind="license", verdicts=["pass"]),
        requirement(id="c.fail"),
    ]
    waiting, failed, warned = audit("license", state="queued"), audit(verdict="fail"), audit("card", verdict="warn")

    assert judged(waiting, audit(state="errored"), warned, requirements=asked).verdict == "error"
    assert judged(waiting, failed, warned, requirements=asked).verdict == "deny"
    assert judged(waiting, audit(), warned, requirements=asked).verdict == "pending"
    assert judged(audit("license"), audit(), warned, requirements=asked).verdict == "warn"
    assert judged(waiting, failed, warned, requirements=asked).reason_codes == (
        "c.fail:unsatisfied",
        "b.pending:pending",
        "a.warn:unsatisfied",
    )


def test_one_run_answers_all_requirements_of_its_kind_and_is_asked_for_once():
    asked = [
        requirement(id="license.known", kind="license", verdicts=["pass", "conflict"], maxAgeDays=30),
        requirement(id="license.compatible", kind="license", verdicts=["pass"], maxAgeDays=None),
    ]

    evaluation = judged(audit("license", verdict="conflict", days=40), requirements=asked)

    assert [result.code for result in evaluation.requirements] == ["stale", "verdict_not_accepted"]
    assert evaluation.next_steps == (
        Step("repair", "license", "submitter", requirements=("license.compatible", "license.known")),
    )


def test_what_is_told_for_information_only_sets_no_date():
    asked = [requirement(id="told", severity="info"), requirement(id="card.ok", kind="card", maxAgeDays=90)]

    evaluation = judged(audit(days=29), audit("card", days=1), requirements=asked)

    assert evaluation.requirements[0].holds_until == NOON + dt.timedelta(days=1)
    assert evaluation.next_boundary == NOON + dt.timedelta(days=89)
