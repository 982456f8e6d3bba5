from __future__ import annotations

import logging
from typing import Any

from celery import shared_task

from audits.queues import UPKEEP
from governance.notifications import delivery

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, acks_late=False)
def deliver(**_newer: Any) -> None:
    """Deliver what is due in the outbox."""
    delivery.deliver_due()


def nudge() -> None:
    """Have the outbox looked at now. Should the broker be down, the beat's next round does it."""
    try:
        deliver.apply_async(retry=False, queue=UPKEEP, expires=10)
    except Exception as unreachable:  # kombu's transports raise errors of many families
        logger.warning("the outbox waits for the next round, the broker did not take the message: %s", unreachable)
