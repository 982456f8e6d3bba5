from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import logging
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from governance.catalog.hub import HubRefused, fetch, source_of
from governance.catalog.snapshots import Snapshot, SnapshotRefused
from tests.hub.server import HubServer, git_oid, pointer

pytest_plugins = ["tests.hub.fixtures"]

ROOT = Path(__file__).resolve().parents[3]
HUB_API = ROOT.parent / "shared" / "data" / "cards" / "hub_api"
CARD = b"---\nlicense: mit\n---\r\n# A model\n"
TOKEN = "hf_" + "T0ken" * 6


class Pauses(list[float]):
    """What the client would have waited; nothing is waited for."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


def ask(hub: HubServer, repo_id: str = "org/m", kind: str = "model", **given: Any) -> Snapshot:
    patience: dict[str, Any] = {"timeout": 5.0, "wait": Pauses()}
    return fetch(repo_id, kind=kind, endpoint=hub.endpoint, **(patience | given))


def refused(hub: HubServer, repo_id: str = "org/m", kind: str = "model", **given: Any) -> HubRefused:
    with pytest.raises(HubRefused) as caught:
        ask(hub, repo_id, kind, **given)
    return caught.value


# --- what is read


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


# --- what is refused


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


# --- what passes


@pytest.mark.parametrize("on", ["/api/", "README.md"])
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_hub_that_is_down_for_a_moment_is_asked_again(hub: HubServer, pauses: Pauses, status: int, on: str) -> None:
    hub.add("org/m", files={"README.md": CARD})
    hub.fail(status, times=2, on=on)

    assert ask(hub, wait=pauses).card == CARD
    assert len(pauses) == 2
    assert 0.25 <= pauses[0] <= 0.75
    assert 0.5 <= pauses[1] <= 1.5


def test_a_hub_that_stays_down_is_asked_three_times_and_not_more(hub: HubServer, pauses: Pauses) -> None:
    hub.fail(503, times=99)

    error = refused(hub, wait=pauses)

    assert (error.code, error.status, error.passing) == ("hub_error", 503, True)
    assert "503" in error.message
    assert "try again later" in error.message
    assert (len(hub.asked), len(pauses)) == (3, 2)


@pytest.mark.parametrize("status", [400, 403, 409, 410, 416, 418, 451])
def test_a_refusal_of_the_hub_is_not_asked_for_again(hub: HubServer, status: int) -> None:
    hub.fail(status, times=9)

    error = refused(hub)

    assert (error.code, error.status, error.passing) == ("hub_error", status, False)
    assert len(hub.asked) == 1


def test_a_limit_is_waited_out_for_as_long_as_the_hub_says(hub: HubServer, pauses: Pauses) -> None:
    hub.add("org/m")
    hub.fail(429, headers={"Retry-After": "7"})
    hub.fail(429, headers={"RateLimit": '"api";r=0;t=55', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'})

    assert ask(hub, wait=pauses).repo_id == "org/m"
    assert pauses == [7.0, 55.0]


def test_a_limit_may_be_said_as_a_date(hub: HubServer, pauses: Pauses) -> None:
    hub.add("org/m")
    hub.fail(429, headers={"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)})

    ask(hub, wait=pauses)

    assert 20 < pauses[0] <= 30


def test_a_limit_for_longer_than_a_minute_is_told_and_not_waited_for(hub: HubServer, pauses: Pauses) -> None:
    hub.fail(429, headers={"Retry-After": "3600"}, times=9)

    error = refused(hub, wait=pauses)

    assert (error.code, error.retry_after, error.passing) == ("rate_limited", 3600.0, True)
    assert "in 3600 s" in error.message
    assert (len(hub.asked), pauses) == (1, [])


@pytest.mark.parametrize("text", ["soon", "-5", "٣", "9" * 400])
def test_a_limit_that_makes_no_sense_is_waited_out_as_any_other_fault(
    hub: HubServer, pauses: Pauses, text: str
) -> None:
    hub.fail(429, headers={"Retry-After": text.encode().decode("latin-1")}, times=9)

    error = refused(hub, wait=pauses)

    assert error.code == "rate_limited"
    assert all(0 <= pause <= 60 for pause in pauses)


@pytest.mark.parametrize(("on", "after"), [("/api/", 0), ("/api/", 20), ("README.md", 0), ("README.md", 10)])
def test_a_connection_that_breaks_in_the_middle_is_made_again(
    hub: HubServer, pauses: Pauses, on: str, after: int
) -> None:
    hub.add("org/m", files={"README.md": CARD})
    hub.reset(on=on, after=after, times=2)

    found = ask(hub, wait=pauses)

    assert (found.card, found.card_differs) == (CARD, False)
    assert len(pauses) == 2


def test_a_hub_that_always_breaks_off_is_called_unreachable(hub: HubServer) -> None:
    hub.add("org/m")
    hub.reset(after=10, times=9)

    assert refused(hub).code == "hub_unreachable"


def test_an_address_where_nobody_listens_is_called_unreachable(hub: HubServer, pauses: Pauses) -> None:
    hub.close()

    error = refused(hub, wait=pauses)

    assert (error.code, error.passing) == ("hub_unreachable", True)
    assert "check HF_ENDPOINT, the network and the proxy" in error.message
    assert len(pauses) == 2


@pytest.mark.parametrize("on", ["/api/", "README.md"])
def test_a_hub_that_says_nothing_is_not_waited_for_without_end(hub: HubServer, on: str) -> None:
    hub.add("org/m")
    hub.slow(1.0, times=9, on=on)

    error = refused(hub, timeout=0.2)

    assert (error.code, error.passing) == ("hub_timeout", True)
    assert "within 0.2 s" in error.message


@pytest.mark.parametrize("on", ["/api/", "README.md"])
def test_a_hub_that_trickles_is_not_waited_for_without_end(hub: HubServer, on: str) -> None:
    hub.add("org/m", files={"README.md": b"x" * 10_000})
    hub.trickle(0.02, times=9, on=on)

    assert refused(hub, timeout=0.1).code == "hub_timeout"


def test_an_answer_without_end_is_refused(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("governance.catalog.hub.MAX_ANSWER_BYTES", 2000)
    hub.add("org/m", description="x" * 3000)

    error = refused(hub)

    assert error.code == "not_a_hub_answer"
    assert "longer than any repository's" in error.message


def test_a_packed_answer_is_refused_for_it_may_be_a_bomb(hub: HubServer) -> None:
    hub.fail(200, body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})

    assert refused(hub).code == "not_a_hub_answer"
    assert hub.asked[0].headers["accept-encoding"] == "identity"


def test_a_redirect_without_end_is_refused(hub: HubServer) -> None:
    hub.renamed["model", "org/m"] = "org/m"

    assert refused(hub).code == "not_a_hub_answer"


@pytest.mark.parametrize("fault", ["fail", "reset", "slow", "gated"])
def test_a_call_after_a_failure_starts_clean_and_succeeds(hub: HubServer, fault: str) -> None:
    repository = hub.add("org/m", files={"README.md": CARD})
    match fault:
        case "fail":
            hub.fail(503, times=3)
        case "reset":
            hub.reset(after=3, times=3, on="README.md")
        case "slow":
            hub.slow(0.5, times=3)
        case "gated":
            repository.gated = "manual"
    assert refused(hub, timeout=0.2).code in ("hub_error", "hub_unreachable", "hub_timeout", "gated")
    repository.gated = False

    found = ask(hub)

    assert (found.card, found.assurance) == (CARD, "listed")


def test_several_threads_read_at_once_each_under_its_own_bounds(hub: HubServer) -> None:
    for number in range(8):
        hub.add(f"org/m{number}", files={"README.md": b"%d" % number * 500})
    found: dict[int, Snapshot | HubRefused] = {}

    def read(number: int) -> None:
        with contextlib.suppress(HubRefused):
            found[number] = ask(hub, f"org/m{number}", max_card_bytes=100 if number % 2 else 1000)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {n: (s.card, s.card_too_large) for n, s in found.items() if isinstance(s, Snapshot)} == {
        n: (b"%d" % n * (100 if n % 2 else 500), bool(n % 2)) for n in range(8)
    }


def test_the_clients_session_is_left_unbounded_for_others(hub: HubServer) -> None:
    hub.add("org/m", description="x" * 3000)
    ask(hub)
    from huggingface_hub import HfApi

    assert HfApi(endpoint=hub.endpoint, token=False).model_info("org/m").description == "x" * 3000  # type: ignore[attr-defined]


def test_hf_hub_offline_is_respected_and_said(hub: HubServer) -> None:
    program = (
        "import sys\nfrom governance.catalog.hub import fetch, HubRefused\n"
        "try: fetch('org/m', kind='model', endpoint=sys.argv[1])\n"
        "except HubRefused as refused: print(refused.code, refused)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, hub.endpoint],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )

    assert done.stdout.startswith("hub_unreachable HF_HUB_OFFLINE is set")
    assert hub.asked == []


# --- the token


def test_the_token_goes_to_the_hub_and_into_no_message_and_no_log(
    hub: HubServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "httpcore2")  # at DEBUG it traces the wire, whatever the Hub writes there
    hub.tokens[TOKEN] = "ann"
    hub.add("org/m", gated="manual", readers=["ann"])
    hub.add("org/gated", gated="manual")
    ask(hub, token=TOKEN)
    echo = json.dumps({"error": f"your token is {TOKEN}"}).encode()
    hub.fail(500, times=3, body=echo, headers={"X-Error-Message": TOKEN})
    hub.fail(400, times=1, body=echo, headers={"X-Error-Message": TOKEN})

    errors = [refused(hub, name, token=TOKEN) for name in ("org/m", "org/m", "org/gated", "no/one")]

    assert [error.code for error in errors] == ["hub_error", "hub_error", "gated", "repository_not_found"]
    assert all(asked.headers["authorization"] == f"Bearer {TOKEN}" for asked in hub.asked)
    for error in errors:
        assert TOKEN not in f"{error!r} {error} {error.__cause__!r} {error.__context__!r}"
    assert TOKEN not in caplog.text


def test_the_token_does_not_follow_a_redirect_to_another_host(hub: HubServer) -> None:
    hub.tokens[TOKEN] = "ann"
    repository = hub.add("org/m", files={"README.md": CARD})
    with HubServer() as elsewhere:
        elsewhere.repositories["model", "org/m"] = repository
        hub.fail(302, on="README.md", headers={"Location": f"{elsewhere.endpoint}/org/m/resolve/main/README.md"})

        assert ask(hub, token=TOKEN).card == CARD

    assert "authorization" not in elsewhere.asked[0].headers


def test_without_a_token_none_is_sent_though_one_lies_at_home(hub: HubServer, tmp_path: Path) -> None:
    hub.add("org/m")
    (tmp_path / ".cache" / "huggingface").mkdir(parents=True)
    (tmp_path / ".cache" / "huggingface" / "token").write_text(TOKEN)

    fetch_elsewhere(hub, HOME=str(tmp_path), HF_TOKEN=TOKEN)

    assert all("authorization" not in asked.headers for asked in hub.asked)


# --- the process around it


def fetch_elsewhere(hub: HubServer, **environment: str) -> str:
    """Fetch in a process of its own, with warnings as errors; its standard error."""
    program = (
        "import sys\nfrom governance.catalog.hub import fetch\n"
        "before = {'huggingface_hub', 'httpx2', 'httpcore2', 'django'} & set(sys.modules)\n"
        "assert not before, before\n"
        "print(fetch('org/m', kind='model', endpoint=sys.argv[1]).revision)\n"
        "import huggingface_hub; huggingface_hub.close_session()"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "XDG_", "HOME"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, hub.endpoint],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=kept | {"NO_PROXY": "127.0.0.1"} | environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == hub.repositories["model", "org/m"].head
    return done.stderr


@pytest.mark.parametrize("home", ["", "/nonexistent/home", "/proc/self"])
def test_a_home_that_is_missing_or_cannot_be_written_does_not_matter(hub: HubServer, home: str) -> None:
    hub.add("org/m")

    assert fetch_elsewhere(hub, HOME=home) == ""


def test_nothing_is_written_at_home_and_nothing_is_reported_about_us(hub: HubServer, tmp_path: Path) -> None:
    hub.add("org/m", cardData={"model-index": "nonsense"})

    assert fetch_elsewhere(hub, HOME=str(tmp_path), TMPDIR=str(tmp_path), HF_ENDPOINT=hub.endpoint, AGENT="x") == ""

    assert list(tmp_path.rglob("*")) == []
    assert [path.split("?")[0].split("/resolve/")[0] for path in hub.paths()] == ["/api/models/org/m", "/org/m"]
    assert "agent" not in hub.asked[0].headers["user-agent"]
