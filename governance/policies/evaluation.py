"""From facts, policies and votes to a verdict.

Nothing else goes in: no clock, no database, no registry. The same facts, policy versions, votes and moment give the
same evaluation, byte for byte, so anybody can do a decision again.

All policies that apply hold together: every requirement of each, the largest number of votes per lane, the strictest
veto, the largest number of distinct people, the shortest validity; a machine decides alone only if all say so.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from governance.policies.conditions import judge_condition, undecided_scope
from governance.policies.expressions import Known, Outcome, programs
from governance.policies.judging import RequirementResult, RunFacts, Status, judge
from governance.policies.moments import FactsMalformed, utc
from governance.policies.overriding import (
    PEOPLE,
    SetAside,
    lane_overridden,
    overridden,
    people_overridden,
    read_overrides,
)
from governance.policies.shapes import PolicyDocument
from governance.policies.steps import Step, steps_to_allow
from governance.policies.suspended import judge_lineage
from governance.policies.voting import LaneResult, VoteFact, count_votes, distinct_people
from governance.policies.waiving import WaiverFact, read_waivers, waived

__all__ = [
    "OPENS",
    "AppliedPolicy",
    "Evaluation",
    "LaneResult",
    "RequirementResult",
    "Status",
    "Step",
    "VoteFact",
    "evaluate",
]

MAX_FACTS_BYTES = 256 * 1024


# The verdicts under which a gate opens.
OPENS = ("allow", "warn")


@dataclass(frozen=True)
class AppliedPolicy:
    """One published version of a policy."""

    name: str
    number: int
    sha256: str
    document: PolicyDocument

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "number": self.number, "sha256": self.sha256}


@dataclass(frozen=True)
class Evaluation:
    """What the policies say, with everything that it was said on.

    ``verdict`` is allow, warn, deny, pending or error; only allow and warn open the gate. ``reason_codes`` name what
    keeps it from being allow. ``votes`` tells how each lane stands. ``valid_days`` is how long an approval may last, 0
    where nothing could be decided. ``next_boundary`` is the first moment at which time alone may change the verdict.
    """

    verdict: str
    reason_codes: tuple[str, ...]
    requirements: tuple[RequirementResult, ...]
    votes: tuple[LaneResult, ...]
    distinct_needed: int
    distinct_have: int
    valid_days: int
    auto_decide: bool
    next_steps: tuple[Step, ...]
    next_boundary: dt.datetime | None
    policies: tuple[AppliedPolicy, ...]
    facts_sha256: str | None
    round: int
    evaluated_at: dt.datetime
    # The number of different people, while two administrators set it aside.
    people: SetAside | None = None

    @property
    def opens(self) -> bool:
        """Whether the gate opens."""
        return self.verdict in OPENS

    def as_json(self) -> dict[str, Any]:
        """The evaluation as JSON-ready data; its RFC 8785 bytes are the same at every replay."""
        return {
            "verdict": self.verdict,
            "reason_codes": list(self.reason_codes),
            "requirements": [result.as_json() for result in self.requirements],
            "votes": [lane.as_json() for lane in self.votes],
            "distinct_needed": self.distinct_needed,
            "distinct_have": self.distinct_have,
            "valid_days": self.valid_days,
            "auto_decide": self.auto_decide,
            "next_steps": [step.as_json() for step in self.next_steps],
            "next_boundary": utc(self.next_boundary),
            "policies": [policy.as_json() for policy in self.policies],
            "facts_sha256": self.facts_sha256,
            "round": self.round,
            "evaluated_at": utc(self.evaluated_at),
            **({"distinct_overridden": self.people.as_json()} if self.people is not None else {}),
        }


def evaluate(
    *,
    policies: Sequence[AppliedPolicy],
    facts: Mapping[str, Any],
    votes: Sequence[VoteFact],
    at: dt.datetime,
    current_round: int | None = None,
) -> Evaluation:
    """Hold the facts and votes against every policy that applies to them.

    Args:
        policies: published versions, in any order; those that do not apply to the facts are left out, by
            ``appliesWhen`` too: where that leaves none, nothing was required, which is an error.
        facts: the facts document, version 1. Facts that cannot be read give the verdict error, no exception.
        votes: all votes of the submission so far, in any order.
        at: the moment to judge freshness at, with a time zone.
        current_round: the submission's round; unless given, the newest that a vote was cast in. Agreements of
            earlier rounds do not count, so a caller that opens a round before anybody has voted has to name it.

    Raises:
        ValueError: ``at`` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("the moment of an evaluation needs a time zone")
    now = current_round if current_round is not None else max((vote.round for vote in votes), default=1)
    digest: str | None = None
    try:
        digest = _digest(facts)
        kind, tier, stage = _text(facts, "subject", "kind"), _text(facts, "use_case", "tier"), _text(facts, "stage")
        runs, waivers, overrides = RunFacts.read(facts), read_waivers(facts), read_overrides(facts)
        suspended = judge_lineage(facts)
    except FactsMalformed as malformed:
        repair = Step("correct_facts", malformed.path, "admin")
        return _undecided(f"facts_malformed:{malformed.path}", repair, (), digest, now, at)

    in_order = sorted(set(policies), key=lambda policy: (policy.name, policy.number, policy.sha256))
    in_scope = tuple(policy for policy in in_order if policy.document.applies_to(kind=kind, tier=tier, stage=stage))
    try:
        applying, results = _judged(in_scope, facts=facts, runs=runs, waivers=waivers, tier=tier, at=at)
    except FactsMalformed as malformed:
        repair = Step("correct_facts", malformed.path, "admin")
        return _undecided(f"facts_malformed:{malformed.path}", repair, in_scope, digest, now, at)
    if not any(result.decides for result in results):
        reason = "no_requirements" if in_scope else "no_policy"
        repair = Step("publish_policy", f"{kind} {tier} {stage}", "admin")
        return _undecided(reason, repair, applying, digest, now, at, results)

    # Before what is suspended is added: that is lifted by its own people, and by nobody set aside.
    results = tuple(overridden(result, overrides, at=at) for result in results) + suspended
    documents = [policy.document for policy in applying]
    counted = count_votes(
        rules=[rule for document in documents for rule in document.votes], votes=votes, current_round=now
    )
    lanes = tuple(lane_overridden(lane, overrides, at=at) for lane in counted)
    needed = max(document.distinct_voters for document in documents)
    have = len(distinct_people(lanes))
    aside = people_overridden(overrides, at=at) if have < needed else None
    people = Status.SATISFIED if have >= needed else Status.PENDING if aside is None else Status.OVERRIDDEN
    ends = [result.holds_until for result in results if result.decides]
    ends += [lane.holds_until for lane in lanes]
    ends.append(aside.until if aside is not None else None)
    return Evaluation(
        verdict=_verdict(results, lanes, people),
        reason_codes=_reasons(results, lanes, people),
        requirements=results,
        votes=lanes,
        distinct_needed=needed,
        distinct_have=have,
        valid_days=min(document.valid_days for document in documents),
        auto_decide=all(document.auto_decide for document in documents),
        next_steps=steps_to_allow(requirements=results, lanes=lanes, distinct_needed=needed if aside is None else 0),
        next_boundary=min((end for end in ends if end is not None), default=None),
        policies=applying,
        facts_sha256=digest,
        round=now,
        evaluated_at=at,
        people=aside,
    )


