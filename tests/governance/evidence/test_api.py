"""Uploads and runs over REST."""

from __future__ import annotations

import hashlib
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from rest_framework.test import APIClient

from audits.models import Blob, Run
from governance.evidence.models import Upload
from governance.people.models import User
from tests.factories import TeamFactory, member
from tests.governance.catalog.clients import API, client
from tests.governance.world import World

SCOPES = ("catalog:read", "audits:run", "reviews:write")
TABLE = b"label,prediction,group\n1,1,a\n"


def as_(user: User) -> APIClient:
    return client(user, *SCOPES)


def test_a_file_can_be_sent_as_a_form_or_as_it_is(world: World) -> None:
    sender = as_(world.submitter)

    form = sender.post(f"{API}uploads/", {"file": SimpleUploadedFile("a.csv", TABLE, "text/csv")}, format="multipart")
    raw = sender.post(f"{API}uploads/", TABLE, content_type="text/csv", HTTP_X_FILENAME="../../b.csv")

    assert (form.status_code, raw.status_code) == (201, 201), (form.data, raw.data)
    digest = hashlib.sha256(TABLE).hexdigest()
    assert {form.data["sha256"], raw.data["sha256"]} == {digest}
    assert (form.data["bytes"], form.data["media_type"], form.data["filename"]) == (len(TABLE), "text/csv", "a.csv")
    assert raw.data["filename"] == "b.csv"
    assert (Upload.objects.count(), Blob.objects.filter(sha256=digest).count()) == (2, 1)
    assert sender.get(f"{API}uploads/{raw.data['id']}/").data == raw.data


@override_settings(MAX_UPLOAD_BYTES=1_000_000)
@pytest.mark.parametrize("size", [1_000_001, 3_000_000])
def test_a_file_that_is_too_large_is_not_kept(world: World, size: int) -> None:
    sender, before = as_(world.submitter), Blob.objects.count()

    raw = sender.post(f"{API}uploads/", b"x" * size, content_type="text/csv")
    form = sender.post(f"{API}uploads/", {"file": SimpleUploadedFile("a.csv", b"x" * size)}, format="multipart")

    assert (raw.status_code, form.status_code) == (413, 413)
    assert {raw.data["code"], form.data["code"]} == {"upload_too_large"}
    assert "1 MB" in raw.data["detail"]
    assert (Blob.objects.count(), Upload.objects.count()) == (before, 0)


def test_nothing_is_no_upload(world: World) -> None:
    sender = as_(world.submitter)

    empty = sender.post(f"{API}uploads/", b"", content_type="text/csv")
    without = sender.post(f"{API}uploads/", {"other": "x"}, format="multipart")
    hollow = sender.post(f"{API}uploads/", {"file": SimpleUploadedFile("a.csv", b"")}, format="multipart")

    assert [answer.status_code for answer in (empty, without, hollow)] == [422, 422, 422]
    assert not Upload.objects.exists()


@pytest.mark.parametrize("name", ["‮gpj.exe", "a\tb.csv", "/etc/passwd", "..", "x" * 900, "C:\\t\\a.csv"])
def test_fault_v45_a_file_name_is_only_a_name(world: World, name: str) -> None:
    upload = world.upload()
    from governance.evidence.services import _plain

    shown = _plain(name)

    assert upload.filename == "predictions.csv"
    assert 0 < len(shown) <= 255
    assert not set(shown) & set("/\\\t\0‮")


def test_a_form_that_names_its_field_as_we_name_the_body_is_told_the_right_name(world: World) -> None:
    sender = as_(world.submitter)

    text = sender.post(f"{API}uploads/", {"stream": "x"}, format="multipart")
    file = sender.post(f"{API}uploads/", {"stream": SimpleUploadedFile("a.csv", TABLE)}, format="multipart")

    assert [answer.data["code"] for answer in (text, file)] == ["file_missing", "file_missing"]
    assert (text.status_code, file.status_code) == (422, 422)
    assert not Upload.objects.exists()


