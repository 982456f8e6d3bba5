from __future__ import annotations

import json
import socket
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from governance.catalog import hub as hub_client
from governance.catalog.models import Entry, Version
from tests.factories import TeamFactory
from tests.governance.catalog.cards import CARD, DATA, card
from tests.hub.server import HubServer

pytest_plugins = ["tests.hub.fixtures"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _asks_only_the_local_hub(hub: HubServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HF_ENDPOINT, settings.HF_TOKEN = hub.endpoint, ""
    monkeypatch.setattr(hub_client, "FIRST_PAUSE", 0.01)


def run(command: str, *args: str, **options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command(command, *args, format="json", stdout=out, stderr=StringIO(), **options)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


def refused(command: str, *args: str, **options: Any) -> str:
    """The one line that a refused command says before it ends with code 2."""
    with pytest.raises(CommandError) as caught:
        run(command, *args, **options)
    assert caught.value.returncode == 2
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_model_of_the_hub_is_imported_at_its_newest_commit(hub: HubServer) -> None:
    repository = hub.add("org/model", files={"README.md": CARD, "model.safetensors": b"w"}, large=["model.safetensors"])

    document = run("import_card", "org/model")

    version = Version.objects.get()
    assert document["entry"] == "org/model"
    assert document["kind"] == "model"
    assert document["revision"] == repository.head == version.revision
    assert document["digest"] == version.digest
    assert version.assurance == "listed"
    assert 0 < document["card"]["score"] < 1
    assert {"code", "severity", "field", "line", "params"} <= document["card"]["findings"][0].keys()
    assert [(edge["relation"], edge["kind"], edge["id"]) for edge in document["lineage"]] == [
        ("finetune", "model", "org/base"),
        ("train_on", "dataset", "org/rows"),
    ]


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_every_kind_is_imported_and_its_lineage_is_of_its_kind(hub: HubServer, kind: str) -> None:
    raw = card(base_model="org/base", source_datasets="[org/rows]", models="[org/served]", sdk="gradio")
    hub.add("org/thing", kind=kind, files={"README.md": raw})

    document = run("import_card", "org/thing", kind=kind)

    expected = {
        "model": [("finetune", "org/base")],
        "dataset": [("includes", "org/rows")],
        "space": [("served_in", "org/served")],
    }
    assert [(edge["relation"], edge["id"]) for edge in document["lineage"]] == expected[kind]


def test_an_older_commit_is_imported_by_its_sha(hub: HubServer) -> None:
    repository = hub.add("org/model", files={"README.md": card(license="mit")})
    old = repository.head
    repository.commit({"README.md": card(license="apache-2.0")})

    document = run("import_card", "org/model", revision=old)

    assert document["revision"] == old
    assert Version.objects.get().licenses == ["mit"]


def test_importing_again_says_that_nothing_changed(hub: HubServer) -> None:
    hub.add("org/model", files={"README.md": CARD})
    first = run("import_card", "org/model")
    out = StringIO()

    call_command("import_card", "org/model", stdout=out)

    assert out.getvalue().startswith("unchanged: model org/model@")
    assert run("import_card", "org/model") == first
    assert Version.objects.count() == 1


def test_a_renamed_repository_is_found_by_its_old_name(hub: HubServer) -> None:
    hub.add("old/name", files={"README.md": CARD})
    run("import_card", "old/name")
    hub.rename("old/name", "new/name")
    hub.repositories["model", "new/name"].commit({"README.md": card(license="mit")})

    document = run("import_card", "old/name")

    assert document["entry"] == "old/name"
    assert Entry.objects.get(key="old/name").aliases.get().key == "new/name"


def test_a_folder_is_imported_and_its_digest_stands_for_its_revision(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(CARD)
    (tmp_path / "model.onnx").write_bytes(b"weights")

    document = run("import_card", str(tmp_path), id="loans/logistic")

    assert document["entry"] == "loans/logistic"
    assert document["revision"] == document["digest"]
    assert document["source"] == "local"
    assert document["assurance"] == "hashed"
    assert Version.objects.get().manifest_digest is not None


def test_a_folder_without_a_card_is_an_entry_with_a_finding(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"weights")

    document = run("import_card", str(tmp_path), id="loans/logistic")

    assert "card.empty" in [finding["code"] for finding in document["card"]["findings"]]


def test_an_entry_is_given_to_a_team(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(CARD)

    run("import_card", str(tmp_path), id="loans/logistic", team=TeamFactory.create(slug="credit").slug)

    assert Entry.objects.get(key="loans/logistic").team.slug == "credit"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("revision", "why"),
    [("main", "revision_must_be_commit_sha"), ("v1.0", "revision_must_be_commit_sha"), ("abc1234", "40 hex")],
)
def test_a_branch_a_tag_or_a_short_sha_is_no_revision(hub: HubServer, revision: str, why: str) -> None:
    hub.add("org/model")

    assert why in refused("import_card", "org/model", revision=revision)
    assert not Entry.objects.exists()


def test_a_repository_that_is_not_there_is_refused() -> None:
    assert "repository_not_found" in refused("import_card", "org/nothing")


def test_a_dataset_asked_for_as_a_model_is_refused_with_a_hint(hub: HubServer) -> None:
    hub.add("org/rows", kind="dataset")

    assert "check the id and the kind" in refused("import_card", "org/rows", kind="model")


def test_a_gated_repository_without_a_token_is_refused_and_with_one_imported(hub: HubServer, settings: Any) -> None:
    hub.add("org/gated", gated="manual", readers=["ada"], files={"README.md": CARD})
    hub.tokens["hf_secret"] = "ada"

    message = refused("import_card", "org/gated")

    assert message.startswith("gated: ")
    assert "HF_TOKEN" in message
    settings.HF_TOKEN = "hf_secret"
    assert run("import_card", "org/gated")["entry"] == "org/gated"


def test_a_hub_that_is_down_is_refused_and_nothing_is_left_behind(settings: Any) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.HF_ENDPOINT = f"http://127.0.0.1:{closed.getsockname()[1]}"

        assert "hub_unreachable" in refused("import_card", "org/model")

    assert not Entry.objects.exists()


def test_a_hub_that_fails_now_and_then_is_asked_again(hub: HubServer) -> None:
    hub.add("org/model", files={"README.md": CARD})
    hub.fail(503, times=2)

    assert run("import_card", "org/model")["entry"] == "org/model"


def test_a_card_of_more_than_the_limit_is_kept_up_to_it(hub: HubServer, settings: Any) -> None:
    settings.MAX_CARD_BYTES = 5_000_000
    hub.add("org/model", files={"README.md": card(license="mit") + b"x" * 6_000_000})

    document = run("import_card", "org/model")

    assert "card.too_large" in [finding["code"] for finding in document["card"]["findings"]]
    assert Version.objects.get().licenses == ["mit"]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "org/../x",
        "org/‮evil",
        "a" * 10_000,
        "org/😀",
        "org/model.",
        "оrg/model",
        "a/b/c",
        "",
        "x\0y",
    ],
)
def test_fault_v45_an_id_with_tricks_in_it_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(CARD)

    refused("import_card", str(tmp_path), id=name)

    assert not Entry.objects.exists()


def test_an_id_that_differs_only_in_its_characters_form_is_the_same_entry(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(CARD)
    run("import_card", str(tmp_path), id="org/model")

    run("import_card", str(tmp_path), id="ＯＲＧ/Ｍｏｄｅｌ")

    assert Entry.objects.filter(kind="model", key="org/model").count() == 1


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "id_required"),
        ({"id": "org/model", "revision": "a" * 40}, "revision_of_folder"),
        ({"id": "org/model", "team": "no-such-team"}, "there is no team"),
    ],
)
def test_a_folder_is_refused_with_what_is_missing(tmp_path: Path, options: dict[str, str], why: str) -> None:
    (tmp_path / "README.md").write_bytes(CARD)

    assert why in refused("import_card", str(tmp_path), **options)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "empty_folder" in refused("import_card", str(tmp_path), id="org/model")


