"""What kinds that read one uploaded table share: finding it among the inputs, and drafts from reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audits.kinds.base import Context, Draft, InputsRejected

MAX_LOCUS = 500


def upload_of(context: Context, name: str, *, what: str) -> str:
    """The digest of an uploaded table.

    Raises:
        InputsRejected: there is none.
    """
    given = context.inputs.get(name)
    if not isinstance(given, Mapping) or not isinstance(given.get("sha256"), str):
        raise InputsRejected(f"{name}_missing", f"there is no {what}; upload one and attach it")
    return str(given["sha256"])


def plan_of(context: Context, *, part: str, needed: bool) -> Mapping[str, Any]:
    """The part of the audit plan that the run was asked for with; empty where none is needed.

    Raises:
        InputsRejected: there is none and one is needed.
    """
    plan = context.inputs.get("plan")
    if isinstance(plan, Mapping):
        return plan
    if needed:
        raise InputsRejected("plan_missing", f"the use case has no audit plan for {part}; write one")
    return {}


def drafts_of(reasons: Sequence[Mapping[str, Any]], codes: Mapping[str, tuple[str, tuple[str, ...]]]) -> list[Draft]:
    """Findings before they are stored, one for each reason; ``codes`` says how grave each is."""
    return [
        Draft(
            code=reason["code"],
            severity=codes[reason["code"]][0],
            locus=reason["locus"][:MAX_LOCUS],
            params=reason["params"],
        )
        for reason in reasons
    ]
