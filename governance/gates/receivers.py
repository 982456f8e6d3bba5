"""What changes elsewhere mean for approvals in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from audits.models import Run
from audits.signals import run_finished
from governance.catalog.models import Suspension, UseCase
from governance.catalog.signals import suspended, use_case_changed
from governance.gates import rechecking, services, suspending
from governance.gates.models import Approval
from governance.licensing.affected import Affected
from governance.licensing.signals import licences_changed, licences_judged
from governance.policies.models import Waiver
from governance.policies.signals import waivers_changed


@receiver(run_finished, dispatch_uid="gates.recheck")
def recheck(*, run: Run, **_newer: Any) -> None:
    """In the transaction that ends the run: an approval never outlives the failure of what it rests on."""
    if run.finished_at is not None:
        rechecking.recheck(run=run, at=run.finished_at)


@receiver(use_case_changed, dispatch_uid="gates.recheck_use_case")
def recheck_use_case(*, use_case: UseCase, at: dt.datetime, **_newer: Any) -> None:
    """In the transaction that changes the plan, the tier or the licence profile."""
    rechecking.recheck_use_case(use_case=use_case, at=at)


@receiver(licences_changed, dispatch_uid="gates.close_licences")
def close_licences(*, affected: Affected, at: dt.datetime, **_newer: Any) -> None:
    """In the transaction of the change: until it is judged, nothing is let through on the licences of before."""
    # Most imports have nobody who rests on them: then the catalogue need not be walked.
    if Approval.objects.filter(ended_at=None).exists() or services.in_review().exists():
        services.close_licences(versions=affected.version_ids, at=at)


@receiver(licences_judged, dispatch_uid="gates.recheck_licences")
def recheck_licences(*, digests: Sequence[str], at: dt.datetime, **_newer: Any) -> None:
    """In the transaction that stores the new verdicts."""
    rechecking.recheck_licences(digests=digests, at=at)


@receiver(waivers_changed, dispatch_uid="gates.recheck_waiver")
def recheck_waiver(*, waiver: Waiver, at: dt.datetime, **_newer: Any) -> None:
    """In the transaction that accepts, rejects or revokes: the gate never says more than somebody answers for."""
    rechecking.recheck_waiver(waiver=waiver, at=at)


@receiver(suspended, dispatch_uid="gates.close_suspended")
def close_suspended(*, suspension: Suspension, at: dt.datetime, **_newer: Any) -> None:
    """In the transaction of the suspension: no answer after it says yes."""
    suspending.close(suspension, at=at)
