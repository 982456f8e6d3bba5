"""Claims and reasons to look again over REST: as the portal has them."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from governance.people.models import Lane, Membership
from governance.people.services import teams
from governance.reviews import triggers
from governance.reviews.models import Claim, Trigger
from tests.factories import member
from tests.governance.catalog.clients import API
from tests.governance.reviews.test_api import as_, at
from tests.governance.world import World


def test_a_lane_is_taken_listed_and_given_back(world: World) -> None:
    submission = world.submit()
    reviewer, other = as_(world.domain), as_(member(world.team, "reviewer:domain"))

    taken = reviewer.post(at(submission, "claims"), {"lane": "domain"}, HTTP_IDEMPOTENCY_KEY="one")
    again = reviewer.post(at(submission, "claims"), {"lane": "domain"}, HTTP_IDEMPOTENCY_KEY="one")
    refused = other.post(at(submission, "claims"), {"lane": "domain"})
    listed = as_(world.submitter).get(at(submission, "claims")).data["items"]
    given_back = reviewer.post(at(submission, "claims/release"), {"lane": "domain"})

    assert (taken.status_code, again.status_code, again.data) == (201, 201, taken.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (refused.status_code, refused.data["code"]) == (409, "lane_claimed")
    assert [(one["lane"], one["holder"], one["round"]) for one in listed] == [("domain", str(world.domain), 1)]
    ends = dt.datetime.fromisoformat(listed[0]["stands_until"])
    assert ends - Claim.objects.get().claimed_at == dt.timedelta(days=3)
    assert (given_back.status_code, given_back.data["released_why"]) == (200, "by_hand")
    assert as_(world.domain).get(at(submission, "claims")).data["items"] == []
    nothing = reviewer.post(at(submission, "claims/release"), {"lane": "domain"})
    assert (nothing.status_code, nothing.data["code"]) == (409, "not_claimed")


def test_who_may_not_vote_takes_no_lane_and_who_may_not_see_it_learns_nothing(world: World) -> None:
    submission = world.submit()

    assert as_(world.submitter).post(at(submission, "claims"), {"lane": "domain"}).status_code == 403
    assert as_(world.ethics).post(at(submission, "claims"), {"lane": "domain"}).data["code"] == "not_a_reviewer"
    assert as_(world.domain).post(at(submission, "claims"), {"lane": "no"}).status_code == 400
    stranger = as_(world.stranger)
    for step in ("claims", "claims/release"):
        assert stranger.post(at(submission, step), {"lane": "domain"}).status_code == 404
    assert stranger.get(at(submission, "claims")).status_code == 404
    assert not Claim.objects.exists()


def _reviewer_lost(world: World) -> Trigger:
    world.approved()
    teams.revoke_role(membership=Membership.objects.get(user=world.domain), by=None, at=world.at)
    return Trigger.objects.get()


def test_a_reason_to_look_again_tells_its_key_its_causes_and_what_it_reopens(world: World) -> None:
    trigger = _reviewer_lost(world)

    listed = as_(world.approver).get(f"{API}triggers/?open=true&kind=reviewer&use_case={world.use_case.slug}")
    shown = as_(world.approver).get(f"{API}triggers/{trigger.pk}/")

    assert listed.data["items"] == [shown.data]
    assert shown.data["dedupe_key"] == f"reviewer:{world.version.entry_id}:{world.use_case.pk}"
    assert (shown.data["reopens"], shown.data["count"]) == (["domain"], 1)
    assert shown.data["sightings"] == trigger.sightings
    assert shown.data["subject"] == {"kind": "model", "id": world.version.entry.repo_id}
    assert as_(world.approver).get(f"{API}triggers/?open=false").data["items"] == []
    assert as_(world.approver).get(f"{API}triggers/?kind=policy").data["items"] == []
    assert as_(world.approver).get(f"{API}triggers/?kind=nothing").status_code == 400


def test_a_keeper_closes_it_with_a_reason_and_nobody_else(world: World) -> None:
    trigger = _reviewer_lost(world)
    path = f"{API}triggers/{trigger.pk}/close/"
    reason = {"reason": "another reviewer has looked at the same"}

    by_reviewer = as_(world.ethics).post(path, reason)
    without = as_(world.approver).post(path, {})
    closed = as_(world.approver).post(path, reason, HTTP_IDEMPOTENCY_KEY="close")
    replayed = as_(world.approver).post(path, reason, HTTP_IDEMPOTENCY_KEY="close")
    twice = as_(world.approver).post(path, reason)

    assert (by_reviewer.status_code, by_reviewer.data["code"]) == (403, "not_a_keeper")
    assert (without.status_code, without.data["code"]) == (422, "reason_required")
    assert (closed.status_code, closed.data["closed_how"], closed.data["closed_reason"]) == (
        200,
        "by_hand",
        reason["reason"],
    )
    assert (replayed.status_code, replayed.data["closed_at"]) == (200, closed.data["closed_at"])
    assert (twice.status_code, twice.data["code"]) == (409, "invalid_transition")
    assert as_(world.approver).get(f"{API}triggers/?open=true").data["items"] == []


def test_fault_v18_reasons_of_other_teams_are_not_there(world: World) -> None:
    trigger = _reviewer_lost(world)
    stranger = as_(world.stranger)

    assert stranger.get(f"{API}triggers/").data["items"] == []
    assert stranger.get(f"{API}triggers/{trigger.pk}/").status_code == 404
    assert stranger.post(f"{API}triggers/{trigger.pk}/close/", {"reason": "it is not mine"}).status_code == 404


def test_every_kind_names_only_lanes_that_there_are(world: World) -> None:
    for kind in Trigger.Kind:
        seen = Trigger(kind=kind, detail={"lanes": ["domain"], "lane": "ethics"}, first_seen=timezone.now())
        assert triggers.lanes_reopened(seen) <= set(Lane.values)
