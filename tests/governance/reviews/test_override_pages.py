"""Overrides over REST and in the browser: the same rules, refusals in words, nothing hidden."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from governance.gates.models import Approval
from governance.ledger.models import Event
from governance.people.models import Membership, User
from governance.policies.models import AdminOverride
from governance.reviews import overriding
from governance.reviews.errors import ReviewRefused
from tests.factories import member
from tests.governance.catalog.clients import API, READ
from tests.governance.catalog.clients import client as with_scopes
from tests.governance.reviews.browsing import page, signed_in
from tests.governance.reviews.test_overrides import REASON, Glass


@pytest.fixture
def world(db: None, settings: Any) -> Glass:
    settings.RUN_LEASE_S = 3600
    return Glass()


def client(user: User) -> APIClient:
    return with_scopes(user, READ, "reviews:write", "audits:run")


def keyed(edition: object, key: str) -> dict[str, str]:
    return {"If-Match": f'"{edition}"', "Idempotency-Key": key}


def test_the_whole_way_over_rest(world: Glass) -> None:
    submission = world.vetoed()
    address = f"{API}submissions/{submission.pk}/overrides/"
    ends = (timezone.now() + dt.timedelta(days=2)).isoformat()
    body = {"targets": ["vote.ethics", "vote.distinct"], "reason": REASON, "expires_at": ends}
    first, second = client(world.first), client(world.second)

    assert first.post(address, body, headers={"Idempotency-Key": "a"}).status_code == 428
    assert first.post(address, body, headers=keyed(1, "b")).status_code == 412
    late = {**body, "expires_at": (timezone.now() + dt.timedelta(days=8)).isoformat()}
    for sent, code, status in (
        ({**body, "expires_at": None}, "expiry_required", 400),
        (late, "expiry_too_long", 400),
        ({**body, "targets": []}, "targets_required", 422),
        ({**body, "targets": ["card.ok"]}, "not_open", 422),
        ({**body, "reason": "now"}, "reason_required", 422),
    ):
        refused = first.post(address, sent, headers=keyed(submission.edition, code))
        assert (refused.status_code, refused.data["code"]) == (status, code)
    nobody = client(world.approver).post(address, body, headers=keyed(submission.edition, "c"))
    assert (nobody.status_code, nobody.data["code"]) == (403, "not_an_admin")
    assert client(world.stranger).post(address, body, headers=keyed(submission.edition, "d")).status_code == 404
    made = first.post(address, body, headers=keyed(submission.edition, "e"))
    assert (made.status_code, made.data["state"], made.headers["ETag"]) == (201, "proposed", '"1"')
    again = f"{API}overrides/{made.data['id']}/"
    alone = first.post(f"{again}confirm/", {}, headers=keyed(1, "f"))
    assert (alone.status_code, alone.data["code"]) == (403, "self_override")
    assert second.post(f"{again}confirm/", {}, headers=keyed(4, "g")).status_code == 412
    assert client(world.stranger).get(again).status_code == 404
    confirmed = second.post(f"{again}confirm/", {}, headers=keyed(1, "h"))
    assert (confirmed.status_code, confirmed.data["state"]) == (200, "active")
    listed = client(world.approver).get(f"{API}overrides/?state=active")
    assert [row["targets"] for row in listed.data["items"]] == [["vote.ethics", "vote.distinct"]]
    assert client(world.stranger).get(f"{API}overrides/").data["items"] == []
    shown = client(world.approver).get(f"{API}submissions/{submission.pk}/")
    assert shown.data["verdict"] == "warn"
    assert "vote.ethics:overridden_by_admin" in shown.data["reason_codes"]
    assert [lane["override"] for lane in shown.data["lanes"] if "override" in lane] == [made.data["id"]]
    revoked = second.post(f"{again}revoke/", {"reason": "the line is up again"}, headers=keyed(2, "i"))
    assert (revoked.status_code, revoked.data["state"]) == (200, "revoked")


def test_the_whole_way_in_the_browser_is_told_on_every_page(world: Glass) -> None:
    submission = world.vetoed()
    address = reverse("reviews:override-propose", args=[submission.pk])
    assert "Propose an override" not in page(world.approver, submission)
    assert address in page(world.first, submission)
    asked = signed_in(world.first).get(address).content.decode()
    assert "1 against it block" in asked
    form = {"edition": submission.edition, "targets": ["vote.ethics", "vote.distinct"], "reason": REASON, "hours": "24"}

    for wrong, said, status in (
        ({"targets": []}, "Choose what is to be set aside.", 422),
        ({"reason": "now"}, "Say why in at least 10 characters: everybody will read it.", 422),
        ({"hours": "900"}, "Select a valid choice", 422),
        ({"edition": 1}, "Not saved: it has changed since you looked at it.", 409),
    ):
        refused = signed_in(world.first).post(address, {**form, **wrong})
        assert refused.status_code == status
        assert said in refused.content.decode()
    assert signed_in(world.approver).post(address, form).status_code == 403
    assert signed_in(world.stranger).get(address).status_code == 404
    assert not AdminOverride.objects.exists()
    assert signed_in(world.first).post(address, form).status_code == 302
    made = AdminOverride.objects.get()
    assert made.expires_at - made.proposed_at == dt.timedelta(hours=24)
    place = reverse("reviews:override", args=[made.pk])
    own = signed_in(world.first).get(place).content.decode()
    assert "You proposed this override; a second administrator has to confirm it." in own
    alone = signed_in(world.first).post(reverse("reviews:override-confirm", args=[made.pk]), {"edition": 1})
    assert alone.status_code == 403
    outsider = signed_in(world.stranger).post(reverse("reviews:override-confirm", args=[made.pk]), {"edition": 1})
    assert outsider.status_code == 404
    assert "Glass is broken here" not in page(world.submitter, submission)
    confirmed = signed_in(world.second).post(reverse("reviews:override-confirm", args=[made.pk]), {"edition": 1})
    assert confirmed.status_code == 302
    shown = page(world.submitter, submission)
    aside = "It does not hold: two administrators have set it aside until"
    for said in ("Glass is broken here.", REASON, aside, "Overridden", "An approver has to decide."):
        assert said in shown
    assert "Every requirement holds" not in shown
    world.approve(submission)
    shown = page(world.submitter, submission)
    assert "Glass is broken here." in shown
    assert "then the gate closes" in shown
    version = submission.version
    entry = version.entry
    of_version = reverse("catalog:version", args=[entry.kind, entry.namespace, entry.name, version.revision])
    for where in (reverse("reviews:overrides"), of_version, place):
        assert REASON in signed_in(world.ethics).get(where).content.decode()
    sent = {"edition": 2, "reason": "the line is up again"}
    revoked = signed_in(world.risk_officer).post(reverse("reviews:override-revoke", args=[made.pk]), sent)
    assert revoked.status_code == 302
    shown = page(world.submitter, submission)
    assert "Glass is broken here." not in shown
    assert "The gate is closed for pilot" in shown
    assert "the line is up again" in signed_in(world.ethics).get(place).content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_administrators_who_confirm_at_once_one_does_and_who_proposed_it_never(transactional_db: None) -> None:
    world = Glass()
    third = member(world.team, "admin")
    Membership.objects.create(user=world.first, team=None, role="admin")
    submission = world.vetoed()
    proposal = world.propose(submission, "vote.ethics", "vote.distinct")
    start = threading.Barrier(3)
    outcomes: list[Any] = []

    def confirm(user: int) -> None:
        try:
            by = User.objects.get(pk=user)
            start.wait(20)
            outcomes.append(overriding.confirm(override_id=proposal.pk, by=by, at=world.at))
        except ReviewRefused as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm, args=(one.pk,)) for one in (world.second, third, world.first)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(one for one in outcomes if isinstance(one, str)) == ["invalid_transition", "self_override"]
    made = AdminOverride.objects.get()
    assert (made.state, made.edition) == ("active", 2)
    assert made.decided_by_id in (world.second.pk, third.pk)
    assert Event.objects.filter(verb="override.confirmed").count() == 1
    assert not Approval.objects.exists()