def test_an_idempotency_key_uploads_once(world: World) -> None:
    sender = as_(world.submitter)

    first = sender.post(f"{API}uploads/", TABLE, content_type="text/csv", HTTP_IDEMPOTENCY_KEY="u1")
    again = sender.post(f"{API}uploads/", TABLE, content_type="text/csv", HTTP_IDEMPOTENCY_KEY="u1")

    assert again.data == first.data
    assert Upload.objects.count() == 1


def test_a_stranger_sees_no_upload(world: World) -> None:
    upload = world.upload()

    assert as_(world.stranger).get(f"{API}uploads/{upload.public_id}/").status_code == 404
    assert APIClient().get(f"{API}uploads/{upload.public_id}/").status_code == 401
    assert APIClient().post(f"{API}uploads/", TABLE, content_type="text/csv").status_code == 401
    assert (
        client(world.submitter, "catalog:read").post(f"{API}uploads/", TABLE, content_type="text/csv").status_code
        == 403
    )


# --- runs ------------------------------------------------------------------------------------------------------------


def asked(world: World, kind: str = "license") -> dict[str, object]:
    entry = world.version.entry
    subject = {"kind": entry.kind, "id": entry.repo_id, "revision": world.version.revision}
    return {"kind": kind, "subject": subject, "use_case": world.use_case.slug}


def test_a_run_is_asked_for_once_and_tells_its_inputs(world: World) -> None:
    sender = as_(world.submitter)

    first = sender.post(f"{API}runs/", asked(world))
    again = sender.post(f"{API}runs/", asked(world))

    assert (first.status_code, again.status_code) == (202, 202), first.data
    assert first.data["id"] == again.data["id"]
    assert first.headers["Location"].endswith(f"/runs/{first.data['id']}/")
    assert (first.data["state"], first.data["progress"]) == ("queued", {"done": 0, "total": None})
    assert len(first.data["inputs_digest"]) == 64
    assert set(first.data["packages"]) == {"license-expression"}


def test_a_finished_run_shows_findings_in_words_and_its_document(world: World) -> None:
    world.audited()
    reader = as_(world.domain)
    run = Run.objects.get(kind="bias")

    shown = reader.get(f"{API}runs/{run.pk}/").data
    findings = reader.get(f"{API}runs/{run.pk}/findings/").data
    result = reader.get(f"{API}runs/{run.pk}/result/")

    assert (shown["verdict"], shown["origin"], shown["attempt"]) == ("pass", "declared", 1)
    assert shown["summary"]["demographic_parity_ratio"] == pytest.approx(1.0)
    assert findings["order"] == ["id"]
    assert all(found["title"] != found["code"] for found in findings["items"])
    assert json.loads(result.content)["verdict"] == "pass"
    assert hashlib.sha256(b"").hexdigest() != shown["result_sha256"]


@pytest.mark.parametrize("path", ["", "findings/", "result/", "cancel/"])
def test_a_run_that_read_a_teams_uploads_is_nothing_to_strangers(world: World, path: str) -> None:
    world.audited()
    run = Run.objects.get(kind="bias")
    method = "post" if path == "cancel/" else "get"

    answer = getattr(as_(world.stranger), method)(f"{API}runs/{run.pk}/{path}")

    assert answer.status_code == 404
    assert getattr(APIClient(), method)(f"{API}runs/{run.pk}/{path}").status_code == 401


def test_the_list_shows_a_stranger_only_what_reads_public_cards(world: World) -> None:
    world.audited()
    hidden = world.new_version(entry__team=world.team)
    world.submit(hidden)

    theirs = as_(world.stranger).get(f"{API}runs/").data["items"]
    ours = as_(world.submitter).get(f"{API}runs/").data["items"]

    assert {run["kind"] for run in theirs} == {"card"}
    assert {run["subject_digest"] for run in theirs} == {world.version.digest}
    assert {run["kind"] for run in ours} == {"card", "license", "bias"}


