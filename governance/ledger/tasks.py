"""The sequencer as the beat calls it."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from governance.ledger.sequencing import sequence


@shared_task(ignore_result=True)
def sequence_events(thorough: bool = False, **_newer: Any) -> None:
    """Give events their places in the tree. Safe to call twice at once."""
    sequence(at=timezone.now(), thorough=thorough)
