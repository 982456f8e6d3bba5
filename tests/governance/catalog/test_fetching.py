"""Files of a version from the Hub: what its scanners say of them, and their bytes, held against what was listed."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits import blobs
from audits.models import Blob, Run
from governance.catalog import fetching, services
from governance.catalog import hub as hub_client
from governance.catalog.importing import import_card, import_from_hub
from governance.catalog.models import FetchRequest, FetchState, HubScan, Version
from governance.evidence import queries
from governance.policies import services as policies
from governance.policies.facts import facts
from tests.audits.files.made import safetensors, tensor
from tests.audits.files.scans import SYSTEM
from tests.audits.files.signed import FILES as SIGNED
from tests.audits.files.signed import KEY, by_key
from tests.factories import VersionFactory
from tests.governance.catalog.clients import API, client
from tests.governance.evidence.test_data_runs import done, page
from tests.governance.evidence.test_files_runs import attach
from tests.governance.world import World
from tests.hub.repositories import Repository, git_oid
from tests.hub.server import HubServer

pytest_plugins = ["tests.hub.fixtures"]
pytestmark = pytest.mark.django_db

WHOLE = safetensors({"a": tensor(0, 8)}, b"\1" * 8)
EVIL = b"\x80\x04" + SYSTEM
FILES = {"README.md": b"# A model\n", "config.json": b'{"model_type": "bert"}', "model.safetensors": WHOLE}


def status(word: str, **scanners: str) -> dict[str, Any]:
    """A security status in the shape of the Hub's OpenAPI document."""
    known = {"avScan": "safe", "pickleImportScan": "unscanned", "jFrogScan": "unscanned", **scanners}
    return {"status": word, **{name: {"status": said, "message": "…"} for name, said in known.items()}}


