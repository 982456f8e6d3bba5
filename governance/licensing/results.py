"""What a licence run found, whole: its result as it was stored, or said again from its inputs.

Runs that came of a reassessment keep no document of their own: thousands come of one change, and the audit says the
same on the same inputs and table.
"""

from __future__ import annotations

import json
from typing import Any

from audits import blobs
from audits.kinds import license as licence_audit
from audits.kinds.base import InputsRejected
from audits.models import Run, RunState
from licenses import catalogue


def licence_document(run: Run) -> dict[str, Any]:
    """The result document of a succeeded licence run.

    Empty for other runs, and where it can no longer be told: the stored bytes are gone or altered, or there are none
    and the licence table is another one since. Such a run speaks for nothing, and is outdated besides.
    """
    if run.kind != licence_audit.KIND or run.state != RunState.SUCCEEDED:
        return {}
    try:
        if run.result_sha256:
            document: dict[str, Any] = json.loads(blobs.read_checked(run.result_sha256))
            return document
        if run.inputs.get("table_digest") != catalogue.table_digest():
            return {}
        return dict(licence_audit.outcome(run.inputs).document)
    except InputsRejected:
        return {}


def overridden_until(run: Run) -> str | None:
    """The moment at which the first override that a run was judged with ends; None where there was none."""
    return min((one["until"] for one in run.inputs.get("overrides", ())), default=None)
