from __future__ import annotations

import uuid
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from governance.catalog.models import ImportRequest, ImportState
from governance.catalog.snapshots import LOCAL
from governance.people.models import Team, User
from tests.factories import TeamFactory, member
from tests.governance.catalog.cards import CARD, card, imported
from tests.governance.catalog.clients import API, READ, WRITE, client, get

pytestmark = pytest.mark.django_db
SHA = "0123456789abcdef0123456789abcdef01234567"
ENTRY = "entries/model/org/model/"


@pytest.fixture
def team() -> Team:
    return TeamFactory.create(slug="credit")


@pytest.fixture
def reader(team: Team) -> User:
    return member(team, "viewer")


# --- reading ----------------------------------------------------------


def test_the_catalogue_is_listed_and_says_how_it_is_ordered(reader: User) -> None:
    for name in ("org/a", "org/b", "org/c"):
        imported(name, raw=card(license="mit"))

    first = get(reader, "entries/", limit=2).json()
    last = client(reader, READ).get(first["next"]).json()

    assert [item["subject"]["id"] for item in first["items"]] == ["org/a", "org/b"]
    assert [item["subject"]["id"] for item in last["items"]] == ["org/c"]
    assert first["order"] == ["key", "pk"]
    assert (first["total"], first["more"], first["previous"], last["next"]) == (3, False, None, None)
    assert client(reader, READ).get(last["previous"]).json()["items"] == first["items"]
    item = first["items"][0]
    assert item["subject"] == {
        "kind": "model",
        "id": "org/a",
        "ns": "org",
        "name": "a",
        "source": "hub:huggingface.co",
    }
    assert item["latest"]["licenses"] == ["mit"]
    assert item["card"]["verdict"] in ("pass", "warn", "fail")
    assert 0 < item["card"]["score"] < 1


def test_the_catalogue_is_searched_and_filtered(reader: User) -> None:
    imported("org/bert", raw=card(license="mit"))
    imported("org/gpt", raw=card(license="gpl-3.0"), kind="dataset")
    imported("org/unaudited", raw=card(base_model="org/mentioned"))

    def ids(**asked: Any) -> list[str]:
        return [item["subject"]["id"] for item in get(reader, "entries/", **asked).json()["items"]]

    assert ids(q="bert") == ["org/bert"]
    assert ids(kind="dataset") == ["org/gpt"]
    assert ids(license="mit") == ["org/bert"]
    assert ids(catalogued="false") == ["org/mentioned"]
    assert len(ids(catalogued="all")) == 4


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "models"},
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "-1"},
        {"limit": "9" * 30},
        {"cursor": "x"},
        {"cursor": "A" * 1000},
        {"sort": "size"},
        {"q": "a\0b"},
        {"q": "x" * 201},
        {"catalogued": "maybe"},
    ],
)
def test_fault_v34_a_question_that_makes_no_sense_is_a_problem_and_no_crash(
    reader: User, asked: dict[str, str]
) -> None:
    answer = get(reader, "entries/", **asked)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_entry_without_a_namespace_is_found_under_an_underscore(reader: User) -> None:
    imported("gpt2", raw=card(license="mit"))

    found = get(reader, "entries/model/_/gpt2/").json()

    assert found["subject"]["id"] == "gpt2"
    assert (found["subject"]["ns"], found["subject"]["name"]) == ("_", "gpt2")
    assert found["aliases"] == []


def test_an_entry_shows_the_names_that_it_also_goes_by(reader: User) -> None:
    imported("old/name", revision=SHA)
    imported("new/name", requested_id="old/name", revision="f" * 40)

    assert get(reader, "entries/model/new/name/").json()["aliases"] == ["new/name"]


def test_the_versions_of_an_entry_are_listed_newest_first(reader: User) -> None:
    first = imported(raw=card(license="mit")).version
    second = imported(raw=card(license="apache-2.0")).version

    found = get(reader, ENTRY + "versions/").json()

    assert [item["digest"] for item in found["items"]] == [second.digest, first.digest]
    assert found["order"] == ["-imported_at", "-id"]


def test_a_version_is_found_by_its_commit_and_by_its_digest(reader: User) -> None:
    version = imported(revision=SHA, files={"config.json": b"{}"}).version

    by_commit = get(reader, f"{ENTRY}versions/{SHA}/").json()
    by_digest = get(reader, f"{ENTRY}versions/{version.digest}/").json()

    assert by_commit == by_digest
    assert by_commit["digest"] == version.digest
    assert by_commit["card"]["metadata"]["license"] == "apache-2.0"
    assert by_commit["card"]["findings"][0].keys() == {"code", "severity", "field", "line", "locus", "params"}
    assert [file["path"] for file in by_commit["files"]] == ["README.md", "config.json"]
    assert by_commit["role_digests"].keys() == {"card", "config"}