@pytest.fixture
def world(hub: HubServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    settings.HF_ENDPOINT, settings.HF_TOKEN = hub.endpoint, ""
    settings.RUN_LEASE_S = 3600
    monkeypatch.setattr(hub_client, "FIRST_PAUSE", 0.01)
    return World()


def imported(world: World, hub: HubServer, files: dict[str, bytes] = FILES, **more: Any) -> Repository:
    repository = hub.add("org/model", files=files, large=[path for path in files if path.endswith("s")], **more)
    again(world)
    return repository


def again(world: World) -> Version:
    world.version = import_from_hub(repo_id="org/model", by=None, at=timezone.now()).version
    return world.version


def fetched(world: World) -> FetchRequest:
    wish = services.request_fetch(version=world.version, by=world.submitter, at=timezone.now())
    return fetching.carry_out(request_id=wish.pk)


def loci(run: Run) -> list[tuple[str, str]]:
    return list(run.findings.order_by("code", "locus").values_list("code", "locus"))


# --- the files ---------------------------------------------------------------------------------------------------


def test_fetched_files_are_scanned_without_an_upload(world: World, hub: HubServer) -> None:
    imported(world, hub)

    wish = fetched(world)

    assert (wish.state, wish.fetched, wish.left_out, wish.code) == (FetchState.DONE, 3, 0, "")
    assert wish.bytes_done == wish.bytes_known == sum(map(len, FILES.values()))
    run = done(world, "files")
    assert (run.verdict, run.origin) == ("pass", "observed"), loci(run)
    known = facts(version=world.version, use_case=world.use_case, stage="pilot", kinds=["files"], at=world.at)
    assert known["files"] == {"verdict": "pass", "bytes_total": wish.bytes_done, "bytes_inspected": wish.bytes_done}
    assert known["signature"] == {"verified": False}
    assert "There is none. That fails nothing by itself." in page(world, run)


def test_bytes_that_are_not_those_listed_are_left_out_and_block(world: World, hub: HubServer) -> None:
    repository = imported(world, hub)
    repository.commits[repository.head]["config.json"] = b'{"model_type": "evil"}'

    wish = fetched(world)

    assert (wish.state, wish.fetched, wish.left_out) == (FetchState.DONE, 2, 1)
    assert wish.message == "config.json: its size or hash is not the one that is listed"
    run = done(world, "files")
    assert (run.verdict, loci(run)) == ("insufficient_data", [("files.not_given", "config.json")])
    shown = page(world, run)
    assert "1 file of the version was not read" in shown
    assert "Fetch them from the Hub, or attach them; until then this blocks." in shown


def test_what_is_over_the_budget_is_not_fetched_and_blocks(world: World, hub: HubServer, settings: Any) -> None:
    imported(world, hub)
    settings.MAX_FETCH_BYTES = len(FILES["README.md"]) + len(FILES["config.json"])
    asked = len(hub.asked)

    wish = fetched(world)

    assert (wish.fetched, wish.left_out) == (2, 1)
    assert wish.message.startswith("model.safetensors: over the budget of 32 bytes")
    assert not [one for one in hub.paths()[asked:] if "safetensors" in one]
    assert done(world, "files").verdict == "insufficient_data"


def test_a_broken_connection_starts_the_file_again(world: World, hub: HubServer) -> None:
    imported(world, hub)
    hub.reset(after=3, on="config.json")

    assert fetched(world).fetched == 3


def test_a_hub_that_is_away_puts_the_fetch_back_and_what_came_stays(world: World, hub: HubServer) -> None:
    imported(world, hub)
    hub.fail(503, on="config.json", times=3)

    wish = fetched(world)

    assert (wish.state, wish.code) == (FetchState.QUEUED, "hub_error")
    assert wish.due_at > timezone.now()
    FetchRequest.objects.update(due_at=timezone.now())
    again = fetching.carry_out(request_id=wish.pk)
    assert (again.state, again.attempt, again.fetched) == (FetchState.DONE, 2, 2)


def test_a_lost_worker_s_fetch_is_told_again_and_its_late_word_counts_for_nothing(world: World, hub: HubServer) -> None:
    imported(world, hub)
    wish = services.request_fetch(version=world.version, by=world.submitter, at=timezone.now())
    before = timezone.now() - dt.timedelta(seconds=1)
    FetchRequest.objects.update(state=FetchState.RUNNING, attempt=1, lease_until=before, told_at=before)

    told: list[int] = []
    assert fetching.sweep(wake=lambda request_id: told.append(request_id) is None) == 1

    done_by_another = fetching.carry_out(request_id=wish.pk)
    wish.attempt = 1
    late = fetching._end(wish, state=FetchState.REFUSED, code="late")
    assert (told, done_by_another.state, late.state, late.code) == ([wish.pk], FetchState.DONE, FetchState.DONE, "")


def test_files_that_arrive_let_a_waiting_submission_go_on(world: World, hub: HubServer) -> None:
    """A policy asks for the scan: it is asked for as soon as there are files, and by nobody's hand."""
    text = (policies.DEFAULTS / "minimal-prototype.yaml").read_text(encoding="utf-8")
    head, tail = text.split("requirements:\n")
    files = "  - {id: files.scanned, title: Files, kind: files, verdicts: [pass], severity: fail}\n"
    text = f"{head}requirements:\n{files}{tail[: tail.index('tests:')]}".replace("tiers: [minimal]", "tiers: [high]")
    policies.publish(text=text.replace("name: minimal-prototype", "name: files"), by=None, at=world.at)
    imported(world, hub)
    world.submit(stage="prototype")
    assert not Run.objects.filter(kind="files").exists()

    fetched(world)

    assert Run.objects.filter(kind="files", subject_digest=world.version.digest).exists()


def test_it_is_asked_for_over_rest_and_on_the_page(world: World, hub: HubServer) -> None:
    imported(world, hub)
    entry, sha = world.version.entry, world.version.revision
    route = f"{API}entries/model/org/model/versions/{sha}/fetch/"
    api = client(world.submitter, "catalog:read", "catalog:write")
    assert api.get(route).status_code == 404
    browser = Client()
    browser.force_login(world.submitter)
    where = [entry.kind, entry.namespace, entry.name, sha]
    address = reverse("catalog:audit", args=[*where, world.use_case.slug, "files"])
    assert "3 files of this version" in browser.get(address).content.decode()

    asked = browser.post(reverse("catalog:fetch", args=where), {"use_case": world.use_case.slug})

    assert asked.url == address
    answer = api.post(route)
    wish = FetchRequest.objects.get()
    assert (answer.status_code, answer.data["id"], answer.data["state"]) == (202, str(wish.public_id), "queued")
    fetching.carry_out(request_id=wish.pk)
    assert api.get(route).data["fetched"] == 3
    assert api.post(route).data["code"] == "nothing_to_fetch"
    shown = browser.get(address).content.decode()
    assert "Every file of this version is here." in shown
    assert browser.post(address).url == reverse("evidence:run", args=[Run.objects.get(kind="files").pk])


def test_who_only_reads_fetches_nothing_and_a_version_of_no_hub_has_nothing_to_fetch(
    world: World, hub: HubServer
) -> None:
    imported(world, hub)
    route = f"{API}entries/model/org/model/versions/{world.version.revision}/fetch/"
    assert client(world.ethics, "catalog:write").post(route).status_code == 403

    local = VersionFactory(assurance="hashed")
    with pytest.raises(fetching.FetchRefused, match="upload its files instead"):
        services.request_fetch(version=local, by=world.submitter, at=world.at)
    assert not FetchRequest.objects.exists()


def test_a_signed_model_of_the_hub_is_verified_with_the_operator_s_key(
    world: World, hub: HubServer, settings: Any
) -> None:
    imported(world, hub, {**SIGNED, "model.sig": by_key(), ".gitattributes": b"x filter=lfs"})
    fetched(world)
    without = done(world, "files")
    assert "could not be verified: no key or certificate is laid down" in page(world, without)

    settings.MODEL_SIGNERS = [{"name": "acme.pem", "pem": KEY}]

    (stand,) = queries.standings(version=world.version, use_case=world.use_case, kinds=["files"])
    assert stand.run is None, "other keys, other evidence"
    run = done(world, "files")
    assert ("files.signature_verified", "model.sig") in loci(run)
    known = facts(version=world.version, use_case=world.use_case, stage="pilot", kinds=["files"], at=world.at)
    assert known["signature"] == {"verified": True}

    # as where it rests on a certificate that has ended since
    ended = {**run.summary, "files_signatures_valid_until": world.at.timestamp() - 1}
    Run.objects.filter(pk=run.pk).update(summary=ended)
    known = facts(version=world.version, use_case=world.use_case, stage="pilot", kinds=["files"], at=world.at)
    assert known["signature"] == {"verified": False}


# --- the Hub's own scans -------------------------------------------------------------------------------------------


def test_what_the_hub_says_is_kept_with_the_import_and_again_when_it_says_something_else(
    world: World, hub: HubServer
) -> None:
    repository = imported(world, hub, scans={"model.safetensors": status("queued")})
    again(world)
    repository.scans["model.safetensors"] = status("safe", pickleImportScan="safe")
    again(world)

    assert [scan.files["model.safetensors"]["status"] for scan in HubScan.objects.order_by("pk")] == ["queued", "safe"]
    assert HubScan.objects.last().files == {
        "model.safetensors": {
            "status": "safe",
            "scanners": {"avScan": "safe", "jFrogScan": "unscanned", "pickleImportScan": "safe"},
        }
    }


def test_what_the_hub_says_of_a_file_reaches_the_audit(world: World, hub: HubServer) -> None:
    imported(world, hub, {"model.bin.s": EVIL}, scans={"model.bin.s": status("safe", pickleImportScan="safe")})
    fetched(world)

    run = done(world, "files")

    assert run.verdict == "fail"
    assert ("files.hub_silent", "model.bin.s") in loci(run)
    document = json.loads(blobs.read_checked(run.result_sha256))
    assert [(one["path"], one["agrees"]) for one in document["hub"]["files"]] == [("model.bin.s", False)]


def test_a_file_that_the_hub_calls_unsafe_is_told_even_if_nobody_has_read_it(world: World, hub: HubServer) -> None:
    said = {"model.safetensors": status("unsafe", protectAiScan="unsafe"), "config.json": status("unscanned")}
    imported(world, hub, scans=said)
    attach(world, world.submit(), FILES["config.json"], "config.json")

    run = done(world, "files")

    assert run.verdict == "fail"
    assert ("files.hub_alarms", "model.safetensors") in loci(run)
    shown = page(world, run)
    assert "What the Hub says and what we say" in shown
    assert "protectAiScan: unsafe" in shown
    assert "2 not scanned there, which says nothing for them" in shown


@pytest.mark.parametrize("fault", [500, 404])
def test_a_hub_that_does_not_say_stops_no_import(world: World, hub: HubServer, fault: int) -> None:
    hub.fail(fault, on="paths-info", times=3)

    imported(world, hub, scans={"model.safetensors": status("safe")})

    assert not HubScan.objects.exists()
    fetched(world)
    assert "not scanned: the Hub has said nothing of these files" in page(world, done(world, "files"))


def test_an_answer_of_another_shape_says_nothing(world: World, hub: HubServer) -> None:
    imported(world, hub, scans={"model.safetensors": {"status": None}, "config.json": {"avScan": {}}})

    assert not HubScan.objects.exists()


def test_words_that_no_database_holds_stop_no_import(world: World, hub: HubServer) -> None:
    said = {"status": "sa\0fe", "av\ud800Scan": {"status": "\u202esafe\0"}}
    imported(world, hub, scans={"model.safetensors": said})

    (scan,) = HubScan.objects.all()
    assert scan.files["model.safetensors"] == {"status": "sa\ufffdfe", "scanners": {"av\ufffdScan": "\ufffdsafe\ufffd"}}


def test_the_store_has_git_s_small_files_under_their_sha256(world: World, hub: HubServer) -> None:
    imported(world, hub)
    fetched(world)

    row = world.version.files.get(path="config.json")
    assert row.git_oid == git_oid(FILES["config.json"])
    assert Blob.objects.filter(sha256=row.sha256).exists()


# --- a folder ------------------------------------------------------------------------------------------------------


def test_a_folder_whose_files_are_kept_is_scanned_and_one_that_changed_is_not(world: World, tmp_path: Path) -> None:
    for path, data in FILES.items():
        (tmp_path / path).write_bytes(data)
    call_command("import_card", str(tmp_path), "--id", "org/local", "--keep-files", stdout=io.StringIO())
    world.version = Version.objects.get(entry__repo_id="org/local")

    run = done(world, "files")

    assert (run.verdict, run.origin) == ("pass", "observed")
    assert fetching.keep_folder(version=world.version, folder=str(tmp_path), at=world.at) == 0

    (tmp_path / "config.json").write_bytes(b"{} ")
    version = import_card(repo_or_dir=str(tmp_path), repo_id="org/local", kind="model", by=None, at=world.at).version
    (tmp_path / "config.json").write_bytes(b"[] ")
    with pytest.raises(fetching.FetchRefused, match=r"config\.json has changed since"):
        fetching.keep_folder(version=version, folder=str(tmp_path), at=world.at)
