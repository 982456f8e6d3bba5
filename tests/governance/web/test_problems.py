"""Whatever goes wrong under /api/ is a problem that says what and how to mend it."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from governance.web.problems import MEDIA_TYPE
from tests.factories import member
from tests.governance.people.clients import program

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.governance.web.routes")]
ECHO = "/api/v1/test/echo/"
TEAMS = "/api/v1/test/teams/"


@pytest.fixture
def client():
    return program(member(None, "viewer"), raise_request_exception=False)


def problem(answer, status, code):
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == MEDIA_TYPE
    told = json.loads(answer.content)
    assert told["status"] == status
    assert told["code"] == code
    assert {"type", "title", "detail"} <= set(told)
    return told


def test_an_unknown_route_is_a_problem(client):
    problem(client.get("/api/v1/nowhere/"), 404, "not_found")
    problem(Client().get("/api/nowhere"), 404, "not_found")


def test_what_one_may_not_see_answers_as_what_does_not_exist(client):
    problem(client.get("/api/v1/use-cases/nobody-s/"), 404, "not_found")


def test_a_view_that_names_no_scope_is_closed(client):
    problem(client.get("/api/v1/test/unscoped/"), 403, "scope_missing")


def test_fault_v36_a_method_that_a_route_does_not_have_is_405(client):
    for method in ("put", "patch", "delete", "trace"):
        told = getattr(client, method)(ECHO)
        problem(told, 405, "method_not_allowed")
        assert "POST" in told["Allow"]


def test_fault_v36_a_body_of_another_type_is_415(client):
    problem(client.post(ECHO, "<a/>", content_type="application/xml"), 415, "unsupported_media_type")
    problem(client.post(ECHO, "a=1", content_type="application/x-www-form-urlencoded"), 415, "unsupported_media_type")
    problem(client.post(ECHO, "{}", content_type=";;="), 415, "unsupported_media_type")


def test_fault_v36_a_client_that_accepts_no_json_is_told_so_in_json(client):
    problem(client.get(TEAMS, headers={"Accept": "application/xml"}), 406, "not_acceptable")


def test_fault_v36_head_and_options_tell_what_there_is(client):
    head, options = client.head(TEAMS), client.options(TEAMS)

    assert (head.status_code, head.content) == (200, b"")
    assert options.json()["methods"] == {"GET": "catalog:read", "POST": "catalog:write"}
    problem(Client().options(TEAMS), 401, "not_authenticated")


def test_fields_that_are_wrong_are_named(client):
    told = problem(client.post(TEAMS, {"slug": "a b"}), 400, "invalid")

    assert set(told["errors"]) == {"slug", "name"}


def test_a_rule_of_the_models_is_a_problem_too(client):
    told = problem(client.get(ECHO, {"how": "rule"}), 400, "invalid")

    assert told["errors"] == {"name": ["too short"]}


def test_a_crash_is_a_problem_without_its_detail(client):
    answer = client.get(ECHO, {"how": "crash"})

    told = problem(answer, 500, "internal")
    assert "secret" not in answer.content.decode()
    assert told["request_id"] == answer["X-Request-Id"]


def test_a_database_that_does_not_answer_is_503_and_says_when_to_try_again(client):
    answer = client.get(ECHO, {"how": "database"})

    problem(answer, 503, "not_ready")
    assert answer["Retry-After"] == "5"


def test_a_form_from_elsewhere_is_a_problem_under_the_interface(rf):
    from governance.web.views import csrf_failure

    problem(csrf_failure(rf.post("/api/v1/submissions/")), 403, "forbidden")


def test_a_forgotten_slash_loses_no_body(client, settings):
    problem(client.post("/api/v1/test/teams", {"slug": "a", "name": "A"}), 404, "not_found")
    assert client.get("/api/v1/test/teams")["Location"] == TEAMS
    settings.DEBUG = True
    assert client.post("/api/v1/test/teams", {"slug": "a", "name": "A"}).status_code == 404


def test_a_host_that_is_not_ours_is_refused():
    problem(Client().get("/api/v1/teams/", headers={"Host": "evil.example"}), 400, "bad_request")


@pytest.mark.parametrize("query", ["?limit=%00", "?a=b%00", "?cursor=%00"])
def test_fault_v34_a_nul_character_in_the_address_is_refused(client, query):
    problem(client.get(TEAMS + query), 400, "nul_character")
    problem(client.get("/api/v1/entries/model/a%00b/c/"), 400, "nul_character")


def test_a_body_without_a_length_is_refused_and_not_taken_for_an_empty_one(client):
    in_chunks = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}

    told = problem(
        client.generic("POST", ECHO, b"", content_type="application/json", **in_chunks), 411, "length_required"
    )

    assert "Content-Length" in told["detail"]
    assert client.generic("POST", ECHO, b"{}", content_type="application/json").status_code == 200


def test_fault_v34_a_nul_character_in_a_cookie_is_refused():
    client = Client()
    client.cookies["assay_session"] = "a" * 32 + "\0"

    assert client.get("/account/").status_code == 400


@pytest.mark.parametrize("pk", [2**63, 10**30, -1])
def test_fault_v34_numbers_beyond_the_columns_are_not_found(client, pk):
    assert client.get(f"/api/v1/runs/{pk}/").status_code == 404
    assert client.get(f"/api/v1/submissions/{pk}/").status_code == 404


@pytest.mark.parametrize("written", ["{}", "%61sy{rest}"])
def test_fault_v37_a_token_in_the_address_is_refused(written):
    from governance.people.tokens import make

    token = make()[1]
    told = problem(
        Client().get(f"{TEAMS}?token=" + written.format(token, rest=token.removeprefix("a").removeprefix("sy"))),
        400,
        "token_in_query",
    )

    assert "asy_" not in json.dumps(told)
