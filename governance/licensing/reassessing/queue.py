"""The reassessments that wait: claimed for a while, carried out, given back where a worker is lost."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now

from audits.work import Lost, Queue
from governance.catalog.models import Entry
from governance.licensing.affected import Affected
from governance.licensing.models import Cause, Override, Reassessment, ReassessmentState
from governance.licensing.reassessing.pieces import IN_MEMORY, Done, batches, clock, reassess
from governance.licensing.signals import licences_changed
from licenses import catalogue

logger = logging.getLogger(__name__)

ATTEMPTS = 5
LEASE = dt.timedelta(seconds=60)  # renewed with every piece
AT_ONCE = 500  # rows taken up together
QUEUE = Queue(Reassessment, given_up=ReassessmentState.FAILED, lease=LEASE, attempts=ATTEMPTS, order=("pk",))


def carry_out() -> Done:
    """Do what waits, until nothing does. Safe to call twice and from two workers at once."""
    done = Done()
    while claimed := QUEUE.take_some(most=AT_ONCE):
        done += _carry_out(claimed)
    return done


def _carry_out(claimed: Sequence[Reassessment]) -> Done:
    """Several changes are one pass: what lies below two of them is judged once."""
    try:
        done = reassess(
            entries={entry for one in claimed for entry in one.entries},
            alone={entry for one in claimed for entry in one.alone},
            renew=partial(_renew, claimed),
        )
    except Lost:
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


def _renew(claimed: Sequence[Reassessment]) -> None:
    for one in claimed:
        QUEUE.renew(one)


def _put_back(one: Reassessment) -> None:
    """What breaks off is tried again by the sweep, and in the end left with its gates closed."""
    if not QUEUE.is_last(one):
        QUEUE.let_go(one)
        return
    _end(one, state=ReassessmentState.FAILED, error="broke off by an error of ours; the worker's log says which")


def _end(one: Reassessment, **fields: Any) -> None:
    if not QUEUE.end(one, **fields):
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
    QUEUE.take_back(error="the worker was lost each time; its log says more")
    return QUEUE.untold().exists() and wake()


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