def test_runs_can_be_narrowed(world: World) -> None:
    world.audited()
    reader = as_(world.submitter)

    def found(**narrow: str) -> set[str]:
        return {run["kind"] for run in reader.get(f"{API}runs/", narrow).data["items"]}

    assert found(kind="bias") == {"bias"}
    assert found(state="queued") == set()
    assert found(subject_digest="0" * 64) == set()
    assert reader.get(f"{API}runs/", {"subject_digest": "x"}).status_code == 400


def test_a_stranger_starts_no_run_in_somebody_elses_use_case(world: World) -> None:
    assert as_(world.stranger).post(f"{API}runs/", asked(world)).status_code == 404
    assert client(world.submitter, "catalog:read").post(f"{API}runs/", asked(world)).status_code == 403
    assert not Run.objects.exists()


@pytest.mark.parametrize(("kind", "code"), [("bias", "predictions_missing"), ("vibes", "kind_without_inputs")])
def test_what_cannot_be_run_says_why(world: World, kind: str, code: str) -> None:
    answer = as_(world.submitter).post(f"{API}runs/", asked(world, kind))

    assert (answer.status_code, answer.data["code"]) == (422, code)


def test_a_waiting_run_is_cancelled_by_its_team(world: World) -> None:
    world.submit()
    run = Run.objects.get(kind="license")

    first = as_(world.submitter).post(f"{API}runs/{run.pk}/cancel/")
    again = as_(world.submitter).post(f"{API}runs/{run.pk}/cancel/")

    assert (first.status_code, first.data["state"]) == (202, "cancelled")
    assert (again.status_code, again.data["code"]) == (409, "invalid_transition")


def test_a_stranger_cannot_cancel_the_run_of_a_public_card_that_others_wait_for(world: World) -> None:
    world.submit()
    run = Run.objects.get(kind="card")
    stranger = member(TeamFactory(), "viewer")

    answer = as_(stranger).post(f"{API}runs/{run.pk}/cancel/")

    run.refresh_from_db()
    assert (answer.status_code, answer.data["code"]) == (403, "not_an_asker")
    assert run.state == "queued"


@pytest.mark.parametrize("role", ["viewer", "auditor"])
def test_who_only_reads_starts_and_cancels_nothing(world: World, role: str) -> None:
    submission = world.submit()
    run = Run.objects.get(kind="license")
    reader = as_(member(world.team, role))

    cancelled = reader.post(f"{API}runs/{run.pk}/cancel/")
    started = reader.post(f"{API}runs/", asked(world))
    again = reader.post(f"{API}submissions/{submission.pk}/audits/")

    assert [answer.status_code for answer in (cancelled, started, again)] == [403, 403, 403]
    assert Run.objects.get(pk=run.pk).state == "queued"


def test_a_reviewer_has_an_audit_run_and_cancels_only_that(world: World) -> None:
    world.submit()
    run = Run.objects.get(kind="license")
    reviewer = as_(member(world.team, "reviewer:ethics"))
    Run.objects.filter(kind="card").delete()

    cancelled = reviewer.post(f"{API}runs/{run.pk}/cancel/")
    started = reviewer.post(f"{API}runs/", asked(world, "card"))
    own = reviewer.post(f"{API}runs/{started.data['id']}/cancel/")

    assert [answer.status_code for answer in (cancelled, started, own)] == [403, 202, 202]
    assert Run.objects.get(pk=run.pk).state == "queued"


@pytest.mark.parametrize("number", ["9223372036854775808", "0", "99999999999999999999"])
def test_fault_v34_numbers_beyond_the_database_find_nothing(world: World, number: str) -> None:
    assert as_(world.submitter).get(f"{API}runs/{number}/").status_code == 404
    assert as_(world.submitter).get(f"{API}submissions/{number}/").status_code == 404


def test_no_result_yet_is_said_plainly(world: World) -> None:
    world.submit()
    run = Run.objects.get(kind="card")

    answer = as_(world.submitter).get(f"{API}runs/{run.pk}/result/")

    assert (answer.status_code, answer.data["code"]) == (404, "no_result")
