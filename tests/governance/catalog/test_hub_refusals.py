from __future__ import annotations

from typing import Any

import pytest

from governance.catalog.hub import HubRefused, fetch, source_of
from governance.catalog.snapshots import SnapshotRefused
from tests.hub.asking import CARD, TOKEN, ask, refused
from tests.hub.server import HubServer

pytest_plugins = ["tests.hub.fixtures"]


@pytest.mark.parametrize("revision", ["main", "v1.0", "6aca9fe", "refs/pr/1", ""])
def test_a_revision_that_is_not_a_commit_is_refused_before_anybody_is_asked(hub: HubServer, revision: str) -> None:
    hub.add("org/m")

    with pytest.raises(SnapshotRefused) as caught:
        ask(hub, revision=revision)

    assert caught.value.code == "revision_must_be_commit_sha"
    assert hub.asked == []


@pytest.mark.parametrize("name", ["../../api/whoami-v2", "org/m?x=1", "org/m#", "a/b/c", "org/m/../n"])
def test_a_name_that_would_ask_for_something_else_is_refused_before_anybody_is_asked(hub: HubServer, name: str) -> None:
    with pytest.raises(SnapshotRefused) as caught:
        ask(hub, name)

    assert caught.value.code == "bad_repo_id"
    assert hub.asked == []


def test_a_name_that_only_old_repositories_have_is_refused_as_the_client_refuses_it(hub: HubServer) -> None:
    assert refused(hub, "glasses/resnet18.git").code == "bad_repo_id"


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
@pytest.mark.parametrize("token", [None, TOKEN])
def test_an_unknown_repository_is_refused_and_says_how_to_mend_it(hub: HubServer, kind: str, token: str | None) -> None:
    hub.tokens[TOKEN] = "ann"

    error = refused(hub, "no/one", kind, token=token)

    assert error.code == "repository_not_found"
    assert f"there is no {kind} no/one" in error.message
    assert "HF_TOKEN" in error.message
    assert len(hub.asked) == 1


def test_a_repository_of_another_kind_is_not_found(hub: HubServer) -> None:
    hub.add("org/m", kind="dataset")

    assert refused(hub, kind="model").code == "repository_not_found"


def test_a_private_repository_is_read_only_with_a_token_that_may(hub: HubServer) -> None:
    hub.add("org/m", private=True, readers=["bob"])
    hub.tokens |= {"hf_ann": "ann", TOKEN: "bob"}

    assert refused(hub).code == "repository_not_found"
    assert refused(hub, token="hf_ann").code == "repository_not_found"
    assert ask(hub, token=TOKEN).private is True


def test_a_gated_repository_is_refused_without_a_token_and_says_to_ask_for_access(hub: HubServer) -> None:
    hub.add("org/m", gated="manual")

    error = refused(hub)

    assert (error.code, error.status) == ("gated", 401)
    assert "ask for access" in error.message
    assert "set HF_TOKEN" in error.message


def test_a_gated_repository_is_refused_with_a_token_that_has_no_access(hub: HubServer) -> None:
    hub.add("org/m", gated="manual")
    hub.tokens[TOKEN] = "ann"

    error = refused(hub, token=TOKEN)

    assert (error.code, error.status) == ("gated", 403)
    assert "has no access" in error.message


def test_a_gated_repository_is_read_with_a_token_that_has_access(hub: HubServer) -> None:
    hub.add("org/m", gated="auto", readers=["ann"], files={"README.md": CARD})
    hub.tokens[TOKEN] = "ann"

    found = ask(hub, token=TOKEN)

    assert (found.gated, found.card) == ("auto", CARD)


def test_a_token_that_the_hub_does_not_know_is_refused(hub: HubServer) -> None:
    hub.add("org/m")

    assert refused(hub, token=TOKEN).code == "token_refused"


@pytest.mark.parametrize("token", ["hf_a b", "hf_a\n", "hf_\x00", "hf_é"])
def test_a_token_that_cannot_be_one_is_refused_unsent_and_unshown(hub: HubServer, token: str) -> None:
    error = refused(hub, token=token)

    assert error.code == "token_refused"
    assert token not in error.message
    assert hub.asked == []


def test_a_commit_that_is_not_there_is_refused(hub: HubServer) -> None:
    hub.add("org/m")

    error = refused(hub, revision="0" * 40)

    assert error.code == "revision_not_found"
    assert "0" * 40 in error.message


def test_a_repository_that_the_hub_disabled_is_refused(hub: HubServer) -> None:
    hub.fail(403, headers={"X-Error-Message": "Access to this resource is disabled."})

    assert refused(hub).code == "repository_disabled"


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"sha": None}, "no commit"),
        ({"sha": "main"}, "names itself wrongly"),
        ({"id": "../etc"}, "names itself wrongly"),
        ({"siblings": "none"}, "cannot be read"),
        ({"siblings": [{"size": 1}]}, "cannot be read"),
        ({"lastModified": "yesterday"}, "cannot be read"),
    ],
)
def test_an_answer_of_another_shape_is_refused(hub: HubServer, facts: dict[str, Any], why: str) -> None:
    hub.add("org/m", **facts)

    error = refused(hub)

    assert error.code == "not_a_hub_answer"
    assert why in error.message
    assert "HF_ENDPOINT" in error.message


def test_an_answer_for_another_commit_than_was_asked_is_refused(hub: HubServer) -> None:
    repository = hub.add("org/m", sha="f" * 40)

    assert refused(hub, revision=repository.head).code == "not_a_hub_answer"


def test_a_listing_that_leads_out_of_the_repository_is_refused(hub: HubServer) -> None:
    hub.add("org/m", siblings=[{"rfilename": "../../etc/passwd"}])

    with pytest.raises(SnapshotRefused) as caught:
        ask(hub)

    assert caught.value.code == "bad_file_name"


@pytest.mark.parametrize("body", [b"<html>Sign in to the hotel's network</html>", b"", b"[]", b"3", b"{}", b"\xff"])
def test_an_address_that_is_no_hub_is_refused_at_once(hub: HubServer, body: bytes) -> None:
    hub.fail(200, body=body, times=9)

    assert refused(hub).code == "not_a_hub_answer"


@pytest.mark.parametrize(
    "endpoint", ["", "huggingface.co", "ftp://huggingface.co", "http://", "http://[", "file:///etc"]
)
def test_an_endpoint_that_is_no_address_is_refused(endpoint: str) -> None:
    with pytest.raises(HubRefused) as caught:
        fetch("org/m", kind="model", endpoint=endpoint)

    assert caught.value.code == "bad_endpoint"


@pytest.mark.parametrize(
    ("endpoint", "source"),
    [
        ("https://huggingface.co", "hub:huggingface.co"),
        ("https://HuggingFace.co:443/", "hub:huggingface.co"),
        ("http://hub.example:8080/path", "hub:hub.example:8080"),
        ("https://user:secret@hub.example", "hub:hub.example"),
    ],
)
def test_entries_are_marked_with_the_host_that_they_came_from(endpoint: str, source: str) -> None:
    assert source_of(endpoint) == source
