"""A reviewer has a model put under stress with one button, and reads what breaks it, with examples."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings

from audits import blobs, execution
from audits.models import Run
from audits.sandbox.levels import Level
from audits.sandbox.probing import probe
from governance.catalog import use_cases
from governance.catalog.models import File
from governance.evidence import services as evidence
from governance.evidence.models import Attachment, StressCase
from tests.journeys.conftest import Visitor
from tests.story import NOW, PLAN, Story

pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
pytest.importorskip("skl2onnx", reason="without requirements/dev.txt no model is made")
from tests.audits.adapters.made import as_onnx  # noqa: E402 - the packages it needs may not be there
from tests.audits.stress import made, models  # noqa: E402

pytestmark = [
    pytest.mark.browser,
    pytest.mark.sandbox,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("scripts", [True], ids=["with scripts"]),
]


def brought(
    story: Story, part: dict[str, Any] | None, model: Path, table: bytes, settings: Settings, folder: Path
) -> None:
    """A model among the version's files, a table that a submitter attached, and what the audit plan says of both, if it
    says anything."""
    if probe().level < Level.L2:
        pytest.skip(f"this machine isolates too little: {probe().lacking}")
    settings.VAR_DIR = folder
    if part is not None:
        use_cases.put_audit_plan(
            use_case_id=story.use_case.pk, document={**PLAN, "stress": part}, by=story.risk_officer, at=NOW
        )
    stored = blobs.store_bytes(model.read_bytes(), media_type="application/octet-stream", at=NOW)
    File.objects.create(
        version=story.version, path="model.onnx", size=stored.bytes, sha256=stored.sha256, role="weights"
    )
    upload = evidence.upload(
        stream=io.BytesIO(table), filename="table.csv", media_type="text/csv", by=story.submitter, at=NOW
    )
    role, version, use_case = Attachment.Role.STRESS, story.version, story.use_case
    evidence.attach(version=version, use_case=use_case, role=role, upload=upload, by=story.submitter, at=NOW)


def started(story: Story, visitor: Visitor) -> Run:
    """From the version's page to the run's, and the worker's part."""
    page, entry = visitor.page, story.version.entry
    visitor.sign_in(story.reviewer)
    visitor.go(reverse("catalog:version", args=[entry.kind, entry.namespace, entry.name, story.version.revision]))
    page.get_by_role("link", name="Audit…").click()
    page.get_by_role("main").get_by_role("link", name="Stress").click()
    page.get_by_role("button", name="Start the audit").click()
    page.wait_for_url("**/runs/*/")
    run = execution.execute(run_id=Run.objects.get(kind="stress").pk)
    assert (run.state, run.requested_by, run.origin) == ("succeeded", story.reviewer, "observed"), run.error
    page.reload()
    return run


def shots(visitor: Visitor, run: Run, settings: Settings, name: str) -> None:
    """Pictures of the report for whoever looks at it, where they are asked for."""
    if not (folder := os.environ.get("SHOTS")):
        return
    page, cookie = visitor.page, settings.LANGUAGE_COOKIE_NAME
    for language in ("en", "ru"):
        for width in (1280, 390):
            for scheme in ("light", "dark"):
                page.context.add_cookies([{"name": cookie, "value": language, "url": visitor.base}])
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                visitor.go(reverse("evidence:run", args=[run.pk]))
                page.screenshot(path=f"{folder}/{name}-{language}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_reviewer_presses_one_button_and_reads_what_turns_a_classifier_of_texts(
    story: Story, visitor: Visitor, settings: Settings, tmp_path: Path
) -> None:
    families = ["keyboard_typos", "deletions", "homoglyphs", "yo_as_ye"]
    part = {"families": families, "judged_at": 5, "determinism": {"rows": 10}}
    model = as_onnx(models.classifier(models.made_up(200)), tmp_path / "model.onnx", texts=True)
    brought(story, part, model, models.as_csv(models.made_up(120, seed=5)), settings, tmp_path)
    page = visitor.page

    run = started(story, visitor)

    assert "Answers do not hold" in page.locator("#verdict").inner_text()
    report = page.locator("#stress")
    assert f"level {probe().level.name}" in report.inner_text()
    assert report.locator("svg.plot").first.is_visible()
    turned = page.locator("#turned")
    turned.locator("summary", has_text="Keyboard typos").click()
    example = turned.get_by_text("was yes, is no").or_(turned.get_by_text("was no, is yes")).first
    assert example.is_visible()
    turned.get_by_role("button", name="Keep as a permanent test").first.click()
    page.get_by_role("status").first.wait_for()
    assert StressCase.objects.get().kept_by == story.reviewer
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    visitor.nothing_went_wrong()
    shots(visitor, run, settings, "texts")


@pytest.mark.long
def test_a_reviewer_without_a_plan_reads_which_corruption_turns_a_classifier_of_pictures(
    story: Story, visitor: Visitor, settings: Settings, tmp_path: Path
) -> None:
    table = made.digit_table(tmp_path / "digit.csv", rows=120).read_bytes()
    model = made.squared(made.digit_model(tmp_path / "flat.onnx"), tmp_path / "model.onnx")
    brought(story, None, model, table, settings, tmp_path)
    page = visitor.page

    run = started(story, visitor)

    pictures = page.locator("#images")
    assert pictures.get_by_text("Frost, Other saturation, Elastic distortion").is_visible()  # what is left out
    pictures.locator("summary", has_text="Pictures that turned").click()
    assert pictures.get_by_role("table", name="Pictures that turned").get_by_role("row").count() > 3
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    visitor.nothing_went_wrong()
    shots(visitor, run, settings, "pictures")
