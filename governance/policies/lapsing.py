"""An evaluation that was kept, as it stands at a later moment: what has gone stale or ended since closes.

Time closes and never opens. So what was kept can be told at the moment of asking without evaluating anew, and no
verdict waits for a sweep.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from governance.policies import outdated
from governance.policies.conditions import FAILS
from governance.policies.judging import RequirementResult, Status
from governance.policies.moments import moment
from governance.policies.steps import steps_as_of
from governance.policies.waiving import ENDED

_HOLDING = ("satisfied", "waived")
_GRAVER = ("deny", "error")


def as_of(evaluation: Mapping[str, Any], *, at: dt.datetime, stale: bool = False) -> dict[str, Any]:
    """``evaluation`` (as ``Evaluation.as_json`` wrote it) with what has lapsed by ``at``.

    One that is ``stale`` was made under other policies than those of now, and is closed until they were asked.

    A requirement that held, or was waived, up to a moment that has come is unsatisfied, with the code that says why;
    verdict, reason codes and the way to yes follow. Nothing that has not lapsed changes.
    """
    return outdated.told_stale(_lapsed(evaluation, at)) if stale else _lapsed(evaluation, at)


def _lapsed(evaluation: Mapping[str, Any], at: dt.datetime) -> dict[str, Any]:
    rows = [_row(row, at) for row in evaluation.get("requirements", ())]
    lapsed = [new for new, old in zip(rows, evaluation.get("requirements", ()), strict=True) if new is not old]
    if not lapsed:
        return dict(evaluation)
    ids = {row["id"] for row in lapsed}
    reasons = [f"{row['id']}:{row['code']}" for row in lapsed if row["severity"] != "info"]
    kept = [code for code in evaluation.get("reason_codes", ()) if code not in {f"{id_}:waived" for id_ in ids}]
    return {
        **evaluation,
        "requirements": rows,
        "verdict": _verdict(str(evaluation.get("verdict", "")), lapsed),
        "reason_codes": list(dict.fromkeys([*reasons, *kept])),
        "next_steps": steps_as_of(evaluation.get("next_steps", ()), map(_to_mend, evaluation["requirements"], rows)),
    }


def _to_mend(before: Mapping[str, Any], now: Mapping[str, Any]) -> RequirementResult:
    """What has to be mended: of what somebody answered for that for which they did, of a condition that it be met."""
    result = RequirementResult.from_json(now)
    if now is before:
        return result
    if before["status"] != "satisfied":
        return replace(result, status=Status.UNSATISFIED, code=before["code"])
    return result if result.kind else replace(result, code=FAILS)


def _row(row: Mapping[str, Any], at: dt.datetime) -> Mapping[str, Any]:
    until = moment(row.get("holds_until"))
    if row.get("status") not in _HOLDING or until is None or at < until:
        return row
    params = row.get("params", {})
    code = ENDED if row["status"] == "waived" else str(params.get("lapses", "stale"))
    return {**row, "status": "unsatisfied", "code": code}


def _verdict(verdict: str, lapsed: list[Mapping[str, Any]]) -> str:
    if any(row["severity"] == "fail" for row in lapsed):
        return verdict if verdict in _GRAVER else "deny"
    return "warn" if verdict == "allow" and any(row["severity"] == "warn" for row in lapsed) else verdict
