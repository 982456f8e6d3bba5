"""Asking for a waiver and answering it: who may, until when, what is recorded."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from audits.models import Finding
from governance.catalog.use_cases import change_use_case
from governance.ledger.models import Event
from governance.notifications.models import Outbox
from governance.people.models import Membership
from governance.policies.models import Waiver
from governance.policies.services import publish
from governance.policies.waivers import services
from governance.policies.waivers.errors import BadEnd, NotAcceptable, NotAllowed, Stale, WaiverRefused
from governance.reviews import services as reviews
from tests.factories import member
from tests.governance.policies.waivers.waiving import CONTROL, DAY, REASON, accepted, failing, proposed, revoked
from tests.governance.world import World, predictions


def refused_at(world: World, refusal: type[WaiverRefused], **fields: Any) -> str:
    """The code with which a proposal is refused; nothing of it is kept but the refusal."""
    with pytest.raises(refusal) as caught:
        proposed(world, **fields)
    assert not Waiver.objects.exists()
    trace = Event.objects.get(verb="waiver.propose.refused")
    assert trace.detail == {"code": caught.value.code}
    return caught.value.code


def test_a_proposal_is_recorded_and_told_to_who_can_accept_it(world: World) -> None:
    second = member(world.team, "risk_officer")
    elsewhere = member(None, "risk_officer")

    waiver = proposed(world)

    waiver.refresh_from_db()
    assert (waiver.state, waiver.tier, waiver.severity, waiver.role) == ("proposed", "high", "fail", "risk_officer")
    assert (waiver.title, waiver.kind) == ("A bias audit was made and did not fail", "bias")
    event = Event.objects.get(verb="waiver.proposed")
    assert (event.object_kind, event.object_ref, event.subject_digest) == (
        "waiver",
        str(waiver.pk),
        world.version.digest,
    )
    assert REASON not in str(event.detail)
    told = Outbox.objects.get(topic="waiver.proposed").payload
    assert told["waiver"] == waiver.pk
    assert told["to"] == sorted([world.risk_officer.pk, second.pk, elsewhere.pk])


def test_a_second_person_accepts_it(world: World) -> None:
    waiver = accepted(world)

    waiver.refresh_from_db()
    assert (waiver.state, waiver.decided_by, waiver.decided_at) == ("active", world.risk_officer, world.at)
    assert Event.objects.filter(verb="waiver.approved").count() == 1
    assert Outbox.objects.get(topic="waiver.approved").payload["to"] == [world.submitter.pk]


def test_it_is_rejected_with_a_reason_and_revoked_with_one(world: World) -> None:
    no = proposed(world)
    with pytest.raises(NotAcceptable) as silent:
        services.reject(waiver_id=no.pk, reason="no", by=world.risk_officer, at=world.at)
    services.reject(waiver_id=no.pk, reason="The control is too weak.", by=world.risk_officer, at=world.at)
    yes = accepted(world)
    with pytest.raises(NotAcceptable):
        services.revoke(waiver_id=yes.pk, reason="", by=world.risk_officer, at=world.at)

    revoked(world, yes)

    assert silent.value.code == "reason_required"
    assert list(Waiver.objects.order_by("pk").values_list("state", flat=True)) == ["rejected", "revoked"]
    assert [Event.objects.filter(verb=f"waiver.{verb}").count() for verb in ("rejected", "revoked")] == [1, 1]


@pytest.mark.parametrize("step", ["approve", "reject", "revoke"])
@pytest.mark.parametrize("state", ["proposed", "active", "rejected", "revoked", "expired"])
def test_a_waiver_takes_no_step_that_its_state_does_not_have(world: World, state: str, step: str) -> None:
    waiver = proposed(world)
    if state in ("active", "revoked"):
        accepted(world, waiver)
    if state == "revoked":
        revoked(world, waiver)
    if state == "rejected":
        services.reject(waiver_id=waiver.pk, reason="Not with this control.", by=world.risk_officer, at=world.at)
    at = world.at + 40 * DAY if state == "expired" else world.at

    def take() -> Waiver:
        act = getattr(services, step)
        taken: Waiver = act(waiver_id=waiver.pk, reason="Because it has to be.", by=world.risk_officer, at=at)
        return taken

    if (state, step) in (("proposed", "approve"), ("proposed", "reject"), ("active", "revoke")):
        assert take().state in ("active", "rejected", "revoked")
        return
    before = Waiver.objects.values().get(pk=waiver.pk)
    with pytest.raises(WaiverRefused) as caught:
        take()
    assert (caught.value.status, caught.value.code) in ((409, "invalid_transition"), (409, "expired"))
    assert Waiver.objects.values().get(pk=waiver.pk) == before
    assert Event.objects.filter(verb=f"waiver.{step}.refused", detail__code=caught.value.code).count() == 1


# V11: the end


@pytest.mark.parametrize(
    ("tier", "policy", "days"),
    [
        ("critical", "critical-pilot", 30),
        ("high", "high-pilot", 90),
        ("limited", "limited-pilot", 180),
        ("minimal", "minimal-pilot", 180),
    ],
)
def test_fault_v11_a_waiver_ends_within_the_maximum_of_its_tier(
    db: None, settings: Any, tier: str, policy: str, days: int
) -> None:
    world = World(tier=tier)
    of = {"policy": policy, "requirement": "license.known"}

    with pytest.raises(BadEnd) as without:
        proposed(world, expires_at=None, **of)
    with pytest.raises(BadEnd) as late:
        proposed(world, expires_at=world.at + days * DAY + dt.timedelta(microseconds=1), **of)
    made = proposed(world, expires_at=world.at + days * DAY, **of)

    assert (without.value.status, without.value.code) == (400, "expiry_required")
    assert (late.value.status, late.value.code) == (400, "expiry_too_long")
    assert f"at most {days} days" in str(late.value)
    assert Waiver.objects.get().expires_at == made.expires_at == world.at + days * DAY


def test_fault_v11_a_requirement_may_ask_for_less_than_the_tier(world: World) -> None:
    publish(text=STRICTER, by=None, at=world.at)
    of = {"policy": "stricter", "requirement": "card.fine"}

    assert refused_at(world, BadEnd, expires_at=world.at + 15 * DAY, **of) == "expiry_too_long"
    assert proposed(world, expires_at=world.at + 14 * DAY, **of).role == "approver"


STRICTER = """\
apiVersion: assay/v1
kind: Policy
metadata: {name: stricter, title: What one team asks beyond}
appliesTo: {stages: [pilot], tiers: [high], kinds: [model]}
requirements:
  - {id: card.fine, kind: card, verdicts: [pass], waivable: {maxDays: 14, by: [approver]}}
  - {id: card.there, kind: card, verdicts: [pass, warn], waivable: false}
  - {id: card.nice, kind: card, verdicts: [pass], severity: info}
