"""The broker is down while somebody approves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from governance.gates.models import Approval
from governance.ledger.models import Event
from governance.notifications import delivery
from governance.notifications.models import Notice, Outbox
from governance.reviews.models import Decision
from tests.governance.world import World
from tests.working import Workers, broker_down, broker_hangs

pytest_plugins = ["tests.workers"]
pytestmark = pytest.mark.broker


@pytest.mark.parametrize("fault", [broker_down, broker_hangs])
def test_fault_v47_approving_without_a_broker_commits_and_is_told_once_afterwards(
    workers: Workers, fault: Callable[[], AbstractContextManager[None]]
) -> None:
    world = World()
    submission = world.voted()
    delivery.deliver_due()
    with fault():
        decision = world.approve(submission)

    assert decision.outcome == "approved"
    assert world.gate().verdict == "allow"
    message = Outbox.objects.get(topic="submission.approved")
    assert message.delivered_at is None

    delivered = [delivery.deliver_due() for _round in range(3)]

    assert delivered == [1, 0, 0]
    assert list(Notice.objects.filter(message=message).values_list("user", flat=True)) == [world.submitter.pk]
    assert Decision.objects.count() == Approval.objects.count() == 1
    assert Event.objects.filter(verb="approval.granted").count() == 1


def test_a_message_reaches_the_inbox_by_a_worker(workers: Workers) -> None:
    from tests.conftest import eventually

    workers.start()
    world = World()

    world.submit()

    assert eventually(lambda: Outbox.objects.get(topic="submission.submitted").delivered_at is not None)
    assert Notice.objects.count() == 3
