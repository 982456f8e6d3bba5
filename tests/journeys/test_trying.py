"""A model is tried from its version's page, with and without scripts, and the trial is kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from audits import execution
from audits.models import Run
from audits.sandbox.levels import Level
from audits.sandbox.probing import probe
from governance.evidence import services as evidence
from governance.evidence.models import Attachment, KeptTrial
from tests.journeys.conftest import Visitor
from tests.story import Story, bring

pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
pytest.importorskip("skl2onnx", reason="without requirements/dev.txt no model is made")
from tests.audits.adapters import made  # noqa: E402 - the packages it needs may not be there

pytestmark = [pytest.mark.timeout(300), pytest.mark.long, pytest.mark.sandbox]


def test_a_model_is_tried_and_the_trial_kept(story: Story, visitor: Visitor, tmp_path: Path) -> None:
    if probe().level < Level.L2:
        pytest.skip(f"this machine isolates too little: {probe().lacking}")
    file = made.as_onnx(made.classifier(), tmp_path / "model.onnx")
    version = bring(tmp_path, by=story.submitter, team=story.team)  # the file is one of the version's by its digest
    with file.open("rb") as stream:
        upload = evidence.upload(
            stream=stream, filename=file.name, media_type="x/x", by=story.submitter, at=timezone.now()
        )
    role, use_case = Attachment.Role.FILES, story.use_case
    evidence.attach(version=version, use_case=use_case, role=role, upload=upload, by=story.submitter, at=timezone.now())
    visitor.sign_in(story.submitter)
    entry = version.entry
    visitor.go(reverse("catalog:version", args=[entry.kind, entry.namespace, entry.name, version.revision]))
    page = visitor.page
    page.locator("#try").scroll_into_view_if_needed()
    if not visitor.scripts:
        page.get_by_role("link", name="Type a row of features and see what the model answers").click()

    page.get_by_label("What to ask").fill("3, 0.5, 0.5, 1\n-3, 0.5, -0.5, 1")
    page.get_by_label("a row of features").check()
    page.get_by_role("button", name="Ask the model").click()
    page.locator("#try-answer progress, #try-answer .progress").first.wait_for()
    run = Run.objects.get(kind="trial")
    execution.execute(run_id=run.pk)
    if not visitor.scripts:
        page.reload()

    table = page.locator("#try table")
    table.wait_for()
    assert table.get_by_role("row").count() == 3
    assert probe().level.name in page.locator("#try-answer").inner_text()
    if folder := os.environ.get("SHOTS"):
        for width in (1280, 390):
            for scheme in ("light", "dark"):
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                page.screenshot(
                    path=f"{folder}/try-{width}-{scheme}-{visitor.scripts}.png", full_page=not visitor.scripts
                )
    page.get_by_label("What it shows").fill("large numbers are 1")
    page.get_by_role("button", name="Keep as evidence").click()
    page.get_by_text("Kept as evidence").first.wait_for()
    assert KeptTrial.objects.get().run == run
    visitor.nothing_went_wrong()
