"""Two people, or a person and a worker, at the same submission in the same instant; on real PostgreSQL."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audits import execution
from audits.models import Run
from governance.catalog.models import Suspension
from governance.catalog.suspensions import services as suspensions
from governance.gates.models import Approval, Closure
from governance.ledger.models import Event
from governance.notifications.models import Outbox
from governance.people.models import User
from governance.reviews import overriding, services
from governance.reviews.deciding import RequirementsOpen
from governance.reviews.errors import ReviewRefused
from governance.reviews.models import Decision, Submission
from tests.factories import member
from tests.governance.world import World

LONG = os.environ.get("LONG") == "1"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def at_once(*steps: Callable[[], Any]) -> list[Any]:
    """What steps that begin in the same instant give: their results, or the errors that they end with."""
    outcomes: list[Any] = [None] * len(steps)
    start = threading.Barrier(len(steps))

    def take(number: int, step: Callable[[], Any]) -> None:
        try:
            start.wait(20)
            outcomes[number] = step()
        except Exception as failed:
            outcomes[number] = failed
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(number, step)) for number, step in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def approved_by(submission: Submission, approver: User, world: World) -> Callable[[], Decision]:
    person = User.objects.get(pk=approver.pk)  # each request has an object of its own
    return lambda: services.approve(submission_id=submission.pk, approver=person, at=world.at)


def one_decision_for(submission: Submission, outcomes: list[Any]) -> None:
    """Exactly one of the steps has decided; the others were told so, and nothing is there twice."""
    decided = [outcome for outcome in outcomes if isinstance(outcome, Decision)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, ReviewRefused)]
    assert (len(decided), len(refused)) == (1, len(outcomes) - 1), outcomes
    assert {refusal.code for refusal in refused} <= {"invalid_transition"}
    digest = submission.version.digest
    assert Decision.objects.filter(submission=submission).count() == 1
    assert Approval.objects.filter(version=submission.version).count() == 1
    assert Event.objects.filter(subject_digest=digest, verb="approval.granted").count() == 1
    assert Event.objects.filter(subject_digest=digest, verb="submission.approved").count() == 1
    told = Outbox.objects.filter(topic="submission.approved", payload__submission=submission.pk)
    assert told.count() == 1


@pytest.mark.timeout(1800)
def test_fault_v05_of_approvers_at_once_one_decides(world: World) -> None:
    """Three times here, two hundred under LONG=1."""
    second = member(world.team, "approver")
    for _time in range(200 if LONG else 3):
        submission = world.voted(version=world.new_version())

        outcomes = at_once(
            approved_by(submission, world.approver, world),
            approved_by(submission, second, world),
            approved_by(submission, world.approver, world),
        )

        one_decision_for(submission, outcomes)


@pytest.mark.timeout(1800)
def test_fault_v05_of_two_last_votes_at_once_both_are_kept_and_the_verdict_follows(world: World) -> None:
    """Whichever is second sees the first: no vote is lost, and the submission never misses that it is complete."""
    for _time in range(200 if LONG else 3):
        submission = world.audited(version=world.new_version())

        at_once(
            lambda of=submission: world.vote(of, User.objects.get(pk=world.domain.pk), "domain"),
            lambda of=submission: world.vote(of, User.objects.get(pk=world.ethics.pk), "ethics"),
        )

        submission.refresh_from_db()
        assert submission.votes.count() == 2
        assert submission.verdict == "allow"
        assert submission.edition >= 3


def test_approving_and_rejecting_at_once_ends_in_one_of_them(world: World) -> None:
    submission = world.voted()
    second = member(world.team, "approver")

    outcomes = at_once(
        approved_by(submission, world.approver, world),
        lambda: services.reject(submission_id=submission.pk, by=second, reason="it is not needed", at=world.at),
    )

    submission.refresh_from_db()
    decided = [outcome for outcome in outcomes if isinstance(outcome, Decision)]
    assert len(decided) == 1, outcomes
    assert submission.state == decided[0].outcome
    assert Approval.objects.count() == int(submission.state == "approved")


def test_of_those_who_answer_an_override_at_once_one_does(world: World) -> None:
    first, second, third = (member(world.team, "admin") for _ in range(3))
    submission = world.audited()
    ends = world.at + dt.timedelta(days=1)
    asked = {"targets": ["vote.domain"], "reason": "the fraud line is down", "expires_at": ends, "by": first}
    proposal = overriding.propose(submission_id=submission.pk, at=world.at, **asked)
    given = {"override_id": proposal.pk, "edition": proposal.edition, "reason": "it is as they say", "at": world.at}

    outcomes = at_once(
        lambda: overriding.confirm(by=User.objects.get(pk=second.pk), **given),
        lambda: overriding.confirm(by=User.objects.get(pk=third.pk), **given),
        lambda: overriding.reject(by=User.objects.get(pk=first.pk), **given),
    )

    refused = [one for one in outcomes if isinstance(one, ReviewRefused)]
    assert len(refused) == 2, outcomes
    assert {one.code for one in refused} == {"invalid_transition"}
    told = ("override.confirmed", "override.rejected")
    assert Event.objects.filter(verb__in=told, object_ref=str(proposal.pk)).count() == 1
    proposal.refresh_from_db()
    assert proposal.state in ("active", "rejected")
    assert proposal.edition == 2


def test_a_failing_audit_that_ends_while_somebody_approves_leaves_no_approval_in_force(world: World) -> None:
    """Whichever is first: either the approval is refused, or it is granted and ended."""
    from tests.governance.world import predictions

    submission = world.voted()
    # A renewal that nobody has waited for: the approver still sees the older audit as the newest until it is there.
    world.attach(submission, predictions(fair=False))
    run = Run.objects.get(kind="bias", state="queued")

    outcomes = at_once(
        lambda: execution.execute(run_id=run.pk),
        approved_by(submission, world.approver, world),
    )

    run.refresh_from_db()
    assert (run.state, run.verdict) == ("succeeded", "fail"), outcomes
    assert not Approval.objects.filter(ended_at=None).exists()
    assert world.gate().verdict == "deny"


def test_a_submission_made_while_an_audit_ends_does_not_miss_it(world: World) -> None:
    first = world.submit()
    world.attach(first)
    for run in Run.objects.filter(state="queued").exclude(kind="card"):
        execution.execute(run_id=run.pk)
    last = Run.objects.get(state="queued")

    outcomes = at_once(
        lambda: execution.execute(run_id=last.pk),
        lambda: world.submit(stage="prototype"),
    )

    second = Submission.objects.get(stage="prototype")
    assert second.state == "approved", outcomes


def test_the_same_version_submitted_twice_at_once_is_in_review_once(world: World) -> None:
    outcomes = at_once(world.submit, world.submit)

    assert Submission.objects.count() == 1
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ReviewRefused", "Submission"]


@pytest.mark.parametrize("turn", range(5))
def test_what_is_suspended_while_it_is_approved_is_closed_in_the_end(world: World, turn: int) -> None:
    submission = world.voted()
    officer = member(None, "risk_officer")

    def suspend() -> Suspension:
        entry = submission.version.entry
        return suspensions.suspend(entry=entry, reason="Found in the news today", by=officer, at=timezone.now())

    approved, suspended = at_once(approved_by(submission, world.approver, world), suspend)

    assert isinstance(suspended, Suspension), suspended
    assert isinstance(approved, Decision | RequirementsOpen), approved
    assert world.gate().verdict == "deny"
    assert not Approval.objects.filter(ended_at=None).exists()
    assert Closure.objects.filter(suspension=suspended).count() == isinstance(approved, Decision)


def test_a_review_is_told_of_a_suspension_and_of_its_end(world: World) -> None:
    submission = world.voted()
    officer, second = member(None, "risk_officer"), member(None, "admin")

    made = suspensions.suspend(
        entry=world.version.entry, reason="Found in the news today", by=officer, at=timezone.now()
    )
    submission.refresh_from_db()
    assert (submission.verdict, submission.evaluation["reason_codes"]) == ("deny", ["suspended:unsatisfied"])
    suspensions.lift(suspension_id=made.pk, reason="It was another model", by=second, at=timezone.now())

    submission.refresh_from_db()
    assert submission.verdict == "allow"
