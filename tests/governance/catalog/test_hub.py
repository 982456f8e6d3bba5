from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.hub.asking import CARD, ask
from tests.hub.repositories import git_oid, pointer
from tests.hub.server import HubServer

pytest_plugins = ["tests.hub.fixtures"]

HUB_API = Path(__file__).resolve().parents[4] / "shared" / "data" / "cards" / "hub_api"


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_a_repository_is_read_at_its_newest_commit_with_sizes_and_hashes(hub: HubServer, kind: str) -> None:
    weights = b"w" * 1000
    files = {"README.md": CARD, "config.json": b"{}", "model.safetensors": weights}
    repository = hub.add("org/m", kind=kind, files=files, large=["model.safetensors"], tags=["a"], likes=7)

    found = ask(hub, kind=kind)

    assert (found.kind, found.repo_id, found.requested_id) == (kind, "org/m", None)
    assert found.source == f"hub:{hub.endpoint.removeprefix('http://')}"
    assert (found.revision, found.assurance) == (repository.head, "listed")
    assert found.card == CARD
    assert [(f.path, f.size, f.sha256, f.git_oid) for f in found.files] == [
        ("README.md", len(CARD), None, git_oid(CARD)),
        ("config.json", 2, None, git_oid(b"{}")),
        ("model.safetensors", 1000, hashlib.sha256(weights).hexdigest(), git_oid(pointer(weights))),
    ]
    assert found.last_modified == datetime(2022, 1, 11, 3, 52, 33, tzinfo=UTC)
    assert (found.tags, found.likes, found.private, found.gated) == (("a",), 7, False, False)
    assert found.downloads == (None if kind == "space" else 0)
    assert not found.card_differs
    assert not found.card_too_large


def test_a_repository_without_a_namespace_is_read(hub: HubServer) -> None:
    hub.add("gpt2", pipeline_tag="text-generation", library_name="transformers")

    found = ask(hub, "gpt2")

    assert (found.repo_id, found.task, found.library) == ("gpt2", "text-generation", "transformers")


def test_an_older_commit_is_read_as_it_was(hub: HubServer) -> None:
    repository = hub.add("org/m", files={"README.md": b"old", "a.bin": b"1"})
    old = repository.head
    repository.commit({"README.md": b"new"})

    found = ask(hub, revision=old.upper())

    assert found.revision == old
    assert found.card == b"old"
    assert [f.path for f in found.files] == ["README.md", "a.bin"]
    assert ask(hub).digest != found.digest == ask(hub, revision=old).digest


def test_everything_is_read_at_one_commit_though_the_repository_moves_on(hub: HubServer) -> None:
    repository = hub.add("org/m", files={"README.md": b"old"})
    old = repository.head

    found = ask(hub, progress=lambda done, known: repository.commit({"README.md": b"new"}) if done == 1 else None)

    assert (found.revision, found.card, found.card_differs) == (old, b"old", False)
    assert hub.paths()[-1] == f"/org/m/resolve/{old}/README.md"


def test_two_questions_are_enough(hub: HubServer) -> None:
    repository = hub.add("org/m")
    seen: list[tuple[int, int]] = []

    ask(hub, progress=lambda done, known: seen.append((done, known)))

    assert hub.paths() == ["/api/models/org/m?blobs=true", f"/org/m/resolve/{repository.head}/README.md"]
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_a_renamed_repository_answers_under_its_new_name_and_keeps_the_old_as_alias(hub: HubServer) -> None:
    hub.add("gpt2")
    hub.rename("gpt2", "openai-community/gpt2")

    found = ask(hub, "gpt2")

    assert (found.repo_id, found.requested_id) == ("openai-community/gpt2", "gpt2")
    assert found.digest == ask(hub, "openai-community/gpt2").digest


def test_a_renamed_repository_is_found_at_a_commit_too(hub: HubServer) -> None:
    repository = hub.add("org/old", kind="dataset")
    hub.rename("org/old", "org/new", kind="dataset")

    assert ask(hub, "org/old", "dataset", revision=repository.head).repo_id == "org/new"