@pytest.mark.parametrize("sha", ["main", "abc1234", "A" * 40, "v1.0"])
def test_fault_v07_a_branch_or_short_sha_is_told_what_to_give(reader: User, sha: str) -> None:
    imported(revision=SHA)

    answer = get(reader, f"{ENTRY}versions/{sha}/")

    assert answer.status_code == 422
    assert answer.json()["code"] == "revision_must_be_commit_sha"


def test_lineage_is_answered_in_both_directions(reader: User) -> None:
    imported("org/model", raw=card(base_model="org/base"))
    imported("org/base", raw=card(license="mit"))

    up = get(reader, ENTRY + "lineage/").json()
    down = get(reader, "entries/model/org/base/lineage/", direction="down", depth=2).json()

    assert [(hop["relation"], hop["target"]["id"]) for hop in up["hops"]] == [("finetune", "org/base")]
    assert [(hop["relation"], hop["origin"]["id"]) for hop in down["hops"]] == [("finetune", "org/model")]
    assert (up["direction"], up["depth"], down["depth"]) == ("up", 3, 2)


def test_lineage_starts_from_the_version_that_is_named(reader: User) -> None:
    old = imported(raw=card(base_model="org/old")).version
    imported(raw=card(base_model="org/new"))

    found = get(reader, ENTRY + "lineage/", sha=old.digest).json()

    assert [hop["target"]["id"] for hop in found["hops"]] == ["org/old"]


@pytest.mark.parametrize("asked", [{"direction": "sideways"}, {"depth": "0"}, {"depth": "11"}, {"depth": "x"}])
def test_a_direction_or_depth_that_is_none_is_a_problem(reader: User, asked: dict[str, str]) -> None:
    imported()

    assert get(reader, ENTRY + "lineage/", **asked).status_code == 400


def test_two_versions_are_compared(reader: User) -> None:
    before = imported(raw=card(license="mit"), revision=SHA).version
    after = imported(raw=card(license="apache-2.0"), revision="f" * 40, files={"a.py": b""}).version

    found = get(reader, ENTRY + "diff/", **{"from": SHA, "to": after.digest}).json()

    assert (found["before"]["digest"], found["after"]["digest"]) == (before.digest, after.digest)
    assert [(change["name"], change["change"]) for change in found["files"]] == [
        ("README.md", "changed"),
        ("a.py", "added"),
    ]
    assert found["metadata"] == [{"name": "license", "change": "changed", "before": "mit", "after": "apache-2.0"}]
    assert found["card_changed"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 400),
        ({"from": SHA}, 400),
        ({"from": "main", "to": SHA}, 422),
        ({"from": SHA, "to": "e" * 40}, 404),
    ],
)
def test_what_cannot_be_compared_is_a_problem(reader: User, asked: dict[str, str], status: int) -> None:
    imported(revision=SHA)

    assert get(reader, ENTRY + "diff/", **asked).status_code == status


def test_a_page_of_the_catalogue_costs_five_queries_the_token_s_included(
    reader: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        imported(f"org/model-{number}", raw=card(license="mit"))
    asking = client(reader, READ)
    asking.get(API + "entries/")  # a token's first use in a minute is noted

    with django_assert_num_queries(5):
        assert len(asking.get(API + "entries/", {"q": "model"}).json()["items"]) == 5


# --- who may ----------------------------------------------------------


def paths(version: Any) -> list[str]:
    address = f"entries/{version.entry.kind}/{version.entry.namespace}/{version.entry.name}/"
    return [
        address,
        f"{address}versions/",
        f"{address}versions/{version.digest}/",
        f"{address}lineage/",
        f"{address}diff/?from={version.digest}&to={version.digest}",
    ]


def test_fault_v18_strangers_find_nothing_of_another_team_s_entry(reader: User, team: Team) -> None:
    theirs = TeamFactory.create()
    submitter = member(theirs, "submitter")
    version = imported("org/secret", source=LOCAL, by=submitter, team=theirs).version

    for path in paths(version):
        assert client(submitter, READ).get(API + path).status_code == 200
        assert client(reader, READ).get(API + path).status_code == 404
    assert get(reader, "entries/").json()["total"] == 0
    assert get(submitter, "entries/").json()["total"] == 1


def test_every_route_wants_a_token_with_its_scope(reader: User) -> None:
    version = imported().version
    routes = ["entries/", *paths(version), f"entries/imports/{uuid.uuid4()}/", "use-cases/", "teams/"]

    for path in routes:
        assert APIClient().get(API + path).status_code in (401, 403)
        refused = client(reader, "gate:read").get(API + path)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    for path in ("entries/import/", "use-cases/"):
        assert client(reader, READ).post(API + path, {}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "entries/model/org/nothing/",
        "entries/models/org/model/",
        "entries/model/org/" + "x" * 500 + "/",
        "entries/model/org/model/?source=" + "x" * 500,
        f"entries/model/org/nothing/versions/{SHA}/",
        "entries/model/org/nothing/versions/",
        f"entries/imports/{uuid.UUID(int=0)}/",
    ],
)
def test_what_is_not_there_is_not_found(reader: User, path: str) -> None:
    imported()

    answer = get(reader, path)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["entries/model/org/mo%00del/", "entries/model/org/model/?source=%00"])
