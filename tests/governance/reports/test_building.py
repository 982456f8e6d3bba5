"""Editions that are built by a worker: asked for by people and by schedules, once whatever happens."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from governance.ledger.models import Event
from governance.people.models import User
from governance.reports import asking, building, services
from governance.reports.errors import NotAcceptable, NotAllowed, ReportRefused
from governance.reports.models import Build, BuildState, Cadence, Calendar, Edition, Schedule
from governance.reports.periods import read_period
from tests.factories import NOON, TeamFactory, VersionFactory, member

DAY = dt.timedelta(days=1)
# The month of NOON has ended, and its edition is due.
APRIL = dt.datetime(2026, 4, 2, 7, tzinfo=dt.UTC)


def work(at: dt.datetime) -> int:
    """Do what a worker would, at a moment."""
    Build.objects.filter(state=BuildState.QUEUED).update(due_at=Now())
    return building.carry_out(now=lambda: at)


@pytest.mark.django_db
def test_what_a_schedule_missed_while_nothing_ran_is_built_once():
    keeper = member(None, "risk_officer")
    asking.add_schedule(team=None, cadence=Cadence.MONTH, days=1, hour=6, by=keeper, at=NOON)
    assert building.note_due(at=NOON + 29 * DAY) == 0

    # The beat was dead for three days: what was due on 2 April at 6 is noted on the 5th, by two sweeps at once.
    assert [building.note_due(at=APRIL + 3 * DAY) for _ in range(2)] == [1, 0]
    assert work(APRIL + 3 * DAY) == 1

    edition = Edition.objects.get()
    assert (edition.period, edition.number, edition.provisional) == ("2026-03", 1, False)
    assert building.note_due(at=APRIL + 20 * DAY) == 0
    # two months later two are due, each of its own
    assert building.note_due(at=APRIL + 62 * DAY) == 2
    assert work(APRIL + 62 * DAY) == 2
    assert list(Edition.objects.order_by("pk").values_list("period", flat=True)) == ["2026-03", "2026-04", "2026-05"]


@pytest.mark.django_db
def test_a_schedule_counts_days_in_the_organisations_time_zone():
    admin = member(None, "admin")
    asking.set_time_zone(name="Pacific/Auckland", by=admin, at=NOON)
    schedule = asking.add_schedule(team=None, cadence=Cadence.QUARTER, days=0, hour=0, by=admin, at=NOON)

    (period,) = building.due(schedule, at=dt.datetime(2026, 3, 31, 11, tzinfo=dt.UTC))

    assert (period.label, period.time_zone) == ("2026-Q1", "Pacific/Auckland")
    assert building.due(schedule, at=dt.datetime(2026, 3, 31, 10, 59, tzinfo=dt.UTC)) == []
    for no_zone in ("Mars/Olympus", "localtime", "Factory"):
        with pytest.raises(NotAcceptable, match="Europe/Berlin"):
            asking.set_time_zone(name=no_zone, by=admin, at=NOON)
    assert Calendar.objects.get().time_zone == "Pacific/Auckland"


@pytest.mark.django_db
def test_a_build_whose_worker_is_lost_is_taken_over_and_given_up_after_three_times():
    officer = member(None, "risk_officer")
    period = read_period("2026-03", time_zone="UTC")
    build = asking.request(period=period, team=None, by=officer, at=NOON)
    assert asking.request(period=period, team=None, by=officer, at=NOON) == build

    for attempt in (1, 2, 3):
        Build.objects.filter(state=BuildState.QUEUED).update(due_at=Now())
        claimed = building._claim()
        assert claimed is not None
        assert claimed.attempt == attempt
        assert building.take_back() == 0
        build.refresh_from_db()
        assert build.state == BuildState.RUNNING
        Build.objects.update(lease_until=Now())
        building.take_back()
        build.refresh_from_db()
        assert build.state == (BuildState.FAILED if attempt == 3 else BuildState.QUEUED)
    assert build.code == "worker_lost"
    again = asking.request(period=period, team=None, by=officer, at=NOON)
    assert again != build
    assert work(NOON) == 1
    again.refresh_from_db()
    assert again.edition == Edition.objects.get()


@pytest.mark.django_db
def test_only_those_of_a_scope_have_its_reports_built_and_scheduled():
    team, other = TeamFactory(), TeamFactory()
    period = read_period("2026-03", time_zone="UTC")
    may = {
        (who, where): _may(lambda user=user, of=of: asking.request(period=period, team=of, by=user, at=NOON))
        for who, user in (("viewer", member(team, "viewer")), ("approver", member(team, "approver")))
        for where, of in (("own", team), ("other", other), ("portfolio", None))
    }

    assert [place for place, allowed in may.items() if allowed] == [("approver", "own")]
    officer = member(team, "risk_officer")
    with pytest.raises(NotAllowed):
        asking.add_schedule(team=None, cadence=Cadence.MONTH, days=1, hour=6, by=officer, at=NOON)
    made = asking.add_schedule(team=team, cadence=Cadence.MONTH, days=1, hour=6, by=officer, at=NOON)
    with pytest.raises(ReportRefused, match="change that one"):
        asking.add_schedule(team=team, cadence=Cadence.MONTH, days=2, hour=7, by=officer, at=NOON)
    # one that is taken up again begins with the period that is under way then
    off: dict[str, Any] = {"schedule_id": made.pk, "days": 1, "hour": 6, "by": officer}
    asking.change_schedule(**off, is_on=False, at=NOON)
    assert building.note_due(at=APRIL + 70 * DAY) == 0
    asking.change_schedule(**off, is_on=True, at=APRIL + 70 * DAY)
    assert Schedule.objects.get(pk=made.pk).seen_to == dt.date(2026, 5, 31)
    assert Event.objects.filter(verb__startswith="report_schedule.").count() == 3


def _may(step: Any) -> bool:
    try:
        step()
    except NotAllowed:
        return False
    return True


@pytest.mark.django_db(transaction=True)
def test_two_builds_of_one_edition_at_once_give_one_edition():
    VersionFactory()
    period = read_period("2026-03", time_zone="UTC")
    start, made = threading.Barrier(2), []

    def build() -> None:
        try:
            start.wait(20)
            made.append(services.compile(period=period, team=None, by=None, at=APRIL))
        finally:
            connection.close()

    threads = [threading.Thread(target=build) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert made == [Edition.objects.get()] * 2
    assert Event.objects.filter(verb="report.compiled").count() == 1
    assert User.objects.count() == 0
