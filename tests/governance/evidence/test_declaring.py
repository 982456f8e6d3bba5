"""What people sign: a pilot and what it showed, and how a use case makes its model."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from governance.catalog.models import Edge
from governance.evidence.declaring import NotTheOwner, record_decision, sign_pilot
from governance.evidence.models import DecisionRecord, PilotReport
from governance.evidence.services import EvidenceRefused
from governance.ledger.models import Event
from governance.policies import facts as facts_of
from governance.policies import services as policies
from governance.reviews import services as reviews
from tests.factories import EntryFactory, VersionFactory
from tests.governance.catalog.clients import API, client
from tests.governance.world import World

pytestmark = pytest.mark.django_db
TEXT = """
apiVersion: assay/v1
kind: Policy
metadata: {name: extra}
appliesTo: {stages: [pilot], tiers: [high]}
requirements:
  - id: extra.rule
    satisfiedIf: 'CONDITION'
validDays: 30
"""


@pytest.fixture
def world() -> World:
    return World()


def signed(world: World, **fields: Any) -> PilotReport:
    given: dict[str, Any] = {
        "version": world.version,
        "use_case": world.use_case,
        "started_on": world.at.date() - dt.timedelta(days=20),
        "ended_on": world.at.date() - dt.timedelta(days=1),
        "requests": 12_000,
        "complaints": 3,
        "by": world.risk_officer,
        "at": world.at,
    }
    return sign_pilot(**given | {"upload": world.upload()} | fields)


def known(world: World) -> dict[str, Any]:
    return facts_of.facts(version=world.version, use_case=world.use_case, stage="pilot", kinds=[], at=world.at)


def decided(world: World, **fields: Any) -> DecisionRecord:
    given: dict[str, Any] = {
        "use_case": world.use_case,
        "approach": "as_is",
        "measured_errors": "false refusals 3 of 100",
        "reason": "no better one is there",
        "by": world.risk_officer,
        "at": world.at,
    }
    return record_decision(**given | fields)


def demand(world: World, condition: str) -> Any:
    policies.publish(text=TEXT.replace("CONDITION", condition), by=None, at=world.at)
    return world.voted()


def test_a_pilot_is_facts_once_an_owner_has_signed_it_and_what_was_not_measured_is_absent(world: World):
    assert "pilot" not in known(world)

    signed(world, cost_per_1000=0.4, rollback_drill_on=world.at.date())

    told = known(world)
    assert told["evidence"]["pilot"] == 1
    assert told["pilot"] | {"report": 0, "started_on": "", "ended_on": "", "rollback_drill_on": ""} == {
        "origin": "declared",
        "report": 0,
        "started_on": "",
        "ended_on": "",
        "rollback_drill_on": "",
        "days": 20,
        "requests": 12_000,
        "complaints": 3,
        "cost_per_1000": 0.4,
    }
    assert Event.objects.filter(verb="pilot.signed").count() == 1


def test_the_newest_report_counts_and_older_ones_stay(world: World):
    signed(world)
    newest = signed(world, complaints=40)

    assert known(world)["pilot"]["complaints"] == 40
    assert known(world)["pilot"]["report"] == newest.pk
    assert PilotReport.objects.count() == 2


@pytest.mark.parametrize("who", ["submitter", "approver", "domain", "stranger"])
def test_nobody_but_an_owner_signs_or_decides(world: World, who: str):
    person = getattr(world, who)

    with pytest.raises(NotTheOwner):
        signed(world, by=person)
    with pytest.raises(NotTheOwner):
        decided(world, by=person)

    assert not PilotReport.objects.exists()
    assert not DecisionRecord.objects.exists()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"complaints": 12_001}, "pilot_complaints"),
        ({"started_on": dt.date(2099, 1, 1)}, "pilot_dates"),
        ({"ended_on": dt.date(2099, 1, 1)}, "pilot_in_future"),
        ({"rollback_drill_on": dt.date(2099, 1, 1)}, "pilot_in_future"),
        ({"drift": float("nan")}, "pilot_figure"),
        ({"cost_per_1000": -1.0}, "pilot_figure"),
        ({"drift": float("inf")}, "pilot_figure"),
    ],
)
def test_figures_that_cannot_be_are_refused(world: World, fields: dict[str, Any], code: str):
    with pytest.raises(EvidenceRefused) as refused:
        signed(world, **fields)

    assert refused.value.code == code
    assert not PilotReport.objects.exists()


def test_reports_and_records_are_never_changed(world: World):
    report = signed(world)
    record = decided(world, approach="adapter")

    for row in (PilotReport.objects.filter(pk=report.pk), DecisionRecord.objects.filter(pk=record.pk)):
        with pytest.raises(IntegrityError, match="kept as they were written"), transaction.atomic():
            row.delete()


def test_a_policy_can_demand_a_pilot_and_a_review_is_judged_again_when_it_is_signed(world: World):
    submission = demand(world, "evidence.pilot >= 1 && pilot.days >= 14 && pilot.requests > 1000")
    assert submission.verdict == "error"

    signed(world)

    submission.refresh_from_db()
    assert submission.verdict == "allow"


def test_a_policy_can_demand_a_decision_on_record(world: World):
    submission = demand(world, "has(decision_record.approach)")
    assert submission.verdict == "deny"

    decided(world)

    submission.refresh_from_db()
    assert submission.verdict == "allow"
    assert known(world)["decision_record"]["approach"] == "as_is"


def test_who_signed_the_pilot_is_no_second_pair_of_eyes(world: World):
    submission = world.voted()
    assert world.risk_officer.pk not in reviews.evidence.contributors(version=world.version, use_case=world.use_case)

    signed(world)

    assert world.risk_officer.pk in reviews.evidence.contributors(version=world.version, use_case=world.use_case)
    assert submission.pk


def test_a_policy_can_demand_that_the_datasets_of_a_model_are_approved(world: World):
    dataset = VersionFactory(entry=EntryFactory(kind="dataset"), card=world.version.card)
    Edge.objects.create(version=world.version, to_entry=dataset.entry, relation="dataset")
    submission = demand(world, "lineage.datasets == lineage.datasets_approved")
    before = known(world)["lineage"]
    assert (before["datasets"], before["datasets_approved"]) == (1, 0)
    assert "extra.rule:unsatisfied" in submission.evaluation["reason_codes"]

    theirs = world.submit(version=dataset)
    world.run_audits()
    world.approve(theirs)

    assert known(world)["lineage"]["datasets_approved"] == 1
    reviews.reevaluate(submission_id=submission.pk, at=world.at)
    submission.refresh_from_db()
    assert "extra.rule:unsatisfied" not in submission.evaluation["reason_codes"]


# REST and pages


def test_a_pilot_is_signed_over_rest_by_an_owner_and_read_by_the_team(world: World):
    submission = world.submit()
    upload = world.upload(by=world.risk_officer)
    day = world.at.date() - dt.timedelta(days=2)
    sent = {
        "started_on": str(day),
        "ended_on": str(day),
        "requests": 5,
        "complaints": 0,
        "upload": str(upload.public_id),
    }
    address = f"{API}submissions/{submission.pk}/pilot-reports/"

    made = client(world.risk_officer, "reviews:write").post(address, sent)
    refused = client(world.submitter, "reviews:write").post(address, sent | {"upload": str(world.upload().public_id)})
    strange = client(world.stranger, "reviews:write", "catalog:read")

    assert (made.status_code, made.data["origin"], made.data["days"]) == (201, "declared", 1)
    assert (refused.status_code, refused.data["code"]) == (403, "not_the_owner")
    assert strange.post(address, sent).status_code == strange.get(address).status_code == 404
    assert [one["id"] for one in client(world.domain, "catalog:read").get(address).data] == [made.data["id"]]
    assert client(world.risk_officer, "reviews:write").post(address, sent | {"complaints": 6}).status_code == 422


def test_a_decision_is_recorded_over_rest(world: World):
    address = f"{API}use-cases/{world.use_case.slug}/decision-records/"
    sent = {
        "approach": "fine_tune",
        "measured_errors": "recall 0.60 as it is, 0.84 tuned",
        "reason": "the gap is too wide",
    }

    made = client(world.risk_officer, "catalog:write").post(address, sent)

    assert (made.status_code, made.data["approach"]) == (201, "fine_tune")
    assert client(world.submitter, "catalog:write").post(address, sent).status_code == 403
    assert client(world.stranger, "catalog:read").get(address).status_code == 404
    assert client(world.risk_officer, "catalog:write").post(address, sent | {"approach": "magic"}).status_code == 400
    assert len(client(world.domain, "catalog:read").get(address).data) == 1


def test_both_are_done_on_pages_by_owners_and_read_by_others(world: World):
    submission = world.submit()
    day = str(world.at.date() - dt.timedelta(days=2))
    pilot = reverse("reviews:pilot", args=[submission.pk])
    decisions = reverse("evidence:decision-records", args=[world.use_case.slug])
    report = {"started_on": day, "ended_on": day, "requests": 90, "complaints": 1}
    record = {"approach": "as_is", "measured_errors": "false refusals 3 of 100", "reason": "nothing better is there"}
    owner, reader, stranger = Client(), Client(), Client()
    owner.force_login(world.risk_officer)
    reader.force_login(world.submitter)
    stranger.force_login(world.stranger)

    wrong = owner.post(pilot, report | {"complaints": 91, "file": SimpleUploadedFile("pilot.csv", b"x")})
    done = owner.post(pilot, report | {"file": SimpleUploadedFile("pilot.csv", b"day,requests")}, follow=True)
    decided = owner.post(decisions, record, follow=True)

    assert (wrong.status_code, done.status_code, decided.status_code) == (422, 200, 200)
    assert b"pilot.csv" in done.content
    assert b"false refusals 3 of 100" in decided.content
    for address, sent in ((pilot, report), (decisions, record)):
        assert reader.get(address).status_code == 200
        assert reader.post(address, sent).status_code == 403
        assert stranger.get(address).status_code == 404
    assert (PilotReport.objects.count(), DecisionRecord.objects.count()) == (1, 1)
