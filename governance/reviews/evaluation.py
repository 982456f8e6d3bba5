"""Where a submission stands: facts, policies and votes brought together and kept on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from governance.evidence import services as evidence
from governance.gates import services as gates
from governance.people.models import Lane, Membership, Role, User
from governance.policies import facts as facts_of
from governance.policies import queries as policies
from governance.policies.evaluation import Evaluation, VoteFact, evaluate
from governance.reviews.models import Submission, Vote


@dataclass(frozen=True)
class Judged:
    """One evaluation with what it was made from."""

    evaluation: Evaluation
    facts: dict[str, Any]
    facts_sha256: str
    votes: list[VoteFact]
    # The first moment from which other policies apply.
    stale_from: dt.datetime | None = None

    def as_json(self) -> dict[str, Any]:
        return self.evaluation.as_json()


def counting_votes(submission: Submission) -> list[VoteFact]:
    """The votes that count now: of active people who still hold the lane and made nothing of what is judged.

    The newest of each person in each lane decides. Who brought evidence after voting is no second pair of eyes.
    """
    made_it = evidence.contributors(version=submission.version, use_case=submission.use_case)
    votes = Vote.objects.filter(submission=submission).order_by("cast_at", "pk")
    team = submission.use_case.owner_team_id
    return those_that_count(submission, votes, holders=lane_holders(teams=[team]), made_it=made_it)


def lane_holders(*, teams: Iterable[int] | None = None) -> set[tuple[int | None, int, str]]:
    """Who reviews which lane: team (None: every team), person, lane. One query."""
    reviewers = Membership.objects.filter(role=Role.REVIEWER, user__is_active=True)
    if teams is not None:
        reviewers = reviewers.filter(Q(team__in=teams) | Q(team=None))
    return set(reviewers.values_list("team_id", "user_id", "lane"))


def those_that_count(
    submission: Submission,
    votes: Iterable[Vote],
    *,
    holders: Collection[tuple[int | None, int, str]],
    made_it: Collection[int],
) -> list[VoteFact]:
    """Of votes in the order in which they were cast those that count, by who holds lanes and who made the evidence."""
    team = submission.use_case.owner_team_id
    left_out = {*made_it, submission.submitted_by_id, *submission.prepared_by}
    return [
        VoteFact(lane=vote.lane, value=vote.value, voter=str(vote.voter_id), round=vote.round, number=vote.pk)
        for vote in votes
        if vote.voter_id not in left_out
        and ((team, vote.voter_id, vote.lane) in holders or (None, vote.voter_id, vote.lane) in holders)
    ]


def gather(submission: Submission, *, by: User | None, at: dt.datetime, again: bool = False) -> None:
    """Ask for the audits that the policies of a submission need and that have no current run."""
    version, use_case = submission.version, submission.use_case
    applied = policies.applicable(kind=version.entry.kind, tier=use_case.tier, stage=submission.stage, at=at)
    kinds = policies.required_kinds(applied)
    evidence.gather(version=version, use_case=use_case, kinds=kinds, by=by, at=at, again=again)


def judge(submission: Submission, *, at: dt.datetime) -> Judged:
    """Evaluate a submission on today's facts, the policies in force and the votes that count. Writes nothing."""
    version, use_case = submission.version, submission.use_case
    asked = {"kind": version.entry.kind, "tier": use_case.tier, "stage": submission.stage}
    applied, stale_from = policies.applicable(**asked, at=at), policies.next_change(**asked, at=at)
    known = facts_of.facts(
        version=version, use_case=use_case, stage=submission.stage, kinds=policies.required_kinds(applied), at=at
    )
    votes = counting_votes(submission)
    evaluation = evaluate(policies=applied, facts=known, votes=votes, at=at, current_round=submission.round)
    return Judged(evaluation, known, facts_of.digest(known), votes, stale_from)


def keep(submission: Submission, judged: Judged, *, at: dt.datetime) -> None:
    """Store an evaluation on its submission (whose row the caller holds) and tell the gate's room."""
    submission.verdict = judged.evaluation.verdict
    submission.evaluation = judged.as_json()
    submission.facts, submission.facts_sha256 = judged.facts, judged.facts_sha256
    submission.evaluated_at, submission.stale_from = at, judged.stale_from
    kept = ["verdict", "evaluation", "facts", "facts_sha256", "evaluated_at", "stale_from"]
    submission.save(update_fields=kept)
    tell_gate(submission, at=at)


def tell_gate(submission: Submission, *, at: dt.datetime) -> None:
    """Let the gate's room know the state of a review."""
    gates.note_review(
        version=submission.version,
        use_case=submission.use_case,
        stage=submission.stage,
        submission=submission.pk,
        state=submission.state,
        verdict=submission.verdict,
        evaluation=submission.evaluation,
        facts_sha256=submission.facts_sha256,
        at=at,
    )


def lanes_asked(submission: Submission) -> list[str]:
    """The lanes that the policies of a submission ask for, in the order of ``Lane``."""
    asked = {lane["lane"] for lane in submission.evaluation.get("votes", ())}
    return [lane.value for lane in Lane if lane.value in asked]
