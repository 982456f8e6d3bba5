"""What a review rests on: audits that are asked for, that fail, or that are outdated by what changes."""

from __future__ import annotations

import pytest

from audits.models import Run
from governance.catalog.use_cases import change_use_case, put_audit_plan
from governance.gates.models import Approval
from governance.reviews import services
from governance.reviews.errors import ReviewRefused
from tests.governance.world import PLAN, World, predictions


def test_an_attached_table_starts_the_bias_audit(world: World) -> None:
    submission = world.submit()

    world.attach(submission)

    run = Run.objects.get(kind="bias")
    assert (run.state, run.origin, run.use_case) == ("queued", "declared", world.use_case.slug)
    assert run.requested_by == world.submitter


def test_a_failing_audit_keeps_approval_closed_whatever_the_votes(world: World) -> None:
    submission = world.submit()
    world.attach(submission, predictions(fair=False))
    world.run_audits()
    world.vote(submission, world.domain, "domain", 2)
    world.vote(submission, world.ethics, "ethics", 2)

    with pytest.raises(services.RequirementsOpen, match="bias.audited:unsatisfied"):
        world.approve(submission)

    submission.refresh_from_db()
    assert (submission.state, submission.verdict) == ("in_review", "deny")
    assert not Approval.objects.exists()


def test_an_audit_that_could_not_be_done_is_no_yes(world: World) -> None:
    submission = world.submit()
    world.attach(submission, b"label,prediction,group\n1,2\n")
    world.run_audits()

    submission.refresh_from_db()

    assert submission.verdict == "error"
    assert Run.objects.get(kind="bias").state == "errored"


def test_what_failed_is_tried_again_only_when_somebody_asks(world: World) -> None:
    submission = world.submit()
    world.attach(submission, b"label,prediction,group\n1,2\n")
    world.run_audits()

    services.reevaluate(submission_id=submission.pk, at=world.at)
    assert Run.objects.filter(kind="bias").count() == 1

    services.audit_again(submission_id=submission.pk, by=world.submitter, at=world.at)
    assert Run.objects.filter(kind="bias").count() == 2


def test_a_new_plan_makes_the_evidence_stale_and_starts_the_audit_anew(world: World) -> None:
    submission = world.voted()
    stricter = {"bias": {**PLAN["bias"], "thresholds": {"demographic_parity_ratio": 0.9}}}

    put_audit_plan(use_case_id=world.use_case.pk, document=stricter, by=world.risk_officer, at=world.at)

    submission.refresh_from_db()
    assert submission.verdict == "pending"
    assert Run.objects.filter(kind="bias", state="queued").count() == 1
    with pytest.raises(services.RequirementsOpen, match="bias.audited:pending"):
        world.approve(submission)
    world.run_audits()
    assert world.approve(submission).outcome == "approved"


def test_a_newer_table_makes_the_audit_of_the_older_one_count_no_longer(world: World) -> None:
    submission = world.voted()

    world.attach(submission, predictions(fair=False))

    submission.refresh_from_db()
    assert submission.verdict == "pending"
    world.run_audits()
    submission.refresh_from_db()
    assert submission.verdict == "deny"


def test_a_higher_tier_asks_for_more_at_once(world: World) -> None:
    submission = world.voted()

    change_use_case(
        use_case_id=world.use_case.pk, changes={"tier": "critical"}, edition=1, by=world.risk_officer, at=world.at
    )

    submission.refresh_from_db()
    assert {p["name"] for p in submission.evaluation["policies"]} == {"critical-pilot"}


def test_evidence_goes_to_open_submissions_only(world: World) -> None:
    submission = world.submit()
    services.withdraw(submission_id=submission.pk, by=world.submitter, at=world.at)

    with pytest.raises(ReviewRefused, match="has ended"):
        world.attach(submission)
