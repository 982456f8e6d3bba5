"""How long the steps of a way to yes have taken so far: medians of what is on record, in one query.

A median says nothing of the step at hand, and where too few are known none is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection

from governance.people.models import User
from governance.people.queries import teams_seen_by
from governance.policies import outdated

# Of fewer than these nothing is said: one of two is no habit.
LEAST_KNOWN = 5
# Only the newest rows of each table are looked at, so that an answer costs the same in a large house.
NEWEST = 2000
TOO_FEW, NOT_RECORDED = "too_few_known", "not_recorded"
ANY = "any"
# Where steps of a kind are on record, and which audit or lane it was.
Like = tuple[str, str]

# What of each step is on record, and with what it is compared: runs of the audit, votes of the lane, or all of a table.
# How long people take to write a plan, to find a table or to mend a model is not.
_RECORDED: Mapping[str, str] = {
    "run": "audit",
    "retry": "audit",
    "wait": "audit",
    "vote": "vote",
    "vote_by_another": "vote",
    "lift_veto": "veto",
    "decide": "decision",
    "ask_waiver": "waiver",
    "lift_suspension": "suspension",
}
_ONE_OF_ITS_KIND = ("decision", "waiver", "suspension")

# Votes of the first round and their submission; of later ones nobody noted when they began. Copied ones took no time.
_OF_VOTE = """
    SELECT 'vote' AS of, told.lane, vote.cast_at - submission.submitted_at AS took
    FROM (SELECT * FROM reviews_vote ORDER BY id DESC LIMIT %(newest)s) vote
    JOIN reviews_submission submission ON submission.id = vote.submission_id
    JOIN catalog_usecase use_case ON use_case.id = submission.use_case_id
    CROSS JOIN LATERAL (VALUES (vote.lane), ('any')) told (lane)
    WHERE vote.round = 1 AND vote.value > 0 AND vote.copied_from_id IS NULL AND {seen}
"""
# From a no to the same person's yes in the same lane.
_OF_VETO = """
    SELECT 'veto' AS of, lane, next_at - cast_at AS took
    FROM (
        SELECT vote.submission_id, vote.lane, vote.value, vote.cast_at,
            lead(vote.value) OVER later AS next_value, lead(vote.cast_at) OVER later AS next_at
        FROM (SELECT * FROM reviews_vote ORDER BY id DESC LIMIT %(newest)s) vote
        WHERE vote.copied_from_id IS NULL
        WINDOW later AS (PARTITION BY vote.submission_id, vote.lane, vote.voter_id ORDER BY vote.cast_at, vote.id)
    ) no
    JOIN reviews_submission submission ON submission.id = no.submission_id
    JOIN catalog_usecase use_case ON use_case.id = submission.use_case_id
    WHERE no.value < 0 AND no.next_value > 0 AND {seen}
"""
# From the last vote of the round, or the submission where nobody had to vote.
_OF_DECISION = """
    SELECT 'decision' AS of, 'any' AS lane, decision.decided_at - coalesce(
        (SELECT max(vote.cast_at) FROM reviews_vote vote
            WHERE vote.submission_id = submission.id AND vote.round = decision.round AND vote.copied_from_id IS NULL),
        CASE WHEN decision.round = 1 THEN submission.submitted_at END
    ) AS took
    FROM (SELECT * FROM reviews_decision ORDER BY id DESC LIMIT %(newest)s) decision
    JOIN reviews_submission submission ON submission.id = decision.submission_id
    JOIN catalog_usecase use_case ON use_case.id = submission.use_case_id
    WHERE decision.outcome IN ('approved', 'rejected') AND NOT decision.automatic AND {seen}
"""
# From the proposal to the second person's answer, whichever it was.
_OF_WAIVER = """
    SELECT 'waiver' AS of, 'any' AS lane, waiver.decided_at - waiver.requested_at AS took
    FROM (SELECT * FROM policies_waiver ORDER BY id DESC LIMIT %(newest)s) waiver
    JOIN catalog_usecase use_case ON use_case.id = waiver.use_case_id
    WHERE waiver.decided_at IS NOT NULL AND {seen}
"""
_OF_SUSPENSION = """
    SELECT 'suspension' AS of, 'any' AS lane, suspension.lifted_at - suspension.made_at AS took
    FROM (SELECT * FROM catalog_suspension ORDER BY id DESC LIMIT %(newest)s) suspension
    JOIN catalog_entry entry ON entry.id = suspension.entry_id
    WHERE suspension.lifted_at IS NOT NULL AND (
        %(everywhere)s OR (
            (suspension.team_id IS NULL OR suspension.team_id = ANY(%(teams)s))
            AND (entry.team_id IS NULL OR entry.team_id = ANY(%(teams)s))
        )
    )
