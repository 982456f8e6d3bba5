"""No client can bring the interface to a 5xx: every route, parameter and field of the schema is fed with what hurts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from tests.factories import RunFactory, SubmissionFactory, TeamFactory, UseCaseFactory, VersionFactory, member
from tests.governance.people.clients import program

pytestmark = pytest.mark.django_db
WORDS = [
    "",
    " ",
    "0",
    "-1",
    str(2**63),
    str(10**30),
    "9" * 5000,
    "1e400",
    "NaN",
    "null",
    "true",
    "a\u202eb",
    "\U0001f600" * 300,
    "'; DROP TABLE people_user; --",
    "%ff%fe",
    "../../../etc/passwd",
    "x" * 20_000,
    "_",
    "%",
    "0" * 40,
    "f" * 64,
    "2026-13-45T99:99:99Z",
    "00000000-0000-0000-0000-000000000000",
]
VALUES: list[Any] = [
    *WORDS,
    None,
    True,
    0,
    -1,
    2**63 - 1,
    -(2**63),
    1.5,
    1e300,
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"a": {"b": ["c"]}},
    ["x"] * 1000,
]
# Every run tries some of them; all are tried with LONG=1.
FEW_WORDS = ["", "-1", "9" * 5000, "a\u202eb", "x" * 20_000, "_", "0" * 40]
FEW_VALUES: list[Any] = ["", "x" * 20_000, None, -1, 2**63 - 1, [None], {"a": {"b": ["c"]}}]
BODIES = [b"", b"[]", b"{}", b"null", b"1", b'"x"', b"[1,", b"\xff", b'{"a":1,"a":2}', b'{"a":"\\u0000"}', b"[" * 5000]


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


@pytest.fixture
def client():
    """Somebody who may do everything, so that what is sent gets as far as it can."""
    roles = ["submitter", "approver", "risk_officer", "admin", "reviewer:ethics", "reviewer:domain"]
    return program(member(None, *roles), raise_request_exception=False)


@pytest.fixture
def there():
    """What paths can name: one of each thing."""
    team = TeamFactory()
    version = VersionFactory(entry__team=team)
    submission = SubmissionFactory(version=version, use_case=UseCaseFactory(owner_team=team))
    return {
        "pk": submission.pk,
        "id": submission.pk,
        "slug": submission.use_case.slug,
        "kind": version.entry.kind,
        "ns": version.entry.repo_id.partition("/")[0],
        "name": version.entry.repo_id.partition("/")[2],
        "sha": version.revision,
        "public_id": "00000000-0000-0000-0000-000000000000",
        "licence": "apache-2.0",
        "form": "html",
        "run": RunFactory(subject_digest=version.digest).pk,
    }


def operations(schema, *methods):
    for path, item in schema["paths"].items():
        for method in methods:
            if method in item:
                yield path, method, item[method]


def filled(path, there):
    values = {**there, "pk": there["run"], "id": there["run"]} if path.startswith("/api/v1/runs/") else there
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", str(value))
    assert "{" not in path, path
    return path


def crashed(answer, *what):
    """Whether it is the server's fault; if so, say what was sent."""
    if answer.status_code < 500:
        return []
    return [(answer.status_code, *what)]


@pytest.mark.parametrize("words", [FEW_WORDS, pytest.param(WORDS, marks=pytest.mark.long)], ids=["few", "all"])
def test_fault_v34_no_parameter_of_an_address_crashes(client, there, schema, words):
    bad = []
    for path, _method, operation in operations(schema, "get"):
        url = filled(path, there)
        names = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
        for word in words:
            for name in {*names, "unknown"}:
                bad += crashed(client.get(url, {name: word}), url, name, word[:40])
            bad += crashed(client.get(url, dict.fromkeys(names, word)), url, "all", word[:40])

    assert not bad


