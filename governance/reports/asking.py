"""What people do with reports: have them built, lay down schedules, subscribe. Each is one transaction."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from governance.ledger import services as ledger
from governance.people.models import Role, Team, User
from governance.people.queries import standing_now
from governance.reports import building, tasks
from governance.reports.errors import NotAcceptable, NotAllowed, ReportRefused
from governance.reports.models import (
    Attached,
    Build,
    Cadence,
    Calendar,
    Schedule,
    Subscription,
    organisation_time_zone,
    require_time_zone,
    scope_named,
)
from governance.reports.periods import Period, PeriodMalformed, last_ended, read_period

# Auditors change nothing; a report that they have built is a reading.
BUILDERS = (Role.AUDITOR, Role.APPROVER, Role.RISK_OFFICER, Role.ADMIN)
KEEPERS = (Role.RISK_OFFICER, Role.ADMIN)


def holds(user: User, roles: tuple[Role, ...], *, team: Team | None) -> bool:
    """Whether a person holds one of the roles in a scope; for the portfolio, in the whole organisation."""
    held = standing_now(user)
    return any(held.has(role, team_id=team.pk if team is not None else None) for role in roles)


def period_named(text: str) -> Period:
    """A period from its label, in the organisation's time zone.

    Raises:
        NotAcceptable: it is no period.
    """
    try:
        return read_period(text, time_zone=organisation_time_zone())
    except PeriodMalformed as malformed:
        raise NotAcceptable("period_malformed", str(malformed)) from malformed


@transaction.atomic
def request(*, period: Period, team: Team | None, by: User, at: dt.datetime) -> Build:
    """Ask for an edition; where one of the same period and scope is on its way already, that build.

    Raises:
        NotAllowed: the person may not have reports of this scope built.
        NotAcceptable: the period has not begun.
    """
    if not holds(by, BUILDERS, team=team):
        raise NotAllowed(
            "not_a_builder", "auditors, approvers, risk officers and administrators of the scope have reports built"
        )
    if period.begins_at >= at:
        raise NotAcceptable("period_not_begun", f"{period.label} has not begun: there is nothing to report yet")
    build, is_new = building.note(period, team, by=by, schedule=None, at=at)
    if is_new:
        transaction.on_commit(tasks.wake)
    return build


def _require_keeper(user: User, *, team: Team | None) -> None:
    if not holds(user, KEEPERS, team=team):
        raise NotAllowed("not_a_keeper", "risk officers and administrators of the scope lay down its schedules")


@transaction.atomic
def add_schedule(*, team: Team | None, cadence: Cadence, days: int, hour: int, by: User, at: dt.datetime) -> Schedule:
    """Have an edition built by itself from the period on that is under way.

    Raises:
        NotAllowed: neither risk officer nor administrator of the scope.
        ReportRefused: there is one of this cadence already.
    """
    _require_keeper(by, team=team)
    seen_to = last_ended(cadence, at=at, time_zone=organisation_time_zone()).last_day
    try:
        with transaction.atomic():
            schedule = Schedule.objects.create(
                team=team, cadence=cadence, days=days, hour=hour, seen_to=seen_to, created_by=by, created_at=at
            )
    except IntegrityError as there:
        raise ReportRefused("schedule_exists", "this scope has such a schedule already; change that one") from there
    _record(schedule, "report_schedule.made", by=by, at=at)
    return schedule


@transaction.atomic
def change_schedule(*, schedule_id: int, days: int, hour: int, is_on: bool, by: User, at: dt.datetime) -> Schedule:
    """Change when a schedule has editions built, or stop it. One that is taken up again begins with what is under way.

    Raises:
        NotAllowed: neither risk officer nor administrator of the scope.
    """
    schedule = Schedule.objects.select_for_update(of=("self",)).select_related("team").get(pk=schedule_id)
    _require_keeper(by, team=schedule.team)
    if is_on and not schedule.is_on:
        begun = last_ended(schedule.cadence, at=at, time_zone=organisation_time_zone()).last_day
        schedule.seen_to = max(schedule.seen_to, begun)
    schedule.days, schedule.hour, schedule.is_on = days, hour, is_on
    schedule.save(update_fields=["days", "hour", "is_on", "seen_to"])
    _record(schedule, "report_schedule.changed", by=by, at=at)
    return schedule


def _record(schedule: Schedule, verb: str, *, by: User, at: dt.datetime) -> None:
    ledger.record(
        verb=verb,
        object_kind="report_schedule",
        object_ref=str(schedule.pk),
        actor=by,
        at=at,
        detail={
            "scope": scope_named(schedule.team),
            "cadence": schedule.cadence,
            "days": schedule.days,
            "hour": schedule.hour,
            "is_on": schedule.is_on,
        },
    )


@transaction.atomic
def set_time_zone(*, name: str, by: User, at: dt.datetime) -> Calendar:
    """Say in which time zone the organisation's days begin. Editions that are there keep the one they were made in.

    Raises:
        NotAllowed: not an administrator of the whole organisation.
        NotAcceptable: there is no such time zone.
    """
    if not holds(by, (Role.ADMIN,), team=None):
        raise NotAllowed("not_an_admin", "administrators of the whole organisation set its time zone")
    try:
        require_time_zone(name)
    except ValidationError as unknown:
        raise NotAcceptable("no_such_time_zone", "there is no such time zone; write it as Europe/Berlin") from unknown
    calendar, _made = Calendar.objects.update_or_create(pk=Calendar.ONLY, defaults={"time_zone": name})
    detail = {"time_zone": name}
    ledger.record(verb="calendar.changed", object_kind="calendar", object_ref="1", actor=by, at=at, detail=detail)
    return calendar


# --- subscriptions ---------------------------------------------------------------------------------------------------


@transaction.atomic
def subscribe(*, user: User, team: Team | None, attached: Attached, at: dt.datetime) -> Subscription:
    """Send a person the editions of a scope that they see, or change what comes along.

    Raises:
        NotAllowed: the person does not see the scope.
    """
    held = standing_now(user)
    if not (held.sees_all or (team is not None and team.pk in held.team_ids)):
        raise NotAllowed("scope_not_seen", "you can be sent the reports of what you see: your teams")
    found, _made = Subscription.objects.update_or_create(
        user=user, team=team, defaults={"attached": attached}, create_defaults={"attached": attached, "created_at": at}
    )
    return found


@transaction.atomic
def unsubscribe(*, user: User, team: Team | None) -> None:
    """Send a person the editions of a scope no longer."""
    Subscription.objects.filter(user=user, team=team).delete()
