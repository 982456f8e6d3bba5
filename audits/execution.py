"""Doing an audit: what the worker runs, and how it keeps hold of the run meanwhile.

A worker takes a run by compare-and-swap and holds it under a lease that a heartbeat renews. Whatever it writes
names the fencing token it was given, so that a worker that was thought dead and is not cannot write any more.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import IO, Any

import rfc8785
from django.conf import settings
from django.db import transaction
from django.db.models import DurationField, F, Value
from django.db.models.functions import Now
from django.utils import timezone

from audits import blobs, kinds
from audits.ending import Ending, cancelled, end, timed_out
from audits.kinds.base import InputsRejected, Interrupted, Outcome
from audits.locks import hold_subject
from audits.models import Run, RunState
from audits.work import heartbeat

logger = logging.getLogger(__name__)
PROGRESS_EVERY_S = 0.3


def lease() -> Any:
    """The end of a lease taken now, by the database's clock."""
    return Now() + Value(dt.timedelta(seconds=settings.RUN_LEASE_S), output_field=DurationField())


def claim(run_id: int) -> Run | None:
    """Move a run from QUEUED to RUNNING; None when somebody else did, or it has ended."""
    with transaction.atomic():
        taken = Run.objects.filter(pk=run_id, state=RunState.QUEUED).update(
            state=RunState.RUNNING,
            attempt=F("attempt") + 1,
            fencing_token=F("fencing_token") + 1,
            lease_until=lease(),
            started_at=Now(),
            progress_done=0,
            progress_total=None,
        )
        return Run.objects.get(pk=run_id) if taken else None


def execute(*, run_id: int) -> Run | None:
    """Take a queued run, do the audit, store its findings. Safe to call twice and from two workers at once.

    Returns:
        The run as this worker left it, or None when it was not this worker's to do or to finish.
    """
    run = claim(run_id)
    if run is None:
        return None
    logger.info("run %s (%s) taken, attempt %s", run.pk, run.kind, run.attempt)
    hold = Hold(run)
    with hold.heartbeat():
        try:
            outcome = kinds.get(run.kind).run(hold)
            document = rfc8785.dumps(dict(outcome.document)) if outcome.document else b""
        except Interrupted:
            return _give_up(run, hold)
        except InputsRejected as refused:
            return finish(run, Ending(state=RunState.ERRORED, error_code=refused.code, error=str(refused)))
        except Exception:
            logger.exception("run %s crashed", run.pk)
            said = f"the audit itself failed; the worker's log has the details under run {run.pk}"
            return finish(run, Ending(state=RunState.ERRORED, error_code="internal", error=said))
        return _succeed(run, outcome, document)


def _succeed(run: Run, outcome: Outcome, document: bytes) -> Run | None:
    known = kinds.get(run.kind).verdicts
    if outcome.verdict not in known:
        said = f"the audit gave no known verdict ({run.kind})"
        return finish(run, Ending(state=RunState.ERRORED, error_code="internal", error=said))
    try:
        for artefact in outcome.artefacts:
            blobs.store_bytes(artefact, media_type="application/x-ndjson", at=timezone.now())
        result = (
            blobs.store_bytes(document, media_type="application/json", at=timezone.now()).sha256 if document else ""
        )
    except OSError as failed:
        logger.error("run %s: its result cannot be kept: %s", run.pk, failed)
        said = f"the result could not be stored ({failed.strerror}); make room and run the audit again"
        return finish(run, Ending(state=RunState.ERRORED, error_code="result_not_kept", error=said))
    return finish(
        run,
        Ending(
            state=RunState.SUCCEEDED,
            verdict=outcome.verdict,
            summary=outcome.summary,
            result_sha256=result,
            drafts=outcome.drafts,
        ),
    )


def _give_up(run: Run, hold: Hold) -> Run | None:
    if hold.stop == "cancelled":
        return finish(run, cancelled("running"))
    if hold.stop == "time_limit":
        return finish(run, timed_out(run))
    logger.warning("run %s: lease lost, this worker's results are thrown away", run.pk)
    return None


@transaction.atomic
def finish(run: Run, ending: Ending) -> Run | None:
    """Store the end of a run, if this worker still holds it. One transaction for the row, findings and listeners."""
    hold_subject(run.subject_digest)
    current = Run.objects.select_for_update().get(pk=run.pk)
    if current.state != RunState.RUNNING or current.fencing_token != run.fencing_token:
        logger.warning("run %s: attempt %s no longer holds it, its results are thrown away", run.pk, run.attempt)
        return None
    return end(current, ending)


class Hold:
    """A worker's grip on one run: the ``Context`` that a kind is given, and the heartbeat behind it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.stop = ""
        self._deadline = time.monotonic() + run.time_limit_s
        self._told_at = 0.0

    @property
    def inputs(self) -> Mapping[str, Any]:
        inputs: Mapping[str, Any] = self.run.inputs
        return inputs

    @property
    def seed(self) -> int:
        return self.run.seed

    @property
    def at(self) -> dt.datetime:
        begun = self.run.started_at
        if begun is None:
            raise RuntimeError(f"run {self.run.pk} was not taken")
        return begun

    def open_blob(self, sha256: str) -> IO[bytes]:
        return blobs.open_checked(sha256)

    def progress(self, done: int, total: int | None) -> None:
        self._look()
        if self.stop:
            raise Interrupted(self.stop)
        if time.monotonic() - self._told_at < PROGRESS_EVERY_S and done != total:
            return
        self._told_at = time.monotonic()
        # The row's constraint keeps done within total; a kind that miscounts must not end its run by that.
        held = self._mine().update(progress_done=done if total is None else min(done, total), progress_total=total)
        if not held:
            self.stop = "lease_lost"
            raise Interrupted(self.stop)

    def _mine(self) -> Any:
        return Run.objects.filter(pk=self.run.pk, fencing_token=self.run.fencing_token, state=RunState.RUNNING)

    def _look(self) -> None:
        if not self.stop and time.monotonic() > self._deadline:
            self.stop = "time_limit"

    def heartbeat(self) -> AbstractContextManager[None]:
        """Renew the lease from a thread of its own, whatever the kind is busy with."""
        return heartbeat(self._beat, every_s=settings.RUN_LEASE_S / 4, name=f"heartbeat of run {self.run.pk}")

    def _beat(self) -> bool:
        self._look()
        if self.stop == "time_limit":
            return False  # without a heartbeat the lease runs out, should the kind not look up in time
        if not self._mine().update(lease_until=lease()):
            self.stop = self.stop or "lease_lost"
        elif Run.objects.filter(pk=self.run.pk, cancel_asked=True).exists():
            self.stop = self.stop or "cancelled"
        return True
