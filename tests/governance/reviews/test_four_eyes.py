"""Nobody judges what they submitted or made, and nobody outside the team judges at all."""

from __future__ import annotations

import pytest

from governance.ledger.models import Event
from governance.ledger.services import actor_ref
from governance.people.models import Membership, User
from governance.people.services import accounts, teams
from governance.reviews import services
from governance.reviews.errors import NotAllowed, ReviewRefused
from governance.reviews.models import Decision, Submission, Vote
from tests.factories import member
from tests.governance.world import World

STEPS = ("vote", "approve", "reject", "return_for_changes")
WHY = "not good enough for this use"


def judge(step: str, submission: Submission, person: User, world: World) -> object:
    """Take one of the steps that need a second pair of eyes."""
    if step == "vote":
        return services.vote(submission_id=submission.pk, voter=person, lane="domain", value=2, at=world.at)
    if step == "approve":
        return services.approve(submission_id=submission.pk, approver=person, at=world.at)
    return getattr(services, step)(submission_id=submission.pk, by=person, reason=WHY, at=world.at)


def unchanged(submission: Submission) -> bool:
    """Whether nothing has come of a refused step."""
    before = (submission.state, submission.edition, submission.round)
    submission.refresh_from_db()
    return (submission.state, submission.edition, submission.round) == before


def with_every_role(person: User, world: World) -> User:
    """Whatever a team can give, and Django's own flag on top."""
    for role, lane in [("approver", ""), ("reviewer", "domain"), ("admin", ""), ("risk_officer", "")]:
        Membership.objects.get_or_create(user=person, team=world.team, role=role, lane=lane)
    User.objects.filter(pk=person.pk).update(is_superuser=True)
    person.refresh_from_db()
    return person


@pytest.mark.parametrize("step", STEPS)
def test_fault_v01_nobody_judges_their_own_submission_whatever_their_roles(world: World, step: str) -> None:
    submission = world.voted()
    votes, events = Vote.objects.count(), Event.objects.exclude(verb__endswith=".refused").count()
    submitter = with_every_role(world.submitter, world)

    with pytest.raises(NotAllowed) as refused:
        judge(step, submission, submitter, world)

    assert (refused.value.code, refused.value.status) == ("self_review", 403)
    assert unchanged(submission)
    changes = Event.objects.exclude(verb__endswith=".refused")
    assert (Vote.objects.count(), changes.count(), Decision.objects.count()) == (votes, events, 0)


@pytest.mark.parametrize("step", STEPS)
def test_who_brought_evidence_does_not_judge_it(world: World, step: str) -> None:
    submission = world.voted()
    helper = with_every_role(member(world.team, "submitter"), world)
    world.attach(submission, by=helper)
    world.run_audits()
    submission.refresh_from_db()

    with pytest.raises(NotAllowed, match="someone else has to decide"):
        judge(step, submission, helper, world)

    assert unchanged(submission)


def test_who_uploaded_what_somebody_else_attached_does_not_judge_it(world: World) -> None:
    submission = world.audited()
    hand = world.upload(by=world.domain)
    services.attach_evidence(
        submission_id=submission.pk, role="predictions", upload=hand, by=world.submitter, at=world.at
    )

    with pytest.raises(NotAllowed, match="someone else has to decide"):
        world.vote(submission, world.domain, "domain")


def test_who_imported_the_version_does_not_judge_it(world: World) -> None:
    version = world.new_version(imported_by=world.domain)
    submission = world.submit(version)

    with pytest.raises(NotAllowed, match="someone else has to decide"):
        world.vote(submission, world.domain, "domain")


def test_a_vote_no_longer_counts_once_its_voter_has_brought_evidence(world: World) -> None:
    Membership.objects.create(user=world.domain, team=world.team, role="submitter")
    submission = world.voted()
    assert submission.verdict == "allow"

    world.attach(submission, by=world.domain)
    world.run_audits()

    submission.refresh_from_db()
    assert submission.verdict == "pending"
    assert "vote.domain:pending" in submission.evaluation["reason_codes"]
    with pytest.raises(services.RequirementsOpen):
        world.approve(submission)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("who", ["stranger", "superuser", "inactive"])
def test_fault_v02_who_holds_no_role_in_the_team_decides_nothing(world: World, step: str, who: str) -> None:
    submission = world.voted()
    person = {"stranger": world.stranger, "superuser": member(None), "inactive": world.approver}[who]
    if who == "superuser":
        User.objects.filter(pk=person.pk).update(is_superuser=True)
    if who == "inactive":
        Membership.objects.create(user=person, team=world.team, role="reviewer", lane="domain")
        User.objects.filter(pk=person.pk).update(is_active=False)

    with pytest.raises(NotAllowed) as refused:
        judge(step, submission, person, world)

    assert refused.value.status == 403
    assert unchanged(submission)


def test_a_reviewer_of_one_lane_does_not_vote_in_another(world: World) -> None:
    submission = world.audited()

    with pytest.raises(NotAllowed, match="you do not review ethics"):
        world.vote(submission, world.domain, "ethics")


def test_a_reviewer_returns_but_does_not_reject(world: World) -> None:
    submission = world.audited()

    with pytest.raises(NotAllowed, match="neither review nor approve"):
        services.reject(submission_id=submission.pk, by=world.domain, reason=WHY, at=world.at)

    services.return_for_changes(submission_id=submission.pk, by=world.domain, reason=WHY, at=world.at)
    submission.refresh_from_db()
    assert submission.state == "changes_requested"


