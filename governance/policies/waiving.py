"""What somebody answers for until a date: a requirement that does not hold, and a waiver of it in the facts.

A waiver turns unsatisfied into waived and nothing else: an error, or an audit that is still to come, is not something
that anybody can answer for. What was found stays on the result.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from governance.policies.judging import RequirementResult, RunFacts, Status
from governance.policies.moments import FactsMalformed, moment, utc
from governance.policies.shapes import Requirement, Waivable

REFUSED = "verdict_not_accepted"
# From which moment on, and why, what was waived no longer holds.
ENDED = "waiver_ended"


@dataclass(frozen=True)
class WaiverFact:
    """One waiver in force. ``findings`` are fingerprints; without any it is for whatever keeps the requirement open."""

    id: int
    policy: str
    requirement: str
    findings: frozenset[str]
    until: dt.datetime


def terms_of(requirement: Requirement) -> Waivable | None:
    """Who may waive a requirement, and for how long; None where nobody may."""
    return requirement.waivable


def read_waivers(facts: Mapping[str, Any]) -> tuple[WaiverFact, ...]:
    """The ``waivers`` of a facts document.

    Raises:
        FactsMalformed: they are not a list of waivers that each name requirement, policy and end.
    """
    listed = facts.get("waivers", [])
    if not isinstance(listed, list):
        raise FactsMalformed("waivers")
    return tuple(_read(row, f"waivers[{number}]") for number, row in enumerate(listed))


def _read(row: Any, path: str) -> WaiverFact:
    if not isinstance(row, Mapping):
        raise FactsMalformed(path)
    number, until, findings = row.get("id"), moment(row.get("until")), row.get("findings", [])
    names = (row.get("policy"), row.get("requirement"))
    if type(number) is not int or not all(isinstance(name, str) for name in names):
        raise FactsMalformed(path)
    if until is None:
        raise FactsMalformed(f"{path}.until")
    if not isinstance(findings, list) or not all(isinstance(one, str) for one in findings):
        raise FactsMalformed(f"{path}.findings")
    return WaiverFact(number, str(names[0]), str(names[1]), frozenset(findings), until)


def waived(
    result: RequirementResult,
    requirement: Requirement,
    *,
    waivers: Sequence[WaiverFact],
    runs: RunFacts,
    tier: str,
    at: dt.datetime,
) -> RequirementResult:
    """The result, waived where a waiver in force covers what keeps it open; of several the one that lasts longest.

    One that could be waived and is not says by whom, and for how many days at most.
    """
    terms = terms_of(requirement)
    if result.status is not Status.UNSATISFIED or terms is None or not result.decides:
        return result
    covering = [
        waiver
        for waiver in waivers
        if (waiver.policy, waiver.requirement) == (result.policy, result.id)
        and at < waiver.until
        and _covers(waiver, result, runs)
    ]
    if not covering:
        return replace(result, params={**result.params, "waivable": {"max_days": terms.days(tier), "by": terms.by}})
    longest = max(covering, key=lambda waiver: (waiver.until, -waiver.id))
    return replace(
        result,
        status=Status.WAIVED,
        holds_until=longest.until,
        params={**result.params, "waiver": longest.id, "until": utc(longest.until)},
    )


def _covers(waiver: WaiverFact, result: RequirementResult, runs: RunFacts) -> bool:
    """A waiver of some findings covers a verdict that rests on these alone, and no missing or aged audit."""
    if not waiver.findings:
        return True
    if result.code != REFUSED:
        return False
    row = runs.newest(result.kind)
    failing = row.get("failing") if isinstance(row, Mapping) else None
    # What cannot be told to be among the findings that were accepted is not accepted.
    return isinstance(failing, list) and bool(failing) and waiver.findings.issuperset(map(str, failing))
