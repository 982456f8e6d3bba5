"""What holds of every evaluation, and the way to yes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Any

import rfc8785
from hypothesis import assume, given
from hypothesis import strategies as st

from governance.policies import shapes
from governance.policies.evaluation import AppliedPolicy, Evaluation, Step, VoteFact, evaluate
from governance.policies.judging import RequirementResult
from governance.policies.shapes import LANES, LaneRule, PolicyDocument, Requirement
from tests.governance.policies.documents import KINDS, applied
from tests.governance.policies.evaluated import NOON, agree, audit, canonical, facts


def test_the_way_to_yes_names_runs_before_people_and_nobody_twice():
    evaluation = evaluate(
        policies=[applied(votes=[{"lane": "ethics", "min": 2}, {"lane": "domain", "min": 1}], distinctVoters=3)],
        facts=facts(),
        votes=[agree("ethics", "vera"), agree("domain", "vera")],
        at=NOON,
    )

    assert [(step.action, step.target, step.count) for step in evaluation.next_steps] == [
        ("run", "bias", 1),
        ("vote", "ethics", 1),
        ("vote_by_another", "any", 1),
    ]


STATES = ("succeeded", "succeeded", "succeeded", "queued", "running", "errored", "timed_out", "cancelled", "outdated")

OPENNESS = {"allow": 2, "warn": 1}


def openness(evaluation: Evaluation) -> int:
    """How far the gate is open: 2 for allow, 1 for warn, 0 for the rest."""
    return OPENNESS.get(evaluation.verdict, 0)


@st.composite
def rules(draw: st.DrawFn) -> Requirement:
    kind = draw(st.sampled_from(sorted(KINDS)))
    known = tuple(sorted(KINDS[kind]))
    verdicts = draw(st.sets(st.sampled_from(known), min_size=1).map(sorted)) + ["pass"]
    return Requirement(
        id=f"{kind}.{draw(st.sampled_from('ab'))}",
        title=kind,
        kind=kind,
        verdicts=tuple(sorted(set(verdicts))),
        known_verdicts=known,
        severity=draw(st.sampled_from(["fail", "fail", "warn", "info"])),
        max_age_days=draw(st.sampled_from([None, 30])),
    )


@st.composite
def published(draw: st.DrawFn) -> AppliedPolicy:
    lanes = draw(st.lists(st.sampled_from(LANES[:3]), unique=True, max_size=3))
    votes = tuple(LaneRule(lane, draw(st.integers(1, 2)), draw(st.integers(-2, -1))) for lane in sorted(lanes))
    asked = sum(rule.min for rule in votes)
    found = PolicyDocument(
        name=draw(st.sampled_from(["a", "b"])),
        title="",
        stages=draw(st.sampled_from([("production",), ("pilot", "production")])),
        tiers=("high",),
        kinds=("model",),
        requirements=tuple(draw(st.lists(rules(), min_size=1, max_size=3))),
        votes=votes,
        distinct_voters=draw(st.integers(1, asked)) if votes else 0,
        valid_days=draw(st.integers(1, 730)),
        auto_decide=not votes,
    )
    return AppliedPolicy(found.name, draw(st.integers(1, 2)), found.sha256, found)


@st.composite
def runs(draw: st.DrawFn, *, number: int) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    return audit(
        kind,
        draw(st.sampled_from([*KINDS[kind], "pass", "pass", "nonsense"])),
        days=draw(st.sampled_from([0, 1, 29, 30, 31])),
        run=number,
        state=draw(st.sampled_from(STATES)),
    )


@st.composite
def known_facts(draw: st.DrawFn, *, one_per_kind: bool = False) -> dict[str, Any]:
    audits = [draw(runs(number=number)) for number in range(1, 1 + draw(st.integers(0, 5)))]
    if one_per_kind:
        audits = list({row["kind"]: row for row in audits}.values())
    return facts(*audits)


votes_cast = st.lists(
    st.builds(
        VoteFact,
        lane=st.sampled_from(LANES[:4]),
        value=st.integers(-2, 2) | st.just(1),
        voter=st.sampled_from(["p1", "p2", "p3", "p4"]),
        round=st.integers(1, 2),
        number=st.integers(0, 9),
    ),
    max_size=8,
)


policies_published = st.lists(published(), min_size=1, max_size=3)


def by(policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact]) -> Evaluation:
    return evaluate(policies=policies, facts=known, votes=votes, at=NOON, current_round=2)


@given(policies=policies_published, known=known_facts(), votes=votes_cast, data=st.data())
def test_order_changes_nothing(policies: list[AppliedPolicy], known: Any, votes: list[VoteFact], data: st.DataObject):
    before = canonical(by(policies, known, votes))

    turned = known | {"audits": data.draw(st.permutations(known["audits"]))}
    after = by(data.draw(st.permutations(policies)), turned, data.draw(st.permutations(votes)))

    stored = json.loads(before)
    stored["facts_sha256"] = after.facts_sha256  # the order of a list is part of the facts' bytes, and of nothing else
    assert rfc8785.dumps(stored) == canonical(after)


@given(policies=policies_published, known=known_facts(), votes=votes_cast)
def test_a_replay_from_what_is_stored_gives_the_same_bytes(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact]
):
    stored_policies = json.loads(json.dumps([policy.document.as_json() for policy in policies]))
    stored_votes = json.loads(json.dumps([vote.as_json() for vote in votes]))
    stored_facts = json.loads(rfc8785.dumps(known))

    again = evaluate(
        policies=[
            dataclasses.replace(policy, document=shapes.from_json(stored))
            for policy, stored in zip(policies, stored_policies, strict=True)
        ],
        facts=stored_facts,
        votes=[VoteFact(**(vote | {"voter": f"ref-{vote['voter']}"})) for vote in stored_votes],
        at=NOON.astimezone(dt.timezone(dt.timedelta(hours=5))),
        current_round=2,
    )

    assert canonical(again) == canonical(by(policies, known, votes)), "however people are named"


@given(
    policies=policies_published,
    known=known_facts(),
    votes=votes_cast,
    kind=st.sampled_from(sorted(KINDS)),
    bad=st.sampled_from(
        [{"verdict": "fail"}, {"verdict": "unknown"}, {"verdict": "?"}, {"state": "errored"}, {"state": "queued"}]
    ),
)
def test_adding_a_failing_run_never_opens_the_gate_further(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact], kind: str, bad: dict[str, Any]
):
    before = by(policies, known, votes)
    # A warning that is waited for keeps the gate shut until it is known: to wait no longer is no improvement.
    assume(not any(result.kind == kind and result.status == "pending" for result in before.requirements))
    accepted = {v for p in policies for r in p.document.requirements if r.kind == kind for v in r.verdicts}
    assume(bad.get("verdict", "") not in accepted)

    after = by(policies, known | {"audits": [*known["audits"], audit(kind, run=99) | bad]}, votes)

    assert openness(after) <= openness(before)


@given(policies=policies_published, known=known_facts(), votes=votes_cast, lane=st.sampled_from(LANES))
def test_adding_a_veto_closes_the_gate(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact], lane: str
):
    after = by(policies, known, [*votes, VoteFact(lane, -2, "somebody", 2)])

    assert after.verdict in ("deny", "error")


@given(policies=policies_published, known=known_facts(one_per_kind=True), votes=votes_cast)
def test_no_gate_opens_without_a_run_that_a_requirement_needs(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact]
):
    needed = {r.kind for p in policies for r in p.document.requirements if r.severity == "fail"}

    for row in known["audits"]:
        fewer = known | {"audits": [other for other in known["audits"] if other is not row]}
        evaluation = by(policies, fewer, votes)
        if row["kind"] in needed:
            assert not evaluation.opens


@given(policies=policies_published, more=published(), known=known_facts(), votes=votes_cast)
def test_one_more_policy_never_opens_the_gate_further(
    policies: list[AppliedPolicy], more: AppliedPolicy, known: dict[str, Any], votes: list[VoteFact]
):
    before, after = by(policies, known, votes), by([*policies, more], known, votes)
    assume(before.reason_codes != ("no_requirements",))

    assert openness(after) <= openness(before)


def carried_out(
    steps: list[Step], evaluation: Evaluation, known: dict[str, Any], votes: list[VoteFact]
) -> tuple[dict[str, Any], list[VoteFact]]:
    """The world after the steps: runs that pass, vetoes lifted with an agreement, new people's votes."""
    audits, cast, people = list(known["audits"]), list(votes), 0
    vetoed = {lane.lane: list(lane.vetoed_by) for lane in evaluation.votes}
    any_lane = next((lane.lane for lane in evaluation.votes if lane.min), "")
    for step in steps:
        for _ in range(step.count):
            if step.action == "lift_veto":
                cast.append(VoteFact(step.target, 1, vetoed[step.target].pop(), 2, number=99))
            elif step.action in ("vote", "vote_by_another"):
                people += 1
                cast.append(VoteFact(any_lane if step.target == "any" else step.target, 1, f"new{people}", 2))
            else:
                audits.append(audit(step.target, "pass", days=0, run=1000))
    return known | {"audits": audits}, cast


