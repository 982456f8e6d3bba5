"""Which version a bias audit is compared with: the approved one, told by the room that knows approvals.

Approvals stand above evidence, so ``gates`` hands in how to find them when it starts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from audits.models import Run, RunState
from governance.catalog.models import UseCase, Version

Approved = Callable[[Version, UseCase, dt.datetime], "Version | None"]

BASELINE = "baseline"
_approved: list[Approved] = []


def find_approved_with(finder: Approved) -> None:
    """Hand in what finds the version that is approved for a use case, other than the one that is asked about."""
    _approved[:] = [finder]


def baseline_of(*, version: Version, use_case: UseCase, at: dt.datetime) -> dict[str, Any] | None:
    """The approved version's newest predictions as a bias audit's input; None where there are none to compare with.

    At most two queries.
    """
    approved = _approved[0](version, use_case, at) if _approved else None
    if approved is None:
        return None
    audits = Run.objects.for_subject(approved.digest).filter(
        kind="bias", use_case=use_case.slug, state=RunState.SUCCEEDED
    )
    newest = audits.newest_first().first()
    if newest is None:
        return None
    return {
        "subject_digest": approved.digest,
        "revision": approved.revision,
        "predictions": newest.inputs["predictions"],
    }
