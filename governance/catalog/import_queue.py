"""Carrying out the imports that people asked for. A request is a row; a message only wakes a worker."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.utils import timezone

from audits.work import Pause, Queue
from governance.catalog import importing
from governance.catalog.hub import HubRefused
from governance.catalog.models import ImportRequest, ImportState
from governance.catalog.snapshots import SnapshotRefused

logger = logging.getLogger(__name__)

ATTEMPTS = 5
# Longer than the Hub's client may take with all its tries; a worker that is gone is noticed after it.
LEASE = dt.timedelta(minutes=15)
QUEUE = Queue(
    ImportRequest,
    given_up=ImportState.REFUSED,
    lease=LEASE,
    attempts=ATTEMPTS,
    related=("team", "requested_by"),
    pause=Pause(dt.timedelta(seconds=30), longest=dt.timedelta(minutes=30)),
)


def carry_out(*, request_id: int) -> ImportRequest:
    """Import what a request asks for, unless another worker is at it or it is not due.

    Trouble of the Hub that may pass puts the request back for later, up to ``ATTEMPTS`` times.
    """
    request = QUEUE.take(request_id)
    if request is None:
        return QUEUE.read(request_id)
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
        if isinstance(refused, HubRefused) and refused.passing and not QUEUE.is_last(request):
            QUEUE.put_back(request, at_least=refused.retry_after, code=refused.code, message=refused.message)
            request.refresh_from_db()
            return request
        return _end(request, state=ImportState.REFUSED, code=refused.code, message=refused.message)
    except OperationalError:
        raise  # the database is away: the lease runs out, and another attempt is made
    except Exception:
        logger.exception("import request %s broke off", request.pk)
        message = "the import broke off by an error of ours; the log of the worker says which"
        return _end(request, state=ImportState.REFUSED, code="broke_off", message=message)
    return _end(request, state=ImportState.DONE, version=imported.version, change=imported.change)


def _end(request: ImportRequest, **fields: Any) -> ImportRequest:
    if not QUEUE.end(request, **{"code": "", "message": "", **fields}):
        logger.warning("import request %s: attempt %s no longer holds it", request.pk, request.attempt)
    request.refresh_from_db()
    logger.info("import request %s %s %s", request.pk, request.state, request.code or request.change)
    return request


def sweep(*, wake: Callable[..., bool]) -> int:
    """Take back requests whose worker is gone, and tell again of those that wait.

    Returns:
        How many were told of.
    """
    QUEUE.take_back(code="gave_up", message="the worker was lost each time; ask again when the workers are well")
    return QUEUE.tell(lambda pk: wake(request_id=pk))
