"""The way to yes that the gate tells, walked by the people whom it names: it opens, and not one step earlier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from governance.catalog.suspensions import services as suspensions
from governance.gates.queries import GateAnswer
from governance.people.models import User
from governance.reviews import services as reviews
from governance.reviews.errors import ReviewRefused
from governance.reviews.models import Submission
from tests.factories import member
from tests.governance.gates.test_gate_answer import in_production, renew
from tests.governance.policies.waivers.waiving import accepted, failing, revoked
from tests.governance.world import World

WHY = "the card says nothing of its limits"


def newest(world: World) -> Submission:
    return Submission.objects.filter(version=world.version, stage=world.stage).latest("pk")


def submit(world: World, target: str) -> None:
    world.submit()
    world.run_audits()


def resubmit(world: World, target: str) -> None:
    reviews.resubmit(submission_id=newest(world).pk, by=world.submitter, at=world.at)
    world.run_audits()


def vote(world: World, target: str) -> None:
    world.vote(newest(world), getattr(world, target), target)


def lift_veto(world: World, target: str) -> None:
    vetoer: User = newest(world).votes.filter(lane=target, value=-2).latest("pk").voter
    world.vote(newest(world), vetoer, target)


def lift_suspension(world: World, target: str) -> None:
    for one in world.version.entry.suspensions.filter(lifted_at=None):
        second = member(None, "risk_officer")
        suspensions.lift(suspension_id=one.pk, reason="The data was replaced.", by=second, at=world.at)
    once_committed(world)


def repair(world: World, target: str) -> None:
    """Whether the version is in review or not."""
    uploads = {"predictions": world.upload()}
    asked = {"version": world.version, "use_case": world.use_case, "by": world.submitter, "at": world.at}
    reviews.start_audit(kind=target, uploads=uploads, **asked)
    world.run_audits()


TAKEN: dict[str, Callable[[World, str], object]] = {
    "submit": submit,
    "resubmit": resubmit,
    "vote": vote,
    "lift_veto": lift_veto,
    "decide": lambda world, target: world.approve(newest(world)),
    "lift_suspension": lift_suspension,
    "repair": repair,
    "attach_predictions": repair,
    "run": renew,
    "ask_waiver": lambda world, target: accepted(world),
}


def take(world: World, step: dict[str, Any]) -> None:
    """Do what a step says, by somebody whom it names."""
    world.at = timezone.now()
    TAKEN[step["action"]](world, step["target"])


def walk(world: World, steps: Sequence[dict[str, Any]]) -> GateAnswer:
    """The gate after the steps; one that is refused is not taken, as when what it needs was left out."""
    for step in steps:
        try:
            with transaction.atomic():
                take(world, step)
        except ReviewRefused:
            continue
    return world.gate()


def tried(world: World, steps: Sequence[dict[str, Any]]) -> str:
    """The verdict after the steps, which are then undone."""
    with transaction.atomic():
        verdict = walk(world, steps).verdict
        transaction.set_rollback(True)
    return verdict


def once_committed(world: World) -> None:
    """What is suspended, or is no longer, is judged again after the transaction, which is this test's here."""
    for submission in Submission.objects.filter(state="in_review"):
        reviews.reevaluate(submission_id=submission.pk, at=timezone.now())


def suspended(world: World) -> None:
    officer = member(None, "risk_officer")
    suspensions.suspend(entry=world.version.entry, reason="Personal data was found", by=officer, at=timezone.now())
    once_committed(world)


def returned(world: World) -> None:
    submission = world.voted()
    world.vote(submission, world.ethics, "ethics", -2, comment=WHY)
    reviews.return_for_changes(submission_id=submission.pk, by=world.approver, reason=WHY, at=world.at)


def rejected(world: World) -> None:
    submission = failing(world)
    reviews.reject(submission_id=submission.pk, by=world.approver, reason=WHY, at=world.at)


def suspended_in_review(world: World) -> None:
    world.voted()
    suspended(world)


def approved_and_suspended(world: World) -> None:
    world.approved()
    suspended(world)


def gone_stale(world: World) -> None:
    in_production(world, days_ago=31)


def waiver_taken_back(world: World) -> None:
    submission = failing(world)
    waiver = accepted(world)
    world.approve(submission)
    revoked(world, waiver, at=timezone.now())


@pytest.mark.parametrize(
    ("situation", "told"),
    [
        (World.submit, ["attach_predictions", "vote", "vote", "decide"]),
        (World.voted, ["decide"]),
        (failing, ["repair", "decide"]),
        (returned, ["resubmit", "lift_veto", "vote", "decide"]),
        (rejected, ["repair", "submit"]),
        (suspended_in_review, ["lift_suspension", "decide"]),
        (approved_and_suspended, ["lift_suspension", "submit"]),
        (gone_stale, ["run", "run"]),
        (waiver_taken_back, ["ask_waiver"]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_way_leads_there_and_no_step_of_it_can_be_left_out(
    world: World, situation: Callable[[World], object], told: list[str]
) -> None:
    situation(world)
    if situation is World.submit:
        world.run_audits()
    answer = world.gate()
    steps = list(answer.next_steps)
    assert answer.verdict not in ("allow", "warn")
    assert [step["action"] for step in steps] == told

    for number in range(len(steps)):
        assert tried(world, [*steps[:number], *steps[number + 1 :]]) not in ("allow", "warn"), steps[number]
    answer = walk(world, steps)
    # What is submitted anew is judged anew, and the gate then tells what people have to do.
    if told[-1] == "submit":
        assert [step["action"] for step in answer.next_steps] == ["vote", "vote", "decide"]
        answer = walk(world, answer.next_steps)

    assert answer.verdict == ("warn" if told == ["ask_waiver"] else "allow")
    assert answer.next_steps == ()


def test_a_waiver_in_place_of_a_repair_opens_with_a_warning(world: World) -> None:
    failing(world)
    [repair, decide] = world.gate().next_steps

    assert repair["alternative"]["action"] == "ask_waiver"
    assert walk(world, [repair["alternative"], decide]).verdict == "warn"
