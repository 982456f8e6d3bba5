"""Audits of uploads from the portal: what each needs, what is refused and why, and the run that comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from audits import execution
from audits.models import Run
from governance.catalog.use_cases import put_audit_plan
from governance.evidence.inputs import UPLOADED
from governance.evidence.models import Attachment, Upload
from governance.people.models import User
from tests.audits.measures.counterfactual.made import table_of as texts_of
from tests.audits.measures.counterfactual.made import texts
from tests.audits.measures.drift.test_tables import sample
from tests.audits.measures.ll144.people import counted
from tests.audits.measures.ll144.people import table_of as people_of
from tests.audits.measures.suites.made import cases
from tests.audits.measures.suites.made import table_of as suite_of
from tests.factories import member
from tests.governance.world import PLAN, World, predictions

pytestmark = pytest.mark.django_db

LL144 = {"sex": "sex", "race": "race", "selected": "selected"}
PEOPLE = people_of(counted({("F", "Asian"): (30, 100), ("M", "White"): (60, 100)}))
SUITE = suite_of(cases("negation", 10, 50) + cases("other", 50, 50, label="no"))
TEXTS = texts_of(texts((60, "1", "1", "1"), (40, "1", "0", "1")))
TABLES: dict[str, dict[str, bytes]] = {
    "bias": {"predictions": predictions()},
    "ll144": {"predictions": PEOPLE},
    "counterfactual": {"texts": TEXTS},
    "suite": {"suite": SUITE},
    "data": {"data": sample(200)},
    "drift": {"data": sample(1_500), "reference": sample(1_500, seed=1)},
    "mitigation": {"predictions": predictions().replace(b"\n", b",1\n").replace(b"group,1", b"group,age") + b",1"},
    "metrics": {"predictions": predictions()},
    "files": {"files": b"\x80\x04N."},
    "stress": {"stress": b"text,label\na fine day,yes\n", "files": b"a model of another test"},
}
NAMED = {("stress", "files"): "model.onnx"}
PLANS: dict[str, dict[str, Any]] = {
    "ll144": {"ll144": LL144},
    "mitigation": {"bias": {**PLAN["bias"], "features": ["age"]}},
    "metrics": {"bias": {**PLAN["bias"], "metrics": ["ours:mean"]}},
}


@pytest.fixture
def world(settings: Settings) -> World:
    settings.RUN_LEASE_S = 3600
    return World()


def address(world: World, kind: str = "") -> str:
    entry = world.version.entry
    where = [entry.kind, entry.namespace, entry.name, world.version.revision]
    if not kind:
        return reverse("catalog:audits", args=where)
    return reverse("catalog:audit", args=[*where, world.use_case.slug, kind])


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(world: World, kind: str, files: dict[str, bytes], *, by: User | None = None) -> Any:
    sent = {
        role: SimpleUploadedFile(NAMED.get((kind, role), f"{role}.csv"), data, "text/csv")
        for role, data in files.items()
    }
    return browser(by or world.submitter).post(address(world, kind), sent)


def plan(world: World, kind: str) -> None:
    put_audit_plan(use_case_id=world.use_case.pk, document=PLANS.get(kind, PLAN), by=world.risk_officer, at=world.at)


def test_every_audit_of_uploads_is_among_those_tried_here() -> None:
    assert set(TABLES) == set(UPLOADED)
    assert all(set(files) == {role.value for role in UPLOADED[kind].uploads.values()} for kind, files in TABLES.items())


@pytest.mark.parametrize("kind", TABLES)
def test_a_submitter_brings_what_an_audit_reads_and_it_starts(world: World, kind: str) -> None:
    plan(world, kind)

    answer = send(world, kind, TABLES[kind])

    run = Run.objects.get(kind=kind)
    assert (answer.status_code, answer.url) == (302, reverse("evidence:run", args=[run.pk]))
    assert (run.state, run.use_case) == ("queued", world.use_case.slug)
    # what our worker runs itself is observed
    assert run.origin == ("observed" if kind == "stress" else "declared")
    assert run.requested_by == world.submitter
    brought = Attachment.objects.filter(version=world.version, use_case=world.use_case, attached_by=world.submitter)
    assert set(brought.values_list("role", flat=True)) == set(TABLES[kind])
    by_role = {one.role: one.upload.blob.sha256 for one in brought}
    read = [run.inputs[name] for name in UPLOADED[kind].uploads]
    of_each = [one for given in read for one in (given if isinstance(given, list) else [given])]
    assert {one["sha256"] for one in of_each} == set(by_role.values())


@pytest.mark.parametrize(("kind", "verdict"), [("suite", "fail"), ("counterfactual", "fail"), ("drift", "pass")])
def test_what_was_started_here_is_done_by_a_worker(world: World, kind: str, verdict: str) -> None:
    send(world, kind, TABLES[kind])

    execution.execute(run_id=Run.objects.get(kind=kind).pk)

    run = Run.objects.get(kind=kind)
    assert (run.state, run.verdict) == ("succeeded", verdict), run.error


def test_the_same_table_again_leads_to_what_was_found_before(world: World) -> None:
    send(world, "suite", {"suite": SUITE})
    run = Run.objects.get(kind="suite")
    execution.execute(run_id=run.pk)

    answer = send(world, "suite", {"suite": SUITE})

    assert answer.url == reverse("evidence:run", args=[run.pk])
    shown = browser(world.submitter).get(address(world, "suite")).content.decode()
    assert reverse("evidence:run", args=[run.pk]) in shown


def test_what_is_attached_need_not_be_sent_again(world: World) -> None:
    send(world, "drift", TABLES["drift"])

    answer = send(world, "drift", {"data": sample(300)})

    newest = Run.objects.filter(kind="drift").latest("pk")
    assert answer.status_code == 302
    assert Run.objects.filter(kind="drift").count() == 2
    assert newest.inputs["reference"] == Run.objects.filter(kind="drift").earliest("pk").inputs["reference"]


@pytest.mark.parametrize(
    ("kind", "files", "says"),
    [
        ("suite", {}, "Choose a file."),
        ("suite", {"suite": b""}, "The file is empty. Send one with content."),
        ("suite", {"suite": b"a,b\n1,2\n"}, "The table has no columns"),
        ("counterfactual", {"texts": b"text_id,identity,role\n1,a,original\n"}, "prediction"),
        ("bias", {"predictions": b"label,prediction\n1,1\n"}, "The table has no column"),
        ("drift", {"data": b"a\n1\n"}, "Choose a file."),
        ("ll144", {"predictions": PEOPLE}, "The table has no columns"),
        ("stress", {"stress": b"text\na\n"}, "Choose a file."),
        ("mitigation", {"predictions": predictions()}, "The audit plan names no features to learn from."),
        ("metrics", {"predictions": predictions()}, "The audit plan names no metrics of your own."),
    ],
)
def test_what_cannot_be_audited_is_refused_with_the_way_to_mend_it(
    world: World, kind: str, files: dict[str, bytes], says: str
) -> None:
    answer = send(world, kind, files)

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Run.objects.filter(kind=kind).exists()
    assert not Attachment.objects.exists()


def test_a_plan_that_says_nothing_of_an_audit_is_told_before_anything_is_sent(world: World) -> None:
    shown = browser(world.submitter).get(address(world, "ll144")).content.decode()

    assert "The audit plan says nothing of this audit. A risk officer writes what is measured." in shown
    assert " disabled" in shown.split("Start the audit")[0].rsplit("<button", 1)[1]


def test_a_file_that_is_too_large_is_refused_at_its_field(world: World, settings: Settings) -> None:
    settings.MAX_UPLOAD_BYTES = 10

    answer = send(world, "suite", {"suite": SUITE})

    assert answer.status_code == 422
    assert "The file is larger than" in answer.content.decode()


def test_the_page_says_which_columns_which_plan_and_how_the_table_is_made(world: World) -> None:
    plan(world, "bias")
    client = browser(world.submitter)

    bias = client.get(address(world, "bias")).content.decode()
    suite = client.get(address(world, "suite")).content.decode()

    assert "with the columns label, prediction, group" in bias
    assert "demographic_parity_ratio" in bias
    assert "functionality, case_id, test_case, label_gold, prediction" in suite
    assert "usual columns and limits" in suite
    assert "make_suite" in suite
    assert "/api/v1/runs/" in suite


def test_every_audit_of_uploads_is_listed_with_how_it_stands(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    send(world, "suite", {"suite": SUITE})
    client = browser(world.submitter)

    with django_assert_max_num_queries(29):
        shown = client.get(address(world)).content.decode()

    for kind in UPLOADED:
        assert address(world, kind) in shown
    assert "Queued" in shown
    assert "No table for it is attached yet." in shown
    assert "The audit plan says nothing of this audit." in shown


def test_a_page_of_an_audit_asks_few_questions(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    send(world, "drift", TABLES["drift"])
    client = browser(world.submitter)

    with django_assert_max_num_queries(18):
        client.get(address(world, "drift"))


def test_a_review_that_is_open_hears_of_what_was_brought(world: World) -> None:
    submission = world.submit()
    edition = submission.edition

    send(world, "bias", {"predictions": predictions()})

    submission.refresh_from_db()
    assert submission.edition > edition
    assert Run.objects.filter(kind="bias").count() == 1


def test_an_approver_may_start_on_what_is_attached_and_bring_nothing(world: World) -> None:
    assert send(world, "suite", {}, by=world.approver).status_code == 403
    send(world, "suite", {"suite": SUITE})
    Run.objects.filter(kind="suite").delete()

    shown = browser(world.approver).get(address(world, "suite")).content.decode()
    answer = send(world, "suite", {"suite": b"a,b\n1,2\n"}, by=world.approver)

    assert 'type="file"' not in shown
    assert answer.status_code == 302
    assert Run.objects.get(kind="suite").requested_by == world.approver
    assert Upload.objects.count() == 1


def test_a_viewer_reads_what_is_needed_and_starts_nothing(world: World) -> None:
    viewer = member(world.team, "viewer")

    shown = browser(viewer).get(address(world, "suite"))
    answer = send(world, "suite", {"suite": SUITE}, by=viewer)

    assert (shown.status_code, answer.status_code) == (200, 403)
    assert '<form class="form box"' not in shown.content.decode()
    assert "an administrator gives that role" in shown.content.decode()
    assert not Run.objects.filter(kind="suite").exists()
    assert not Upload.objects.exists()


def test_strangers_and_unknown_things_are_not_found(world: World) -> None:
    assert send(world, "suite", {"suite": SUITE}, by=world.stranger).status_code == 404
    assert browser(world.stranger).get(address(world, "suite")).status_code == 404
    client = browser(world.submitter)
    assert client.get(address(world, "card")).status_code == 404
    assert client.get(address(world, "vibes")).status_code == 404
    assert client.get(address(world).replace(world.version.revision, "main")).status_code == 404
    assert Client().get(address(world)).status_code == 302


def test_the_list_of_a_person_without_a_use_case_says_whom_to_ask(world: World) -> None:
    shown = browser(world.stranger).get(address(world))

    assert shown.status_code == 200
    assert world.use_case.name not in shown.content.decode()


def test_it_speaks_russian(world: World, settings: Settings) -> None:
    client = browser(world.submitter)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ru"

    shown = client.get(address(world, "suite")).content.decode()
    refused = client.post(address(world, "suite"), {}).content.decode()

    assert "Начать проверку" in shown
    assert "Выберите файл." in refused
