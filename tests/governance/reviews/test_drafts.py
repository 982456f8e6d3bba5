"""A submission while it is prepared: its team's alone, judged by nothing, and never at the gate."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from rest_framework.test import APIClient

from audits.locks import hold_subject
from audits.models import Run
from governance.catalog.models import UseCase
from governance.gates.models import ReviewStanding
from governance.ledger.models import Event
from governance.notifications.models import Outbox
from governance.people.models import Membership, User
from governance.reviews import drafting, services
from governance.reviews.errors import ReviewRefused
from governance.reviews.models import Submission
from tests.factories import UseCaseFactory, member
from tests.governance.catalog.clients import API, READ
from tests.governance.catalog.clients import client as with_scopes
from tests.governance.reviews.browsing import page, signed_in
from tests.governance.world import World

NOTE = "It replaces the rules of 2019"


def drafted(world: World, **fields: Any) -> Submission:
    given = {"version": world.version, "use_case": world.use_case, "stage": world.stage, "by": world.submitter}
    return drafting.save(**{**given, "note": NOTE, "at": world.at, **fields})


def client(user: User) -> APIClient:
    return with_scopes(user, READ, "reviews:write", "audits:run")


def keyed(edition: object, key: str) -> dict[str, str]:
    return {"If-Match": f'"{edition}"', "Idempotency-Key": key}


def test_a_draft_starts_nothing_tells_nobody_and_is_unknown_to_the_gate(world: World) -> None:
    before = world.gate()
    runs, told = Run.objects.count(), Outbox.objects.count()

    draft = drafted(world)
    found = drafting.preview(draft, at=world.at)

    assert (draft.state, draft.edition, draft.verdict, draft.due_at) == ("draft", 1, "", None)
    assert (world.gate().verdict, world.gate().reason_codes, world.gate().etag) == (
        "deny",
        ("no_approval",),
        before.etag,
    )
    assert (Run.objects.count(), Outbox.objects.count(), ReviewStanding.objects.count()) == (runs, told, 0)
    # What would be asked for is told, and what is there already, and none of it is kept.
    assert found["verdict"] == "deny"
    assert {lane["lane"] for lane in found["votes"]} >= {"domain", "ethics"}
    assert any(step["action"] == "attach_predictions" for step in found["next_steps"])
    draft.refresh_from_db()
    assert (draft.evaluation, draft.facts) == ({}, {})
    world.run_audits()
    draft.refresh_from_db()
    assert draft.evaluation == {}
    assert Event.objects.filter(verb="submission.drafted", object_ref=str(draft.pk)).count() == 1


def test_only_the_submitters_team_sees_it_and_only_its_submitters_change_it(world: World) -> None:
    draft = drafted(world)
    everywhere = [member(None, role) for role in ("auditor", "viewer", "admin", "risk_officer")]
    sees = [world.submitter, world.approver, world.ethics, member(None, "submitter")]
    for person in (*everywhere, world.stranger, *sees):
        seen = person in sees
        assert (client(person).get(f"{API}submissions/{draft.pk}/").status_code == 200) == seen, person
        drafts = client(person).get(f"{API}submissions/?state=draft").data["items"]
        assert [row["id"] for row in drafts] == ([draft.pk] if seen else [])
        assert client(person).get(f"{API}submissions/").data["items"] == []
        address = reverse("reviews:draft", args=[draft.pk])
        assert signed_in(person).get(address).status_code == (200 if seen else 404)
        assert (NOTE in signed_in(person).get(address).content.decode()) == seen
        assert signed_in(person).get(reverse("reviews:submission", args=[draft.pk])).status_code == 404
        listed = signed_in(person).get(reverse("reviews:submissions")).content.decode()
        assert (address in listed) == seen
    changes: dict[str, Any] = {"note": "another"}
    for person, status in ((world.approver, 403), (world.stranger, 404), (everywhere[2], 404)):
        sent = client(person).patch(f"{API}submissions/{draft.pk}/", changes, headers=keyed(1, "a"))
        assert sent.status_code == status
        assert client(person).delete(f"{API}submissions/{draft.pk}/", headers=keyed(1, "b")).status_code == status
        gone = client(person).post(f"{API}submissions/{draft.pk}/submit/", {}, headers=keyed(1, f"c{person.pk}"))
        assert gone.status_code == status
        assert signed_in(person).post(reverse("reviews:draft", args=[draft.pk]), {"edition": 1}).status_code == status
    draft.refresh_from_db()
    assert (draft.note, draft.edition) == (NOTE, 1)
    # Nothing that is done to submissions can be done to a draft.
    for step in ("approve", "reject", "return", "withdraw", "resubmit", "audits"):
        answer = client(world.approver).post(f"{API}submissions/{draft.pk}/{step}/", {}, headers=keyed(1, step))
        assert answer.status_code == 404, step
    for act in (
        lambda: services.vote(submission_id=draft.pk, voter=world.ethics, lane="ethics", value=1, at=world.at),
        lambda: services.approve(submission_id=draft.pk, approver=world.approver, at=world.at),
        lambda: services.withdraw(submission_id=draft.pk, by=world.submitter, at=world.at),
    ):
        with pytest.raises(ReviewRefused) as refused:
            act()
        assert refused.value.code == "invalid_transition"


def test_the_whole_way_over_rest(world: World) -> None:
    mine = client(world.submitter)
    version = world.version
    subject = {"kind": "model", "id": version.entry.repo_id, "revision": version.revision}
    body = {"subject": subject, "use_case": world.use_case.slug, "stage": "prototype", "note": NOTE, "draft": True}

    made = mine.post(f"{API}submissions/", body, headers={"Idempotency-Key": "1"})
    assert (made.status_code, made.data["state"], made.data["submitted_at"]) == (201, "draft", None)
    assert (made.data["verdict"], made.data["note"], made.headers["ETag"]) == ("", NOTE, '"1"')
    assert made.data["requirements"]
    twice = mine.post(f"{API}submissions/", body, headers={"Idempotency-Key": "2"})
    assert (twice.status_code, twice.data["code"]) == (409, "already_drafted")
    address = f"{API}submissions/{made.data['id']}/"
    assert mine.patch(address, {"stage": "pilot"}).status_code == 428
    assert mine.patch(address, {"stage": "pilot"}, headers=keyed(7, "3")).status_code == 412
    assert mine.patch(address, {"stage": "moon"}, headers=keyed(1, "3")).status_code == 400
    assert mine.patch(address, {"use_case": "no-such"}, headers=keyed(1, "3")).status_code == 404
    foreign: UseCase = UseCaseFactory()
    Membership.objects.create(user=world.submitter, team=foreign.owner_team, role="viewer")
    refused = mine.patch(address, {"use_case": foreign.slug}, headers=keyed(1, "3"))
    assert (refused.status_code, refused.data["code"]) == (403, "not_submitter")
    changed = mine.patch(address, {"stage": "pilot"}, headers=keyed(1, "4"))
    assert (changed.status_code, changed.data["stage"], changed.data["note"]) == (200, "pilot", NOTE)
    assert changed.headers["ETag"] == '"2"'
    assert mine.post(f"{address}submit/", {}, headers=keyed(1, "5")).status_code == 412
    submitted = mine.post(f"{address}submit/", {}, headers=keyed(2, "6"))
    assert (submitted.status_code, submitted.data["state"], submitted.data["note"]) == (200, "in_review", NOTE)
    assert submitted.data["due_at"] is not None
    assert client(world.ethics).get(address).data["state"] == "in_review"
    for late in (
        mine.patch(address, {"note": "x"}, headers=keyed(submitted.data["edition"], "7")),
        mine.delete(address, headers=keyed(submitted.data["edition"], "8")),
        mine.post(f"{address}submit/", {}, headers=keyed(submitted.data["edition"], "9")),
    ):
        assert (late.status_code, late.data["code"]) == (409, "invalid_transition")
    again = mine.post(f"{API}submissions/", {**body, "stage": "pilot"}, headers={"Idempotency-Key": "10"})
    clash = mine.post(f"{API}submissions/{again.data['id']}/submit/", {}, headers=keyed(1, "11"))
    assert (clash.status_code, clash.data["code"]) == (409, "already_submitted")
    assert mine.delete(f"{API}submissions/{again.data['id']}/", headers=keyed(1, "12")).status_code == 204
    assert mine.get(f"{API}submissions/{again.data['id']}/").status_code == 404
    verbs = Event.objects.filter(verb__startswith="submission.", object_kind="submission").order_by("pk")
    assert [event.verb for event in verbs if not event.verb.endswith(".refused")] == [
        "submission.drafted",
        "submission.draft_changed",
        "submission.submitted",
        "submission.drafted",
        "submission.draft_discarded",
    ]


def test_the_whole_way_in_the_browser(world: World) -> None:
    mine = signed_in(world.submitter)
    submit = reverse("reviews:submit", args=[world.version.digest])
    form = {"use_case": world.use_case.slug, "stage": "prototype", "note": NOTE}

    saved = mine.post(submit, {**form, "draft": "1"}, follow=True)
    draft = Submission.objects.get()
    shown = saved.content.decode()
    assert draft.state == "draft"
    for said in ("Nothing is submitted yet.", "What will be asked for", NOTE, "Discard the draft"):
        assert said in shown
    address = reverse("reviews:draft", args=[draft.pk])
    assert "Your team prepares this already" in mine.post(submit, {**form, "draft": "1"}).content.decode()
    # Another submitter of the team goes on with it, and is told of what was changed meanwhile.
    colleague = member(world.team, "submitter", "reviewer:ethics")
    told = signed_in(colleague).post(address, {**form, "stage": "pilot", "edition": 1, "draft": "1"}, follow=True)
    assert "Saved. Only your team sees it" in told.content.decode()
    stale = mine.post(address, {**form, "edition": 1})
    assert stale.status_code == 409
    assert "Not saved: somebody changed this submission" in stale.content.decode()
    assert mine.post(address, {**form, "stage": "moon", "edition": 2}).status_code == 422
    sent = mine.post(address, {**form, "stage": "pilot", "edition": 2}, follow=True)
    assert "Submitted. The audits that its policies ask for have started." in sent.content.decode()
    draft.refresh_from_db()
    assert (draft.state, draft.stage, draft.submitted_by) == ("in_review", "pilot", world.submitter)
    assert draft.prepared_by == sorted([world.submitter.pk, colleague.pk])
    assert NOTE in page(world.approver, draft)
    assert mine.get(address).status_code == 404
    # Whoever prepared it does not judge it.
    with pytest.raises(ReviewRefused, match="someone else has to decide"):
        world.vote(draft, colleague, "ethics")
    thrown = drafted(world, stage="prototype")
    assert mine.post(reverse("reviews:draft-discard", args=[thrown.pk]), {"edition": 5}).status_code == 409
    assert mine.post(reverse("reviews:draft-discard", args=[thrown.pk]), {"edition": 1}).status_code == 302
    assert not Submission.objects.filter(pk=thrown.pk).exists()


def test_the_database_itself_keeps_drafts_unjudged_and_what_was_submitted_submitted(world: World) -> None:
    draft = drafted(world)
    for wrong in ({"verdict": "allow"}, {"evaluated_at": world.at}, {"facts": {"a": 1}}, {"state": "approved"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Submission.objects.filter(pk=draft.pk).update(**wrong)
    submission = world.submit(stage="prototype", version=world.new_version())
    with pytest.raises(IntegrityError), transaction.atomic():
        connection.cursor().execute(
            "UPDATE reviews_submission SET state = 'draft', verdict = '', facts_sha256 = '', evaluated_at = NULL,"
            " due_at = NULL, evaluation = '{}', facts = '{}' WHERE id = %s",
            [submission.pk],
        )


def test_what_began_as_a_draft_counts_from_when_it_was_submitted(world: World) -> None:
    """An older number does not make it the older submission."""
    draft = drafted(world)
    second = world.new_version(entry=world.version.entry)
    other = world.submit(second)
    services.submit_draft(submission_id=draft.pk, by=world.submitter, at=world.at + dt.timedelta(hours=1))
    world.attach(draft)
    world.run_audits()
    for lane in ("domain", "ethics"):
        world.vote(draft, getattr(world, lane), lane)

    world.approve(draft)

    other.refresh_from_db()
    assert other.state == "superseded"


@pytest.mark.django_db(transaction=True)
def test_a_draft_that_two_submit_at_once_is_submitted_once(transactional_db: None) -> None:
    world = World()
    draft = drafted(world)
    second = member(world.team, "submitter")
    start = threading.Barrier(2)
    outcomes: list[Any] = []

    def submit(user: int) -> None:
        try:
            by = User.objects.get(pk=user)
            start.wait(20)
            outcomes.append(services.submit_draft(submission_id=draft.pk, edition=1, by=by, at=world.at).state)
        except ReviewRefused as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=submit, args=(one.pk,)) for one in (world.submitter, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(outcomes) == ["in_review", "invalid_transition"]
    assert Event.objects.filter(verb="submission.submitted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_draft_that_two_discard_at_once_is_gone_and_neither_request_breaks(transactional_db: None) -> None:
    world = World()
    draft = drafted(world)
    both = [client(world.submitter), client(member(world.team, "submitter"))]
    start, codes = threading.Barrier(2), list[int]()

    def discard(person: APIClient) -> None:
        start.wait(20)
        try:
            codes.append(person.delete(f"{API}submissions/{draft.pk}/", HTTP_IF_MATCH='"1"').status_code)
        finally:
            connection.close()

    with transaction.atomic():
        hold_subject(draft.version.digest)  # both have found it before either discards it
        threads = [threading.Thread(target=discard, args=(one,)) for one in both]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
    for thread in threads:
        thread.join(60)

    assert sorted(codes) in ([204, 404], [204, 409])
    assert not Submission.objects.exists()
