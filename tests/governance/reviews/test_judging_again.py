"""Policies that change while something is in review: closed at once, judged again by a worker."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from audits.locks import hold_subject
from audits.models import Run
from governance.gates.models import Approval
from governance.people.models import User
from governance.policies import holding, rejudging, tasks
from governance.policies import services as policies
from governance.policies.models import Rejudging
from governance.reviews import queries, services
from governance.reviews.deciding import PoliciesChanged
from governance.reviews.models import Submission
from tests.conftest import eventually
from tests.governance.reviews.test_workflow import policy
from tests.governance.world import World
from tests.working import Workers

pytest_plugins = ["tests.workers"]


def names(submission: Submission) -> set[str]:
    submission.refresh_from_db()
    return {one["name"] for one in submission.evaluation["policies"]}


def test_until_it_is_judged_again_a_submission_is_closed_and_says_why(world: World) -> None:
    submission = world.voted()
    assert (submission.verdict, world.gate().reason_codes) == ("allow", ("review:awaiting_decision",))
    tag = world.gate().etag
    assert list(queries.awaiting_decision_of(world.approver)) == [submission]

    policies.publish(text=policy(lane="domain"), by=None, at=world.at)

    answer = world.gate()
    assert (answer.verdict, answer.reason_codes) == ("pending", ("policies:policies_changed",))
    assert [step["action"] for step in answer.next_steps] == ["wait"]
    assert answer.etag != tag
    assert not queries.awaiting_decision_of(world.approver)
    page = Client()
    page.force_login(world.approver)
    for url in (f"/submissions/{submission.pk}/", "/submissions/"):
        assert "judged under" in page.get(url).content.decode()
    world.rejudge()
    assert names(submission) == {"high-pilot", "extra"}
    assert (submission.verdict, world.gate().reason_codes) == ("allow", ("review:awaiting_decision",))
    assert list(queries.awaiting_decision_of(world.approver)) == [submission]


def test_nobody_approves_what_they_saw_judged_under_other_policies(world: World) -> None:
    submission = world.voted()
    seen = submission.edition
    policies.publish(text=policy(lane="domain"), by=None, at=world.at)

    with pytest.raises(PoliciesChanged):
        services.approve(submission_id=submission.pk, approver=world.approver, edition=seen, at=world.at)

    assert names(submission) == {"high-pilot", "extra"}, "it was judged on the spot: no dead worker keeps it closed"
    assert not Approval.objects.exists()
    assert submission.edition > seen
    decision = services.approve(
        submission_id=submission.pk, approver=world.approver, edition=submission.edition, at=world.at
    )
    assert {one["name"] for one in decision.evaluation["policies"]} == {"high-pilot", "extra"}
    assert world.rejudge() == 1, "the approval alone, which was granted under them"
    assert world.gate().verdict == "allow"


def test_a_vote_judges_it_and_starts_what_the_new_policy_asks_for(world: World) -> None:
    world.use_case.tier = "minimal"
    world.use_case.save()
    submission = world.submit()
    world.attach(submission)
    text = policy(lane="domain").replace("tiers: [high]", "tiers: [minimal]").replace("kind: card", "kind: bias")
    policies.publish(text=text, by=None, at=world.at)
    assert not Run.objects.filter(kind="bias").exists()

    world.vote(submission, world.domain, "domain")

    assert Run.objects.filter(kind="bias").exists(), "or nobody would ask for it: the worker finds it judged"
    assert names(submission) == {"minimal-pilot", "extra"}
    assert world.rejudge() == 0


def test_from_the_day_of_a_version_on_what_is_in_review_is_closed_by_the_clock_alone(world: World) -> None:
    before = world.voted()
    day = timezone.now() + dt.timedelta(days=2)
    policies.publish(text=policy(since=f"{day:%Y-%m-%dT%H:%M:%SZ}"), by=None, at=world.at)
    meanwhile = world.voted(version=world.new_version())

    assert [one.stale_from for one in Submission.objects.order_by("pk")] == [day.replace(microsecond=0)] * 2
    assert world.gate().next_change_at == day.replace(microsecond=0)
    assert world.rejudge() == 0, "its day has not come"
    past = timezone.now() - dt.timedelta(seconds=1)
    Submission.objects.update(stale_from=past)

    assert {world.gate(one.version).verdict for one in (before, meanwhile)} == {"pending"}


def test_what_is_approved_before_the_day_of_a_version_that_is_published_closes_on_it(world: World) -> None:
    day = (timezone.now() + dt.timedelta(days=2)).replace(microsecond=0)
    policies.publish(text=policy(since=f"{day:%Y-%m-%dT%H:%M:%SZ}", grace=3), by=None, at=world.at)

    approval = world.approved()

    approval.refresh_from_db()
    closes = [one["holds_until"] for one in approval.conditions if one["code"] == "policy_changed"]
    assert closes == [(day + dt.timedelta(days=3)).isoformat()]
    assert approval.next_boundary == day + dt.timedelta(days=3)
    assert world.gate().verdict == "allow"


def test_one_that_is_returned_meanwhile_comes_back_under_the_policies_of_then(world: World) -> None:
    submission = world.voted()
    services.return_for_changes(
        submission_id=submission.pk, by=world.approver, reason="say more of its limits", at=world.at
    )
    policies.publish(text=policy(), by=None, at=world.at)
    assert world.gate().reason_codes == ("review:changes_requested",)

    services.resubmit(submission_id=submission.pk, by=world.submitter, at=world.at)

    assert names(submission) == {"high-pilot", "extra"}
    assert submission.stale_from is None


def test_nothing_is_noted_where_nothing_is_open_and_two_changes_are_two_rows(world: World) -> None:
    policies.publish(text=policy(), by=None, at=world.at)
    assert not Rejudging.objects.exists()
    submission = world.submit()

    policies.publish(text=policy(lane="domain"), by=None, at=world.at)
    policies.retire(name="extra", by=None, at=world.at)

    assert list(Rejudging.objects.order_by("pk").values_list("dedupe_key", "state")) == [
        ("policy:extra:2", "queued"),
        ("policy:extra:retired", "queued"),
    ]
    world.rejudge()
    assert names(submission) == {"high-pilot"}
    assert list(Rejudging.objects.order_by("pk").values_list("state", "total", "looked_at")) == [
        ("done", 1, 1),
        ("done", 0, 0),
    ]


def test_one_that_breaks_keeps_no_other_closed_and_stays_closed_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = world.submit(), world.submit(world.new_version())
    policies.publish(text=policy(), by=None, at=world.at)
    judge = services.bring_all_up_to_date

    def breaks(submissions: Sequence[Submission], *, at: dt.datetime) -> None:
        judge(submissions, at=at)
        if broken in submissions:
            raise ValueError("broken")

    monkeypatch.setattr("governance.reviews.judging_again.bring_all_up_to_date", breaks)
    for _attempt in range(rejudging.ATTEMPTS + 1):
        world.rejudge()
        rejudging.sweep(wake=lambda: True)

    row = Rejudging.objects.get()
    assert (row.state, row.attempt, row.looked_at, row.broke_off) == ("failed", rejudging.ATTEMPTS, 1, 1)
    assert (names(whole), names(broken)) == ({"high-pilot", "extra"}, {"high-pilot"})
    assert world.gate().reason_codes == ("policies:policies_changed",)
    admin = Client()
    admin.force_login(world.approver)
    assert "stays closed" in admin.get("/policies/extra/1/").content.decode()


def test_the_page_of_the_policy_says_how_far_it_is(world: World) -> None:
    world.submit()
    policies.publish(text=policy(), by=None, at=world.at)
    page = Client()
    page.force_login(world.domain)

    waiting = page.get("/policies/extra/1/").content.decode()
    Rejudging.objects.update(state="running", total=40, looked_at=12, lease_until=world.at)
    running = page.get("/policies/extra/1/").content.decode()
    Rejudging.objects.update(state="queued")
    world.rejudge()
    done = page.get("/policies/extra/1/").content.decode()

    assert 'hx-select="#rejudged"' in waiting
    assert 'max="40" value="12"' in running
    assert "were judged again" in done
    assert 'hx-select="#rejudged"' not in done


@pytest.mark.django_db(transaction=True)
def test_what_is_approved_while_a_policy_is_being_published_is_judged_under_it(transactional_db: None) -> None:
    world = World()
    submission = world.voted()
    approver = User.objects.get(pk=world.approver.pk)
    outcome: list[Any] = []

    def approves() -> None:
        try:
            outcome.append(services.approve(submission_id=submission.pk, approver=approver, at=world.at))
        except Exception as refused:
            outcome.append(refused)
        finally:
            connection.close()

    thread = threading.Thread(target=approves)
    with transaction.atomic():
        policies.publish(text=policy(), by=None, at=world.at)
        thread.start()
        thread.join(1)
        assert thread.is_alive(), "it waits until the policy is there"
    thread.join(60)

    assert isinstance(outcome[0], PoliciesChanged), outcome
    assert not Approval.objects.exists()
    assert not Submission.objects.stale().exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_approved_by_itself_while_policies_change(transactional_db: None) -> None:
    world = World(tier="minimal")
    submission = world.submit()
    held, done = threading.Event(), threading.Event()

    def holds() -> None:
        with transaction.atomic():
            holding.hold_for_change()
            held.set()
            done.wait(60)
        connection.close()

    thread = threading.Thread(target=holds)
    thread.start()
    assert held.wait(20)
    try:
        world.run_audits()
        submission.refresh_from_db()
        assert (submission.state, submission.verdict) == ("in_review", "allow")
    finally:
        done.set()
        thread.join(20)

    services.reevaluate(submission_id=submission.pk, at=world.at)

    submission.refresh_from_db()
    assert submission.state == "approved"


@pytest.mark.broker
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_in_the_middle_loses_nothing(workers: Workers) -> None:
    world = World()
    submissions = [world.submit(world.new_version()) for _ in range(3)]
    world.run_audits()
    policies.publish(text=policy(), by=None, at=timezone.now())
    assert Submission.objects.stale().count() == 3

    with transaction.atomic():
        hold_subject(submissions[1].version.digest)
        first = workers.start()
        assert eventually(lambda: Rejudging.objects.get().looked_at == 2, within=60), "those that nobody holds"
        first.kill()

    assert {one.pk for one in Submission.objects.stale()} == {submissions[1].pk}
    assert world.gate(submissions[1].version).verdict == "pending"
    Rejudging.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    rejudging.sweep(wake=tasks.wake_rejudging)
    workers.start()

    assert eventually(lambda: Rejudging.objects.get().state == "done", within=60)
    row = Rejudging.objects.get()
    assert (row.attempt, row.total, row.looked_at) == (2, 3, 3)
    assert not Submission.objects.stale().exists()
    for submission in submissions:
        assert names(submission) == {"high-pilot", "extra"}
