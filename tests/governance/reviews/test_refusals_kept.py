"""A refused step leaves its line in the ledger, whatever becomes of the request around it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from governance.ledger import services as ledger
from governance.ledger.models import Event
from governance.people.models import User
from governance.reviews import services as reviews
from governance.reviews.errors import ReviewRefused
from governance.reviews.models import Submission, Vote
from governance.web.models import IdempotencyRecord
from tests.factories import member
from tests.governance.catalog.clients import API, client
from tests.governance.world import World

CONTROL = {"reason": "known and accepted", "compensating_control": "A person looks at every refusal."}


def as_(user: User) -> APIClient:
    return client(user, "catalog:read", "audits:run", "reviews:write")


def traces(verb: str) -> list[str]:
    return [event.detail["code"] for event in Event.objects.filter(verb=f"{verb}.refused").order_by("pk")]


@pytest.mark.parametrize("key", [{}, {"HTTP_IDEMPOTENCY_KEY": "k1"}], ids=["plain", "keyed"])
def test_fault_v01_a_refused_vote_is_in_the_ledger_with_and_without_a_key(world: World, key: dict[str, str]) -> None:
    submission = world.submit()
    person = as_(world.submitter)
    vote: dict[str, Any] = {"lane": "ethics", "value": 2}
    seen = {"HTTP_IF_MATCH": f'"{submission.edition}"', **key}

    first = person.post(f"{API}submissions/{submission.pk}/votes/", vote, **seen)

    assert (first.status_code, first.data["code"]) == (403, "self_review")
    assert not Vote.objects.exists()
    assert traces("vote") == ["self_review"]
    # The key was used for nothing: the same request again is refused again, and that is a second attempt.
    assert person.post(f"{API}submissions/{submission.pk}/votes/", vote, **seen).status_code == 403
    assert traces("vote") == ["self_review", "self_review"]
    assert not IdempotencyRecord.objects.exists()


def test_a_refused_submission_and_waiver_with_keys_are_in_the_ledger(world: World) -> None:
    submission = world.submit()
    wish = {
        "subject": {
            "kind": "model",
            "id": world.version.entry.repo_id,
            "revision": world.version.revision,
        },
        "use_case": world.use_case.slug,
        "stage": world.stage,
    }

    again = as_(world.submitter).post(f"{API}submissions/", wish, HTTP_IDEMPOTENCY_KEY="k1")
    asked = {**wish, "policy": "high-pilot", "requirement": "bias.audited", "expires_at": None, **CONTROL}
    waiver = as_(world.submitter).post(f"{API}waivers/", asked, HTTP_IDEMPOTENCY_KEY="k2")

    assert (again.status_code, again.data["code"]) == (409, "already_submitted")
    assert (waiver.status_code, waiver.data["code"]) == (400, "expiry_required")
    assert Submission.objects.get() == submission
    assert (traces("submission.submit"), traces("waiver.propose")) == (["already_submitted"], ["expiry_required"])


def refuse(world: World, submission: Submission) -> None:
    reviews.vote(submission_id=submission.pk, voter=world.submitter, lane="ethics", value=1, at=world.at)


def test_what_is_kept_is_written_once(world: World) -> None:
    submission = world.submit()

    with ledger.refusals_outlive(), transaction.atomic(), pytest.raises(ReviewRefused):
        refuse(world, submission)
    assert traces("vote") == ["self_review"], "nothing was undone, so nothing is written again"

    with pytest.raises(ReviewRefused), ledger.refusals_outlive(), transaction.atomic():
        refuse(world, submission)
    assert traces("vote") == ["self_review"] * 2

    def committed_and_then_failing() -> None:
        with transaction.atomic(), pytest.raises(ReviewRefused):
            refuse(world, submission)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), ledger.refusals_outlive():
        committed_and_then_failing()
    assert traces("vote") == ["self_review"] * 3, "what was committed before the failure is not written again"


def test_what_is_refused_beside_reviews_is_in_the_ledger_with_and_without_a_key(world: World) -> None:
    """Suspensions, gate modes and tiers: what others have to agree to, or answer for."""
    entry, slug = world.version.entry, world.use_case.slug
    stop = {"kind": entry.kind, "repo_id": entry.repo_id, "reason": "Found in the news today"}
    mode = {"stage": "production", "mode": "observe", "reason": "the pipelines are being moved"}
    tier = {"tier": "minimal", "reason": "it decides nothing by itself"}
    person = client(world.submitter, "catalog:read", "catalog:write", "reviews:write")
    for key in ({}, {"HTTP_IDEMPOTENCY_KEY": "k1"}):
        assert person.post(f"{API}suspensions/", stop, **key).status_code == 403
        assert person.post(f"{API}use-cases/{slug}/gate-modes/", mode, **key).status_code == 403
        assert person.post(f"{API}use-cases/{slug}/tier-proposals/", tier, **key).status_code == 403
    officer = client(member(None, "risk_officer"), "catalog:read", "reviews:write")
    made = officer.post(f"{API}suspensions/", stop).data["id"]
    assert officer.post(f"{API}suspensions/{made}/lift/", {"reason": "It was another model"}).status_code == 403

    assert traces("suspension.make") == ["not_a_risk_officer"] * 2
    assert traces("gate_mode.set") == ["not_a_risk_officer"] * 2
    assert traces("tier.propose") == ["not_a_keeper"] * 2
    assert traces("suspension.lift") == ["self_lift"]
    about = Event.objects.filter(verb__endswith=".refused").order_by("pk").values_list("object_kind", "object_ref")
    assert set(about) == {
        ("entry", str(entry.pk)),
        ("use_case", str(world.use_case.pk)),
        ("suspension", str(made)),
    }
