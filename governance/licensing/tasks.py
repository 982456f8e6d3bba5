"""Messages that wake a worker. The work, and the safety of doing it twice, is in ``reassessing``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from celery import shared_task

from audits.queues import WAITED_FOR
from audits.work import send
from governance.licensing.models import Reassessment, ReassessmentState

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
    return send(reassess, waits="licences wait for the sweep to be judged again", rows=waiting, queue=WAITED_FOR)
