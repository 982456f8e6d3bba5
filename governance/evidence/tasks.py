"""Upkeep of evidence."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from governance.evidence import forgetting


@shared_task(ignore_result=True)
def forget_trials(**_newer: Any) -> None:
    """Erase what was asked and answered in trials of long ago that nobody kept."""
    forgetting.forget_trials(at=timezone.now())
