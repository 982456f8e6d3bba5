"""Summaries under Local Law 144: who publishes them, what anybody reads, and how long they stay."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from governance.catalog import use_cases
from governance.gates.models import Approval
from governance.ledger.models import Event
from governance.people.models import User
from governance.reports.models import PublicSummary
from governance.reports.public import keeping, queries, services
from tests.governance.evidence.test_kind_pages import LL144, PEOPLE, audited, planned
from tests.governance.world import World

DAY = dt.timedelta(days=1)
START = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
STATED = {
    **{key: value for key, value in LL144.items() if key != "audit_date"},
    "tool": "Ranker <2> \u202egnp.exe",
    "data_source": "applications of 2026",
    "distribution_date": "2026-01-07",
    "auditor": "An auditor",
    "independence": "no tie to its making, sale or use",
}


@pytest.fixture
def world(db: None) -> World:
    return World()


def mark(world: World) -> None:
    use_cases.change_use_case(
        use_case_id=world.use_case.pk,
        changes={"employment_decision_tool": True},
        edition=world.use_case.edition,
        by=world.risk_officer,
        at=world.at,
    )


def publish(world: World, run: int, by: User | None = None) -> PublicSummary:
    return services.publish(use_case_id=world.use_case.pk, run_id=run, by=by or world.risk_officer, at=world.at)


def browser(user: User | None = None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def approval_of(world: World, *, begin: dt.datetime, end: dt.datetime) -> Approval:
    return Approval.objects.create(
        version=world.version,
        use_case=world.use_case,
        stage="production",
        verdict="allow",
        facts_sha256="0" * 64,
        granted_at=begin,
        expires_at=end,
        next_boundary=end,
    )


def test_a_person_publishes_a_summary_that_anybody_reads_at_an_address_that_stays(world: World) -> None:
    planned(world, ll144=STATED)
    run = audited(world, "ll144", "predictions", PEOPLE)
    address = reverse("reports-public:published", args=[world.use_case.slug])

    # before: not marked, and by the wrong person; each refusal says what to do
    with pytest.raises(services.PublishingRefused, match="mark it first"):
        publish(world, run.pk)
    mark(world)
    with pytest.raises(services.NotAPublisher):
        publish(world, run.pk, by=world.submitter)
    assert not PublicSummary.objects.exists()
    assert b"Publish</button>" not in browser(world.submitter).get(address).content
    assert browser(world.stranger).get(address).status_code == 404

    keeper = browser(world.risk_officer)
    assert b"Publish</button>" in keeper.get(address).content
    sent = keeper.post(reverse("reports-public:publish", args=[world.use_case.slug]), {"run": run.pk}, follow=True)

    assert "Published. The address stays the same" in sent.content.decode()
    summary = PublicSummary.objects.get()
    event = Event.objects.get(verb="ll144.published")
    assert (event.subject_digest, event.detail["run"]) == (world.version.digest, run.pk)
    public = reverse("reports-public:summary", args=[summary.page.public_id])
    answer = browser().get(public)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert not answer.cookies
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    for told in (
        "Selected by sex",
        "by race or ethnicity",
        "two &lt;b&gt;people&lt;/b&gt;",
        "7\xa0Jan\xa02026",
        "30.0\xa0%",
    ):
        assert told in page
    assert "<bdi>Ranker &lt;2&gt; \u202egnp.exe</bdi>" in page
    assert page.count("unknown category") == 3
    assert page.count("<svg") >= 2 + 2 + 3
    assert not re.search(r"<script|javascript:|\son[a-z]+=|style=", page)
    assert "Аудит" in browser().get(f"{public}ru/").content.decode()

    # again changes nothing; a later audit is shown at the same address; what was published stays as it was
    assert publish(world, run.pk).pk == summary.pk
    later = audited(world, "ll144", "predictions", PEOPLE + b"F,Asian,1\n")
    second = publish(world, later.pk)
    with CaptureQueriesContext(connection) as asked:
        (candidate,) = queries.candidates(world.use_case, at=world.at)
    assert candidate.is_published
    assert len(asked) == 4
    assert (second.page_id, second.number) == (summary.page_id, 2)
    assert browser().get(public).content.decode() == second.html_en != summary.html_en
    with pytest.raises(IntegrityError), transaction.atomic():
        PublicSummary.objects.filter(pk=summary.pk).update(html_en="")
    assert (
        browser().get(reverse("reports-public:summary", args=["0" * 8 + "-0000-4000-8000-" + "0" * 12])).status_code
        == 404
    )


def test_a_summary_that_lacks_its_statements_is_not_published(world: World) -> None:
    planned(world, ll144=LL144)
    mark(world)
    run = audited(world, "ll144", "predictions", PEOPLE)

    with pytest.raises(services.PublishingRefused, match="data_source, distribution_date, auditor, independence"):
        publish(world, run.pk)
    with pytest.raises(services.PublishingRefused, match="no audit of kind ll144"):
        publish(world, run.pk + 1000)


def test_a_summary_is_shown_while_the_tool_is_in_use_and_six_months_after(world: World) -> None:
    planned(world, ll144=STATED)
    mark(world)
    run = audited(world, "ll144", "predictions", PEOPLE)
    now = timezone.now()
    world.at = now - 400 * DAY
    public = reverse("reports-public:summary", args=[publish(world, run.pk).page.public_id])

    # published long ago and never used
    gone = browser().get(public)
    assert gone.status_code == 410
    assert "six months after the last use" in gone.content.decode()
    # in use again; then the use ended five months ago, then seven
    approval = approval_of(world, begin=now - 300 * DAY, end=now + 30 * DAY)
    assert browser().get(public).status_code == 200
    Approval.objects.filter(pk=approval.pk).update(ended_at=now - 150 * DAY, ended_reason="revoked")
    assert browser().get(public).status_code == 200
    approval_of(world, begin=now - 290 * DAY, end=now - 200 * DAY)
    assert browser().get(public).status_code == 200


def test_six_months_are_counted_by_the_calendar():
    def until(*uses: keeping.Use, at: dt.datetime) -> dt.datetime | None:
        return keeping.kept_until(uses, published_at=START, at=at)

    end_of_august = dt.datetime(2026, 8, 31, 9, tzinfo=dt.UTC)
    assert until(at=START) == dt.datetime(2026, 7, 31, 12, tzinfo=dt.UTC)
    assert until((START, end_of_august), at=end_of_august - DAY) is None
    assert until((START, end_of_august), at=end_of_august) == dt.datetime(2027, 2, 28, 9, tzinfo=dt.UTC)
    # a use that has not begun does not count yet
    assert until((end_of_august, end_of_august + DAY), at=START) == dt.datetime(2026, 7, 31, 12, tzinfo=dt.UTC)


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 400)), max_size=5), st.integers(0, 1500))
def test_nothing_is_taken_down_earlier_than_six_months_after_a_use(spans: list[tuple[int, int]], asked: int):
    uses = [(START + begin * DAY, START + (begin + length) * DAY) for begin, length in spans]
    at = START + asked * DAY

    until = keeping.kept_until(uses, published_at=START, at=at)

    if any(begin <= at < end for begin, end in uses):
        assert until is None
    else:
        begun = [end for begin, end in uses if begin <= at]
        assert until is not None
        assert all(until >= end + 181 * DAY for end in [START, *begun])
        assert until <= max([START, *begun]) + 184 * DAY
