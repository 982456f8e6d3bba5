"""What only time brings to a review. The work, and the safety of doing it twice, is in ``reminding``."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from governance.reviews import looking_again, reminding


@shared_task(ignore_result=True, acks_late=False)
def sweep_reviews(**_newer: Any) -> None:
    """Remind people of what is due or ends soon, and note what has become too old. No verdict waits for it."""
    at = timezone.now()
    reminding.remind(at=at)
    looking_again.sweep(at=at)
