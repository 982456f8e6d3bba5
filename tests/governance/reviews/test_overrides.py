"""Two administrators set aside what keeps a version out: never one alone, never silently, never for long."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from governance.gates.documents import as_text, gate_document
from governance.gates.models import Approval
from governance.ledger.models import Event
from governance.notifications.models import Outbox
from governance.people.models import Membership
from governance.policies.evaluation import evaluate
from governance.policies.models import AdminOverride
from governance.reviews import overriding, services
from governance.reviews.errors import ReviewRefused
from governance.reviews.evaluation import counting_votes
from governance.reviews.models import Submission
from governance.reviews.standing import evaluation_now
from tests.factories import member
from tests.governance.world import World, predictions

REASON = "The fraud line is down and this version stops it"


class Glass(World):
    """The world with two administrators of the team."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.first, self.second = member(self.team, "admin"), member(None, "admin")

    def propose(self, submission: Submission, *targets: str, **fields: Any) -> AdminOverride:
        given = {"reason": REASON, "expires_at": self.at + dt.timedelta(days=2), "by": self.first, "at": self.at}
        return overriding.propose(submission_id=submission.pk, targets=targets, **{**given, **fields})

    def confirm(self, override: AdminOverride, **fields: Any) -> AdminOverride:
        return overriding.confirm(override_id=override.pk, **{"by": self.second, "at": self.at, **fields})

    def override(self, submission: Submission, *targets: str, **fields: Any) -> AdminOverride:
        made = self.confirm(self.propose(submission, *targets, **fields))
        submission.refresh_from_db()
        return made

    def vetoed(self) -> Submission:
        """Everything holds but for a veto in ethics."""
        submission = self.audited()
        self.vote(submission, self.domain, "domain")
        self.vote(submission, self.ethics, "ethics", -2, comment="It harms those who are refused")
        submission.refresh_from_db()
        return submission


@pytest.fixture
def world(db: None, settings: Any) -> Glass:
    settings.RUN_LEASE_S = 3600
    return Glass()


def code_of(refused: pytest.ExceptionInfo[ReviewRefused]) -> tuple[str, int]:
    return refused.value.code, refused.value.status


def test_fault_v09_a_veto_sticks_over_rounds_until_two_administrators_clear_it(world: Glass) -> None:
    submission = world.vetoed()
    services.return_for_changes(
        submission_id=submission.pk, by=world.approver, reason="Say more of the refused", at=world.at
    )
    services.resubmit(submission_id=submission.pk, by=world.submitter, at=world.at)
    world.vote(submission, world.domain, "domain")
    submission.refresh_from_db()
    assert (submission.round, submission.verdict) == (2, "deny")
    assert "vote.ethics:unsatisfied" in submission.evaluation["reason_codes"]

    proposal = world.propose(submission, "vote.ethics", "vote.distinct")
    submission.refresh_from_db()
    assert (submission.verdict, world.gate().verdict) == ("deny", "deny")
    with pytest.raises(services.RequirementsOpen):
        world.approve(submission)
    world.confirm(proposal)

    submission.refresh_from_db()
    assert submission.verdict == "warn"
    assert submission.evaluation["reason_codes"] == [
        "vote.ethics:overridden_by_admin",
        "vote.distinct:overridden_by_admin",
    ]
    assert submission.evaluation["next_steps"] == []
    # It opens nothing by itself: an approver decides, and the gate names it and never says a plain yes.
    assert world.gate().verdict == "pending"
    world.approve(submission)
    document = gate_document(world.gate())
    assert (document["verdict"], document["exit_code"]) == ("warn", 0)
    assert document["reason_codes"] == ["vote.ethics:overridden_by_admin", "vote.distinct:overridden_by_admin"]
    (told,) = document["overrides"]
    assert (told["id"], told["reason"], told["targets"]) == (proposal.pk, REASON, ["vote.ethics", "vote.distinct"])
    assert (told["proposed_by"], told["confirmed_by"]) == (str(world.first), str(world.second))
    lane = next(one for one in document["votes"] if one["lane"] == "ethics")
    assert (lane["status"], lane["override"], lane["vetoes"]) == ("overridden_by_admin", proposal.pk, 1)
    assert "OVERRIDDEN by two administrators" in as_text(document)
    verbs = Event.objects.filter(object_kind="override").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["override.proposed", "override.confirmed"]
    assert set(Outbox.objects.filter(topic__startswith="override.").values_list("topic", flat=True)) == {
        "override.proposed",
        "override.confirmed",
    }


