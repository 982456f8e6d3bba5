"""The Hub's own client, used as its users use it, finds in the local Hub what it finds in the real one."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from tests.hub.repositories import git_oid, pointer
from tests.hub.server import HubServer

pytest_plugins = ["tests.hub.fixtures"]

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "cards" / "hub_api" / "models_info_2022.jsonl.gz"
TOKEN = "hf_local"
LARGE = b"\x00" * 200_000


@pytest.fixture
def stocked(hub: HubServer) -> HubServer:
    files = {"README.md": b"# m\n", "config.json": b"{}", "deep/model.safetensors": LARGE}
    hub.add("org/m", files=files, large=["deep/model.safetensors"])
    hub.add("org/d", kind="dataset", files={"README.md": b"# d\n", "data/train.csv": b"a\n1\n"})
    hub.add("org/s", kind="space", files={"README.md": b"# s\n", "app.py": b""})
    hub.tokens[TOKEN] = "ann"
    return hub


def test_it_answers_with_every_key_that_was_recorded_of_the_real_hub(hub: HubServer) -> None:
    if not RECORDED.is_file():
        pytest.skip(f"{RECORDED} is absent")
    with gzip.open(RECORDED) as file:
        recorded = [json.loads(line) for line in file]
    repository = hub.add("org/m", library_name="transformers")

    answer = repository.info(repository.head, blobs=False, expand=())

    for real in recorded:
        assert real.keys() <= answer.keys()
        assert all(sibling.keys() == answer["siblings"][0].keys() for sibling in real["siblings"])


def test_the_client_reads_the_listing_with_and_without_sizes(stocked: HubServer) -> None:
    from huggingface_hub import HfApi

    api = HfApi(endpoint=stocked.endpoint, token=False)
    info = api.model_info("org/m", files_metadata=True)
    large = next(file for file in info.siblings or () if file.rfilename == "deep/model.safetensors")

    assert large.lfs is not None
    assert large.lfs.sha256 == hashlib.sha256(LARGE).hexdigest()
    assert (large.size, large.blob_id) == (len(LARGE), git_oid(pointer(LARGE)))
    assert [file.size for file in api.model_info("org/m").siblings or ()] == [None] * 3
    assert api.space_info("org/s").sdk == "static"


def test_the_client_reads_the_tree_and_it_agrees_with_the_listing(stocked: HubServer) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    api = HfApi(endpoint=stocked.endpoint, token=False)
    tree = [row for row in api.list_repo_tree("org/m", recursive=True) if isinstance(row, RepoFile)]
    listed = api.model_info("org/m", files_metadata=True).siblings or ()

    assert [(row.path, row.size, row.blob_id) for row in tree] == sorted(
        (file.rfilename, file.size, file.blob_id) for file in listed
    )


@pytest.mark.parametrize(
    ("repo_id", "kind", "path"),
    [
        ("org/m", "model", "config.json"),
        ("org/m", "model", "deep/model.safetensors"),
        ("org/d", "dataset", "data/train.csv"),
        ("org/s", "space", "README.md"),
    ],
)
def test_the_client_downloads_files_of_every_kind(
    stocked: HubServer, tmp_path: Path, repo_id: str, kind: str, path: str
) -> None:
    from huggingface_hub import hf_hub_download

    repository = stocked.repositories[kind, repo_id]

    file = hf_hub_download(repo_id, path, repo_type=kind, endpoint=stocked.endpoint, cache_dir=tmp_path, token=False)

    assert Path(file).read_bytes() == repository.commits[repository.head][path]
    assert repository.head in file


def test_a_commit_that_the_client_has_is_not_asked_for_again(stocked: HubServer, tmp_path: Path) -> None:
    from huggingface_hub import hf_hub_download

    def download() -> str:
        return hf_hub_download(
            "org/m",
            "config.json",
            revision=stocked.repositories["model", "org/m"].head,
            endpoint=stocked.endpoint,
            cache_dir=tmp_path,
            token=False,
        )

    first = download()
    asked = len(stocked.asked)

    assert download() == first
    assert len(stocked.asked) == asked > 0


def test_the_client_takes_the_servers_errors_for_what_they_are(stocked: HubServer, tmp_path: Path) -> None:
    from huggingface_hub import HfApi, errors, hf_hub_download

    stocked.add("org/gated", gated="auto")
    for token in (False, TOKEN):
        api = HfApi(endpoint=stocked.endpoint, token=token)
        with pytest.raises(errors.RepositoryNotFoundError) as missing:
            api.model_info("no/one")
        assert missing.value.response.status_code == (404 if token else 401)
        with pytest.raises(errors.RevisionNotFoundError):
            api.dataset_info("org/d", revision="0" * 40)
        with pytest.raises(errors.GatedRepoError):
            hf_hub_download("org/gated", "README.md", endpoint=api.endpoint, cache_dir=tmp_path, token=token)
        with pytest.raises(errors.RemoteEntryNotFoundError):
            hf_hub_download("org/m", "no.txt", endpoint=api.endpoint, cache_dir=tmp_path, token=token)
    with pytest.raises(errors.HfHubHTTPError, match="Invalid credentials"):
        HfApi(endpoint=stocked.endpoint, token="hf_unknown").model_info("org/m")


def test_the_client_follows_a_rename_for_listings_and_files(stocked: HubServer, tmp_path: Path) -> None:
    from huggingface_hub import HfApi, hf_hub_download

    stocked.rename("org/m", "new/m")

    file = hf_hub_download("org/m", "config.json", endpoint=stocked.endpoint, cache_dir=tmp_path, token=False)

    assert Path(file).read_bytes() == b"{}"
    assert HfApi(endpoint=stocked.endpoint, token=False).model_info("org/m").id == "new/m"


def test_the_client_lists_the_repositories_of_an_author(stocked: HubServer) -> None:
    from huggingface_hub import HfApi

    stocked.add("other/m")

    models = HfApi(endpoint=stocked.endpoint, token=False).list_models(author="org")

    assert [model.id for model in models] == ["org/m"]


def test_the_server_knows_who_asks(stocked: HubServer) -> None:
    from huggingface_hub import HfApi

    assert HfApi(endpoint=stocked.endpoint, token=TOKEN).whoami()["name"] == "ann"