def test_a_folder_that_is_not_there_is_refused() -> None:
    assert "no_such_folder" in refused("import_card", "/no/such/folder", id="org/model")


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("import_card", "org/model", "--kind", "models")


# --- many cards --------------------------------------------------------------------------------------------------


def test_a_folder_of_cards_is_imported_and_counted(tmp_path: Path) -> None:
    (tmp_path / "org__model.md").write_bytes(CARD)
    (tmp_path / "gpt2.md").write_bytes(b"---\nlicense: [\n---\n")
    (tmp_path / "README.md").write_bytes(b"of the folder")

    document = run("import_cards", str(tmp_path))

    seconds = document.pop("seconds")
    findings = document.pop("findings")
    assert document == {"read": 2, "created": 2, "updated": 0, "unchanged": 0, "refused": 0}
    assert seconds > 0
    assert findings["card.yaml.syntax"] == 1
    assert Entry.objects.catalogued().count() == 2


def test_a_changed_card_in_a_folder_is_counted_as_updated(tmp_path: Path) -> None:
    (tmp_path / "org__model.md").write_bytes(CARD)
    (tmp_path / "org__other.md").write_bytes(CARD)
    run("import_cards", str(tmp_path), kind="dataset")
    (tmp_path / "org__model.md").write_bytes(card(license="mit"))

    document = run("import_cards", str(tmp_path), kind="dataset")

    assert (document["created"], document["updated"], document["unchanged"]) == (0, 1, 1)


def test_a_folder_of_which_nothing_can_be_imported_ends_with_code_2(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{\n[]\n")
    out, err = StringIO(), StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("import_cards", str(tmp_path), format="json", stdout=out, stderr=err)

    assert ended.value.code == 2
    assert json.loads(out.getvalue())["refused"] == 2
    assert "line 1" in err.getvalue()


def test_refusals_are_told_by_kind_and_not_all_of_a_kind(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{\n" * 8 + '{"sha": null}\n')
    (tmp_path / "org__model.md").write_bytes(CARD)
    err = StringIO()

    call_command("import_cards", str(tmp_path), format="json", stdout=StringIO(), stderr=err)

    told = err.getvalue()
    assert told.count("refused, bad_json: ") == 5
    assert "3 more refused, bad_json" in told
    assert "'a.jsonl' answer 9: " in told


def test_a_folder_without_cards_is_refused(tmp_path: Path) -> None:
    assert "nothing_to_import" in refused("import_cards", str(tmp_path))


def test_every_answer_of_the_hub_in_a_real_collection_is_stored(tmp_path: Path) -> None:
    if not DATA.is_dir():
        pytest.skip(f"the Hub's answers are not at {DATA}")
    name = "hub_2022_bulk_00.jsonl.gz"
    (tmp_path / name).symlink_to(DATA / "hub_api" / name)

    document = run("import_cards", str(tmp_path))

    assert document["refused"] == 0
    assert document["created"] == document["read"] > 2000
