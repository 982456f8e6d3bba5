"""A proposal is asked for on a bias run that found a gap, and reads as a proposal."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from audits import execution
from audits.models import Run
from governance.catalog.use_cases import put_audit_plan
from tests.audits.mitigation.made import PLAN, unfair
from tests.factories import member
from tests.governance.world import World


def failed_run(world: World, **changes: object) -> Run:
    plan = {"bias": {key: value for key, value in (PLAN | changes).items() if value}}
    put_audit_plan(use_case_id=world.use_case.pk, document=plan, by=world.risk_officer, at=world.at)
    world.attach(world.submit(), unfair(1_000))
    world.run_audits()
    run: Run = Run.objects.get(kind="bias")
    assert run.verdict == "fail", run.error
    return run


def test_a_button_on_a_failed_run_asks_for_a_proposal_that_then_stands_on_it(client: Client, world: World) -> None:
    run = failed_run(world)
    client.force_login(world.submitter)
    assert "Ask for a proposal" in client.get(f"/runs/{run.pk}/").content.decode()

    answer = client.post(f"/runs/{run.pk}/mitigation/")

    asked = Run.objects.get(kind="mitigation")
    assert answer["Location"] == f"/runs/{asked.pk}/"
    assert "Ask for a proposal" not in client.get(f"/runs/{run.pk}/").content.decode()
    execution.execute(run_id=asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.verdict) == ("succeeded", "proposal"), asked.error
    for page in (f"/runs/{run.pk}/", f"/runs/{asked.pk}/"):
        told = client.get(page).content.decode()
        assert "a proposal, a person decides" in told
        assert "deciding by group is not lawful" in told
        assert "Thresholds by group" in told
    with translation.override("ru"):
        russian = client.get(f"/runs/{asked.pk}/", headers={"accept-language": "ru"}).content.decode()
    assert "предложение, решает человек" in russian


def test_a_proposal_changes_no_verdict_and_no_evidence(client: Client, world: World) -> None:
    run = failed_run(world)
    client.force_login(world.submitter)
    client.post(f"/runs/{run.pk}/mitigation/")
    before = world.gate().verdict

    execution.execute(run_id=Run.objects.get(kind="mitigation").pk)

    assert world.gate().verdict == before
    run.refresh_from_db()
    assert run.verdict == "fail"


def test_a_plan_without_features_offers_none_and_says_why_when_asked(client: Client, world: World) -> None:
    run = failed_run(world, features=None)
    client.force_login(world.submitter)
    assert "Ask for a proposal" not in client.get(f"/runs/{run.pk}/").content.decode()

    told = client.post(f"/runs/{run.pk}/mitigation/", follow=True).content.decode()

    assert "names no features to learn from" in told
    assert not Run.objects.filter(kind="mitigation").exists()


@pytest.mark.parametrize("who", ["auditor", "stranger"])
def test_who_only_reads_or_sees_nothing_cannot_ask(client: Client, world: World, who: str) -> None:
    run = failed_run(world)
    client.force_login(member(world.use_case.owner_team, "auditor") if who == "auditor" else world.stranger)

    answer = client.post(f"/runs/{run.pk}/mitigation/")

    assert answer.status_code == (404 if who == "stranger" else 302)
    assert not Run.objects.filter(kind="mitigation").exists()


def test_a_reviewer_can_ask(client: Client, world: World) -> None:
    run = failed_run(world)
    client.force_login(world.domain)

    client.post(f"/runs/{run.pk}/mitigation/")

    assert Run.objects.get(kind="mitigation").requested_by == world.domain
