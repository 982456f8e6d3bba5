"""What two administrators have set aside until a date: in the facts, and what becomes of what stands there.

An override turns what is open into overridden, never into satisfied, and never an error: what cannot be decided, or is
suspended, is not set aside. It covers what its two people have looked at and nothing that came to light afterwards: an
audit that was missing and has said no since, or a veto that was cast since, counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from governance.policies.judging import RequirementResult, Status
from governance.policies.moments import FactsMalformed, moment, utc
from governance.policies.voting import LaneResult

# From which moment on, and why, what was overridden no longer holds.
ENDED = "admin_override_ended"
REVOKED = "admin_override_revoked"
OVER = (ENDED, REVOKED)

# What an audit or a condition has said no to; everything else that is open is merely not there, or not there any more.
REFUSED = ("verdict_not_accepted", "condition_fails")
OVERRIDABLE = (Status.UNSATISFIED, Status.PENDING)
VOTE = "vote."
PEOPLE = "vote.distinct"


@dataclass(frozen=True)
class OverrideFact:
    """One override in force.

    ``requirements`` are (policy, id) with whether what stood there was a no; ``lanes`` each with the numbers of the
    votes that blocked it; ``people`` whether the number of different people is set aside.
    """

    id: int
    until: dt.datetime
    requirements: Mapping[tuple[str, str], bool]
    lanes: Mapping[str, frozenset[int]]
    people: bool


@dataclass(frozen=True)
class SetAside:
    """That something is set aside, by which override and until when."""

    override: int
    until: dt.datetime

    def as_json(self) -> dict[str, Any]:
        return {"override": self.override, "until": utc(self.until)}


def read_overrides(facts: Mapping[str, Any]) -> tuple[OverrideFact, ...]:
    """The ``overrides`` of a facts document.

    Raises:
        FactsMalformed: they are not a list of overrides that each name what they are for, and their end.
    """
    listed = facts.get("overrides", [])
    if not isinstance(listed, list):
        raise FactsMalformed("overrides")
    return tuple(_read(row, f"overrides[{number}]") for number, row in enumerate(listed))


def _read(row: Any, path: str) -> OverrideFact:
    if not isinstance(row, Mapping) or type(row.get("id")) is not int or not isinstance(row.get("items"), list):
        raise FactsMalformed(path)
    until = moment(row.get("until"))
    if until is None:
        raise FactsMalformed(f"{path}.until")
    requirements: dict[tuple[str, str], bool] = {}
    lanes: dict[str, frozenset[int]] = {}
    people = False
    for item in row["items"]:
        if not isinstance(item, Mapping):
            raise FactsMalformed(f"{path}.items")
        match item.get("what"):
            case "requirement":
                key = str(item.get("policy")), str(item.get("requirement"))
                requirements[key] = requirements.get(key, False) or item.get("refused") is True
            case "lane" if isinstance(item.get("votes"), list):
                lanes[str(item.get("lane"))] = frozenset(item["votes"])
            case "people":
                people = True
            case _:
                raise FactsMalformed(f"{path}.items")
    return OverrideFact(row["id"], until, requirements, lanes, people)


def overridden(result: RequirementResult, overrides: Sequence[OverrideFact], *, at: dt.datetime) -> RequirementResult:
    """The result, overridden where an override in force covers what keeps it open; of several the longest."""
    if result.status not in OVERRIDABLE or not result.decides:
        return result
    key, refused = (result.policy, result.id), result.code in REFUSED
    covering = [o for o in overrides if at < o.until and key in o.requirements and (o.requirements[key] or not refused)]
    if not covering:
        return result
    longest = _longest(covering)
    return replace(
        result,
        status=Status.OVERRIDDEN,
        holds_until=longest.until,
        params={**result.params, "override": longest.override, "until": utc(longest.until)},
    )


def lane_overridden(lane: LaneResult, overrides: Sequence[OverrideFact], *, at: dt.datetime) -> LaneResult:
    """The lane, overridden where an override in force covers every vote that blocks it, or the votes that it lacks."""
    if lane.status not in OVERRIDABLE:
        return lane
    covering = [
        o for o in overrides if at < o.until and lane.lane in o.lanes and o.lanes[lane.lane].issuperset(lane.blocking)
    ]
    if not covering:
        return lane
    longest = _longest(covering)
    return replace(lane, status=Status.OVERRIDDEN, override=longest.override, holds_until=longest.until)


def people_overridden(overrides: Iterable[OverrideFact], *, at: dt.datetime) -> SetAside | None:
    """The override in force that sets the number of different people aside, if there is one."""
    covering = [one for one in overrides if at < one.until and one.people]
    return _longest(covering) if covering else None


def _longest(covering: Iterable[OverrideFact]) -> SetAside:
    longest = max(covering, key=lambda one: (one.until, -one.id))
    return SetAside(longest.id, longest.until)
