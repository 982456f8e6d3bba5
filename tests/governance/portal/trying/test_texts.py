"""Trying a model from its version's page: typed by a person, answered by a worker in the sandbox, kept as evidence."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audits import blobs, execution
from audits.models import Run
from audits.sandbox.probing import probe
from governance.evidence import services as evidence
from governance.evidence import trials
from governance.evidence.models import KeptTrial, StressCase
from governance.evidence.services import EvidenceRefused
from governance.ledger.models import Event
from tests.factories import member
from tests.governance.catalog.clients import API, client
from tests.governance.portal.trying.asking import (
    ROWS,
    TYPED,
    address,
    answered,
    ask,
    bring,
    browser,
)
from tests.governance.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.sandbox]


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
    from tests.audits.adapters import made  # the packages it needs may not be there

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
        ("", "rows", "Write at least one text or one row, or choose a picture or a sound."),
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
    assert "the model takes 'X': float64[any, 4]: a row of 4 numbers, with commas between" in run.error
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
def test_many_trials_sent_at_once_wait_no_more_than_one_afteranother(transactional_db: None):
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
