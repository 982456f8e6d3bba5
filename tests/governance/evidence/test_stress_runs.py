"""Stress audits of a version: a real model is brought, run in the sandbox, and told in words and curves."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audits import blobs
from audits.digests import canonical
from audits.sandbox.levels import Level
from audits.sandbox.probing import probe
from governance.catalog.models import File
from governance.catalog.use_cases import put_audit_plan
from governance.evidence import queries
from governance.evidence import services as evidence
from governance.evidence.models import StressCase
from governance.reviews import services as reviews
from tests.factories import RunFactory
from tests.governance.catalog.clients import API, client
from tests.governance.evidence.test_data_runs import SCOPES, ask, done, page
from tests.governance.world import PLAN, World

pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
pytest.importorskip("skl2onnx", reason="without requirements/dev.txt no model is made")
from audits.stress.running import cases_jsonl  # noqa: E402
from tests.audits.adapters import made  # noqa: E402 - the packages it needs may not be there
from tests.audits.stress import models  # noqa: E402

pytestmark = pytest.mark.sandbox
TABLE = models.as_csv(models.made_up(120, seed=5))
FEW: dict[str, Any] = {
    "families": ["keyboard_typos", "yo_as_ye"],
    "severities": [1, 2, 5],
    "malformed": {"run": False},
    "determinism": {"run": False},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    if probe().level < Level.L2:
        pytest.skip(f"this machine isolates too little: {probe().lacking}")
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    return made.as_onnx(models.classifier(models.made_up(200)), path, texts=True).read_bytes()


@pytest.fixture(autouse=True)
def _answers_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def bring(world: World, role: str, data: bytes, name: str) -> None:
    upload = evidence.upload(
        stream=io.BytesIO(data), filename=name, media_type="application/octet-stream", by=world.submitter, at=world.at
    )
    submission = world.submission if hasattr(world, "submission") else world.submit()
    world.submission = submission
    reviews.attach_evidence(submission_id=submission.pk, role=role, upload=upload, by=world.submitter, at=world.at)


def planned(world: World, **part: Any) -> None:
    document = {**PLAN, "stress": {**FEW, **part}}
    put_audit_plan(use_case_id=world.use_case.pk, document=document, by=world.risk_officer, at=world.at)


def test_a_real_model_is_run_and_told_in_words_and_curves(world: World, model: bytes) -> None:
    planned(world)
    world.version = world.new_version(assurance="hashed")
    File.objects.create(
        version=world.version,
        path="onnx/model.onnx",
        size=len(model),
        sha256=hashlib.sha256(model).hexdigest(),
        role="weights",
    )
    bring(world, "files", model, "what I called it.onnx")
    bring(world, "stress", TABLE, "texts.csv")

    run = done(world, "stress")

    assert (run.state, run.origin) == ("succeeded", "observed"), run.error
    assert run.verdict in ("warn", "fail")
    assert run.inputs["files"] == [{"path": "onnx/model.onnx", "sha256": hashlib.sha256(model).hexdigest()}]
    (stand,) = queries.standings(version=world.version, use_case=world.use_case, kinds=["stress"])
    assert stand.run == run
    english, russian = page(world, run), page(world, run, language="ru")
    assert "Right answers that turn, by severity" in english
    assert f"level {probe().level.name}" in english
    assert "Keyboard typos" in english
    assert "Not measured, because they change none of these texts: ё written as е." in english  # noqa: RUF001
    assert "Опечатки" in russian
    assert not run.findings.filter(code="stress.bytes_declared").exists()


def test_a_model_that_the_versions_digests_do_not_know_says_nothing_of_it(world: World, model: bytes) -> None:
    world.version = world.new_version(assurance="hashed")
    File.objects.create(version=world.version, path="model.onnx", size=3, sha256="a" * 64, role="weights")
    bring(world, "stress", TABLE, "texts.csv")
    bring(world, "files", model, "model.onnx")

    answer = ask(world, "stress")

    assert (answer.status_code, answer.data["code"]) == (422, "model_not_of_version")


def test_what_turned_out_wrong_is_handed_out_and_kept_as_a_test_that_later_audits_ask(
    world: World, model: bytes
) -> None:
    planned(world)
    bring(world, "files", model, "model.onnx")
    bring(world, "stress", TABLE, "texts.csv")
    run = done(world, "stress")
    # of a version that is known by its card alone: whose bytes these are is what somebody says
    assert run.findings.filter(code="stress.bytes_declared", locus="model.onnx").exists()
    assert "That model.onnx belongs to this version is what the person says who brought it" in page(world, run)
    submitter, keeper = Client(), Client()
    submitter.force_login(world.submitter)
    keeper.force_login(world.risk_officer)

    lines = submitter.get(reverse("evidence:cases-jsonl", args=[run.pk])).content.decode().splitlines()
    table = submitter.get(reverse("evidence:cases-csv", args=[run.pk])).content.decode().splitlines()
    case = json.loads(lines[0])
    for _twice in range(2):
        submitter.post(reverse("evidence:keep-case", args=[run.pk]), {"case": case["case"]}, follow=True)

    assert len(lines) == len(table) - 1 == run.summary["stress_cases"]
    (kept,) = StressCase.objects.all()
    assert (kept.entry, kept.input, kept.expected) == (world.version.entry, {"text": case["changed"]}, case["label"])
    # the run has not asked it, so it speaks for the version no more
    (stand,) = queries.standings(version=world.version, use_case=world.use_case, kinds=["stress"])
    assert (stand.run, stand.outdated) == (None, run)
    later = done(world, "stress")
    assert (later.verdict, later.summary["stress_kept_cases_failed"]) == ("fail", 1.0)
    assert "Permanent tests" in page(world, later)
    # who submits cannot lower the bar again
    submitter.post(reverse("evidence:drop-case", args=[kept.pk]), {"run": later.pk})
    kept.refresh_from_db()
    assert kept.dropped_at is None
    keeper.post(reverse("evidence:drop-case", args=[kept.pk]), {"run": later.pk})
    (stand,) = queries.standings(version=world.version, use_case=world.use_case, kinds=["stress"])
    assert stand.run == run


def test_pipelines_keep_cases_and_strangers_see_none(world: World, model: bytes) -> None:
    planned(world)
    bring(world, "files", model, "model.onnx")
    bring(world, "stress", TABLE, "texts.csv")
    run = done(world, "stress")
    pipeline = client(world.submitter, *SCOPES)

    cases = pipeline.get(f"{API}runs/{run.pk}/cases/").data["cases"]
    kept = pipeline.post(f"{API}runs/{run.pk}/cases/", {"case": cases[0]["case"]})
    unknown = pipeline.post(f"{API}runs/{run.pk}/cases/", {"case": "no such case"})

    assert (kept.status_code, kept.data["input"]) == (201, {"text": cases[0]["changed"]})
    assert (unknown.status_code, unknown.data["code"]) == (422, "case_unknown")
    assert client(world.stranger, *SCOPES).get(f"{API}runs/{run.pk}/cases/").status_code == 404
    browser = Client()
    browser.force_login(world.stranger)
    assert browser.get(reverse("evidence:run", args=[run.pk])).status_code == 404
    assert browser.get(reverse("evidence:cases-csv", args=[run.pk])).status_code == 404
    assert browser.post(reverse("evidence:keep-case", args=[run.pk]), {"case": "x"}).status_code == 404
    assert browser.post(reverse("evidence:drop-case", args=[kept.data["id"]])).status_code == 404


def test_a_model_that_cannot_be_read_ends_the_run_and_is_no_evidence(world: World, model: bytes) -> None:
    bring(world, "files", b"no model at all", "model.onnx")
    bring(world, "stress", TABLE, "texts.csv")

    run = done(world, "stress")

    assert (run.state, run.verdict, run.error_code) == ("errored", "", "model_unreadable")
    assert "That counts as no. Nothing was measured." in page(world, run)


@pytest.mark.parametrize(("role", "code"), [("files", "stress_inputs_missing"), ("stress", "model_missing")])
def test_nothing_is_asked_for_while_something_is_missing(world: World, role: str, code: str) -> None:
    bring(world, role, b"text,label\n1,2\n", "model.onnx" if role == "files" else "texts.csv")

    answer = ask(world, "stress")

    assert (answer.status_code, answer.data["code"]) == (422, code)


def test_cases_of_any_characters_are_handed_out_and_never_break_the_keeping(world: World) -> None:
    cases = [{"case": f"malformed:{n}", "changed": text, "before": "1"} for n, text in enumerate(("a\ud800b", "a\0b"))]
    lines = blobs.store_bytes(cases_jsonl(cases), media_type="application/x-ndjson", at=world.at)
    document = blobs.store_bytes(canonical({"cases": {"sha256": lines.sha256}}), media_type="text/plain", at=world.at)
    run = RunFactory.create(
        kind="stress",
        state="succeeded",
        verdict="fail",
        use_case=world.use_case.slug,
        subject_digest=world.version.digest,
        result_sha256=document.sha256,
        finished_at=world.at,
    )
    pipeline, browser = client(world.submitter, *SCOPES), Client()
    browser.force_login(world.submitter)

    told = pipeline.get(f"{API}runs/{run.pk}/cases/")

    assert (told.status_code, json.loads(told.content)["cases"]) == (200, cases)
    for form in ("csv", "jsonl"):
        assert browser.get(reverse(f"evidence:cases-{form}", args=[run.pk])).status_code == 200
    for case in cases:
        kept = pipeline.post(f"{API}runs/{run.pk}/cases/", {"case": case["case"]})
        assert (kept.status_code, kept.json()["code"]) == (422, "case_unstorable")
        assert browser.post(reverse("evidence:keep-case", args=[run.pk]), {"case": case["case"]}).status_code == 302
    assert not StressCase.objects.exists()


def test_what_turned_of_a_model_of_vectors_is_no_permanent_test(world: World) -> None:
    cases = [{"part": "texts", "case": "deletions/1/0", "changed": "helo", "before": "row 1", "after": "row 2"}]
    lines = blobs.store_bytes(cases_jsonl(cases), media_type="application/x-ndjson", at=world.at)
    texts = {"reasons": [{"code": "stress.nearest_text"}]}
    content = canonical({"cases": {"sha256": lines.sha256}, "parts": {"texts": texts}})
    run = RunFactory.create(
        kind="stress",
        state="succeeded",
        verdict="fail",
        use_case=world.use_case.slug,
        subject_digest=world.version.digest,
        result_sha256=blobs.store_bytes(content, media_type="text/plain", at=world.at).sha256,
        finished_at=world.at,
    )

    answer = client(world.submitter, *SCOPES).post(f"{API}runs/{run.pk}/cases/", {"case": "deletions/1/0"})

    assert (answer.status_code, answer.data["code"]) == (422, "case_of_vectors")
    assert not StressCase.objects.exists()
