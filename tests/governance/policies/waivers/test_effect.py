"""What a waiver opens, for how long, and what closes it again: evaluation, approvals, gate."""

from __future__ import annotations

import datetime as dt
import io
import json

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audits import execution
from audits.models import Finding, Run
from governance.evidence import services as evidence
from governance.evidence.queries import standings
from governance.gates.documents import as_text, gate_document
from governance.gates.models import Approval
from governance.policies import facts
from governance.policies.models import Waiver
from governance.policies.waivers import queries, services
from governance.reviews import services as reviews
from governance.reviews.deciding import RequirementsOpen
from governance.reviews.models import Submission
from tests.factories import UseCaseFactory, member
from tests.governance.catalog.clients import get
from tests.governance.policies.waivers.waiving import (
    CONTROL,
    DAY,
    REQUIREMENT,
    accepted,
    failing,
    proposed,
    revoked,
)
from tests.governance.world import World, predictions

SECOND = dt.timedelta(seconds=1)


def approved_on_a_waiver(world: World, *, ends: dt.timedelta = 30 * DAY) -> Approval:
    """An approval in force although the bias audit fails."""
    submission = failing(world)
    accepted(world, expires_at=world.at + ends)
    submission.refresh_from_db()
    decision = world.approve(submission)
    assert decision.approval is not None
    return decision.approval


def asked_by_command(world: World) -> tuple[int, dict[str, object]]:
    printed = io.StringIO()
    subject = f"{world.version.entry.repo_id}@{world.version.revision}"
    where = ["--use-case", world.use_case.slug, "--stage", world.stage]
    try:
        call_command("gate", subject, *where, "--format", "json", stdout=printed, stderr=io.StringIO())
    except SystemExit as left:
        return int(str(left.code)), json.loads(printed.getvalue())
    return 0, json.loads(printed.getvalue())


# The submission


@pytest.mark.parametrize("state", ["nothing", "proposed", "rejected", "active", "revoked"])
def test_only_a_waiver_in_force_opens_and_open_submissions_follow_at_once(world: World, state: str) -> None:
    submission = failing(world)
    if state != "nothing":
        waiver = proposed(world)
        if state == "rejected":
            services.reject(waiver_id=waiver.pk, reason="Not with this control.", by=world.risk_officer, at=world.at)
        if state in ("active", "revoked"):
            accepted(world, waiver)
        if state == "revoked":
            revoked(world, waiver)

    submission.refresh_from_db()

    opens = state == "active"
    assert submission.verdict == ("warn" if opens else "deny")
    assert submission.evaluation["reason_codes"] == [f"{REQUIREMENT}:{'waived' if opens else 'unsatisfied'}"]
    assert len(submission.facts["waivers"]) == int(opens)


def test_the_facts_name_what_is_waived_and_by_what_it_is_replaced(world: World) -> None:
    failing(world)
    waiver = accepted(world)

    known = facts.facts(version=world.version, use_case=world.use_case, stage=world.stage, kinds=["bias"], at=world.at)

    assert known["waivers"] == [
        {
            "id": waiver.pk,
            "requirement": REQUIREMENT,
            "policy": "high-pilot",
            "findings": [],
            "until": waiver.expires_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "compensating_control": CONTROL,
        }
    ]
    assert "failing" not in known["audits"][0]


def test_a_waiver_of_findings_holds_until_another_one_is_found(world: World) -> None:
    submission = failing(world)
    found = Finding.objects.filter(run__kind="bias", severity__in=queries.FAILING)
    assert found.exists()
    accepted(world, findings=sorted(set(found.values_list("fingerprint", flat=True))))
    submission.refresh_from_db()
    assert submission.verdict == "warn"

    run = Run.objects.get(kind="bias")
    Finding.objects.create(run=run, code="bias.other", severity="high", fingerprint="f" * 64)
    reviews.reevaluate(submission_id=submission.pk, at=world.at)

    submission.refresh_from_db()
    assert (submission.verdict, submission.evaluation["reason_codes"]) == ("deny", [f"{REQUIREMENT}:unsatisfied"])


