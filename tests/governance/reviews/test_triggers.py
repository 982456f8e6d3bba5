"""Reasons to look again at what is approved: each is listed once, counted, and closed by what answers it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from governance.catalog import use_cases
from governance.catalog.models import Edge, Relation, Version
from governance.catalog.signals import versions_stored
from governance.catalog.suspensions import services as suspensions
from governance.gates.models import Approval
from governance.ledger.models import Event
from governance.licensing.affected import Affected
from governance.licensing.signals import licences_changed
from governance.people.models import Membership, User
from governance.people.services import teams
from governance.policies import services as policies
from governance.policies.models import PolicyVersion
from governance.reviews import looking_again, services, triggers, work
from governance.reviews.errors import NotAcceptable, NotAllowed, ReviewRefused
from governance.reviews.models import Submission, Trigger
from tests.factories import EntryFactory, VersionFactory, member
from tests.governance.reviews.test_at_once import at_once
from tests.governance.reviews.test_changes import card
from tests.governance.world import CARD, PLAN, World

DAY = dt.timedelta(days=1)
WHY = "It was looked at in the morning"
Kind = Trigger.Kind


@pytest.fixture
def approval(world: World) -> Approval:
    return world.approved()


def seen(approval: Approval) -> list[tuple[str, int]]:
    """The open triggers of what is approved, with how many causes each has seen."""
    found = Trigger.objects.open().filter(entry=approval.version.entry, use_case=approval.use_case)
    return list(found.order_by("kind").values_list("kind", "count"))


def stored(approval: Approval, world: World, **other: Any) -> Version:
    """Another version of what is approved, told of as an import does."""
    before = approval.version
    made = world.new_version(entry=before.entry, **other)
    newest = {before.entry_id: (before.pk, made.pk)}
    versions_stored.send(sender=Version, newest=newest, at=world.at)
    return made


def test_another_version_is_listed_once_with_what_changed(world: World, approval: Approval) -> None:
    first = stored(approval, world, role_digests={"weights": "w2"})
    second = stored(approval, world, role_digests={"weights": "w3"})
    versions_stored.send(sender=Version, newest={approval.version.entry_id: (first.pk, second.pk)}, at=world.at + DAY)

    assert seen(approval) == [("new_version", 2)]
    made = Trigger.objects.get()
    assert made.detail["revision"] == second.revision
    assert made.detail["changes"] == ["weights"]
    assert set(made.detail["lanes"]) == {"domain", "ethics", "security", "legal", "risk", "audit"}
    assert made.dedupe_key == f"new_version:{approval.version.entry_id}:{world.use_case.pk}"
    # The old one keeps its approval, the new one has none.
    assert world.gate().verdict == "allow"
    assert world.gate(second).verdict == "deny"


def test_a_card_of_which_only_the_text_changed_is_told_apart(world: World, approval: Approval) -> None:
    prose = card(CARD + b"\nA new paragraph.\n")

    made = VersionFactory(entry=approval.version.entry, card=prose, role_digests=approval.version.role_digests)
    newest = {made.entry_id: (approval.version_id, made.pk)}
    versions_stored.send(sender=Version, newest=newest, at=world.at)

    assert seen(approval) == [("card_text", 1)]
    assert Trigger.objects.get().detail["changes"] == ["card_text"]


def test_an_entry_that_nobody_rests_on_triggers_nothing(world: World) -> None:
    submission = world.submit()
    made = world.new_version(entry=world.version.entry)

    versions_stored.send(sender=Version, newest={world.version.entry_id: (world.version.pk, made.pk)}, at=world.at)

    assert submission.state == "in_review"
    assert not Trigger.objects.exists()


def test_licences_that_say_something_else_are_listed(world: World, approval: Approval) -> None:
    other = world.new_version()

    for of in (other.entry_id, approval.version.entry_id):
        licences_changed.send(sender=Version, affected=Affected(below=[], of=[of]), at=world.at)

    assert seen(approval) == [("licence", 1)]
    assert Trigger.objects.count() == 1


def test_a_suspended_base_closes_the_gate_and_is_listed_with_what_to_do(world: World) -> None:
    base = EntryFactory()
    world_base = world.new_version(entry=base)
    Edge.objects.create(
        version=world.version, to_entry=base, to_revision=world_base.revision, relation=Relation.FINETUNE
    )
    approval = world.approved()
    officer = member(None, "risk_officer")

    suspensions.suspend(entry=base, reason="Found in the news today", by=officer, at=world.at)

    assert world.gate().verdict == "deny"
    assert seen(approval) == [("suspended", 1)]
    assert Trigger.objects.get().detail["of"] == base.repo_id


def test_another_team_s_suspension_is_none_of_this_team_s(world: World, approval: Approval) -> None:
    officer = member(None, "risk_officer")
    other = world.stranger.memberships.first()
    assert other is not None

    suspensions.suspend(
        entry=approval.version.entry, team=other.team, reason="Found in the news today", by=officer, at=world.at
    )

    assert seen(approval) == []


def test_a_policy_that_applies_from_now_on_is_listed_for_what_was_granted_without_it(
    world: World, approval: Approval
) -> None:
    text = PolicyVersion.objects.get(policy__name="high-pilot").text
    policies.publish(text=text, by=None, at=world.at)
    assert seen(approval) == [], "the same text is no other policy"

    policies.publish(text=text.replace("name: high-pilot", "name: stricter"), by=None, at=world.at)
    assert seen(approval) == [], "a worker looks, one approval after the other"
    world.rejudge()
    policies.retire(name="stricter", by=None, at=world.at)
    world.rejudge()
    policies.publish(text=text.replace("name: high-pilot", "name: stricter"), by=None, at=world.at)
    world.rejudge()

    assert seen(approval) == [("policy", 1)], "what was seen before is not new"
    assert Trigger.objects.get().detail["policies"] == ["stricter 1"]
    assert world.gate().verdict == "allow"


def test_a_use_case_that_has_changed_is_listed(world: World, approval: Approval) -> None:
    other = {**PLAN, "bias": {**PLAN["bias"], "min_group": 40}}
    use_cases.put_audit_plan(use_case_id=world.use_case.pk, document=other, by=world.risk_officer, at=world.at)

    assert seen(approval) == [("use_case", 1)]


def ending(approval: Approval, until: dt.datetime) -> Approval:
    """The approval with an audit that holds until a moment."""
    held = {"id": "bias.audited", "policy": "p", "kind": "bias", "run": 1, "severity": "fail", "code": "stale"}
    conditions = [{**held, "holds_until": until.isoformat()}]
    Approval.objects.filter(pk=approval.pk).update(conditions=conditions, next_boundary=until)
    approval.refresh_from_db()
    return approval


def test_an_audit_that_becomes_too_old_is_seen_when_near_and_when_past(world: World, approval: Approval) -> None:
    ends = approval.granted_at + 20 * DAY
    ending(approval, ends)

    found = []
    for days in (-8, -7, -6, 0, 1):
        looking_again.sweep(at=ends + days * DAY)
        looking_again.sweep(at=ends + days * DAY)
        found.append(seen(approval))

    near, past = [("audit_expiry", 1)], [("audit_expiry", 2)]
    assert found == [[], near, near, past, past]
    approval.refresh_from_db()
    assert approval.ended_at is None, "the gate asks the clock itself"


def test_fault_v16_an_approval_that_rests_on_a_removed_reviewer_is_listed_and_stays_decided(
    world: World, approval: Approval
) -> None:
    teams.revoke_role(membership=Membership.objects.get(user=world.ethics), by=None, at=world.at)

    assert seen(approval) == [("reviewer", 1)]
    assert Trigger.objects.get().detail["lane"] == "ethics"
    approval.refresh_from_db()
    assert approval.ended_at is None
    assert approval.decision.votes, "the history stays"


def test_who_keeps_the_lane_by_another_role_is_no_trigger(world: World, approval: Approval) -> None:
    Membership.objects.create(user=world.ethics, team=None, role="reviewer", lane="ethics")

    teams.revoke_role(membership=Membership.objects.get(user=world.ethics, team=world.team), by=None, at=world.at)

    assert seen(approval) == []


# --- closing ---------------------------------------------------------------------------------------------------------


def note(
    approval: Approval, kind: Trigger.Kind, cause: str = "one", *, at: dt.datetime | None = None
) -> Trigger | None:
    return triggers.see(
        kind=kind,
        entry=approval.version.entry,
        use_case=approval.use_case,
        sightings=[cause],
        detail={},
        at=approval.granted_at,
    )


def test_a_submission_answers_another_version_and_a_decision_all_the_rest(world: World, approval: Approval) -> None:
    later = stored(approval, world, role_digests={"weights": "w2"})
    note(approval, Kind.LICENCE)
    note(approval, Kind.USE_CASE)

    submission = world.audited(version=later)
    assert seen(approval) == [("licence", 1), ("use_case", 1)]
    services.reject(submission_id=submission.pk, by=world.approver, reason="it is not needed", at=world.at)

    assert seen(approval) == []
    how = dict(Trigger.objects.values_list("kind", "closed_how"))
    assert how == {"new_version": "submitted", "licence": "decided", "use_case": "decided"}


def test_being_returned_answers_nothing(world: World, approval: Approval) -> None:
    note(approval, Kind.LICENCE)
    submission = world.submit(version=world.new_version(entry=approval.version.entry))

    services.return_for_changes(submission_id=submission.pk, by=world.domain, reason="say which years", at=world.at)

    assert seen(approval) == [("licence", 1)]


def test_a_cause_that_was_closed_by_hand_does_not_come_back_but_another_does(world: World, approval: Approval) -> None:
    made = note(approval, Kind.POLICY, "one")
    assert made is not None
    triggers.close(trigger_id=made.pk, by=world.risk_officer, reason=WHY, at=world.at)

    assert note(approval, Kind.POLICY, "one") is None
    assert seen(approval) == []
    note(approval, Kind.POLICY, "two")

    assert seen(approval) == [("policy", 1)]
    closed = Trigger.objects.get(pk=made.pk)
    assert (closed.closed_by, closed.closed_reason) == (world.risk_officer, WHY)
    assert Event.objects.filter(verb="trigger.closed").count() == 1


def test_only_who_looks_after_approvals_closes_and_only_with_a_reason(world: World, approval: Approval) -> None:
    made = note(approval, Kind.POLICY)
    assert made is not None

    for person in (world.submitter, world.domain, world.stranger, member(None, "auditor")):
        with pytest.raises(NotAllowed):
            triggers.close(trigger_id=made.pk, by=person, reason=WHY, at=world.at)
    with pytest.raises(NotAcceptable, match="ten|10"):
        triggers.close(trigger_id=made.pk, by=world.approver, reason="no", at=world.at)
    triggers.close(trigger_id=made.pk, by=world.approver, reason=WHY, at=world.at)
    with pytest.raises(ReviewRefused, match="closed already"):
        triggers.close(trigger_id=made.pk, by=world.approver, reason=WHY, at=world.at)


def test_the_database_holds_one_open_trigger_of_a_key_and_keeps_what_it_is_of(world: World, approval: Approval) -> None:
    made = note(approval, Kind.POLICY)
    assert made is not None

    with pytest.raises(IntegrityError, match="trigger_one_open"), transaction.atomic():
        Trigger.objects.create(
            kind=made.kind,
            entry=made.entry,
            use_case=made.use_case,
            dedupe_key=made.dedupe_key,
            sightings=["x"],
            first_seen=world.at,
            last_seen=world.at,
        )
    with pytest.raises(IntegrityError, match="only .* may change"), transaction.atomic():
        Trigger.objects.filter(pk=made.pk).update(kind=Kind.LICENCE)
    with pytest.raises(IntegrityError, match="trigger_closed_by_something"), transaction.atomic():
        Trigger.objects.filter(pk=made.pk).update(closed_at=world.at, closed_how="by_hand")


@pytest.mark.django_db(transaction=True)
def test_what_is_seen_by_many_at_once_is_one_trigger_with_every_cause(transactional_db: None) -> None:
    world = World()
    entry = world.version.entry

    def look(cause: str) -> Trigger | None:
        return triggers.see(
            kind=Kind.LICENCE, entry=entry, use_case=world.use_case, sightings=[cause], detail={}, at=world.at
        )

    outcomes = at_once(*[lambda cause=cause: look(cause) for cause in ("a", "b", "a", "b", "c")])

    assert not [one for one in outcomes if isinstance(one, Exception)], outcomes
    made = Trigger.objects.get()
    assert (made.count, sorted(made.sightings)) == (3, ["a", "b", "c"])


# --- the list --------------------------------------------------------------------------------------------------------


def shown(user: User) -> str:
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser.get(reverse("portal:inbox") + "?show=again").content.decode()


def test_approvers_and_risk_officers_have_the_list_and_others_do_not(world: World, approval: Approval) -> None:
    note(approval, Kind.LICENCE)
    elsewhere = member(world.stranger.memberships.get(role="approver").team, "approver")

    for person in (world.approver, world.risk_officer, member(None, "approver")):
        page = shown(person)
        assert "To look at again" in page
        assert approval.version.entry.repo_id in page
        assert "What licences say has changed" in page
        assert "To do:" in page
    assert "To look at again" not in shown(world.domain)
    assert approval.version.entry.repo_id not in shown(elsewhere)
    assert not work.to_look_at_again(elsewhere).exists()


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_says_what_to_do(world: World, approval: Approval, kind: Trigger.Kind) -> None:
    note(approval, kind)

    page = shown(world.approver)

    assert str(kind.label) in page.replace("&#x27;", "'")
    assert "<b>To do:</b> </div>" not in page


def test_a_trigger_is_closed_on_its_page_and_strangers_find_none(world: World, approval: Approval) -> None:
    made = note(approval, Kind.LICENCE)
    assert made is not None
    address = reverse("reviews:trigger-close", args=[made.pk])

    answers = []
    for person, reason in ((world.stranger, WHY), (world.domain, WHY), (world.approver, "no"), (world.approver, WHY)):
        browser = Client()
        browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        answers.append(browser.post(address, {"reason": reason}).status_code)
        assert (Trigger.objects.get().closed_at is None) == (len(answers) < 4)

    assert answers == [404, 302, 302, 302]
    assert Submission.objects.count() == 1


def test_an_audit_that_holds_again_leaves_nothing_to_do(world: World, approval: Approval) -> None:
    ends = approval.granted_at + 20 * DAY
    ending(approval, ends)
    looking_again.sweep(at=ends - DAY)
    assert seen(approval) == [("audit_expiry", 1)]
    ending(approval, ends + 10 * DAY)

    looking_again.sweep(at=ends - DAY)

    assert seen(approval) == []
    assert Trigger.objects.get().closed_how == "renewed"
