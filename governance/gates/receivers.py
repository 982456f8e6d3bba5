"""What the end of a run means for approvals in force."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from audits.models import Run
from audits.signals import run_finished
from governance.gates import services


@receiver(run_finished, dispatch_uid="gates.recheck")
def recheck(*, run: Run, **_newer: Any) -> None:
    """In the transaction that ends the run: an approval never outlives the failure of what it rests on."""
    if run.finished_at is not None:
        services.recheck(run=run, at=run.finished_at)
