"""Two people at the same waiver in the same instant, or one at it and one at what rests on it; on real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from governance.gates.models import Approval
from governance.ledger.models import Event
from governance.notifications.models import Outbox
from governance.people.models import User
from governance.policies.models import Waiver
from governance.policies.waivers import services
from governance.policies.waivers.errors import WaiverRefused
from governance.reviews import services as reviews
from governance.reviews.deciding import RequirementsOpen
from governance.reviews.models import Decision
from tests.factories import member
from tests.governance.policies.waivers.waiving import accepted, failing, proposed
from tests.governance.reviews.test_at_once import at_once
from tests.governance.world import World

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 3


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def taken(step: str, waiver: Waiver, by: User, world: World) -> Callable[[], Waiver]:
    person = User.objects.get(pk=by.pk)  # each request has an object of its own
    act = getattr(services, step)
    return lambda: act(waiver_id=waiver.pk, reason="Because it has to be.", by=person, at=world.at)


def told(outcomes: list[Any]) -> tuple[list[str], list[str]]:
    states = [outcome.state for outcome in outcomes if isinstance(outcome, Waiver)]
    codes = [outcome.code for outcome in outcomes if isinstance(outcome, WaiverRefused)]
    assert len(states) + len(codes) == len(outcomes), outcomes
    return states, codes


def test_of_two_who_accept_at_once_one_does(world: World) -> None:
    second = member(world.team, "risk_officer")
    failing(world)
    for number in range(ROUNDS):
        waiver = proposed(world)

        outcomes = at_once(taken("approve", waiver, world.risk_officer, world), taken("approve", waiver, second, world))

        assert told(outcomes) == (["active"], ["invalid_transition"])
        assert Event.objects.filter(verb="waiver.approved", object_ref=str(waiver.pk)).count() == 1
        assert Outbox.objects.filter(topic="waiver.approved", payload__waiver=waiver.pk).count() == 1
        assert Waiver.objects.filter(state="active").count() == number + 1


def test_accepting_and_rejecting_at_once_ends_in_one_of_them(world: World) -> None:
    second = member(world.team, "risk_officer")
    submission = failing(world)
    for _round in range(ROUNDS):
        waiver = proposed(world)

        outcomes = at_once(taken("approve", waiver, world.risk_officer, world), taken("reject", waiver, second, world))

        states, codes = told(outcomes)
        waiver.refresh_from_db()
        submission.refresh_from_db()
        assert (states, codes) == ([waiver.state], ["invalid_transition"])
        assert submission.verdict == ("warn" if waiver.state == "active" else "deny")
        if waiver.state == "active":
            services.revoke(waiver_id=waiver.pk, reason="For the next round.", by=world.risk_officer, at=world.at)


def test_accepting_while_it_is_revoked_ends_closed_whoever_is_first(world: World) -> None:
    """Whoever revokes is either too early and told so, or ends what was accepted a moment before."""
    submission = failing(world)
    for _round in range(ROUNDS):
        waiver = proposed(world)
        second = member(world.team, "risk_officer")

        outcomes = at_once(taken("approve", waiver, world.risk_officer, world), taken("revoke", waiver, second, world))

        waiver.refresh_from_db()
        submission.refresh_from_db()
        states, codes = told(outcomes)
        assert "active" in states
        assert (waiver.state, len(codes)) in (("revoked", 0), ("active", 1))
        assert submission.verdict == ("warn" if waiver.state == "active" else "deny")
        if waiver.state == "active":
            services.revoke(waiver_id=waiver.pk, reason="For the next round.", by=world.risk_officer, at=world.at)


def test_an_approval_given_while_its_waiver_is_revoked_opens_nothing(world: World) -> None:
    """Whichever is first: either the approval is refused, or it is granted and closed."""
    for _round in range(ROUNDS):
        world.version = world.new_version()
        submission = failing(world)
        waiver = accepted(world)
        approver = User.objects.get(pk=world.approver.pk)

        outcomes = at_once(
            lambda submission=submission, approver=approver: reviews.approve(  # type: ignore[misc]
                submission_id=submission.pk, approver=approver, at=world.at
            ),
            taken("revoke", waiver, world.risk_officer, world),
        )

        assert isinstance(outcomes[1], Waiver), outcomes
        assert isinstance(outcomes[0], (Decision, RequirementsOpen)), outcomes
        assert Approval.objects.filter(version=world.version).count() == int(isinstance(outcomes[0], Decision))
        assert world.gate().verdict == "deny"


def test_the_same_asked_for_twice_at_once_is_proposed_once(world: World) -> None:
    outcomes = at_once(lambda: proposed(world), lambda: proposed(world, by=User.objects.get(pk=world.domain.pk)))

    assert told(outcomes) == (["proposed"], ["already_proposed"])
    assert Waiver.objects.count() == 1
