"""Trying a model from its version's page: typed by a person, answered by a worker in the sandbox, kept as evidence."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import json
import threading
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audits import blobs, execution
from audits.models import Blob, Run
from audits.sandbox.levels import Level
from audits.sandbox.probing import probe
from governance.evidence import forgetting, trials
from governance.evidence import services as evidence
from governance.evidence.models import Attachment, KeptTrial, StressCase
from governance.evidence.services import EvidenceRefused
from governance.ledger.models import Event
from governance.people.models import User
from tests.factories import member
from tests.governance.catalog.clients import API, client
from tests.governance.world import World

pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
pytest.importorskip("skl2onnx", reason="without requirements/dev.txt no model is made")
from tests.audits.adapters import made  # noqa: E402 - the packages it needs may not be there

pytestmark = [pytest.mark.django_db, pytest.mark.sandbox]
NO_PICTURE = "The file is no PNG, JPEG, WebP, BMP or GIF."
ROWS = [[3.0, 0.5, 0.5, 1.0], [-3.0, 0.5, -0.5, 1.0]]
TYPED = "3,0.5,0.5,1\n\n-3, 0.5, -0.5, 1"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    return made.as_onnx(made.classifier(), path).read_bytes()


@pytest.fixture
def world(model: bytes) -> World:
    """A version with a model file at hand."""
    if probe().level < Level.L2:
        pytest.skip(f"this machine isolates too little: {probe().lacking}")
    world = World()
    bring(world, "model.onnx", model)
    return world


def bring(world: World, name: str, content: bytes) -> None:
    upload = evidence.upload(
        stream=io.BytesIO(content),
        filename=name,
        media_type="application/octet-stream",
        by=world.submitter,
        at=timezone.now(),
    )
    evidence.attach(
        version=world.version,
        use_case=world.use_case,
        role=Attachment.Role.FILES,
        upload=upload,
        by=world.submitter,
        at=timezone.now(),
    )


def address(world: World, *, name: str = "try", **more: Any) -> str:
    entry = world.version.entry
    where = [entry.kind, entry.namespace, entry.name, world.version.revision]
    return reverse(f"catalog:{name}", args=[*where, *more.values()])


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ask(world: World, typed: str, *, by: User | None = None, lines: str = "rows", **more: Any) -> Any:
    sent = {"typed": typed, "lines": lines, "use_case": world.use_case.slug, **more}
    return browser(by or world.submitter).post(address(world), sent)


def answered(world: World, typed: str = TYPED, **more: Any) -> Run:
    ask(world, typed, **more)
    run = Run.objects.get(kind="trial")
    execution.execute(run_id=run.pk)
    run.refresh_from_db()
    return run


def test_a_reviewer_types_and_reads_what_the_model_answers_in_the_sandbox(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
):
    reviewer = browser(world.domain)
    on_page = reviewer.get(address(world, name="version")).content.decode()
    assert f'hx-get="{address(world)}"' in on_page
    assert f'<a href="{address(world)}">' in on_page  # and without scripts it is a page
    asked = ask(world, TYPED, by=world.domain)

    run = Run.objects.get(kind="trial")
    assert asked.url.endswith(f"trial={run.pk}#try")
    assert (run.state, run.use_case, run.requested_by) == ("queued", world.use_case.slug, world.domain)
    waiting = reviewer.get(asked.url.partition("#")[0])
    assert 'hx-trigger="every 1s"' in waiting.content.decode()
    assert '<meta http-equiv="refresh"' in waiting.content.decode()
    assert waiting.content.decode().count("3.0,0.5,0.5,1.0") == 1  # still in the form, to be changed

    execution.execute(run_id=run.pk)

    run.refresh_from_db()
    assert (run.state, run.verdict, run.origin) == ("succeeded", "answered", "declared"), run.error
    with django_assert_max_num_queries(20):
        shown = reviewer.get(asked.url.partition("#")[0]).content.decode()
    assert "hx-trigger" not in shown
    for word in ("probabilities", probe().level.name, "Answer took", "Ended after", "30\N{NO-BREAK SPACE}s"):
        assert word in shown
    part = reviewer.get(asked.url.partition("#")[0], headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<section")
    assert "<html" not in part
    assert "Answered" in reviewer.get(reverse("evidence:run", args=[run.pk])).content.decode()


def test_the_answer_is_that_of_the_runtime_itself(world: World):
    run = answered(world)

    document = json.loads(blobs.read_checked(run.result_sha256))
    classifier = made.classifier()
    assert document["question"] == ROWS
    assert [one["label"] for one in document["answers"]] == classifier.predict(ROWS).tolist() == [1, 0]
    scores = [score for one in document["answers"] for score in one["probabilities"]]
    assert scores == pytest.approx(classifier.predict_proba(ROWS).ravel().tolist(), abs=1e-6)
    assert document["isolation"]["level"] == probe().level.name
    assert run.summary["rows_used"] == 2


def test_a_trial_is_kept_once_by_a_reviewer_who_can_still_vote(world: World):
    run = answered(world)
    where = address(world, name="try-keep", pk=run.pk)

    browser(world.domain).post(where, {"note": "it likes large numbers"})
    browser(world.submitter).post(where, {"note": "again"})

    kept = KeptTrial.objects.get()
    assert (kept.run, kept.note, kept.kept_by) == (run, "it likes large numbers", world.domain)
    assert Event.objects.filter(verb="trial.kept", object_ref=str(run.pk)).count() == 1
    assert world.domain.pk not in evidence.contributors(version=world.version, use_case=world.use_case)
    shown = browser(world.approver).get(address(world)).content.decode()
    assert "1 kept trial" in shown
    assert "it likes large numbers" in shown


def test_strangers_and_those_who_only_read_try_nothing(world: World):
    auditor = member(world.team, "auditor")
    run = answered(world)

    assert ask(world, "a", by=world.stranger).status_code in (403, 404)
    assert ask(world, "a", by=auditor).status_code == 403
    assert "an administrator gives these roles" in browser(auditor).get(address(world)).content.decode()
    assert browser(world.stranger).post(address(world, name="try-keep", pk=run.pk)).status_code == 404
    browser(auditor).post(address(world, name="try-keep", pk=run.pk))
    assert Client().get(address(world)).status_code == 302
    assert not KeptTrial.objects.exists()
    assert Run.objects.filter(kind="trial").count() == 1
    shown = browser(world.stranger).get(f"{address(world)}?trial={run.pk}")
    assert shown.status_code == 404 or "probabilities" not in shown.content.decode()


def test_what_cannot_be_asked_is_refused_in_the_form(world: World):
    for typed, lines, says in (
        ("", "rows", "Write at least one text or one row, or choose a picture."),
        (" \n ", "texts", "Write at least one text"),
        ("a\n" * 51, "texts", "at most 50"),
        ("a" * 20_001, "texts", "20,000 characters"),
        ("1", "pictures", "pictures"),
    ):
        answer = ask(world, typed, lines=lines)

        assert answer.status_code == 422
        assert says in answer.content.decode()
        assert not Run.objects.filter(kind="trial").exists()


def test_what_does_not_fit_the_model_says_what_it_takes(world: World):
    run = answered(world, "a fine day", lines="texts")

    assert (run.state, run.error_code) == ("errored", "inputs")
    assert "the model takes 'X': float64[any, 4]" in run.error
    shown = browser(world.submitter).get(f"{address(world)}?trial={run.pk}").content.decode()
    assert "he model takes" in shown


def test_a_model_that_does_not_answer_in_its_time_is_an_answer_and_can_be_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    from onnx import TensorProto, helper

    from tests.audits.adapters.test_real_models import _endless

    world.version = world.new_version()
    bring(world, "endless.onnx", _endless(helper, TensorProto))
    monkeypatch.setattr("audits.kinds.trial.ANSWER_SECONDS", 2.0)

    ask(world, "1")
    run = Run.objects.get(kind="trial")
    execution.execute(run_id=run.pk)
    run.refresh_from_db()

    assert (run.state, run.verdict) == ("succeeded", "no_answer"), run.error
    shown = browser(world.submitter).get(f"{address(world)}?trial={run.pk}").content.decode()
    assert "did not answer in its time and was ended" in shown
    assert "out_of_time" in shown
    ask(world, "1")
    assert Run.objects.filter(kind="trial").count() == 2


def test_nobodys_trials_keep_the_others_waiting(world: World):
    for text in "123":
        assert ask(world, text).status_code == 302

    refused = ask(world, "4")

    assert refused.status_code == 422
    assert "Three of your trials wait for an answer." in refused.content.decode()
    assert ask(world, "4", by=world.domain).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_many_trials_sent_at_once_wait_no_more_than_one_after_another(transactional_db: None):
    world = World()
    bring(world, "model.onnx", b"is not read before it is run")
    start, codes = threading.Barrier(6), list[str]()

    def send(number: int) -> None:
        try:
            start.wait(20)
            asked: dict[str, Any] = {"version": world.version, "use_case": world.use_case, "cells": [f"text {number}"]}
            codes.append(trials.ask(**asked, by=world.submitter, at=timezone.now()).state)
        except EvidenceRefused as refused:
            codes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(codes) == ["queued"] * 3 + ["too_many_trials"] * 3
    assert Run.objects.filter(kind="trial").count() == 3


def test_without_a_model_at_hand_the_page_says_what_to_bring():
    world = World()
    shown = browser(world.submitter).get(address(world)).content.decode()

    assert "Bring model files" in shown
    assert ask(world, "a").status_code == 422


def test_a_note_and_rows_of_any_characters_are_no_fault_of_ours(world: World):
    asked = ask(world, "3,0.5,0.5,1\r-3,0.5,-0.5,1")  # lines ended as a browser never ends them
    run = Run.objects.get(kind="trial")
    execution.execute(run_id=run.pk)
    browser(world.domain).post(address(world, name="try-keep", pk=run.pk), {"note": "a\0b"})

    assert asked.status_code == 302
    assert KeptTrial.objects.get(run=run).note == "ab"
    assert json.loads(blobs.read_checked(run.inputs["question_sha256"])) == ROWS


def test_programs_try_and_keep_as_people_do(world: World):
    program = client(world.domain, "audits:run", "catalog:read")
    entry = world.version.entry
    subject = {"kind": entry.kind, "id": entry.repo_id, "revision": world.version.revision}
    asked = {"subject": subject, "use_case": world.use_case.slug, "inputs": ROWS}

    answer = program.post(f"{API}trials/", asked)
    run = Run.objects.get(kind="trial")
    early = program.post(f"{API}trials/{run.pk}/keep/", {})
    execution.execute(run_id=run.pk)
    kept = program.post(f"{API}trials/{run.pk}/keep/", {"note": "n"})

    assert (answer.status_code, answer["Location"]) == (202, f"/api/v1/runs/{run.pk}/")
    assert (early.status_code, early.json()["code"]) == (409, "no_trial")
    assert kept.status_code == 201
    assert program.get(f"{API}trials/").json()["items"] == [kept.json()]
    result = program.get(f"{API}runs/{run.pk}/result/").json()
    assert result["answers"][0]["label"] == 1
    for changed, status in (({"inputs": []}, 422), ({"model": "onnx:absent.onnx"}, 422), ({"inputs": [[{}]]}, 422)):
        refused = program.post(f"{API}trials/", {**asked, **changed})
        assert refused.status_code == status, refused.content


def test_a_text_with_its_right_answer_becomes_a_permanent_test(world: World):
    from onnx import TensorProto, helper

    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Identity", ["text"], ["label"])],
        "g",
        [info("text", TensorProto.STRING, [None])],
        [info("label", TensorProto.STRING, [None])],
    )
    echo = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    world.version = world.new_version()
    bring(world, "echo.onnx", echo.SerializeToString())
    run = answered(world, "first\nsecond", lines="texts")
    assert (
        "Make it a permanent stress case"
        in browser(world.submitter).get(f"{address(world)}?trial={run.pk}").content.decode()
    )
    where = address(world, name="try-keep-case", pk=run.pk)

    browser(member(world.team, "auditor")).post(where, {"row": "0", "expected": "1"})  # only reads
    browser(world.submitter).post(where, {"row": "7", "expected": "1"})
    browser(world.submitter).post(where, {"row": "0", "expected": "N\0UL"})
    browser(world.submitter).post(where, {"row": "1", "expected": "zwei"})
    again = client(world.submitter, "audits:run").post(
        f"{API}trials/{run.pk}/stress-case/", {"row": 1, "expected": "zwei"}
    )

    kept = StressCase.objects.get()
    assert (kept.entry, kept.use_case, kept.input, kept.expected) == (
        world.version.entry,
        world.use_case,
        {"text": "second"},
        "zwei",
    )
    assert (again.status_code, again.json()["id"]) == (201, kept.pk)


def brightness() -> bytes:
    """A model of pictures of 8 x 8 that says how bright red, green and blue are."""
    from onnx import TensorProto, helper

    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["pixels"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["colours"]),
        ],
        "g",
        [info("pixels", TensorProto.FLOAT, [None, 3, 8, 8])],
        [info("colours", TensorProto.FLOAT, [None, 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def picture(colour: tuple[int, int, int] = (255, 0, 51), kind: str = "PNG") -> bytes:
    image = pytest.importorskip("PIL.Image", reason="without requirements/models.txt no picture is read")
    stored = io.BytesIO()
    image.new("RGB", (40, 30), colour).save(stored, kind)
    return stored.getvalue()


def show(world: World, content: bytes, **more: Any) -> Any:
    file = SimpleUploadedFile("cat.png", content, content_type="image/png")
    sent = {"typed": "", "lines": "texts", "use_case": world.use_case.slug, "picture": file, **more}
    return browser(world.submitter).post(address(world), sent)


@pytest.fixture
def gallery(world: World) -> World:
    """The same, with a model of pictures."""
    world.version = world.new_version()
    bring(world, "brightness.onnx", brightness())
    return world


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
        (picture(), {"typed": "a"}, "Ask about lines or about a picture"),
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


def test_a_trial_that_nobody_kept_is_forgotten_after_some_days_and_can_be_asked_again(world: World, settings: Any):
    run, kept = answered(world), _another(world, "1,2,3,4")
    trials.keep(run_id=kept.pk, by=world.submitter, at=timezone.now())
    question, result = run.inputs["question_sha256"], run.result_sha256
    late = timezone.now() + dt.timedelta(days=settings.TRIAL_DAYS, minutes=1)

    early = forgetting.forget_trials(at=timezone.now())
    erased = forgetting.forget_trials(at=late)
    again = forgetting.forget_trials(at=late)

    assert (early, erased, again) == (0, 2, 0)
    assert not blobs.is_there(question)
    assert not blobs.is_there(result)
    assert set(Blob.objects.exclude(erased_at=None).values_list("sha256", flat=True)) == {question, result}
    assert blobs.is_there(kept.inputs["question_sha256"])
    assert blobs.is_there(kept.result_sha256)
    where = f"{address(world)}?use_case={world.use_case.slug}&trial={run.pk}"
    assert "was erased since. Ask again." in browser(world.submitter).get(where).content.decode()
    with pytest.raises(EvidenceRefused) as refused:
        trials.keep(run_id=run.pk, by=world.submitter, at=late)
    assert refused.value.code == "trial_erased", "what is gone is no evidence"
    assert ask(world, TYPED).status_code == 302
    renewed = Run.objects.filter(kind="trial").latest("pk")
    execution.execute(run_id=renewed.pk)
    assert blobs.is_there(question)
    assert Run.objects.get(pk=renewed.pk).verdict == "answered"


def test_what_something_else_rests_on_is_not_forgotten(gallery: World, settings: Any):
    show(gallery, picture())
    run = Run.objects.get(kind="trial")
    execution.execute(run_id=run.pk)
    digest = hashlib.sha256(picture()).hexdigest()
    bring(gallery, "cat.png", picture())
    late = timezone.now() + dt.timedelta(days=settings.TRIAL_DAYS, minutes=1)

    assert forgetting.forget_trials(at=late) == 2

    assert blobs.is_there(digest), "somebody has uploaded the same bytes as evidence"
    show(gallery, picture((0, 255, 0)))
    other = Run.objects.filter(kind="trial").latest("pk")
    execution.execute(run_id=other.pk)
    trials.keep_case(run_id=other.pk, row=0, expected="1", by=gallery.submitter, at=timezone.now())
    assert forgetting.forget_trials(at=late) == 0, "what became a permanent test keeps the trial that it came from"


def test_a_picture_that_an_erased_trial_showed_too_is_erased_with_the_last_that_did(settings: Any):
    world = World()
    bring(world, "model.onnx", b"is not run")
    first, second = b"GIF89a one", b"GIF89a two"
    digest = hashlib.sha256(first).hexdigest()

    for days, shown in ((1, [first]), (50, [first, second])):
        at = timezone.now() + dt.timedelta(days=days)
        run = trials.ask(version=world.version, use_case=world.use_case, pictures=shown, by=world.submitter, at=at)
        Run.objects.filter(pk=run.pk).update(state="cancelled", finished_at=at)
        assert blobs.is_there(digest)

        forgetting.forget_trials(at=at + dt.timedelta(days=settings.TRIAL_DAYS, minutes=1))

        assert not blobs.is_there(digest)
    assert not blobs.is_there(hashlib.sha256(second).hexdigest())


def _another(world: World, typed: str) -> Run:
    ask(world, typed)
    run = Run.objects.filter(kind="trial").latest("pk")
    execution.execute(run_id=run.pk)
    run.refresh_from_db()
    return run
