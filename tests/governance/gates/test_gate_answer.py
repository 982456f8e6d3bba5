"""What a pipeline is told, from what is stored, at the moment of asking."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audits import execution
from audits.models import Run
from governance.catalog.models import Stage
from governance.catalog.use_cases import change_use_case, put_audit_plan
from governance.evidence import services as evidence
from governance.evidence.queries import standings
from governance.gates import queries, services
from governance.gates.documents import as_text, gate_document
from governance.gates.models import EndedReason
from governance.gates.queries import MalformedSubject
from governance.reviews import services as reviews
from governance.reviews.models import Submission
from tests.factories import TeamFactory, member
from tests.governance.gates.approvals import DAY, in_production
from tests.governance.world import PLAN, World, predictions


def renew(world: World, kind: str = "bias") -> Run:
    """Another run of an audit on the same inputs, as when evidence has to be fresh; done at once."""
    [standing] = standings(version=world.version, use_case=world.use_case, kinds=[kind])
    run = evidence.request(
        kind=kind,
        version=world.version,
        use_case=world.use_case,
        renews=standing.run,
        by=world.submitter,
        at=timezone.now(),
    )
    execution.execute(run_id=run.pk)
    run.refresh_from_db()
    return run


def test_an_approval_in_force_lets_its_version_through(world: World) -> None:
    approval = world.approved()

    answer = world.gate()

    assert (answer.verdict, answer.exit_code, answer.reason_codes) == ("allow", 0, ())
    assert answer.approval == approval
    assert world.gate(version=world.version, stage=Stage.PRODUCTION).reason_codes == ("no_approval",)


def test_a_version_can_be_asked_for_by_its_digest(world: World) -> None:
    world.approved()
    entry = world.version.entry

    subject = queries.subject(kind="model", repo_id=entry.repo_id.upper(), revision=world.version.digest)
    answer = queries.gate_answer(user=None, subject=subject, use_case=world.use_case.slug, stage=world.stage)

    assert answer.verdict == "allow"


def test_fault_v06_an_approval_says_nothing_of_the_next_revision(world: World) -> None:
    world.approved()
    newer = world.new_version(entry=world.version.entry)

    answer = world.gate(newer)

    assert (answer.verdict, answer.reason_codes) == ("deny", ("no_approval",))
    assert world.gate().verdict == "allow"


@pytest.mark.parametrize("revision", ["main", "v1.0", "", "0f1e2d3", "A" * 40, "g" * 40, "0" * 41, "0" * 40 + "\n"])
def test_fault_v07_a_revision_that_may_move_is_refused(revision: str) -> None:
    with pytest.raises(MalformedSubject) as malformed:
        queries.subject(kind="model", repo_id="acme/model", revision=revision)

    assert malformed.value.code == "revision_must_be_commit_sha"


@pytest.mark.parametrize("repo_id", ["", "a\0b", "x" * 257])
def test_a_repository_that_cannot_be_is_refused(repo_id: str) -> None:
    with pytest.raises(MalformedSubject):
        queries.subject(kind="model", repo_id=repo_id, revision="0" * 40)


def test_what_is_unknown_and_what_is_not_seen_get_the_same_no(world: World) -> None:
    world.approved()
    stranger = member(TeamFactory(), "approver")

    unseen = world.gate(user=stranger)
    unknown = world.gate(user=stranger, use_case="no-such-use-case")
    never = world.gate(world.new_version(), user=stranger)

    told = [
        {
            name: value
            for name, value in gate_document(answer).items()
            if name not in ("subject", "use_case", "asked_at", "next_steps")
        }
        for answer in (unseen, unknown, never)
    ]
    assert told[0] == told[1] == told[2]
    steps = [gate_document(answer)["next_steps"] for answer in (unseen, never, unknown)]
    assert steps[0] == steps[1]
    assert json.dumps(steps[0]).replace(world.use_case.slug, "no-such-use-case") == json.dumps(steps[2])
    assert gate_document(unseen)["reason_codes"] == ["no_approval"]
    assert gate_document(unseen)["subject"]["digest"] is None


def test_a_version_that_nobody_submitted_is_told_to_be_submitted(world: World) -> None:
    document = gate_document(world.gate())

    said = f"Submit this version for {world.stage} in use case {world.use_case.slug}; check the name of the use case."
    assert [step["message"] for step in document["next_steps"]] == [said]
    assert said in as_text(document)


@pytest.mark.parametrize("state", ["nothing", "submitted", "audited", "voted", "approved"])
def test_an_answer_costs_two_queries_at_most(world: World, state: str) -> None:
    if state != "nothing":
        {"submitted": world.submit, "audited": world.audited, "voted": world.voted, "approved": world.approved}[state]()
    viewer = member(world.team, "viewer")
    world.gate(user=viewer)  # the roles come with the token

    with CaptureQueriesContext(
        connection,
    ) as asked:
        gate_document(world.gate(user=viewer))

    assert len(asked) <= 2 if state != "approved" else len(asked) == 1


def test_fault_v30_facts_that_are_not_complete_never_open_the_gate(world: World) -> None:
    submission = world.submit()
    world.attach(submission)
    assert world.gate().verdict in ("pending", "deny")

    world.run_audits()

    answer = world.gate()
    assert (answer.verdict, answer.exit_code) == ("pending", 3)
    assert {"vote.domain:pending", "vote.ethics:pending"} <= set(answer.reason_codes)


def test_all_requirements_met_and_nobody_has_decided_is_pending(world: World) -> None:
    submission = world.voted()
    assert submission.verdict == "allow"

    answer = world.gate()

    assert (answer.verdict, answer.reason_codes) == ("pending", ("review:awaiting_decision",))


@pytest.mark.parametrize("ending", ["reject", "return_for_changes", "withdraw"])
def test_a_review_that_ended_without_an_approval_denies(world: World, ending: str) -> None:
    submission = world.voted()
    by = world.submitter if ending == "withdraw" else world.approver
    getattr(reviews, ending)(submission_id=submission.pk, by=by, reason="it is not needed any more", at=world.at)

    answer = world.gate()

    submission.refresh_from_db()
    assert (answer.verdict, answer.reason_codes) == ("deny", (f"review:{submission.state}",))


def test_an_approval_expires_at_the_moment_of_asking_with_no_beat_running(world: World) -> None:
    world.at = timezone.now() - 91 * DAY
    approval = world.approved()

    answer = world.gate()

    approval.refresh_from_db()
    assert approval.ended_at is None, "nobody has touched it"
    assert (answer.verdict, answer.reason_codes) == ("deny", ("approval:expired",))


def test_evidence_goes_stale_by_age_at_the_moment_of_asking(world: World) -> None:
    approval = in_production(world, days_ago=31)

    answer = world.gate()

    assert approval.expires_at > timezone.now()
    assert answer.verdict == "deny"
    assert set(answer.reason_codes) == {"bias.pass:stale", "license.compatible:stale"}
    assert [step["target"] for step in answer.next_steps] == ["bias", "license"]


def test_fresh_evidence_opens_the_gate_again_and_carries_its_date_on(world: World) -> None:
    in_production(world, days_ago=31)

    renew(world, "bias")
    renew(world, "license")

    answer = world.gate()
    assert answer.verdict == "allow"
    assert answer.next_change_at is not None
    assert answer.next_change_at > timezone.now() + 29 * DAY


def test_the_next_change_is_the_first_date_that_evidence_goes_stale(world: World) -> None:
    approval = in_production(world, days_ago=10)

    answer = world.gate()

    assert answer.verdict == "allow"
    assert answer.next_change_at == world.at + 30 * DAY == approval.next_boundary


def test_a_failing_audit_ends_an_approval_in_force(world: World) -> None:
    approval = world.approved()
    second = world.submit(by=world.submitter)
    world.attach(second, predictions(fair=False))
    for run in Run.objects.filter(state="queued"):
        execution.execute(run_id=run.pk)

    answer = world.gate()

    approval.refresh_from_db()
    assert approval.ended_reason == EndedReason.EVIDENCE_FAILED
    assert answer.verdict == "deny"
    assert "approval:evidence_failed" in answer.reason_codes


def test_a_new_plan_closes_the_gate_until_an_audit_follows_it(world: World) -> None:
    world.approved()
    stricter = {"bias": {**PLAN["bias"], "thresholds": {"demographic_parity_ratio": 0.9}}}

    put_audit_plan(use_case_id=world.use_case.pk, document=stricter, by=world.risk_officer, at=timezone.now())

    closed = world.gate()
    assert (closed.verdict, closed.reason_codes) == ("deny", ("bias.audited:outdated",))
    renew(world)
    assert world.gate().verdict == "allow"


def test_a_plan_that_the_version_does_not_meet_ends_its_approval(world: World) -> None:
    approval = world.approved()
    impossible = {"bias": {**PLAN["bias"], "thresholds": {"demographic_parity_ratio": 0.8}, "label": "prediction"}}
    impossible["bias"]["prediction"] = "label"
    put_audit_plan(use_case_id=world.use_case.pk, document=impossible, by=world.risk_officer, at=timezone.now())
    assert world.gate().verdict == "deny"

    run = renew(world)

    approval.refresh_from_db()
    assert (approval.ended_at is None) == (run.verdict in ("pass", "warn"))


def test_a_newer_table_closes_the_gate_until_it_is_audited(world: World) -> None:
    world.approved()
    second = world.submit()

    world.attach(second, predictions(rows=6000))

    assert world.gate().reason_codes == ("bias.audited:outdated",)
    for run in Run.objects.filter(state="queued"):
        execution.execute(run_id=run.pk)
    assert world.gate().verdict == "allow"


def test_an_audit_that_could_not_be_done_closes_the_gate_and_does_not_end_the_approval(world: World) -> None:
    approval = world.approved()
    second = world.submit()
    world.attach(second, b"label,prediction,group\n1,2\n")
    for run in Run.objects.filter(state="queued"):
        execution.execute(run_id=run.pk)

    answer = world.gate()

    approval.refresh_from_db()
    assert approval.ended_at is None
    assert (answer.verdict, answer.reason_codes) == ("deny", ("bias.audited:errored",))


def test_another_licence_profile_makes_the_licence_audit_outdated(world: World) -> None:
    world.approved()
    profile = {"purpose": "commercial", "mode": "redistribute_weights"}

    change_use_case(
        use_case_id=world.use_case.pk,
        changes={"licence_profile": profile},
        edition=1,
        by=world.risk_officer,
        at=timezone.now(),
    )

    assert set(world.gate().reason_codes) == {"license.compatible:outdated", "license.known:outdated"}


def test_another_tier_ends_what_was_approved_under_the_old_one(world: World) -> None:
    approval = world.approved()

    change_use_case(
        use_case_id=world.use_case.pk,
        changes={"tier": "critical"},
        edition=1,
        by=world.risk_officer,
        at=timezone.now(),
    )

    approval.refresh_from_db()
    assert approval.ended_reason == EndedReason.TIER_CHANGED
    assert world.gate().reason_codes == ("approval:tier_changed",)


def test_a_new_name_of_a_use_case_changes_no_answer(world: World) -> None:
    world.approved()

    change_use_case(
        use_case_id=world.use_case.pk,
        changes={"name": "Second looks"},
        edition=1,
        by=world.risk_officer,
        at=timezone.now(),
    )

    assert world.gate().verdict == "allow"


def test_an_approval_that_was_ended_is_never_revived(world: World) -> None:
    approval = world.approved()
    services.end(approval_id=approval.pk, reason=EndedReason.REVOKED, by=world.approver, at=timezone.now())

    renew(world)

    answer = world.gate()
    assert (answer.verdict, answer.reason_codes) == ("deny", ("approval:revoked",))


def test_a_second_approval_replaces_the_first(world: World) -> None:
    first = world.approved()
    submission = Submission.objects.get()

    second = world.approve(world.voted()).approval

    first.refresh_from_db()
    submission.refresh_from_db()
    assert second is not None
    assert first.ended_reason == EndedReason.REPLACED
    assert world.gate().approval == second