def test_fault_v15_a_waiver_reaches_no_other_requirement_version_use_case_or_stage(world: World) -> None:
    failing(world)
    accepted(world)
    sha1, here = world.version, world.use_case
    sha2 = world.new_version(entry=sha1.entry)
    elsewhere = UseCaseFactory(owner_team=world.team, tier="high")

    def waived(**scope: object) -> list[str]:
        where = {"version": sha1, "use_case": here, "stage": "pilot"} | scope
        return [row["requirement"] for row in queries.in_facts(**where, at=world.at)]  # type: ignore[arg-type]

    assert waived() == [REQUIREMENT]
    assert waived(version=sha2) == waived(use_case=elsewhere) == waived(stage="production") == []
    submission = world.submit(version=sha2)
    world.attach(submission, predictions(fair=False))
    world.run_audits()
    submission.refresh_from_db()
    assert f"{REQUIREMENT}:unsatisfied" in submission.evaluation["reason_codes"]
    assert world.gate(sha2).verdict == "deny"


def test_fault_v15_what_was_accepted_for_one_tier_is_not_for_another(world: World) -> None:
    accepted(world)
    world.use_case.tier = "critical"

    assert queries.in_facts(version=world.version, use_case=world.use_case, stage="pilot", at=world.at) == []


# The approval and the gate


def test_an_approval_on_a_waiver_opens_with_a_warning_that_says_who_answers_for_it(world: World) -> None:
    approval = approved_on_a_waiver(world)

    answer = world.gate()

    document = gate_document(answer)
    waiver = Waiver.objects.get()
    assert (answer.verdict, answer.exit_code, answer.reason_codes) == ("warn", 0, (f"{REQUIREMENT}:waived",))
    assert approval.verdict == "warn"
    assert answer.next_change_at == approval.next_boundary == waiver.expires_at
    [told] = [row for row in document["requirements"] if row["waiver"]]
    assert (told["id"], told["status"]) == (REQUIREMENT, "waived")
    assert "The bias audit says fail" in told["message"]
    assert told["waiver"] == {
        "id": waiver.pk,
        "expires_at": waiver.expires_at.isoformat().replace("+00:00", "Z"),
        "by": world.risk_officer.name,
        "compensating_control": CONTROL,
        "url": told["waiver"]["url"],
    }
    assert told["waiver"]["url"].endswith(f"/waivers/{waiver.pk}/")
    assert f"Waived by {world.risk_officer.name} until" in as_text(document)


@pytest.mark.parametrize("state", ["in review", "approved", "ended"])
def test_an_answer_with_a_waiver_costs_two_queries(world: World, state: str) -> None:
    """At most, beyond the token's: one decides, one tells who answers for it and how long the next step takes."""
    if state == "in review":
        failing(world)
        accepted(world)
    else:
        approved_on_a_waiver(world)
    if state == "ended":
        Approval.objects.update(ended_at=world.at + SECOND, ended_reason="revoked")
    viewer = member(world.team, "viewer")
    world.gate(user=viewer)  # the roles come with the token

    with CaptureQueriesContext(connection) as asked:
        document = gate_document(world.gate(user=viewer))

    on_record = [one for one in document["next_steps"] if one["usually"]["reason"] != "not_recorded"]
    assert len(on_record) == (state == "in review"), "an approver has to decide, which was done before"
    assert len(asked) == 2
    [told] = [row for row in document["requirements"] if row["waiver"]]
    assert told["waiver"]["by"] == world.risk_officer.name


