"""A requirement with a condition: is it asked for, does it hold, until when, and if not, what lacks?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from governance.policies.expressions import Known, Outcome
from governance.policies.judging import (
    RequirementResult,
    RunFacts,
    Status,
    by_override,
    by_state,
    judge,
)
from governance.policies.shapes import Requirement

FAILS = "condition_fails"
BROKEN = "condition_error"
UPSTREAM_ENDED = "upstream_ended"
NOT_ASKED = "not_asked"
HOLDS = "condition_holds"
APPLIES_WHEN = "applies-when"


def judge_condition(
    requirement: Requirement,
    *,
    policy: str,
    programs: Mapping[str, Any],
    known: Known,
    runs: RunFacts,
    at: dt.datetime,
) -> RequirementResult:
    """Hold a requirement with a condition against the facts.

    What cannot be told is an error, whatever else holds. A condition that does not hold while an audit that it rests
    on is under way waits for it; nothing holds before they have ended.
    """
    if requirement.applicable_if:
        asked = known.ask(programs[requirement.applicable_if], at=at)
        if asked.outcome is Outcome.FAILS:
            return _result(
                requirement, policy, Status.NOT_APPLICABLE, NOT_ASKED, {"condition": requirement.applicable_if}
            )
        if asked.outcome is Outcome.ERROR:
            told = {"condition": requirement.applicable_if, "error": asked.error}
            return _result(requirement, policy, Status.ERROR, BROKEN, told)
    plain = judge(requirement, policy=policy, runs=runs, at=at) if requirement.kind else None
    if not requirement.satisfied_if or (plain is not None and plain.status is not Status.SATISFIED):
        assert plain is not None  # noqa: S101 (a document has a kind or a condition)
        return plain
    found = _condition(requirement, policy, programs[requirement.satisfied_if], known, runs, at)
    if plain is None:
        return found
    if found.status is not Status.SATISFIED:
        return replace(found, kind=requirement.kind, run=plain.run)
    if found.holds_until is None or (plain.holds_until is not None and plain.holds_until <= found.holds_until):
        return replace(plain, needs=requirement.needs)
    why = {name: said for name, said in found.params.items() if name in ("condition", "lapses", "lapses_with")}
    aged = {name: said for name, said in plain.params.items() if name != "lapses"}
    return replace(plain, holds_until=found.holds_until, params=aged | why, needs=requirement.needs)


def _condition(
    requirement: Requirement, policy: str, program: Any, known: Known, runs: RunFacts, at: dt.datetime
) -> RequirementResult:
    text = requirement.satisfied_if
    params: dict[str, Any] = {"condition": text}
    said = known.ask(program, at=at)
    states = {kind: by_state(runs.newest(kind)) for kind in requirement.reads}
    for kind, (status, code) in states.items():
        if status is Status.PENDING:
            return _result(requirement, policy, status, code, params | {"kind": kind}, kind=kind)
    if said.holds:
        until = known.holds_until(program, text, at=at)
        if until is not None and until in known.upstream_ends():
            params["lapses"] = UPSTREAM_ENDED
        return _until_overrides_end(
            _result(requirement, policy, Status.SATISFIED, HOLDS, params, until=until), runs, at
        )
    status, code = (Status.UNSATISFIED, FAILS) if said.outcome is Outcome.FAILS else (Status.ERROR, BROKEN)
    if said.error:
        params["error"] = said.error
    for kind, (state, why) in states.items():
        if state is Status.UNSATISFIED:  # there is none yet: the way to yes begins with it
            row = runs.newest(kind)
            params |= {"audit": kind, "lacking": row.get("lacking", why) if isinstance(row, Mapping) else why}
            break
    return _result(requirement, policy, status, code, params, kind=params.get("audit", ""))


def _until_overrides_end(result: RequirementResult, runs: RunFacts, at: dt.datetime) -> RequirementResult:
    """A condition that holds, up to the first end of an override that one of its audits rests on."""
    until, params = result.holds_until, dict(result.params)
    for kind in result.needs:
        row, before = runs.newest(kind), until
        if not isinstance(row, Mapping):
            continue
        status, code, until = by_override(row, at, until, params)
        if status is not Status.SATISFIED:  # whatever the audit says: it said so for a time that is over
            told = {"condition": params["condition"], "kind": kind, "lapses_with": kind}
            return replace(result, status=status, code=code, holds_until=None, params=told)
        if until != before:
            params["lapses_with"] = kind
    return replace(result, holds_until=until, params=params)


def undecided_scope(policy: str, condition: str, error: str) -> RequirementResult:
    """A policy of which nobody can tell whether it applies: that closes."""
    return RequirementResult(
        id=APPLIES_WHEN,
        title=policy,
        kind="",
        status=Status.ERROR,
        severity="fail",
        code=BROKEN,
        policy=policy,
        params={"condition": condition, "error": error},
    )


def _result(
    requirement: Requirement,
    policy: str,
    status: Status,
    code: str,
    params: Mapping[str, Any],
    *,
    kind: str = "",
    until: dt.datetime | None = None,
) -> RequirementResult:
    return RequirementResult(
        id=requirement.id,
        title=requirement.title,
        kind=kind,
        status=status,
        severity=requirement.severity,
        code=code,
        policy=policy,
        holds_until=until,
        params=dict(params),
        needs=requirement.reads,
    )