def test_fault_v34_no_part_of_a_path_crashes(client, there, schema):
    bad = []
    for path, method, _operation in operations(schema, "get", "post"):
        for name in [name for name in there if f"{{{name}}}" in path]:
            for word in ["%2e%2e", "%ff", "-1", str(2**63), "9" * 5000, "a%0ab", "%F0%9F%98%80", "a@b", "x" * 3000]:
                url = filled(path, {**there, name: word, "run": word if name in ("pk", "id") else there["run"]})
                bad += crashed(client.generic(method.upper(), url, b"{}", content_type="application/json"), method, url)

    assert not bad


def properties(schema, operation):
    """The fields of a JSON body, with those of the objects in it."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None

    def resolved(part):
        while "$ref" in part or "allOf" in part:
            name = part.get("$ref") or part["allOf"][0]["$ref"]
            part = schema["components"]["schemas"][name.rpartition("/")[2]]
        return part

    def described(part):
        return {name: resolved(inner) for name, inner in resolved(part).get("properties", {}).items()}

    return {name: described(inner) or None for name, inner in described(content["schema"]).items()}


@pytest.mark.parametrize("values", [FEW_VALUES, pytest.param(VALUES, marks=pytest.mark.long)], ids=["few", "all"])
def test_fault_v34_no_field_of_a_body_crashes(client, there, schema, values):
    bad = []
    for path, method, operation in operations(schema, "post", "put", "patch"):
        fields = properties(schema, operation)
        if fields is None:
            continue
        url = filled(path, there)
        for value in values:
            plain = dict.fromkeys(fields, value)
            inner = {name: dict.fromkeys(parts, value) if parts else value for name, parts in fields.items()}
            for body in (plain, {**inner, "unknown": value}):
                answer = client.generic(
                    method.upper(),
                    url,
                    json.dumps(body).encode(),
                    content_type="application/json",
                    headers={"If-Match": '"0"'},
                )
                bad += crashed(answer, method, url, str(value)[:40])

    assert not bad


def test_fault_v35_no_body_crashes(client, there, schema):
    bad = []
    for path, method, _operation in operations(schema, "post", "put", "patch"):
        url = filled(path, there)
        for body in BODIES:
            answer = client.generic(
                method.upper(), url, body, content_type="application/json", headers={"If-Match": '"0"'}
            )
            bad += crashed(answer, method, url, body[:40])

    assert not bad


def test_strangers_get_401_everywhere(there, schema):
    from rest_framework.test import APIClient

    stranger = APIClient()
    for path, method, _operation in operations(schema, "get", "post", "put", "patch", "delete"):
        answer = stranger.generic(method.upper(), filled(path, there), b"{}", content_type="application/json")

        assert answer.status_code == 401, (method, path)


def test_a_token_without_the_scope_gets_403_everywhere(there, schema):
    every = {"catalog:read", "catalog:write", "audits:run", "gate:read", "reviews:write", "reports:read"}
    user = member(None, "admin", "approver")
    asked = list(operations(schema, "get", "post", "put", "patch", "delete"))
    # one for each scope, and not for each operation: a person has a hundred tokens at most
    without = {scope: program(user, *(every - {scope})) for scope in {one["x-scope"] for _path, _method, one in asked}}
    for path, method, operation in asked:
        lacking = without[operation["x-scope"]]

        answer = lacking.generic(method.upper(), filled(path, there), b"{}", content_type="application/json")

        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), (method, path)


def test_a_person_without_roles_sees_nothing_of_a_teams_work(there, schema):
    nobody = program(member(None))
    for path, _method, _operation in operations(schema, "get"):
        if "/policies/" in path or "/gate/" in path or "/licenses/" in path:
            continue  # policies and the licence table bind everybody, and the gate denies what it does not know
        answer = nobody.get(filled(path, there), {"from": there["sha"], "to": there["sha"]})

        if "{" in path:
            assert answer.status_code == 404, path
        else:
            assert answer.json()["items"] == [], path