def test_a_repository_without_a_card_is_not_asked_for_one(hub: HubServer) -> None:
    hub.add("org/m", files={"a.bin": b"1"})

    assert ask(hub).card is None
    assert len(hub.asked) == 1


def test_a_card_in_large_file_storage_is_followed_there(hub: HubServer) -> None:
    hub.add("org/m", files={"README.md": CARD}, large=["README.md"])

    found = ask(hub)

    assert (found.card, found.card_differs) == (CARD, False)
    assert hub.paths()[-1].startswith("/lfs/")


def test_a_card_that_is_gone_when_it_is_asked_for_is_none(hub: HubServer) -> None:
    hub.add("org/m", files={"a.bin": b"1"}, siblings=[{"rfilename": "README.md", "size": 1, "blobId": "a" * 40}])

    assert ask(hub).card is None


def test_a_card_that_is_not_the_listed_file_is_marked(hub: HubServer, caplog: pytest.LogCaptureFixture) -> None:
    hub.add("org/m", files={"README.md": CARD}, siblings=[{"rfilename": "README.md", "size": 1, "blobId": "a" * 40}])

    found = ask(hub)

    assert found.card_differs
    assert found.card == CARD
    assert "README.md is not the file that is listed" in caplog.text


def test_a_hub_that_lists_names_alone_gives_a_snapshot_of_the_card(hub: HubServer) -> None:
    hub.add("org/m", files={"README.md": CARD}, siblings=[{"rfilename": "README.md"}, {"rfilename": "a.bin"}])

    found = ask(hub)

    assert found.assurance == "card-only"
    assert [(f.path, f.size, f.sha256) for f in found.files] == [
        ("README.md", len(CARD), hashlib.sha256(CARD).hexdigest()),
        ("a.bin", None, None),
    ]


@pytest.mark.parametrize("metadata", [{"tags": 5}, {"self": 1}, {"model-index": {"a": 1}}, ["a list"], "text", None])
def test_metadata_that_the_client_stumbles_over_is_no_reason_to_lose_the_repository(
    hub: HubServer, metadata: object
) -> None:
    repository = hub.add("org/m", files={"README.md": CARD, "a.bin": b"1"}, cardData=metadata, downloads=5)

    found = ask(hub)

    assert (found.revision, found.card, found.downloads) == (repository.head, CARD, 5)
    assert [f.path for f in found.files] == ["README.md", "a.bin"]


def test_a_card_of_five_megabytes_keeps_its_beginning_and_says_so(hub: HubServer) -> None:
    card = CARD + b"x" * 6_000_000
    hub.add("org/m", files={"README.md": card})

    found = ask(hub)

    assert found.card_too_large
    assert found.card == card[:5_000_000]
    assert found.files[0].size == len(card)
    assert found.assurance == "listed"


@pytest.mark.parametrize("surplus", [-1, 0, 1])
def test_a_card_is_too_large_from_the_first_byte_beyond_the_bound(hub: HubServer, surplus: int) -> None:
    hub.add("org/m", files={"README.md": b"x" * (1000 + surplus)})

    found = ask(hub, max_card_bytes=1000)

    assert found.card_too_large == (surplus > 0)
    assert found.card == b"x" * min(1000, 1000 + surplus)


@pytest.mark.parametrize("card", [b"", b"\x00\xff\xfe", b"\xef\xbb\xbf---\r\n", "карта".encode("utf-16")])
def test_a_card_is_kept_byte_by_byte(hub: HubServer, card: bytes) -> None:
    hub.add("org/m", files={"README.md": card})

    assert ask(hub).card == card