def test_fault_v10_a_waiver_that_ended_a_second_ago_opens_nothing_on_any_path(world: World) -> None:
    """It was accepted thirty days ago; nothing ran since, no beat and no worker."""
    world.at = timezone.now() - 30 * DAY - SECOND
    approval = approved_on_a_waiver(world)
    conditions = approval.conditions

    answer, (code, printed) = world.gate(), asked_by_command(world)
    listed = get(world.risk_officer, "waivers/").data["items"]

    approval.refresh_from_db()
    assert (approval.ended_at, approval.conditions) == (None, conditions), "nobody has touched it"
    assert Waiver.objects.get().state == "active", "expired is never stored"
    assert (answer.verdict, answer.reason_codes) == ("deny", (f"{REQUIREMENT}:waiver_ended",))
    assert (code, printed["verdict"], printed["reason_codes"]) == (1, "deny", [f"{REQUIREMENT}:waiver_ended"])
    assert [waiver["state"] for waiver in listed] == ["expired"]
    [step] = answer.next_steps
    assert (step["action"], step["requirements"]) == ("ask_waiver", [REQUIREMENT])
    again = world.submit(at=timezone.now())
    assert f"{REQUIREMENT}:unsatisfied" in again.evaluation["reason_codes"]


def test_fault_v10_a_waiver_that_ends_in_a_second_still_opens(world: World) -> None:
    world.at = timezone.now() - 30 * DAY + dt.timedelta(minutes=5)
    approved_on_a_waiver(world)

    assert world.gate().verdict == "warn"
    assert get(world.risk_officer, "waivers/").data["items"][0]["state"] == "active"


def test_fault_v10_a_review_whose_waiver_has_ended_is_told_so_and_is_not_approved(world: World) -> None:
    world.at = timezone.now() - 30 * DAY - SECOND
    submission = failing(world)
    accepted(world)
    submission.refresh_from_db()
    assert submission.verdict == "warn", "as it was evaluated then"

    answer = world.gate()

    assert (answer.verdict, answer.reason_codes) == ("deny", (f"{REQUIREMENT}:waiver_ended",))
    shown = get(world.risk_officer, f"submissions/{submission.pk}/").data
    assert (shown["verdict"], shown["reason_codes"]) == ("deny", [f"{REQUIREMENT}:waiver_ended"])
    with pytest.raises(RequirementsOpen):
        reviews.approve(submission_id=submission.pk, approver=world.approver, at=timezone.now())
    assert not Approval.objects.exists()


def test_fault_v33_the_etag_changes_by_the_waiver_s_end_alone(world: World) -> None:
    world.at = timezone.now() - 30 * DAY + dt.timedelta(minutes=5)
    approval = approved_on_a_waiver(world)
    open_ = world.gate().etag
    assert world.gate().etag == open_

    # the clock is moved by moving the boundary
    lapsed = [{**c, "holds_until": (timezone.now() - SECOND).isoformat()} for c in approval.conditions]
    Approval.objects.filter(pk=approval.pk).update(conditions=lapsed)

    assert world.gate().etag != open_


def test_revoking_a_waiver_closes_the_gate_in_the_same_transaction(world: World) -> None:
    approval = approved_on_a_waiver(world)

    revoked(world, Waiver.objects.get(), at=timezone.now())

    answer = world.gate()
    approval.refresh_from_db()
    assert approval.ended_at is None
    assert (answer.verdict, answer.reason_codes) == ("deny", (f"{REQUIREMENT}:waiver_revoked",))
    assert "the waiver was revoked" in as_text(gate_document(answer))


def test_revoking_closes_although_another_audit_is_on_its_way(world: World) -> None:
    approved_on_a_waiver(world)
    [standing] = standings(version=world.version, use_case=world.use_case, kinds=["bias"])
    evidence.request(
        kind="bias",
        version=world.version,
        use_case=world.use_case,
        renews=standing.run,
        by=world.submitter,
        at=timezone.now(),
    )
    assert world.gate().verdict == "warn"

    revoked(world, Waiver.objects.get(), at=timezone.now())

    assert world.gate().verdict == "deny"


def test_revoking_one_of_two_waivers_leaves_the_other(world: World) -> None:
    approved_on_a_waiver(world)
    first = Waiver.objects.get()
    second = accepted(world, expires_at=world.at + 20 * DAY)

    revoked(world, first, at=timezone.now())

    answer = world.gate()
    assert (answer.verdict, answer.next_change_at) == ("warn", second.expires_at)


