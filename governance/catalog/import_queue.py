"""Carrying out the imports that people asked for. A request is a row; a message only wakes a worker."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.db.models import F, Q, Value
from django.db.models.functions import Now
from django.utils import timezone

from governance.catalog import importing
from governance.catalog.hub import HubRefused
from governance.catalog.models import ImportRequest, ImportState
from governance.catalog.snapshots import SnapshotRefused

logger = logging.getLogger(__name__)

ATTEMPTS = 5
# Longer than the Hub's client may take with all its tries; a worker that is gone is noticed after it.
LEASE = dt.timedelta(minutes=15)
FIRST_PAUSE, LONGEST_PAUSE = dt.timedelta(seconds=30), dt.timedelta(minutes=30)
# A message that was taken up would have moved the request on by now.
TOLD_FOR = dt.timedelta(seconds=60)
AT_ONCE = 100


def carry_out(*, request_id: int) -> ImportRequest:
    """Import what a request asks for, unless another worker is at it or it is not due.

    Trouble of the Hub that may pass puts the request back for later, up to ``ATTEMPTS`` times.
    """
    waiting = ImportRequest.objects.filter(pk=request_id, state=ImportState.QUEUED, due_at__lte=Now())
    claimed = waiting.update(state=ImportState.RUNNING, attempt=F("attempt") + 1, lease_until=Now() + Value(LEASE))
    request = ImportRequest.objects.select_related("team", "requested_by").get(pk=request_id)
    if not claimed:
        return request
    try:
        imported = importing.import_from_hub(
            repo_id=request.repo_id,
            kind=request.kind,
            revision=request.revision or None,
            by=request.requested_by,
            team=request.team,
            at=timezone.now(),
        )
    except SnapshotRefused as refused:
        if isinstance(refused, HubRefused) and refused.passing and request.attempt < ATTEMPTS:
            return _put_back(request, refused)
        return _end(request, state=ImportState.REFUSED, code=refused.code, message=refused.message)
    except OperationalError:
        raise  # the database is away: the lease runs out, and another attempt is made
    except Exception:
        logger.exception("import request %s broke off", request.pk)
        message = "the import broke off by an error of ours; the log of the worker says which"
        return _end(request, state=ImportState.REFUSED, code="broke_off", message=message)
    return _end(request, state=ImportState.DONE, version=imported.version, change=imported.change)


def _mine(request: ImportRequest) -> Any:
    return ImportRequest.objects.filter(pk=request.pk, state=ImportState.RUNNING, attempt=request.attempt)


def _end(request: ImportRequest, **fields: Any) -> ImportRequest:
    if not _mine(request).update(lease_until=None, finished_at=Now(), **{"code": "", "message": "", **fields}):
        logger.warning("import request %s: attempt %s no longer holds it", request.pk, request.attempt)
    request.refresh_from_db()
    logger.info("import request %s %s %s", request.pk, request.state, request.code or request.change)
    return request


def _put_back(request: ImportRequest, refused: HubRefused) -> ImportRequest:
    pause = min(FIRST_PAUSE * 2 ** (request.attempt - 1), LONGEST_PAUSE)
    if refused.retry_after is not None:
        pause = min(max(pause, dt.timedelta(seconds=refused.retry_after)), LONGEST_PAUSE)
    _mine(request).update(
        state=ImportState.QUEUED,
        lease_until=None,
        told_at=None,
        due_at=Now() + Value(pause),
        code=refused.code,
        message=refused.message,
    )
    request.refresh_from_db()
    return request


def sweep(*, wake: Callable[..., bool]) -> int:
    """Take back requests whose worker is gone, and tell again of those that wait.

    Returns:
        How many were told of.
    """
    lost = ImportRequest.objects.filter(state=ImportState.RUNNING, lease_until__lte=Now())
    lost.filter(attempt__gte=ATTEMPTS).update(
        state=ImportState.REFUSED,
        lease_until=None,
        finished_at=Now(),
        code="gave_up",
        message="the worker was lost each time; ask again when the workers are well",
    )
    lost.update(state=ImportState.QUEUED, lease_until=None, told_at=None, due_at=Now())
    untold = Q(told_at=None) | Q(told_at__lte=Now() - Value(TOLD_FOR))
    due = ImportRequest.objects.filter(untold, state=ImportState.QUEUED, due_at__lte=Now()).order_by("due_at", "pk")
    told = 0
    for request_id in due.values_list("pk", flat=True)[:AT_ONCE]:
        if not wake(request_id=request_id):
            break  # the broker is away: the next round tries again
        told += 1
    return told