def test_real_answers_of_the_hub_come_through_the_client_unchanged(hub: HubServer) -> None:
    path = HUB_API / "models_info_2022.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"{path} is absent")
    with gzip.open(path) as file:
        answers = [json.loads(line) for line in file]
    for answer in answers[::28]:
        repository = hub.add(answer["modelId"], files={"README.md": CARD})
        repository.commits = {answer["sha"]: {"README.md": CARD}}
        repository.facts = {key: value for key, value in answer.items() if key != "sha"}

        found = ask(hub, answer["modelId"])

        assert (found.repo_id, found.revision) == (answer["modelId"], answer["sha"])
        assert {f.path for f in found.files} >= {sibling["rfilename"] for sibling in answer["siblings"]}
        assert (found.task, found.library) == (answer["pipeline_tag"], answer.get("library_name"))
        assert (list(found.tags), found.downloads) == (answer["tags"], answer["downloads"])


# --- licence texts


def test_licence_texts_are_read_at_the_commit_of_the_listing(hub: HubServer) -> None:
    repository = hub.add("org/m", files={"README.md": CARD, "LICENSE": b"old words", "NOTICE": b"", "a.bin": b"1"})
    old = repository.head
    repository.commit({"README.md": CARD, "LICENSE": b"new words"})

    found = ask(hub, revision=old)

    assert found.texts == (("LICENSE", b"old words"), ("NOTICE", b""))
    assert [path.split("/resolve/")[1] for path in hub.paths()[1:]] == [
        f"{old}/README.md",
        f"{old}/LICENSE",
        f"{old}/NOTICE",
    ]


def test_progress_counts_the_texts(hub: HubServer) -> None:
    hub.add("org/m", files={"README.md": CARD, "LICENSE": b"words"})
    told: list[tuple[int, int]] = []

    ask(hub, progress=lambda done, known: told.append((done, known)))

    assert told == [(0, 2), (1, 3), (2, 3), (3, 3)]


def test_a_text_that_is_gone_fails_no_import_and_was_not_looked_at(hub: HubServer) -> None:
    hub.add("org/m", files={"README.md": CARD, "COPYING": b"there", "LICENSE": b"gone"})
    hub.fail(404, on="/LICENSE", headers={"X-Error-Code": "EntryNotFound"})

    found = ask(hub)

    assert found.texts == (("COPYING", b"there"),)
    assert found.card == CARD


@pytest.mark.parametrize("status", [403, 500, 429])
def test_a_hub_that_fails_over_a_text_is_not_asked_for_further_ones(hub: HubServer, status: int) -> None:
    hub.add("org/m", files={"README.md": CARD, "COPYING": b"one", "LICENSE": b"other"})
    hub.fail(status, times=9, on="/COPYING")

    found = ask(hub)

    assert (found.texts, found.card) == ((), CARD)
    assert not [path for path in hub.paths() if path.endswith("/LICENSE")]


def test_a_text_that_is_not_the_listed_file_is_left_out(hub: HubServer, caplog: pytest.LogCaptureFixture) -> None:
    hub.add("org/m", files={"README.md": CARD, "LICENSE": b"the words"})
    hub.fail(200, on="/LICENSE", body=b"other words")

    assert ask(hub).texts == ()
    assert "LICENSE is not the file that is listed" in caplog.text


def test_a_megabyte_is_no_licence_text_and_is_not_asked_for(hub: HubServer) -> None:
    hub.add("org/m", files={"README.md": CARD, "LICENSE": b"x" * 1_000_000})

    assert ask(hub).texts == ()
    assert len(hub.paths()) == 2


def test_a_text_that_is_longer_than_listed_is_read_no_further_than_the_bound(hub: HubServer) -> None:
    hub.add("org/m", files={"README.md": CARD, "LICENSE": b"short"})
    hub.fail(200, on="/LICENSE", body=b"x" * 3_000_000)

    assert ask(hub).texts == ()


def test_a_text_in_large_file_storage_is_followed_there(hub: HubServer) -> None:
    hub.add("org/m", files={"README.md": CARD, "LICENSE": b"in storage"}, large=["LICENSE"])

    assert ask(hub).texts == (("LICENSE", b"in storage"),)
