"""The log names every request, and no secret."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from django.test import Client

from config.logs import JsonLines
from governance.people.tokens import make
from tests.factories import UserFactory, member
from tests.governance.people.clients import browser, program

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.governance.web.routes")]


@pytest.fixture
def lines(caplog):
    """What the process would have written, as it would have been written."""
    caplog.set_level(logging.DEBUG)
    written = JsonLines()
    return lambda: [json.loads(written.format(record)) for record in caplog.records]


def requests_in(lines):
    return [line for line in lines() if line["logger"] == "governance.web.middleware"]


def test_a_request_is_one_line_without_its_query(lines):
    client = program(member(None, "viewer"))

    answer = client.get("/api/v1/teams/?q=private")

    (line,) = requests_in(lines)
    assert line["path"] == "/api/v1/teams/"
    assert (line["method"], line["status"], line["request_id"]) == ("GET", 200, answer["X-Request-Id"])
    assert "private" not in json.dumps(lines())


def test_a_line_names_the_person_by_number_where_that_is_known(lines, django_assert_num_queries):
    user = member(None, "viewer")
    program(user).get("/api/v1/teams/")
    browser(user).get("/account/")
    Client().get("/robots.txt")

    assert [line["user"] for line in requests_in(lines)] == [user.pk, user.pk, None]
    assert user.email not in json.dumps(lines())


def test_finding_out_who_asked_costs_nothing(django_assert_num_queries):
    client = browser(UserFactory())

    with django_assert_num_queries(0):
        client.get("/healthz")


def test_health_checks_leave_no_line(lines):
    Client().get("/healthz")

    assert not requests_in(lines)


def test_the_code_of_an_invitation_is_not_in_the_log(lines):
    Client().get("/invitation/the-secret-code/")

    assert requests_in(lines)[0]["path"] == "/invitation/<str:code>/"
    assert "the-secret-code" not in json.dumps(requests_in(lines))


def test_fault_v37_no_way_of_sending_a_token_brings_it_into_the_log(lines):
    secret = make()[1]
    client = Client(raise_request_exception=False)

    client.get(f"/api/v1/teams/?token={secret}")
    client.get(f"/api/v1/teams/{secret}/")
    client.get(f"/{secret}")
    client.get("/api/v1/teams/", headers={"Authorization": f"Bearer {secret}"})
    client.post("/sign-in/", {"email": "a@example.org", "password": secret})
    program(member(None, "viewer"), raise_request_exception=False).get("/api/v1/test/echo/?how=crash")

    text = json.dumps(lines())
    assert "crash" not in text or "secret detail" in text  # the traceback is there …
    assert "asy_" not in text  # … and no token


def test_a_token_in_a_traceback_is_blotted_out():
    secret = make()[1]
    try:
        raise RuntimeError(f"cannot send {secret}")
    except RuntimeError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed with %s", (secret,), sys.exc_info())

    written = JsonLines().format(record)

    assert "asy_" not in written
    assert "[token]" in written
    assert "RuntimeError" in written
