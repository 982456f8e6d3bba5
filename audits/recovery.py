"""Finding what was lost: runs whose worker died, and runs that no message told of."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Now

from audits.ending import Ending, cancelled, end, timed_out
from audits.locks import hold_subject
from audits.models import Run, RunState

logger = logging.getLogger(__name__)
TELL_AGAIN = dt.timedelta(seconds=30)
AT_ONCE = 500


class Wake(Protocol):
    """How a worker is told of a run; False when the broker did not take the message."""

    def __call__(self, *, run_id: int, queue: str, time_limit_s: int) -> bool: ...


def sweep(*, wake: Wake) -> tuple[int, int]:
    """Take back lost runs and tell of waiting ones. Safe to run anywhere, any number of times at once.

    Returns:
        How many runs were taken back, and of how many the workers were told.
    """
    return _take_back(), _tell(wake)


def _take_back() -> int:
    lost = Run.objects.filter(state=RunState.RUNNING, lease_until__lt=Now()).values_list("pk", "subject_digest")
    return sum(_try_to_take_back(pk=pk, subject=subject) for pk, subject in lost.order_by("pk")[:AT_ONCE])


def _try_to_take_back(*, pk: int, subject: str) -> bool:
    """One run that cannot be taken back must not keep the others from it."""
    try:
        return _take_back_one(pk=pk, subject=subject)
    except Exception:
        logger.exception("run %s is lost and could not be taken back; the next sweep tries again", pk)
        return False


@transaction.atomic
def _take_back_one(*, pk: int, subject: str) -> bool:
    hold_subject(subject)
    run = (
        Run.objects.select_for_update(skip_locked=True)
        .filter(pk=pk, state=RunState.RUNNING, lease_until__lt=Now())
        .first()
    )
    if run is None:
        return False
    ran_for = run.lease_until - run.started_at if run.lease_until and run.started_at else dt.timedelta()
    if run.cancel_asked:
        end(run, cancelled("running"))
    elif ran_for.total_seconds() > run.time_limit_s:
        end(run, timed_out(run))
    elif run.attempt >= settings.RUN_ATTEMPTS:
        error = f"the worker was lost {run.attempt} times; look into its log for run {run.pk}"
        end(run, Ending(state=RunState.ERRORED, error_code="worker_lost", error=error))
    else:
        logger.warning("run %s: its worker is gone, attempt %s is waiting again", run.pk, run.attempt)
        Run.objects.filter(pk=run.pk).update(state=RunState.QUEUED, lease_until=None, woken_at=None)
    return True


def _tell(wake: Wake) -> int:
    """Send messages for runs that wait and of which nobody was told lately; each is marked before it is sent."""
    with transaction.atomic():
        waiting = list(
            Run.objects.select_for_update(skip_locked=True)
            .filter(Q(woken_at=None) | Q(woken_at__lt=Now() - Value(TELL_AGAIN)), state=RunState.QUEUED)
            .order_by("requested_at", "pk")
            .values_list("pk", "queue", "time_limit_s")[:AT_ONCE]
        )
        Run.objects.filter(pk__in=[pk for pk, _queue, _limit in waiting]).update(woken_at=Now())
    told = 0
    for pk, queue, limit in waiting:
        if not wake(run_id=pk, queue=queue, time_limit_s=limit):
            break  # the broker is down: the next sweep tries again
        told += 1
    return told
