"""Builds of editions: asked for by a person or a schedule, done by a worker. A build is a row; a message wakes one."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audits.work import Lost, Pause, Queue, heartbeat
from governance.people.models import Team, User
from governance.reports.errors import ReportRefused
from governance.reports.models import Build, BuildState, Schedule, organisation_time_zone
from governance.reports.periods import Period, period_of

logger = logging.getLogger(__name__)
ATTEMPTS = 3
LEASE = dt.timedelta(minutes=2)
TELL_EVERY_S = 1.0
TIME_LIMIT = dt.timedelta(hours=1)
QUEUE = Queue(
    Build,
    given_up=BuildState.FAILED,
    lease=LEASE,
    attempts=ATTEMPTS,
    related=("team", "requested_by"),
    pause=Pause(dt.timedelta(seconds=20), longest=dt.timedelta(seconds=40)),
)


def note(
    period: Period, team: Team | None, *, by: User | None, schedule: Schedule | None, at: dt.datetime
) -> tuple[Build, bool]:
    """Note that an edition is to be built, and whether that is new: of a period and scope there is one at a time.

    Raises:
        ReportRefused: others have it built again and again just now.
    """
    for _ in range(3):
        under_way = Build.objects.open().filter(team=team, period=period.label).first()
        if under_way is not None:
            return under_way, False
        try:
            with transaction.atomic():
                build = Build.objects.create(
                    team=team,
                    period=period.label,
                    time_zone=period.time_zone,
                    schedule=schedule,
                    requested_by=by,
                    requested_at=at,
                    due_at=at,
                )
        except IntegrityError:  # somebody else was faster: theirs is found, unless it has ended by now
            continue
        return build, True
    raise ReportRefused("busy", "others have just had this report built; look at the list of editions")


# --- schedules -------------------------------------------------------------------------------------------------------


def note_due(*, at: dt.datetime) -> int:
    """Note a build for every period that a schedule asks for and that is due; how many.

    What fell due while nothing ran is noted now, once: a schedule remembers the last day that it has seen to.
    """
    noted = 0
    for pk in Schedule.objects.filter(is_on=True).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            found = Schedule.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, is_on=True)
            schedule = found.select_related("team").first()
            if schedule is None:
                continue
            for period in due(schedule, at=at):
                note(period, schedule.team, by=None, schedule=schedule, at=at)
                schedule.seen_to = period.last_day
                noted += 1
            schedule.save(update_fields=["seen_to"])
    return noted


def due(schedule: Schedule, *, at: dt.datetime) -> list[Period]:
    """The periods that a schedule has not seen to and that are due, oldest first."""
    found = []
    period = period_of(schedule.cadence, schedule.seen_to + dt.timedelta(days=1), organisation_time_zone())
    while period.due_at(days=schedule.days, hour=schedule.hour) <= at:
        found.append(period)
        period = period.following()
    return found


def next_due(schedule: Schedule, *, time_zone: str) -> dt.datetime:
    """When a schedule has its next edition built."""
    period = period_of(schedule.cadence, schedule.seen_to + dt.timedelta(days=1), time_zone)
    return period.due_at(days=schedule.days, hour=schedule.hour)


# --- the worker ------------------------------------------------------------------------------------------------------


def carry_out(*, now: Callable[[], dt.datetime]) -> int:
    """Build what is due until nothing is; how many editions came of it. Safe to call from two workers at once."""
    done = 0
    while (build := _claim()) is not None:
        done += _carry_out(build, now=now)
    return done


def _claim() -> Build | None:
    return QUEUE.take_next(progress_done=0, progress_total=None)


def _carry_out(build: Build, *, now: Callable[[], dt.datetime]) -> bool:
    from governance.reports import services  # only who builds loads what compiles

    heart = _Heart(build)
    try:
        with heart.beating():
            edition = services.compile(
                period=build.as_period, team=build.team, by=build.requested_by, at=now(), progress=heart.tell
            )
    except ReportRefused as refused:
        QUEUE.give_up(build, code=refused.code, error=str(refused))
        return False
    except Exception:  # the one boundary: whatever it was, the row tells that it broke off
        logger.exception("build %s broke off", build.pk)
        _try_again(build, QUEUE.held(build), "broke_off")
        return False
    # Should the lease have run out meanwhile, another worker finds this edition and ends the build with it.
    QUEUE.end(build, state=BuildState.DONE, edition=edition)
    return True


def _try_again(build: Build, rows: QuerySet[Build], code: str) -> None:
    if QUEUE.is_last(build):
        said = "the report could not be built; the worker's log says why, and it can be asked for again"
        QUEUE.give_up(build, rows=rows, code=code, error=said)
    else:
        QUEUE.put_back(build, rows=rows)


def take_back() -> int:
    """Put builds whose worker is lost back in the queue; how many are waiting now."""
    for build in QUEUE.lost():
        logger.warning("build %s: its worker is lost", build.pk)
        _try_again(build, QUEUE.lost_still(build), "worker_lost")
    return QUEUE.waiting().count()


class _Heart:
    """Renews the lease and tells how far the work is, from a thread and connection of its own: the work itself reads
    in a transaction that writes nothing.
    """

    def __init__(self, build: Build) -> None:
        self._build = build
        self._progress: dict[str, Any] = {}

    def tell(self, done: int, total: int | None) -> None:
        self._progress = {"progress_done": done, "progress_total": total}

    def beating(self) -> AbstractContextManager[None]:
        return heartbeat(self._beat, every_s=TELL_EVERY_S, name="heartbeat of a build")

    def _beat(self) -> bool:
        try:
            QUEUE.renew(self._build, **self._progress)
        except Lost:
            return False
        return True
