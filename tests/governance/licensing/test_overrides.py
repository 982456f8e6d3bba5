"""Overrides of findings: whom they bind, and until when."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from audits.models import Run
from governance.ledger.models import Event
from governance.licensing.inputs import license_inputs
from governance.licensing.models import (
    Override,
)
from governance.licensing.rules import NotAcceptable, NotAllowed
from governance.licensing.services import overrides
from governance.people.models import Lane, Membership, Role, User
from tests.factories import NOON, TeamFactory, member
from tests.governance.licensing.graphs import (
    NON_COMMERCIAL,
    OPEN,
    derive,
    line,
    reassess_all,
)
from tests.governance.licensing.stating import CHAIN, WHY, lawyer
from tests.governance.world import World

pytestmark = pytest.mark.django_db


def conflicting() -> World:
    """A version that conflicts with what stands two steps above it, audited for a use case."""
    world = World()
    derive(world.version, line(NON_COMMERCIAL, OPEN)[-1])
    world.audited()
    return world


def overridden(world: World, *, by: User | None = None, **fields: Any) -> Override:
    said: dict[str, Any] = {
        "version": world.version,
        "code": "C-NC",
        "chain": CHAIN,
        "use_case": world.use_case,
        "reason": WHY,
        "until": world.at + dt.timedelta(days=30),
        "by": by or member(world.team, "reviewer:legal"),
        "at": world.at,
    }
    return overrides.override(**{**said, **fields})


def latest(world: World) -> Run:
    run = Run.objects.for_subject(world.version.digest).filter(kind="license").newest_first().first()
    assert run is not None
    return run


def test_an_overridden_finding_no_longer_counts_and_stays_on_record() -> None:
    world = conflicting()
    assert latest(world).verdict == "conflict"

    made = overridden(world)
    reassess_all()

    run = latest(world)
    assert run.verdict != "conflict"
    assert run.inputs["overrides"][0]["code"] == "C-NC"
    assert Event.objects.get(verb="licence.overridden").object_ref == str(made.pk)


def test_an_override_covers_the_next_version_of_the_entry_too() -> None:
    world = conflicting()
    overridden(world)

    later = world.new_version(entry=world.version.entry)
    derive(later, line(NON_COMMERCIAL, OPEN)[-1])

    assert license_inputs(version=later, use_case=world.use_case)["overrides"][0]["chain"] == CHAIN


def test_an_override_for_one_use_case_says_nothing_in_another() -> None:
    world = conflicting()
    overridden(world)

    assert "overrides" not in license_inputs(version=world.version, use_case=None)


def test_an_override_for_every_use_case_takes_the_organisation_s_reviewer() -> None:
    world = conflicting()
    with pytest.raises(NotAllowed):
        overridden(world, use_case=None)

    overridden(world, use_case=None, by=lawyer())

    assert license_inputs(version=world.version, use_case=None)["overrides"]


def test_an_approval_does_not_outlive_the_override_that_it_rests_on() -> None:
    world = conflicting()
    until = world.at + dt.timedelta(days=7)
    overridden(world, until=until)
    reassess_all()

    approval = world.approved_of_open()

    assert approval.next_boundary == until
    lapses = {condition["code"] for condition in approval.conditions if condition["kind"] == "license"}
    assert lapses == {"override_ended"}


def test_the_gate_closes_when_the_override_runs_out_without_any_beat() -> None:
    world = conflicting()
    now = timezone.now()
    Override.objects.create(
        entry=world.version.entry,
        use_case=world.use_case,
        code="C-NC",
        chain=CHAIN,
        reason=WHY,
        author=lawyer(),
        made_at=now - dt.timedelta(days=1),
        until=now + dt.timedelta(seconds=8),
    )
    world.run_license()
    world.approved_of_open()
    assert world.gate().verdict == "allow"

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep_until(%s)", [now + dt.timedelta(seconds=8.1)])

    answer = world.gate()
    assert answer.verdict == "deny"
    assert "license.compatible:override_ended" in answer.reason_codes


def test_an_override_that_is_ended_early_closes_the_gate_at_once() -> None:
    world = conflicting()
    made = overridden(world)
    reassess_all()
    approval = world.approved_of_open()

    overrides.end_override(override_id=made.pk, reason=WHY, by=member(world.team, "reviewer:legal"), at=timezone.now())

    assert world.gate().verdict == "deny"
    reassess_all()
    approval.refresh_from_db()
    assert approval.ended_reason == "evidence_failed"


def test_who_submitted_or_brought_evidence_does_not_override() -> None:
    world = conflicting()
    Membership.objects.create(user=world.submitter, team=None, role=Role.REVIEWER, lane=Lane.LEGAL)

    with pytest.raises(NotAllowed, match="someone else"):
        overridden(world, by=world.submitter)


@pytest.mark.parametrize("roles", [("submitter",), ("approver",), ("reviewer:ethics",), ("admin",)])
def test_other_roles_do_not_override(roles: tuple[str, ...]) -> None:
    world = conflicting()

    with pytest.raises(NotAllowed):
        overridden(world, by=member(world.team, *roles))


def test_a_stranger_neither_overrides_nor_ends_nor_sees_an_override() -> None:
    world = conflicting()
    made = overridden(world)
    stranger = member(TeamFactory(), "reviewer:legal")

    with pytest.raises(NotAllowed):
        overridden(world, by=stranger)
    with pytest.raises(NotAllowed):
        overrides.end_override(override_id=made.pk, reason=WHY, by=stranger, at=timezone.now())
    assert not Override.objects.visible_to(stranger).exists()
    assert Override.objects.visible_to(world.approver).exists()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"code": "C-ND"}, "no_such_finding"),
        ({"code": "nonsense"}, "no_such_finding"),
        ({"chain": ["acme/work-1", "<artefact>"]}, "no_such_finding"),
        ({"chain": []}, "no_such_finding"),
        ({"reason": "because"}, "reason_required"),
        ({"until": NOON.replace(year=2020)}, "until_out_of_range"),
        ({"until": dt.datetime(2099, 1, 1, tzinfo=dt.UTC)}, "until_out_of_range"),
    ],
)
def test_an_override_of_nothing_or_without_its_end_is_refused(said: dict[str, Any], code: str) -> None:
    world = conflicting()

    with pytest.raises(NotAcceptable) as refused:
        overridden(world, **said)

    assert refused.value.code == code
    assert not Override.objects.exists()
