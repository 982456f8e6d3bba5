"""How long a step usually takes: counted from what is on record, and never made up."""

from __future__ import annotations

import datetime as dt
import json
import statistics
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from governance.catalog.models import Suspension
from governance.gates import usual
from governance.gates.documents import as_text, gate_document
from governance.gates.models import Approval
from governance.people.models import User
from governance.policies.models import Policy, Waiver
from governance.reviews.models import Decision, Submission, Vote
from tests.factories import NOON, EntryFactory, RunFactory, SubmissionFactory, UserFactory, member
from tests.governance.world import World

HOUR = dt.timedelta(hours=1)
TOOK = (5.0, 1.0, 30.0, 2.5, 8.0, 4.0)  # hours
MEDIAN = statistics.median(TOOK) * 3600
KNOWN = {"seconds": MEDIAN, "n": len(TOOK), "reason": None}


def step(action: str, target: str = "any") -> dict[str, Any]:
    return {"action": action, "target": target, "who": "somebody", "count": 1}


def told(action: str, target: str = "any", *, user: User | None = None) -> dict[str, Any]:
    asked = [step(action, target)]
    [one] = usual.with_usual(asked, usual.durations(asked, user=user))
    found: dict[str, Any] = one["usually"]
    return found


def submissions(world: World, n: int = len(TOOK)) -> list[Submission]:
    return SubmissionFactory.create_batch(n, use_case=world.use_case, state="withdrawn")


def cast(submission: Submission, hours: float, **fields: Any) -> Vote:
    made = {"round": 1, "lane": "ethics", "value": 1, "facts_sha256": "", "voter": UserFactory(), **fields}
    vote: Vote = Vote.objects.create(submission=submission, cast_at=NOON + hours * HOUR, **made)
    return vote


def decided(submission: Submission, hours: float, **fields: Any) -> None:
    made = {"round": 1, "outcome": "rejected", "decided_by": UserFactory(), "facts": {}, "evaluation": {}, **fields}
    Decision.objects.create(submission=submission, verdict="deny", decided_at=NOON + hours * HOUR, **made)


def proposed(world: World, hours: float | None) -> None:
    made = Waiver.objects.create(
        version=world.version,
        use_case=world.use_case,
        stage="pilot",
        policy=Policy.objects.earliest("pk"),
        requirement="bias.pass",
        kind="bias",
        severity="fail",
        tier="high",
        role="risk_officer",
        reason="known",
        compensating_control="a person looks",
        expires_at=NOON + 2000 * HOUR,
        requested_by=UserFactory(),
        requested_at=NOON,
    )
    if hours is not None:
        made.state, made.decided_by, made.decided_at = "rejected", UserFactory(), NOON + hours * HOUR
        made.decision_reason, made.edition = "not enough", 2
        made.save()


def suspended(world: World, hours: float | None, **fields: Any) -> None:
    lifted = {"lifted_at": NOON + hours * HOUR, "lifted_by": UserFactory(), "lifted_reason": "mended"} if hours else {}
    made = {"entry": EntryFactory(), "descendants": True, "reason": "found", "made_by": UserFactory(), **fields}
    Suspension.objects.create(made_at=NOON, **lifted, **made)


def run(hours: float, kind: str = "bias", **fields: Any) -> None:
    ended = {"finished_at": NOON + hours * HOUR, "state": "succeeded", "verdict": "pass"}
    RunFactory(kind=kind, **{**ended, **fields})


def test_an_audit_takes_as_long_as_those_of_its_kind_took_from_asking_to_the_end(world: World) -> None:
    for hours in TOOK:
        run(hours)
    run(900.0, kind="drift")
    run(900.0, state="errored", verdict="")
    RunFactory(kind="bias")

    for action in ("run", "retry", "wait"):
        assert told(action, "bias") == KNOWN
    assert told("run", "drift") == {"seconds": None, "n": 1, "reason": "too_few_known"}


def test_a_vote_takes_as_long_as_agreements_of_its_lane_took_from_the_submission(world: World) -> None:
    for submission, hours in zip(submissions(world), TOOK, strict=True):
        first = cast(submission, hours)
        cast(submission, 900.0, value=-1)
        cast(submission, 900.0, round=2)
        cast(submission, 900.0, copied_from=first)
    cast(submission, 2.0, lane="domain")

    assert told("vote", "ethics") == KNOWN
    assert told("vote", "domain") == {"seconds": None, "n": 1, "reason": "too_few_known"}
    assert told("vote_by_another") == {"seconds": statistics.median([*TOOK, 2.0]) * 3600, "n": 7, "reason": None}


def test_a_veto_takes_as_long_as_people_took_from_their_no_to_their_yes(world: World) -> None:
    for submission, hours in zip(submissions(world), TOOK, strict=True):
        voter = UserFactory()
        cast(submission, 1.0, value=-2, voter=voter)
        cast(submission, 0.5 + hours, value=1)
        cast(submission, 1.0 + hours, value=1, voter=voter)

    assert told("lift_veto", "ethics") == KNOWN


