"""The reassessments that wait: claimed for a while, carried out, given back where a worker is lost."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Now

from governance.catalog.models import Entry
from governance.licensing.affected import Affected
from governance.licensing.models import Cause, Override, Reassessment, ReassessmentState
from governance.licensing.reassessing.pieces import IN_MEMORY, Done, batches, clock, reassess
from governance.licensing.signals import licences_changed
from licenses import catalogue

logger = logging.getLogger(__name__)

ATTEMPTS = 5
LEASE = dt.timedelta(seconds=60)  # renewed with every piece
TIME_LIMIT = dt.timedelta(hours=1)
# A message that was taken up would have moved the row on by now.
TOLD_FOR = dt.timedelta(seconds=60)
AT_ONCE = 500  # rows taken up together


def carry_out() -> Done:
    """Do what waits, until nothing does. Safe to call twice and from two workers at once."""
    done = Done()
    while claimed := _claim():
        done += _carry_out(claimed)
    return done


def _claim() -> list[Reassessment]:
    with transaction.atomic():
        waiting = Reassessment.objects.select_for_update(skip_locked=True).filter(state=ReassessmentState.QUEUED)
        ids = [one.pk for one in waiting.order_by("pk")[:AT_ONCE]]
        Reassessment.objects.filter(pk__in=ids).update(
            state=ReassessmentState.RUNNING, attempt=F("attempt") + 1, lease_until=Now() + Value(LEASE)
        )
        return list(Reassessment.objects.filter(pk__in=ids).order_by("pk"))


def _carry_out(claimed: Sequence[Reassessment]) -> Done:
    """Several changes are one pass: what lies below two of them is judged once."""
    try:
        done = reassess(
            entries={entry for one in claimed for entry in one.entries},
            alone={entry for one in claimed for entry in one.alone},
            renew=partial(_renew, claimed),
        )
    except LeaseLost:
        logger.warning("%s: another worker has taken it up", claimed[0])
        return Done()
    except OperationalError:
        raise  # the database is away: the lease runs out, and another attempt is made
    except Exception:
        if len(claimed) > 1:  # one of them must not keep the others from being done
            return sum((_carry_out([one]) for one in claimed), Done())
        logger.exception("%s broke off", claimed[0])
        _put_back(claimed[0])
        return Done()
    for one in claimed:
        _end(one, state=ReassessmentState.DONE, judged=done.judged, stored_runs=done.runs, error="")
    logger.info("reassessed for %s changes: %s judged, %s runs stored", len(claimed), done.judged, done.runs)
    return done


class LeaseLost(Exception):
    """Somebody else does the work by now."""


def _renew(claimed: Sequence[Reassessment]) -> None:
    until = Now() + Value(LEASE)
    if sum(_mine(one).update(lease_until=until) for one in claimed) < len(claimed):
        raise LeaseLost


def _mine(one: Reassessment) -> QuerySet[Reassessment]:
    return Reassessment.objects.filter(pk=one.pk, state=ReassessmentState.RUNNING, attempt=one.attempt)


def _put_back(one: Reassessment) -> None:
    """What breaks off is tried again by the sweep, and in the end left with its gates closed."""
    if one.attempt < ATTEMPTS:
        _mine(one).update(lease_until=Now())
        return
    _end(one, state=ReassessmentState.FAILED, error="broke off by an error of ours; the worker's log says which")


def _end(one: Reassessment, **fields: Any) -> None:
    if not _mine(one).update(lease_until=None, finished_at=Now(), **fields):
        logger.warning("%s: attempt %s no longer holds it", one, one.attempt)


def failed(ids: Iterable[int] | None = None) -> list[Reassessment]:
    """Those that were given up, of these or of all, oldest first. One query."""
    given_up = Reassessment.objects.filter(state=ReassessmentState.FAILED).order_by("pk")
    return list(given_up if ids is None else given_up.filter(pk__in=list(ids)))


def retry(ids: Iterable[int]) -> int:
    """Queue anew what was given up, with all attempts before it; the caller wakes the workers.

    Returns:
        How many; one that is not given up (any more) is left alone.
    """
    return Reassessment.objects.filter(pk__in=list(ids), state=ReassessmentState.FAILED).update(
        state=ReassessmentState.QUEUED, attempt=0, finished_at=None, told_at=None
    )


def sweep(*, wake: Callable[[], bool]) -> bool:
    """Take back what a lost worker had begun, note what time and new releases change, and tell again of what waits.

    Returns:
        Whether the workers were told.
    """
    _note_run_out()
    _note_new_table()
    lost = Reassessment.objects.filter(state=ReassessmentState.RUNNING, lease_until__lte=Now())
    lost.filter(attempt__gte=ATTEMPTS).update(
        state=ReassessmentState.FAILED,
        lease_until=None,
        finished_at=Now(),
        error="the worker was lost each time; its log says more",
    )
    lost.update(state=ReassessmentState.QUEUED, lease_until=None, told_at=None)
    untold = Q(told_at=None) | Q(told_at__lte=Now() - Value(TOLD_FOR))
    waits = Reassessment.objects.filter(untold, state=ReassessmentState.QUEUED).exists()
    return waits and wake()


@transaction.atomic
def _note_run_out() -> None:
    """Overrides end by the clock, without this; it has judged again what they covered."""
    past = Override.objects.select_for_update(skip_locked=True).filter(ended_at=None, until__lte=Now())
    for one in past.order_by("pk")[:AT_ONCE]:
        one.ended_at, one.ended_reason = one.until, "its date has come"
        one.save(update_fields=["ended_at", "ended_reason"])
        Reassessment.objects.create(
            cause=Cause.OVERRIDE, cause_ref=f"override {one.pk} has ended", alone=[one.entry_id], requested_at=Now()
        )


@transaction.atomic
def _note_new_table() -> None:
    """A release that brings another licence table: all evidence on the one before is stale, and all is judged again."""
    digest = catalogue.table_digest()
    noted = Reassessment.objects.filter(cause=Cause.TABLE, cause_ref=digest)
    if noted.exists():
        return
    with connection.cursor() as cursor:  # of several sweeps at once, one
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('licence table', 0))")
        if not cursor.fetchone()[0] or noted.exists():
            return
    is_first = not Reassessment.objects.filter(cause=Cause.TABLE).exists()
    at = clock()
    entries = list(Entry.objects.catalogued().order_by("pk").values_list("pk", flat=True))
    Reassessment.objects.bulk_create(
        Reassessment(cause=Cause.TABLE, cause_ref=digest, alone=some, requested_at=at)
        for some in (list(batches(entries, IN_MEMORY)) or [[]])
    )
    if not is_first:
        licences_changed.send(sender=Reassessment, affected=Affected(below=(), of=entries), at=at)
