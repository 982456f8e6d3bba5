"""File scans of a version: asked for over REST on attached files, shown in words and as a table on the run's page."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audits.models import Run
from governance.catalog.models import File
from governance.evidence import queries
from governance.evidence import services as evidence
from governance.reviews import services as reviews
from tests.audits.files.made import safetensors, tensor
from tests.audits.files.scanners import environment_with
from tests.audits.files.scans import SYSTEM, zipped
from tests.governance.evidence.test_data_runs import ask, done, page
from tests.governance.world import World

WHOLE = safetensors({"a": tensor(0, 8)}, b"\1" * 8)
EVIL = b"\x80\x04" + SYSTEM


def attach(world: World, submission: Any, data: bytes, name: str) -> None:
    upload = evidence.upload(
        stream=io.BytesIO(data), filename=name, media_type="application/octet-stream", by=world.submitter, at=world.at
    )
    reviews.attach_evidence(submission_id=submission.pk, role="files", upload=upload, by=world.submitter, at=world.at)


def consists_of(world: World, **files: bytes) -> None:
    """Make the version's manifest one of these files, with their digests."""
    world.version = world.new_version(assurance="hashed")
    for path, data in files.items():
        File.objects.create(
            version=world.version, path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest(), role="weights"
        )


def current(world: World) -> Run | None:
    (stand,) = queries.standings(version=world.version, use_case=world.use_case, kinds=["files"])
    return stand.run


def test_the_very_files_of_a_version_pass_and_are_observed(world: World) -> None:
    consists_of(world, model=WHOLE)
    attach(world, world.submit(), zipped({"model": WHOLE}), "all.zip")

    run = done(world, "files")

    assert (run.state, run.verdict, run.origin) == ("succeeded", "pass", "observed"), run.error
    assert run.summary["files_bytes_inspected"] == run.summary["files_bytes_total"] > 0
    assert current(world) == run
    shown = page(world, run)
    assert "Every byte was inspected, and nothing was found that a loader would run." in shown
    assert "Files and what was inspected of them" in shown
    assert "all.zip!/model" in shown.replace("<wbr>", "").replace("\u200b", "")


def test_a_pickle_that_runs_code_fails_and_is_told_in_words(world: World) -> None:
    consists_of(world, model=EVIL)
    attach(world, world.submit(), EVIL, "model.pkl")

    run = done(world, "files")

    assert run.verdict == "fail"
    assert "Loading it runs what is not data: os.system." in page(world, run)
    assert "Загрузка запускает то, что не является данными: os.system." in page(world, run, language="ru")


def test_what_is_missing_of_a_version_blocks(world: World) -> None:
    consists_of(world, model=WHOLE, other=b"other bytes")
    attach(world, world.submit(), WHOLE, "model")

    run = done(world, "files")

    assert run.verdict == "insufficient_data"
    assert list(run.findings.values_list("code", "locus")) == [("files.not_given", "other")]


def test_one_more_file_makes_the_scan_out_of_date(world: World) -> None:
    consists_of(world, model=WHOLE)
    submission = world.submit()
    attach(world, submission, WHOLE, "model")
    done(world, "files")

    attach(world, submission, EVIL, "more.pkl")

    assert current(world) is None


def test_nothing_is_asked_for_without_files(world: World) -> None:
    consists_of(world, model=WHOLE)

    answer = ask(world, "files")

    assert (answer.status_code, answer.data["code"]) == (422, "files_missing")


@pytest.mark.parametrize("who", ["stranger"])
def test_strangers_see_no_scan_of_a_team_s_files(world: World, who: str) -> None:
    attach(world, world.submit(), EVIL, "model.pkl")
    run = done(world, "files")
    browser = Client()
    browser.force_login(getattr(world, who))

    assert browser.get(reverse("evidence:run", args=[run.pk])).status_code == 404


# --- other scanners -------------------------------------------------------------------------------------------------


@pytest.mark.sandbox
def test_a_worker_asks_the_scanners_that_the_operator_names_and_the_page_says_what_each_said(
    world: World, settings: Any
) -> None:
    unknown = b"cacme.models\nrestore\n(S'x'\ntR."
    consists_of(world, **{"model.pkl": unknown, "notes.txt": b"some words\n"})
    submission = world.submit()
    attach(world, submission, unknown, "model.pkl")
    attach(world, submission, b"some words\n", "notes.txt")
    done(world, "files")
    folder = environment_with("picklescan")

    settings.SCANNERS = {"picklescan": folder, "modelscan": "/nowhere/at/all"}

    assert current(world) is None, "other scanners, other evidence"
    run = done(world, "files")
    assert run.inputs["scanners"] == ["modelscan", "picklescan"]
    found = set(run.findings.values_list("code", "locus"))
    assert {("files.opinion_missing", "modelscan"), ("files.opinions_differ", "model.pkl")} <= found
    shown = page(world, run).replace("<wbr>", "")
    assert "What other scanners say" in shown
    assert "could not be asked" in shown
    assert "it is not installed where it was looked for" in shown
    assert "2 files asked of" in shown
    in_russian = page(world, run, language="ru")
    assert "Что говорят другие сканеры" in in_russian
    assert "спрошен о 2 файлах" in in_russian


@pytest.mark.sandbox
def test_a_version_does_not_pass_while_the_operator_s_scanner_is_missing(world: World, settings: Any) -> None:
    consists_of(world, model=WHOLE)
    attach(world, world.submit(), WHOLE, "model")
    settings.SCANNERS = {"picklescan": "/nowhere/at/all"}

    run = done(world, "files")

    assert (run.state, run.error_code) == ("errored", "scanner_missing")
    assert "have the operator install it where ASSAY_SCANNERS says" in run.error
    assert (current(world), run.verdict) == (run, "")

    settings.SCANNERS = {"picklescan": environment_with("picklescan")}
    assert done(world, "files").verdict == "pass"