def test_a_decision_takes_as_long_as_people_took_from_the_last_vote_of_the_round(world: World) -> None:
    waiting, unvoted = TOOK[:4], TOOK[4:]
    made = submissions(world, len(TOOK) + 2)
    for submission, hours in zip(made, waiting, strict=False):
        cast(submission, 1.0)
        cast(submission, 2.0)
        decided(submission, 2.0 + hours)
    for submission, hours in zip(made[4:], unvoted, strict=False):
        decided(submission, hours)
    decided(made[6], 900.0, outcome="withdrawn")
    decided(made[7], 900.0, round=2)  # nobody noted when its round began

    assert told("decide", world.use_case.slug) == KNOWN


def test_a_waiver_and_the_end_of_a_suspension_take_as_long_as_others_did(world: World) -> None:
    for hours in TOOK:
        proposed(world, hours)
        suspended(world, hours)
    proposed(world, None)
    suspended(world, None)

    assert told("ask_waiver", "bias") == KNOWN
    assert told("lift_suspension", "suspended") == KNOWN


def test_of_few_nothing_is_said_and_of_what_is_on_no_record_either(world: World) -> None:
    for hours in TOOK[: usual.LEAST_KNOWN - 1]:
        run(hours)

    assert told("run", "bias") == {"seconds": None, "n": usual.LEAST_KNOWN - 1, "reason": "too_few_known"}
    run(TOOK[4])
    assert told("run", "bias")["seconds"] == statistics.median(TOOK[:5]) * 3600
    for action in ("repair", "attach_predictions", "write_audit_plan", "meet_condition", "submit", "publish_policy"):
        assert told(action, "bias") == {"seconds": None, "n": 0, "reason": "not_recorded"}


def test_what_a_person_does_not_see_is_not_counted_for_them(world: World) -> None:
    for submission, hours in zip(submissions(world), TOOK, strict=True):
        cast(submission, hours)
        decided(submission, hours)
        proposed(world, hours)
        suspended(world, hours, team=world.team)
        run(hours, use_case=world.use_case.slug)
        run(hours, kind="card", subject_digest=world.version.digest)
    world.version.entry.team = world.team
    world.version.entry.save()
    steps = [("vote", "ethics"), ("decide", ""), ("ask_waiver", ""), ("lift_suspension", ""), ("run", "bias")]

    for action, target in [*steps, ("run", "card")]:
        assert told(action, target, user=world.stranger)["n"] == 0
        seen = told(action, target, user=world.approver)
        assert (seen["n"], told(action, target)["n"]) == (len(TOOK), len(TOOK)), action


def test_only_the_newest_rows_are_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        run(
            1.0 if number < 6 else 2.0,
            requested_at=NOON + number * 24 * HOUR,
            finished_at=NOON + (24 * number + 3) * HOUR,
        )
    monkeypatch.setattr(usual, "NEWEST", 6)

    assert told("run", "bias")["n"] == 6


def queries_of(world: World, **fields: Any) -> tuple[dict[str, Any], Sequence[dict[str, str]]]:
    viewer = member(world.team, "viewer")
    answer = world.gate(user=viewer, **fields)
    with CaptureQueriesContext(connection) as asked:
        document = gate_document(answer)
    return document, asked.captured_queries


def test_a_closed_gate_costs_one_query_more_and_an_open_one_none(world: World) -> None:
    submission = world.submit()
    closed, asked = queries_of(world)
    assert len(asked) == 1
    assert all("usually" in step for step in closed["next_steps"])

    unknown, asked = queries_of(world, use_case="nowhere")
    assert (asked, unknown["next_steps"][0]["usually"]["reason"]) == ([], "not_recorded")

    world.attach(submission)
    world.run_audits()
    approval = world.approved_of_open()
    assert queries_of(world)[1] == []
    # What has aged and only warns leaves the gate open.
    late = {"id": "x", "policy": "p", "kind": "bias", "run": 1, "severity": "warn", "code": "stale"}
    Approval.objects.filter(pk=approval.pk).update(conditions=[late | {"holds_until": world.at.isoformat()}])
    warned, asked = queries_of(world)
    assert (warned["verdict"], len(warned["next_steps"]), asked) == ("warn", 1, [])


def test_it_is_told_beside_the_step_in_the_document_and_in_words(world: World) -> None:
    world.submit()
    for other, hours in zip(submissions(world), TOOK, strict=True):
        cast(other, hours * 24)

    document = gate_document(world.gate())

    [vote] = [one for one in document["next_steps"] if one["target"] == "ethics"]
    assert vote["usually"] == {
        "seconds": MEDIAN * 24,
        "n": 6,
        "reason": None,
        "message": "usually 4\N{NO-BREAK SPACE}days 12\N{NO-BREAK SPACE}h: the median of 6",
    }
    json.dumps(document, allow_nan=False)
    text = as_text(document).replace("\N{NO-BREAK SPACE}", " ")
    assert "1 more person has to agree in lane Ethics. (usually 4 days 12 h: the median of 6)" in text
    assert "in lane Domain. (how long it takes is not known yet: 0 are on record)" in text
    with translation.override("ru"):
        assert "(обычно 4 дня 12 ч: медиана по 6 случаям)" in as_text(gate_document(world.gate())).replace(
            "\u00a0", " "
        )
