"""The gate over REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from governance.people.models import User
from tests.factories import TeamFactory, member
from tests.governance.catalog.clients import API, client
from tests.governance.world import World


def as_(user: User) -> APIClient:
    return client(user, "gate:read")


def ask(world: World, asking: APIClient, *, sha: str | None = None, headers: Any = None, **asked: str) -> Any:
    entry = world.version.entry
    address = f"{API}gate/{entry.kind}/{entry.namespace}/{entry.name}@{sha or world.version.revision}"
    query = {"use_case": world.use_case.slug, "stage": world.stage, **asked}
    return asking.get(address, query, **(headers or {}))


def test_an_approved_version_is_let_through(world: World) -> None:
    world.approved()

    answer = ask(world, as_(world.submitter))

    assert answer.status_code == 200
    assert (answer.data["verdict"], answer.data["exit_code"]) == ("allow", 0)
    assert answer.headers["Cache-Control"] == "private, max-age=0"
    assert answer.headers["ETag"].startswith('"')


def test_every_verdict_is_answered_with_200(world: World) -> None:
    asking = as_(world.submitter)
    verdicts = [ask(world, asking).data["verdict"]]
    submission = world.audited()
    verdicts.append(ask(world, asking).data["verdict"])
    world.attach(submission, b"label,prediction,group\n1,2\n")
    world.run_audits()
    verdicts.append(ask(world, asking).data["verdict"])

    assert verdicts == ["deny", "pending", "error"]


def test_fault_v33_an_answer_that_has_not_changed_is_not_sent_again(world: World) -> None:
    submission = world.audited()
    asking = as_(world.domain)
    tag = ask(world, asking).headers["ETag"]

    same = ask(world, asking, headers={"HTTP_IF_NONE_MATCH": f'"other", {tag}'})
    world.vote(submission, world.domain, "domain")
    other = ask(world, asking, headers={"HTTP_IF_NONE_MATCH": tag})

    assert (same.status_code, same.content) == (304, b"")
    assert other.status_code == 200
    assert other.headers["ETag"] != tag


@pytest.mark.parametrize("sha", ["main", "v1", "0f1e2d3", "A" * 40, "0" * 41, "feature/x", "refs/heads/main"])
def test_fault_v07_a_branch_is_422(world: World, sha: str) -> None:
    answer = ask(world, as_(world.submitter), sha=sha)

    assert (answer.status_code, answer.data["code"]) == (422, "revision_must_be_commit_sha")


def test_strangers_and_unknown_names_get_the_same_no(world: World) -> None:
    world.approved()
    stranger = as_(member(TeamFactory(), "approver"))

    unseen, unknown = ask(world, stranger), ask(world, stranger, use_case="no-such-use-case")

    for answer in (unseen, unknown):
        assert answer.status_code == 200
        assert (answer.data["verdict"], answer.data["reason_codes"]) == ("deny", ["no_approval"])
        assert answer.data["grant"] is None
    assert set(unseen.data) == set(unknown.data)


def test_who_has_no_token_or_not_its_scope_is_not_answered(world: World) -> None:
    world.approved()

    assert ask(world, APIClient()).status_code == 401
    assert ask(world, client(world.submitter, "catalog:read")).status_code == 403


def test_an_answer_costs_two_queries_beyond_the_tokens(world: World) -> None:
    world.approved()
    asking = as_(world.submitter)
    ask(world, asking)  # the first use of a token is noted, once a minute

    with CaptureQueriesContext(connection) as granted:
        ask(world, asking)
    with CaptureQueriesContext(connection) as unknown:
        ask(world, asking, stage="production")

    assert len(granted) == 1 + 1, [query["sql"][:90] for query in granted]
    assert len(unknown) <= 1 + 2, [query["sql"][:90] for query in unknown]


@pytest.mark.parametrize("asked", [{"stage": "moon"}, {"use_case": "x" * 61}, {"use_case": ""}, {"stage": ""}])
def test_a_question_that_is_none_is_refused(world: World, asked: dict[str, str]) -> None:
    assert ask(world, as_(world.submitter), **asked).status_code == 400


def test_a_repository_without_a_namespace_is_asked_for_with_an_underscore(world: World) -> None:
    from tests.factories import EntryFactory

    world.version = world.new_version(entry=EntryFactory(repo_id="gpt2"))
    world.approved()
    address = f"{API}gate/model/_/gpt2@{world.version.revision}"

    answer = as_(world.submitter).get(address, {"use_case": world.use_case.slug, "stage": world.stage})

    assert (answer.data["verdict"], answer.data["subject"]["id"]) == ("allow", "gpt2")


def test_another_kind_is_refused(world: World) -> None:
    address = f"{API}gate/toaster/acme/model@{'0' * 40}"

    answer = as_(world.submitter).get(address, {"use_case": "a", "stage": "pilot"})

    assert (answer.status_code, answer.data["code"]) == (422, "unknown_kind")
