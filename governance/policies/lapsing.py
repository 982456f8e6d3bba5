"""An evaluation that was kept, as it stands at a later moment: what has gone stale or ended since closes.

Time closes and never opens. So what was kept can be told at the moment of asking without evaluating anew, and no
verdict waits for a sweep.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from governance.policies import outdated
from governance.policies.conditions import FAILS
from governance.policies.judging import RequirementResult, Status
from governance.policies.moments import moment
from governance.policies.overriding import ENDED as OVERRIDE_ENDED
from governance.policies.overriding import PEOPLE, VOTE
from governance.policies.steps import people_after, steps_as_of
from governance.policies.waiving import ENDED

OVERRIDDEN = Status.OVERRIDDEN.value
_HOLDING = ("satisfied", "waived", OVERRIDDEN)
_GRAVER = ("deny", "error")


def as_of(evaluation: Mapping[str, Any], *, at: dt.datetime, stale: bool = False) -> dict[str, Any]:
    """``evaluation`` (as ``Evaluation.as_json`` wrote it) with what has lapsed by ``at``.

    One that is ``stale`` was made under other policies than those of now, and is closed until they were asked.

    A requirement that held, was waived or overridden up to a moment that has come is unsatisfied, with the code that
    says why, and so is a lane; verdict, reason codes and the way to yes follow. Nothing that has not lapsed changes.
    """
    return outdated.told_stale(_lapsed(evaluation, at)) if stale else _lapsed(evaluation, at)


def _lapsed(evaluation: Mapping[str, Any], at: dt.datetime) -> dict[str, Any]:
    rows, lapsed = _rows(evaluation.get("requirements", ()), at)
    lanes, blocked = _rows(evaluation.get("votes", ()), at)
    lapsed += [{"id": f"{VOTE}{lane['lane']}", "code": OVERRIDE_ENDED, "severity": "fail"} for lane in blocked]
    aside, missing = evaluation.get("distinct_overridden", {}), 0
    if (until := moment(aside.get("until"))) is not None and at >= until:
        lapsed.append({"id": PEOPLE, "code": OVERRIDE_ENDED, "severity": "fail"})
        missing = int(evaluation.get("distinct_needed", 0)) - int(evaluation.get("distinct_have", 0))
        evaluation = {name: value for name, value in evaluation.items() if name != "distinct_overridden"}
    if not lapsed:
        return dict(evaluation)
    reasons = [f"{row['id']}:{row['code']}" for row in lapsed if row["severity"] != "info"]
    gone = {f"{row['id']}:{word}" for row in lapsed for word in ("waived", OVERRIDDEN)}
    kept = [code for code in evaluation.get("reason_codes", ()) if code not in gone]
    return {
        **evaluation,
        "requirements": rows,
        "votes": lanes,
        "verdict": _verdict(str(evaluation.get("verdict", "")), lapsed),
        "reason_codes": list(dict.fromkeys([*reasons, *kept])),
        "next_steps": [
            *steps_as_of(evaluation.get("next_steps", ()), map(_to_mend, evaluation["requirements"], rows)),
            *(step.as_json() for step in people_after(blocked, missing)),
        ],
    }


def _rows(rows: Iterable[Mapping[str, Any]], at: dt.datetime) -> tuple[list[Any], list[Any]]:
    """Rows as they stand, and those among them that have lapsed."""
    before = list(rows)
    after = [_row(row, at) for row in before]
    return after, [new for new, old in zip(after, before, strict=True) if new is not old]


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
    ended = {"waived": ENDED, OVERRIDDEN: OVERRIDE_ENDED}
    code = ended.get(row["status"]) or str(params.get("lapses", "stale"))
    lapsed = {**row, "status": "unsatisfied", "code": code}
    if row["status"] == "satisfied" and "lapses_with" in params:  # said of the audit of which the override has ended
        lapsed["params"] = {**params, "kind": params["lapses_with"]}
    return lapsed


def _verdict(verdict: str, lapsed: list[Mapping[str, Any]]) -> str:
    if any(row["severity"] == "fail" for row in lapsed):
        return verdict if verdict in _GRAVER else "deny"
    return "warn" if verdict == "allow" and any(row["severity"] == "warn" for row in lapsed) else verdict