def _judged(
    policies: tuple[AppliedPolicy, ...],
    *,
    facts: Mapping[str, Any],
    runs: RunFacts,
    waivers: Sequence[WaiverFact],
    tier: str,
    at: dt.datetime,
) -> tuple[tuple[AppliedPolicy, ...], tuple[RequirementResult, ...]]:
    """The policies that apply to these facts, and every requirement of theirs held against them.

    Raises:
        FactsMalformed: a condition is asked for, and the facts are not what conditions can be asked of.
    """
    applying: list[AppliedPolicy] = []
    results: list[RequirementResult] = []
    known = Known(facts) if any(policy.document.expressions for policy in policies) else None
    for policy in policies:
        document = policy.document
        compiled = programs(policy.sha256, document.expressions) if document.expressions else {}
        if known is not None and document.applies_when:
            said = known.ask(compiled[document.applies_when], at=at)
            if said.outcome is Outcome.FAILS:
                continue
            if said.outcome is Outcome.ERROR:
                results.append(undecided_scope(policy.name, document.applies_when, said.error))
        applying.append(policy)
        for requirement in document.requirements:
            if known is not None and requirement.expressions:
                result = judge_condition(
                    requirement, policy=policy.name, programs=compiled, known=known, runs=runs, at=at
                )
            else:
                result = judge(requirement, policy=policy.name, runs=runs, at=at)
            results.append(waived(result, requirement, waivers=waivers, runs=runs, tier=tier, at=at))
    return tuple(applying), tuple(results)


