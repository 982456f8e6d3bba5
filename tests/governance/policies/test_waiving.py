"""What a waiver in the facts does to a requirement, and what it never does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.policies.evaluation import Evaluation, evaluate
from governance.policies.lapsing import as_of
from tests.governance.policies.documents import applied
from tests.governance.policies.test_evaluation import NO_VOTES, NOON, audit, facts

DAY = dt.timedelta(days=1)
FOUND, OTHER = "a" * 64, "b" * 64


def waiver(number: int = 1, *, days: float = 10, **more: Any) -> dict[str, Any]:
    """A waiver in the facts that lasts so many days from noon."""
    return {
        "id": number,
        "policy": "high-production",
        "requirement": "bias.pass",
        "findings": [],
        "until": (NOON + days * DAY).isoformat(),
        "compensating_control": "A person looks at every refusal.",
    } | more


def judged(
    *audits: dict[str, Any], waivers: Any = (), at: dt.datetime = NOON, tier: str = "high", **changes: Any
) -> Evaluation:
    known = facts(*audits, tier=tier) | {"waivers": list(waivers) if isinstance(waivers, tuple) else waivers}
    return evaluate(policies=[applied(**(NO_VOTES | changes))], facts=known, votes=[], at=at)


def test_a_waiver_opens_to_a_warning_that_names_it_and_keeps_what_was_found() -> None:
    evaluation = judged(audit(verdict="fail"), waivers=(waiver(7),))

    [result] = evaluation.requirements
    assert (evaluation.verdict, evaluation.reason_codes) == ("warn", ("bias.pass:waived",))
    assert (result.status, result.code, result.run) == ("waived", "verdict_not_accepted", 7)
    assert (result.params["waiver"], result.params["verdict"]) == (7, "fail")
    assert result.params["until"] == "2026-12-03T12:00:00.000000Z"
    assert result.holds_until == evaluation.next_boundary == NOON + 10 * DAY
    assert evaluation.next_steps == ()


@pytest.mark.parametrize(
    "audits",
    [
        [audit(state="errored", verdict="")],
        [audit(state="timed_out", verdict="")],
        [audit(verdict="nonsense")],
        [audit(state="queued", verdict="", finished_at=None)],
        [audit(state="running", verdict="", finished_at=None)],
        [audit() | {"run": None}],
    ],
)
def test_errors_and_what_is_to_come_are_never_waived(audits: list[dict[str, Any]]) -> None:
    without, with_one = judged(*audits), judged(*audits, waivers=(waiver(),))

    assert with_one.verdict == without.verdict in ("error", "pending")
    assert with_one.requirements == without.requirements


def test_what_holds_is_not_waived() -> None:
    evaluation = judged(audit(), waivers=(waiver(),))

    assert (evaluation.verdict, evaluation.requirements[0].status) == ("allow", "satisfied")


@pytest.mark.parametrize("audits", [[], [audit(days=40)], [audit(verdict="fail")]])
def test_what_is_missing_too_old_or_refused_can_be_waived(audits: list[dict[str, Any]]) -> None:
    assert judged(*audits).verdict == "deny"
    assert judged(*audits, waivers=(waiver(),)).verdict == "warn"


@pytest.mark.parametrize(
    "elsewhere", [{"policy": "high-pilot"}, {"requirement": "bias.audited"}, {"requirement": "bias.pas"}]
)
def test_fault_v15_a_waiver_of_something_else_is_not_applied(elsewhere: dict[str, Any]) -> None:
    assert judged(audit(verdict="fail"), waivers=(waiver(**elsewhere),)).verdict == "deny"


def test_a_waiver_has_ended_at_its_end_and_not_before() -> None:
    end = NOON + 10 * DAY

    before = judged(audit(verdict="fail"), waivers=(waiver(),), at=end - dt.timedelta(microseconds=1))
    at_the_end = judged(audit(verdict="fail"), waivers=(waiver(),), at=end)

    assert (before.verdict, at_the_end.verdict) == ("warn", "deny")


def test_of_several_waivers_the_one_that_lasts_longest_counts() -> None:
    evaluation = judged(audit(verdict="fail"), waivers=(waiver(1, days=3), waiver(2, days=9), waiver(3, days=9)))

    assert evaluation.requirements[0].params["waiver"] == 2


@pytest.mark.parametrize(
    ("failing", "verdict"),
    [([FOUND], "warn"), ([FOUND, OTHER], "deny"), ([OTHER], "deny"), ([], "deny"), (None, "deny"), ("a", "deny")],
)
def test_a_waiver_of_findings_covers_these_alone(failing: Any, verdict: str) -> None:
    found = audit(verdict="fail") | ({} if failing is None else {"failing": failing})

    assert judged(found, waivers=(waiver(findings=[FOUND]),)).verdict == verdict


@pytest.mark.parametrize("audits", [[], [audit(days=40, failing=[FOUND])]])
def test_a_waiver_of_findings_covers_no_audit_that_is_missing_or_too_old(audits: list[dict[str, Any]]) -> None:
    assert judged(*audits, waivers=(waiver(findings=[FOUND]),)).verdict == "deny"


def requirement(**more: Any) -> list[dict[str, Any]]:
    return [{"id": "bias.pass", "kind": "bias", "verdicts": ["pass"], "maxAgeDays": 30, **more}]


def test_a_requirement_that_may_not_be_waived_is_not() -> None:
    evaluation = judged(audit(verdict="fail"), waivers=(waiver(),), requirements=requirement(waivable=False))

    assert evaluation.verdict == "deny"
    assert "waivable" not in evaluation.requirements[0].params
    assert [step.alternative for step in evaluation.next_steps] == [None]


@pytest.mark.parametrize(
    ("tier", "terms", "days"),
    [("high", {}, 90), ("critical", {}, 30), ("high", {"waivable": {"maxDays": 14, "by": ["approver"]}}, 14)],
)
def test_the_way_to_yes_names_a_waiver_where_one_would_do(tier: str, terms: dict[str, Any], days: int) -> None:
    changes = {"appliesTo": {"stages": ["production"], "tiers": ["high", "critical"]}}
    evaluation = judged(audit(verdict="fail"), tier=tier, requirements=requirement(**terms), **changes)

    [step] = evaluation.next_steps
    assert step.action == "repair"
    assert step.alternative is not None
    who = "approver" if terms else "risk_officer"
    assert step.as_json()["alternative"] == {
        "action": "ask_waiver",
        "target": "bias",
        "who": who,
        "count": 1,
        "requirements": ["bias.pass"],
        "detail": str(days),
    }


@pytest.mark.parametrize(
    ("waivers", "path"),
    [
        ({}, "waivers"),
        (None, "waivers"),
        (["x"], "waivers[0]"),
        ([waiver(), waiver(id=True)], "waivers[1]"),
        ([waiver(requirement=None)], "waivers[0]"),
        ([waiver(until="tomorrow")], "waivers[0].until"),
        ([waiver(until="2026-12-03T12:00:00")], "waivers[0].until"),
        ([waiver(findings="all")], "waivers[0].findings"),
    ],
)
def test_waivers_that_cannot_be_read_are_an_error_and_open_nothing(waivers: Any, path: str) -> None:
    evaluation = judged(audit(verdict="fail"), waivers=waivers)

    assert (evaluation.verdict, evaluation.reason_codes) == ("error", (f"facts_malformed:{path}",))


def test_a_warning_that_is_waived_is_named_all_the_same() -> None:
    evaluation = judged(audit(verdict="fail"), waivers=(waiver(),), requirements=requirement(severity="warn"))

    assert (evaluation.verdict, evaluation.reason_codes) == ("warn", ("bias.pass:waived",))


def test_what_decides_nothing_is_not_waived() -> None:
    rows = [*requirement(severity="info"), {"id": "card.ok", "kind": "card", "verdicts": ["pass"]}]
    evaluation = judged(audit(verdict="fail"), audit("card", run=8), waivers=(waiver(),), requirements=rows)

    assert evaluation.verdict == "allow"
    assert {result.id: result.status.value for result in evaluation.requirements} == {
        "bias.pass": "unsatisfied",
        "card.ok": "satisfied",
    }


# What was kept, at a later moment


@given(days=st.integers(0, 60), kept_after=st.integers(0, 9))
def test_what_was_kept_says_the_same_later_as_an_evaluation_would(days: int, kept_after: int) -> None:
    known, at = (audit(verdict="fail"),), NOON + days * DAY
    kept = judged(*known, waivers=(waiver(),), at=NOON + kept_after * DAY).as_json()

    told = as_of(kept, at=at)

    assert (told["verdict"] in ("allow", "warn")) == judged(*known, waivers=(waiver(),), at=at).opens
    if days >= 10:
        assert (told["verdict"], told["reason_codes"]) == ("deny", ["bias.pass:waiver_ended"])
        assert told["requirements"][0]["status"] == "unsatisfied"
    else:
        assert told == kept


def test_evidence_that_has_gone_stale_since_closes_what_was_kept() -> None:
    kept = judged(audit(days=20)).as_json()

    told = as_of(kept, at=NOON + 10 * DAY)

    assert (kept["verdict"], told["verdict"], told["reason_codes"]) == ("allow", "deny", ["bias.pass:stale"])
