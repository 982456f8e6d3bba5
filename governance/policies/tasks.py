"""Messages that wake a worker. The work, and the safety of doing it twice, is in ``back_testing`` and
``rejudging``.
"""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from audits.queues import WAITED_FOR
from audits.work import send
from governance.policies import back_testing, rejudging


@shared_task(ignore_result=True, acks_late=True, time_limit=int(back_testing.TIME_LIMIT.total_seconds()))
def back_test(*, back_test_id: int, **_newer: Any) -> None:
    """Hold a text against the portfolio."""
    back_testing.carry_out(back_test_id=back_test_id, now=timezone.now)


def wake(back_test_id: int) -> bool:
    """Tell the workers. A broker that is down is no error: whoever looks at the back-test tells them again."""
    return send(
        back_test, waits=f"back-test {back_test_id} waits", kwargs={"back_test_id": back_test_id}, queue=WAITED_FOR
    )


@shared_task(ignore_result=True, acks_late=True, time_limit=int(rejudging.TIME_LIMIT.total_seconds()))
def rejudge(**_newer: Any) -> None:
    """Judge again whatever has to be."""
    rejudging.carry_out(now=timezone.now)


@shared_task(ignore_result=True, acks_late=False)
def sweep_rejudgings(**_newer: Any) -> None:
    """Take back what a lost worker had begun, and tell of what is due."""
    rejudging.sweep(wake=wake_rejudging)


def wake_rejudging() -> bool:
    """Tell the workers. A broker that is down is no error: the sweep tells them again."""
    return send(rejudge, waits="what has to be judged again waits for the sweep", queue=WAITED_FOR)
