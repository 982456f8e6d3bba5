"""Asking for audits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache, partial
from importlib import metadata
from typing import Any

from django.db import IntegrityError, transaction

from audits import kinds, tasks
from audits.digests import inputs_digest
from audits.ending import cancelled, end
from audits.locks import hold_subject
from audits.models import OPEN_STATES, Origin, Run, RunState
from audits.queues import WAITED_FOR


class RunRefused(Exception):
    """The run cannot be asked for or changed; the message says why."""


@cache
def installed(packages: tuple[str, ...]) -> dict[str, str]:
    """The versions of the packages that a kind's numbers depend on, without importing them."""
    return {name: metadata.version(name) for name in packages}


@transaction.atomic
def request_run(
    *,
    kind: str,
    subject_name: str,
    subject_digest: str,
    inputs: Mapping[str, Any],
    origin: Origin,
    use_case: str = "",
    requested_by: Any = None,
    at: dt.datetime,
    queue: str = WAITED_FOR,
    seed: int = 0,
) -> Run:
    """Queue an audit, or return the run that has the same inputs already (waiting, running or succeeded).

    A worker hears of it once this transaction has committed; should the broker be down, the sweep finds it.

    Raises:
        RunRefused: no audit of that kind; the message names the known ones.
    """
    try:
        registered = kinds.get(kind)
    except KeyError as unknown:
        raise RunRefused(str(unknown.args[0])) from unknown
    packages = installed(registered.packages)
    digest = inputs_digest(
        kind=kind,
        kind_version=registered.version,
        subject_digest=subject_digest,
        inputs={**inputs, "use_case": use_case} if use_case else inputs,
        seed=seed,
        packages=packages,
    )
    same = Run.objects.filter(inputs_digest=digest, state__in=[*OPEN_STATES, RunState.SUCCEEDED])
    if (there := same.first()) is not None:
        return there
    try:
        with transaction.atomic():
            run = Run.objects.create(
                kind=kind,
                kind_version=registered.version,
                subject_name=subject_name,
                subject_digest=subject_digest,
                use_case=use_case,
                inputs=dict(inputs),
                inputs_digest=digest,
                seed=seed,
                packages=packages,
                origin=origin,
                queue=queue,
                time_limit_s=registered.time_limit_s,
                requested_by=requested_by,
                requested_at=at,
                woken_at=at,
            )
    except IntegrityError:  # somebody asked for the same in the same instant
        return same.get()
    transaction.on_commit(partial(tasks.wake, run_id=run.pk, queue=queue, time_limit_s=run.time_limit_s))
    return run


@transaction.atomic
def cancel(*, run_id: int) -> Run:
    """Cancel a run: at once while it waits; a running one is told at its next step.

    Raises:
        RunRefused: it has ended already.
    """
    hold_subject(Run.objects.values_list("subject_digest", flat=True).get(pk=run_id))
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.state == RunState.QUEUED:
        return end(run, cancelled("waiting"))
    if run.state != RunState.RUNNING:
        raise RunRefused(f"run {run.pk} has ended: {run.state}")
    Run.objects.filter(pk=run.pk).update(cancel_asked=True)
    run.cancel_asked = True
    return run
