"""From a submission to its decision, under the policies that apply by then."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from audits.models import Run
from governance.catalog.models import Stage
from governance.gates.documents import as_text, gate_document
from governance.gates.models import Approval
from governance.gates.portfolio import POLICY_CHANGED
from governance.ledger.models import Event
from governance.notifications.models import Outbox
from governance.policies import services as policies
from governance.policies.models import Policy
from governance.policies.queries import coming
from governance.reviews import evaluation, services
from governance.reviews.errors import ReviewRefused
from governance.reviews.models import Submission
from tests.governance.world import World

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
    ahead = {"policy": "extra", "closes_at": closes_at.isoformat()}
    assert gate_document(answer)["policy_changes"] == [{**ahead, "judged": False}]
    world.rejudge()
    answer = world.gate()
    assert (answer.verdict, answer.next_change_at) == ("allow", closes_at)
    assert gate_document(answer)["policy_changes"] == [{**ahead, "judged": True}]


def test_fault_v27_without_days_of_grace_an_approval_that_would_not_be_granted_closes_at_once(world: World) -> None:
    approval = world.approved()

    policies.publish(text=policy(), by=None, at=world.at)

    told = gate_document(world.gate())
    assert (told["verdict"], told["reason_codes"]) == ("pending", ["policy.extra:to_be_judged"]), "at once, and why"
    assert [(step["action"], step["who"]) for step in told["next_steps"]] == [("wait", "worker")]
    assert "a worker has to judge it under that first" in as_text(told)
    world.rejudge()
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
    assert world.gate().verdict == "pending", "no worker has looked, and there are no days of grace"
    world.rejudge()

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
    world.rejudge()
    approval.refresh_from_db()
    past = [one | {"holds_until": world.at.isoformat()} for one in approval.conditions if one["code"] == POLICY_CHANGED]
    Approval.objects.filter(pk=approval.pk).update(conditions=past)
    assert world.gate().verdict == "deny"


def test_fault_v27_the_next_version_lifts_what_the_one_before_it_would_have_closed(world: World) -> None:
    world.approved()
    policies.publish(text=policy(), by=None, at=world.at)
    world.rejudge()
    assert world.gate().verdict == "deny"

    policies.publish(text=policy(lane="domain"), by=None, at=world.at)
    assert world.gate().verdict == "deny", "what is known to close it stands until the next version is judged"
    world.rejudge()

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


def test_a_version_is_in_review_once_for_a_use_case_and_stage(world: World) -> None:
    first = world.submit()

    with pytest.raises(ReviewRefused, match=f"submission {first.pk}"):
        world.submit()

    world.submit(stage=Stage.PRODUCTION)
    world.submit(world.new_version())
    assert Submission.objects.count() == 3


def test_the_reviewers_are_told_and_the_submitter_is_not(world: World) -> None:
    world.submit()

    told = set(Outbox.objects.get(topic="submission.submitted").payload["to"])

    assert told == {world.domain.pk, world.ethics.pk, world.security.pk}


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
