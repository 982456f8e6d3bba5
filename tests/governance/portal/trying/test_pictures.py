"""Showing a model a picture from its version's page: nothing decodes it but the sandbox."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from django.utils import timezone

from audits import blobs, execution
from audits.models import Run
from governance.evidence.models import KeptTrial, StressCase
from tests.governance.catalog.clients import API, client
from tests.governance.portal.trying.asking import (
    address,
    browser,
    picture,
    show,
)
from tests.governance.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.sandbox]
NO_PICTURE = "The file is no PNG, JPEG, WebP, BMP or GIF."


def test_a_picture_is_shown_to_a_model_and_becomes_evidence_and_a_permanent_test(gallery: World):
    asked = show(gallery, picture())
    run = Run.objects.get(kind="trial")
    execution.execute(run_id=run.pk)
    run.refresh_from_db()

    assert (run.state, run.verdict) == ("succeeded", "answered"), run.error
    document = json.loads(blobs.read_checked(run.result_sha256))
    assert document["answers"][0]["colours"] == pytest.approx([1.0, 0.0, 0.2], abs=1e-6)
    seen = browser(gallery.submitter).get(asked.url.partition("#")[0]).content.decode()
    assert "picture: PNG" in seen
    assert "<img" not in seen.partition('id="try-answer"')[2], "nobody's browser decodes a stranger's picture"
    browser(gallery.submitter).post(address(gallery, name="try-keep", pk=run.pk), {"note": "red"})
    browser(gallery.submitter).post(address(gallery, name="try-keep-case", pk=run.pk), {"row": "0", "expected": "0"})
    assert KeptTrial.objects.get().run == run
    kept = StressCase.objects.get()
    digest = hashlib.sha256(picture()).hexdigest()
    assert kept.input == {"picture": digest, "media_type": "image/png", "bytes": len(picture())}
    assert blobs.read_checked(digest) == picture()


def test_what_is_no_picture_says_so_and_what_only_begins_like_one_is_refused_where_it_is_decoded(gallery: World):
    for content, more, says in (
        (b"", {}, NO_PICTURE),
        (b"<svg onload=alert(1)>", {}, NO_PICTURE),
        (b"%PDF-1.7", {}, NO_PICTURE),
        (b"\x89PNG\r\n\x1a\n" + bytes(4 << 20), {}, "A picture has at most 4 MB."),
        (picture(), {"typed": "a"}, "Ask about lines or about one file"),
    ):
        answer = show(gallery, content, **more)
        assert (answer.status_code, says in answer.content.decode()) == (422, True), says
    assert not Run.objects.filter(kind="trial").exists()

    show(gallery, picture()[:60])
    run = Run.objects.get(kind="trial")
    execution.execute(run_id=run.pk)
    run.refresh_from_db()

    assert (run.state, run.error_code) == ("errored", "inputs")
    assert "picture 1 cannot be read" in run.error


def test_a_model_that_takes_no_pictures_says_what_it_takes(world: World):
    show(world, picture())
    run = Run.objects.get(kind="trial")
    execution.execute(run_id=run.pk)
    run.refresh_from_db()

    assert (run.state, run.error_code) == ("errored", "inputs")
    assert "pictures" in run.error


def test_programs_show_pictures_and_name_none_that_they_did_not_send(gallery: World):
    program = client(gallery.submitter, "audits:run", "catalog:read")
    entry = gallery.version.entry
    subject = {"kind": entry.kind, "id": entry.repo_id, "revision": gallery.version.revision}
    sent = base64.b64encode(picture(kind="JPEG")).decode()
    named = {"picture": hashlib.sha256(picture()).hexdigest(), "media_type": "image/png", "bytes": len(picture())}
    blobs.store_bytes(picture(), media_type="image/png", at=timezone.now())

    def post(*inputs: Any) -> Any:
        asked = {"subject": subject, "use_case": gallery.use_case.slug, "inputs": inputs}
        return program.post(f"{API}trials/", asked)

    answers = [
        post({"picture": sent}, {"picture": sent}),
        post(named),
        post({"picture": "not base64!"}),
        post({"picture": 5}),
        post({"picture": sent}, "and a text"),
        post(*[{"picture": sent}] * 9),
        post({"picture": base64.b64encode(b"GIF89").decode()}),
    ]

    assert [one.status_code for one in answers] == [202, *[422] * 6]
    assert [one.json()["code"] for one in answers[1:]] == [
        "question_odd",
        "picture_odd",
        "picture_odd",
        "question_odd",
        "question_odd",
        "picture_odd",
    ]
    assert Run.objects.get(kind="trial").inputs["pictures"] == [hashlib.sha256(picture(kind="JPEG")).hexdigest()]
