"""Approvals after a policy has changed: closed at once and for all in a few statements, judged by a worker."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audits.locks import hold_subject
from governance.gates import portfolio
from governance.gates.models import Approval
from governance.policies import rejudging, tasks
from governance.policies import services as policies
from governance.policies.models import PolicyVersion, Rejudging
from governance.reviews.models import Trigger
from tests.conftest import eventually
from tests.governance.reviews.test_at_once import at_once
from tests.governance.reviews.test_workflow import policy
from tests.governance.world import World
from tests.working import Workers

pytest_plugins = ["tests.workers"]


def another(approval: Approval, world: World) -> Approval:
    """One of another version, granted on the same. Nothing is known of that version, so no policy lets it through."""
    copied = {
        field.name: getattr(approval, field.name)
        for field in Approval._meta.concrete_fields
        if field.name not in ("id", "version")
    }
    return Approval.objects.create(version=world.new_version(), **copied)


def of_policies(approval: Approval) -> list[tuple[str, str]]:
    approval.refresh_from_db()
    assert approval.next_boundary == min(
        [approval.expires_at, *(dt.datetime.fromisoformat(one["holds_until"]) for one in approval.conditions)]
    )
    keys = [(one["policy"], one["id"]) for one in approval.conditions]
    assert keys == sorted(set(keys))
    return [(one["id"], one["code"]) for one in approval.conditions if one["id"].startswith("policy.")]


def test_publishing_takes_as_many_statements_for_one_approval_as_for_many(world: World) -> None:
    approval = world.approved()
    with CaptureQueriesContext(connection) as for_one:
        policies.publish(text=policy(name="first"), by=None, at=world.at)
    others = [another(approval, world) for _ in range(4)]

    with CaptureQueriesContext(connection) as for_many:
        policies.publish(text=policy(name="other"), by=None, at=world.at)

    assert len(for_many) == len(for_one)
    for one in others:
        assert ("policy.other", "to_be_judged") in of_policies(one)
    assert world.gate(others[0].version).verdict == "pending"
    world.rejudge()
    assert of_policies(others[0]) == [("policy.first", "policy_changed"), ("policy.other", "policy_changed")]
    assert world.gate(others[0].version).verdict == "deny"


def test_retiring_opens_at_once_what_only_that_policy_closed(world: World) -> None:
    approval = world.approved()
    policies.publish(text=policy(), by=None, at=world.at)
    policies.publish(text=policy(name="other", grace=5), by=None, at=world.at)
    world.rejudge()
    assert world.gate().verdict == "deny"

    policies.retire(name="extra", by=None, at=world.at)

    assert of_policies(approval) == [("policy.other", "policy_changed")]
    assert world.gate().verdict == "allow"
    world.rejudge()
    assert of_policies(approval) == [("policy.other", "policy_changed")]


def test_what_a_coming_version_will_close_is_known_before_its_day(world: World) -> None:
    approval = world.approved()
    day = (timezone.now() + dt.timedelta(days=3)).replace(microsecond=0)
    policies.publish(text=policy(since=f"{day:%Y-%m-%dT%H:%M:%SZ}"), by=None, at=world.at)
    holds = policy(name="holds", lane="domain", since=f"{day:%Y-%m-%dT%H:%M:%SZ}")
    policies.publish(text=holds, by=None, at=world.at)
    assert of_policies(approval) == [("policy.extra", "to_be_judged"), ("policy.holds", "to_be_judged")]

    world.rejudge()

    assert of_policies(approval) == [("policy.extra", "policy_changed")]
    assert approval.next_boundary == day
    assert world.gate().verdict == "allow"
    assert not Trigger.objects.exists(), "until its day nothing else applies than before"
    assert Rejudging.objects.filter(state="queued", due_at=day).count() == 2


def test_an_approval_that_was_granted_under_a_version_is_not_held_to_it_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = world.approved(version=world.new_version())
    policies.publish(text=policy(lane="domain"), by=None, at=world.at)
    granted = world.approved()
    monkeypatch.setattr(portfolio, "_closing", lambda approvals, *_asked, **_at: {one.pk for one in approvals})

    world.rejudge()

    assert of_policies(granted) == []
    assert of_policies(earlier) == [("policy.extra", "policy_changed")]


def test_what_closes_sooner_stands_until_the_next_version_is_judged(world: World) -> None:
    approval = world.approved()
    policies.publish(text=policy(grace=1), by=None, at=world.at)
    world.rejudge()
    policies.publish(text=policy(grace=30), by=None, at=world.at)

    assert of_policies(approval) == [("policy.extra", "policy_changed")]
    assert approval.next_boundary == world.at + dt.timedelta(days=1)
    world.rejudge()

    assert of_policies(approval) == [("policy.extra", "policy_changed")]
    assert approval.next_boundary == world.at + dt.timedelta(days=30)


def test_a_version_that_no_longer_speaks_of_an_approval_closes_it_no_more(world: World) -> None:
    approval = world.approved()
    policies.publish(text=policy(), by=None, at=world.at)
    world.rejudge()
    assert world.gate().verdict == "deny"

    policies.publish(text=policy().replace("tiers: [high]", "tiers: [minimal]"), by=None, at=world.at)

    assert of_policies(approval) == []
    assert world.gate().verdict == "allow"


@pytest.mark.django_db(transaction=True)
def test_a_version_that_is_published_while_a_worker_judges_under_the_one_before_counts(transactional_db: None) -> None:
    world = World()
    world.approved()
    for turn in range(3):
        policies.publish(text=policy(lane="domain", days=30 + turn), by=None, at=timezone.now())
        stricter = policy(days=30 + turn)

        judged, published = at_once(
            world.rejudge, lambda text=stricter: policies.publish(text=text, by=None, at=timezone.now())
        )

        assert isinstance(judged, int), judged
        assert isinstance(published, PolicyVersion), published
        assert world.gate().verdict in ("pending", "deny"), (
            "whichever was first: it is never open under the stricter one"
        )
        world.rejudge()
        assert world.gate().reason_codes == ("policy.extra:policy_changed",)


@pytest.mark.broker
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_among_approvals_leaves_none_open(workers: Workers) -> None:
    world = World()
    held = world.approved()
    others = [another(held, world) for _ in range(2)]
    policies.publish(text=policy(lane="domain"), by=None, at=timezone.now())
    approvals = [held, *others]
    assert {world.gate(one.version).verdict for one in approvals} == {"pending"}

    with transaction.atomic():
        hold_subject(others[0].version.digest)
        first = workers.start()
        assert eventually(lambda: Rejudging.objects.get().looked_at == 2, within=60), "those that nobody holds"
        first.kill()

    assert [world.gate(one.version).verdict for one in approvals] == ["allow", "pending", "deny"]
    Rejudging.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    rejudging.sweep(wake=tasks.wake_rejudging)
    workers.start()

    assert eventually(lambda: Rejudging.objects.get().state == "done", within=60)
    assert [world.gate(one.version).verdict for one in approvals] == ["allow", "deny", "deny"]
    assert Rejudging.objects.get().attempt == 2
