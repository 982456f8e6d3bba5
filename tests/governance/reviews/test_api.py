"""Submissions over REST: what their people can do, and what strangers cannot."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from governance.people.models import Membership, User
from governance.reviews.models import Decision, Submission, Vote
from tests.factories import member
from tests.governance.catalog.clients import API, client
from tests.governance.world import World

SCOPES = ("catalog:read", "audits:run", "reviews:write")
STEPS = ("approve", "reject", "return", "withdraw", "resubmit")
REASON = {"reason": "it is not good enough yet"}


def as_(user: User) -> APIClient:
    return client(user, *SCOPES)


def at(submission: Submission, step: str = "") -> str:
    return f"{API}submissions/{submission.pk}/{step + '/' if step else ''}"


def subject(world: World, **fields: Any) -> dict[str, Any]:
    entry = world.version.entry
    return {"kind": entry.kind, "id": entry.repo_id, "revision": world.version.revision, **fields}


def wish(world: World, **fields: Any) -> dict[str, Any]:
    return {"subject": subject(world), "use_case": world.use_case.slug, "stage": "pilot", **fields}


def seen(submission: Submission) -> dict[str, str]:
    submission.refresh_from_db()
    return {"HTTP_IF_MATCH": f'"{submission.edition}"'}


def test_the_way_from_a_submission_to_its_approval(world: World) -> None:
    submitter = as_(world.submitter)
    made = submitter.post(f"{API}submissions/", wish(world))
    assert made.status_code == 201, made.data
    submission = Submission.objects.get(pk=made.data["id"])
    assert made.headers["ETag"] == f'"{submission.edition}"'
    table = b"label,prediction,group\n" + b"1,1,a\n1,1,b\n0,0,a\n0,0,b\n" * 1000
    sent = submitter.post(f"{API}uploads/", table, content_type="text/csv", HTTP_X_FILENAME="predictions.csv")
    assert sent.status_code == 201, sent.data
    attached = submitter.post(at(submission, "evidence"), {"role": "predictions", "upload": sent.data["id"]})
    assert attached.status_code == 201, attached.data
    world.run_audits()
    for person, lane in ((world.domain, "domain"), (world.ethics, "ethics")):
        cast = as_(person).post(at(submission, "votes"), {"lane": lane, "value": 1}, **seen(submission))
        assert cast.status_code == 201, cast.data

    approved = as_(world.approver).post(at(submission, "approve"), {}, **seen(submission))

    assert approved.status_code == 200, approved.data
    assert approved.data["outcome"] == "approved"
    shown = submitter.get(at(submission)).data
    assert (shown["state"], shown["verdict"]) == ("approved", "allow")
    assert shown["subject"]["digest"] == world.version.digest
    assert all(requirement["message"].endswith(".") for requirement in shown["requirements"])


def test_a_document_tells_what_is_open_and_who_can_close_it(world: World) -> None:
    submission = world.submit()

    shown = as_(world.domain).get(at(submission)).data

    assert shown["verdict"] == "deny"
    assert "bias.audited:unsatisfied" in shown["reason_codes"]
    first = shown["next_steps"][0]
    assert (first["action"], first["target"], first["who"]) == ("attach_predictions", "bias", "submitter")
    assert first["message"] == "Attach a table of predictions; the bias audit then starts by itself."


@pytest.mark.parametrize("step", STEPS)
def test_fault_v04_a_transition_names_the_edition_that_was_seen(world: World, step: str) -> None:
    submission = world.voted()
    person = as_(world.submitter if step in ("withdraw", "resubmit") else world.approver)

    without = person.post(at(submission, step), REASON)
    stale = person.post(at(submission, step), REASON, HTTP_IF_MATCH=f'"{submission.edition - 1}"')
    odd = person.post(at(submission, step), REASON, HTTP_IF_MATCH='"eleven"')

    assert (without.status_code, without.data["code"]) == (428, "if_match_required")
    assert odd.status_code == 412
    assert stale.status_code in (409, 412)
    submission.refresh_from_db()
    assert submission.state == "in_review"
    assert not Decision.objects.exists()


def test_a_vote_names_the_edition_that_was_seen(world: World) -> None:
    submission = world.audited()

    answer = as_(world.domain).post(at(submission, "votes"), {"lane": "domain", "value": 1})

    assert answer.status_code == 428
    assert not Vote.objects.exists()


def test_refusals_are_problems_with_their_code(world: World) -> None:
    submission = world.audited()

    self_review = as_(world.submitter).post(at(submission, "approve"), {}, **seen(submission))
    open_ones = as_(world.approver).post(at(submission, "approve"), {}, **seen(submission))
    no_reason = as_(world.approver).post(at(submission, "reject"), {}, **seen(submission))
    twice = as_(world.submitter).post(f"{API}submissions/", wish(world))

    assert (self_review.status_code, self_review.data["code"]) == (403, "self_review")
    assert (open_ones.status_code, open_ones.data["code"]) == (409, "requirements_open")
    assert "vote.domain:pending" in open_ones.data["detail"]
    assert (no_reason.status_code, no_reason.data["code"]) == (422, "reason_required")
    assert (twice.status_code, twice.data["code"]) == (409, "already_submitted")
    assert {r.headers["Content-Type"] for r in (self_review, open_ones, no_reason, twice)} == {
        "application/problem+json"
    }


def test_a_round_goes_back_and_comes_again(world: World) -> None:
    submission = world.submit()
    returned = as_(world.domain).post(at(submission, "return"), REASON, **seen(submission))
    assert (returned.status_code, returned.data["outcome"]) == (200, "changes_requested")

    again = as_(world.submitter).post(at(submission, "resubmit"), {}, **seen(submission))

    assert (again.status_code, again.data["state"], again.data["round"]) == (200, "in_review", 2)


@pytest.mark.parametrize("path", ["", *STEPS, "votes", "evidence", "audits"])
def test_strangers_learn_nothing_of_a_submission(world: World, path: str) -> None:
    submission = world.voted()
    stranger, nobody = as_(world.stranger), APIClient()
    address, absent = at(submission, path), at(submission, path).replace(f"/{submission.pk}/", "/999999999/")

    for method in ("get", "post"):
        answer = getattr(stranger, method)(address, REASON, HTTP_IF_MATCH='"1"')
        same = getattr(stranger, method)(absent, REASON, HTTP_IF_MATCH='"1"')
        assert answer.status_code in (404, 405)
        assert (answer.status_code, answer.data) == (same.status_code, same.data)
        assert getattr(nobody, method)(address, REASON).status_code in (401, 405)

    submission.refresh_from_db()
    assert submission.state == "in_review"


def test_a_stranger_sees_no_submission_in_the_list_and_cannot_submit(world: World) -> None:
    world.submit()
    stranger = as_(world.stranger)

    assert stranger.get(f"{API}submissions/").data["items"] == []
    assert stranger.post(f"{API}submissions/", wish(world)).status_code == 404


def test_a_token_without_the_scope_votes_on_nothing(world: World) -> None:
    submission = world.audited()
    reader = client(world.domain, "catalog:read")

    answer = reader.post(at(submission, "votes"), {"lane": "domain", "value": 1}, **seen(submission))

    assert (answer.status_code, answer.data["code"]) == (403, "scope_missing")
    assert reader.get(at(submission)).status_code == 200


def test_the_list_can_be_narrowed(world: World) -> None:
    first = world.submit()
    other = member(world.team, "submitter")
    second = world.submit(world.new_version(), by=other, stage="production")
    reader = as_(world.submitter)

    def found(**asked: str) -> list[int]:
        return [row["id"] for row in reader.get(f"{API}submissions/", asked).data["items"]]

    assert sorted(found()) == [first.pk, second.pk]
    assert found(mine="true") == [first.pk]
    assert found(stage="production") == [second.pk]
    assert found(state="approved") == []
    assert found(use_case="no-such") == []
    assert reader.get(f"{API}submissions/", {"state": "odd"}).status_code == 400


def test_an_idempotency_key_submits_once(world: World) -> None:
    submitter = as_(world.submitter)

    first = submitter.post(f"{API}submissions/", wish(world), HTTP_IDEMPOTENCY_KEY="k1")
    again = submitter.post(f"{API}submissions/", wish(world), HTTP_IDEMPOTENCY_KEY="k1")
    other = submitter.post(f"{API}submissions/", wish(world, stage="production"), HTTP_IDEMPOTENCY_KEY="k1")

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.data["id"] == first.data["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "acme/model"},
        {"stage": "moon"},
        {"use_case": "a\0b"},
        {"use_case": None},
        {"stage": ["pilot"]},
        {"subject": {"kind": "model", "id": "x" * 999, "revision": "0" * 40}},
        {"subject": {"kind": "model", "id": "acme/model", "revision": "main"}},
        {"subject": {"kind": "toaster", "id": "acme/model", "revision": "0" * 40}},
    ],
)
def test_fault_v34_a_malformed_submission_is_refused_and_named(world: World, fields: dict[str, Any]) -> None:
    answer = as_(world.submitter).post(f"{API}submissions/", wish(world, **fields))

    assert answer.status_code == 400, answer.data
    assert not Submission.objects.exists()


def test_what_is_not_in_the_catalogue_has_to_be_imported_first(world: World) -> None:
    answer = as_(world.submitter).post(f"{API}submissions/", wish(world, subject=subject(world, revision="f" * 40)))

    assert (answer.status_code, answer.data["code"]) == (404, "version_not_found")
    assert "import it first" in answer.data["detail"]


def test_an_upload_of_somebody_else_cannot_be_attached(world: World) -> None:
    submission = world.submit()
    theirs = world.upload(by=world.stranger)

    answer = as_(world.submitter).post(
        at(submission, "evidence"), {"role": "predictions", "upload": str(theirs.public_id)}
    )

    assert (answer.status_code, answer.data["code"]) == (422, "upload_not_found")


@pytest.mark.parametrize("step", ["votes", "approve", "reject", "return"])
def test_fault_v01_the_interface_refuses_self_review_whatever_the_roles(world: World, step: str) -> None:
    submission = world.voted()
    for role, lane in (("approver", ""), ("reviewer", "domain"), ("admin", "")):
        Membership.objects.create(user=world.submitter, team=world.team, role=role, lane=lane)
    votes = Vote.objects.count()
    body = {"lane": "domain", "value": 2} if step == "votes" else REASON

    answer = as_(world.submitter).post(at(submission, step), body, **seen(submission))

    assert (answer.status_code, answer.data["code"]) == (403, "self_review")
    assert (Vote.objects.count(), Decision.objects.count()) == (votes, 0)


@pytest.mark.parametrize("step", ["votes", "approve", "reject", "return"])
def test_fault_v02_the_interface_lets_nobody_decide_who_holds_no_role_for_it(world: World, step: str) -> None:
    submission = world.voted()
    reader = member(world.team, "viewer")
    votes = Vote.objects.count()
    body = {"lane": "domain", "value": 2} if step == "votes" else REASON

    inside = as_(reader).post(at(submission, step), body, **seen(submission))
    outside = as_(world.stranger).post(at(submission, step), body, **seen(submission))

    assert (inside.status_code, outside.status_code) == (403, 404)
    before = submission.state
    submission.refresh_from_db()
    assert (submission.state, Vote.objects.count(), Decision.objects.count()) == (before, votes, 0)


@pytest.mark.parametrize("step", ["votes", "approve", "reject", "return"])
def test_fault_v03_the_interface_answers_409_for_what_has_ended(world: World, step: str) -> None:
    submission = world.voted()
    withdrawn = as_(world.submitter).post(at(submission, "withdraw"), {}, **seen(submission))
    assert withdrawn.status_code == 200, withdrawn.data
    votes = Vote.objects.count()
    body, person = ({"lane": "domain", "value": 2}, world.domain) if step == "votes" else (REASON, world.approver)

    answer = as_(person).post(at(submission, step), body, **seen(submission))

    assert (answer.status_code, answer.data["code"]) == (409, "invalid_transition")
    assert (Vote.objects.count(), Decision.objects.count()) == (votes, 1)
