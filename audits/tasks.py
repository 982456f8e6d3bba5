"""Messages that wake a worker. The work, and the safety of doing it twice, is in ``execution``."""

from __future__ import annotations

import logging
from typing import Any

from celery import shared_task
from django.conf import settings

from audits import execution, recovery
from audits.models import Run, RunState

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, acks_late=True, reject_on_worker_lost=True)
def execute_run(*, run_id: int, **_newer: Any) -> None:
    """Run one audit."""
    execution.execute(run_id=run_id)


@shared_task(ignore_result=True, acks_late=False)
def sweep(**_newer: Any) -> None:
    """Take back runs whose worker is gone, and tell again of runs that wait."""
    recovery.sweep(wake=wake)


def wake(*, run_id: int, queue: str, time_limit_s: int) -> bool:
    """Tell the workers of a run. A broker that is down is no error: the run is a row, and the sweep tells again."""
    try:
        execute_run.apply_async(
            kwargs={"run_id": run_id}, queue=queue, time_limit=time_limit_s + settings.RUN_LEASE_S, retry=False
        )
    except Exception as unreachable:  # kombu's transports raise errors of many families
        logger.warning("run %s waits for the sweep, the broker did not take its message: %s", run_id, unreachable)
        Run.objects.filter(pk=run_id, state=RunState.QUEUED).update(woken_at=None)
        return False
    return True
