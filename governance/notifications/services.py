"""Telling people and machines, after the change and exactly once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from governance.notifications import tasks
from governance.notifications.models import Outbox
from governance.people.models import User


def enqueue(*, topic: str, payload: Mapping[str, Any], to: Iterable[User], at: dt.datetime) -> Outbox:
    """Write a message in the caller's transaction; it is delivered after the commit, also when the broker is down."""
    message = Outbox.objects.create(
        topic=topic, payload={**payload, "to": sorted({user.pk for user in to})}, created_at=at, due_at=at
    )
    transaction.on_commit(tasks.nudge)
    return message