validDays: 90
"""


@pytest.mark.parametrize("ago", [dt.timedelta(0), dt.timedelta(days=1)])
def test_an_end_that_has_passed_is_refused(world: World, ago: dt.timedelta) -> None:
    assert refused_at(world, BadEnd, expires_at=world.at - ago) == "expiry_passed"


# What can be waived


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"policy": "high-production"}, "unknown_requirement"),
        ({"policy": "nobody's"}, "unknown_requirement"),
        ({"requirement": "bias.pass"}, "unknown_requirement"),
        ({"stage": "production"}, "unknown_requirement"),
        ({"policy": "stricter", "requirement": "card.there"}, "not_waivable"),
        ({"policy": "stricter", "requirement": "card.nice"}, "not_waivable"),
        ({"reason": "why not"}, "reason_required"),
        ({"compensating_control": " none     "}, "control_required"),
        ({"findings": ["0" * 64]}, "unknown_finding"),
    ],
)
def test_only_what_is_asked_for_and_may_be_waived_can_be(world: World, fields: dict[str, Any], code: str) -> None:
    publish(text=STRICTER, by=None, at=world.at)

    assert refused_at(world, NotAcceptable, **fields) == code


def test_who_only_reads_cannot_ask(world: World) -> None:
    for person in (member(world.team, "viewer"), member(world.team, "auditor"), world.stranger):
        with pytest.raises(NotAllowed) as caught:
            proposed(world, by=person)
        assert caught.value.code == "not_an_asker"
    assert not Waiver.objects.exists()
    for person in (world.domain, world.approver, world.risk_officer):
        made = proposed(world, by=person)
        services.reject(waiver_id=made.pk, reason="Taken back by whoever asked.", by=person, at=world.at)


def test_the_same_is_asked_for_once_at_a_time(world: World) -> None:
    first = proposed(world)

    with pytest.raises(WaiverRefused) as twice:
        proposed(world, by=world.domain)

    assert twice.value.code == "already_proposed"
    assert str(first.pk) in str(twice.value)
    world.at += 31 * DAY  # nobody has answered, and its end has passed
    assert proposed(world).pk != first.pk


def test_findings_are_those_that_an_audit_of_the_version_made(world: World) -> None:
    failing(world)
    found = sorted(set(Finding.objects.values_list("fingerprint", flat=True)))

    waiver = proposed(world, findings=[*found, found[0]])

    assert waiver.findings == found


# V14: four eyes


def test_fault_v14_nobody_accepts_a_waiver_that_they_asked_for(world: World) -> None:
    Membership.objects.create(user=world.submitter, team=world.team, role="risk_officer")
    own = proposed(world)
    officers = proposed(world, by=world.risk_officer, requirement="license.known")

    for waiver, person in ((own, world.submitter), (officers, world.risk_officer)):
        with pytest.raises(NotAllowed) as caught:
            accepted(world, waiver, by=person)
        assert (caught.value.status, caught.value.code) == (403, "self_waiver")
        waiver.refresh_from_db()
        assert waiver.state == "proposed"
    assert Event.objects.filter(verb="waiver.approve.refused", detail__code="self_waiver").count() == 2


@pytest.mark.parametrize("deed", ["submitted", "brought the table", "imported the version"])
def test_fault_v14_nobody_accepts_a_waiver_of_what_they_submitted_or_made(world: World, deed: str) -> None:
    maker = member(world.team, "submitter", "risk_officer")
    if deed == "imported the version":
        world.version = world.new_version(imported_by=maker)
    submission = world.submit(by=maker if deed == "submitted" else world.submitter)
    if deed == "brought the table":
        world.attach(submission, predictions(fair=False), by=maker)
    waiver = proposed(world, by=world.domain)

    with pytest.raises(NotAllowed) as caught:
        accepted(world, waiver, by=maker)

    assert caught.value.code == "self_waiver"
    assert maker.pk not in Outbox.objects.get(topic="waiver.proposed").payload["to"]
    assert accepted(world, waiver).state == "active"


@pytest.mark.parametrize("step", ["approve", "reject", "revoke"])
def test_fault_v14_whoever_lacks_the_role_that_the_policy_asks_for_is_refused(world: World, step: str) -> None:
    waiver = proposed(world)
    if step == "revoke":
        accepted(world, waiver)
    people = [world.approver, world.domain, member(world.team, "admin"), world.stranger]
    people += [member(None, "admin", is_superuser=True), member(None, "auditor")]

    for person in people:
        with pytest.raises(NotAllowed) as caught:
            getattr(services, step)(waiver_id=waiver.pk, reason="Because it has to be.", by=person, at=world.at)
        assert (caught.value.status, caught.value.code) == (403, "not_a_risk_officer")


def test_fault_v14_a_role_that_was_taken_away_accepts_nothing(world: World) -> None:
    waiver = proposed(world)
    officer = member(world.team, "risk_officer")
    assert officer.memberships.get().role == "risk_officer"
    officer.memberships.all().delete()

    with pytest.raises(NotAllowed):
        accepted(world, waiver, by=officer)


def test_the_role_that_the_requirement_names_accepts_and_no_other(world: World) -> None:
    publish(text=STRICTER, by=None, at=world.at)
    waiver = proposed(world, policy="stricter", requirement="card.fine", expires_at=world.at + DAY)

    with pytest.raises(NotAllowed) as caught:
        accepted(world, waiver)
    accepted(world, waiver, by=world.approver)

    assert caught.value.code == "not_an_approver"
    # to close, a risk officer needs no leave
    assert revoked(world, waiver).state == "revoked"


def test_what_may_not_be_waived_any_more_is_not_accepted(world: World) -> None:
    publish(text=STRICTER, by=None, at=world.at)
    waiver = proposed(world, policy="stricter", requirement="card.fine", expires_at=world.at + DAY)
    never = STRICTER.replace("{maxDays: 14, by: [approver]}", "false")
    publish(text=never, by=None, at=world.at)

    with pytest.raises(NotAcceptable) as caught:
        accepted(world, waiver, by=world.approver)

    assert caught.value.code == "not_waivable"


def test_another_tier_needs_another_waiver(world: World) -> None:
    waiver = proposed(world)
    change_use_case(
        use_case_id=world.use_case.pk, changes={"tier": "critical"}, edition=1, by=world.risk_officer, at=world.at
    )

    with pytest.raises(WaiverRefused) as caught:
        accepted(world, waiver)

    assert caught.value.code == "tier_changed"


# V12, V13: wording anew, extending


def test_fault_v12_what_is_not_sent_stays_as_it_was(world: World) -> None:
    failing(world)
    found = sorted(set(Finding.objects.values_list("fingerprint", flat=True)))
    waiver = proposed(world, findings=found)

    services.change(
        waiver_id=waiver.pk, changes={"reason": "Another reason, better worded."}, by=world.submitter, at=world.at
    )

    waiver.refresh_from_db()
    assert (waiver.findings, waiver.compensating_control) == (found, CONTROL)
    assert (waiver.reason, waiver.edition) == ("Another reason, better worded.", 2)
    assert waiver.expires_at == world.at + 30 * DAY


def test_only_who_asked_words_it_anew_and_only_before_the_answer(world: World) -> None:
    waiver = proposed(world)
    new = {"reason": "Another reason, better worded."}
    with pytest.raises(NotAllowed) as other:
        services.change(waiver_id=waiver.pk, changes=new, by=world.risk_officer, at=world.at)
    with pytest.raises(Stale):
        services.change(waiver_id=waiver.pk, changes=new, edition=7, by=world.submitter, at=world.at)
    accepted(world, waiver)

    with pytest.raises(WaiverRefused) as late:
        services.change(waiver_id=waiver.pk, changes=new, by=world.submitter, at=world.at)

    assert (other.value.code, late.value.code) == ("not_the_requester", "invalid_transition")


def test_wording_it_anew_does_not_lengthen_it_beyond_the_maximum(world: World) -> None:
    waiver = proposed(world)

    for at, end in ((world.at, world.at + 91 * DAY), (world.at + 20 * DAY, world.at + 100 * DAY)):
        with pytest.raises(BadEnd) as caught:
            services.change(waiver_id=waiver.pk, changes={"expires_at": end}, by=world.submitter, at=at)
        assert caught.value.code == "expiry_too_long"
    with pytest.raises(BadEnd) as without:
        services.change(waiver_id=waiver.pk, changes={"expires_at": None}, by=world.submitter, at=world.at)
    assert without.value.code == "expiry_required"


def test_whoever_accepts_accepts_what_they_saw(world: World) -> None:
    waiver = proposed(world)
    services.change(
        waiver_id=waiver.pk,
        changes={"compensating_control": "Nothing at all, really."},
        by=world.submitter,
        at=world.at,
    )

    with pytest.raises(Stale):
        services.approve(waiver_id=waiver.pk, edition=1, by=world.risk_officer, at=world.at)

    waiver.refresh_from_db()
    assert waiver.state == "proposed"


def test_fault_v13_an_extension_is_accepted_anew_and_ends_on_the_day_it_names(world: World) -> None:
    world.at -= 40 * DAY
    first = accepted(world)
    world.at += 40 * DAY
    end = world.at + dt.timedelta(days=17, hours=3, minutes=5, seconds=7, microseconds=11)

    second = proposed(world, extends=first, expires_at=end)

    assert (second.state, second.extends, second.expires_at) == ("proposed", first, end)
    first.refresh_from_db()
    assert first.expires_at < world.at, "the earlier one has its own end"
    assert accepted(world, second).expires_at == end
    assert Waiver.objects.get(pk=second.pk).expires_at == end


def test_a_decided_submission_is_left_as_it_was_decided(world: World) -> None:
    submission = failing(world)
    reviews.reject(submission_id=submission.pk, by=world.approver, reason="Not with these groups.", at=world.at)
    before = (submission.state, submission.verdict)
    submission.refresh_from_db()
    before = (submission.state, submission.verdict)

    accepted(world)

    submission.refresh_from_db()
    assert (submission.state, submission.verdict) == before == ("rejected", "deny")