@given(policies=policies_published, known=known_facts(), votes=votes_cast)
def test_the_way_to_yes_leads_there_and_no_step_of_it_is_idle(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact]
):
    before = by(policies, known, votes)
    assume(before.reason_codes != ("no_requirements",))
    steps = list(before.next_steps)
    assert (before.verdict == "allow") == (not steps)

    assert by(policies, *carried_out(steps, before, known, votes)).verdict == "allow"

    for number, step in enumerate(steps):
        rest = [*steps[:number], *steps[number + 1 :]]
        if step.count > 1:
            rest.append(dataclasses.replace(step, count=step.count - 1))
        assert by(policies, *carried_out(rest, before, known, votes)).verdict != "allow"


@given(policies=policies_published, known=known_facts(), votes=votes_cast)
def test_an_open_gate_has_every_failing_requirement_satisfied_and_enough_people(
    policies: list[AppliedPolicy], known: dict[str, Any], votes: list[VoteFact]
):
    evaluation = by(policies, known, votes)
    if not evaluation.opens:
        return

    def holds(result: RequirementResult) -> bool:
        return result.status == "satisfied"

    assert all(holds(result) for result in evaluation.requirements if result.severity == "fail")
    assert any(result.decides for result in evaluation.requirements)
    assert all(lane.agreeing >= lane.min and not lane.vetoes for lane in evaluation.votes)
    assert evaluation.distinct_have >= evaluation.distinct_needed
    assert evaluation.verdict == "warn" or all(holds(r) for r in evaluation.requirements if r.severity == "warn")
    assert evaluation.next_boundary is None or evaluation.next_boundary > NOON
