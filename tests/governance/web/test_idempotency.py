"""The same request sent twice has its effect once and is answered the same."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from governance.people.models import Team
from governance.web import idempotency
from governance.web.models import IdempotencyRecord
from tests.factories import member
from tests.governance.people.clients import program
from tests.governance.web import routes

pytestmark = pytest.mark.urls("tests.governance.web.routes")
TEAMS, STRICT = "/api/v1/test/teams/", "/api/v1/test/strict/"


def send(client, key="k1", path=TEAMS, **body):
    body = body or {"slug": "blue", "name": "Blue"}
    return client.post(path, body, headers={"Idempotency-Key": key})


@pytest.fixture
def client(db):
    return program(member(None, "viewer"), raise_request_exception=False)


def test_a_repeated_request_is_answered_as_the_first_to_the_byte(client):
    first, second = send(client), send(client)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second["Location"] == first["Location"]
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert Team.objects.count() == 1


def test_another_order_of_the_members_is_the_same_body(client):
    send(client, slug="blue", name="Blue")

    assert send(client, name="Blue", slug="blue")["Idempotency-Replayed"] == "true"


def test_fault_v32_a_used_key_with_another_body_is_refused(client):
    send(client)

    answer = send(client, slug="red", name="Red")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert not Team.objects.filter(slug="red").exists()


def test_fault_v32_a_key_belongs_to_its_caller_and_route(client):
    send(client)

    other_person = send(program(member(None, "viewer")), slug="red", name="Red")
    other_route = client.post(STRICT, {"a": 1}, headers={"Idempotency-Key": "k1", "If-Match": '"3"'})

    assert other_person.status_code == 201
    assert other_route.json() == {"edition": 3, "sent": {"a": 1}}


def test_a_crash_undoes_the_work_and_leaves_the_key_free(client):
    broken = send(client, slug="blue", name="breaks")

    assert broken.status_code == 500
    assert not Team.objects.exists()
    assert send(client).status_code == 201


def test_a_refusal_undoes_the_work_and_leaves_the_key_free(client):
    refused = send(client, slug="blue", name="refused")

    assert refused.status_code == 409
    assert not Team.objects.exists()
    assert send(client).status_code == 201


def test_a_key_that_is_required_and_missing_is_asked_for(client):
    answer = client.post(STRICT, {})

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


@pytest.mark.parametrize("key", ["", "x" * 201, "a\x7f", "é"])
def test_a_key_that_cannot_be_kept_is_refused(client, key):
    answer = send(client, key)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


def record_of(user, *, created_at, body):
    import hashlib

    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return IdempotencyRecord.objects.create(user=user, route=TEAMS, key="k1", body_sha256=digest, created_at=created_at)


def test_a_request_that_is_still_being_worked_on_is_409(client, monkeypatch):
    monkeypatch.setattr(idempotency, "WAIT_S", 0.1)
    user = member(None, "viewer")
    record_of(user, created_at=timezone.now(), body={"slug": "blue", "name": "Blue"})

    answer = send(program(user))

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_flight")
    assert answer["Retry-After"] == "1"
    assert not Team.objects.exists()


def test_the_place_of_a_request_that_died_is_taken(client):
    user = member(None, "viewer")
    long_ago = timezone.now() - idempotency.DEAD_AFTER - dt.timedelta(seconds=1)
    record_of(user, created_at=long_ago, body={"slug": "blue", "name": "Blue"})

    first, second = send(program(user)), send(program(user))

    assert first.status_code == 201
    assert second.content == first.content
    assert Team.objects.count() == 1


def test_one_that_comes_back_after_its_place_was_taken_does_nothing(client, monkeypatch):
    late, plain = program(member(None, "viewer")), routes.TeamDocument.save

    def slow(self, **kwargs):
        IdempotencyRecord.objects.update(created_at=timezone.now() + dt.timedelta(minutes=1))
        return plain(self, **kwargs)

    monkeypatch.setattr(routes.TeamDocument, "save", slow)
    answer = send(late)

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_taken_over")
    assert not Team.objects.exists()


def test_answers_are_forgotten_after_two_days(client):
    send(client)
    now = timezone.now()

    assert idempotency.forget_old_keys(at=now + idempotency.KEPT_FOR - dt.timedelta(minutes=1)) == 0
    assert idempotency.forget_old_keys(at=now + idempotency.KEPT_FOR + dt.timedelta(minutes=1)) == 1


def test_an_upload_is_stored_once_for_one_key(client):
    def upload():
        return client.generic(
            "POST",
            "/api/v1/uploads/",
            b"a,b\n1,2\n",
            content_type="text/csv",
            headers={"Idempotency-Key": "u1", "X-Filename": "t.csv"},
        )

    first, second = upload(), upload()

    assert first.status_code == 201, first.content
    assert second.content == first.content


def test_fault_v32_a_raw_file_of_the_same_size_is_another_body(client):
    def upload(content):
        headers = {"Idempotency-Key": "u2", "X-Filename": "t.csv"}
        return client.generic("POST", "/api/v1/uploads/", content, content_type="text/csv", headers=headers)

    assert upload(b"a\n1\n").status_code == 201
    assert upload(b"a\n1\n")["Idempotency-Replayed"] == "true"
    assert upload(b"a\n2\n").status_code == 422


def test_a_form_with_another_file_of_the_same_size_is_another_body(client):
    from django.core.files.uploadedfile import SimpleUploadedFile

    def upload(content):
        file = SimpleUploadedFile("t.csv", content, "text/csv")
        return client.post("/api/v1/uploads/", {"file": file}, format="multipart", headers={"Idempotency-Key": "u1"})

    assert upload(b"a\n1\n").status_code == 201
    assert upload(b"a\n1\n")["Idempotency-Replayed"] == "true"
    assert upload(b"a\n2\n").status_code == 422


@pytest.mark.django_db(transaction=True)
def test_what_fails_after_the_work_is_kept_does_not_free_the_key(monkeypatch):
    def broken():
        raise RuntimeError("the message was not sent")

    plain = routes.TeamDocument.save
    monkeypatch.setattr(
        routes.TeamDocument, "save", lambda self, **kwargs: transaction.on_commit(broken) or plain(self, **kwargs)
    )
    client = program(member(None, "viewer"), raise_request_exception=False)

    failed, again = send(client), send(client)

    assert failed.status_code == 500
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert Team.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_fault_v32_fifty_equal_requests_at_once_have_one_effect_and_one_answer(monkeypatch):
    monkeypatch.setattr(routes.Teams, "takes_s", 0.1)
    user = member(None, "viewer")
    programs = [program(user) for _ in range(50)]
    together = threading.Barrier(10)

    def ask(client):
        try:
            if programs.index(client) < 10:
                together.wait(30)
            return send(client)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, programs))

    assert Counter(answer.status_code for answer in answers) == {201: 50}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer for answer in answers) == 1
    assert Team.objects.count() == 1


@pytest.mark.parametrize(("sent", "edition"), [('"7"', 7), ('W/"7"', 7), ("7", 7), (' "0" ', 0)])
def test_a_transition_names_the_edition_that_was_seen(client, sent, edition):
    answer = client.post(STRICT, {}, headers={"Idempotency-Key": "k", "If-Match": sent})

    assert answer.json()["edition"] == edition


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 428, "if_match_required"),
        ({"If-Match": "*"}, 412, "stale"),
        ({"If-Match": '"1", "2"'}, 412, "stale"),
        ({"If-Match": '"' + "9" * 30 + '"'}, 412, "stale"),
        ({"If-Match": '"x"'}, 412, "stale"),
        ({"If-Match": ""}, 412, "stale"),
    ],
)
def test_a_transition_without_a_readable_edition_is_refused(client, headers, status, code):
    answer = client.post(STRICT, {}, headers={"Idempotency-Key": "k", **headers})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
