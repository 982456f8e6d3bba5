"""Counting votes: who agrees in which lane, who blocks, how many different people that is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.policies.judging import Status
from governance.policies.moments import utc
from governance.policies.shapes import AGREES, HIGHEST_VOTE, LANES, LOWEST_VOTE, LaneRule


@dataclass(frozen=True)
class VoteFact:
    """One vote: -2 to 2, by one person, in one lane and round.

    ``voter`` is any name that stands for one person everywhere. ``number`` grows with time (the row's number): of
    two votes by one person in one lane and round the one with the larger number counts; where nothing tells them
    apart, the lower vote does.
    """

    lane: str
    value: int
    voter: str
    round: int
    number: int = 0

    def __post_init__(self) -> None:
        if self.lane not in LANES:
            raise ValueError(f"no lane {self.lane!r}; lanes are {', '.join(LANES)}")
        if not LOWEST_VOTE <= self.value <= HIGHEST_VOTE:
            raise ValueError(f"a vote is from {LOWEST_VOTE} to {HIGHEST_VOTE}, not {self.value}")
        if not self.voter or self.round < 1:
            raise ValueError("a vote needs a voter and a round from 1 on")

    def as_json(self) -> dict[str, Any]:
        return {
            "lane": self.lane,
            "value": self.value,
            "voter": self.voter,
            "round": self.round,
            "number": self.number,
        }


@dataclass(frozen=True)
class LaneResult:
    """How one lane stands: ``agreeing`` of ``min`` people, and how many block.

    ``min`` is 0 where no policy asks for the lane but somebody in it blocks. Who voted is told to callers and left
    out of the JSON, which outlives a person's wish to be forgotten. ``blocking`` are the numbers of the votes that
    block; ``override`` is set while two administrators set the lane aside, until ``holds_until``.
    """

    lane: str
    min: int
    veto: int
    agreeing: int
    vetoes: int
    status: Status
    agreed_by: tuple[str, ...] = ()
    vetoed_by: tuple[str, ...] = ()
    blocking: tuple[int, ...] = ()
    override: int | None = None
    holds_until: dt.datetime | None = None

    def as_json(self) -> dict[str, Any]:
        aside = {"override": self.override, "holds_until": utc(self.holds_until)} if self.override is not None else {}
        return {
            **aside,
            "lane": self.lane,
            "min": self.min,
            "veto": self.veto,
            "agreeing": self.agreeing,
            "vetoes": self.vetoes,
            "status": self.status.value,
        }


def count_votes(*, rules: Iterable[LaneRule], votes: Sequence[VoteFact], current_round: int) -> tuple[LaneResult, ...]:
    """Count the votes of the current round, and the vetoes of every round.

    An agreement is for what was seen in its round and ends with it. A veto stays until the same person votes again
    in the same lane. Votes of later rounds are not looked at, so that an earlier decision can be replayed. The
    lowest vote blocks in every lane, whether a policy asks for the lane or not.
    """
    combined = _strictest(rules)
    newest: dict[tuple[str, str], VoteFact] = {}
    for vote in sorted(votes, key=lambda vote: (vote.round, vote.number, -vote.value)):
        if vote.round <= current_round:
            newest[vote.voter, vote.lane] = vote
    results = []
    for lane in LANES:
        rule = combined.get(lane)
        needed, veto = (rule.min, rule.veto) if rule else (0, LOWEST_VOTE)
        cast = [vote for vote in newest.values() if vote.lane == lane]
        agreed = tuple(sorted(v.voter for v in cast if v.value >= AGREES and v.round == current_round))
        vetoed = tuple(sorted(v.voter for v in cast if v.value <= veto))
        blocking = tuple(sorted(v.number for v in cast if v.value <= veto))
        if rule is None and not vetoed:
            continue
        enough = Status.SATISFIED if len(agreed) >= needed else Status.PENDING
        status = Status.UNSATISFIED if vetoed else enough
        results.append(LaneResult(lane, needed, veto, len(agreed), len(vetoed), status, agreed, vetoed, blocking))
    return tuple(results)


def distinct_people(lanes: Iterable[LaneResult]) -> frozenset[str]:
    """The people who agree in a lane that is asked for: one person in two lanes is one person."""
    return frozenset(voter for lane in lanes if lane.min for voter in lane.agreed_by)


def _strictest(rules: Iterable[LaneRule]) -> Mapping[str, LaneRule]:
    combined: dict[str, LaneRule] = {}
    for rule in rules:
        other = combined.get(rule.lane, rule)
        combined[rule.lane] = LaneRule(rule.lane, max(rule.min, other.min), max(rule.veto, other.veto))
    return combined
