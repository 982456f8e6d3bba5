"""How a run ends: what it came to, written in one transaction with its findings and told to the listeners."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection

from audits.digests import fingerprint
from audits.kinds.base import Draft
from audits.models import Finding, Run, RunState
from audits.signals import run_finished

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What a run came to. ``error_code`` and ``error`` say why where it measured nothing."""

    state: RunState
    verdict: str = ""
    summary: Mapping[str, float] = field(default_factory=dict)
    result_sha256: str = ""
    drafts: Sequence[Draft] = ()
    error_code: str = ""
    error: str = ""


def cancelled(while_: str) -> Ending:
    """Somebody cancelled it while it was ``waiting`` or ``running``."""
    return Ending(state=RunState.CANCELLED, error_code="cancelled", error=f"cancelled while {while_}")


def timed_out(run: Run) -> Ending:
    """It took longer than it may."""
    said = f"not done within {run.time_limit_s} seconds"
    return Ending(state=RunState.TIMED_OUT, error_code="time_limit", error=said)


def end(run: Run, ending: Ending) -> Run:
    """Write the end of a run whose subject and row the caller holds, and tell the listeners."""
    Finding.objects.bulk_create(findings_of(run, ending.drafts))
    run.state, run.verdict, run.summary = ending.state, ending.verdict, dict(ending.summary)
    run.result_sha256, run.error_code, run.error = ending.result_sha256, ending.error_code, ending.error[:2000]
    run.lease_until = None
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        run.finished_at = cursor.fetchone()[0]
    if run.started_at is not None:
        run.duration_ms = max(0, round((run.finished_at - run.started_at).total_seconds() * 1000))
    if ending.state == RunState.SUCCEEDED and run.progress_total is not None:
        run.progress_done = run.progress_total
    run.save()
    run_finished.send(sender=Run, run=run)
    logger.info("run %s (%s) %s %s", run.pk, run.kind, ending.state, ending.verdict)
    return run


def findings_of(run: Run, drafts: Sequence[Draft]) -> list[Finding]:
    """The rows for a run's findings, with the fingerprints that survive to the next version."""
    return [
        Finding(
            run=run,
            code=draft.code,
            severity=draft.severity,
            locus=draft.locus[:500],
            field=draft.field[:200],
            line=draft.line,
            params=dict(draft.params),
            fingerprint=fingerprint(kind=run.kind, code=draft.code, entry=run.subject_name, locus=draft.locus),
        )
        for draft in drafts
    ]