@pytest.mark.parametrize("role", ["viewer", "auditor", "approver", "reviewer:domain", "admin"])
def test_only_submitters_submit(world: World, role: str) -> None:
    with pytest.raises(NotAllowed, match="you may not submit"):
        world.submit(by=member(world.team, role))

    assert not Submission.objects.exists()


@pytest.mark.parametrize("person", ["submitter", "approver", "domain", "stranger"])
def test_fault_v03_nothing_is_done_to_a_submission_that_has_ended(world: World, person: str) -> None:
    submission = world.voted()
    services.withdraw(submission_id=submission.pk, by=world.submitter, at=world.at)
    submission.refresh_from_db()
    votes = Vote.objects.count()

    for step in STEPS:
        with pytest.raises(ReviewRefused) as refused:
            judge(step, submission, getattr(world, person), world)
        allowed = {"approver": ("approve", "reject", "return_for_changes"), "domain": ("vote", "return_for_changes")}
        if step in allowed.get(person, ()):
            assert (refused.value.code, refused.value.status) == ("invalid_transition", 409)

    assert unchanged(submission)
    assert (Vote.objects.count(), Decision.objects.count()) == (votes, 1)


@pytest.mark.parametrize("end", ["rejected", "superseded", "approved", "withdrawn"])
def test_fault_v03_no_vote_is_kept_on_any_submission_that_has_ended(world: World, end: str) -> None:
    submission = world.audited()
    if end == "rejected":
        services.reject(submission_id=submission.pk, by=world.approver, reason=WHY, at=world.at)
    elif end == "withdrawn":
        services.withdraw(submission_id=submission.pk, by=world.submitter, at=world.at)
    else:
        of_which = (
            submission if end == "approved" else world.audited(version=world.new_version(entry=world.version.entry))
        )
        for lane in ("domain", "ethics"):
            world.vote(of_which, getattr(world, lane), lane)
        world.approve(of_which)
    votes, decisions = Vote.objects.count(), Decision.objects.count()

    with pytest.raises(ReviewRefused) as refused:
        world.vote(submission, world.domain, "domain", 2)

    submission.refresh_from_db()
    assert submission.state == end
    assert (refused.value.code, refused.value.status) == ("invalid_transition", 409)
    assert (Vote.objects.count(), Decision.objects.count()) == (votes, decisions)


def test_fault_v16_the_vote_of_a_removed_reviewer_counts_no_longer(world: World) -> None:
    submission = world.voted()
    Membership.objects.filter(user=world.ethics).delete()

    with pytest.raises(services.RequirementsOpen, match="vote.ethics:pending"):
        world.approve(submission)

    submission.refresh_from_db()
    assert submission.state == "in_review"
    assert submission.verdict == "pending", "what was found is kept for the page"
    assert submission.votes.filter(voter=world.ethics).exists(), "the history stays"


def test_fault_v16_the_vote_of_a_deactivated_reviewer_counts_no_longer(world: World) -> None:
    submission = world.voted()
    User.objects.filter(pk=world.ethics.pk).update(is_active=False)

    with pytest.raises(services.RequirementsOpen, match="vote.ethics:pending"):
        world.approve(submission)


@pytest.mark.parametrize("how", ["role", "account"])
def test_fault_v16_votes_are_recounted_at_once_when_their_voter_goes(world: World, how: str) -> None:
    submission = world.voted()
    assert submission.verdict == "allow"

    if how == "role":
        teams.revoke_role(membership=Membership.objects.get(user=world.ethics), by=None, at=world.at)
    else:
        accounts.deactivate(user=world.ethics, by=None, at=world.at)

    submission.refresh_from_db()
    assert submission.verdict == "pending", "seen at once, not when somebody decides"
    assert "vote.ethics:pending" in submission.evaluation["reason_codes"]
    assert world.gate().verdict == "pending"
    if how == "account":
        accounts.reactivate(user=world.ethics, by=None, at=world.at)
        submission.refresh_from_db()
        assert submission.verdict == "allow", "the vote was never taken away"


def test_fault_v17_one_person_in_two_lanes_is_one_person(world: World) -> None:
    Membership.objects.create(user=world.domain, team=world.team, role="reviewer", lane="ethics")
    submission = world.audited()
    world.vote(submission, world.domain, "domain")
    world.vote(submission, world.domain, "ethics")

    with pytest.raises(services.RequirementsOpen, match="vote.distinct:pending"):
        world.approve(submission)

    world.vote(submission, world.ethics, "ethics")
    assert world.approve(submission).outcome == "approved"


def test_what_was_refused_is_in_the_ledger_with_who_tried_and_why(world: World) -> None:
    submission = world.audited()
    before = set(Event.objects.values_list("pk", flat=True))

    for tried in (
        lambda: world.vote(submission, world.submitter, "domain"),
        lambda: world.approve(submission, by=world.submitter),
        lambda: world.approve(submission),
    ):
        with pytest.raises(ReviewRefused):
            tried()

    kept = Event.objects.exclude(pk__in=before).order_by("pk")
    assert [(event.verb, event.detail["code"]) for event in kept] == [
        ("vote.refused", "self_review"),
        ("submission.approve.refused", "self_review"),
        ("submission.approve.refused", "requirements_open"),
    ]
    assert {(event.object_kind, event.object_ref) for event in kept} == {("submission", str(submission.pk))}
    assert [event.actor for event in kept] == [
        actor_ref(user.pk) for user in (world.submitter, world.submitter, world.approver)
    ]
    assert not Vote.objects.exists()
