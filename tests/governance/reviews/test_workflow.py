"""From a submission to its decision, round by round."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from audits.models import Run
from governance.catalog.models import Stage
from governance.catalog.use_cases import change_use_case, put_audit_plan
from governance.gates.documents import gate_document
from governance.gates.models import Approval
from governance.gates.portfolio import POLICY_CHANGED
from governance.ledger.models import Event
from governance.notifications.models import Outbox
from governance.policies import services as policies
from governance.policies.models import Policy
from governance.policies.queries import coming
from governance.reviews import evaluation, services
from governance.reviews.errors import NotAcceptable, NotAllowed, ReviewRefused, Stale
from governance.reviews.models import Decision, Submission
from tests.governance.world import PLAN, World, predictions

WHY = "the card says nothing of its limits"
POLICY = """
apiVersion: assay/v1
kind: Policy
metadata: {{name: {name}, graceDays: {grace}{since}}}
appliesTo: {{stages: [pilot], tiers: [high]}}
requirements:
  - {{id: {id}, kind: card, verdicts: [{verdicts}]}}
votes: [{{lane: {lane}, min: {least}}}]
validDays: {days}
"""


def policy(**fields: object) -> str:
    given = {"name": "extra", "id": "extra.card", "verdicts": "pass, warn", "lane": "legal", "least": 1, "days": 30}
    given |= {"grace": 0}
    fields["since"] = f", effectiveFrom: {fields['since']}" if fields.get("since") else ""
    return POLICY.format(**{**given, **fields})


def test_submitting_asks_for_the_audits_that_the_policies_need(world: World) -> None:
    submission = world.submit()

    assert set(Run.objects.values_list("kind", "state")) == {("card", "queued"), ("license", "queued")}
    assert submission.verdict == "deny"
    lacking = [r for r in submission.evaluation["requirements"] if r["kind"] == "bias"]
    assert {r["params"]["lacking"] for r in lacking} == {"predictions_missing"}


def test_an_attached_table_starts_the_bias_audit(world: World) -> None:
    submission = world.submit()

    world.attach(submission)

    run = Run.objects.get(kind="bias")
    assert (run.state, run.origin, run.use_case) == ("queued", "declared", world.use_case.slug)
    assert run.requested_by == world.submitter


def test_an_approval_needs_audits_votes_and_an_approver(world: World) -> None:
    submission = world.audited()
    assert submission.verdict == "pending"
    world.vote(submission, world.domain, "domain")
    world.vote(submission, world.ethics, "ethics")

    decision = world.approve(submission)

    submission.refresh_from_db()
    assert submission.state == "approved"
    assert (decision.outcome, decision.verdict, decision.automatic) == ("approved", "allow", False)
    assert decision.approval is not None
    assert decision.approval.expires_at == world.at + dt.timedelta(days=90)
    assert decision.digests["audit_plan"] == world.use_case.audit_plans.get().sha256
    assert {vote["lane"] for vote in decision.votes} == {"domain", "ethics"}
    verbs = list(Event.objects.filter(subject_digest=world.version.digest).values_list("verb", flat=True))
    assert verbs.count("approval.granted") == verbs.count("submission.approved") == 1
    assert Outbox.objects.filter(topic="submission.approved").count() == 1


def test_a_decision_can_be_made_again_from_what_it_keeps(world: World) -> None:
    from governance.policies.evaluation import VoteFact, evaluate
    from governance.policies.queries import pinned

    decision = world.approve(world.voted())

    digests = [applied["sha256"] for applied in decision.evaluation["policies"]]
    votes = [VoteFact(**vote) for vote in decision.votes]
    replayed = evaluate(
        policies=pinned(digests), facts=decision.facts, votes=votes, at=decision.decided_at, current_round=1
    )

    assert replayed.as_json() == decision.evaluation
    assert replayed.facts_sha256 == decision.facts_sha256


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


def test_fault_v25_no_policy_that_applies_is_an_error_and_no_yes(world: World) -> None:
    Policy.objects.update(retired_at=world.at)

    submission = world.submit()

    assert submission.verdict == "error"
    assert submission.evaluation["reason_codes"] == ["no_policy"]
    with pytest.raises(services.RequirementsOpen, match="no_policy"):
        world.approve(submission)


def test_fault_v27_a_policy_published_in_mid_review_applies_and_the_decision_pins_it(world: World) -> None:
    submission = world.voted()
    assert submission.verdict == "allow"

    policies.publish(text=policy(), by=None, at=world.at)

    assert submission.is_stale(at=world.at) is False, "as it was read"
    submission.refresh_from_db()
    assert submission.is_stale(at=world.at), "seen at once, not when a worker looks"
    assert world.gate().verdict == "pending"
    world.rejudge()
    submission.refresh_from_db()
    assert submission.verdict == "pending"
    assert "vote.legal:pending" in submission.evaluation["reason_codes"]
    assert {p["name"] for p in submission.evaluation["policies"]} == {"high-pilot", "extra"}
    with pytest.raises(services.RequirementsOpen, match="vote.legal:pending"):
        world.approve(submission)


def test_fault_v27_an_approval_keeps_to_its_policies_until_the_days_of_grace_of_the_new_one_are_over(
    world: World,
) -> None:
    approval = world.approved()
    pinned = [p["sha256"] for p in approval.policies]

    policies.publish(text=policy(grace=7), by=None, at=world.at)

    approval.refresh_from_db()
    assert approval.ended_at is None
    assert [p["sha256"] for p in approval.policies] == pinned
    answer = world.gate()
    closes_at = world.at + dt.timedelta(days=7)
    assert (answer.verdict, answer.next_change_at) == ("allow", closes_at)
    assert gate_document(answer)["policy_changes"] == [{"policy": "extra", "closes_at": closes_at.isoformat()}]


def test_fault_v27_without_days_of_grace_an_approval_that_would_not_be_granted_closes_at_once(world: World) -> None:
    approval = world.approved()

    policies.publish(text=policy(), by=None, at=world.at)

    answer = world.gate()
    approval.refresh_from_db()
    assert (answer.verdict, answer.reason_codes) == ("deny", ("policy.extra:policy_changed",))
    assert [step["action"] for step in answer.next_steps] == ["submit"]
    assert approval.ended_at is None, "it is judged again by submitting, and answers again where the policy is retired"
    policies.retire(name="extra", by=None, at=world.at)
    assert world.gate().verdict == "allow"


def test_fault_v27_an_approval_that_holds_under_the_new_policy_stays(world: World) -> None:
    world.approved()

    policies.publish(text=policy(lane="domain"), by=None, at=world.at)

    answer = world.gate()
    assert answer.verdict == "allow"
    assert gate_document(answer)["policy_changes"] == []


def test_fault_v27_until_the_day_from_which_it_is_used_the_older_version_decides_and_both_are_shown(
    world: World,
) -> None:
    submission = world.voted()
    day = world.at + dt.timedelta(days=3)

    published = policies.publish(text=policy(since=f"{day:%Y-%m-%dT%H:%M:%SZ}"), by=None, at=world.at)

    submission.refresh_from_db()
    assert {p["name"] for p in submission.evaluation["policies"]} == {"high-pilot"}
    assert [one.pk for one in coming(at=world.at)] == [published.pk]
    page = Client()
    page.force_login(world.approver)
    shown = page.get(f"/submissions/{submission.pk}/").content.decode()
    assert "extra 1" in shown
    before = evaluation.judge(submission, at=world.at)
    after = evaluation.judge(submission, at=day + dt.timedelta(seconds=1))
    assert (before.evaluation.verdict, after.evaluation.verdict) == ("allow", "pending")
    assert {p.name for p in after.evaluation.policies} == {"high-pilot", "extra"}
    decision = world.approve(submission)
    assert [p["name"] for p in decision.evaluation["policies"]] == ["high-pilot"]
    assert [p["name"] for p in decision.approval.policies] == ["high-pilot"]


def test_fault_v27_an_approval_granted_before_that_day_closes_when_day_and_grace_are_over(world: World) -> None:
    approval = world.approved()
    day = world.at + dt.timedelta(days=3)

    policies.publish(text=policy(since=f"{day:%Y-%m-%dT%H:%M:%SZ}", grace=2), by=None, at=world.at)

    approval.refresh_from_db()
    assert approval.next_boundary == day.replace(microsecond=0) + dt.timedelta(days=2)
    assert world.gate().verdict == "allow"
    past = [one | {"holds_until": world.at.isoformat()} for one in approval.conditions if one["code"] == POLICY_CHANGED]
    Approval.objects.filter(pk=approval.pk).update(conditions=past)
    assert world.gate().verdict == "deny"


def test_fault_v27_the_next_version_lifts_what_the_one_before_it_would_have_closed(world: World) -> None:
    world.approved()
    policies.publish(text=policy(), by=None, at=world.at)
    assert world.gate().verdict == "deny"

    policies.publish(text=policy(lane="domain"), by=None, at=world.at)

    assert world.gate().verdict == "allow"


def test_a_policy_that_asks_for_a_new_audit_starts_it(world: World) -> None:
    world.use_case.tier = "minimal"
    world.use_case.save()
    submission = world.submit(stage=Stage.PILOT)
    assert not Run.objects.filter(kind="bias").exists()
    world.attach(submission)
    assert not Run.objects.filter(kind="bias").exists(), "minimal risk in a pilot asks for none"

    text = policy().replace("tiers: [high]", "tiers: [minimal]").replace("kind: card", "kind: bias")
    policies.publish(text=text, by=None, at=world.at)
    world.rejudge()

    assert Run.objects.filter(kind="bias").exists()


def test_a_veto_closes_until_its_voter_lifts_it(world: World) -> None:
    submission = world.voted()
    world.vote(submission, world.ethics, "ethics", -2, comment="it harms people who cannot answer")

    with pytest.raises(services.RequirementsOpen, match="vote.ethics:unsatisfied"):
        world.approve(submission)

    world.vote(submission, world.ethics, "ethics", 1)
    assert world.approve(submission).outcome == "approved"


def test_fault_v09_a_veto_lasts_into_the_next_round(world: World) -> None:
    submission = world.voted()
    world.vote(submission, world.ethics, "ethics", -2, comment="it harms people who cannot answer")
    services.return_for_changes(submission_id=submission.pk, by=world.approver, reason=WHY, at=world.at)
    services.resubmit(submission_id=submission.pk, by=world.submitter, at=world.at)

    submission.refresh_from_db()

    assert (submission.round, submission.verdict) == (2, "deny")
    assert "vote.ethics:unsatisfied" in submission.evaluation["reason_codes"]


def test_a_returned_submission_comes_back_as_a_round_that_needs_its_own_votes(world: World) -> None:
    submission = world.voted()
    services.return_for_changes(submission_id=submission.pk, by=world.domain, reason=WHY, at=world.at)
    submission.refresh_from_db()
    assert submission.state == "changes_requested"
    with pytest.raises(ReviewRefused, match="is changes requested, not in review"):
        world.vote(submission, world.domain, "domain")

    services.resubmit(submission_id=submission.pk, by=world.submitter, at=world.at)

    submission.refresh_from_db()
    assert (submission.state, submission.round, submission.verdict) == ("in_review", 2, "pending")
    with pytest.raises(services.RequirementsOpen, match="vote.domain:pending"):
        world.approve(submission)
    world.vote(submission, world.domain, "domain")
    world.vote(submission, world.ethics, "ethics")
    assert world.approve(submission).round == 2
    assert list(Decision.objects.order_by("round").values_list("outcome", flat=True)) == [
        "changes_requested",
        "approved",
    ]


def test_only_who_submitted_brings_a_submission_back_or_withdraws_it(world: World) -> None:
    from tests.factories import member

    submission = world.submit()
    colleague = member(world.team, "submitter")
    with pytest.raises(NotAllowed, match="only who submitted"):
        services.withdraw(submission_id=submission.pk, by=colleague, at=world.at)
    services.return_for_changes(submission_id=submission.pk, by=world.domain, reason=WHY, at=world.at)

    with pytest.raises(NotAllowed, match="only who submitted"):
        services.resubmit(submission_id=submission.pk, by=colleague, at=world.at)

    services.withdraw(submission_id=submission.pk, by=world.submitter, at=world.at)
    submission.refresh_from_db()
    assert (submission.state, submission.round) == ("withdrawn", 2)


@pytest.mark.parametrize("reason", ["", "   ", "too short"])
def test_a_no_needs_its_reason(world: World, reason: str) -> None:
    submission = world.submit()

    for step in (services.reject, services.return_for_changes):
        with pytest.raises(NotAcceptable, match="say why"):
            step(submission_id=submission.pk, by=world.approver, reason=reason, at=world.at)
    with pytest.raises(NotAcceptable, match="say why"):
        world.vote(submission, world.domain, "domain", -1, comment=reason)

    submission.refresh_from_db()
    assert submission.state == "in_review"


@pytest.mark.parametrize(("lane", "value"), [("domain", 3), ("domain", -3), ("kitchen", 1), ("", 1)])
def test_a_vote_outside_its_bounds_is_refused(world: World, lane: str, value: int) -> None:
    submission = world.submit()

    with pytest.raises(NotAcceptable):
        world.vote(submission, world.domain, lane, value, comment="a reason that is long enough")

    assert not submission.votes.exists()


def test_fault_v04_a_step_on_an_edition_that_is_no_more_is_stale(world: World) -> None:
    submission = world.voted()
    seen = submission.edition
    world.vote(submission, world.domain, "domain", 2)

    with pytest.raises(Stale) as stale:
        services.approve(submission_id=submission.pk, approver=world.approver, edition=seen, at=world.at)

    assert stale.value.status == 412
    submission.refresh_from_db()
    assert submission.state == "in_review"


def test_a_version_is_in_review_once_for_a_use_case_and_stage(world: World) -> None:
    first = world.submit()

    with pytest.raises(ReviewRefused, match=f"submission {first.pk}"):
        world.submit()

    world.submit(stage=Stage.PRODUCTION)
    world.submit(world.new_version())
    assert Submission.objects.count() == 3


def test_a_prototype_is_decided_without_a_person_once_its_audits_are_in(world: World) -> None:
    submission = world.submit(stage=Stage.PROTOTYPE)
    assert submission.state == "in_review"

    world.run_audits()

    submission.refresh_from_db()
    assert submission.state == "approved"
    decision = submission.decisions.get()
    assert (decision.automatic, decision.decided_by) == (True, None)
    assert world.gate(stage=Stage.PROTOTYPE).verdict == "allow"


def test_one_policy_that_wants_a_person_keeps_the_machine_from_deciding(world: World) -> None:
    text = policy(least=1).replace("stages: [pilot]", "stages: [prototype]")
    policies.publish(text=text, by=None, at=world.at)
    submission = world.submit(stage=Stage.PROTOTYPE)

    world.run_audits()

    submission.refresh_from_db()
    assert (submission.state, submission.verdict) == ("in_review", "pending")


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


def test_the_reviewers_are_told_and_the_submitter_is_not(world: World) -> None:
    world.submit()

    told = set(Outbox.objects.get(topic="submission.submitted").payload["to"])

    assert told == {world.domain.pk, world.ethics.pk, world.security.pk}