def test_a_veto_that_is_cast_after_the_proposal_is_not_set_aside(world: Glass) -> None:
    submission = world.vetoed()
    proposal = world.propose(submission, "vote.ethics", "vote.distinct")
    another = member(world.team, "reviewer:ethics")
    world.vote(submission, another, "ethics", -2, comment="And it is unfair as well")

    world.confirm(proposal)

    submission.refresh_from_db()
    assert submission.verdict == "deny"
    assert "vote.ethics:unsatisfied" in submission.evaluation["reason_codes"]


def test_an_audit_that_was_missing_and_says_no_since_is_not_set_aside(world: Glass) -> None:
    submission = world.submit()
    submission.refresh_from_db()
    bias = next(r["id"] for r in submission.evaluation["requirements"] if r["kind"] == "bias")
    world.override(submission, bias)
    assert f"{bias}:overridden_by_admin" in submission.evaluation["reason_codes"]

    world.attach(submission, predictions(fair=False))
    submission.refresh_from_db()
    assert f"{bias}:overridden_by_admin" in submission.evaluation["reason_codes"]  # under way: still what was seen
    world.run_audits()

    submission.refresh_from_db()
    assert f"{bias}:unsatisfied" in submission.evaluation["reason_codes"]
    world.override(submission, bias)
    assert f"{bias}:overridden_by_admin" in submission.evaluation["reason_codes"]  # what was looked at is a no


@pytest.mark.parametrize("hats", [("admin",), ("admin", "approver", "risk_officer", "reviewer:ethics")])
def test_fault_v17_one_person_in_two_hats_is_one_person(world: Glass, hats: tuple[str, ...]) -> None:
    """An administrator of the team who is one of the organisation too, and whatever else, is still not two people."""
    submission = world.vetoed()
    proposal = world.propose(submission, "vote.ethics", "vote.distinct")
    for hat in hats:
        role, _colon, lane = hat.partition(":")
        Membership.objects.create(user=world.first, team=None, role=role, lane=lane)
    world.first.is_superuser = True
    world.first.save()

    with pytest.raises(ReviewRefused) as refused:
        world.confirm(proposal, by=world.first)

    assert code_of(refused) == ("self_override", 403)
    assert AdminOverride.objects.get().state == "proposed"
    assert Event.objects.filter(verb="override.confirm.refused", object_ref=str(proposal.pk)).count() == 1