def _verdict(results: Sequence[RequirementResult], lanes: Sequence[LaneResult], people: Status) -> str:
    """The gravest of what there is: error, deny, pending, warn, allow."""
    closing = {result.status for result in results if result.severity == "fail"}
    warning = {result.status for result in results if result.severity == "warn"}
    votes = {lane.status for lane in lanes} | {people}
    if Status.ERROR in closing:
        return "error"
    if Status.UNSATISFIED in closing | votes:
        return "deny"
    if Status.PENDING in closing | warning | votes:
        return "pending"
    # What is waived or set aside does not hold: the gate opens, and says so.
    answered_for = {Status.WAIVED, Status.OVERRIDDEN} & (closing | warning | votes)
    return "warn" if answered_for or warning & {Status.UNSATISFIED, Status.ERROR} else "allow"


_GRAVITY = (Status.ERROR, Status.UNSATISFIED, Status.PENDING, Status.OVERRIDDEN, Status.WAIVED)


def _reasons(results: Sequence[RequirementResult], lanes: Sequence[LaneResult], people: Status) -> tuple[str, ...]:
    """What keeps the verdict from being allow, gravest first, each once."""
    open_results = [result for result in results if result.decides and result.status is not Status.SATISFIED]
    open_results.sort(key=lambda result: (result.severity != "fail", _GRAVITY.index(result.status), result.id))
    reasons = [f"{result.id}:{result.status}" for result in open_results]
    reasons += [f"vote.{lane.lane}:{lane.status}" for lane in lanes if lane.status is not Status.SATISFIED]
    if people is not Status.SATISFIED:
        reasons.append(f"{PEOPLE}:{people}")
    return tuple(dict.fromkeys(reasons))


def _undecided(
    reason: str,
    repair: Step,
    policies: tuple[AppliedPolicy, ...],
    digest: str | None,
    now: int,
    at: dt.datetime,
    results: tuple[RequirementResult, ...] = (),
) -> Evaluation:
    """Nothing to decide on is never a yes."""
    return Evaluation(
        verdict="error",
        reason_codes=(reason,),
        requirements=results,
        votes=(),
        distinct_needed=0,
        distinct_have=0,
        valid_days=0,
        auto_decide=False,
        next_steps=(repair,),
        next_boundary=None,
        policies=policies,
        facts_sha256=digest,
        round=now,
        evaluated_at=at,
    )


def _digest(facts: Mapping[str, Any]) -> str:
    """SHA-256 of the facts' RFC 8785 JSON. NaN, numbers beyond 2^53 and lone surrogates have no such JSON."""
    try:
        canonical = rfc8785.dumps(facts)
    except (ValueError, TypeError, RecursionError) as exc:
        raise FactsMalformed("facts") from exc
    if len(canonical) > MAX_FACTS_BYTES:
        raise FactsMalformed("facts")
    return hashlib.sha256(canonical).hexdigest()


def _text(facts: Mapping[str, Any], *keys: str) -> str:
    value: Any = facts
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(value, str) or not value:
        raise FactsMalformed(".".join(keys))
    return value
