"""A waiver's row, whoever writes it: what the database refuses by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError, IntegrityError

from governance.policies.models import Waiver
from governance.policies.waivers import services
from tests.governance.policies.waivers.waiving import DAY, accepted, proposed, revoked
from tests.governance.world import World

# What somebody may wish to be otherwise, by the state of the row.
SCOPE = (
    "requirement = 'card.ok'",
    "stage = 'production'",
    "tier = 'minimal'",
    "severity = 'warn'",
    "requested_by_id = decided_by_id",
    "requested_at = requested_at - interval '1 day'",
)
ACCEPTED = (
    *SCOPE,
    "expires_at = expires_at + interval '1 day'",
    "findings = '[]'",
    "reason = 'another reason'",
    "compensating_control = 'nothing at all'",
    "state = 'proposed', decided_at = NULL, decided_by_id = NULL",
    "state = 'rejected'",
    "decided_by_id = requested_by_id",
    "edition = edition + 1",
)


def deny(deed: str) -> str:
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(deed)
    return str(caught.value)


@pytest.mark.parametrize("change", SCOPE)
def test_what_a_waiver_is_for_never_changes(world: World, change: str) -> None:
    proposed(world)

    assert "may change" in deny(f"UPDATE policies_waiver SET {change}")  # noqa: S608


@pytest.mark.parametrize("change", ACCEPTED)
def test_what_was_accepted_stays_as_it_was_accepted(world: World, change: str) -> None:
    accepted(world, findings=[])
    Waiver.objects.get()
    message = deny(f"UPDATE policies_waiver SET {change}")  # noqa: S608

    assert "may change" in message or "does not go from" in message


@pytest.mark.parametrize("end", ["rejected", "revoked"])
def test_what_has_ended_never_comes_back(world: World, end: str) -> None:
    waiver = proposed(world)
    if end == "rejected":
        services.reject(waiver_id=waiver.pk, reason="Not with this control.", by=world.risk_officer, at=world.at)
    else:
        revoked(world, accepted(world, waiver))

    for change in ("state = 'active', revoked_at = NULL, revoked_by_id = NULL", "reason = 'x'", "edition = 9"):
        assert "does not go from" in deny(f"UPDATE policies_waiver SET {change}")  # noqa: S608


def test_a_waiver_is_never_removed(world: World) -> None:
    proposed(world)

    assert "is refused" in deny("DELETE FROM policies_waiver")
    assert Waiver.objects.exists()


def row(world: World, **fields: Any) -> Waiver:
    waiver = proposed(world)
    values = {field.attname: getattr(waiver, field.attname) for field in Waiver._meta.concrete_fields}
    return Waiver(**{**values, "id": None, **fields})


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"expires_at": dt.timedelta(0)}, "waiver_ends_after_start"),
        ({"expires_at": 90 * DAY + dt.timedelta(seconds=1)}, "waiver_within_the_maximum"),
        ({"expires_at": 31 * DAY, "tier": "critical"}, "waiver_within_the_maximum"),
        ({"expires_at": 181 * DAY, "tier": "minimal"}, "waiver_within_the_maximum"),
        ({"tier": "unknown"}, "waiver_within_the_maximum"),
        ({"reason": ""}, "waiver_says_why_and_what_instead"),
        ({"compensating_control": ""}, "waiver_says_why_and_what_instead"),
        ({"severity": "info"}, "waiver_of_what_decides"),
        ({"decided_at": True}, "waiver_state_is_told"),
    ],
)
def test_the_database_refuses_a_waiver_that_breaks_a_rule(
    world: World, fields: dict[str, Any], constraint: str
) -> None:
    if isinstance(fields.get("expires_at"), dt.timedelta):
        fields = fields | {"expires_at": world.at + fields["expires_at"]}
    if fields.get("decided_at"):
        fields = fields | {"decided_at": world.at}
    broken = row(world, **fields)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        broken.save()


def test_nothing_begins_as_accepted(world: World) -> None:
    made = row(world, state="active", decided_by_id=world.risk_officer.pk, decided_at=world.at)

    with pytest.raises(IntegrityError, match="begins as a proposal"), transaction.atomic():
        made.save()


def test_the_database_knows_that_two_people_are_needed(world: World) -> None:
    waiver = proposed(world)

    with pytest.raises(IntegrityError, match="waiver_by_a_second_person"), transaction.atomic():
        Waiver.objects.filter(pk=waiver.pk).update(state="active", decided_by=waiver.requested_by, decided_at=world.at)


@pytest.mark.django_db(transaction=True)
def test_the_application_may_take_steps_and_remove_nothing(application: psycopg.Connection[Any]) -> None:
    world = World()
    accepted(world)

    for deed in ("DELETE FROM policies_waiver", "TRUNCATE policies_waiver CASCADE"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute(deed.encode())
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        application.execute(b"UPDATE policies_waiver SET expires_at = expires_at + interval '1 day'")
    with pytest.raises(DatabaseError, match="is refused"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE policies_waiver CASCADE")  # the owner, by the trigger
    revoke = "UPDATE policies_waiver SET state = 'revoked', revoked_at = now(), revoked_by_id = decided_by_id"
    assert application.execute(revoke.encode()).rowcount == 1