def test_the_database_itself_wants_two_people_an_end_within_days_and_keeps_what_was_said(world: Glass) -> None:
    submission = world.vetoed()
    fields = {
        "version": world.version,
        "use_case": world.use_case,
        "stage": "pilot",
        "tier": "high",
        "submission": submission.pk,
        "items": [{"what": "people"}],
        "reason": REASON,
        "proposed_by": world.first,
        "proposed_at": world.at,
    }
    for wrong in (
        {"expires_at": world.at + dt.timedelta(days=8)},
        {"expires_at": world.at},
        {"expires_at": None},
        {"expires_at": world.at + dt.timedelta(days=1), "reason": ""},
        {"expires_at": world.at + dt.timedelta(days=1), "items": []},
        {
            "expires_at": world.at + dt.timedelta(days=1),
            "state": "active",
            "decided_by": world.second,
            "decided_at": world.at,
        },
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            AdminOverride.objects.create(**{**fields, **wrong})
    made = AdminOverride.objects.create(**fields, expires_at=world.at + dt.timedelta(days=1))
    moves = "UPDATE policies_adminoverride SET state = 'active', decided_at = now(), decided_by_id = %s"
    for statement, given in (
        (moves, [world.first.pk]),
        (moves + ", expires_at = expires_at + interval '1 hour'", [world.second.pk]),
        ("UPDATE policies_adminoverride SET reason = 'x'", []),
        ("DELETE FROM policies_adminoverride", []),
        ("UPDATE policies_adminoverride SET state = 'revoked'", []),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(statement, given)
    made.refresh_from_db()
    assert (made.state, made.reason) == ("proposed", REASON)


def test_only_administrators_who_made_nothing_of_it_propose_and_confirm(world: Glass) -> None:
    submission = world.vetoed()
    for person in (world.submitter, world.approver, world.risk_officer, world.ethics, world.stranger):
        with pytest.raises(ReviewRefused) as refused:
            world.propose(submission, "vote.ethics", by=person)
        assert refused.value.status == 403
    Membership.objects.create(user=world.submitter, team=world.team, role="admin")
    with pytest.raises(ReviewRefused) as refused:
        world.propose(submission, "vote.ethics", by=world.submitter)
    assert code_of(refused) == ("self_review", 403)
    proposal = world.propose(submission, "vote.ethics")
    for person, code in ((world.submitter, "self_review"), (world.approver, "not_an_admin")):
        with pytest.raises(ReviewRefused) as refused:
            world.confirm(proposal, by=person)
        assert code_of(refused) == (code, 403)
    Membership.objects.filter(user=world.first).delete()
    with pytest.raises(ReviewRefused) as refused:
        world.confirm(proposal)
    assert code_of(refused) == ("proposer_not_admin", 409)
    assert AdminOverride.objects.get().state == "proposed"


def test_who_proposed_an_override_and_brings_evidence_since_is_not_one_of_the_two(world: Glass) -> None:
    submission = world.vetoed()
    Membership.objects.create(user=world.first, team=world.team, role="submitter")
    proposal = world.propose(submission, "vote.ethics", "vote.distinct")
    world.attach(submission, by=world.first)

    with pytest.raises(ReviewRefused) as refused:
        world.confirm(proposal)

    assert code_of(refused) == ("proposer_made_it", 409)
    proposal.refresh_from_db()
    assert proposal.state == "proposed"


@pytest.mark.parametrize(
    ("fields", "code", "status"),
    [
        ({"expires_at": None}, "expiry_required", 400),
        ({"days": 7.1}, "expiry_too_long", 400),
        ({"days": -1}, "expiry_passed", 400),
        ({"reason": "now"}, "reason_required", 422),
        ({"targets": []}, "targets_required", 422),
        ({"targets": ["card.ok"]}, "not_open", 422),
        ({"targets": ["no.such"]}, "not_open", 422),
        ({"edition": 1}, "stale", 412),
    ],
)
def test_a_proposal_without_bounds_is_refused(world: Glass, fields: dict[str, Any], code: str, status: int) -> None:
    submission = world.vetoed()
    targets = fields.pop("targets", ["vote.ethics"])
    if "days" in fields:
        fields["expires_at"] = world.at + dt.timedelta(days=fields.pop("days"))

    with pytest.raises(ReviewRefused) as refused:
        world.propose(submission, *targets, **fields)

    assert code_of(refused) == (code, status)
    assert not AdminOverride.objects.exists()


def test_what_cannot_be_decided_or_is_suspended_is_not_set_aside(world: Glass) -> None:
    from audits.models import Run
    from governance.catalog.suspensions import services as suspensions

    submission = world.audited()
    officer = member(None, "risk_officer")
    suspensions.suspend(entry=world.version.entry, reason="Found in the news today", by=officer, at=timezone.now())
    run = Run.objects.filter(kind="bias").latest("pk")
    Run.objects.filter(pk=run.pk).update(state="errored", verdict="", error_code="internal", error="it broke")
    submission = services.reevaluate(submission_id=submission.pk, at=world.at)
    bias = next(r["id"] for r in submission.evaluation["requirements"] if r["kind"] == "bias")
    assert submission.verdict == "error"

    for target in (bias, "suspended"):
        with pytest.raises(ReviewRefused) as refused:
            world.propose(submission, target)
        assert code_of(refused) == ("not_overridable", 422)


def test_at_its_end_the_gate_closes_at_the_moment_of_asking_and_the_review_with_it(world: Glass) -> None:
    """Nobody sweeps: the same rows say no once the moment has come."""
    past = timezone.now() - dt.timedelta(days=3)
    world.at = past
    submission = world.vetoed()
    override = world.override(
        submission, "vote.ethics", "vote.distinct", expires_at=timezone.now() + dt.timedelta(hours=1)
    )
    approval = world.approve(submission).approval
    assert approval is not None
    open_now = world.gate()
    assert (open_now.verdict, open_now.next_change_at) == ("warn", override.expires_at)
    ended = (timezone.now() - dt.timedelta(seconds=1)).isoformat()
    conditions = [{**one, "holds_until": ended} if "override" in one else one for one in approval.conditions]
    Approval.objects.filter(pk=approval.pk).update(
        conditions=conditions, next_boundary=timezone.now() - dt.timedelta(seconds=1)
    )

    answer = world.gate()

    assert answer.verdict == "deny"
    assert answer.reason_codes == ("vote.ethics:admin_override_ended", "vote.distinct:admin_override_ended")
    assert answer.etag != open_now.etag
    document = gate_document(answer)
    assert (document["exit_code"], document["overrides"]) == (1, [])
    assert [one["status"] for one in document["votes"] if one["lane"] == "ethics"] == ["unsatisfied"]
    assert [step["action"] for step in document["next_steps"]] == ["submit"]


def test_a_review_that_waits_is_told_as_it_is_once_the_override_is_over(world: Glass) -> None:
    world.at = timezone.now() - dt.timedelta(days=2)
    submission = world.vetoed()
    world.override(submission, "vote.ethics", "vote.distinct", expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert submission.verdict == "warn"

    found = evaluation_now(submission)

    assert found["verdict"] == "deny"
    assert found["reason_codes"] == ["vote.ethics:admin_override_ended", "vote.distinct:admin_override_ended"]
    assert world.gate().verdict == "deny"
    with pytest.raises(services.RequirementsOpen):
        services.approve(submission_id=submission.pk, approver=world.approver, at=timezone.now())


def test_one_administrator_or_risk_officer_takes_it_back_and_the_gate_closes_at_once(world: Glass) -> None:
    submission = world.vetoed()
    override = world.override(submission, "vote.ethics", "vote.distinct")
    world.approve(submission)
    with pytest.raises(ReviewRefused) as refused:
        overriding.revoke(override_id=override.pk, reason="not needed any more", by=world.approver, at=world.at)
    assert code_of(refused) == ("not_an_admin", 403)

    overriding.revoke(override_id=override.pk, reason="not needed any more", by=world.risk_officer, at=timezone.now())

    answer = world.gate()
    assert answer.verdict == "deny"
    assert set(answer.reason_codes) == {"vote.ethics:admin_override_revoked", "vote.distinct:admin_override_revoked"}
    assert Event.objects.filter(verb="override.revoked").count() == 1
    with pytest.raises(ReviewRefused) as refused:
        overriding.revoke(override_id=override.pk, reason="once more, please", by=world.first, at=world.at)
    assert code_of(refused) == ("invalid_transition", 409)


def test_the_submitter_and_those_who_do_not_answer_in_time_change_nothing(world: Glass) -> None:
    submission = world.vetoed()
    proposal = world.propose(submission, "vote.ethics")
    with pytest.raises(ReviewRefused) as refused:
        world.propose(submission, "vote.ethics", by=world.second)
    assert code_of(refused) == ("already_proposed", 409)
    with pytest.raises(ReviewRefused) as refused:
        world.confirm(proposal, at=proposal.expires_at)
    assert code_of(refused) == ("expired", 409)
    with pytest.raises(ReviewRefused) as refused:
        world.confirm(proposal, edition=7)
    assert code_of(refused) == ("stale", 412)
    overriding.reject(override_id=proposal.pk, reason="it can wait until Monday", by=world.first, at=world.at)
    with pytest.raises(ReviewRefused) as refused:
        world.confirm(proposal)
    assert code_of(refused) == ("invalid_transition", 409)
    world.propose(submission, "vote.ethics", by=world.second)
    services.withdraw(submission_id=submission.pk, by=world.submitter, at=world.at)
    with pytest.raises(ReviewRefused) as refused:
        world.confirm(AdminOverride.objects.latest("pk"), by=world.first)
    assert code_of(refused) == ("invalid_transition", 409)


def test_what_was_decided_on_an_override_can_be_done_again_byte_for_byte(world: Glass) -> None:
    from governance.policies import queries as policies

    submission = world.vetoed()
    world.override(submission, "vote.ethics", "vote.distinct")
    decision = world.approve(submission)

    again = evaluate(
        policies=policies.pinned([one["sha256"] for one in decision.evaluation["policies"]]),
        facts=decision.facts,
        votes=counting_votes(submission),
        at=decision.decided_at,
        current_round=decision.round,
    )

    assert again.as_json() == decision.evaluation
    assert decision.facts["overrides"][0]["reason"] == REASON


def test_what_was_set_aside_at_one_tier_is_not_at_another(world: Glass) -> None:
    submission = world.vetoed()
    world.override(submission, "vote.ethics", "vote.distinct")
    type(world.use_case).objects.filter(pk=world.use_case.pk).update(tier="critical")

    submission = services.reevaluate(submission_id=submission.pk, at=world.at)

    assert submission.verdict == "deny"
    assert "vote.ethics:unsatisfied" in submission.evaluation["reason_codes"]
    proposal = world.propose(submission, "vote.ethics")
    type(world.use_case).objects.filter(pk=world.use_case.pk).update(tier="high")
    with pytest.raises(ReviewRefused) as refused:
        world.confirm(proposal)
    assert code_of(refused) == ("tier_changed", 409)


def test_facts_without_an_override_have_no_word_of_it(world: Glass) -> None:
    submission = world.vetoed()
    assert "overrides" not in submission.facts
    assert "distinct_overridden" not in submission.evaluation
    assert all("override" not in lane for lane in submission.evaluation["votes"])
