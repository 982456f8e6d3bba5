"""Messages that wake a worker. The work, and the safety of doing it twice, is in ``back_testing``."""

from __future__ import annotations

import logging
from typing import Any

from celery import shared_task
from django.utils import timezone

from governance.policies import back_testing

logger = logging.getLogger(__name__)

# A person waits for it: not behind the nightly audits.
QUEUE = "ci"


@shared_task(ignore_result=True, acks_late=True, time_limit=int(back_testing.TIME_LIMIT.total_seconds()))
def back_test(*, back_test_id: int, **_newer: Any) -> None:
    """Hold a text against the portfolio."""
    back_testing.carry_out(back_test_id=back_test_id, now=timezone.now)


def wake(back_test_id: int) -> bool:
    """Tell the workers. A broker that is down is no error: whoever looks at the back-test tells them again."""
    try:
        back_test.apply_async(kwargs={"back_test_id": back_test_id}, queue=QUEUE, retry=False)
    except Exception as unreachable:  # kombu's transports raise errors of many families
        logger.warning("back-test %s waits, the broker took no message: %s", back_test_id, unreachable)
        return False
    return True