def test_fault_v13_an_extension_opens_again_only_once_it_is_accepted_and_to_its_own_end(world: World) -> None:
    world.at = timezone.now() - 31 * DAY
    approved_on_a_waiver(world)
    first = Waiver.objects.get()
    assert world.gate().verdict == "deny"
    world.at = timezone.now()
    end = world.at + 12 * DAY + SECOND

    second = proposed(world, extends=first, expires_at=end)

    assert world.gate().verdict == "deny", "a proposal does nothing"
    accepted(world, second)
    answer = world.gate()
    assert (answer.verdict, answer.next_change_at) == ("warn", end)


def test_an_audit_that_passes_makes_the_waiver_needless_and_its_end_harmless(world: World) -> None:
    approved_on_a_waiver(world)
    second = world.submit()
    world.attach(second, predictions())
    for run in Run.objects.filter(state="queued"):
        execution.execute(run_id=run.pk)

    approval = Approval.objects.get(ended_at=None)
    assert all("waiver" not in condition for condition in approval.conditions)
    revoked(world, Waiver.objects.get(), at=timezone.now())

    assert world.gate().verdict == "warn", "as it was decided: what was waived then stays named"


def test_a_failure_that_is_waived_does_not_end_an_approval_and_is_never_a_plain_allow(world: World) -> None:
    """The approval was granted on a passing audit; a later one fails, and somebody answers for it before it ends."""
    approval = world.approved()
    assert world.gate().verdict == "allow"
    waiver = accepted(world, expires_at=timezone.now() + 9 * DAY)
    second = world.submit()
    world.attach(second, predictions(fair=False))
    for run in Run.objects.filter(state="queued"):
        execution.execute(run_id=run.pk)

    answer = world.gate()

    approval.refresh_from_db()
    assert (approval.ended_at, approval.verdict) == (None, "allow")
    assert (answer.verdict, answer.reason_codes) == ("warn", (f"{REQUIREMENT}:waived",))
    assert answer.next_change_at == waiver.expires_at
    [told] = [row for row in gate_document(answer)["requirements"] if row["waiver"]]
    assert told["waiver"]["id"] == waiver.pk


def test_a_waiver_opens_an_approval_whose_evidence_had_gone_stale(world: World) -> None:
    world.at, world.stage = timezone.now() - 31 * DAY, "production"
    world.ask_for_bias_alone(at=world.at)
    world.approved()
    assert set(world.gate().reason_codes) == {"bias.pass:stale", "license.compatible:stale"}
    world.at = timezone.now()

    for requirement in ("bias.pass", "license.compatible"):
        waiver = proposed(world, policy="high-production", requirement=requirement, expires_at=world.at + 5 * DAY)
        accepted(world, waiver)

    answer = world.gate()
    assert (answer.verdict, answer.next_change_at) == ("warn", world.at + 5 * DAY)
    assert set(answer.reason_codes) == {"bias.pass:waived", "license.compatible:waived"}


def test_a_failure_without_a_waiver_still_ends_an_approval_in_force(world: World) -> None:
    approval = world.approved()
    other = accepted(world, requirement="license.known")
    second = world.submit()
    world.attach(second, predictions(fair=False))
    for run in Run.objects.filter(state="queued"):
        execution.execute(run_id=run.pk)

    approval.refresh_from_db()
    assert other.state == "active"
    assert approval.ended_reason == "evidence_failed"


def test_a_decision_on_a_waiver_can_be_done_again_from_what_it_keeps(world: World) -> None:
    from governance.policies import queries as policies
    from governance.policies.evaluation import VoteFact, evaluate

    submission = failing(world)
    accepted(world)
    decision = world.approve(Submission.objects.get(pk=submission.pk))

    again = evaluate(
        policies=policies.pinned([policy["sha256"] for policy in decision.evaluation["policies"]]),
        facts=decision.facts,
        votes=[
            VoteFact(lane=v["lane"], value=v["value"], voter=v["voter"], round=v["round"], number=v["number"])
            for v in decision.votes
        ],
        at=decision.decided_at,
        current_round=decision.round,
    )

    assert again.as_json() == decision.evaluation
    assert decision.verdict == "warn"
