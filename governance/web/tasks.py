"""Upkeep of what requests leave behind."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from governance.people.throttle import forget_old_tries
from governance.web.idempotency import forget_old_keys


@shared_task(ignore_result=True)
def tidy(**_newer: Any) -> None:
    """Delete sessions that have ended, kept answers that nobody asks for again, and wrong tries of long ago."""
    at = timezone.now()
    SessionStore.clear_expired()
    forget_old_keys(at=at)
    forget_old_tries(at=at)
