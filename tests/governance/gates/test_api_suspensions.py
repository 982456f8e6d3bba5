"""The kill switch over REST."""

from __future__ import annotations

from typing import Any

import pytest

from governance.catalog.models import Suspension
from governance.people.models import User
from tests.factories import member
from tests.governance.catalog.clients import API, client
from tests.governance.world import World

PLACE = f"{API}suspensions/"


@pytest.fixture
def officer(world: World) -> User:
    return member(None, "risk_officer")


def sent_by(user: User, world: World, *, key: str = "once", **fields: Any) -> Any:
    entry = world.version.entry
    body = {"kind": entry.kind, "repo_id": entry.repo_id, "reason": "Found in the news today", **fields}
    asking = client(user, "reviews:write", "catalog:read")
    return asking.post(PLACE, body, format="json", headers={"Idempotency-Key": key})


def test_a_suspension_answers_with_what_it_closed(world: World, officer: User) -> None:
    approval = world.approved()

    answer = sent_by(officer, world)

    assert answer.status_code == 201
    assert [one["id"] for one in answer.data["closed"]] == [approval.pk]
    assert answer.data["revision"] is None
    assert world.gate().reason_codes == ("approval:suspended",)
    again = sent_by(officer, world)
    assert (again.status_code, again.data) == (201, answer.data)
    assert Suspension.objects.count() == 1


def test_one_version_is_suspended_by_its_commit_only(world: World, officer: User) -> None:
    branch = sent_by(officer, world, revision="main")
    unknown = sent_by(officer, world, key="two", revision="f" * 40)
    known = sent_by(officer, world, key="three", revision=world.version.revision)

    assert (branch.status_code, branch.data["code"]) == (422, "revision_must_be_commit_sha")
    assert (unknown.status_code, unknown.data["code"]) == (422, "version_not_found")
    assert (known.status_code, known.data["revision"]) == (201, world.version.revision)


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"repo_id": "acme/unknown"}, 422, "entry_not_found"),
        ({"team": "no-such-team"}, 422, "team_not_found"),
        ({"reason": "short"}, 422, "reason_required"),
        ({"kind": "car"}, 400, "invalid"),
    ],
)
def test_what_is_refused_says_why(world: World, officer: User, fields: Any, status: int, code: str) -> None:
    answer = sent_by(officer, world, **fields)

    assert (answer.status_code, answer.data["code"]) == (status, code)
    assert not Suspension.objects.exists()


def test_a_second_person_lifts_it(world: World, officer: User) -> None:
    number = sent_by(officer, world).data["id"]
    body = {"reason": "It was another model"}

    own = client(officer, "reviews:write").post(
        f"{PLACE}{number}/lift/", body, format="json", headers={"Idempotency-Key": "a"}
    )
    other = client(member(None, "admin"), "reviews:write").post(
        f"{PLACE}{number}/lift/", body, format="json", headers={"Idempotency-Key": "b"}
    )

    assert (own.status_code, own.data["code"]) == (403, "self_lift")
    assert (other.status_code, other.data["lifted_reason"]) == (200, body["reason"])
    listed = client(officer, "catalog:read").get(PLACE).data["items"]
    assert [one["id"] for one in listed] == [number]


def test_who_does_not_answer_for_risk_is_refused(world: World) -> None:
    answer = sent_by(world.approver, world)

    assert (answer.status_code, answer.data["code"]) == (403, "not_a_risk_officer")
