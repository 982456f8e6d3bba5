"""Messages that wake a worker for imports and fetches. The work, and the safety of doing it twice, is in
``import_queue`` and ``fetching``.
"""

from __future__ import annotations

from typing import Any

from celery import shared_task

from audits.queues import SCHEDULED, WAITED_FOR
from audits.work import send
from governance.catalog import fetching, import_queue
from governance.catalog.models import FetchRequest, FetchState, ImportRequest, ImportState


@shared_task(ignore_result=True, acks_late=True, time_limit=int(import_queue.LEASE.total_seconds()))
def carry_out_import(*, request_id: int, **_newer: Any) -> None:
    """Import what somebody asked for."""
    import_queue.carry_out(request_id=request_id)


@shared_task(ignore_result=True, acks_late=False)
def sweep_imports(**_newer: Any) -> None:
    """Take back imports whose worker is gone, and tell again of those that wait."""
    import_queue.sweep(wake=wake)


def wake(*, request_id: int) -> bool:
    """Tell the workers of a request. A broker that is down is no error: the sweep tells again."""
    waiting = ImportRequest.objects.filter(pk=request_id, state=ImportState.QUEUED)
    waits = f"import request {request_id} waits for the sweep"
    return send(carry_out_import, waits=waits, rows=waiting, kwargs={"request_id": request_id}, queue=WAITED_FOR)


@shared_task(ignore_result=True, acks_late=True)
def carry_out_fetch(*, request_id: int, **_newer: Any) -> None:
    """Fetch the files of a version."""
    fetching.carry_out(request_id=request_id)


@shared_task(ignore_result=True, acks_late=False)
def sweep_fetches(**_newer: Any) -> None:
    """Take back fetches whose worker is gone, and tell again of those that wait."""
    fetching.sweep(wake=wake_fetch)


def wake_fetch(*, request_id: int) -> bool:
    """Tell the workers of a fetch. A broker that is down is no error: the sweep tells again."""
    waiting = FetchRequest.objects.filter(pk=request_id, state=FetchState.QUEUED)
    waits = f"fetch {request_id} waits for the sweep"
    # Many gigabytes may come: not where somebody's pipeline waits.
    return send(carry_out_fetch, waits=waits, rows=waiting, kwargs={"request_id": request_id}, queue=SCHEDULED)
