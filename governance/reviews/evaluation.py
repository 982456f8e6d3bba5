"""Where a submission stands: facts, policies and votes brought together and kept on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from governance.evidence import services as evidence
from governance.gates import services as gates
from governance.people.models import Lane, Membership, Role, User
from governance.policies import facts as facts_of
from governance.policies import queries as policies
from governance.policies.evaluation import AppliedPolicy, Evaluation, VoteFact, evaluate
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
    gather_all([submission], by=by, at=at, again=again)


def gather_all(submissions: Sequence[Submission], *, by: User | None, at: dt.datetime, again: bool = False) -> None:
    """The same for several: what there is of their audits is read for all together."""
    if not submissions:
        return
    found = [policies.applied(version) for version in policies.in_force(at=at)]
    wishes = [
        evidence.Wish(one.version, one.use_case, policies.required_kinds(_applying(found, one))) for one in submissions
    ]
    evidence.gather_all(wishes, by=by, at=at, again=again)


def judge(submission: Submission, *, at: dt.datetime) -> Judged:
    """Evaluate a submission on today's facts, the policies in force and the votes that count. Writes nothing."""
    return Judging([submission], at=at).judge(submission)


def counting_votes(submission: Submission) -> list[VoteFact]:
    """The votes that count now: of active people who still hold the lane and made nothing of what is judged.

    The newest of each person in each lane decides. Who brought evidence after voting is no second pair of eyes.
    """
    return CountingVotes([submission]).of(submission)


class CountingVotes:
    """The votes on several submissions that count now. Four queries."""

    def __init__(self, submissions: Sequence[Submission]) -> None:
        self._holders = lane_holders(teams={one.use_case.owner_team_id for one in submissions})
        self._makers = evidence.contributors_of(one.version_id for one in submissions)
        self._votes: dict[int, list[Vote]] = {}
        for vote in Vote.objects.filter(submission__in=submissions).order_by("cast_at", "pk"):
            self._votes.setdefault(vote.submission_id, []).append(vote)

    def of(self, submission: Submission) -> list[VoteFact]:
        """Those on one of the submissions."""
        made_it = set(self._makers.get((submission.version_id, submission.use_case_id), ()))
        if submission.version.imported_by_id is not None:
            made_it.add(submission.version.imported_by_id)
        votes = self._votes.get(submission.pk, ())
        return those_that_count(submission, votes, holders=self._holders, made_it=made_it)


class Judging:
    """What submissions are judged by, read for several of them together, at one moment.

    It holds as long as nothing of it is changed: an approval that is granted may be what another one rests on.
    """

    def __init__(self, submissions: Sequence[Submission], *, at: dt.datetime) -> None:
        self._at = at
        self._in_force = [policies.applied(version) for version in policies.in_force(at=at)]
        self._coming = policies.days_to_come(at=at)
        self._votes = CountingVotes(submissions)
        asked = [
            facts_of.About(
                one.version,
                one.use_case,
                one.stage,
                frozenset(policies.required_kinds(_applying(self._in_force, one))),
            )
            for one in submissions
        ]
        known = facts_of.facts_of(asked, at=at)
        self._facts = {one.pk: document for one, document in zip(submissions, known, strict=True)}

    def judge(self, submission: Submission) -> Judged:
        """Evaluate one of the submissions. Writes nothing."""
        known, votes = self._facts[submission.pk], self._votes.of(submission)
        applied = _applying(self._in_force, submission)
        evaluation = evaluate(policies=applied, facts=known, votes=votes, at=self._at, current_round=submission.round)
        stale_from = self._coming.first(**_scope(submission))
        return Judged(evaluation, known, facts_of.digest(known), votes, stale_from)


def _scope(submission: Submission) -> dict[str, str]:
    return {
        "kind": submission.version.entry.kind,
        "tier": submission.use_case.tier,
        "stage": submission.stage,
    }


def _applying(found: Sequence[AppliedPolicy], submission: Submission) -> list[AppliedPolicy]:
    return [policy for policy in found if policy.document.applies_to(**_scope(submission))]


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
