"""Noting that licences have changed: what has to be judged again, and what may not be relied on until then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from governance.licensing import tasks
from governance.licensing.affected import Affected
from governance.licensing.models import Cause, Reassessment
from governance.licensing.signals import licences_changed


def note(
    *,
    cause: Cause,
    entries: Iterable[int] = (),
    alone: Iterable[int] = (),
    closes_below: Iterable[int] = (),
    closes_of: Iterable[int] = (),
    ref: str = "",
    soon: bool = True,
    at: dt.datetime,
) -> Reassessment | None:
    """In the transaction of a change: have entries judged again, and close what rests on the old state until then.

    Args:
        entries: judged again with everything that was made from them.
        alone: only themselves.
        closes_below: nothing may rest on evidence of what was made from these until it is judged again.
        closes_of: nor on evidence of these themselves. What only adds (an override) closes nothing.
        ref: what has changed, for people who look at the row.
        soon: the workers are told at once; else the sweep tells them, a few seconds later.

    Returns:
        What a worker will do; None where nothing has to be judged.
    """
    below, alone = sorted(set(entries)), sorted(set(alone))
    if not below and not alone:
        return None
    noted = Reassessment.objects.create(cause=cause, cause_ref=ref[:200], entries=below, alone=alone, requested_at=at)
    affected = Affected(below=closes_below, of=closes_of)
    if affected.is_any:
        licences_changed.send(sender=Reassessment, affected=affected, at=at)
    if soon:
        transaction.on_commit(tasks.wake)
    return noted
