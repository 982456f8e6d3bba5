"""Messages that wake a worker, and what the beat has looked after. The work is in ``building`` and ``mailing``."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from audits.queues import SCHEDULED, UPKEEP
from audits.work import send
from governance.reports import building, drawing, mailing


@shared_task(ignore_result=True, acks_late=True, time_limit=int(building.TIME_LIMIT.total_seconds()))
def build(**_newer: Any) -> None:
    """Build whatever is due."""
    if building.carry_out(now=timezone.now):
        nudge_mail()
        if drawing.waiting():
            wake_drawing()


@shared_task(ignore_result=True, acks_late=False)
def sweep_builds(**_newer: Any) -> None:
    """Note what schedules ask for, take back what a lost worker had begun, and tell of what is due."""
    building.note_due(at=timezone.now())
    if building.take_back():
        wake()
    if drawing.waiting():
        wake_drawing()


@shared_task(ignore_result=True, acks_late=False)
def send_mail(**_newer: Any) -> None:
    """Send the mails that are due."""
    mailing.send_due()


@shared_task(ignore_result=True, acks_late=True, time_limit=int(drawing.LEASE.total_seconds()))
def draw(**_newer: Any) -> None:
    """Draw whatever form waits."""
    if drawing.carry_out():
        nudge_mail()


def wake_drawing() -> None:
    """Tell the workers that a form waits to be drawn."""
    _tell(draw, queue=SCHEDULED)


def wake() -> None:
    """Tell the workers. A broker that is down is no error: the sweep tells them again."""
    _tell(build, queue=SCHEDULED)


def nudge_mail() -> None:
    """Have mails looked at now. Should the broker be down, the beat's next round does it."""
    _tell(send_mail, queue=UPKEEP, expires=30)


def _tell(task: Any, **options: Any) -> None:
    send(task, waits="reports wait for the next round", **options)