def test_fault_v34_a_nul_in_an_address_is_refused(reader: User, path: str) -> None:
    imported()

    assert get(reader, path).status_code in (400, 404)


# --- imports ----------------------------------------------------------


def ask(user: User, body: Any, **headers: str) -> Any:
    return client(user, WRITE).post(API + "entries/import/", body, headers=headers)


def test_an_import_is_queued_and_its_address_tells_how_it_goes(team: Team) -> None:
    submitter = member(team, "submitter")

    answer = ask(submitter, {"id": "org/model", "revision": SHA, "team": "credit"})

    assert answer.status_code == 202
    wish = ImportRequest.objects.get()
    assert answer.headers["Location"].endswith(f"/api/v1/entries/imports/{wish.public_id}/")
    assert (wish.repo_id, wish.kind, wish.revision, wish.team) == ("org/model", "model", SHA, team)
    told = client(submitter, READ).get(answer.headers["Location"]).json()
    assert (told["state"], told["version"], told["subject"]) == ("queued", None, None)


def test_a_finished_import_names_its_version(team: Team) -> None:
    submitter = member(team, "submitter")
    wish = ask(submitter, {"id": "org/model"}).json()
    version = imported(revision=SHA).version
    ImportRequest.objects.update(state=ImportState.DONE, version=version, change="created")

    told = client(submitter, READ).get(wish["url"]).json()

    assert told["state"] == "done"
    assert told["subject"]["id"] == "org/model"
    assert told["version"]["digest"] == version.digest


def test_the_same_wish_sent_twice_is_one(team: Team) -> None:
    submitter = member(team, "submitter")

    first = ask(submitter, {"id": "org/model"}, **{"Idempotency-Key": "k1"})
    again = ask(submitter, {"id": "org/model"}, **{"Idempotency-Key": "k1"})
    other = ask(submitter, {"id": "org/other"}, **{"Idempotency-Key": "k1"})

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert first.json() == again.json()
    assert ImportRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"id": "org/model", "kind": "models"}, 400, "invalid"),
        ({"id": "../../etc"}, 422, "bad_repo_id"),
        ({"id": "org/‮evil"}, 422, "bad_repo_id"),
        ({"id": "org/model", "revision": "main"}, 422, "revision_must_be_commit_sha"),
        ({"id": "org/model", "revision": ""}, 400, "invalid"),
        ({"id": "org/model", "team": "no-such-team"}, 422, "unknown_team"),
        ({"id": "org\0model"}, 400, "nul_character"),
        ([], 400, "invalid"),
        ({"id": {"a": 1}}, 400, "invalid"),
    ],
)
def test_a_wish_that_cannot_be_carried_out_is_a_problem(team: Team, body: Any, status: int, code: str) -> None:
    answer = ask(member(team, "submitter"), body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not ImportRequest.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "auditor", "reviewer:legal", "approver"])
def test_only_submitters_ask_for_imports(team: Team, role: str) -> None:
    answer = ask(member(team, role), {"id": "org/model"})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_another_team_s_name_is_as_unknown_as_one_that_is_not_there(team: Team) -> None:
    theirs = TeamFactory.create()

    answer = ask(member(team, "submitter"), {"id": "org/model", "team": theirs.slug})

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_team")


def test_an_import_is_shown_to_who_asked_and_to_the_team_it_is_for(team: Team) -> None:
    asker = member(team, "submitter")
    own, shared = ask(asker, {"id": "org/a"}).json(), ask(asker, {"id": "org/b", "team": "credit"}).json()
    mate, stranger = member(team, "viewer"), member(TeamFactory.create(), "submitter")

    def sees(user: User, wish: Any) -> bool:
        return bool(client(user, READ).get(wish["url"]).status_code == 200)

    assert [sees(asker, own), sees(asker, shared)] == [True, True]
    assert [sees(mate, own), sees(mate, shared)] == [False, True]
    assert [sees(stranger, own), sees(stranger, shared)] == [False, False]


def test_a_raw_card_never_leaves_through_the_list_of_versions(reader: User) -> None:
    imported(raw=CARD)

    assert "raw" not in get(reader, ENTRY + "versions/").content.decode()
