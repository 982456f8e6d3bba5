"""Waivers over REST: what their people can do, what is refused with which code, and what strangers learn."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from audits.models import Finding
from governance.ledger.models import Event
from governance.people.models import User
from governance.policies.models import Waiver
from tests.factories import member
from tests.governance.catalog.clients import API, client
from tests.governance.policies.waivers.waiving import (
    CONTROL,
    DAY,
    POLICY,
    REASON,
    REQUIREMENT,
    accepted,
    failing,
    proposed,
)
from tests.governance.world import World

SCOPES = ("catalog:read", "reviews:write")
STEPS = ("approve", "reject", "revoke")
WHY = {"reason": "Because it has to be."}


def as_(user: User) -> APIClient:
    return client(user, *SCOPES)


def at(waiver: Waiver, step: str = "") -> str:
    return f"{API}waivers/{waiver.pk}/{step + '/' if step else ''}"


def wish(world: World, **fields: Any) -> dict[str, Any]:
    entry = world.version.entry
    asked = {
        "subject": {"kind": entry.kind, "id": entry.repo_id, "revision": world.version.revision},
        "use_case": world.use_case.slug,
        "stage": world.stage,
        "policy": POLICY,
        "requirement": REQUIREMENT,
        "reason": REASON,
        "compensating_control": CONTROL,
        "expires_at": (world.at + 30 * DAY).isoformat(),
    }
    return {name: value for name, value in (asked | fields).items() if value != "left out"}


def seen(waiver: Waiver) -> dict[str, str]:
    waiver.refresh_from_db()
    return {"HTTP_IF_MATCH": f'"{waiver.edition}"'}


def test_the_way_from_a_closed_gate_to_a_waiver_and_back(world: World) -> None:
    failing(world)
    gate = f"{API}gate/model/{world.version.entry.repo_id}@{world.version.revision}"
    asked = {"use_case": world.use_case.slug, "stage": world.stage}
    pipeline = client(world.submitter, "gate:read")
    closed = pipeline.get(gate, asked)
    assert closed.data["verdict"] == "deny"
    step, decide = closed.data["next_steps"]
    assert (step["action"], decide["action"]) == ("repair", "decide")
    assert "alternative" not in decide, "nobody waives the decision"
    assert step["alternative"]["action"] == "ask_waiver"
    assert step["alternative"]["message"].startswith("Ask for a waiver of what the bias audit lacks or found, for at")

    made = as_(world.submitter).post(f"{API}waivers/", wish(world))
    assert made.status_code == 201, made.data
    assert (made.data["state"], made.data["risk_points"], made.headers["ETag"]) == ("proposed", 12, '"1"')
    waiver = Waiver.objects.get(pk=made.data["id"])
    own = as_(world.submitter).post(at(waiver, "approve"), {}, **seen(waiver))
    assert (own.status_code, own.data["code"]) == (403, "self_waiver")
    yes = as_(world.risk_officer).post(at(waiver, "approve"), {}, **seen(waiver))
    assert (yes.status_code, yes.data["state"], yes.data["decided_by"]) == (200, "active", world.risk_officer.name)

    opened = pipeline.get(gate, asked)
    assert (opened.data["verdict"], opened.data["reason_codes"]) == ("pending", ["review:awaiting_decision"])
    [told] = [row for row in opened.data["requirements"] if row["waiver"]]
    assert (told["id"], told["waiver"]["compensating_control"]) == (REQUIREMENT, CONTROL)
    no = as_(world.risk_officer).post(at(waiver, "revoke"), WHY, **seen(waiver))
    assert (no.status_code, no.data["state"]) == (200, "revoked")
    again = pipeline.get(gate, asked, HTTP_IF_NONE_MATCH=opened.headers["ETag"])
    assert (again.status_code, again.data["verdict"]) == (200, "deny")


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (None, "expiry_required"),
        ("left out", "expiry_required"),
        ("2999-01-01T00:00:00Z", "expiry_too_long"),
        ("2001-01-01T00:00:00Z", "expiry_passed"),
        ("for ever", "invalid"),
        ("", "invalid"),
        (20271220, "invalid"),
        ("9999-12-31T23:59:59-23:59", "invalid"),
    ],
)
def test_fault_v11_a_waiver_without_an_end_in_time_is_refused(world: World, end: Any, code: str) -> None:
    answer = as_(world.submitter).post(f"{API}waivers/", wish(world, expires_at=end), format="json")

    assert (answer.status_code, answer.data["code"]) == (400, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Waiver.objects.exists()


def test_fault_v12_a_patch_that_omits_the_findings_leaves_them(world: World) -> None:
    failing(world)
    found = sorted(set(Finding.objects.values_list("fingerprint", flat=True)))
    waiver = proposed(world, findings=found)
    person = as_(world.submitter)

    first = person.patch(at(waiver), {"reason": "A reason, better worded."}, format="json", **seen(waiver))
    second = person.patch(at(waiver), {"compensating_control": "Two people look."}, format="json", **seen(waiver))

    assert (first.status_code, second.status_code) == (200, 200), (first.data, second.data)
    assert second.data["findings"] == first.data["findings"] == found
    assert (second.data["reason"], second.data["edition"]) == ("A reason, better worded.", 3)
    emptied = person.patch(at(waiver), {"findings": []}, format="json", **seen(waiver))
    assert emptied.data["findings"] == []


def test_fault_v13_an_extension_takes_what_it_is_not_told_and_keeps_its_own_end(world: World) -> None:
    first = accepted(world)
    end = (world.at + 77 * DAY).isoformat()

    without = as_(world.submitter).post(f"{API}waivers/", {"extends": first.pk}, format="json")
    made = as_(world.submitter).post(f"{API}waivers/", {"extends": first.pk, "expires_at": end}, format="json")
    other = as_(world.submitter).post(
        f"{API}waivers/", {"extends": first.pk, "expires_at": end, "requirement": "card.ok"}, format="json"
    )

    assert (without.status_code, without.data["code"]) == (400, "expiry_required")
    assert made.status_code == 201, made.data
    assert (made.data["state"], made.data["extends"]) == ("proposed", first.pk)
    assert (made.data["compensating_control"], made.data["requirement"]) == (CONTROL, REQUIREMENT)
    assert Waiver.objects.get(pk=made.data["id"]).expires_at == world.at + 77 * DAY
    assert (other.status_code, other.data["code"]) == (422, "scope_differs")


@pytest.mark.parametrize("step", ["patch", *STEPS])
def test_fault_v04_a_step_names_the_edition_that_was_seen(world: World, step: str) -> None:
    waiver = proposed(world)
    if step == "revoke":
        accepted(world, waiver)
    person = as_(world.submitter if step == "patch" else world.risk_officer)

    def send(**headers: str) -> Any:
        if step == "patch":
            return person.patch(at(waiver), WHY, format="json", **headers)
        return person.post(at(waiver, step), WHY, **headers)

    before = Waiver.objects.values().get(pk=waiver.pk)
    without, stale, odd = send(), send(HTTP_IF_MATCH='"99"'), send(HTTP_IF_MATCH='"eleven"')

    assert (without.status_code, without.data["code"]) == (428, "if_match_required")
    assert (stale.status_code, odd.status_code) == (412, 412)
    assert Waiver.objects.values().get(pk=waiver.pk) == before
    assert send(**seen(waiver)).status_code == 200


@pytest.mark.parametrize("step", STEPS)
def test_fault_v14_who_lacks_the_role_is_refused_and_it_is_remembered(world: World, step: str) -> None:
    waiver = proposed(world)
    if step == "revoke":
        accepted(world, waiver)
    state = waiver.state

    answer = as_(world.approver).post(at(waiver, step), WHY, **seen(waiver))

    assert (answer.status_code, answer.data["code"]) == (403, "not_a_risk_officer")
    waiver.refresh_from_db()
    assert waiver.state == Waiver.objects.get().state
    assert state in (waiver.state, "proposed")
    assert Event.objects.filter(verb=f"waiver.{step}.refused").count() == 1


def test_fault_v32_the_same_request_twice_has_its_effect_once(world: World) -> None:
    person, key = as_(world.submitter), {"HTTP_IDEMPOTENCY_KEY": "one of mine"}

    first = person.post(f"{API}waivers/", wish(world), format="json", **key)
    again = person.post(f"{API}waivers/", wish(world), format="json", **key)
    other = person.post(f"{API}waivers/", wish(world, reason=REASON + " Indeed."), format="json", **key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"]
    assert (other.status_code, other.data["code"]) == (422, "idempotency_key_reused")
    assert Waiver.objects.count() == 1


@pytest.mark.parametrize("step", STEPS)
def test_fault_v32_a_step_sent_twice_is_taken_once(world: World, step: str) -> None:
    waiver = proposed(world)
    if step == "revoke":
        accepted(world, waiver)
    person = as_(world.risk_officer)
    headers = {**seen(waiver), "HTTP_IDEMPOTENCY_KEY": "another"}

    first, again = (person.post(at(waiver, step), WHY, **headers) for _time in range(2))
    without_key = person.post(at(waiver, step), WHY, **seen(waiver))

    assert (first.status_code, again.status_code) == (200, 200), first.data
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (without_key.status_code, without_key.data["code"]) == (409, "invalid_transition")
    verb = {"approve": "approved", "reject": "rejected", "revoke": "revoked"}[step]
    assert Event.objects.filter(verb=f"waiver.{verb}").count() == 1


@pytest.mark.django_db(transaction=True)
def test_fault_v32_twelve_at_once_make_one_waiver(transactional_db: None) -> None:
    world = World()
    person, statuses = as_(world.submitter), []
    credentials: dict[str, Any] = dict(person._credentials)

    def send() -> None:
        try:
            mine = APIClient()
            mine.credentials(**credentials)
            sent = mine.post(f"{API}waivers/", wish(world), format="json", HTTP_IDEMPOTENCY_KEY="at once")
            statuses.append(sent.status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert Waiver.objects.count() == 1
    assert len(statuses) == 12
    assert set(statuses) <= {201, 409}
    assert 201 in statuses


@pytest.mark.parametrize("path", ["", *STEPS])
def test_strangers_learn_nothing_of_a_waiver(world: World, path: str) -> None:
    waiver = proposed(world)
    stranger, nobody = as_(world.stranger), APIClient()
    address = at(waiver, path)
    absent = address.replace(f"/{waiver.pk}/", "/999999999/")

    def answers(who: APIClient, where: str) -> tuple[int, Any]:
        sent = who.post(where, WHY, HTTP_IF_MATCH='"1"') if path else who.get(where)
        return sent.status_code, sent.data

    assert answers(stranger, address) == answers(stranger, absent)
    assert answers(stranger, address)[0] == 404
    assert answers(nobody, address)[0] == 401
    assert stranger.get(f"{API}waivers/").data["items"] == []
    assert answers(client(world.risk_officer, "gate:read"), address)[0] == 403


def test_a_stranger_cannot_ask_for_a_waiver_of_what_they_do_not_see(world: World) -> None:
    answer = as_(world.stranger).post(f"{API}waivers/", wish(world), format="json")

    assert answer.status_code == 404
    assert not Waiver.objects.exists()


def test_the_list_is_filtered_by_the_state_of_this_moment(world: World) -> None:
    reader = as_(member(world.team, "viewer"))
    accepted(world)
    world.at -= 40 * DAY
    accepted(world, requirement="license.known")
    proposed(world, requirement="card.ok")

    def states(**asked: str) -> list[str]:
        return [item["state"] for item in reader.get(f"{API}waivers/", asked).data["items"]]

    assert states() == ["active", "expired", "expired"]
    assert (states(state="active"), states(state="expired")) == (["active"], ["expired", "expired"])
    assert states(state="proposed") == []
    assert states(digest=world.version.digest) == states(use_case=world.use_case.slug) == states()
    assert states(stage="production") == []
    assert reader.get(f"{API}waivers/", {"state": "gone"}).status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"findings": "all"},
        {"findings": [1]},
        {"findings": ["A" * 64]},
        {"findings": ["0" * 64] * 201},
        {"reason": "\x00" * 20},
        {"reason": "x" * 5001},
        {"compensating_control": ["x"]},
        {"policy": "../etc"},
        {"requirement": None},
        {"stage": "everywhere"},
        {"extends": 2**63},
        {"extends": -1},
        {"subject": "left out"},
        {"subject": {"kind": "model", "id": "acme/x", "revision": "main"}},
    ],
)
def test_what_makes_no_sense_is_a_400(world: World, fields: dict[str, Any]) -> None:
    answer = as_(world.submitter).post(f"{API}waivers/", wish(world, **fields), format="json")

    assert answer.status_code == 400, answer.data
    assert not Waiver.objects.exists()
