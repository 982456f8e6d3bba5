"""Delivering what is in the outbox: a line in each person's inbox."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Now

from governance.notifications.models import Notice, Outbox
from governance.people.models import User

logger = logging.getLogger(__name__)
AT_ONCE = 100
LATEST_RETRY = dt.timedelta(hours=1)


def deliver_due() -> int:
    """Deliver messages that are due, oldest first. Safe to run twice at once: each is locked, each effect is unique.

    Returns:
        How many were delivered.
    """
    delivered = 0
    for pk in (
        Outbox.objects.filter(delivered_at=None, due_at__lte=Now())
        .order_by("due_at", "pk")
        .values_list("pk", flat=True)[:AT_ONCE]
    ):
        delivered += _deliver(pk=pk)
    return delivered


def _deliver(*, pk: int) -> bool:
    try:
        with transaction.atomic():
            message = Outbox.objects.select_for_update(skip_locked=True).filter(pk=pk, delivered_at=None).first()
            if message is None:
                return False
            people = User.objects.filter(pk__in=message.payload.get("to", ()), is_active=True)
            Notice.objects.bulk_create(
                [Notice(user=user, message=message, created_at=message.created_at) for user in people],
                ignore_conflicts=True,
            )
            Outbox.objects.filter(pk=pk).update(delivered_at=Now())
        return True
    except Exception as failed:
        logger.exception("outbox message %s was not delivered", pk)
        attempts = Outbox.objects.values_list("attempts", flat=True).get(pk=pk)
        pause = min(dt.timedelta(seconds=2 ** min(attempts + 1, 12)), LATEST_RETRY)
        Outbox.objects.filter(pk=pk, delivered_at=None).update(
            attempts=attempts + 1, due_at=Now() + Value(pause), last_error=str(failed)[:1000]
        )
        return False
