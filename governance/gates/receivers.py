"""What changes elsewhere mean for approvals in force."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.dispatch import receiver

from audits.models import Run
from audits.signals import run_finished
from governance.catalog.models import UseCase
from governance.catalog.signals import use_case_changed
from governance.gates import services


@receiver(run_finished, dispatch_uid="gates.recheck")
def recheck(*, run: Run, **_newer: Any) -> None:
    """In the transaction that ends the run: an approval never outlives the failure of what it rests on."""
    if run.finished_at is not None:
        services.recheck(run=run, at=run.finished_at)


@receiver(use_case_changed, dispatch_uid="gates.recheck_use_case")
def recheck_use_case(*, use_case: UseCase, at: dt.datetime, **_newer: Any) -> None:
    """In the transaction that changes the plan, the tier or the licence profile."""
    services.recheck_use_case(use_case=use_case, at=at)
