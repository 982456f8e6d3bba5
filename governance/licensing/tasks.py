"""Messages that wake a worker. The work, and the safety of doing it twice, is in ``reassessing``."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from celery import shared_task
from django.db.models.functions import Now

from governance.licensing.models import Reassessment, ReassessmentState

logger = logging.getLogger(__name__)

# Gates are closed until this is done: it goes where pipelines' audits go, not behind the nightly ones.
QUEUE = "ci"
TIME_LIMIT = dt.timedelta(hours=1)


@shared_task(ignore_result=True, acks_late=True, time_limit=int(TIME_LIMIT.total_seconds()))
def reassess(**_newer: Any) -> None:
    """Judge again whatever waits for it."""
    from governance.licensing import reassessing  # the engine: only who judges loads it

    reassessing.carry_out()


@shared_task(ignore_result=True, acks_late=False)
def sweep_reassessments(**_newer: Any) -> None:
    """Take back what a lost worker had begun, and tell again of what waits."""
    from governance.licensing import reassessing

    reassessing.sweep(wake=wake)


def wake() -> bool:
    """Tell the workers that something waits. A broker that is down is no error: the sweep tells again."""
    waiting = Reassessment.objects.filter(state=ReassessmentState.QUEUED)
    try:
        reassess.apply_async(queue=QUEUE, retry=False)
    except Exception as unreachable:  # kombu's transports raise errors of many families
        logger.warning("licences wait for the sweep to be judged again, the broker took no message: %s", unreachable)
        waiting.update(told_at=None)
        return False
    waiting.update(told_at=Now())
    return True