"""
# From asking to the end, waiting for a worker included. What a team brought is told to those who see it.
_OF_AUDIT = """
    SELECT 'audit' AS of, run.kind AS lane, run.finished_at - run.requested_at AS took
    FROM (SELECT * FROM audits_run ORDER BY requested_at DESC, id DESC LIMIT %(newest)s) run
    LEFT JOIN catalog_usecase use_case ON use_case.slug = run.use_case
    WHERE run.state = 'succeeded' AND (run.use_case = '' OR {seen}) AND (%(everywhere)s OR NOT EXISTS (
        SELECT FROM catalog_version version JOIN catalog_entry entry ON entry.id = version.entry_id
        WHERE version.digest = run.subject_digest AND NOT entry.team_id = ANY(%(teams)s)
    ))
"""
_SOURCES: Mapping[str, str] = {
    "audit": _OF_AUDIT,
    "vote": _OF_VOTE,
    "veto": _OF_VETO,
    "decision": _OF_DECISION,
    "waiver": _OF_WAIVER,
    "suspension": _OF_SUSPENSION,
}
_SEEN = "(%(everywhere)s OR use_case.owner_team_id = ANY(%(teams)s))"


@dataclass(frozen=True)
class Usual:
    """The median of ``n`` steps of a kind that are on record; None where there are fewer than ``LEAST_KNOWN``."""

    n: int = 0
    median: dt.timedelta | None = None
    reason: str = TOO_FEW

    def as_json(self) -> dict[str, Any]:
        """``seconds`` is the median, or null with ``reason``: ``too_few_known`` or ``not_recorded``."""
        if self.median is None:
            return {"seconds": None, "n": self.n, "reason": self.reason}
        return {"seconds": round(self.median.total_seconds(), 3), "n": self.n, "reason": None}


def with_usual(steps: Iterable[Mapping[str, Any]], known: Mapping[Like, Usual]) -> list[dict[str, Any]]:
    """Steps, each with ``usually``: how long its like took."""

    def timed(step: Mapping[str, Any]) -> dict[str, Any]:
        made = {**step, "usually": known.get(_like(step), Usual(reason=NOT_RECORDED)).as_json()}
        return made | {"alternative": timed(step["alternative"])} if step.get("alternative") else made

    return [timed(step) for step in steps]


def durations(steps: Iterable[Mapping[str, Any]], *, user: User | None) -> dict[Like, Usual]:
    """How long the likes of steps took among what ``user`` may see (None: all).

    One query, and none where no step is of a kind that is on record.
    """
    asked = likes_of(steps)
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(statement(asked), parameters(user))
        found = {(of, lane): (n, median.total_seconds()) for of, lane, n, median in cursor.fetchall()}
    return {like: usual_of(*found.get(like, (0, None))) for like in asked}


def likes_of(steps: Iterable[Mapping[str, Any]]) -> frozenset[Like]:
    """What steps and their alternatives are compared with; nothing for steps of which nothing is on record."""
    return frozenset(_like(one) for step in steps for one in (step, step.get("alternative")) if one) - {("", "")}


def usual_of(n: int, seconds: float | None) -> Usual:
    """The median where enough are known."""
    enough = n >= LEAST_KNOWN and seconds is not None
    return Usual(n, dt.timedelta(seconds=float(seconds or 0)), "") if enough else Usual(n)


def parameters(user: User | None) -> dict[str, Any]:
    """What ``statement`` is executed with, for what a person may see (None: all)."""
    seen = None if user is None else teams_seen_by(user)
    return {"newest": NEWEST, "everywhere": seen is None, "teams": seen or []}


def _like(step: Mapping[str, Any]) -> Like:
    """What a step is compared with: where that is on record, and which audit or lane."""
    of = _RECORDED.get(str(step.get("action")), "")
    if step.get("target") == outdated.KIND:
        return "", ""  # no audit, but a judgement
    return (of, ANY if of in _ONE_OF_ITS_KIND else str(step.get("target"))) if of else ("", "")


def statement(likes: frozenset[Like]) -> str:
    """Rows ``(of, lane, n, median)`` of all that is on record where ``likes`` are."""
    return _statement(frozenset(of for of, _lane in likes))


@cache
def _statement(sources: frozenset[str]) -> str:
    rows = " UNION ALL ".join(_SOURCES[of].format(seen=_SEEN) for of in sorted(sources))
    return f"""
        SELECT of, lane, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS median
        FROM ({rows}) step WHERE took >= interval '0' GROUP BY of, lane
    """  # noqa: S608 (sources of our own)
